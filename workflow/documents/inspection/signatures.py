"""Electronic signatures of a PDF (PAdES, ISO 32000): what each covers, who made it, and whether it holds."""

from __future__ import annotations

import io
import re
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import closing
from datetime import datetime
from typing import Any, TypeVar

from rules.call import BEIJING
from workflow.documents import limits
from workflow.documents.inspection import Done, Refused, revocation

T = TypeVar("T")


def signatures(
    data: bytes, *, roots: Sequence[bytes], stamp_roots: Sequence[bytes], lists: Sequence[bytes], at: datetime
) -> Done:
    """Judge every signature of a PDF as of `at`. Raises Refused.

    `roots`, `stamp_roots`: certificates (DER) that an issuer of signers and of time stamps must lead to; none: anybody
    may have issued them. `lists`: of certificates that were revoked (DER). Answers `signatures`: [{codes, notes, unit, name,
    issuer, from, until, signed_at, stamped_at, listed, revoked}], and `texts`: what on the pages looks like a mark of ours.
    """
    from pyhanko.pdf_utils.misc import PdfError
    from pyhanko.pdf_utils.reader import PdfFileReader

    try:
        reader = PdfFileReader(io.BytesIO(data))
        if reader.encrypted:
            raise Refused("encrypted")
        found = list(reader.embedded_regular_signatures)
    except (PdfError, ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError, NotImplementedError):
        if b"/ByteRange" not in data:
            return {"signatures": []}, b""
        return {"signatures": [{"codes": ["unreadable_signature"]}]}, b""
    if len(found) > limits.SIGNATURES:
        raise Refused("too_many_signatures", most=limits.SIGNATURES)
    trusted = _Trusted(_certificates(roots), _certificates(stamp_roots), at)
    told = [
        _judged(one, trusted, revocation.known(lists, reader, one), last=place == len(found))
        for place, one in enumerate(found, 1)
    ]
    return {"signatures": told, "texts": _texts(data) if told else []}, b""


class _Trusted:
    """Who may have issued certificates, and for which instant these must be good."""

    def __init__(self, roots: Sequence[Any], stamp_roots: Sequence[Any], at: datetime) -> None:
        self.roots, self.stamp_roots, self.at = roots, stamp_roots, at

    def context(self, roots: Sequence[Any], at: datetime) -> Any:
        from pyhanko_certvalidator import ValidationContext

        return ValidationContext(trust_roots=list(roots), moment=at, allow_fetching=False, revocation_mode="soft-fail")


def _certificates(ders: Sequence[bytes]) -> list[Any]:
    from asn1crypto import x509

    return [x509.Certificate.load(one) for one in ders]


def _judged(signature: Any, trusted: _Trusted, at_hand: revocation.Known, *, last: bool) -> dict[str, Any]:
    from pyhanko.sign.general import CMSExtractionError
    from pyhanko.sign.validation.errors import SignatureValidationError

    try:
        signer = signature.signer_cert
        if signer is None:
            return {"codes": ["unreadable_signature"]}
        told = _of_signer(signer)
        claimed = signature.self_reported_timestamp
        status = finished(_status(signature, trusted, trusted.at))
        stamp = status.timestamp_validity
        held = bool(stamp and stamp.intact and stamp.valid and stamp.trusted) and not _stamp_revoked(stamp, at_hand)
        at = stamp.timestamp if held else trusted.at
        if held:
            status = finished(_status(signature, trusted, at))
    except (CMSExtractionError, SignatureValidationError, ValueError, KeyError, TypeError, AttributeError) as wrong:
        return {"codes": [_of_error(wrong)]}
    codes = list(_codes(status, signer, at, last=last, roots=trusted.roots))
    if stamp is not None and not (stamp.intact and stamp.valid):
        codes.append("stamp_broken")
    if not codes and not status.bottom_line and (held or stamp is None):
        codes.append("not_trusted")
    known = finished(revocation.found(status.validation_path, at_hand, at)) if status.trusted else revocation.Found()
    gone = known.revoked is not None and known.revoked <= at
    return {
        **told,
        "codes": [*codes, "revoked"] if gone else codes,
        "notes": [
            *([] if held or stamp is None or "stamp_broken" in codes else ["stamp_not_checked"]),
            *([] if gone or known.issued is None else ["revoked_later" if known.revoked else "revocation_checked"]),
        ],
        "listed": day_of(known.issued) if known.issued else "",
        "revoked": day_of(known.revoked) if known.revoked else "",
        "signed_at": claimed.isoformat() if claimed else "",
        "stamped_at": stamp.timestamp.isoformat() if held else "",
    }


def _stamp_revoked(stamp: Any, at_hand: revocation.Known) -> bool:
    """Whether the certificate of who stamped the time had been revoked when it did; then it proves no time."""
    known = finished(revocation.found(stamp.validation_path, at_hand, stamp.timestamp))
    return known.revoked is not None and known.revoked <= stamp.timestamp


def _of_error(wrong: Exception) -> str:
    from pyhanko.sign.validation.errors import DisallowedAlgorithmError

    return "weak_algorithm" if isinstance(wrong, DisallowedAlgorithmError) else "unreadable_signature"


async def _status(signature: Any, trusted: _Trusted, at: datetime) -> Any:
    from pyhanko.sign.validation import async_validate_pdf_signature
    from pyhanko.sign.validation.settings import KeyUsageConstraints

    roots = trusted.roots or [_topmost(signature.signer_cert, signature.other_embedded_certs)]
    stamps = trusted.stamp_roots or trusted.roots
    return await async_validate_pdf_signature(
        signature,
        signer_validation_context=trusted.context(roots, at),
        ts_validation_context=trusted.context(stamps, trusted.at),
        key_usage_settings=KeyUsageConstraints(key_usage=set(_SIGNING), match_all_key_usages=False),
    )


_SIGNING = ("digital_signature", "non_repudiation")
"""What a certificate for seals is meant for: either will do (RFC 5280, 4.2.1.3)."""


def _topmost(signer: Any, others: Sequence[Any]) -> Any:
    """The last certificate of the chain that the file brings along: where no roots are given, it is taken for one."""
    chain = [signer]
    for _ in others:
        chain += [one for one in others if one.subject == chain[-1].issuer and one not in chain][:1]
    return chain[-1]


def finished(work: Coroutine[Any, Any, T]) -> T:
    """What a coroutine comes to, in the loop that was made before the walls went up."""
    import asyncio

    return asyncio.get_event_loop().run_until_complete(work)


def _codes(status: Any, signer: Any, at: datetime, *, last: bool, roots: Sequence[Any]) -> Iterator[str]:
    """Everything wrong with a signature, the gravest first."""
    wrong = _of_content(status, last)
    if wrong:
        yield wrong
    if at > signer.not_valid_after:
        yield "expired"
    elif at < signer.not_valid_before:
        yield "not_yet_valid"
    elif not status.trusted and status.intact and status.valid:  # else the library asks for no chain
        yield _of_trust(signer, roots)


def _of_content(status: Any, last: bool) -> str:
    """What is wrong with what a signature covers, "" for nothing."""
    from pyhanko.sign.diff_analysis import ModificationLevel
    from pyhanko.sign.validation.status import SignatureCoverageLevel

    if not status.intact:
        return "broken"
    if not status.valid:
        return "forged"
    if status.coverage < SignatureCoverageLevel.ENTIRE_REVISION:
        return "not_whole"
    unseen = (None, ModificationLevel.NONE, ModificationLevel.LTA_UPDATES)
    if last and status.coverage < SignatureCoverageLevel.ENTIRE_FILE and status.modification_level not in unseen:
        return "changed_after"
    return "" if status.docmdp_ok and status.seed_value_ok else "not_allowed"


def _of_trust(signer: Any, roots: Sequence[Any]) -> str:
    if not _signs(signer):
        return "wrong_purpose"
    if not roots:
        return "not_trusted"
    return "self_signed" if signer.self_issued else "unknown_issuer"


def _signs(signer: Any) -> bool:
    """Whether a certificate is meant for signing; one that names no purpose is."""
    uses = signer.key_usage_value
    return uses is None or bool(uses.native & set(_SIGNING))


def _of_signer(signer: Any) -> dict[str, str]:
    return {
        "unit": unit_of(signer),
        "name": _named(signer.subject, "common_name"),
        "issuer": _named(signer.issuer, "common_name", "organization_name"),
        "from": day_of(signer.not_valid_before),
        "until": day_of(signer.not_valid_after),
    }


def unit_of(certificate: Any) -> str:
    """The organisation that a certificate names, else whom it names."""
    return _named(certificate.subject, "organization_name", "common_name")


def _named(name: Any, *kinds: str) -> str:
    known = name.native
    for kind in kinds:
        value = known.get(kind)
        if value:
            return value if isinstance(value, str) else str(value[0])
    return ""


def day_of(moment: datetime) -> str:
    """The day in Beijing."""
    return f"{moment.astimezone(BEIJING):%Y-%m-%d}"


def _texts(data: bytes) -> list[str]:
    """Marks of ours in the words of the first pages."""
    import pypdfium2

    found: list[str] = []
    with closing(pypdfium2.PdfDocument(data)) as document:
        for at in range(min(len(document), limits.SIGHTED_PAGES)):
            with closing(document[at]) as page, closing(page.get_textpage()) as words:
                found += _MARK.findall("".join(words.get_text_bounded().split()))
    return found[:20]


_MARK = re.compile(r"ZHENGJI:1:[A-Z]{1,10}:[A-Z0-9-]{1,60}:\d{1,9}:[0-9A-F]{64}")
