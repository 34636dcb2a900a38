"""The lifecycle of a call once it is open: closed to centres, archived, and the ways back.

Before that it is a draft. Whether a draft is proved is told by its text, and with opening it becomes a version.
"""

from rules.roles import Level, Role
from rules.selection import reason_given
from rules.words import Labelled, Text
from states.lifecycle import Lifecycle, Transition


class CallState(Labelled):
    OPEN = "open", "征集中", "Open"
    CLOSED = "closed", "已结束征集", "Closed"
    ARCHIVED = "archived", "已归档", "Archived"


S = CallState

CALL = Lifecycle(
    name="call",
    label=Text("征集通知", "Call"),
    states=tuple(CallState),
    initial=S.OPEN,
    resting={S.OPEN, S.CLOSED, S.ARCHIVED},
    transitions=(
        Transition(
            "close",
            Text("结束征集", "Close the call"),
            sources=(S.OPEN,),
            target=S.CLOSED,
            by=(Role.DIRECTOR,),
            undone_by="reopen",
        ),
        Transition(
            "reopen",
            Text("重新开放征集", "Open it again"),
            sources=(S.CLOSED,),
            target=S.OPEN,
            by=(Role.DIRECTOR,),
            undone_by="close",
            guards=(reason_given,),
            undoes=Text(
                "中心又可以新建、修改和报送案例；各阶段的截止日不变。",
                "Centres can begin, change and report cases again; the last days of phases stay.",
            ),
        ),
        Transition(
            "archive",
            Text("归档", "Archive"),
            sources=(S.CLOSED,),
            target=S.ARCHIVED,
            by=(Role.DIRECTOR,),
            undone_by="unarchive",
        ),
        Transition(
            "unarchive",
            Text("撤销归档", "Take out of the archive"),
            sources=(S.ARCHIVED,),
            target=S.CLOSED,
            by=(Role.DIRECTOR,),
            undone_by="archive",
            guards=(reason_given,),
            undoes=Text(
                "国家局和主管部门又可以办理这份通知的案例；中心仍不能。",
                "The national office and the offices can work on its cases again; centres still cannot.",
            ),
        ),
    ),
)


def bars(state: str, level: Level) -> bool:
    """Whether a call in that state bars steps of that level: once it is closed those of centres, archived all."""
    return state == S.ARCHIVED or (state == S.CLOSED and level is Level.CENTRE)
