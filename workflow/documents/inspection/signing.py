"""A PDF signed (PAdES B-B, ETSI EN 319 142-1) with a key that its holder brought for this once, and a time stamp put in."""

from __future__ import annotations

import io
import re
from datetime import datetime
from typing import Any

from rules.names import same_name
from workflow.documents.inspection import Done, Refused
from workflow.documents.inspection.signatures import day_of, finished, unit_of

FIELD = "ZhengjiSeal"
_ROOM = 24 * 1024
"""Bytes kept for the signature: a chain of certificates and a time stamp take about 12,000."""


def sign(
    paper: bytes,
    picture: bytes,
    key: bytes,
    password: bytes,
    *,
    unit: str,
    box: tuple[int, int, int, int],
    at: datetime,
) -> Done:
    """Sign a PDF with the key of a PKCS#12 file, its seal drawn at `box` (points) on the last page.

    The certificate must name `unit` and be in force at `at`. Raises Refused: "no_key_file", "wrong_key_password", "unknown_algorithm",
    "other_unit", "expired", "not_yet_valid". Answers `value`, the signature itself in hexadecimal, `unit` as the certificate names it, and the
    signed PDF.
    """
    signer = _signer(key, password)
    certificate = signer.signing_cert
    _check(certificate, unit, at)
    from PIL import Image
    from pyhanko.pdf_utils.images import PdfImage
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.pdf_utils.layout import AxisAlignment, SimpleBoxLayoutRule
    from pyhanko.sign import fields
    from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner
    from pyhanko.stamp import StaticStampStyle

    writer = IncrementalPdfFileWriter(io.BytesIO(paper))
    told = PdfSignatureMetadata(
        field_name=FIELD,
        md_algorithm="sha256",
        subfilter=fields.SigSeedSubFilter.PADES,
        certify=True,
        docmdp_permissions=fields.MDPPerm.NO_CHANGES,
        name=unit,
        reason="电子盖章",
    )
    place = fields.SigFieldSpec(FIELD, on_page=-1, box=box)
    middle = AxisAlignment.ALIGN_MID
    style = StaticStampStyle(
        background=PdfImage(Image.open(io.BytesIO(picture))),
        background_layout=SimpleBoxLayoutRule(x_align=middle, y_align=middle),
        border_width=0,
    )
    out = io.BytesIO()
    work = PdfSigner(told, signer, stamp_style=style, new_field_spec=place)
    finished(work.async_sign_pdf(writer, bytes_reserved=2 * _ROOM, output=out))
    signed = out.getvalue()
    value = _content(signed)[0]["content"]["signer_infos"][0]["signature"].native
    return {"value": value.hex(), "unit": unit_of(certificate)}, signed


def stamp(paper: bytes, token: bytes) -> Done:
    """Put a time stamp token (RFC 3161, DER) into the only signature of a PDF that `sign` made. Raises Refused."""
    from asn1crypto import cms

    content, start, end = _content(paper)
    signer = content["content"]["signer_infos"][0]
    signer["unsigned_attrs"] = cms.CMSAttributes(
        [cms.CMSAttribute({"type": "signature_time_stamp_token", "values": [cms.ContentInfo.load(token)]})]
    )
    written = content.dump(force=True).hex().encode()
    if len(written) > end - start:
        raise Refused("checker_garbled")
    return {}, paper[:start] + written.ljust(end - start, b"0") + paper[end:]


def _content(paper: bytes) -> tuple[Any, int, int]:
    """The signature of a PDF that `sign` made, and between which bytes it stands in hexadecimal."""
    from asn1crypto import cms

    [found] = re.findall(rb"/ByteRange\s*\[\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s*\]", paper)
    start, end = int(found[0]) + int(found[1]) + 1, int(found[2]) - 1
    return cms.ContentInfo.load(bytes.fromhex(paper[start:end].decode())), start, end


def _signer(key: bytes, password: bytes) -> Any:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from cryptography.hazmat.primitives.serialization import pkcs12
    from pyhanko.sign.signers import SimpleSigner

    try:
        private, certificate, _ = pkcs12.load_key_and_certificates(key, password or None)
    except UnsupportedAlgorithm as wrong:
        raise Refused("unknown_algorithm") from wrong
    except ValueError as wrong:
        raise Refused("wrong_key_password" if _is_pkcs12(key) else "no_key_file") from wrong
    if certificate is None or not isinstance(private, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise Refused("unknown_algorithm" if private is not None else "no_key_file")
    signer = SimpleSigner.load_pkcs12_data(key, other_certs=[], passphrase=password or None)
    if signer is None:
        raise Refused("no_key_file")
    return signer


def _is_pkcs12(key: bytes) -> bool:
    from asn1crypto import pkcs12

    try:
        return bool(pkcs12.Pfx.load(key)["version"].native == "v3")
    except (ValueError, TypeError):
        return False


def _check(certificate: Any, unit: str, at: datetime) -> None:
    named = unit_of(certificate)
    shown = {"unit": named, "from": day_of(certificate.not_valid_before), "until": day_of(certificate.not_valid_after)}
    if not same_name(named, unit):
        raise Refused("other_unit", wanted=unit, **shown)
    if at > certificate.not_valid_after:
        raise Refused("expired", **shown)
    if at < certificate.not_valid_before:
        raise Refused("not_yet_valid", **shown)
