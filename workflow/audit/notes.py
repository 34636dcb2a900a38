"""Checkpoints as signed notes: so many events, this root, at this time, under this key.

The text is what the transparency-log community calls a checkpoint (c2sp.org/tlog-checkpoint) in a signed note
(c2sp.org/signed-note): origin, size, root in Base64, one line of ours with the time, an empty line, an Ed25519 signature.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # 6 MiB, which pages that are only read do without
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_ED25519 = b"\x01"
_TEXT = re.compile(r"([^\n+\s]+)\n(0|[1-9]\d{0,18})\n([A-Za-z0-9+/]{43}=)\ntime (\S{20})\n")


class WrongNote(Exception):
    """A note that is none, is another log's, or that this key did not sign."""


@dataclass(frozen=True)
class Checkpoint:
    """What is signed. `root`: hex. `at`: when it was signed, to the second."""

    origin: str
    size: int
    root: str
    at: datetime

    @property
    def text(self) -> str:
        over = base64.b64encode(bytes.fromhex(self.root)).decode()
        return f"{self.origin}\n{self.size}\n{over}\ntime {self.at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}\n"


@dataclass(frozen=True)
class Key:
    """The log's public key. `origin`: the log's name, which is the name of its key too."""

    origin: str
    raw: bytes

    @property
    def id(self) -> bytes:
        return hashlib.sha256(f"{self.origin}\n".encode() + _ED25519 + self.raw).digest()[:4]

    @property
    def text(self) -> str:
        """As it is written down: origin+id+key. Raises nothing; `read_key` reads it back."""
        return f"{self.origin}+{self.id.hex()}+{base64.b64encode(_ED25519 + self.raw).decode()}"


def read_key(text: str) -> Key:
    """A public key as written down. Raises WrongNote."""
    origin, _, rest = text.strip().partition("+")
    said, _, encoded = rest.partition("+")
    try:
        raw = base64.b64decode(encoded, validate=True)
    except ValueError as wrong:
        raise WrongNote("the key is no Base64") from wrong
    key = Key(origin, raw[1:])
    if raw[:1] != _ED25519 or len(raw) != 33 or key.id.hex() != said:
        raise WrongNote("the key is no Ed25519 key, or was copied wrongly")
    return key


@dataclass(frozen=True)
class Signer:
    """The private key of one log; whoever holds it can sign whatever it likes, so only the sequencer reads it."""

    origin: str
    private: Ed25519PrivateKey

    @property
    def key(self) -> Key:
        return Key(self.origin, self.private.public_key().public_bytes_raw())

    def sign(self, checkpoint: Checkpoint) -> str:
        """The signed note."""
        signature = self.private.sign(checkpoint.text.encode())
        return f"{checkpoint.text}\n— {self.origin} {base64.b64encode(self.key.id + signature).decode()}\n"


def opened(note: str, key: Key) -> Checkpoint:
    """What a note says. Raises WrongNote when it is malformed, another log's, or not signed by this key."""
    text, found, signatures = note.partition("\n\n")
    text += "\n"
    said = _TEXT.fullmatch(text)
    if not found or said is None:
        raise WrongNote("this is no checkpoint")
    if said[1] != key.origin:
        raise WrongNote(f"a checkpoint of {said[1]}, not of {key.origin}")
    signed = re.fullmatch(r"— (\S+) ([A-Za-z0-9+/=]+)\n", signatures)
    if signed is None or signed[1] != key.origin:
        raise WrongNote("the checkpoint is not signed")
    try:
        raw = base64.b64decode(signed[2], validate=True)
    except ValueError as wrong:
        raise WrongNote("the signature is no Base64") from wrong
    if raw[:4] != key.id or base64.b64encode(raw).decode() != signed[2]:
        raise WrongNote("the checkpoint is signed by another key")
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(key.raw).verify(raw[4:], text.encode())
    except InvalidSignature as wrong:
        raise WrongNote("the signature is not the key's") from wrong
    return Checkpoint(
        said[1], int(said[2]), base64.b64decode(said[3]).hex(), datetime.strptime(said[4], "%Y-%m-%dT%H:%M:%S%z")
    )


def signer(path: Path, origin: str) -> Signer:
    """The log's private key from its file. Raises FileNotFoundError; WrongNote for a file that is no such key."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        private = load_pem_private_key(path.read_bytes(), None)
    except (ValueError, TypeError) as wrong:
        raise WrongNote(f"{path} holds no private key") from wrong
    if not isinstance(private, Ed25519PrivateKey):
        raise WrongNote(f"{path} holds no Ed25519 key")
    return Signer(origin, private)


def make_key(path: Path) -> None:
    """Write a new private key, readable by its owner only. Raises FileExistsError: a key is never overwritten."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    path.parent.mkdir(parents=True, exist_ok=True)
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())
