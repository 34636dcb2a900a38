"""`zhengji collection build`: a Word file or PDF of what is published, and what it says."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from states.case import CaseState
from tests.worlds import World
from web.cli import main

pytestmark = pytest.mark.once


@pytest.fixture
def run(world: World, monkeypatch: pytest.MonkeyPatch):
    def command(*arguments: object) -> Result:
        return CliRunner().invoke(main, ["collection", "build", *map(str, arguments)])

    monkeypatch.setenv("ZHENGJI_HOME", str(world.folder))
    monkeypatch.setenv("ZHENGJI_DATABASE_URL", world.database.url)
    monkeypatch.setenv("ZHENGJI_DOCUMENTS_URL", (world.folder / "documents").as_uri())
    return command


@pytest.mark.parametrize(("name", "begins"), [("集.pdf", b"%PDF-1.7"), ("集.docx", b"PK\x03\x04")])
def test_a_file_of_what_is_published_is_written_as_it_is_named(run, world: World, name: str, begins: bytes) -> None:
    world.case(CaseState.PUBLISHED)
    world.case(CaseState.SHORTLISTED)
    to = world.folder / name
    made = run("--to", to, "--json", "--title", "优秀案例集")
    assert made.exit_code == 0, made.output
    told = json.loads(made.stdout)
    data = to.read_bytes()
    assert data.startswith(begins)
    assert (told["file"], told["format"], told["cases"], told["findings"]) == (str(to), name[2:], 1, [])
    assert told["sha256"] == hashlib.sha256(data).hexdigest()
    assert told["pages"] >= 4


def test_what_is_to_be_looked_at_is_named_and_gives_one(run, world: World) -> None:
    world.case(CaseState.PUBLISHED, world.content(title="𠮷的案例"))
    made = run("--to", world.folder / "集.pdf")
    assert made.exit_code == 1
    assert "U+20BB7" in made.stdout
    assert (world.folder / "集.pdf").is_file()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--to", "集.pdf"), 1, "至少选择一件"),
        (("--to", "集.pdf", "--theme", "no-such"), 1, "至少选择一件"),
        (("--to", "集.odt"), 2, "--format"),
        ((), 2, "--to"),
        (("--to", "集.pdf", "--foreword", "none.txt"), 2, "none.txt"),
    ],
)
def test_nothing_to_compile_is_refused_and_wrong_use_is_told(run, arguments, code: int, words: str) -> None:
    made = run(*arguments)
    assert (made.exit_code, words in made.output) == (code, True), made.output


def test_a_foreword_comes_from_a_text_file(run, world: World, tmp_path: Path) -> None:
    world.case(CaseState.PUBLISHED)
    (tmp_path / "前言.txt").write_bytes("前言".encode("gbk"))
    wrong = run("--to", world.folder / "集.pdf", "--foreword", tmp_path / "前言.txt")
    assert (wrong.exit_code, "UTF-8" in wrong.output) == (1, True)
    (tmp_path / "前言.txt").write_text("第一段\n第二段", encoding="utf-8-sig")
    assert run("--to", world.folder / "集.pdf", "--foreword", tmp_path / "前言.txt").exit_code == 0
