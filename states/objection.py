"""The lifecycle of an objection: from its receipt to a reasoned answer, or to why there is none."""

from rules.objections import evidence_is_attached, objection_in_time, objection_is_sealed, objector_is_known
from rules.roles import Role
from rules.selection import reason_given
from rules.words import Labelled, Text
from states.lifecycle import Lifecycle, Transition


class ObjectionState(Labelled):
    RECEIVED = "received", "已收到", "Received"
    UNDER_INQUIRY = "under_inquiry", "核查中", "Under inquiry"
    UPHELD = "upheld", "异议成立", "Upheld"
    DISMISSED = "dismissed", "异议不成立", "Dismissed"
    NOT_ACCEPTED = "not_accepted", "不予受理", "Not accepted"
    WITHDRAWN = "withdrawn", "已撤回", "Withdrawn"


S = ObjectionState
OPEN = frozenset({S.RECEIVED, S.UNDER_INQUIRY})
"""Not answered yet."""
_DESK, _DIRECTOR = (Role.DESK,), (Role.DIRECTOR,)

OBJECTION = Lifecycle(
    name="objection",
    label=Text("异议", "Objection"),
    states=tuple(ObjectionState),
    initial=S.RECEIVED,
    resting={S.UPHELD, S.DISMISSED, S.NOT_ACCEPTED, S.WITHDRAWN},
    transitions=(
        Transition(
            "accept",
            Text("受理异议", "Accept"),
            sources=(S.RECEIVED,),
            target=S.UNDER_INQUIRY,
            by=_DESK,
            undone_by="set_back",
            guards=(objector_is_known, objection_is_sealed, evidence_is_attached, objection_in_time),
        ),
        Transition(
            "not_accept",
            Text("不予受理", "Do not accept"),
            sources=(S.RECEIVED,),
            target=S.NOT_ACCEPTED,
            by=_DESK,
            undone_by="reconsider",
            guards=(reason_given,),
        ),
        Transition(
            "set_back",
            Text("撤销受理", "Take the acceptance back"),
            sources=(S.UNDER_INQUIRY,),
            target=S.RECEIVED,
            by=_DESK,
            undone_by="accept",
            guards=(reason_given,),
        ),
        Transition(
            "reconsider",
            Text("重新考虑受理", "Reconsider"),
            sources=(S.NOT_ACCEPTED,),
            target=S.RECEIVED,
            by=_DESK,
            undone_by="not_accept",
            guards=(reason_given,),
        ),
        Transition(
            "uphold",
            Text("认定成立", "Uphold"),
            sources=(S.UNDER_INQUIRY,),
            target=S.UPHELD,
            by=_DIRECTOR,
            undone_by="reopen",
            guards=(reason_given,),
        ),
        Transition(
            "dismiss",
            Text("认定不成立", "Dismiss"),
            sources=(S.UNDER_INQUIRY,),
            target=S.DISMISSED,
            by=_DIRECTOR,
            undone_by="reopen",
            guards=(reason_given,),
        ),
        Transition(
            "reopen",
            Text("重新核查", "Inquire again"),
            sources=(S.UPHELD, S.DISMISSED),
            target=S.UNDER_INQUIRY,
            by=_DIRECTOR,
            undone_by="dismiss",
            guards=(reason_given,),
            undoes=Text("已作的答复作废，须重新答复。", "The answer given is void; another one is needed."),
        ),
        Transition(
            "withdraw",
            Text("登记撤回", "Record its withdrawal"),
            sources=(S.RECEIVED, S.UNDER_INQUIRY),
            target=S.WITHDRAWN,
            by=_DESK,
            undone_by="resume",
            guards=(reason_given,),
        ),
        Transition(
            "resume",
            Text("恢复办理", "Resume"),
            sources=(S.WITHDRAWN,),
            target=S.RECEIVED,
            by=_DESK,
            undone_by="withdraw",
            guards=(reason_given,),
        ),
    ),
)
"""The desk looks into it; the director answers. What comes of an upheld one is said with the answer."""
