"""Papers to take away: blank ones of a call, filled ones of a case, and files as received."""

from __future__ import annotations

from datetime import datetime
from typing import IO

from sqlalchemy.orm import Session

from rules.call import Call
from rules.words import Text
from states.reach import Actor
from workflow import cases, lists, papers, personal, privacy
from workflow.audit import log
from workflow.cases import NoSuchCase
from workflow.documents import legacy, marks, origin, preview, prints, writing
from workflow.documents.problems import Unreadable
from workflow.documents.reading import Picture
from workflow.engine import CannotServe, NoLonger, OurLoss
from workflow.incoming import sealing
from workflow.operation import keeping
from workflow.store import calls as stored_calls
from workflow.store.database import Database
from workflow.store.files import Absent, Damaged, Files
from workflow.store.models import Case, Document
from workflow.store.papers import Kept

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

EXCEL_97 = "application/vnd.ms-excel"

NOT_THERE = NoSuchCase(
    Text("没有这个文件。请从案例页面下载。", "There is no such file. Download it from the case's page.")
)


class Lost(OurLoss):
    """A file that the register names and the document store does not give back (500). `problem`: what is wrong with it."""

    def __init__(self, problem: Absent | Damaged, name: str = "") -> None:
        what = Text(f"“{name}”", f"“{name}”") if name else Text("一个文件", "A file")
        super().__init__(
            Text(
                f"{what.zh}在文件库里找不到，或者已经损坏，所以没有给出。已经记录在案；请告知管理员从备份恢复。"
                "案例内容不受影响。",
                f"{what.en} is missing from the document store, or damaged, and so is not given out. This is on record;"
                " ask the administrator to restore it from a backup. The case itself is unharmed.",
            )
        )
        self.problem = problem


def _bytes(files: Files, digest: str, name: str) -> bytes:
    try:
        return files.get(digest)
    except (Absent, Damaged) as wrong:
        raise Lost(wrong, name) from wrong


def received_bytes(files: Files, digest: str, name: str) -> bytes:
    """The bytes under a digest. Raises Lost."""
    return _bytes(files, digest, name)


def on_record(database: Database, lost: Lost, *, actor: Actor, at: datetime) -> None:
    """Record that a file was refused because it does not read back."""
    keeping.unreadable(database, lost.problem, actor=actor, at=at)


def received(files: Files, document: Document) -> bytes:
    """The bytes of a file as it came. Raises Lost."""
    return _bytes(files, document.digest, document.name)


def template(session: Session, call_version: int) -> tuple[str, bytes]:
    """The blank case template of a call: name and .docx. Raises NoSuchCase when there is no such call."""
    return "案例模板.docx", writing.case_template(_call(session, call_version))


def blank_form(session: Session, call_version: int) -> tuple[str, bytes]:
    """The blank report form of a call: name and .xlsx. Raises NoSuchCase when there is no such call."""
    return "案例报送表.xlsx", writing.report_form(_call(session, call_version), {})


def _call(session: Session, call_version: int) -> Call:
    known = dict(lists.calls(session))
    if call_version not in known:
        raise NOT_THERE
    return stored_calls.call_of(session, call_version)


def case_document(session: Session, files: Files, case: Case) -> tuple[str, bytes]:
    """The case as it stands: name and .docx, marked with case and revision, so that it is known when it comes back.

    It is the author's own file with its tables and its looks, where title and text are still what came from it; else
    the call's template filled in, with the pictures.
    """
    call, content = lists.call_of(session, case), lists.content_of(case)
    name, mark = f"{case.number}_{_short(case.title) or '案例'}.docx", sealing.mark_of_text(case)
    current = papers.current(session, case)
    own = papers.own_document(session, case, current)
    if own is not None and own.media_type == WORD:
        return name, origin.stamped(_bytes(files, own.digest, own.name), mark)
    theme = call.themes.get(content.theme)
    pictures = tuple(
        Picture(one.name, one.media_type, _bytes(files, one.digest, one.name), one.caption, "")
        for one in reversed(current)  # they come the newest first
        if one.slot == "picture"
    )
    made = writing.case_document(
        call,
        writing.CaseContent(
            title=content.title,
            centre=case.centre.name,
            theme=content.theme_name or (theme.label.zh if theme else ""),
            sections=content.sections,
            pictures=pictures,
        ),
        mark,
    )
    return name, made


def report_form(session: Session, case: Case, *, actor: Actor, at: datetime) -> tuple[str, bytes]:
    """The report form of a case, filled in, ready to print and seal: name and .xlsx.

    It bears the mark of its content as a QR code, and 草稿 as long as the content is not yet what the call demands.
    Contacts are masked for those who do not handle the case.
    """
    call, values, note = _printed(session, case, actor)
    return f"{case.number}_报送表.xlsx", writing.report_form(
        call,
        values,
        note=note,
        code=marks.code(sealing.mark_of(case)),
        draft=not cases.complete(session, case, actor=actor, at=at),
    )


def report_form_pdf(session: Session, case: Case, *, actor: Actor, at: datetime) -> tuple[str, bytes]:
    """The same as PDF, to be sealed electronically."""
    call, values, note = _printed(session, case, actor)
    draft = not cases.complete(session, case, actor=actor, at=at)
    made = prints.form(call, values, mark=sealing.mark_of(case), note=note, draft=draft)
    return f"{case.number}_报送表.pdf", made


def _printed(session: Session, case: Case, actor: Actor) -> tuple[Call, dict[str, str], str]:
    """What a print of the form says, and how it is known again."""
    call = lists.call_of(session, case)
    values = lists.form_values(call, case)
    newest = log.newest(session)
    record = f"\n留痕检查点 {newest.size}:{newest.root}" if newest else ""
    note = f"{case.number} · 第 {case.revision} 稿 · {case.content[:12]}{record}"
    return call, values if privacy.handles(case, actor) else personal.masked_form(values), note


class NotMade(CannotServe):
    """A file in an old format that could not be made here (409)."""


def as_xls(name: str, data: bytes) -> tuple[str, bytes]:
    """A workbook of ours for old programs: name and .xls, made by LibreOffice. Raises NotMade."""
    try:
        return f"{name.removesuffix('.xlsx')}.xls", legacy.convert(name, data, "xlsx", "xls")
    except Unreadable as wrong:
        raise NotMade(
            Text(
                "现在不能另存为 .xls（需要服务器上的 LibreOffice）。请下载 .xlsx，在 Excel 或 WPS 里另存为 .xls。",
                "It cannot be made into .xls now (that takes LibreOffice on the server). Take the .xlsx and save it as"
                " .xls in Excel or WPS.",
            )
        ) from wrong


def _short(title: str) -> str:
    return "".join(sign for sign in title if sign not in '\\/:*?"<>|' and sign.isprintable())[:40]


def document(session: Session, case: Case, document_id: int) -> Document:
    """One file of a case. Raises NoSuchCase when it has none of that number."""
    found = next((one for one in papers.every(session, case) if one.id == document_id), None)
    if found is None:
        raise NOT_THERE
    return found


def readable(session: Session, case: Case, document_id: int, *, actor: Actor) -> Document:
    """A file of a case that this person may open. Raises NoSuchCase, NotPermitted, Erased."""
    found = document(session, case, document_id)
    privacy.check_open(case, found, actor)
    check_there(found)
    return found


def original(
    database: Database, files: Files, case_id: int, document_id: int, *, actor: Actor, at: datetime
) -> tuple[Document, IO[bytes]]:
    """A file as it was received, open; that it was opened goes on record. Raises NoSuchCase, NotPermitted, Erased, Lost.

    It is fetched between two transactions: a store that takes its time keeps nobody from writing.
    """
    with database.reading() as session:
        case = cases.find(session, case_id, actor)
        found = readable(session, case, document_id, actor=actor)
    data = opened(files, found)
    with database.transaction() as session:
        case = cases.find(session, case_id, actor)
        privacy.opened(session, found, actor=actor, at=at, case=case)
    return found, data


def opened(files: Files, document: Document) -> IO[bytes]:
    """The bytes of a file as it came, open at their beginning; whoever asked closes it. Raises Lost."""
    try:
        return files.fetch(document.digest)
    except (Absent, Damaged) as wrong:
        raise Lost(wrong, document.name) from wrong


class Erased(NoLonger):
    """A file that was thrown away because of what it said about a person (410)."""


def check_there(found: Document) -> None:
    """Raise Erased where the bytes of a file were thrown away."""
    if found.erased_at is not None:
        raise Erased(
            Text(
                f"“{found.name}”载有个人信息，已按规定删除；它的校验值仍在留痕里。",
                f"“{found.name}” held personal data and was erased; its digest still stands in the trail.",
            )
        )


def picture(session: Session, files: Files, case: Case, document_id: int, *, actor: Actor) -> bytes:
    """PNG of a picture; of a paper that bears contacts its first page, too small to be read. Raises NotPermitted, Erased."""
    found = readable(session, case, document_id, actor=actor)
    return small(files, found) if found.slot in privacy.WITH_CONTACTS else page(files, found)


def check_shown(one: Document) -> None:
    """Raise NoSuchCase for a file of a kind that is not shown page by page."""
    if not preview.drawn(one.media_type):
        raise NOT_THERE


def pages(files: Files, one: Document | Kept) -> int:
    """How many pages of a scan can be shown; 0 where none can, whatever is wrong with it. Raises Lost."""
    return preview.count(_bytes(files, one.digest, one.name), one.media_type)


def page(files: Files, one: Document | Kept, number: int = 1, width: int = preview.WIDTH) -> bytes:
    """PNG of one page of a scan, counted from 1. Raises Lost, and NoSuchCase where there is no such page."""
    shown = preview.page(_bytes(files, one.digest, one.name), one.media_type, number, width)
    if shown is None:
        raise NOT_THERE
    return shown


def small(files: Files, one: Document) -> bytes:
    """PNG of the first page of a scan, too small to be read."""
    return page(files, one, width=preview.SMALL)
