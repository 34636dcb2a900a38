"""Passkeys as WebAuthn has them: what a browser is asked, and whether its answer holds. Who they belong to is in `factors`.

The library is large, and loaded with the first passkey.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import webauthn
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from workflow.store.models import Passkey, Person


@dataclass(frozen=True)
class Place:
    """For whom a passkey is made (a host), and where it may be used (an origin)."""

    host: str
    origin: str


def to_make(place: Place, person: Person, known: Sequence[Passkey], challenge: bytes) -> str:
    """What a browser needs to make a passkey for a person, as JSON."""
    options = webauthn.generate_registration_options(
        rp_id=place.host,
        rp_name="征集 Zhengji",
        user_id=f"zhengji-{person.id}".encode(),
        user_name=person.login,
        user_display_name=person.name,
        challenge=challenge,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.PREFERRED, user_verification=UserVerificationRequirement.PREFERRED
        ),
        exclude_credentials=_described(known),
    )
    return webauthn.options_to_json(options)


def made(place: Place, credential: Mapping[str, Any], challenge: bytes) -> tuple[str, bytes, int] | None:
    """(Identity, public key, uses so far) of a passkey that a browser made; None when the answer does not hold."""
    try:
        found = webauthn.verify_registration_response(
            credential=dict(credential),
            expected_challenge=challenge,
            expected_rp_id=place.host,
            expected_origin=place.origin,
        )
    except WebAuthnException:
        return None
    return bytes_to_base64url(found.credential_id), found.credential_public_key, found.sign_count


def to_prove(place: Place, known: Sequence[Passkey] | None, challenge: bytes) -> str:
    """What a browser needs to answer with a passkey, as JSON. `known` None: anybody's, which must then know its owner."""
    options = webauthn.generate_authentication_options(
        rp_id=place.host,
        challenge=challenge,
        allow_credentials=None if known is None else _described(known),
        user_verification=UserVerificationRequirement.PREFERRED
        if known is not None
        else UserVerificationRequirement.REQUIRED,
    )
    return webauthn.options_to_json(options)


def proved(
    place: Place, credential: Mapping[str, Any], challenge: bytes, key: Passkey, *, knows_its_owner: bool
) -> int | None:
    """How often the passkey was used, by its own count; None when the answer does not hold."""
    try:
        found = webauthn.verify_authentication_response(
            credential=dict(credential),
            expected_challenge=challenge,
            expected_rp_id=place.host,
            expected_origin=place.origin,
            credential_public_key=key.public_key,
            credential_current_sign_count=key.sign_count,
            require_user_verification=knows_its_owner,
        )
    except WebAuthnException:
        return None
    return found.new_sign_count


def _described(known: Sequence[Passkey]) -> list[PublicKeyCredentialDescriptor]:
    spoken = {one.value for one in AuthenticatorTransport}
    return [
        PublicKeyCredentialDescriptor(
            id=base64url_to_bytes(one.credential),
            transports=[AuthenticatorTransport(way) for way in one.transports if way in spoken] or None,
        )
        for one in known
    ]
