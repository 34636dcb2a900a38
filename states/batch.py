"""The lifecycle of a batch: what one office sends in one phase."""

from rules.batch import (
    centre_reports_enough,
    every_case_document_attached,
    every_form_attached,
    province_recommends_enough,
    subject_names_call_and_office,
    summary_sealed,
)
from rules.phase import before_phase_deadline, new_day_given, phase_has_opened, reported_by_the_day_asked_for
from rules.quotas import quotas_not_exceeded, quotas_reached
from rules.roles import Role
from rules.selection import another_person_acts, reason_given
from rules.words import Labelled, Text
from states.lifecycle import Lifecycle, Transition


class BatchState(Labelled):
    COLLECTING = "collecting", "组批中", "Collecting"
    SEALED = "sealed", "已盖章", "Sealed"
    SENT = "sent", "已报送", "Sent"
    RECEIVED = "received", "已接收", "Received"


S = BatchState
_COMPLETE = (every_case_document_attached, every_form_attached, summary_sealed)

BATCH = Lifecycle(
    name="batch",
    label=Text("汇总报送", "Batch"),
    states=tuple(BatchState),
    initial=S.COLLECTING,
    resting={S.RECEIVED},
    transitions=(
        Transition(
            "seal",
            Text("确认盖章", "Confirm the seal"),
            sources=(S.COLLECTING,),
            target=S.SEALED,
            by=(Role.LEADER,),
            undone_by="reopen",
            guards=(*_COMPLETE, another_person_acts),
        ),
        Transition(
            "reopen",
            Text("重新组批", "Reopen"),
            sources=(S.SEALED,),
            target=S.COLLECTING,
            by=(Role.REVIEWER,),
            undone_by="seal",
            guards=(reason_given,),
            undoes=Text(
                "可以增减案例；名单一变，已盖章的汇总表即失效。",
                "Cases can be added and dropped; a change of the list voids the sealed summary table.",
            ),
        ),
        Transition(
            "send",
            Text("报送国家局", "Send to the national office"),
            sources=(S.SEALED,),
            target=S.SENT,
            by=(Role.LEADER,),
            undone_by="return_batch",
            guards=(
                *_COMPLETE,
                province_recommends_enough,
                centre_reports_enough,
                quotas_reached,
                quotas_not_exceeded,
                subject_names_call_and_office,
                phase_has_opened,
                before_phase_deadline,
                reported_by_the_day_asked_for,
                another_person_acts,
            ),
        ),
        Transition(
            "receive",
            Text("接收", "Receive"),
            sources=(S.SENT,),
            target=S.RECEIVED,
            by=(Role.DESK,),
            undone_by="unreceive",
            guards=(another_person_acts,),
        ),
        Transition(
            "unreceive",
            Text("撤销接收", "Take the receipt back"),
            sources=(S.RECEIVED,),
            target=S.SENT,
            by=(Role.DESK,),
            undone_by="receive",
            guards=(reason_given, another_person_acts),
        ),
        Transition(
            "return_batch",
            Text("整批退回", "Return the batch"),
            sources=(S.SENT, S.RECEIVED),
            target=S.COLLECTING,
            by=(Role.DESK,),
            undone_by="seal",
            guards=(reason_given, new_day_given, another_person_acts),
            undoes=Text(
                "批内仍为“已报送”的案例一并退回，不再计入报送数量。",
                "Cases of the batch that are still “submitted” go back to the office and no longer count.",
            ),
        ),
    ),
)
