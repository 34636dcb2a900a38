"""A sheet that somebody brought and was shown row by row: remembered by a signed note until it is confirmed."""

from __future__ import annotations

from io import BytesIO

from flask import current_app, request, send_file
from itsdangerous import BadSignature, URLSafeTimedSerializer
from werkzeug.wrappers import Response

from web.request import actor, files
from workflow import downloads
from workflow.documents.problems import Unreadable, unreadable
from workflow.store import papers

_HOURS = 12
"""As long as a sign-in."""


def note(kind: str, kept: papers.Kept) -> str:
    """What the form of a preview carries. `kind`: of sheet; a note of another kind is none."""
    return _notes(kind).dumps([actor().id, kept.name, kept.digest])


def noted(kind: str) -> tuple[str, bytes]:
    """The sheet that was shown to this person: name and bytes. Raises Unreadable."""
    try:
        person, name, digest = _notes(kind).loads(request.form.get("note", ""), max_age=_HOURS * 3600)
    except BadSignature:
        raise _lost() from None
    if person != actor().id:
        raise _lost()
    return name, files().get(digest)


def _lost() -> Unreadable:
    return unreadable(
        "worklist_lost",
        "找不到刚才预览的清单，请重新上传。",
        "The list that was shown is not there any more; upload it again.",
    )


def _notes(kind: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(str(current_app.config["SECRET_KEY"]), salt=kind)


def sent(data: bytes, name: str) -> Response:
    """A sheet as a download."""
    return send_file(BytesIO(data), downloads.EXCEL, as_attachment=True, download_name=name)
