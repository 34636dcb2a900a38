"""`zhengji batch export`: a batch's papers under the names that its call gives, whole or not at all."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from openpyxl import load_workbook

from rules.call import Package
from states.case import CaseState
from tests.make import other_call
from tests.workflow.test_batches import with_papers
from tests.worlds import World
from web.cli import main
from workflow import batches
from workflow.store.files import Files
from workflow.store.models import AuditEvent, Batch

pytestmark = pytest.mark.once


@pytest.fixture
def run(world: World, monkeypatch: pytest.MonkeyPatch):
    def command(*arguments: object) -> Result:
        return CliRunner().invoke(main, ["batch", "export", *map(str, arguments)])

    monkeypatch.setenv("ZHENGJI_HOME", str(world.folder))
    monkeypatch.setenv("ZHENGJI_DATABASE_URL", world.database.url)
    monkeypatch.setenv("ZHENGJI_DOCUMENTS_URL", (world.folder / "documents").as_uri())
    return command


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def number_of(world: World, batch: int) -> str:
    with world.database.reading() as session:
        return session.get_one(Batch, batch).number


def files_in(folder: Path) -> dict[str, bytes]:
    return {str(one.relative_to(folder)): one.read_bytes() for one in folder.rglob("*") if one.is_file()}


def test_a_folder_holds_every_paper_under_its_name_and_their_digests(run, world: World, out: Path) -> None:
    batch, cases = with_papers(world)
    number, titles = number_of(world, batch), [world.row(case).title for case in cases]
    made = run(number, "--as", "leader", "--to", out, "--json")
    assert made.exit_code == 0, made.output
    told: dict[str, Any] = json.loads(made.stdout)
    [folder] = out.iterdir()
    assert folder.name == told["folder"]
    assert folder.name.startswith(f"示例省_第一阶段_{number}_20")
    found = files_in(folder)
    sums = found.pop("SHA256SUMS").decode()
    assert set(found) == {
        "案例汇总表_示例省_第一阶段_盖章扫描件.pdf",
        f"案例汇总表_示例省_第一阶段_{number}.xlsx",
        *(f"案例0{at}_{title}.docx" for at, title in enumerate(titles, 1)),
        *(f"报送表0{at}_{title}_扫描件.pdf" for at, title in enumerate(titles, 1)),
    }
    assert {line.partition("  ")[2]: line[:64] for line in sums.splitlines()} == {
        name: hashlib.sha256(data).hexdigest() for name, data in found.items()
    }
    assert {one["name"]: one["sha256"] for one in told["files"]} == {
        name: hashlib.sha256(data).hexdigest() for name, data in found.items()
    }
    table = load_workbook(io.BytesIO(found[f"案例汇总表_示例省_第一阶段_{number}.xlsx"])).active
    assert {"13800000000", "校验值"} <= {str(cell.value).split(" ")[0] for row in table.iter_rows() for cell in row}
    with world.database.reading() as session:
        assert session.query(AuditEvent).filter_by(action="export.take").count() == 1


def test_a_zip_holds_the_same_in_one_folder(run, world: World, out: Path) -> None:
    batch, _ = with_papers(world)
    number = number_of(world, batch)
    assert run(number, "--as", "leader", "--to", out).exit_code == 0
    made = run(number, "--as", "leader", "--to", out / "报送.zip")
    assert (made.exit_code, "6 个文件" in made.stdout) == (0, True)
    [folder] = [one for one in out.iterdir() if one.is_dir()]
    with zipfile.ZipFile(out / "报送.zip") as opened:
        names = {name: opened.read(name) for name in opened.namelist()}
    assert {f"{folder.name}/{name}" for name in files_in(folder)} == set(names)
    assert not list(out.glob(".*"))


def test_what_is_there_is_never_overwritten(run, world: World, out: Path) -> None:
    batch, _ = with_papers(world)
    there = out / "报送.zip"
    there.write_bytes(b"mine")
    made = run(number_of(world, batch), "--as", "leader", "--to", there)
    assert (made.exit_code, "不覆盖" in made.stderr, there.read_bytes()) == (2, True, b"mine")


def test_nothing_is_written_while_papers_are_lacking_and_each_is_named(run, world: World, out: Path) -> None:
    batch = world.batch([world.case(CaseState.PROVINCE_REVIEWED)])
    number = number_of(world, batch)
    made = run(number, "--as", "leader", "--to", out)
    assert (made.exit_code, "汇总表" in made.stdout, list(out.iterdir())) == (1, True, [])
    told = json.loads(run(number, "--as", "leader", "--to", out, "--json").stdout)
    assert ("summary_sealed" in {one["rule"] for one in told["findings"]}, told["files"]) == (True, [])


@pytest.mark.parametrize(
    ("login", "code", "words"),
    [("nobody", 1, "没有登录名"), ("neighbour_leader", 1, "没有这个批次"), ("auditor", 1, ""), (None, 2, "--as")],
)
def test_whoever_does_not_handle_the_batch_takes_nothing(
    run, world: World, out: Path, login: str | None, code: int, words: str
) -> None:
    batch, _ = with_papers(world)
    asked = ["--as", login] if login else []
    made = run(number_of(world, batch), *asked, "--to", out)
    assert (made.exit_code, words in made.stderr, list(out.iterdir())) == (code, True, [])


def test_the_names_are_the_calls_own(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """With folders where it asks for them; what is filled in makes none, and a mail leaves them out."""
    batch, _ = with_papers(world)
    own = other_call().package
    assert own != Package()
    monkeypatch.setattr(type(world.call), "package", property(lambda _: own), raising=False)
    files = Files((world.folder / "documents").as_uri())
    with world.database.reading() as session:
        row = session.get_one(Batch, batch)
        made = batches.package(session, files, row, actor=world.people["leader"], at=world.at)
        mail = batches.mail(session, files, row, sender="a@example.cn", at=world.at).data
    names = [one.name for one in made.files]
    centre = "示例大学知识产权信息服务中心"
    assert names[:5] == [
        f"汇总/{row.office.addressee}.pdf",
        f"01-{centre}/正文01.docx",
        f"01-{centre}/附表01.pdf",
        f"02-{centre}/正文02.docx",
        f"02-{centre}/附表02.pdf",
    ]
    assert b"%2F" not in mail
