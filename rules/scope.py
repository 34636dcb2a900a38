"""Whom and what a call is for: eligible time and eligible centres."""

from datetime import date

from rules.facts import CaseFacts
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
    eligible = case.call.eligible
    ended_before = case.service_to < eligible.service_from
    began_after = eligible.service_to is not None and case.service_from > eligible.service_to
    if not (ended_before or began_after):
        return None
    return Breach(
        service=_span(case.service_from, case.service_to),
        period=_span(eligible.service_from, eligible.service_to),
        mend="service_to",
    )


def _span(first: date, last: date | None) -> Text:
    begin = f"{first:%Y-%m}"
    return (
        Text(f"{begin} 至今", f"{begin} until now")
        if last is None
        else Text(f"{begin} 至 {last:%Y-%m}", f"{begin} to {last:%Y-%m}")
    )


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
