"""Backups on the administrator's screen: what there is, what would go, and that only what was shown and confirmed goes."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.web.conftest import As, hidden, post, send_fields
from tests.worlds import World
from workflow.operation.backup import MANIFEST, Made, alone, back_up
from workflow.settings import Settings
from workflow.store import operations
from workflow.store.files import Files
from workflow.store.models import AuditEvent

pytestmark = pytest.mark.database

Make = Callable[[float], Made]


@pytest.fixture
def make(world: World, settings: Settings) -> Make:
    """`make(3)`: a backup that is three days old."""
    world.draft()
    now = datetime.now(UTC)

    def made(days_ago: float) -> Made:
        at = now - timedelta(days=days_ago)
        return back_up(settings, world.database, Files(settings.documents_url), Path(settings.backups), at=at)

    return made


def page(client, address: str = "/admin/backups") -> str:  # type: ignore[no-untyped-def]
    return client.get(address).get_data(as_text=True)


def left(settings: Settings) -> list[str]:
    return sorted(one.name for one in Path(settings.backups).iterdir() if one.name != ".lock")


def dropped(world: World) -> list[dict[str, object]]:
    with world.database.reading() as session:
        return operations.said(session, "system.drop_backups")


@pytest.mark.parametrize(
    ("language", "words"), [("zh", "在服务器上运行 zhengji backup"), ("en", "Run zhengji backup on the server")]
)
def test_where_there_is_none_it_is_said_how_one_is_made(language: str, words: str, sign_in: As):
    assert words in page(sign_in("administrator", language))


@pytest.mark.parametrize(("language", "words"), [
    ("zh", ("2 份", "完好", "检查点", "最新的完好备份，总是保留", "独占")),
    ("en", ("2 in all", "good", "checkpoint", "the newest good one", "of its own")),
])  # fmt: skip
def test_each_backup_is_listed_with_day_size_checkpoint_and_whether_it_is_good(
    language: str, words: tuple[str, ...], sign_in: As, make: Make
):
    old, new = make(40), make(1)
    shown = page(sign_in("administrator", language))
    assert [one in shown for one in words] == [True] * len(words)
    assert re.findall(r"zhengji-\d{8}T\d{6}Z(?=</code>)", shown) == [new.folder.name, old.folder.name]
    assert re.findall(r'href="/admin/backups/drop\?name=([^"]+)"', shown) == [old.folder.name]


def test_one_that_is_not_good_says_why(sign_in: As, make: Make):
    make(2)
    (make(1).folder / MANIFEST).write_text("{")
    assert "清单被改动过或已损坏" in page(sign_in("administrator"))
    assert "its manifest was changed, or is damaged" in page(sign_in("administrator", "en"))


def test_where_none_is_good_that_is_loud_and_nothing_can_go(sign_in: As, make: Make):
    (make(1).folder / MANIFEST).write_text("{")
    shown = page(sign_in("administrator"))
    assert ("没有一份完好的备份" in shown, "/admin/backups/drop?name=" in shown) == (True, False)


def test_what_is_not_the_backups_is_told_and_the_folder_is_not_offered(sign_in: As, make: Make):
    old, _ = make(2), make(1)
    (old.folder / "note.txt").write_text("ours")
    shown = page(sign_in("administrator"))
    assert ("里面有不是备份的东西" in shown, "note.txt" in shown, "drop?name=" in shown) == (True, True, False)


def test_a_folder_that_cannot_be_read_is_said_in_words(sign_in: As, settings: Settings):
    Path(settings.backups).write_text("no folder")
    answer = sign_in("administrator").get("/admin/backups")
    assert (answer.status_code, "读不了备份文件夹" in answer.get_data(as_text=True)) == (422, True)


def test_one_is_dropped_after_it_was_asked_about_and_who_did_it_is_on_record(
    sign_in: As, make: Make, settings: Settings, world: World
):
    old, new = make(2), make(1)
    client = sign_in("administrator")
    shown = page(client, f"/admin/backups/drop?name={old.folder.name}")
    assert ("删去这份备份？" in shown, left(settings)) == (True, sorted([old.folder.name, new.folder.name]))
    answer = post(client, "/admin/backups/drop", shown)
    after = page(client, answer.headers["Location"])
    assert (left(settings), "已删去 1 份备份" in after) == ([new.folder.name], True)
    [said] = dropped(world)
    with world.database.reading() as session:
        [who] = session.scalars(select(AuditEvent.person_id).where(AuditEvent.action == "system.drop_backups"))
    assert (said["rule"], who) == ("", world.people["administrator"].id)


def test_a_rule_shows_first_what_would_go_and_what_stays(sign_in: As, make: Make, settings: Settings, world: World):
    made = [make(days) for days in (400, 399, 3, 1)]
    client = sign_in("administrator")
    shown = page(client, "/admin/backups/drop?days=2&months=0")
    going = re.findall(r'name="name" value="([^"]+)"', shown)
    assert ("删去 3 份备份？" in shown, "保留最近 2 天的" in shown, "留下的 1 份" in shown) == (True, True, True)
    assert sorted(going) == sorted(one.folder.name for one in made[:3])
    send_fields(client, "/admin/backups/drop", {**hidden(shown, "/admin/backups/drop"), "name": going})
    assert (left(settings), [one["rule"] for one in dropped(world)]) == ([made[3].folder.name], ["2d,0m"])


def test_a_rule_by_which_nothing_goes_says_so(sign_in: As, make: Make):
    make(1)
    shown = page(sign_in("administrator"), "/admin/backups/drop?days=30&months=12")
    assert ("没有要删去的备份" in shown, "确认删去" in shown) == (True, False)


@pytest.mark.parametrize("query", ["", "?days=&months=", "?days=-1&months=x", "?days=0", f"?days={'9' * 30}&months=-"])
def test_what_is_no_number_becomes_the_usual_rule(query: str, sign_in: As, make: Make):
    make(60), make(20)
    answer = sign_in("administrator").get(f"/admin/backups/drop{query}")
    assert (answer.status_code, "没有要删去的备份" in answer.get_data(as_text=True)) == (200, True)


@pytest.mark.parametrize("name", ["..", "zhengji-20200101T000000Z", "../documents", "", None])
def test_a_name_that_was_not_shown_drops_nothing(
    name: str | None, sign_in: As, make: Make, settings: Settings, world: World
):
    old, new = make(2), make(1)
    client = sign_in("administrator")
    fields = hidden(page(client, f"/admin/backups/drop?name={old.folder.name}"), "/admin/backups/drop")
    fields.pop("name")
    answer = send_fields(client, "/admin/backups/drop", fields if name is None else {**fields, "name": name})
    assert (answer.status_code, left(settings)) == (422, sorted([old.folder.name, new.folder.name]))
    assert dropped(world) == []


def test_the_newest_good_one_cannot_be_dropped_by_hand_either(sign_in: As, make: Make, settings: Settings):
    old, new = make(2), make(1)
    client = sign_in("administrator")
    asked = client.get(f"/admin/backups/drop?name={new.folder.name}")
    assert (asked.status_code, "最新的一份完好备份，不能删" in asked.get_data(as_text=True)) == (422, True)
    fields = hidden(page(client, f"/admin/backups/drop?name={old.folder.name}"), "/admin/backups/drop")
    answer = send_fields(client, "/admin/backups/drop", {**fields, "name": new.folder.name})
    assert (answer.status_code, len(left(settings))) == (422, 2)


def test_dropping_asks_once_more_who_one_is(sign_in: As, make: Make, settings: Settings):
    old, _ = make(2), make(1)
    client = sign_in("administrator")
    fields = hidden(page(client, f"/admin/backups/drop?name={old.folder.name}"), "/admin/backups/drop")
    answer = client.post("/admin/backups/drop", data=fields)
    assert (answer.status_code, 'id="again-form"' in answer.get_data(as_text=True), len(left(settings))) == (
        422,
        True,
        2,
    )


def test_while_a_backup_is_made_it_is_said_to_wait(sign_in: As, make: Make, settings: Settings):
    old, _ = make(2), make(1)
    client = sign_in("administrator")
    shown = page(client, f"/admin/backups/drop?name={old.folder.name}")
    with alone(Path(settings.backups)):
        answer = post(client, "/admin/backups/drop", shown)
    assert (answer.status_code, "另一个备份正在写入" in answer.get_data(as_text=True), len(left(settings))) == (
        422,
        True,
        2,
    )


def test_the_auditor_reads_in_the_trail_what_was_dropped(sign_in: As, make: Make, world: World):
    old, _ = make(2), make(1)
    client = sign_in("administrator")
    post(client, "/admin/backups/drop", page(client, f"/admin/backups/drop?name={old.folder.name}"))
    shown = sign_in("auditor").get("/trail?action=system.drop_backups").get_data(as_text=True)
    assert ("删去旧备份" in shown, old.folder.name in shown) == (True, True)
