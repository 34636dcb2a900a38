"""Collections: the PDF against typst alone on the same source, and how PDF and Word files grow with their cases."""

from __future__ import annotations

import io
import json
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import typst
from PIL import Image
from sqlalchemy import select

from states.reach import SYSTEM
from tests import masses
from tests.make import call_2021
from tests.masses import Mass, Vocabulary
from tests.worlds import CALL_2021, settle
from workflow.documents.compiling.book import Chapter, as_data
from workflow.documents.compiling.pressing import press
from workflow.documents.compiling.typesetting import FACES, PARTS, STANDARD, TEMPLATE
from workflow.documents.reading import Picture
from workflow.documents.writing import CaseContent, case_document
from workflow.publishing import collecting, collection
from workflow.publishing.collecting import Gathered, Order, Wanted
from workflow.store import collection as stored
from workflow.store import schema
from workflow.store.database import Database
from workflow.store.files import Files
from workflow.store.models import Case

FEW, MANY = 100, 300
WORD_FEW, WORD_MANY = 40, 120
TURNS = 3
AT = datetime(2021, 7, 1, tzinfo=UTC)

Ratio = Callable[[float, float, str, str], dict[str, Any]]


def measured(ratio: Ratio) -> dict[str, Any]:
    """The PDF from the database to its bytes; Word files from their authors' own."""
    with tempfile.TemporaryDirectory(prefix="zhengji-bench-") as folder:
        few, many, bare = _pdf(Path(folder))
        short, long = _word(Path(folder))
    return {
        "collection_pdf_vs_typst": ratio(
            median(one / other for one, other in zip(many, bare, strict=True)),
            2.0,
            "max",
            f"{MANY} cases of about 1,000 字 out of the database: {min(many):.1f} s, typst alone {min(bare):.1f} s",
        ),
        "collection_pdf_growth": ratio(
            median(many) / median(few), 3.3, "max", f"{FEW} to {MANY} cases, {min(few):.1f} s to {min(many):.1f} s"
        ),
        "collection_word_growth": ratio(
            long / short,
            6.0,
            "max",
            f"{WORD_FEW} to {WORD_MANY} authors' files, {short:.1f} s to {long:.1f} s: docxcompose grows faster than they",
        ),
    }


def _pdf(folder: Path) -> tuple[list[float], list[float], list[float]]:
    """Seconds of few cases, of many, and of typst alone on the source of the many, in turn."""
    database = Database(f"sqlite:///{folder / 'cases.db'}")
    schema.upgrade(database)
    settle(database, CALL_2021)
    masses.fill(database, Mass(5 * MANY, 60, sentences=38), alike=False)
    files = Files((folder / "documents").as_uri())
    with database.reading() as session:
        found = select(Case.id).where(Case.state.in_([str(one) for one in collection.STATES])).order_by(Case.id)
        ids = list(session.scalars(found.limit(MANY)))
    if len(ids) != MANY:
        raise AssertionError(f"only {len(ids)} cases can be compiled")
    few, many, bare = [], [], []
    for turn in range(TURNS + 1):
        seconds = [_compiled(database, files, ids[:FEW]), _compiled(database, files, ids), _alone(database, files, ids)]
        if turn:  # the first warms everything
            for kept, one in zip((few, many, bare), seconds, strict=True):
                kept.append(one)
    database.close()
    return few, many, bare


_WANTED = Wanted("优秀案例集", (), "前言。", Order.THEME, ("pdf",))


def _compiled(database: Database, files: Files, ids: Sequence[int]) -> float:
    began = time.perf_counter()
    with collecting.workshop(database, files, ids, SYSTEM) as shop:
        gathered = [shop.gather(one) for one in ids]
        shop.press(gathered, _WANTED, _regions(database), at=AT)
        return time.perf_counter() - began


def _regions(database: Database) -> list[str]:
    with database.reading() as session:
        return stored.regions(session)


def _alone(database: Database, files: Files, ids: Sequence[int]) -> float:
    with collecting.workshop(database, files, ids, SYSTEM) as shop:
        gathered: list[Gathered] = [shop.gather(one) for one in ids]
        book, _ = collecting.bind(gathered, _WANTED, _regions(database), at=AT)
        (shop.folder / "book.json").write_text(json.dumps(as_data(book, 1_625_000_000), ensure_ascii=False), "utf-8")
        began = time.perf_counter()
        fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[FACES])
        compiler = typst.Compiler(PARTS.read_bytes() + TEMPLATE.read_bytes(), root=shop.folder, font_paths=fonts)
        compiler.compile(format="pdf", pdf_standards=STANDARD, timestamp=1_625_000_000)
        return time.perf_counter() - began


# ---- Word ------------------------------------------------------------------------------------------------------------


def _word(folder: Path) -> tuple[float, float]:
    """Seconds of one Word file of few authors' files and of many, each with a picture of its own."""
    vocabulary, call = Vocabulary(), call_2021()
    chapters = []
    for number in range(WORD_MANY):
        some = random.Random(number)
        picture = io.BytesIO()
        Image.frombytes("RGB", (160, 90), some.randbytes(160 * 90 * 3)).save(picture, "PNG")
        content = CaseContent(
            f"第{number}件",
            "示例中心",
            "支撑产业发展",
            {one.id: vocabulary.sentence(some, 100) for one in call.sections},
            (Picture("图.png", "image/png", picture.getvalue(), f"图{number}", "service"),),
        )
        (folder / f"case{number}.docx").write_bytes(case_document(call, content))
        chapters.append(
            Chapter(
                str(number),
                f"第{number}件",
                "示例中心",
                "示例省",
                "支撑产业发展",
                "支撑产业发展",
                word=f"case{number}.docx",
            )
        )
    return _bound(folder, chapters[:WORD_FEW]), _bound(folder, chapters)


def _bound(folder: Path, chapters: Sequence[Chapter]) -> float:
    call = call_2021()
    gathered = [Gathered(one, "", open_to_all=True, call=call) for one in chapters]
    book, _ = collecting.bind(gathered, replace(_WANTED, formats=("docx",)), (), at=AT)
    (folder / "book.json").write_text(json.dumps(as_data(book, 1_625_000_000), ensure_ascii=False), "utf-8")
    began = time.perf_counter()
    _, said = press("docx", folder)
    if said["unused"]:
        raise AssertionError(said)
    return time.perf_counter() - began
