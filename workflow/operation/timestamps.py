"""Time stamps on checkpoints by a third party (RFC 3161): that the log was this long, and this, no later than then."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from rules.call import BEIJING
from states.reach import SYSTEM
from workflow.audit import log
from workflow.settings import Settings
from workflow.store import trail
from workflow.store.database import Database

ACTION = "system.timestamp"
_LARGEST = 1024 * 1024
_SECONDS = 30


class NotStamped(Exception):
    """The service gave no time stamp that holds; the job asks again later."""


@dataclass(frozen=True)
class Stamped:
    """A time stamp on a checkpoint. `token`: the service's answer, DER; `at`: the time that it says."""

    size: int
    note: str
    token: bytes
    at: datetime


def stamp(settings: Settings, database: Database, at: datetime) -> Stamped | None:
    """Have the newest checkpoint stamped, and put the stamp on record; once per day in Beijing and per checkpoint.

    None where no service is set, nothing is signed, or it is stamped already. Raises NotStamped.
    """
    with database.reading() as session:
        newest, before = log.newest(session), trail.last(session, _stream(at))
    if not settings.timestamp_url or newest is None or before is not None:
        return None
    made = asked(settings, newest.size, newest.note)
    data = {
        "size": newest.size,
        "root": newest.root,
        "note": newest.note,
        "token": base64.b64encode(made.token).decode(),
        "stamped_at": made.at.isoformat(),
        "service": settings.timestamp_url,
    }
    with database.transaction() as session:
        if trail.last(session, _stream(at)) is None:
            trail.append(session, [trail.Entry(_stream(at), ACTION, "done", at, SYSTEM, data)])
    return made


def _stream(at: datetime) -> str:
    """One stream a day: a second worker that stamps the same day finds it, or is refused by the chain."""
    return f"timestamps/{at.astimezone(BEIJING):%Y-%m-%d}"


def asked(settings: Settings, size: int, note: str) -> Stamped:
    """A time stamp over the text of a checkpoint, its signature verified under the service's root certificate.

    Raises NotStamped when the service is away, answers nonsense, or signs something else.
    """
    response = _over(settings, note.encode())
    return Stamped(size, note, response.as_bytes(), response.tst_info.gen_time)


def token_over(settings: Settings, data: bytes) -> bytes:
    """A time stamp token (DER) over any bytes, verified like the others. Raises NotStamped."""
    token: bytes = _over(settings, data).time_stamp_token()
    return token


def _over(settings: Settings, data: bytes) -> Any:
    # Loaded where they are needed: pages read stamps and ask for none.
    import requests
    from cryptography import x509
    from rfc3161_client import HashAlgorithm, TimestampRequestBuilder, VerificationError, VerifierBuilder
    from rfc3161_client import decode_timestamp_response as decoded

    request = TimestampRequestBuilder().data(data).hash_algorithm(HashAlgorithm.SHA256).build()
    try:
        roots = x509.load_pem_x509_certificates(Path(settings.timestamp_roots).read_bytes())
        answer = requests.post(
            settings.timestamp_url,
            data=request.as_bytes(),
            headers={"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"},
            timeout=_SECONDS,
        )
        answer.raise_for_status()
        if len(answer.content) > _LARGEST:
            raise NotStamped("the answer is too long")
        response = decoded(answer.content)
        verifier = VerifierBuilder.from_request(request)
        for root in roots:
            verifier = verifier.add_root_certificate(root)
        verifier.build().verify_message(response, data)
    except (requests.RequestException, OSError, ValueError, VerificationError) as wrong:
        raise NotStamped(f"{settings.timestamp_url}: {wrong}") from wrong
    return response
