"""Arrivals in a browser: a mail uploaded, looked at and made into drafts, in both languages and on a phone."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from tests.browser.conftest import NARROW, WIDE, Visit, grave, overflow
from tests.worlds import World
from workflow.incoming import arrivals, taking
from workflow.jobs.kinds import KINDS, JobState
from workflow.jobs.running import Runner
from workflow.store.files import Files
from workflow.store.models import Job

SAMPLES = Path(__file__).parents[1] / "samples"
MAIL = SAMPLES / "邮件01_优秀案例征集-示例省知识产权局.eml"


def work(world: World) -> None:
    """What a worker does with everything that waits."""
    files = Files((world.folder / "documents").as_uri())
    todo = {
        "read_arrival": lambda number: arrivals.read(world.database, files, number, at=world.at),
        "take_arrival": lambda number, person: taking.take(world.database, files, number, person, at=world.at),
    }
    runner = Runner(world.database, "worker")
    with world.database.reading() as session:
        waiting = [
            (one.name, one.key, one.arguments)
            for one in session.scalars(select(Job).where(Job.state == JobState.QUEUED, Job.name.in_(todo)))
        ]
    for name, key, given in waiting:
        runner.run(KINDS[name], key, given, lambda _, name=name, given=given: todo[name](*given))


@pytest.mark.parametrize(("language", "width"), [("zh", WIDE), ("zh", NARROW), ("en", NARROW)])
def test_a_mail_goes_from_the_mailbox_to_its_centre(world: World, visit: Visit, language: str, width: int) -> None:
    page = visit("reviewer", language=language, width=width)
    page.goto("/arrivals")
    assert (grave(page), overflow(page)) == ([], 0)
    page.set_input_files("#papers", [MAIL])
    page.locator("form[enctype] button").click()
    page.wait_for_url("**/arrivals/1")
    assert page.locator("#progress progress, #progress .working").count()

    work(world)
    page.wait_for_selector("#cases")  # it looks again by itself

    assert page.locator("h3").count() == 3
    assert (grave(page), overflow(page)) == ([], 0)
    page.locator("form[action$='/take'] button").click()
    work(world)
    said = {"zh": "已转给中心，由中心核对、盖章后报送", "en": "It went to the centre"}[language]
    page.get_by_text(said).wait_for()
    page.goto("/arrivals/1/answer")
    assert (grave(page), overflow(page)) == ([], 0)
    page.goto("/arrivals")
    assert (grave(page), overflow(page)) == ([], 0)
