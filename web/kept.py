"""Public pages as they were last made, sent again as long as nothing was written since."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock

from flask import Flask, Response, current_app, request

from web.request import installed

MOST, LARGEST = 256, 100_000
"""Pages that are kept, and bytes that one may have: some megabytes in all, as pages have about ten thousand."""
SECONDS = 5.0
"""For how long a page is sent again although another process may have written meanwhile."""
PAGES = ("public", "public_en")


@dataclass(frozen=True)
class Kept:
    """A page, how much had been written when it was made, and until when it is sent again."""

    body: bytes
    tag: str
    written: int
    until: float


@dataclass
class Pages:
    """The pages that one process keeps, those least asked for given up first."""

    kept: OrderedDict[str, Kept] = field(default_factory=OrderedDict)
    lock: Lock = field(default_factory=Lock)

    def find(self, address: str, written: int) -> Kept | None:
        with self.lock:
            found = self.kept.get(address)
            if found is None or found.written != written or found.until < time.monotonic():
                return None
            self.kept.move_to_end(address)
            return found

    def keep(self, address: str, page: Kept) -> None:
        with self.lock:
            self.kept[address] = page
            self.kept.move_to_end(address)
            while len(self.kept) > MOST:
                self.kept.popitem(last=False)


def install(app: Flask) -> None:
    """After the headers, which are added to what is kept as to everything."""
    app.extensions["zhengji_pages"] = Pages()
    app.before_request(_again)
    app.after_request(_remember)


def _again() -> Response | None:
    environ = request.environ
    if not environ["PATH_INFO"].startswith("/public") or request.blueprint not in PAGES or request.method != "GET":
        return None
    at = installed()
    written = at.database.written  # before anything of it is read
    found = at_hand().find(_address(), written)
    if found is None:
        environ[_WRITTEN] = written
        return None
    answer = Response(found.body, mimetype="text/html")
    answer.set_etag(found.tag)
    return answer


_WRITTEN = "zhengji.written"
"""Where a request for a page that is made now keeps how much had been written before."""


def at_hand() -> Pages:
    """The pages of this application."""
    kept: Pages = current_app.extensions["zhengji_pages"]
    return kept


def _address() -> str:
    return f"{request.environ['PATH_INFO']}?{request.environ.get('QUERY_STRING', '')}"


def _remember(response: Response) -> Response:
    written = request.environ.get(_WRITTEN)
    if written is None or response.status_code != 200 or response.mimetype != "text/html":
        return response
    body = response.get_data()
    if len(body) <= LARGEST:
        response.add_etag()
        at_hand().keep(_address(), Kept(body, response.get_etag()[0] or "", written, time.monotonic() + SECONDS))
    return response
