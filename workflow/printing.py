"""The case document as a print (PDF): its text as it stands, tables and pictures, and which content of which case it is."""

from __future__ import annotations

import tempfile
from datetime import datetime
from pathlib import Path

from states.reach import Actor
from workflow import cases, lists
from workflow.audit import log
from workflow.documents import prints, template
from workflow.documents.compiling.book import Chapter
from workflow.incoming import sealing
from workflow.publishing import collecting
from workflow.store.database import Database
from workflow.store.files import Files


def case_document(database: Database, files: Files, case_id: int, *, actor: Actor, at: datetime) -> tuple[str, bytes]:
    """Name and PDF (A4) of a case as it stands; it says 草稿 on each page while the content is not what the call demands.

    Tables and pictures are those of its author's own file where that says just this, else the pictures that are kept; what
    could not be shown is said at the end of the print. Raises NoSuchCase, StoreAway.
    """
    with database.reading() as session:
        case = cases.find(session, case_id, actor)
        call, content = lists.call_of(session, case), lists.content_of(case)
        papers = collecting.Papers.of(session, case)
        draft = not cases.complete(session, case, actor=actor, at=at)
        newest = log.newest(session)
        theme = call.themes.get(content.theme)
        chapter = Chapter(
            number=case.number,
            title=template.one_line(content.title),
            centre=template.one_line(case.centre.name),
            region="",
            theme="",
            theme_line=template.one_line(content.theme_name or (theme.label.zh if theme else "")),
        )
        mark = sealing.mark_of_text(case)
    with tempfile.TemporaryDirectory(prefix="zhengji-print-") as folder:
        shop = collecting.Workshop(database, files, Path(folder), actor, len(papers.pictures), exact=True)
        gathered = shop.set(collecting.Gathered(chapter, mark.digest, open_to_all=False, call=call), content, papers)
        made = prints.case(
            call,
            gathered.chapter,
            Path(folder),
            mark=mark,
            record=f"留痕检查点 {newest.size}:{newest.root}" if newest else "",
            said=[one.zh for one in gathered.said],
            draft=draft,
        )
    return f"{case.number}_案例正文.pdf", made
