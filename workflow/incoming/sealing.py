"""What a scan of a sealed print says about the case it is put to: the right paper, the right version, a seal to read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from rules.facts import GOOD
from rules.words import Text
from workflow.documents import sighting
from workflow.documents.marks import Mark
from workflow.documents.sighting import Place, Sighting
from workflow.documents.signatures import Sealed
from workflow.engine import WrongInput
from workflow.store import papers as stored
from workflow.store.files import Files
from workflow.store.papers import Kept

__all__ = [
    "Hint",
    "Mark",
    "NotThisPrint",
    "Place",
    "Proof",
    "Sighting",
    "checked",
    "enlarged",
    "hints",
    "look",
    "mark_of",
    "mark_of_batch",
    "mark_of_text",
    "on_record",
    "place",
]


class NotThisPrint(WrongInput):
    """A scan of another case's form, or of an earlier version of this one: no seal on it holds for what is here (422)."""


@dataclass(frozen=True)
class Hint:
    """One thing to be said about a scan, beside it. `code`: "matches", "no_code", "other_code", "other_case",
    "other_paper", "other_version", "several_papers", "no_seal", "grey", "not_looked"; `bars`: it cannot be confirmed."""

    code: str
    text: Text
    bars: bool = False


@dataclass(frozen=True)
class Proof:
    """A kept file whose electronic seal was verified. `as_of`: the real instant for which its certificate was good;
    `roots`: fingerprint of the root certificates."""

    kept: Kept
    sealed: Sealed
    as_of: datetime
    roots: str

    @property
    def listed(self) -> dict[str, Any]:
        """What an event says of it."""
        last = self.sealed.signatures[-1]
        return {
            "signer": last.unit,
            "issuer": last.issuer,
            "until": last.good_until,
            "stamped_at": last.stamped_at,
            "notes": [one.code for one in self.sealed.troubles],
        }


def checked(session: Session, proof: Proof) -> None:
    """Keep that the electronic seal of a file holds, for the guards of later steps. `electronic.check` saw to it."""
    content = proof.sealed.mark.digest if proof.sealed.mark else ""
    stored.checked(session, proof.kept.digest, GOOD, proof.sealed.unit, content, proof.as_of, proof.roots)


def mark_of(case: Any) -> Mark:
    """What a report form printed now says about itself."""
    return Mark("form", case.number.upper(), case.revision, case.content)


def mark_of_text(case: Any) -> Mark:
    """What a Word file of the case, taken away now, says about itself."""
    return Mark("case", case.number.upper(), case.revision, case.content)


def mark_of_batch(batch: Any, content: str) -> Mark:
    """What a summary table printed now says about itself. `content`: the digest of its list."""
    return Mark("summary", batch.number.upper(), 0, content)


def look(files: Files, scan: Kept) -> Sighting:
    """What a machine sees on a kept scan; for nothing of it a person's eyes are spared."""
    return sighting.look(files.get(scan.digest))


def place(words: str) -> Place | None:
    """A place on a scan as an address names it (“1-407-626-612-771”); None for anything else."""
    parts = words.split("-")
    return sighting.place_of([int(one) for one in parts if one.isascii() and one.isdigit() and len(one) < 5])


def enlarged(files: Files, scan: Kept, where: Place) -> bytes | None:
    """PNG of a seal on a kept scan; None where it cannot be drawn."""
    return sighting.enlarged(files.get(scan.digest), where)


def hints(own: Mark, seen: Sighting) -> tuple[Hint, ...]:
    """What is to be said about a scan that is put to the thing of this mark. `own`: of a print made now."""
    if not seen.looked:
        return (Hint("not_looked", _NOT_LOOKED),)
    return (_of_code(own, seen), *_of_seal(seen))


def check(own: Mark, seen: Sighting) -> None:
    """Raise NotThisPrint when the scan is of another paper, or of another version of this one."""
    for hint in hints(own, seen):
        if hint.bars:
            raise NotThisPrint(hint.text)


def on_record(own: Mark, seen: Sighting | None) -> dict[str, Any]:
    """What an event says of it: the codes of all hints."""
    return {} if seen is None else {"sighted": [one.code for one in hints(own, seen)]}


def _of_code(own: Mark, seen: Sighting) -> Hint:
    if not seen.marks:
        return Hint("other_code", _OTHER_CODE) if seen.others else Hint("no_code", _NO_CODE)
    if own.digest in {one.digest for one in seen.marks if (one.kind, one.number) == (own.kind, own.number)}:
        return Hint("several_papers", _SEVERAL) if len(seen.marks) > 1 else Hint("matches", _matches(own))
    return _another(own, seen.marks[0])


def _another(own: Mark, found: Mark) -> Hint:
    if found.kind != own.kind:
        return Hint(
            "other_paper",
            Text(
                f"二维码说这是{_KINDS[found.kind].zh} {found.number}，这里要的是{_KINDS[own.kind].zh}。请换一份扫描件。",
                f"Its QR code says that this is the {_KINDS[found.kind].en} {found.number}; what belongs here is the "
                f"{_KINDS[own.kind].en}. Choose another scan.",
            ),
            bars=True,
        )
    if found.number != own.number:
        return Hint(
            "other_case",
            Text(
                f"二维码说这是 {found.number} 的{_KINDS[own.kind].zh}，而这里是 {own.number}。"
                f"请换成 {own.number} 的扫描件，或到 {found.number} 的页面上传这一份。",
                f"Its QR code says that this is the {_KINDS[own.kind].en} of {found.number}, but this page is of "
                f"{own.number}. Choose the scan of {own.number}, or upload this one on the page of {found.number}.",
            ),
            bars=True,
        )
    versions = Text(f"（第 {found.revision} 稿）", f" (version {found.revision})") if found.revision else Text("", "")
    return Hint(
        "other_version",
        Text(
            f"这份{_KINDS[own.kind].zh}打印之后{versions.zh}，内容又有改动，上面的印章不能用于现在的内容。"
            "请重新下载、打印、盖章后上传。",
            f"The content changed after this {_KINDS[own.kind].en} was printed{versions.en}, so the seal on it cannot "
            "stand for what is here now. Download and print it again, have it sealed, and upload that.",
        ),
        bars=True,
    )


def _of_seal(seen: Sighting) -> tuple[Hint, ...]:
    if seen.seals:
        return ()
    return (Hint("grey", _GREY),) if seen.grey else (Hint("no_seal", _NO_SEAL),)


def _matches(own: Mark) -> Text:
    return Text(f"二维码与 {own.number} 现在的内容一致。", f"The QR code is that of {own.number} as it stands now.")


_KINDS = {
    "form": Text("案例报送表", "report form"),
    "summary": Text("案例汇总表", "summary table"),
    "case": Text("案例正文", "case document"),
}
_NO_CODE = Text(
    "扫描件上没有找到二维码，所以不能自动核对。请自己看清楚：表上的名称和内容与现在的一致，再确认。"
    "二维码在盖章处左侧；拍照时请拍全、拍清楚。",
    "No QR code was found on the scan, so it could not be matched. Check with your own eyes that title and content are "
    "those that stand here before you confirm. The code is left of the seal; have all of it, and sharp, in a photo.",
)
_OTHER_CODE = Text(
    "扫描件上的二维码不是本系统的，不能自动核对。请自己看清楚：表上的名称和内容与现在的一致，再确认。",
    "The QR code on the scan is not one of ours, so it could not be matched. Check with your own eyes that title and "
    "content are those that stand here before you confirm.",
)
_SEVERAL = Text(
    "扫描件里还有别的表。请确认您看的印章盖在这一份上；最好每份单独扫描上传。",
    "The scan holds other papers too. Make sure that the seal you read is on this one; better scan each by itself.",
)
_NO_SEAL = Text(
    "没有找到红色圆形印章。如果还没有盖章，请先盖章；如果盖了，请把印章拍全、拍清楚，或在下面按您看到的确认。",
    "No round red seal was found. If the paper is not sealed yet, have it sealed first; if it is, scan it with the whole "
    "seal, and sharp, or confirm below what you see.",
)
_GREY = Text(
    "扫描件上没有任何颜色，所以找不到红色印章。还没有盖章的，请先盖章；用黑白或灰度扫描的，请尽量改用彩色；"
    "能看清时，也可以在下面按您看到的确认。",
    "The scan has no colour at all, so no red seal was found. If the paper is not sealed yet, have it sealed first; if it "
    "was scanned in black and white, scan it in colour where you can, or confirm below what you see.",
)
_NOT_LOOKED = Text(
    "这个文件没能自动核对。请自己看清楚再确认。",
    "This file could not be looked at by the machine. Check it with your own eyes before you confirm.",
)
