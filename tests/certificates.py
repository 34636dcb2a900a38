"""A certification authority of the tests: keys, certificates and PKCS#12 files made on the spot, for every kind of flaw."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, pkcs12
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

UNIT = "示例大学"
PASSWORD = "打开-它 1234"


@dataclass(frozen=True)
class Issued:
    """A key with its certificate. `chain`: those above it."""

    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...] = ()

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    def pkcs12(self, password: str = PASSWORD) -> bytes:
        lock = BestAvailableEncryption(password.encode()) if password else NoEncryption()
        return pkcs12.serialize_key_and_certificates(b"seal", self.key, self.certificate, self.chain, lock)


def _name(unit: str, common: str) -> x509.Name:
    named = [x509.NameAttribute(NameOID.COUNTRY_NAME, "CN")]
    if unit:
        named.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, unit))
    return x509.Name([*named, x509.NameAttribute(NameOID.COMMON_NAME, common)])


@cache
def authority(name: str = "测试签章颁发机构") -> Issued:
    """A root, the same each time within a run."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(_name("测试机构", name))
        .issuer_name(_name("测试机构", name))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=3650))
        .not_valid_after(now + timedelta(days=3650))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return Issued(key, made)


def _usage(**uses: bool) -> x509.KeyUsage:
    none = dict.fromkeys(
        (
            *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
            *("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
        ),
        False,
    )
    return x509.KeyUsage(**{**none, **uses})


def between(name: str = "测试签章分支机构", *, by: Issued | None = None) -> Issued:
    """An authority under a root."""
    issuer = by or authority()
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(_name("测试机构", name))
        .issuer_name(issuer.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1000))
        .not_valid_after(now + timedelta(days=1000))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
        .sign(issuer.key, hashes.SHA256())
    )
    return Issued(key, made, (issuer.certificate, *issuer.chain))


def revoked_list(
    *revoked: Issued,
    by: Issued | None = None,
    days: tuple[int, int] = (-1, 6),
    since: int = -2,
    unsafe_since: int | None = None,
    reason: x509.ReasonFlags | None = None,
    more: int = 0,
    delta: bool = False,
) -> bytes:
    """An issuer's list of certificates revoked `since` so many days from today (CRL, DER).

    `days`: of when it is, and when the next one comes. `unsafe_since`: since when a key had not been safe. `more`: so many
    others stand in it.
    """
    issuer, now = by or authority(), datetime.now(UTC)
    made = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(now + timedelta(days=days[0]))
        .next_update(now + timedelta(days=days[1]))
    )
    for serial in [*(one.certificate.serial_number for one in revoked), *range(1, more + 1)]:
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now + timedelta(days=since))
        if reason is not None:
            entry = entry.add_extension(x509.CRLReason(reason), critical=False)
        if unsafe_since is not None:
            entry = entry.add_extension(x509.InvalidityDate(now + timedelta(days=unsafe_since)), critical=False)
        made = made.add_revoked_certificate(entry.build())
    if delta:
        made = made.add_extension(x509.DeltaCRLIndicator(1), critical=True)
    return made.sign(issuer.key, hashes.SHA256()).public_bytes(Encoding.DER)


def answer_of(
    issued: Issued,
    *,
    by: Issued | None = None,
    since: int | None = None,
    day: int = -1,
    signed_by: Issued | None = None,
) -> bytes:
    """An issuer's answer about a certificate (OCSP, DER): good, or revoked `since` so many days from today."""
    issuer, now = by or authority(), datetime.now(UTC)
    revoked = since is not None
    made = ocsp.OCSPResponseBuilder().add_response(
        cert=issued.certificate,
        issuer=issuer.certificate,
        algorithm=hashes.SHA256(),
        cert_status=ocsp.OCSPCertStatus.REVOKED if revoked else ocsp.OCSPCertStatus.GOOD,
        this_update=now + timedelta(days=day),
        next_update=now + timedelta(days=day + 7),
        revocation_time=now + timedelta(days=since) if since is not None else None,
        revocation_reason=None,
    )
    hand = signed_by or issuer
    made = made.responder_id(ocsp.OCSPResponderEncoding.HASH, hand.certificate)
    return made.sign(hand.key, hashes.SHA256()).public_bytes(Encoding.DER)


def with_store(data: bytes, *, lists: tuple[bytes, ...] = (), answers: tuple[bytes, ...] = ()) -> bytes:
    """A signed PDF with revocation lists and answers put into its security store (DSS), as other programs do it."""
    from asn1crypto import crl
    from asn1crypto import ocsp as answered
    from pyhanko.sign.validation.dss import DocumentSecurityStore

    out = io.BytesIO(data)
    DocumentSecurityStore.add_dss(
        output_stream=out,
        sig_contents=None,
        crls=[crl.CertificateList.load(one) for one in lists],
        ocsps=[answered.OCSPResponse.load(one) for one in answers],
    )
    return out.getvalue()


def seal_of(
    unit: str = UNIT,
    *,
    by: Issued | None = None,
    days: tuple[int, int] = (-30, 365),
    self_signed: bool = False,
    common: str = "",
    uses: dict[str, bool] | None = None,
    stamps: bool = False,
) -> Issued:
    """A unit's key for seals. `days`: from when until when its certificate is in force, from today. `stamps`: for time."""
    issuer = by or authority()
    key = rsa.generate_private_key(65537, 2048) if stamps else ec.generate_private_key(ec.SECP256R1())
    subject, now = _name(unit, common or f"{unit}电子印章"), datetime.now(UTC)
    purpose = x509.ExtendedKeyUsage(
        [ExtendedKeyUsageOID.TIME_STAMPING if stamps else ExtendedKeyUsageOID.EMAIL_PROTECTION]
    )
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if self_signed else issuer.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=days[0]))
        .not_valid_after(now + timedelta(days=days[1]))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(**(uses or {"digital_signature": True, "content_commitment": True})), critical=True)
        .add_extension(purpose, critical=stamps)
        .sign(key if self_signed else issuer.key, hashes.SHA256())
    )
    return Issued(key, made, () if self_signed else (issuer.certificate, *issuer.chain))


def roots_file(folder: Path, *issued: Issued) -> Path:
    path = folder / "roots.pem"
    path.write_bytes(b"".join(one.pem for one in issued))
    return path


def signed(
    paper: bytes,
    by: Issued,
    *,
    field: str = "Signature1",
    stamped_by: Issued | None = None,
    stamped_at: datetime | None = None,
    lists: tuple[bytes, ...] = (),
) -> bytes:
    """A PDF signed as other programs do it: by pyHanko's own interface, outside of any wall.

    `lists`: of revoked certificates, put among what is signed, as Adobe's programs do it.
    """
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import fields, signers

    how = signers.PdfSignatureMetadata(
        field_name=field,
        md_algorithm="sha256",
        subfilter=fields.SigSeedSubFilter.ADOBE_PKCS7_DETACHED if lists else fields.SigSeedSubFilter.PADES,
        embed_validation_info=bool(lists),
        validation_context=_context(lists) if lists else None,
    )
    out = io.BytesIO()
    stamper = _stamper(stamped_by, stamped_at) if stamped_by else None
    signers.sign_pdf(IncrementalPdfFileWriter(io.BytesIO(paper)), how, _simple(by), timestamper=stamper, output=out)
    return out.getvalue()


def _context(lists: tuple[bytes, ...]) -> Any:
    from asn1crypto.x509 import Certificate
    from pyhanko_certvalidator import ValidationContext

    return ValidationContext(
        trust_roots=[Certificate.load(authority().der)], crls=list(lists), revocation_mode="require"
    )


def _simple(by: Issued) -> Any:
    from pyhanko.sign import signers

    signer = signers.SimpleSigner.load_pkcs12_data(by.pkcs12(), other_certs=[], passphrase=PASSWORD.encode())
    assert signer is not None
    return signer


def _stamper(by: Issued, at: datetime | None) -> Any:
    """A time stamping service in this process, with a clock of its own."""
    from pyhanko.sign.timestamps import DummyTimeStamper

    signer = _simple(by)
    return DummyTimeStamper(signer.signing_cert, signer.signing_key, signer.cert_registry, fixed_dt=at)
