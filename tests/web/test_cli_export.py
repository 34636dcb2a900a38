"""`zhengji export`: the files that other programs read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from lxml import etree
from sqlalchemy import select

from states.batch import BATCH
from states.case import CASE, CaseState
from states.judgement import JUDGEMENT
from states.push import PUSH
from tests.make import CALLS
from tests.worlds import World
from web.cli import main
from workflow import lists
from workflow.calls import read_call
from workflow.interchange import bpmn
from workflow.store.models import AuditEvent, Case


def export(*words: str | Path) -> Result:
    result = CliRunner().invoke(main, ["export", *(str(word) for word in words)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


@pytest.mark.parametrize("lifecycle", [CASE, BATCH, PUSH, JUDGEMENT], ids=lambda one: one.name)
def test_a_lifecycle_is_written_as_a_process(lifecycle, tmp_path: Path) -> None:
    done = export("bpmn", lifecycle.name, "--out", tmp_path / "process.bpmn")
    assert (done.exit_code, (tmp_path / "process.bpmn").read_bytes()) == (0, bpmn.write(lifecycle))


def test_it_is_printed_where_no_file_is_named_and_is_of_cases_where_nothing_is() -> None:
    assert export("bpmn").stdout_bytes == bpmn.write(CASE)


def test_it_is_of_the_cases_of_a_call_and_in_english_where_that_is_asked_for() -> None:
    call = CALLS / "other-call.toml"
    assert export("bpmn", "--call", call, "--language", "en").stdout_bytes == bpmn.write(
        lists.lifecycle(read_call(call)), "en"
    )


def test_there_is_no_process_of_anything_else() -> None:
    assert export("bpmn", "lunch").exit_code == 2


# ---- the trail -------------------------------------------------------------------------------------------------------


@pytest.fixture
def kept(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """A submitted case and one next door, in the installation that the command takes."""
    monkeypatch.setenv("ZHENGJI_HOME", str(world.folder))
    monkeypatch.setenv("ZHENGJI_DATABASE_URL", world.database.url)
    monkeypatch.setenv("ZHENGJI_DOCUMENTS_URL", (world.folder / "documents").as_uri())
    world.case(CaseState.SUBMITTED)
    world.case(CaseState.CENTRE_STAMPED, centre="neighbour")
    return world


def events_in(file: Path) -> int:
    if file.suffix == ".xes":
        return sum(1 for _ in etree.parse(str(file)).iter("event"))
    return len(json.loads(file.read_bytes())["events"])


@pytest.mark.once
@pytest.mark.parametrize("form", ["xes", "ocel"])
def test_the_trail_within_reach_is_written_and_goes_on_record(form: str, kept: World, tmp_path: Path) -> None:
    file = tmp_path / ("trail.xes" if form == "xes" else "trail.json")
    done = export(form, "--as", "neighbour_reviewer", "--out", file, "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout) == {"file": str(file), "entries": events_in(file)}
    assert [one.name for one in tmp_path.iterdir()] == [file.name]
    with kept.database.reading() as session:
        newest = session.query(AuditEvent).order_by(AuditEvent.uid.desc()).first()
        assert newest is not None
        body = json.loads(newest.body)
    assert (body["actor"]["name"], body["what"], body["rows"]) == ("沈审", "trail", events_in(file))
    assert kept.row(1).number not in file.read_text("utf-8")


@pytest.mark.once
def test_it_is_narrowed_to_a_number(kept: World, tmp_path: Path) -> None:
    number = kept.row(1).number
    assert export("xes", "--as", "auditor", "--number", number, "--out", tmp_path / "one.xes").exit_code == 0
    assert [
        one.get("value") for one in etree.parse(str(tmp_path / "one.xes")).findall("trace/string[@key='concept:name']")
    ] == [number]


@pytest.mark.once
def test_nobody_known_takes_nothing(kept: World, tmp_path: Path) -> None:
    done = export("xes", "--as", "nobody", "--out", tmp_path / "trail.xes")
    assert (done.exit_code, list(tmp_path.iterdir())) == (1, [])
    assert "nobody" in done.stderr


# ---- passports -------------------------------------------------------------------------------------------------------


def test_a_passport_is_not_taken_before_a_checkpoint_covers_it_nor_by_whom_the_case_does_not_reach(
    kept: World, tmp_path: Path
) -> None:
    with kept.database.reading() as session:
        number = session.scalars(select(Case.number).order_by(Case.id)).first()
    for login, why in (("desk", "检查点"), ("neighbour_author", "没有这个案例"), ("nobody", "没有登录名")):
        refused = export("passport", number, "--as", login, "--out", tmp_path / "p.zip")
        assert (refused.exit_code, why in refused.output) == (1, True)
    assert list(tmp_path.glob("*.zip")) == []
