"""The screens of collections: what is offered, ordered, told and handed out, to editors alone."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import select

from states.case import CaseState
from tests.web.conftest import As, post, send
from tests.worlds import World
from workflow import papers
from workflow.jobs.kinds import KINDS
from workflow.jobs.running import Progress, Runner
from workflow.publishing import collection
from workflow.store.models import AuditEvent, Collection, Job
from workflow.store.papers import Kept

pytestmark = pytest.mark.database


def worked(world: World, number: int, work: Any = None) -> str:
    """Do the background work of a collection, as a worker does."""

    def compiled(progress: Progress) -> str:
        return collection.compile_ordered(world.database, world.post.files, number, progress.each, at=world.at)

    runner = Runner(world.database, "worker-1")
    return runner.run(KINDS["compile_collection"], f"collection/{number}", (number,), work or compiled)


@pytest.fixture
def cases(world: World) -> list[int]:
    return [
        world.case(CaseState.SHORTLISTED, world.content(title="甲案例")),
        world.case(CaseState.PUBLISHED, world.content(title="乙案例"), centre="neighbour"),
    ]


def shown(client: Any, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return answer.get_data(as_text=True)


def ordered(client: Any, **fields: Any) -> str:
    """The address of a collection that was ordered on screen."""
    told: dict[str, Any] = {"name": "优秀案例集", "foreword": "前言。", "sort": "theme", "format": ["pdf"], **fields}
    answer = send(client, "/collection/new", "/collection", **told)
    assert answer.status_code == 302, answer.get_data(as_text=True)
    return str(answer.location)


def test_an_empty_list_says_what_to_do(world: World, sign_in: As) -> None:
    editor = sign_in("editor")
    assert "还没有编印过案例集" in shown(editor, "/collection")
    assert "没有可以编印的案例" in shown(editor, "/collection/new")
    assert "请放宽筛选条件" in shown(editor, "/collection/new?theme=none")
    assert "No collection yet" in shown(sign_in("editor", "en"), "/collection")
    assert 'href="/collection"' in shown(editor, "/")


def test_cases_are_offered_ticked_and_narrowed(world: World, cases: list[int], sign_in: As) -> None:
    editor = sign_in("editor")
    page = shown(editor, "/collection/new")
    assert len(re.findall(r'name="case" value="\d+" checked', page)) == 2
    assert ("甲案例" in page, "乙案例" in page) == (True, True)
    page = shown(editor, f"/collection/new?office={world.offices['second']}")
    assert ("甲案例" in page, "乙案例" in page) == (False, True)
    page = shown(editor, "/collection/new?state=shortlisted&office=nonsense")
    assert ("甲案例" in page, "乙案例" in page) == (True, False)


def test_pictures_that_stay_out_are_told_before_anything_is_compiled(world: World, sign_in: As) -> None:
    case = world.draft(world.content(title="有图的"))
    with world.database.transaction() as session:
        kept = [Kept("图一.png", "image/png", "0" * 64, 1, "图一 现场")]
        papers.attach(session, case, "picture", kept, actor=world.people["author"], at=world.at)
    world.seal(case)
    world.walk(case, "stamp", "review", "submit", "shortlist")
    editor = sign_in("editor")
    page = shown(editor, "/collection/new")
    assert ("1 件案例的 1 张图片没有登记" in page, "图一 现场" in page) == (True, True)
    world.allow_pictures(case)
    assert "图一 现场" not in shown(editor, "/collection/new")


def test_it_is_ordered_once_made_in_the_background_and_taken_away(world: World, cases: list[int], sign_in: As) -> None:
    editor = sign_in("editor")
    form = shown(editor, "/collection/new")
    fields = {"name": "优秀案例集", "case": [str(one) for one in cases], "sort": "hand", "format": ["docx", "pdf"]}
    fields[f"place:{cases[1]}"] = "1"
    addresses = {post(editor, "/collection", form, **fields).location for _ in range(2)}
    [address] = addresses
    number = int(address.rpartition("/")[2])
    assert "在排队" in shown(editor, address)
    assert "HX-Refresh" not in editor.get(f"{address}/progress").headers
    assert editor.get(f"{address}/file/pdf").status_code == 404
    assert worked(world, number) == "2 of 2 cases"
    assert editor.get(f"{address}/progress").headers["HX-Refresh"] == "true"
    page = shown(editor, address)
    with world.database.reading() as session:
        row = session.get_one(Collection, number)
        assert [one.case_id for one in row.lines] == [cases[1], cases[0]]
        digests = row.word_digest, row.pdf_digest
    assert all(one in page for one in digests)
    assert "所选案例都已编入" in page
    assert "已编成" in shown(editor, "/collection")
    for kind, begins in (("docx", b"PK"), ("pdf", b"%PDF")):
        answer = editor.get(f"{address}/file/{kind}")
        assert answer.data.startswith(begins)
        assert "attachment" in answer.headers["Content-Disposition"]
    assert editor.get(f"{address}/file/odt").status_code == 404
    with world.database.reading() as session:
        taken = [one.body for one in session.scalars(select(AuditEvent).where(AuditEvent.action == "export.take"))]
    assert len(taken) == 2
    assert digests[1] in taken[1]


def test_the_page_says_how_far_it_is_and_why_it_failed(world: World, cases: list[int], sign_in: As) -> None:
    editor = sign_in("editor")
    address = ordered(editor, case=[str(one) for one in cases])
    number = int(address.rpartition("/")[2])
    pages = []

    def looking(progress: Progress) -> str:
        progress.each([1, 2, 3], lambda _: pages.append(shown(editor, f"{address}/progress")))
        raise RuntimeError("broken")

    worked(world, number, looking)
    assert "已读取 0 / 2 件" in pages[0]
    assert "已读取 1 / 2 件" in pages[1]
    assert "正在排版" in pages[2]
    page = shown(editor, address)
    assert "再试" in page
    assert "程序出错" in page


def test_it_is_called_off_between_two_cases(world: World, cases: list[int], sign_in: As) -> None:
    editor = sign_in("editor")
    address = ordered(editor, case=[str(one) for one in cases])
    number = int(address.rpartition("/")[2])

    def called_off(progress: Progress) -> str:
        def part(_: int) -> None:
            page = shown(editor, address)
            [cancel] = re.findall(r'action="(/jobs/\d+/cancel)"', page) or [""]
            assert post(editor, cancel, page, reason="选错了").status_code == 302

        progress.each([1, 2, 3], part)
        raise AssertionError("it went on")

    assert worked(world, number, called_off) == "cancelled"
    page = shown(editor, address)
    assert "已取消：" in page
    assert "选错了" in page
    with world.database.reading() as session:
        assert session.get_one(Collection, number).made_at is None
        assert session.scalars(select(Job.state).where(Job.name == "compile_collection")).all() == ["cancelled"]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": " "}, "请填写书名"),
        ({"case": []}, "请至少选择一件"),
        ({"format": []}, "请选择 Word"),
        ({"case": ["999999"]}, "已不能编印"),
        ({"case": ["nonsense", "-1", "9" * 30]}, "请至少选择一件"),
    ],
)
def test_what_is_wrong_is_told_and_what_was_typed_stays(
    world: World, cases: list[int], sign_in: As, fields: dict[str, Any], words: str
) -> None:
    editor = sign_in("editor")
    told = {"name": "集", "foreword": "写好的前言", "sort": "province", "format": ["pdf"], "case": [str(cases[0])]}
    answer = send(editor, "/collection/new", "/collection", **{**told, **fields})
    page = answer.get_data(as_text=True)
    assert (answer.status_code, words in page, "写好的前言" in page) == (422, True, True)
    assert re.search(r'value="province" checked', page)
    with world.database.reading() as session:
        assert session.scalars(select(Collection)).all() == []


def test_words_of_a_form_are_shown_and_set_as_they_are(world: World, cases: list[int], sign_in: As) -> None:
    editor = sign_in("editor")
    words = "<script>alert(1)</script>"
    address = ordered(editor, case=[str(cases[0])], name=words, foreword=f"{words}\n#panic()")
    worked(world, int(address.rpartition("/")[2]))
    page = shown(editor, address)
    assert words not in page
    assert page.count("&lt;script&gt;") >= 3
    name = editor.get(f"{address}/file/pdf").headers["Content-Disposition"]
    assert re.search(r"filename=\S*scriptalert\(1\)script_1\.pdf", name), name


def test_a_lost_file_is_told_and_on_record(world: World, cases: list[int], sign_in: As) -> None:
    editor = sign_in("editor")
    address = ordered(editor, case=[str(cases[0])])
    number = int(address.rpartition("/")[2])
    worked(world, number)
    with world.database.reading() as session:
        world.post.files.drop(session.get_one(Collection, number).pdf_digest)
    answer = editor.get(f"{address}/file/pdf")
    assert (answer.status_code, "从备份恢复" in answer.get_data(as_text=True)) == (500, True)


@pytest.mark.parametrize("login", ["author", "desk", "director", "liaison", "auditor", "administrator"])
def test_others_find_no_collections(world: World, cases: list[int], sign_in: As, login: str) -> None:
    address = ordered(sign_in("editor"), case=[str(cases[0])])
    other = sign_in(login)
    for page in ("/collection", "/collection/new", address, f"{address}/progress", f"{address}/file/pdf"):
        assert other.get(page).status_code == 403
    assert 'href="/collection"' not in shown(other, "/")
