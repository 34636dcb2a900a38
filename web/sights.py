"""What a machine saw on a scan, as a screen shows it beside the scan."""

from __future__ import annotations

from dataclasses import astuple
from io import BytesIO
from typing import Any

from flask import render_template, send_file
from werkzeug.wrappers import Response

from web.errors import on_record
from web.request import files
from workflow import sealing
from workflow.downloads import NOT_THERE
from workflow.store.papers import Kept


def answer(template: str, **shown: Any) -> str | tuple[str, int]:
    """The page on which a seal is read, with the scan's hints; 422, and on record, where one of them bars it."""
    barring = next((one for one in shown["hints"] if one.bars), None)
    page = render_template(template, missing=False, barred=barring is not None, **shown)
    if barring is None:
        return page
    on_record(barring.text)
    return page, 422


def name(place: sealing.Place) -> str:
    """A place on a scan, as an address carries it."""
    return "-".join(str(one) for one in astuple(place))


def enlarged(scan: Kept, at: str) -> Response:
    """The picture of a place on a scan. Raises NoSuchCase where there is none."""
    where = sealing.place(at)
    picture = sealing.enlarged(files(), scan, where) if where else None
    if picture is None:
        raise NOT_THERE
    return send_file(BytesIO(picture), "image/png")
