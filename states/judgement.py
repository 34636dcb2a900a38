"""The lifecycle of a judgement: one judge and one case, from the invitation to the score that stands."""

from rules.judging import (
    case_is_being_selected,
    case_names_nobody,
    every_criterion_scored,
    every_picture_looked_at,
    judge_has_no_conflict,
    scores_within_scale,
)
from rules.roles import Role
from rules.selection import reason_given
from rules.words import Labelled, Text
from states.lifecycle import Lifecycle, Transition


class JudgementState(Labelled):
    INVITED = "invited", "已邀请", "Invited"
    ACCEPTED = "accepted", "评审中", "Accepted"
    SCORED = "scored", "已评分", "Scored"
    LOCKED = "locked", "已定分", "Locked"
    CONFLICTED = "conflicted", "已回避", "Conflicted"
    DECLINED = "declined", "已谢绝", "Declined"
    RELEASED = "released", "已改派", "Released"


S = JudgementState
_FREE = (judge_has_no_conflict, case_is_being_selected)
_READABLE = (*_FREE, case_names_nobody, every_picture_looked_at)
_COMPLETE = (*_READABLE, scores_within_scale, every_criterion_scored)

JUDGEMENT = Lifecycle(
    name="judgement",
    label=Text("评审", "Judgement"),
    states=tuple(JudgementState),
    initial=S.INVITED,
    resting={S.LOCKED, S.CONFLICTED, S.DECLINED, S.RELEASED},
    transitions=(
        Transition(
            "accept",
            Text("接受评审", "Accept"),
            sources=(S.INVITED,),
            target=S.ACCEPTED,
            by=(Role.JUDGE,),
            undone_by="decline",
            guards=_READABLE,
        ),
        Transition(
            "score",
            Text("提交评分", "Hand the scores in"),
            sources=(S.ACCEPTED,),
            target=S.SCORED,
            by=(Role.JUDGE,),
            undone_by="revise",
            guards=_COMPLETE,
        ),
        Transition(
            "lock",
            Text("定分", "Lock"),
            sources=(S.SCORED,),
            target=S.LOCKED,
            by=(Role.JUDGE, Role.DESK),
            undone_by="reopen",
            guards=_COMPLETE,
        ),
        Transition(
            "revise",
            Text("修改评分", "Change the scores"),
            sources=(S.SCORED,),
            target=S.ACCEPTED,
            by=(Role.JUDGE,),
            undone_by="score",
            guards=(reason_given,),
            undoes=Text("评分退回修改，改好须重新提交。", "The scores can be changed, and are handed in again."),
        ),
        Transition(
            "reopen",
            Text("重新开放评分", "Reopen"),
            sources=(S.LOCKED,),
            target=S.ACCEPTED,
            by=(Role.DESK,),
            undone_by="score",
            guards=(reason_given,),
            undoes=Text(
                "已定的分数退回专家修改，重新提交之前不计入汇总。",
                "The locked scores go back to the judge and do not count until they are handed in again.",
            ),
        ),
        Transition(
            "declare_conflict",
            Text("申请回避", "Declare a conflict"),
            sources=(S.INVITED, S.ACCEPTED, S.SCORED),
            target=S.CONFLICTED,
            by=(Role.JUDGE,),
            undone_by="invite_again",
            guards=(reason_given,),
            undoes=Text(
                "您不再评审这个案例，已打的分数不计。", "You judge this case no more; scores given do not count."
            ),
        ),
        Transition(
            "decline",
            Text("谢绝评审", "Decline"),
            sources=(S.INVITED, S.ACCEPTED),
            target=S.DECLINED,
            by=(Role.JUDGE,),
            undone_by="invite_again",
            guards=(reason_given,),
            undoes=Text(
                "您不再评审这个案例，由受理人改派。", "You judge this case no more; the desk finds another judge."
            ),
        ),
        Transition(
            "release",
            Text("改派他人", "Release"),
            sources=(S.INVITED, S.ACCEPTED, S.SCORED),
            target=S.RELEASED,
            by=(Role.DESK,),
            undone_by="invite_again",
            guards=(reason_given,),
            undoes=Text(
                "专家不再看得到这个案例，已打的分数不计。",
                "The judge sees the case no more; scores given do not count.",
            ),
        ),
        Transition(
            "invite_again",
            Text("再次邀请", "Invite again"),
            sources=(S.CONFLICTED, S.DECLINED, S.RELEASED),
            target=S.INVITED,
            by=(Role.DESK,),
            undone_by="release",
            guards=(reason_given, *_FREE),
        ),
    ),
)

COUNTS = frozenset({S.SCORED, S.LOCKED})
"""States in which the scores of a judgement count."""
AT_WORK = frozenset({S.INVITED, S.ACCEPTED, S.SCORED, S.LOCKED})
"""States in which a judge holds the case: it can be read, and counts towards the judge's load."""
