"""What a machine saw on a scan, as a screen shows it beside the scan."""

from __future__ import annotations

from dataclasses import astuple
from io import BytesIO
from typing import Any

from flask import render_template, request, send_file
from werkzeug.wrappers import Response

from web.errors import on_record
from web.request import files
from workflow import downloads, electronic
from workflow.documents import signing
from workflow.engine import Text
from workflow.incoming import sealing
from workflow.store import papers


def answer(template: str, **shown: Any) -> str | tuple[str, int]:
    """The page on which a seal is read, with the scan's hints; 422, and on record, where one of them bars it."""
    barring = next((one for one in shown["hints"] if one.bars), None)
    page = render_template(template, missing=False, barred=barring is not None, **shown)
    if barring is None:
        return page
    on_record(barring.text)
    return page, 422


def of_proof(proof: sealing.Proof, own: sealing.Mark, unit: str) -> dict[str, Any]:
    """What a page shows of an electronic seal: `proof`, and in `hints` whatever is to be said, with what bars it."""
    try:
        electronic.check(own, unit, proof)
    except (signing.NotSealed, sealing.NotThisPrint) as wrong:
        return {"proof": proof, "hints": (sealing.Hint("not_sealed", wrong.message, bars=True),)}
    said = Text(
        f"电子印章有效，是“{proof.sealed.unit}”的，签的就是现在的内容。",
        f"The electronic seal holds: it is that of “{proof.sealed.unit}”, for the content that stands here now.",
    )
    notes = tuple(sealing.Hint(one.code, _ON_SCREEN.get(one.code, one.text)) for one in proof.sealed.troubles)
    return {"proof": proof, "hints": (sealing.Hint("matches", said), *notes)}


_ON_SCREEN = {
    "issuer_not_checked": Text(
        "本系统没有登记认可的颁发机构，所以没有核对证书由谁颁发。请您看清下面的颁发机构，再确认。",
        "No issuers that count are registered here, so who issued the certificate was not checked. Look at its issuer below "
        "before you confirm.",
    )
}
"""What a command says otherwise, to whoever can set it."""


def key() -> signing.Key:
    """The certificate file and its password that a form brings: read into memory for this request, and nowhere else."""
    sent = request.files.get("certificate")
    data = sent.stream.read(signing.LARGEST_KEY + 1) if sent and sent.filename else b""
    return signing.Key(data, request.form.get("key_password", ""))


def not_sealed(template: str, wrong: signing.NotSealed, **shown: Any) -> tuple[str, int]:
    """The page of sealing anew, with why nothing was sealed; on record."""
    on_record(wrong.message)
    return render_template(template, kept=None, missing=False, wrong=wrong.message, **shown), 422


def name(place: sealing.Place) -> str:
    """A place on a scan, as an address carries it."""
    return "-".join(str(one) for one in astuple(place))


def enlarged(scan: papers.Kept, at: str) -> Response:
    """The picture of a place on a scan. Raises NoSuchCase where there is none."""
    where = sealing.place(at)
    picture = sealing.enlarged(files(), scan, where) if where else None
    if picture is None:
        raise downloads.NOT_THERE
    return send_file(BytesIO(picture), "image/png")
