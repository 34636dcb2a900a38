"""One country for all doors of a run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.doors.country import Country, country
from web import receipts
from workflow.store import calls as stored_calls


@pytest.fixture(scope="session")
def built() -> Iterator[Country]:
    with country() as made:
        yield made


@pytest.fixture
def land(built: Country) -> Iterator[Country]:
    """The country as it was built; whatever a test does is undone behind it."""
    receipts.limiter.reset()
    stored_calls.forget()  # other tests in this process keep other calls under the same ids
    yield built
    built.witness.put_back()
