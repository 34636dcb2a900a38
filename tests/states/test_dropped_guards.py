"""No guard can be dropped from a step unnoticed: a promise is broken, or a scenario fails."""

from __future__ import annotations

import pytest

from tests.dropping import Drop, every_drop, promise_broken, scenarios_broken

pytestmark = pytest.mark.once


def test_each_guard_dropped_from_each_step_is_noticed_by_a_promise_or_a_scenario() -> None:
    noticed: dict[Drop, str] = {drop: promise_broken(drop) for drop in every_drop()}
    noticed.update(scenarios_broken([drop for drop, name in noticed.items() if not name]))
    assert [drop for drop, name in noticed.items() if not name] == []
