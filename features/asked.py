"""Which scenarios a call asks for: a rule that it drops, or a part that it has not, is left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import pytest

from rules.call import Call, Leg
from rules.catalogue import CATALOGUE
from workflow.calls import read_call

PARTS: Mapping[str, Callable[[Call], bool]] = {
    "有服务截止日": lambda call: call.eligible.service_to is not None,
    "有字数上限": lambda call: call.length.maximum is not None,
    "有字数下限": lambda call: call.length.minimum is not None,
    "有选写部分": lambda call: any(not part.required for part in call.sections),
    "有自拟主题": lambda call: any(call.themes[theme].needs_name for phase in call.phases for theme in phase.themes),
    "推送": lambda call: Leg.PUSH in call.route.legs,
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
    return asks_for(_read(params["call_file"]), {mark.name for mark in item.iter_markers()})
