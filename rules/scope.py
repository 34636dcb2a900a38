"""Whom and what a call is for: eligible time and eligible centres."""

from datetime import date

from rules.call import Call
from rules.facts import CaseFacts
from rules.names import squeezed
from rules.roles import Role
from rules.rule import Breach, rule
from rules.words import Text


@rule(
    zh="服务时间 {service} 不在征集时间范围（{period}）内。如填写有误，请改正服务起止时间。",
    en="The service ({service}) lies outside the eligible period ({period}). If the dates are wrong, correct them.",
    lifted_by=Role.AUTHOR,
)
def service_within_period(case: CaseFacts) -> Breach | None:
    """服务发生在征集时间范围内；与其有重叠即可。"""
    if case.service_from is None or case.service_to is None:
        return Breach(
            say=Text("还没有填写服务起止时间。", "The dates of the service are not filled in."), mend="service_from"
        )
    if case.service_to < case.service_from:
        return Breach(
            say=Text("服务结束时间早于开始时间，请改正。", "The service ends before it begins; correct the dates."),
            mend="service_to",
        )
    begins, ends = case.call.service_from, case.call.eligible.service_to
    ended_before = case.service_to < begins
    began_after = ends is not None and case.service_from > ends
    if not (ended_before or began_after):
        return None
    return Breach(
        service=_span(case.service_from, case.service_to), period=eligible_words(case.call), mend="service_to"
    )


def eligible_words(call: Call) -> Text:
    """The eligible time in days, and in the words of the call where it names it otherwise (近三年，某某以来)."""
    span = _span(call.service_from, call.eligible.service_to)
    if call.eligible.since:
        since = call.eligible.since.label
        return Text(f"{span.zh}，{since.zh}以来", f"{span.en}, since {since.en}")
    if call.eligible.last_years:
        years = call.eligible.last_years
        return Text(f"{span.zh}，近 {years} 年", f"{span.en}, the last {years} years")
    return span


def _span(first: date, last: date | None) -> Text:
    begin = f"{first:%Y-%m}"
    return (
        Text(f"{begin} 至今", f"{begin} until now")
        if last is None
        else Text(f"{begin} 至 {last:%Y-%m}", f"{begin} to {last:%Y-%m}")
    )


@rule(
    zh="报送表“{field}”一栏写有“{honours}”。获得过该项荣誉的案例不再推荐；如填写有误，请改正。",
    en="The report form names under “{field}”: {honours}. A case with that honour is not taken again; correct a mistake.",
    lifted_by=Role.AUTHOR,
)
def no_excluded_honour(case: CaseFacts) -> Breach | None:
    """案例没有获得过通知排除的荣誉。"""
    eligible = case.call.eligible
    written = squeezed(case.form.get(eligible.honours_field, ""))
    found = [one for one in eligible.excluded_honours if squeezed(one.zh) in written]
    if not found:
        return None
    listed = Text("”“".join(one.zh for one in found), ", ".join(one.en for one in found))
    field = next(one.label for one in case.call.report_form if one.name == eligible.honours_field)
    return Breach(field=field, honours=listed, mend=f"form:{eligible.honours_field}")


@rule(
    zh="“{centre}”不属于本次征集的对象（{kinds}）。如登记有误，请联系管理员更正中心类型。",
    en="“{centre}” is not among those this call addresses ({kinds}). If its entry is wrong, ask the administrator.",
    lifted_by=Role.ADMINISTRATOR,
)
def centre_is_eligible(case: CaseFacts) -> Breach | None:
    """报送单位是通知面向的机构；筹建中的也算。"""
    if case.centre.eligible and case.centre.kind in case.call.centre_kinds:
        return None
    return Breach(centre=case.centre.name, kinds=_listed(case.call.centre_kinds), mend="centre")


CENTRE_KINDS = {
    "tisc": Text("技术与创新支持中心（TISC）", "TISC"),
    "university": Text("高校国家知识产权信息服务中心", "University IP information centre"),
    "both": Text("TISC 兼高校国家知识产权信息服务中心", "TISC and university IP information centre"),
    "other": Text("其他机构", "Other institution"),
}
"""What kinds of centre are known; a call names those it addresses."""


def _listed(kinds: tuple[str, ...]) -> Text:
    labels = [CENTRE_KINDS[kind] for kind in kinds if kind in CENTRE_KINDS]
    return Text("、".join(one.zh for one in labels), ", ".join(one.en for one in labels))
