"""Pages written from the code say what the code says."""

from rules.catalogue import CATALOGUE
from tests.generated import PAGES, stale


def test_every_generated_page_is_fresh() -> None:
    assert stale() == []


def test_every_rule_stands_on_its_page() -> None:
    page = next(write for path, write in PAGES if path.parent.name == "rules")()
    assert [rule for rule in CATALOGUE if page.count(f"| `{rule}` |") != 1] == []
