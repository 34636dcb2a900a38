"""Worklists: downloaded, filled in, uploaded."""

from __future__ import annotations

from pytest_bdd import given, parsers, then, when

from features.steps.bulk import HELD, Many
from features.steps.people import person
from tests.sheets import filled
from tests.worlds import World, went
from workflow import worklists
from workflow.lists import Filters


def _downloaded(world: World, many: Many) -> bytes:
    with world.database.reading() as session:
        return worklists.sheet(session, Filters(sort="oldest"), actor=person(world, many.who), at=world.at).data


@given("受理人下载清单之后，另一位受理人已先让第二份入选")
def _faster(world: World, many: Many) -> None:
    many.contents = _downloaded(world, many)
    went(world.act(many.ids[1], "shortlist", by="second_desk"))


@when(parsers.re("受理人在下载的清单上填“(?P<steps>.*)”并上传办理(?P<twice>两次)?"))
def _upload(world: World, many: Many, steps: str, twice: str | None) -> None:
    numbers = [world.row(case).number for case in many.ids]
    asked = {
        number: {"办理": step, "理由": "名额有限"}
        for number, step in zip(numbers, steps.split("、"), strict=True)
        if step
    }
    many.contents = filled(many.contents or _downloaded(world, many), asked)
    with world.database.reading() as session:
        many.listed = worklists.preview(session, many.contents, actor=person(world, many.who), at=world.at)
    for _ in range(2 if twice else 1):
        with world.database.transaction() as session:
            worklists.take(
                session,
                "办理清单.xlsx",
                many.contents,
                actor=person(world, many.who),
                at=world.at,
                real=many.now,
                hold=HELD,
            )


@then("清单上第二份的提示说明谁已先办理")
def _told(world: World, many: Many) -> None:
    [row] = [one for one in many.listed.rows if one.case.id == many.ids[1]]
    assert "尤理已先办理：入选" in row.words
