"""The lifecycle of a push: one case on its way to one destination."""

from rules.roles import Role
from rules.selection import reason_given, recall_confirmed
from rules.words import Labelled, Text
from states.lifecycle import Lifecycle, Transition


class PushState(Labelled):
    QUEUED = "queued", "待发送", "Queued"
    SENT = "sent", "已发送，待确认", "Sent, awaiting acknowledgement"
    ACKNOWLEDGED = "acknowledged", "对方已确认", "Acknowledged"
    FAILED = "failed", "发送失败", "Failed"
    RECALLED = "recalled", "已撤回", "Recalled"


S = PushState

PUSH = Lifecycle(
    name="push",
    label=Text("推送", "Push"),
    states=tuple(PushState),
    initial=S.QUEUED,
    resting={S.ACKNOWLEDGED, S.RECALLED},
    transitions=(
        Transition(
            "send",
            Text("发送", "Send"),
            sources=(S.QUEUED,),
            target=S.SENT,
            by=(Role.SYSTEM,),
            undone_by="recall",
        ),
        Transition(
            "acknowledge",
            Text("确认送达", "Acknowledge"),
            sources=(S.SENT,),
            target=S.ACKNOWLEDGED,
            by=(Role.SYSTEM, Role.LIAISON),
            undone_by="recall",
        ),
        Transition(
            "fail",
            Text("发送失败", "Fail"),
            sources=(S.QUEUED, S.SENT),
            target=S.FAILED,
            by=(Role.SYSTEM,),
            undone_by="retry",
            guards=(reason_given,),
        ),
        Transition(
            "retry",
            Text("重新发送", "Send again"),
            sources=(S.FAILED, S.RECALLED),
            target=S.QUEUED,
            by=(Role.LIAISON,),
            undone_by="recall",
        ),
        Transition(
            "resend",
            Text("用同一标识再送一次", "Send again under the same key"),
            sources=(S.SENT,),
            target=S.QUEUED,
            by=(Role.LIAISON,),
            undone_by="recall",
        ),
        Transition(
            "recall",
            Text("撤回", "Recall"),
            sources=(S.QUEUED, S.SENT, S.ACKNOWLEDGED, S.FAILED),
            target=S.RECALLED,
            by=(Role.LIAISON,),
            undone_by="retry",
            guards=(reason_given, recall_confirmed),
            undoes=Text(
                "请接收方撤回；确认后案例回到“已发布”。",
                "The receiver is asked to withdraw it; once confirmed, the case is “published” again.",
            ),
        ),
    ),
)
