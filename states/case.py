"""The whole lifecycle of a case, from draft to WIPO, with every way back: each step that some call asks for.

What the cases of one call can do is derived from it by the call's route (`states.route`).
"""

from rules.papers import (
    attachments_complete,
    form_complete,
    pictures_within_limits,
    seal_names_the_unit,
    seal_unbroken,
    unit_seal_present,
)
from rules.phase import (
    before_phase_deadline,
    new_day_given,
    phase_has_opened,
    reported_by_the_day_asked_for,
    theme_belongs_to_phase,
)
from rules.prior import not_reported_before
from rules.quotas import quotas_not_exceeded
from rules.roles import Role
from rules.scope import centre_is_eligible, no_excluded_honour, service_within_period
from rules.selection import (
    another_person_acts,
    consent_abroad_given,
    consent_given,
    contents_confirmed,
    decision_signed_off,
    effect_confirmed,
    effect_outstanding,
    english_checked,
    english_is_current,
    no_open_objection,
    picture_rights_cleared,
    public_notice_has_ended,
    reason_given,
    recall_confirmed,
    sign_offs_complete,
)
from rules.text import length_within_limit, recipient_named, sections_within_limits, template_complete
from rules.words import Labelled, Text
from states.lifecycle import Lifecycle, Transition


class CaseState(Labelled):
    DRAFT = "draft", "草稿", "Draft"
    CENTRE_STAMPED = "centre_stamped", "中心已盖章", "Stamped by the centre"
    PROVINCE_REVIEWED = "province_reviewed", "省级已审核", "Reviewed by the province"
    SUBMITTED = "submitted", "已报送", "Submitted"
    SHORTLISTED = "shortlisted", "已入选", "Shortlisted"
    PUBLISHED = "published", "已发布", "Published"
    WIPO_PUSHED = "wipo_pushed", "已推送 WIPO", "Pushed to WIPO"
    RETURNED = "returned", "已退回中心", "Returned to the centre"
    WITHDRAWN = "withdrawn", "已撤回", "Withdrawn"
    NOT_RECOMMENDED = "not_recommended", "未推荐", "Not recommended"
    NOT_SELECTED = "not_selected", "未入选", "Not selected"
    RETRACTED = "retracted", "已撤下", "Retracted"


S = CaseState

EDITABLE = frozenset({S.DRAFT, S.RETURNED})
"""States in which its author may change the content."""

COUNTED = frozenset({S.SUBMITTED, S.SHORTLISTED, S.PUBLISHED, S.WIPO_PUSHED, S.NOT_SELECTED, S.RETRACTED})
"""States that count towards quotas: submitted, and not since returned or withdrawn (docs/decisions.md 9)."""

CONTENT = (
    service_within_period,
    centre_is_eligible,
    recipient_named,
    no_excluded_honour,
    template_complete,
    length_within_limit,
    sections_within_limits,
    pictures_within_limits,
    theme_belongs_to_phase,
    form_complete,
    attachments_complete,
)
"""What the content must be, whoever looks at it."""

SEALED = (unit_seal_present, seal_names_the_unit, seal_unbroken)

CASE = Lifecycle(
    name="case",
    label=Text("案例", "Case"),
    states=tuple(CaseState),
    initial=S.DRAFT,
    resting={S.WIPO_PUSHED, S.PUBLISHED, S.RETRACTED, S.NOT_SELECTED, S.NOT_RECOMMENDED, S.WITHDRAWN},
    transitions=(
        Transition(
            "stamp",
            Text("盖章报送省级", "Stamp and send to the province"),
            sources=(S.DRAFT, S.RETURNED),
            target=S.CENTRE_STAMPED,
            by=(Role.SEALER,),
            undone_by="unstamp",
            guards=(
                *CONTENT,
                *SEALED,
                phase_has_opened,
                before_phase_deadline,
                reported_by_the_day_asked_for,
                not_reported_before,
                another_person_acts,
            ),
        ),
        Transition(
            "review",
            Text("审核通过", "Pass the review"),
            sources=(S.CENTRE_STAMPED,),
            target=S.PROVINCE_REVIEWED,
            by=(Role.REVIEWER,),
            undone_by="reopen",
            guards=(*CONTENT, *SEALED, not_reported_before, contents_confirmed, another_person_acts),
        ),
        Transition(
            "return_to_centre",
            Text("退回中心修改", "Return to the centre"),
            sources=(S.CENTRE_STAMPED, S.PROVINCE_REVIEWED),
            target=S.RETURNED,
            by=(Role.REVIEWER,),
            undone_by="stamp",
            guards=(reason_given, another_person_acts),
            undoes=Text(
                "中心可以修改内容；改动后原盖章失效，须重新盖章。案例会移出尚未报送的批次。",
                "The centre may change the content; any change voids its seal. The case leaves an unsent batch.",
            ),
        ),
        Transition(
            "decline",
            Text("不予推荐", "Do not recommend"),
            sources=(S.CENTRE_STAMPED, S.PROVINCE_REVIEWED),
            target=S.NOT_RECOMMENDED,
            by=(Role.REVIEWER,),
            undone_by="reconsider",
            guards=(reason_given, another_person_acts),
            undoes=Text(
                "案例不再计入报送数量，并移出尚未报送的批次。",
                "The case no longer counts and leaves an unsent batch.",
            ),
        ),
        Transition(
            "reopen",
            Text("撤销审核", "Take the review back"),
            sources=(S.PROVINCE_REVIEWED,),
            target=S.CENTRE_STAMPED,
            by=(Role.REVIEWER,),
            undone_by="review",
            guards=(reason_given, another_person_acts),
            undoes=Text(
                "审核结论作废；案例移出尚未报送的批次，已盖章的汇总表随之失效。",
                "The review is void; the case leaves an unsent batch, and a sealed summary table with it is void.",
            ),
        ),
        Transition(
            "reconsider",
            Text("重新考虑", "Reconsider"),
            sources=(S.NOT_RECOMMENDED,),
            target=S.CENTRE_STAMPED,
            by=(Role.REVIEWER,),
            undone_by="decline",
            guards=(reason_given, another_person_acts),
        ),
        Transition(
            "submit",
            Text("报送国家局", "Submit to the national office"),
            sources=(S.PROVINCE_REVIEWED,),
            target=S.SUBMITTED,
            by=(Role.LEADER,),
            undone_by="return_to_office",
            guards=(*CONTENT, *SEALED, phase_has_opened, before_phase_deadline, not_reported_before),
            through="batch.send",
        ),
        Transition(
            "apply",
            Text("自荐报送国家局", "Send to the national office oneself"),
            sources=(S.CENTRE_STAMPED,),
            target=S.SUBMITTED,
            by=(Role.SEALER,),
            undone_by="turn_back",
            guards=(
                *CONTENT,
                *SEALED,
                phase_has_opened,
                before_phase_deadline,
                reported_by_the_day_asked_for,
                not_reported_before,
                quotas_not_exceeded,
            ),
        ),
        Transition(
            "turn_back",
            Text("退回自荐中心", "Turn back to the centre"),
            sources=(S.SUBMITTED,),
            target=S.RETURNED,
            by=(Role.DESK,),
            undone_by="stamp",
            guards=(reason_given, new_day_given, another_person_acts),
            undoes=Text(
                "案例不再计入报送数量；中心可以修改，改动后原盖章失效，须重新盖章报送。",
                "The case no longer counts; the centre may change it, which voids its seal, and send it again.",
            ),
        ),
        Transition(
            "unstamp",
            Text("撤销盖章", "Take the stamp back"),
            sources=(S.CENTRE_STAMPED,),
            target=S.DRAFT,
            by=(Role.SEALER,),
            undone_by="stamp",
            guards=(reason_given,),
            undoes=Text(
                "案例回到草稿，上一级不再办理；改动内容后须重新盖章。",
                "The case is a draft again and leaves the desk of whoever had it; a change of content needs a new seal.",
            ),
        ),
        Transition(
            "withdraw",
            Text("撤回案例", "Withdraw"),
            sources=(S.DRAFT, S.RETURNED, S.CENTRE_STAMPED, S.PROVINCE_REVIEWED),
            target=S.WITHDRAWN,
            by=(Role.AUTHOR, Role.SEALER),
            undone_by="resume",
            guards=(reason_given,),
            undoes=Text(
                "案例停止办理，不计入报送数量，并移出尚未报送的批次；以后可以恢复为草稿。",
                "Work on the case stops; it counts no more and leaves an unsent batch. It can be resumed as a draft.",
            ),
        ),
        Transition(
            "resume",
            Text("恢复为草稿", "Resume"),
            sources=(S.WITHDRAWN,),
            target=S.DRAFT,
            by=(Role.AUTHOR, Role.SEALER),
            undone_by="withdraw",
        ),
        Transition(
            "shortlist",
            Text("入选", "Shortlist"),
            sources=(S.SUBMITTED,),
            target=S.SHORTLISTED,
            by=(Role.DESK,),
            undone_by="unshortlist",
            guards=(not_reported_before, contents_confirmed, decision_signed_off, another_person_acts),
        ),
        Transition(
            "pass_over",
            Text("不入选", "Pass over"),
            sources=(S.SUBMITTED,),
            target=S.NOT_SELECTED,
            by=(Role.DESK,),
            undone_by="take_up",
            guards=(reason_given, decision_signed_off, another_person_acts),
        ),
        Transition(
            "return_to_office",
            Text("退回省级", "Return to the office"),
            sources=(S.SUBMITTED,),
            target=S.PROVINCE_REVIEWED,
            by=(Role.DESK,),
            undone_by="submit",
            guards=(reason_given, new_day_given, another_person_acts),
            undoes=Text(
                "案例不再计入推荐单位本阶段的报送数量；推荐单位可另行组批重新报送。",
                "The case no longer counts for the office's phase; the office can send it again in another batch.",
            ),
        ),
        Transition(
            "unshortlist",
            Text("撤销入选", "Take off the shortlist"),
            sources=(S.SHORTLISTED,),
            target=S.SUBMITTED,
            by=(Role.DESK,),
            undone_by="shortlist",
            guards=(reason_given, another_person_acts),
            undoes=Text("已有的签发作废。", "Sign-offs already given are void."),
        ),
        Transition(
            "take_up",
            Text("重新遴选", "Take up again"),
            sources=(S.NOT_SELECTED,),
            target=S.SUBMITTED,
            by=(Role.DESK,),
            undone_by="pass_over",
            guards=(reason_given, another_person_acts),
        ),
        Transition(
            "publish",
            Text("公开发布", "Publish"),
            sources=(S.SHORTLISTED,),
            target=S.PUBLISHED,
            by=(Role.EDITOR,),
            undone_by="retract",
            guards=(
                public_notice_has_ended,
                no_open_objection,
                consent_given,
                sign_offs_complete,
                seal_unbroken,
                another_person_acts,
            ),
        ),
        Transition(
            "retract",
            Text("撤下发布", "Retract"),
            sources=(S.PUBLISHED,),
            target=S.RETRACTED,
            by=(Role.EDITOR,),
            undone_by="republish",
            guards=(reason_given, another_person_acts),
            undoes=Text(
                "公开页面不再显示正文，只留撤下说明。",
                "The public page shows the text no more, only a notice that it was retracted.",
            ),
        ),
        Transition(
            "republish",
            Text("重新发布", "Publish again"),
            sources=(S.RETRACTED,),
            target=S.PUBLISHED,
            by=(Role.EDITOR,),
            undone_by="retract",
            guards=(
                public_notice_has_ended,
                no_open_objection,
                consent_given,
                sign_offs_complete,
                seal_unbroken,
                another_person_acts,
            ),
        ),
        Transition(
            "push",
            Text("推送 WIPO", "Push to WIPO"),
            sources=(S.PUBLISHED,),
            target=S.WIPO_PUSHED,
            by=(Role.LIAISON,),
            undone_by="recall_push",
            guards=(
                effect_outstanding,
                effect_confirmed,
                consent_given,
                consent_abroad_given,
                picture_rights_cleared,
                english_is_current,
                english_checked,
                another_person_acts,
            ),
            through="push.acknowledge",
        ),
        Transition(
            "recall_push",
            Text("撤回推送", "Recall the push"),
            sources=(S.WIPO_PUSHED,),
            target=S.PUBLISHED,
            by=(Role.LIAISON,),
            undone_by="push",
            guards=(reason_given, recall_confirmed),
            through="push.recall",
            undoes=Text(
                "系统会请接收方撤回，确认后案例回到“已发布”。",
                "The receiver is asked to withdraw it; once confirmed, the case is “published” again.",
            ),
        ),
    ),
)
