"""Electronic seals: a print signed for this once, a signed file from elsewhere, and both verified again at later steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from rules.facts import AWAITING, GOOD
from rules.names import same_name
from rules.words import Text
from states.reach import Actor
from workflow import papers
from workflow.documents import marks, signatures, signing
from workflow.incoming import sealing
from workflow.jobs.kinds import JobState
from workflow.jobs.queue import enqueue
from workflow.operation import timestamps
from workflow.settings import Settings
from workflow.store import batches as stored_batches
from workflow.store import cases as stored_cases
from workflow.store import jobs as stored_jobs
from workflow.store import papers as stored
from workflow.store.database import Database
from workflow.store.files import Absent, Damaged, Files
from workflow.store.models import SignatureCheck
from workflow.store.papers import Kept

_PDF = "application/pdf"


def made(
    settings: Settings,
    files: Files,
    paper: bytes,
    name: str,
    own: marks.Mark,
    unit: str,
    key: signing.Key,
    *,
    at: datetime,
) -> sealing.Proof:
    """Sign a print with the unit's key, have the signature stamped where a service is set, verify it and keep it.

    Where the service gives no stamp, the seal holds without one; its `stamped_at` is then empty. `at`: the real instant.
    Raises NotSealed.
    """
    signed = signing.sign(paper, own.kind, key, unit, at)
    data = _stamped(settings, signed)
    kept = papers.keep(files, "scan", name, data)
    roots = _roots(settings)
    found = signatures.looked_at(data, True, roots, at)
    _check(own, unit, found)
    return sealing.Proof(kept, found, at, roots.fingerprint)


def _stamped(settings: Settings, signed: signing.Signed) -> bytes:
    if not settings.timestamp_url:
        return signed.data
    try:
        token = timestamps.token_over(settings, signed.value)
    except timestamps.NotStamped:
        return signed.data
    return signing.stamped(signed.data, token) or signed.data


def proof(settings: Settings, files: Files, kept: Kept, *, at: datetime) -> sealing.Proof | None:
    """What the signature of a kept file comes to; None for one without. Good or bad: `check` says."""
    if kept.media_type != _PDF:
        return None
    roots = _roots(settings)
    found = signatures.looked_at(files.get(kept.digest), True, roots, at)
    return sealing.Proof(kept, found, at, roots.fingerprint) if found.kind == signatures.ELECTRONIC else None


def check_complete(complete: bool) -> None:
    """Raise NotSealed for content that is not yet what the call demands: nobody seals a draft."""
    if not complete:
        raise signing.NotSealed(
            Text(
                "内容还不符合通知的要求，打印出来是草稿，不能盖章。请先按案例页面上的提示补齐。",
                "The content is not yet what the call demands, so its print is a draft and cannot be sealed. First mend what "
                "the page of the case names.",
            )
        )


def check(own: marks.Mark, unit: str, one: sealing.Proof) -> None:
    """Raise NotSealed or NotThisPrint where an electronic seal does not hold, or not for this, saying why."""
    _check(own, unit, one.sealed)


def _check(own: marks.Mark, unit: str, found: signatures.Sealed) -> None:
    if found.barring is not None:
        raise signing.NotSealed(found.barring.text)
    if not same_name(found.unit, unit):
        raise signing.NotSealed(_OTHER_UNIT.fill(unit=found.unit, wanted=unit))
    if found.mark is None:
        raise signing.NotSealed(_NO_MARK)
    if found.mark != own:
        sealing.check(own, found.sighting)
        raise signing.NotSealed(_NO_MARK)


_OTHER_UNIT = Text(
    "电子印章是“{unit}”的，而这里要由“{wanted}”盖章，两者不是同一单位，没有采用。",
    "The electronic seal is that of “{unit}”, but it is “{wanted}” that has to seal; it was not taken.",
)
_NO_MARK = Text(
    "这份已签名的 PDF 上没有本系统现在这一稿的二维码，不知道签的是哪一份内容，没有采用。"
    "请从本页下载 PDF，签名后再上传。",
    "The signed PDF bears no QR code of the present version, so it is not known which content was signed, and it was not "
    "taken. Download the PDF from this page, sign that, and upload it.",
)


def issuers(settings: Settings) -> signatures.Roots:
    """Who may issue certificates for seals here, and what they revoked. Raises NoRoots."""
    return signatures.roots_from(settings.seal_roots, settings.timestamp_roots, settings.seal_crls)


def _roots(settings: Settings) -> signatures.Roots:
    """Who may issue certificates here. Raises NotSealed where a file that is set cannot be read: then nobody may."""
    try:
        return issuers(settings)
    except signatures.NoRoots as wrong:
        raise signing.NotSealed(
            Text(
                "服务器上登记认可的颁发机构或吊销名单的文件读不出来，不能验证电子印章。"
                "请告知管理员（ZHENGJI_SEAL_ROOTS、ZHENGJI_SEAL_CRLS）。",
                "The server's file of issuers that count, or of what they revoked, cannot be read, so no electronic seal can "
                "be verified. Tell the administrator (ZHENGJI_SEAL_ROOTS, ZHENGJI_SEAL_CRLS).",
            )
        ) from wrong


# ---- later steps -----------------------------------------------------------------------------------------------------


FEW = 10
"""Seals that are worked out anew while somebody waits; what more there is is left to background work."""


def verify_again(
    database: Database,
    files: Files,
    settings: Settings,
    *,
    seen_by: Actor,
    cases: Sequence[int] = (),
    batch: int | None = None,
) -> None:
    """Verify anew the electronic seals of cases, or of a batch and its lines, before a step that rests on them.

    Of what is out of somebody's reach nothing is looked at: reading and verifying is work.
    The bytes are read and held against their digest each time; what a signature comes to is the same for the same bytes,
    roots and instant, so this is worked out once by each process, and of many seals not again where it was found under
    the same roots. Where more than a few are to be worked out, they do not hold until background work has done so.
    The guards read what is written down here. Outside any transaction.
    """
    with database.reading() as session:
        found = stored.signed(session, cases, batch)
        if found:
            reached = batch is not None and stored_batches.one(session, batch, seen_by) is not None
            found = stored.signed(session, stored_cases.within(session, cases, seen_by), batch if reached else None)
    if not found:
        return
    roots = _readable_roots(settings)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        outcomes = list(pool.map(lambda one: _at_hand(files, roots, one, afresh=len(found) <= FEW), found))
        left = [place for place, outcome in enumerate(outcomes) if not outcome]
        if len(left) > FEW or roots is None:
            worked_out = [AWAITING] * len(left)
        else:
            worked_out = list(pool.map(lambda place: _worked_out(files, roots, found[place]), left))
    for place, outcome in zip(left, worked_out, strict=True):
        outcomes[place] = outcome
    _write(database, list(zip(found, outcomes, strict=True)), roots)


def verify_kept(
    database: Database,
    files: Files,
    settings: Settings,
    each: Callable[[Sequence[SignatureCheck], Callable[[SignatureCheck], object]], None],
) -> str:
    """Work out every electronic seal of which it is not written down what it comes to under the roots of now.

    `each`: does it for all of them, and says how far it is.
    """
    roots = _readable_roots(settings)
    if roots is None:
        return "the issuers cannot be read"
    with database.reading() as session:
        left = stored.outdated(session, roots.fingerprint, AWAITING)

    def verify(one: SignatureCheck) -> None:
        outcome = _at_hand(files, roots, one, afresh=False) or _worked_out(files, roots, one)
        _write(database, [(one, outcome)], roots)

    each(left, verify)
    return f"{len(left)} seals"


def _readable_roots(settings: Settings) -> signatures.Roots | None:
    try:
        return _roots(settings)
    except signing.NotSealed:
        return None


def _write(database: Database, told: Sequence[tuple[SignatureCheck, str]], roots: signatures.Roots | None) -> None:
    """Write down what is new; work for what is awaited is queued with it."""
    fingerprint = roots.fingerprint if roots else ""
    changed = [(one, outcome) for one, outcome in told if (outcome, fingerprint) != (one.outcome, one.roots)]
    awaited = any(outcome == AWAITING for _, outcome in told)
    if not changed and not awaited:
        return
    with database.transaction() as session:
        for one, outcome in changed:
            stored.checked(session, one.digest, outcome, one.unit, one.content, one.as_of, fingerprint)
        if awaited and not stored_jobs.counts(session, [_WORK], 1, _WAITING):
            enqueue(session, _WORK, f"{_WORK}/{fingerprint[:16]}/{datetime.now(UTC).isoformat()}")


_WORK = "verify_seals"
_WAITING = (JobState.QUEUED, JobState.WAITING)
"""Of work that is begun already it is not known whether it looks at what was just written down."""
_AT_ONCE = 4
_known: dict[tuple[str, datetime, str], str] = {}
_MOST_KNOWN = 10_000
_PASSING = (AWAITING, "unreadable", "roots_unreadable")
"""What was written down of a try, and says nothing about the signature."""


def _at_hand(files: Files, roots: signatures.Roots | None, one: SignatureCheck, *, afresh: bool) -> str:
    """What a seal comes to as far as no signature is worked out for it; "" where one must be."""
    try:
        files.get(one.digest)
    except (Absent, Damaged):
        return "unreadable"
    if roots is None:
        return "roots_unreadable"
    fingerprint = roots.fingerprint
    asked = (one.digest, one.as_of, fingerprint)
    if asked in _known:
        return _known[asked]
    settled = one.roots == fingerprint and one.outcome not in _PASSING and not one.outcome.startswith(_OF_THIS_TRY)
    return one.outcome if settled and not afresh else ""


_OF_THIS_TRY = "checker_"


def _worked_out(files: Files, roots: signatures.Roots, one: SignatureCheck) -> str:
    try:
        data = files.get(one.digest)
    except (Absent, Damaged):
        return "unreadable"
    found = signatures.looked_at(data, True, roots, one.as_of)
    outcome = GOOD if found.barring is None else found.barring.code
    if not outcome.startswith(_OF_THIS_TRY):
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        _known[one.digest, one.as_of, roots.fingerprint] = outcome
    return outcome
