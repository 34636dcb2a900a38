"""把案例转到新版本, on screen and by command."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from click.testing import CliRunner, Result

from states.case import CaseState
from tests.web.conftest import As, hidden, post, send
from tests.worlds import World
from web.cli import main
from workflow.store.calls import call_of

pytestmark = pytest.mark.database

WHERE = "/calls/2021-205/move"
WEEK = timedelta(days=7)


def version(world: World, case: int) -> int:
    with world.database.reading() as session:
        return call_of(session, world.row(case).call_version_id).version


def test_the_director_sees_what_would_change_and_moves_all(world: World, sign_in: As) -> None:
    stamped, submitted = world.case(CaseState.CENTRE_STAMPED), world.case(CaseState.SUBMITTED)
    world.extend_by_amendment(WEEK)
    director = sign_in("director")
    assert WHERE in director.get("/calls/2021-205").get_data(as_text=True)
    shown = director.get(WHERE).get_data(as_text=True)
    assert ("没有变化（1 件）" in shown, "截止日：2021-03-26 → 2021-04-02" in shown, "示例省知识产权局" in shown) == (
        True,
        True,
        True,
    )
    assert world.row(stamped).title not in shown  # not yet submitted: by number alone
    assert post(director, WHERE, shown, which="all").status_code == 302
    assert [version(world, one) for one in (stamped, submitted)] == [2, 2]
    after = director.get(WHERE).get_data(as_text=True)
    assert ("转到第 2 版：2 个案例，1 个批次" in after, "没有要转的案例" in after) == (True, True)
    page = sign_in("author", "en").get(f"/cases/{stamped}").get_data(as_text=True)
    assert ("lives by version 2 of the call" in page, "Last day: 2021-03-26 → 2021-04-02" in page) == (True, True)


def test_only_what_was_ticked_moves_and_what_changed_meanwhile_stays(world: World, sign_in: As) -> None:
    first, second, third = (world.case(CaseState.SUBMITTED) for _ in range(3))
    world.extend_by_amendment(WEEK)
    director = sign_in("director")
    shown = director.get(WHERE).get_data(as_text=True)
    ticked = [f"{one}.{world.row(one).mark}" for one in (first, second)]
    world.act(second, "shortlist")
    fields = {**hidden(shown, WHERE), "which": "chosen", "case": ticked}
    assert post(director, WHERE, shown, **fields).status_code == 302
    assert [version(world, one) for one in (first, second, third)] == [2, 1, 1]
    after = director.get(WHERE).get_data(as_text=True)
    assert "杨理已先办理：入选" in after
    assert post(director, WHERE, shown, **fields).status_code == 302  # the same form once more
    assert len(world.events(first, "case.migrate")) == 1


def test_nothing_ticked_is_told(world: World, sign_in: As) -> None:
    world.case(CaseState.SUBMITTED)
    world.extend_by_amendment(WEEK)
    answer = send(sign_in("director"), WHERE, which="chosen")
    assert (answer.status_code, "还没有选中案例" in answer.get_data(as_text=True)) == (422, True)


def test_going_back_says_why(world: World, sign_in: As) -> None:
    case = world.case(CaseState.SUBMITTED)
    world.extend_by_amendment(WEEK)
    director = sign_in("director")
    send(director, WHERE, which="all")
    back = f"{WHERE}?to=1"
    assert send(director, back, which="all").status_code == 422
    assert send(director, back, which="all", remark="延期有误").status_code == 302
    assert version(world, case) == 1


def test_the_desk_looks_and_others_do_not(world: World, sign_in: As) -> None:
    world.case(CaseState.SUBMITTED)
    world.extend_by_amendment(WEEK)
    shown = sign_in("desk").get(WHERE).get_data(as_text=True)
    assert ("由国家局主管办理" in shown, "转到第 2 版</button>" in shown) == (True, False)
    assert sign_in("author").get(WHERE).status_code == 404
    assert sign_in("director").get(f"{WHERE}?to=9").status_code == 404


# ---- by command ------------------------------------------------------------------------------------------------------


@pytest.fixture
def zhengji(world: World, monkeypatch: pytest.MonkeyPatch):
    """`zhengji call migrate 2021-205 …` on the world's database."""
    monkeypatch.setenv("ZHENGJI_DATABASE_URL", world.database.url)
    monkeypatch.setenv("ZHENGJI_HOME", str(world.folder))

    def run(*words: str) -> Result:
        return CliRunner().invoke(main, ["call", "migrate", "2021-205", *words])

    return run


def test_a_dry_run_tells_and_writes_nothing(world: World, zhengji) -> None:
    case = world.case(CaseState.CENTRE_STAMPED)
    world.extend_by_amendment(WEEK)
    done = zhengji("--dry-run", "--json")
    told = json.loads(done.stdout)
    assert (done.exit_code, told["version"], told["moved"], told["refused"]) == (0, 2, 0, [])
    [line] = told["cases"]
    assert (line["number"], line["outcome"], line["from_version"]) == (world.row(case).number, "changes", 1)
    assert line["changes"][0] == {"zh": "截止日：2021-03-26 → 2021-04-02", "en": "Last day: 2021-03-26 → 2021-04-02"}
    assert version(world, case) == 1


def test_named_cases_move_in_the_directors_name(world: World, zhengji) -> None:
    first, second = world.case(CaseState.SUBMITTED), world.case(CaseState.SUBMITTED)
    world.extend_by_amendment(WEEK)
    assert zhengji(world.row(first).number).exit_code == 2  # nobody is named in whose name
    done = zhengji("--as", "director", world.row(first).number)
    assert (done.exit_code, [version(world, one) for one in (first, second)]) == (0, [2, 1]), done.output
    assert world.events(first, "case.migrate")[0].person_id == world.people["director"].id
    assert zhengji("--as", "desk").exit_code == 1
    gone = zhengji("--as", "director", "2021-205-SF-9999")
    assert (gone.exit_code, "2021-205-SF-9999" in gone.output) == (1, True)


def test_what_cannot_move_ends_with_1(world: World, zhengji) -> None:
    world.case(CaseState.SUBMITTED)

    def without_theme(call) -> None:
        call["phases"][0]["themes"] = ["public"]
        call["phases"][1]["themes"] = [one for one in call["phases"][1]["themes"] if one != "smes"]
        del call["themes"]["smes"]

    world.amend(without_theme)
    done = zhengji("--dry-run")
    assert (done.exit_code, "新版本没有主题“服务中小企业创新发展”" in done.output) == (1, True)
