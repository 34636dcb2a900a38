"""Phases, their windows and their themes."""

from datetime import datetime, timedelta

from rules.call import BEIJING
from rules.facts import BatchFacts, CaseFacts
from rules.roles import Role
from rules.rule import Breach, rule
from rules.words import Text

_OFFICE_DAY = Text(
    "主管部门为中心规定的{phase}截止日 {deadline} 已过，现在是 {now}。请联系主管部门负责人调整中心截止日。",
    "The office's own day for its centres in {phase}, {deadline}, has passed; it is now {now}. Its leader can move it.",
)
_NO_PHASE = Text("还没有选择报送阶段。", "No phase has been chosen yet.")


@rule(
    zh="“{theme}”不是{phase}征集的主题。{phase}可选：{allowed}。",
    en="“{theme}” is not a theme of {phase}. Choose one of: {allowed}.",
    lifted_by=Role.AUTHOR,
)
def theme_belongs_to_phase(case: CaseFacts) -> Breach | None:
    """案例主题是所报阶段向这类机构征集的主题；选“其他”时写出主题名称。"""
    if case.phase is None:
        return Breach(say=_NO_PHASE, mend="phase")
    theme = case.call.themes.get(case.theme)
    if theme is None:
        listed = _offered(case)
        say = Text("还没有选择主题。{phase}可选：{allowed}。", "No theme chosen yet. {phase} offers: {allowed}.")
        return Breach(say=say, phase=case.phase.label, allowed=listed, mend="theme")
    if theme.id not in case.call.themes_of(case.phase, case.centre.kind):
        return Breach(theme=theme.label, phase=case.phase.label, allowed=_offered(case), mend="theme")
    if theme.needs_name and not case.theme_name.strip():
        say = Text("选择了“{theme}”，请写出主题名称。", "You chose “{theme}”; write the theme's name out.")
        return Breach(say=say, theme=theme.label, mend="theme_name")
    return None


def _offered(case: CaseFacts) -> Text:
    offered = case.call.themes_of(case.phase, case.centre.kind) if case.phase else ()
    allowed = [case.call.themes[theme].label for theme in offered]
    return Text("；".join(one.zh for one in allowed), "; ".join(one.en for one in allowed))


@rule(
    zh="{phase}已于 {deadline} 截止，现在是 {now}。如有特殊情况，请由国家局主管批准延期。",
    en="{phase} closed at {deadline}; it is now {now}. The national office's director can grant an extension.",
    lifted_by=Role.DIRECTOR,
)
def before_phase_deadline(facts: CaseFacts | BatchFacts) -> Breach | None:
    """在阶段截止日当天 24 时（北京时间）之前办理。"""
    if facts.phase is None or facts.window is None:
        return Breach(say=_NO_PHASE, mend="phase", lifted_by=(Role.AUTHOR,))
    if facts.at < facts.window.closes:
        return None
    if facts.window.by_office:
        deadline, now = _end_of(facts.window.closes), _moment(facts.at)
        return Breach(say=_OFFICE_DAY, phase=facts.phase.label, deadline=deadline, now=now, lifted_by=(Role.LEADER,))
    return Breach(phase=facts.phase.label, deadline=_end_of(facts.window.closes), now=_moment(facts.at))


@rule(
    zh="{phase}请在 {asked} 之前报送，现在是 {now}。可以继续办理，请说明晚报的原因；最迟 {deadline}。",
    en="{phase} asks for reports by {asked}; it is now {now}. You may go on, saying why it is late; at the latest by {deadline}.",
    lifted_by=(Role.SEALER, Role.LEADER),
)
def reported_by_the_day_asked_for(facts: CaseFacts | BatchFacts) -> Breach | None:
    """在通知希望的日期之前报送；晚了的，在截止之前说明原因仍可办理。"""
    window = facts.window
    if facts.phase is None or window is None or window.asked is None:
        return None
    if facts.at < window.asked or facts.at >= window.closes:
        return None
    return Breach(
        phase=facts.phase.label, asked=_end_of(window.asked), now=_moment(facts.at), deadline=_end_of(window.closes)
    )


@rule(
    zh="{phase}从 {opens} 起受理，现在是 {now}。到时再办即可，已填内容会保留。",
    en="{phase} opens at {opens}; it is now {now}. Come back then; what you have written is kept.",
    lifted_by=Role.DIRECTOR,
)
def phase_has_opened(facts: CaseFacts | BatchFacts) -> Breach | None:
    """阶段开始受理之后才办理。"""
    if facts.phase is None or facts.window is None:
        return None
    if facts.at >= facts.window.opens:
        return None
    return Breach(
        phase=facts.phase.label,
        opens=_moment(facts.window.opens),
        now=_moment(facts.at),
        holds_from=facts.window.opens,
    )


def _moment(at: datetime) -> Text:
    local = at.astimezone(BEIJING)
    zh = f"{local.year}年{local.month}月{local.day}日 {local:%H:%M}"
    return Text(zh, f"{local:%Y-%m-%d %H:%M} Beijing time")


def _end_of(closes: datetime) -> Text:
    """Midnight as people say it: 24:00 of the last day."""
    last = (closes - timedelta(microseconds=1)).astimezone(BEIJING)
    return Text(f"{last.year}年{last.month}月{last.day}日 24:00", f"{last:%Y-%m-%d} 24:00 Beijing time")


@rule(
    zh="{phase}已截止。退回后要能重新报送，请填写新的截止日（晚于今天）。",
    en="{phase} is over. For it to be sent again after the return, give a new last day, later than today.",
    lifted_by=Role.DESK,
    asked="new_day",
)
def new_day_given(facts: CaseFacts | BatchFacts) -> Breach | None:
    """阶段截止之后退回的，退回时给出重新报送的截止日。"""
    if facts.phase is None or facts.window is None or facts.at < facts.window.closes:
        return None
    today = facts.at.astimezone(BEIJING).date()
    if facts.new_day is not None and facts.new_day > today:
        return None
    return Breach(phase=facts.phase.label, mend="new_day")
