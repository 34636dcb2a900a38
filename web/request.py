"""What a screen asks about the request it serves: who, when, in which language, with which form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, cast
from uuid import uuid4

from flask import abort, current_app, g, request, session
from flask_login import current_user

from states.reach import Actor
from workflow import characters, clock
from workflow.documents.limits import REQUEST_WITH_ATTACHMENT
from workflow.engine import CannotServe, Text
from workflow.identity import sign_in
from workflow.settings import Settings
from workflow.store import pages
from workflow.store.database import Database
from workflow.store.files import Files

NOBODY = Actor(0, "")
LANGUAGES = ("zh", "en")
_KEY = re.compile(r"[A-Za-z0-9-]{1,40}")
_SHOWN_FOR = re.compile(r"-s[0-9]+$")
_MARK = re.compile(r"[0-9]{1,12}\.[0-9]{1,12}")


@dataclass(frozen=True)
class Installed:
    """What one installation of the program runs on."""

    database: Database
    files: Files
    settings: Settings


def installed() -> Installed:
    return cast(Installed, current_app.extensions["zhengji"])


@contextmanager
def transaction() -> Iterator[Any]:
    """A database session that may write; commits at the end, rolls back on any exception.

    What comes of a program's request names its token, refusals too.
    """
    token = token_id()
    with installed().database.transaction() as session:
        sign_in.by_token(session, token)
        yield session


def token_id() -> int:
    """The access token by which a program is known; 0 for a browser, and for nobody."""
    return getattr(current_user, "token_id", 0) if of_api() else 0


def reading() -> AbstractContextManager[Any]:
    """A database session that only reads."""
    return installed().database.reading()


def files() -> Files:
    return installed().files


def settings() -> Settings:
    return installed().settings


def actor() -> Actor:
    """The signed-in person in the roles held at this moment; without any role when nobody is signed in."""
    return current_user.actor if current_user.is_authenticated else NOBODY


def received() -> datetime:
    """The real instant at which the whole request had arrived, read once."""
    if "received" not in g:
        g.received = datetime.now(UTC)
    return cast(datetime, g.received)


def now() -> datetime:
    """The instant at which everything in this request is done, in UTC; in a demo, on the demo's day."""
    if "now" not in g:
        if settings().demo:
            with reading() as opened:
                g.now = clock.now(opened, settings(), received())
        else:
            g.now = received()
    return cast(datetime, g.now)


def today() -> date:
    """The day in Beijing."""
    return now().astimezone(clock.BEIJING).date()


def language() -> str:
    """ "zh" or "en": as last chosen by `?lang=`."""
    chosen = g.get("speaking") or session.get("language")
    return chosen if chosen in LANGUAGES else "zh"


@contextmanager
def speaking(one: str) -> Iterator[None]:
    """Say everything in this language meanwhile, whoever reads it."""
    g.speaking = one
    try:
        yield
    finally:
        g.pop("speaking", None)


def of_api() -> bool:
    """Whether a program asks: it is known by its token, sends JSON and is answered in JSON, in both languages."""
    return request.path.startswith("/api/v1/")


BODY_OF_PROGRAM = 1024 * 1024
"""Bytes that the body of a program's request may have; files are uploaded on screens alone."""


def keep_small() -> None:
    """Before anything of a program's request is read: its body is small."""
    if of_api():
        request.max_content_length = BODY_OF_PROGRAM


def take_large() -> None:
    """Before a form is read: the one that brings an attachment may be large, where somebody signed in sends it."""
    if request.endpoint == "attachments.put" and current_user.is_authenticated:
        request.max_content_length = REQUEST_WITH_ATTACHMENT


def choose_language() -> None:
    """Keep the language that `?lang=` names; anything else changes nothing."""
    wanted = request.args.get("lang")
    if of_api() or "speaking" in g:  # an address that has its own language changes nobody's
        return
    if wanted in LANGUAGES and wanted != session.get("language"):
        session["language"] = wanted


FIELDS = {
    "remark": Text("说明", "Remark"),
    "reason": Text("理由", "Reason"),
    "words": Text("内容", "Words"),
    "note": Text("附言", "Note"),
    "subject": Text("邮件标题", "Subject"),
    "title": Text("英文标题", "English title"),
    "summary": Text("英文摘要", "Summary"),
    "text": Text("英文全文", "Text"),
    "name": Text("名称", "Name"),
    "unit": Text("印章上的名称", "Name in the seal"),
    "foreword": Text("前言", "Foreword"),
}
"""What fields are called that people write words into."""
LARGEST = 2**63 - 1
"""The largest number that a database's column holds."""


_TELLS_ITSELF = ("cases.save",)
"""Forms that say beside each field what no file can hold."""


def refuse_unwritable() -> None:
    """What no database and no file can hold is refused at the door: a zero byte in an address or a name (400), a number
    that no row can have (404), and in a form any character that no Word or Excel file can hold (422)."""
    names = (*request.args.items(multi=True), *((name, "") for name in request.form))
    if any("\0" in name or "\0" in value for name, value in names):
        abort(400)
    if request.endpoint not in _TELLS_ITSELF:
        for name, value in request.form.items(multi=True):
            characters.check(value, FIELDS.get(name))
    places = (request.view_args or {}).values()
    if any("\0" in place if isinstance(place, str) else place > LARGEST for place in places):
        abort(404)


def number(value: str | None) -> int | None:
    """A number as sent by a form or an address; None where it is none that a row could have."""
    digits = value or ""
    fits = digits.isascii() and digits.isdigit() and len(digits) < 20 and int(digits) <= LARGEST
    return int(digits) if fits else None


def place() -> pages.Place:
    """Where in a list the page begins or ends."""
    return pages.Place(request.args.get("after", "")[:80], request.args.get("before", "")[:80])


def new_form_key() -> str:
    """For the hidden field: one per form shown, so that sending it twice has one effect; it says for whom it was shown."""
    return f"{uuid4().hex}{_standing()}"


def _standing() -> str:
    """How a form says that it was shown to a stand-in; "" to a person of their own."""
    standing = getattr(current_user, "standing", None)
    return f"-s{standing.id}" if standing else ""


class OtherCapacity(CannotServe):
    """A form that was shown to somebody as a stand-in, or not, and is sent otherwise (409)."""


def form_key() -> str:
    """The idempotency key of the form or request that was sent, apart for each person; "" when it brought none.

    Raises OtherCapacity when a stand-in's form is sent by somebody as themselves, or the other way about.
    """
    key = request.headers.get("Idempotency-Key", "") if of_api() else request.form.get("form_key", "")
    shown = _SHOWN_FOR.search(key)
    if not of_api() and key and (shown.group() if shown else "") != _standing():
        raise OtherCapacity(
            Text(
                "打开这个页面之后，您开始或结束了代办，没有办理。请重新打开页面，看清以谁的名义办理。",
                "Since this page was opened you began or ceased to stand in, so nothing was done. Open the page again.",
            )
        )
    return f"{actor().id}.{key}" if _KEY.fullmatch(key) else ""


def form_mark() -> str:
    """What the person was looking at (`mark`); "" when the form does not say, and then it approves nothing."""
    mark = request.form.get("mark", "")
    return mark if _MARK.fullmatch(mark) else ""
