"""The screens of a proof: what was typed stays when another editor was faster; the web edition is there once released."""

from __future__ import annotations

import io
import re
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from docx import Document
from flask import Flask

from features.steps.proof import SECOND, _made, _ordered
from states.case import CaseState
from tests.web.conftest import As, post, send
from tests.worlds import World
from workflow.publishing import collection, proofing
from workflow.store import proofing as stored
from workflow.store.models import Collection, Job

pytestmark = pytest.mark.database

ISBN = "978-7-302-51121-2"


@pytest.fixture
def book(world: World) -> int:
    """A collection of a published case and a shortlisted one, made."""
    cases = [world.case(CaseState.PUBLISHED, world.content(title="甲案例"))]
    return _ordered(world, *cases, world.case(CaseState.SHORTLISTED, world.content(title="乙案例")))


def acted(client: Any, book: int, step: str, **fields: Any) -> Any:
    return send(client, f"/collection/{book}/proof", f"/collection/{book}/proof/{step}", **fields)


def test_two_editors_on_one_proof_lose_nothing(world: World, book: int, sign_in: As):
    first, second = sign_in("editor"), sign_in(SECOND)
    shown = second.get(f"/collection/{book}/proof").get_data(as_text=True)
    title = re.findall(r'id="name" name="name" value="([^"]*)"', shown)[0]
    fields = {"name": title, "cip": ""}
    assert acted(first, book, "change", **fields, isbn=ISBN, foreword="先到的前言").status_code == 302
    change = f"/collection/{book}/proof/change"
    late = post(second, change, shown, **fields, isbn="", foreword="后到的前言")
    page = late.get_data(as_text=True)
    assert (late.status_code, "另一位编辑改了这份校样" in page) == (409, True)
    assert ("后到的前言</textarea>" in page, "先到的前言" in page) == (True, True)
    # What the second editor had not touched is as the first left it; what both changed is named with what it says now.
    assert (f'name="isbn" value="{ISBN}"' in page, page.count("您写的与校样上的不同")) == (True, 1)
    with world.database.reading() as session:
        row = session.get_one(Collection, book)
        assert (row.foreword, row.version, row.made_at) == ("先到的前言", 2, None)
        keys = session.query(Job.key).filter(Job.name == "compile_collection").order_by(Job.id).all()
    assert [key for (key,) in keys] == [f"collection/{book}", f"collection/{book}/2"]


def test_a_wrong_isbn_is_told_and_what_was_typed_stays(world: World, book: int, sign_in: As):
    answer = acted(sign_in("editor"), book, "change", name="集", foreword="写好的", isbn="978-7-302-51121-9", cip="")
    page = answer.get_data(as_text=True)
    assert (answer.status_code, "校验位不对" in page, "写好的</textarea>" in page) == (422, True, True)


@pytest.mark.parametrize(
    ("isbn", "right"),
    [(ISBN, True), ("ISBN 9787302511212", True), ("978730251121", False), ("977-7-302-51121-2", False)],
)
def test_the_check_digit_of_an_isbn_is_minded(isbn: str, right: bool):
    assert proofing.right_isbn(isbn) is right


def test_a_released_collection_is_read_by_everybody_with_its_errata(world: World, book: int, sign_in: As, app: Flask):
    editor, second, anybody = sign_in("editor"), sign_in(SECOND), app.test_client()
    assert anybody.get(f"/public/collections/{book}").status_code == 404
    assert "还没有公开的案例集" in anybody.get("/public/collections").get_data(as_text=True)
    acted(editor, book, "change", name="优秀案例集", foreword="前言。", isbn=ISBN, cip="2021第000001号")
    _made(world, book)
    acted(editor, book, "comments", words="漏字", case="")
    assert acted(editor, book, "sign-off", version=2).status_code == 422
    assert "/sign-off" not in editor.get(f"/collection/{book}/proof").get_data(as_text=True)
    page = editor.get(f"/collection/{book}/proof").get_data(as_text=True)
    [settle] = re.findall(r'action="(/collection/\d+/proof/comments/\d+/settle)"', page)
    assert post(editor, settle, page, words="已补").status_code == 302
    twice = [acted(one, book, "sign-off", version=2).status_code for one in (editor, editor)]
    assert (twice, "您已签这一稿" in editor.get(f"/collection/{book}/proof").get_data(as_text=True)) == (
        [302, 422],
        True,
    )
    assert acted(second, book, "sign-off").status_code == 302
    assert acted(editor, book, "release").status_code == 302
    assert acted(editor, book, "errata", words="第二页“三”应为“四”", case="").status_code == 302
    assert "优秀案例集" in anybody.get("/public/en/collections").get_data(as_text=True)
    edition = anybody.get(f"/public/collections/{book}").get_data(as_text=True)
    said = ["甲案例" in edition, "乙案例" in edition, "“三”应为“四”" in edition, ISBN in edition, "漏字" in edition]
    assert said == [True, False, True, True, False]
    assert acted(editor, book, "reprint").status_code == 302
    late = post(editor, f"/collection/{book}/proof/change", page, name="另一书名", foreword="", isbn="", cip="")
    assert (late.status_code, "请登勘误" in late.get_data(as_text=True)) == (422, True)


def test_a_withdrawn_edition_leaves_a_notice_with_its_reason(world: World, book: int, sign_in: As, app: Flask):
    editor, second, anybody = sign_in("editor"), sign_in(SECOND), app.test_client()
    for one in (editor, second):
        acted(one, book, "sign-off")
    acted(editor, book, "release")
    assert acted(editor, book, "withdraw", words=" ").status_code == 422
    assert anybody.get(f"/public/collections/{book}").status_code == 200
    assert acted(editor, book, "withdraw", words="前言有误").status_code == 302
    for tongue, said in (("", "网络版已撤下"), ("/en", "has been withdrawn")):
        notice = anybody.get(f"/public{tongue}/collections/{book}")
        page = notice.get_data(as_text=True)
        told = (notice.status_code, said in page, "前言有误" in page, "原来的前言" in page, "甲案例" in page)
        assert told == (410, True, True, False, False)
        assert "noindex" in page
        assert f"collections/{book}" not in anybody.get(f"/public{tongue}/collections").get_data(as_text=True)
    assert "新编一本" in acted(editor, book, "withdraw", words="再次").get_data(as_text=True)
    shown = editor.get(f"/collection/{book}/proof").get_data(as_text=True)
    assert ("打开撤下说明" in shown, "/errata" in shown, "/withdraw" in shown) == (True, False, False)


def test_a_comment_on_the_foreword_says_so_once_that_was_changed(world: World, book: int, sign_in: As):
    editor = sign_in("editor")
    acted(editor, book, "comments", words="写得再短些", case="foreword")
    page = editor.get(f"/collection/{book}/proof").get_data(as_text=True)
    assert ("关于前言" in page, "其后前言有改动" in page) == (True, False)
    acted(editor, book, "change", name="集", foreword="短前言，电话 13800138000。", isbn="", cip="")
    page = editor.get(f"/collection/{book}/proof").get_data(as_text=True)
    assert ("其后前言有改动" in page, "前言中有电话" in page) == (True, True)


def test_honours_are_recorded_by_the_editor_and_shown_on_the_case_and_outside(world: World, sign_in: As, app: Flask):
    case = world.case(CaseState.PUBLISHED)
    editor, page = sign_in("editor"), f"/cases/{case}/editorial"
    for name in ("十佳案例", "最受欢迎案例"):
        assert send(editor, page, f"{page}/honours", words=name, given_on="2021-04-26").status_code == 302
    outside = app.test_client().get(f"/public/{world.row(case).number}").get_data(as_text=True)
    inside = sign_in("author").get(f"/cases/{case}").get_data(as_text=True)
    assert [name in where for where in (outside, inside) for name in ("十佳案例", "最受欢迎案例")] == [True] * 4
    shown = editor.get(page).get_data(as_text=True)
    end = re.findall(rf'action="({page}/honours/\d+/end)"', shown)[0]
    assert post(editor, end, shown).status_code == 302
    assert "十佳案例" not in app.test_client().get(f"/public/{world.row(case).number}").get_data(as_text=True)


def test_a_reprint_has_its_numbers_and_errata_in_word_and_pdf(world: World, tmp_path: Path):
    number = _ordered(world, world.case(CaseState.PUBLISHED))
    editor = world.people["editor"]
    with world.database.transaction() as session:
        edit = proofing.Edit("集", "前言。", ISBN, "2021第1号")
        proofing.change(session, number, edit, 1, actor=editor, at=world.at)
        stored.note(session, number, proofing.ERRATUM, None, "“三”应为“四”", editor, world.at)
    files = world.post.files
    collection.compile_ordered(world.database, files, number, _each, at=world.at)
    with world.database.reading() as session:
        row = session.get_one(Collection, number)
        (tmp_path / "book.pdf").write_bytes(files.get(row.pdf_digest))
        word = "\n".join(one.text for one in Document(io.BytesIO(files.get(row.word_digest))).paragraphs)
    done = subprocess.run(["pdftotext", str(tmp_path / "book.pdf"), "-"], stdout=subprocess.PIPE, check=True, text=True)
    printed = "".join(done.stdout.split())  # the PDF has room between Chinese and Latin
    for said in (ISBN, "2021第1号", "勘误", "“三”应为“四”"):
        assert (said in word, said in printed) == (True, True), said


def _each(parts: Sequence[Any], work: Callable[[Any], object]) -> None:
    for one in parts:
        work(one)
