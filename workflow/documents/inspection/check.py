"""One file checked for its slot: its kind by content and structure, then a closer look by kind."""

from __future__ import annotations

import os
import re
from typing import IO, Any

from workflow.documents import limits
from workflow.documents.inspection import Done, Refused, archives
from workflow.documents.kinds import KINDS, sniff

_TEXTS = ("csv", "calendar", "text")


def check(data: bytes, kinds: tuple[str, ...], ending: str, *, any_link: bool = False, each: bool = False) -> Done:
    """Check a file for a slot that takes `kinds`, under a name with this ending. Raises Refused.

    `any_link`: links that a person would have to follow may lead anywhere; LibreOffice turns those without a scheme into
    files of the folder in which it converts. `each`: what is unfit in a package or a mail is told among its parts, with
    its code as `refused`, and does not refuse the whole.

    Answers `kind`; `cleaned` (a code) when the bytes that follow are what is to be used; for a package or a mail
    `parts`, whose bytes follow one after the other.
    """
    kind = _by_first_bytes(data, kinds, ending)
    if kind == "zip":
        return _archive(data, kinds, ending, any_link, each)
    if kind == "ole":
        from workflow.documents.inspection.compound import kind_and_check

        _agree(kind := kind_and_check(data, kinds), kinds, ending)
    else:
        _agree(kind, kinds, ending)
        said, payload = _look(data, kind, each)
        _check_single(data, kind)
        return {"kind": kind, **said}, payload
    _check_single(data, kind)
    return {"kind": kind}, b""


def check_attachment(file: IO[bytes], kinds: tuple[str, ...], ending: str, most: int) -> Done:
    """Check what may be a film, which is walked where it lies; of anything else at most so many bytes are held. Raises Refused."""
    from workflow.documents.inspection import films

    head = file.read(1024)
    film = films.kind_of(head)
    if film:
        _agree(film, kinds, ending)
        films.check(file, film)
        return {"kind": film}, b""
    if file.seek(0, os.SEEK_END) > most:
        if (kind := sniff(head)) not in kinds:
            raise Refused("wrong_kind", found=kind)
        raise Refused("too_large_for_its_kind", found=kind, most=most // limits.MIB)
    file.seek(0)
    return check(file.read(), kinds, ending)


def _by_first_bytes(data: bytes, kinds: tuple[str, ...], ending: str) -> str:
    kind = sniff(data[:1024])
    if not kind and "eml" in kinds:
        from workflow.documents.inspection.letters import is_mail

        return "eml" if is_mail(data) else ""
    if not kind:
        return next((one for one in _TEXTS if one in kinds and ending in KINDS[one].endings), "")
    return kind


def _agree(kind: str, kinds: tuple[str, ...], ending: str) -> None:
    if kind not in kinds:
        raise Refused("wrong_kind", found=kind)
    if ending not in KINDS[kind].endings:
        raise Refused("wrong_ending", found=kind)


def _look(data: bytes, kind: str, each: bool) -> Done:
    """A closer look at a file that is no container."""
    if kind == "pdf":
        from workflow.documents.inspection import pdf

        pdf.check(data)
    elif kind in ("jpeg", "png", "tiff", "gif"):
        from workflow.documents.inspection import pictures

        pictures.check(data, kind)
    elif kind == "rtf":
        from workflow.documents.inspection import richtext

        richtext.check(data)
    elif kind == "eml":
        from workflow.documents.inspection import letters

        return letters.parts(data, each=each)
    elif kind in _TEXTS:
        from workflow.documents.inspection import texts

        texts.check(data, kind)
    return {}, b""


_ANOTHER = re.compile(rb"Rar!\x1a\x07[\0\x01]|7z\xbc\xaf\x27\x1c\0")
_IN_A_PICTURE = re.compile(
    rb"%PDF-[12]\.\d|\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1|<script[\s>]|<html[\s>]|<\?php\s", re.IGNORECASE
)


def _check_single(data: bytes, kind: str) -> None:
    """No second file of another kind hides in the same bytes. Mails and texts are looked at part by part."""
    if kind in ("eml", *_TEXTS):
        return
    end = data.rfind(b"PK\x05\x06", max(0, len(data) - 22 - 0xFFFF))
    closes = end + 22 + int.from_bytes(data[end + 20 : end + 22], "little")
    # Old Office files hold their theme as a small archive; only one that ends the file would be opened as such.
    if end >= 0 and (closes == len(data) or (kind not in ("doc", "xls") and closes < len(data))):
        raise Refused("two_kinds_at_once")
    if _ANOTHER.search(data):
        raise Refused("two_kinds_at_once")
    if kind in ("jpeg", "png", "tiff", "gif") and _IN_A_PICTURE.search(data):
        raise Refused("two_kinds_at_once")


# Containers


def _archive(data: bytes, kinds: tuple[str, ...], ending: str, any_link: bool, each: bool) -> Done:
    from workflow.documents.inspection import opendocument

    members = archives.walk(data)
    names = {one.name for one in members}
    if "[Content_Types].xml" in names:
        if b"%PDF-" in data[:1024]:
            raise Refused("two_kinds_at_once")
        return _office(members, kinds, ending, any_link)
    if "mimetype" in names:
        kind = opendocument.kind_of(members)
        _agree(kind, kinds, ending)
        if b"%PDF-" in data[:1024]:
            raise Refused("two_kinds_at_once")
        opendocument.check(members, kind)
        return {"kind": kind}, b""
    _agree("zip", kinds, ending)
    return _package(members, each)


def _office(members: list[archives.Member], kinds: tuple[str, ...], ending: str, any_link: bool) -> Done:
    from workflow.documents.inspection import office
    from workflow.documents.inspection.parts import Budget

    package = office.opened(members, Budget(max(limits.XML_ELEMENTS.values())))
    kind = package.kind
    if kind == "docm":
        raise Refused("has_macros", part="[Content_Types].xml")
    _agree(kind, kinds, ending)
    if any_link:
        package.relations = [one for one in package.relations if not (one.external and one.kind == "hyperlink")]
    dropped = office.check(package, kind, Budget(limits.XML_ELEMENTS[kind]))
    if not dropped:
        return {"kind": kind}, b""
    from workflow.documents.inspection.cleaning import cleaned

    return {"kind": kind, "cleaned": "chart_data_dropped"}, cleaned(package, dropped)


_LEFT_BY_SYSTEMS = re.compile(r"(?:\A|/)(?:__MACOSX/|\.DS_Store\Z|Thumbs\.db\Z|desktop\.ini\Z|\._)", re.IGNORECASE)


def _package(members: list[archives.Member], each: bool) -> Done:
    """The papers in an archive; what a system leaves beside them is no paper."""
    papers = [one for one in members if not _LEFT_BY_SYSTEMS.search(one.name)]
    if not papers:
        raise Refused("empty_package")
    if len(papers) > limits.PACKAGE_FILES:
        raise Refused("too_many_attachments", most=limits.PACKAGE_FILES)
    told: list[dict[str, Any]] = []
    for one in papers:
        if sniff(one.data[:8]) in ("rar", "7z") or one.name.lower().endswith(
            (".zip", ".rar", ".7z", ".gz", ".tar", ".xz")
        ):
            if not each:
                raise Refused("archive_inside", part=one.name)
            told.append({"name": one.name, "size": 0, "refused": "archive_inside", "values": {"part": one.name}})
            continue
        told.append({"name": one.name, "size": len(one.data), "inline": False})
    return {"kind": "zip", "parts": told}, b"".join(
        one.data for one, of in zip(papers, told, strict=True) if "refused" not in of
    )
