"""Forms as a page shows them: every field with what stands in it, hidden ones included."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.web.conftest import send_fields


@dataclass
class Form:
    """One form of a page. `fields`: name → value as the browser would send it; `texts`: those that a person types."""

    method: str
    action: str
    fields: dict[str, str] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[Form] = []
        self._open: Form | None = None
        self._area = ""
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = Form(given.get("method", "get").lower(), given.get("action", ""))
            self.found.append(self._open)
        if self._open is None or (tag != "option" and not given.get("name")):
            return
        name, kind = given.get("name", ""), given.get("type", "text")
        if tag == "textarea":
            self._area = name
            self._open.fields[name] = ""
            self._open.texts.append(name)
        elif tag == "select":
            self._select = name
            self._open.fields[name] = ""
        elif tag == "option" and self._select and "selected" in given:
            self._open.fields[self._select] = given.get("value", "")
        elif tag == "input" and kind == "file":
            self._open.files.append(name)
        elif tag == "input" and (kind not in ("checkbox", "radio") or "checked" in given):
            self._open.fields[name] = given.get("value", "")
            if kind in ("text", "search", "email", "tel", "url"):
                self._open.texts.append(name)

    def handle_data(self, data: str) -> None:
        if self._open is not None and self._area:
            self._open.fields[self._area] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None
        elif tag == "textarea":
            self._area = ""
        elif tag == "select":
            self._select = ""


def forms(shown: str) -> list[Form]:
    """The forms of a page, in order."""
    parser = _Forms()
    parser.feed(shown)
    return parser.found


def form_to(shown: str, action: str) -> Form:
    """The form of a page that posts to an address, or to the page itself."""
    posted = [one for one in forms(shown) if one.method == "post"]
    return next((one for one in posted if one.action == action), None) or next(one for one in posted if not one.action)


def sent_as_shown(client: FlaskClient, shown: str, action: str, **changes: object) -> TestResponse:
    """Send the form of a page that was shown earlier, with some fields filled in; where it asks who one is, say so."""
    return send_fields(client, action, {**form_to(shown, action).fields, **changes})
