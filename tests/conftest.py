"""What every test can use: a mark for each rule, and the kind of database that this run is about."""

from __future__ import annotations

import os
from contextlib import suppress

import pytest

from rules.catalogue import CATALOGUE

pytest_plugins = ["tests.postgres", "tests.buckets", "tests.worlds", "features.asked"]

KINDS = ("sqlite", "postgresql")

with suppress(ImportError):  # `zhengji call prove` runs the features where no test library is
    from hypothesis import settings

    # The same examples every time, and no test that fails because a machine is slow.
    settings.register_profile("zhengji", derandomize=True, deadline=None)
    settings.load_profile("zhengji")


def pytest_configure(config: pytest.Config) -> None:
    """Makes every rule a mark, so that `pytest -m length_within_limit` runs all there is about that rule."""
    for rule in CATALOGUE.values():
        config.addinivalue_line("markers", f"{rule.id}: {rule.demand}")
    if _kind() not in KINDS:
        raise pytest.UsageError(f"ZHENGJI_TEST_DATABASE={_kind()}: must be one of {', '.join(KINDS)}.")


def pytest_report_header() -> str:
    """Says which database a run was about."""
    return f"database: {_kind()}"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what asks for a database, so that `-m database` finds it. Scenarios ask late and mark themselves."""
    for item in items:
        if "database_kind" in getattr(item, "fixturenames", ()) and item.get_closest_marker("once") is None:
            item.add_marker(pytest.mark.database)


@pytest.fixture(scope="session")
def database_kind() -> str:
    """`sqlite` or `postgresql`, as ZHENGJI_TEST_DATABASE says."""
    return _kind()


def _kind() -> str:
    return os.environ.get("ZHENGJI_TEST_DATABASE") or "sqlite"
