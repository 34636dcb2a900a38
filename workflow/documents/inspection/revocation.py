"""Whether certificates had been revoked, by what is at hand: lists (CRL, RFC 5280) and answers (OCSP, RFC 6960).

Nothing is fetched. What is old still proves that a certificate had been revoked; only that a hold was lifted needs what is newer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

_MOST = 50
"""Lists and answers that a file may bring along, each; more are passed over."""


@dataclass(frozen=True)
class Known:
    """What is at hand: lists (asn1crypto's CertificateList) and answers (OCSPResponse)."""

    lists: Sequence[Any] = ()
    answers: Sequence[Any] = ()


@dataclass(frozen=True)
class Found:
    """What is known of a chain of certificates. `issued`: of when the newest word about its last one is, None where there
    is none; `revoked`: when a certificate of it was, None for none."""

    issued: datetime | None = None
    revoked: datetime | None = None


@dataclass(frozen=True)
class _Word:
    """What one list or answer says of a certificate. `held`: revoked for the time being, which may be lifted."""

    issued: datetime
    revoked: datetime | None = None
    held: bool = False


@dataclass
class _Words:
    said: list[_Word] = field(default_factory=list)

    @property
    def issued(self) -> datetime | None:
        return max((one.issued for one in self.said), default=None)

    @property
    def revoked(self) -> datetime | None:
        """What was said for good counts whenever it was said: an issuer drops certificates that have expired."""
        counts = [one for one in self.said if not one.held or one.issued == self.issued]
        return min((one.revoked for one in counts if one.revoked), default=None)


def known(lists: Sequence[bytes], reader: Any, signature: Any) -> Known:
    """What was given (DER), and what a signed PDF brings along in its security store or its signature."""
    from asn1crypto import crl

    store_lists, store_answers = _in_store(reader)
    own_lists, own_answers = _in_signature(signature)
    return Known(
        [*(crl.CertificateList.load(one) for one in lists), *[*store_lists, *own_lists][:_MOST]],
        [*store_answers, *own_answers][:_MOST],
    )


def _in_store(reader: Any) -> tuple[list[Any], list[Any]]:
    """Lists and answers of the document's security store (DSS, ETSI EN 319 142-1); none of one that is malformed."""
    from asn1crypto import crl, ocsp
    from pyhanko.pdf_utils.misc import PdfError
    from pyhanko.sign.validation.dss import DocumentSecurityStore
    from pyhanko.sign.validation.errors import NoDSSFoundError

    try:
        store = DocumentSecurityStore.read_dss(reader)
        lists = [crl.CertificateList.load(one.get_object().data) for one in store.crls[:_MOST]]
        return lists, [ocsp.OCSPResponse.load(one.get_object().data) for one in store.ocsps[:_MOST]]
    except (NoDSSFoundError, PdfError, ValueError, KeyError, TypeError, AttributeError):
        return [], []


def _in_signature(signature: Any) -> tuple[list[Any], list[Any]]:
    """What Adobe's programs put among the signed attributes (ISO 32000-1, 12.8.3.3.2)."""
    try:
        for one in signature.signer_info["signed_attrs"]:
            if one["type"].native == "adobe_revocation_info_archival":
                archive = one["values"][0]
                return list(archive["crl"] or ()), list(archive["ocsp"] or ())
    except (ValueError, KeyError, TypeError, IndexError):
        pass
    return [], []


async def found(path: Any, at_hand: Known, at: datetime) -> Found:
    """What is known of a chain that leads to a root, each word verified against its issuer as of `at`."""
    issued, revoked = None, []
    for certificate in path.iter_certs(include_root=False):
        words = _Words([one async for one in _words(certificate, path, at_hand, at)])
        issued = words.issued
        if words.revoked:
            revoked.append(words.revoked)
    return Found(issued, min(revoked, default=None))


async def _words(certificate: Any, path: Any, at_hand: Known, at: datetime) -> Any:
    from pyhanko_certvalidator.revinfo.validate_crl import verify_crl
    from pyhanko_certvalidator.revinfo.validate_ocsp import verify_ocsp_response

    for one in at_hand.lists:
        context = _context(path, at, crls=[one])
        word = await _word(verify_crl(certificate, path, context, use_deltas=False), _day_of_list(one))
        if word is not None:
            yield word if word.revoked else _later(one, certificate, word, at)
    for one in at_hand.answers:
        context = _context(path, at, ocsps=[one])
        word = await _word(verify_ocsp_response(certificate, path, context), _day_of_answer(one))
        if word is not None:
            yield word


def _context(path: Any, at: datetime, **given: Any) -> Any:
    from pyhanko_certvalidator import ValidationContext
    from pyhanko_certvalidator.policy_decl import NO_REVOCATION, CertRevTrustPolicy, FreshnessReqType

    return ValidationContext(
        trust_roots=[path.first],
        other_certs=list(path.iter_certs(include_root=False)),
        moment=at,
        allow_fetching=False,
        revinfo_policy=CertRevTrustPolicy(
            NO_REVOCATION,  # of who signed a list: each certificate of the chain is asked for by itself
            freshness=timedelta(days=36_500),
            freshness_req_type=FreshnessReqType.MAX_DIFF_REVOCATION_VALIDATION,
        ),
        **given,
    )


async def _word(asked: Any, issued: datetime | None) -> _Word | None:
    """What was said; None by whom it is not to be said, or of something else."""
    from pyhanko_certvalidator.errors import CRLValidationError, OCSPValidationError, RevokedError, ValidationError

    if issued is None:
        asked.close()
        return None
    try:
        await asked
    except RevokedError as told:
        return _Word(issued, told.revocation_dt, told.reason.native == "certificate_hold")
    except (CRLValidationError, OCSPValidationError, ValidationError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return _Word(issued)


def _later(listed: Any, certificate: Any, word: _Word, at: datetime) -> _Word:
    """A list also says what happened after the instant that is asked about, and since when a key had not been safe."""
    from pyhanko_certvalidator.revinfo.validate_crl import find_cert_in_list

    revoked, reason = find_cert_in_list(certificate, certificate.issuer, listed, listed.issuer)
    if revoked is None or reason.native == "remove_from_crl":
        return word
    unsafe = min([revoked, *_unsafe_since(listed, certificate)])
    return _Word(word.issued, unsafe, reason.native == "certificate_hold")


def _unsafe_since(listed: Any, certificate: Any) -> Iterator[datetime]:
    for one in listed["tbs_cert_list"]["revoked_certificates"]:
        if one["user_certificate"].native == certificate.serial_number and one.invalidity_date_value:
            yield one.invalidity_date_value.native


def _day_of_list(listed: Any) -> datetime | None:
    try:
        day = listed["tbs_cert_list"]["this_update"].native
    except (ValueError, KeyError, TypeError):
        return None
    return day if isinstance(day, datetime) else None


def _day_of_answer(answer: Any) -> datetime | None:
    try:
        day = answer.basic_ocsp_response["tbs_response_data"]["produced_at"].native
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return day if isinstance(day, datetime) else None
