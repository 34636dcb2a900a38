"""Every rule's id is a mark: `pytest -m length_within_limit` runs all there is about one rule."""

import pytest

from rules.catalogue import CATALOGUE


def pytest_configure(config: pytest.Config) -> None:
    for rule in CATALOGUE.values():
        config.addinivalue_line("markers", f"{rule.id}: {rule.demand}")
