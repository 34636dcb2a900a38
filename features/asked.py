"""Which scenarios a call asks for: a rule that it drops, or a part that it has not, is left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path

import pytest
from pytest_bdd.scenario import scenario_wrapper_template_registry

from rules.call import Call, Leg, Over, Phase, Quota, Recommender
from rules.catalogue import CATALOGUE
from states.case import CASE
from states.lifecycle import Lifecycle, State, Transition
from states.route import lifecycle_of
from workflow.calls import read_call


def offered(call: Call) -> tuple[str, ...]:
    """The themes of the first phase for the kind of centre that the features tell of."""
    return call.themes_of(call.phases[0], call.centre_kinds[0])


def elsewhere(call: Call) -> list[str]:
    """Themes of later phases alone."""
    return [
        theme for phase in call.phases for theme in call.themes_in(phase) if theme not in call.themes_in(call.phases[0])
    ]


def for_others(call: Call) -> list[str]:
    """Themes of the first phase for other kinds of centre alone."""
    return [theme for theme in call.themes_in(call.phases[0]) if theme not in offered(call)]


def exempt(call: Call, bound: str, phases: Sequence[Phase]) -> tuple[Quota, Phase, str] | None:
    """A quota with that bound, and a phase in which a theme is offered that does not count towards it."""
    kind = call.centre_kinds[0]
    found = (
        (quota, phase, theme)
        for quota in call.quotas
        if getattr(quota, bound) is not None
        for phase in phases
        for theme in quota.exempt_themes
        if theme in call.themes_of(phase, kind)
    )
    return next(found, None)


PARTS: Mapping[str, Callable[[Call], bool]] = {
    "有服务截止日": lambda call: call.eligible.service_to is not None,
    "有字数上限": lambda call: call.length.maximum is not None,
    "有字数下限": lambda call: call.length.minimum is not None,
    "有选写部分": lambda call: any(not part.required for part in call.sections),
    "有自拟主题": lambda call: any(
        call.themes[theme].needs_name for phase in call.phases for theme in call.themes_of(phase, call.centre_kinds[0])
    ),
    "不经签发公布": lambda call: not call.decision_sign_offs,
    "有省级汇总": lambda call: call.route.recommended_by is not Recommender.SELF,
    "有公示": lambda call: Leg.PUBLIC_NOTICE in call.route.legs,
    "有宣传": lambda call: bool(call.publicity),
    "有评审": lambda call: call.judging is not None,
    "有盲评": lambda call: call.judging is not None and call.judging.blind,
    "推送": lambda call: Leg.PUSH in call.route.legs,
    "有其他阶段的主题": lambda call: bool(elsewhere(call)),
    "有按机构类型的主题": lambda call: bool(for_others(call)),
    "有分部分上限": lambda call: any(part.maximum for part in call.sections),
    "有分部分下限": lambda call: any(part.minimum for part in call.sections),
    "有附件": lambda call: bool(call.attachments),
    "有必交附件": lambda call: any(paper.required for paper in call.attachments),
    "有可不交附件": lambda call: any(not paper.required for paper in call.attachments),
    "附件有大小上限": lambda call: any(paper.largest for paper in call.attachments),
    "最多数有不计数量的主题": lambda call: exempt(call, "maximum", call.phases) is not None,
    "最少数有不计数量的主题": lambda call: exempt(call, "minimum", [call.last_phase]) is not None,
    "有累计的最少数": lambda call: any(one.minimum and one.over is Over.CALL for one in call.quotas),
}
"""Tag → whether a call has what the scenario is about. Rules are tags of their own."""


def asks_for(call: Call, tags: set[str]) -> bool:
    """Whether a call asks for a scenario with these tags."""
    rules = tags & CATALOGUE.keys()
    return rules <= call.rules.keys() and all(PARTS[tag](call) for tag in tags & PARTS.keys())


@cache
def _read(path: Path) -> Call:
    return read_call(path)


def pytest_configure(config: pytest.Config) -> None:
    """Makes every tag a mark."""
    for tag in PARTS:
        config.addinivalue_line("markers", f"{tag}: only under a call that has it")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out the scenarios that the call of their run does not ask for."""
    left_out = [item for item in items if not _asked(item)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]


def _asked(item: pytest.Item) -> bool:
    params = getattr(getattr(item, "callspec", None), "params", {})
    if "call_file" not in params:
        return True
    call = _read(params["call_file"])
    return asks_for(call, {mark.name for mark in item.iter_markers()}) and not _speaks_of_others(item, call)


_OFFICES = ("审核", "负责人", "省级", "批次", "一批", "末批", "报送国家局")
"""Words for those who have no part where centres recommend themselves."""


def _speaks_of_others(item: pytest.Item, call: Call) -> bool:
    """Whether a row of a scenario is about steps, states or people that cases do not meet on the way of this call."""
    scenario = scenario_wrapper_template_registry.get(getattr(item, "obj", None))  # type: ignore[arg-type]
    if scenario is None:
        return False
    row = getattr(getattr(item, "callspec", None), "params", {}).get("_pytest_bdd_example", {})
    return not_of(call, "\n".join(one.name for one in scenario.render(row).steps))


def not_of(call: Call, said: str) -> bool:
    """Whether something is said of a step or a state that the lifecycle of cases under a call has not."""
    lived = lifecycle_of(call.route)
    here = [one.label.zh for one in (*CASE.states, *CASE.transitions) if _is_there(one, lived)]
    away = [one.label.zh for one in (*CASE.states, *CASE.transitions) if not _is_there(one, lived)]
    for label in sorted(here, key=len, reverse=True):
        said = said.replace(f"“{label}”", "")
    words = [f"“{label}”" for label in away]
    if call.route.recommended_by is Recommender.SELF:
        words += _OFFICES
    return any(one in said for one in words)


def _is_there(one: State | Transition, lived: Lifecycle) -> bool:
    return lived.named(one.name) is not None if isinstance(one, Transition) else one in lived.states
