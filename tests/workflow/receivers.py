"""Receiving ends for tests: a web server and a mail server that really listen, on this machine only."""

from __future__ import annotations

import asyncio
import hashlib
import json
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from threading import Event, Thread
from typing import Any
from zipfile import ZipFile

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass
class Heard:
    """One request as the web server heard it."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Web:
    """A web server. `answers`: (status, words, further headers) for each request in turn, the last one for all after."""

    url: str
    heard: list[Heard] = field(default_factory=list)
    answers: list[tuple[int, bytes, dict[str, str]]] = field(default_factory=lambda: [(200, b"received", {})])

    def will_answer(self, *statuses: int, words: bytes = b"received", **headers: str) -> None:
        self.answers[:] = [(status, words, headers) for status in statuses]


@contextmanager
def web_server(trusted: ssl.SSLContext | None = None) -> Iterator[Web]:
    """A web server on a free port of this machine; with `trusted`, which holds its certificate, by HTTPS."""
    made: list[Web] = []

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            web = made[0]
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            web.heard.append(Heard(self.command, self.path, self.headers, body))
            status, words, headers = web.answers.pop(0) if len(web.answers) > 1 else web.answers[0]
            if status == 0:  # hang up without a word
                self.close_connection = True
                return
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0" if status == 204 else str(len(words)))
            self.end_headers()
            if status != 204:
                self.wfile.write(words)

        do_POST = do_DELETE = do_GET = _answer

        def log_message(self, *_: Any) -> None:
            """Nothing: the test reads what was heard."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        if trusted is not None:
            server.socket = trusted.wrap_socket(server.socket, server_side=True)
        scheme = "https" if trusted else "http"
        made.append(Web(f"{scheme}://127.0.0.1:{server.server_port}/cases"))
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield made[0]
        finally:
            server.shutdown()
            thread.join()


@dataclass
class Depot:
    """A receiver that keeps each idempotency key once, as docs/operations.md asks for, and tells what it holds.

    `manner`: how it answers what it took: "well", "never" (until `release` is set), "twice", "nonsense".
    """

    url: str = ""
    manner: str = "well"
    taken: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    """Idempotency key → (key of the push, package)."""
    heard: list[str] = field(default_factory=list)
    """Method and idempotency key, in the order of arrival."""
    release: Event = field(default_factory=Event)

    def told(self, key: str, data: bytes) -> bytes:
        return json.dumps({"key": key, "sha256": hashlib.sha256(data).hexdigest()}).encode()


@contextmanager
def depot() -> Iterator[Depot]:
    """A receiver on a free port of this machine. A push's key is the name under which it is asked for."""
    made = Depot()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            once, body = self.headers["Idempotency-Key"], self.rfile.read(int(self.headers["Content-Length"]))
            made.heard.append(f"POST {once}")
            with ZipFile(BytesIO(body)) as opened:
                key = json.loads(opened.read("manifest.json"))["key"]
            made.taken.setdefault(once, (key, body))
            if made.manner == "never":
                made.release.wait(20)
                self.close_connection = True
                return
            if made.manner == "nonsense":
                self._say(200, "text/html", b"<html>Sign in</html>")
                return
            for _ in range(2 if made.manner == "twice" else 1):
                self._say(201, "application/json", made.told(key, made.taken[once][1]))

        def do_GET(self) -> None:
            key = self.path.rpartition("/")[2]
            made.heard.append(f"GET {key}")
            held = [data for name, data in made.taken.values() if name == key]
            if held:
                self._say(200, "application/json", made.told(key, held[-1]))
            else:
                self._say(404, "application/json", b"{}")

        def do_DELETE(self) -> None:
            """Withdrawn: what was taken under the key is gone, and its idempotency keys stay used."""
            made.heard.append(f"DELETE {self.headers['Idempotency-Key']}")
            self.rfile.read(int(self.headers["Content-Length"]))
            gone = self.path.rpartition("/")[2]
            for once in [one for one, (name, _) in made.taken.items() if name == gone]:
                made.taken[once] = ("", b"")
            self._say(200, "application/json", b"{}")

        def _say(self, status: int, media_type: str, words: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(words)))
            self.end_headers()
            self.wfile.write(words)

        def log_message(self, *_: Any) -> None:
            """Nothing: the test reads what was heard."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        made.url = f"http://127.0.0.1:{server.server_port}/cases"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield made
        finally:
            made.release.set()
            server.shutdown()
            thread.join()


@dataclass
class Mailbox:
    """A mail server that keeps what it takes. `refuses`: address → the reply it is refused with."""

    url: str = ""
    taken: list[bytes] = field(default_factory=list)
    refuses: dict[str, str] = field(default_factory=dict)
    on_data: Callable[[], str] = lambda: "250 queued as 1"
    silent: float = 0
    """Seconds that it lets pass after it took a mail, before it says so."""

    @property
    def mails(self) -> list[Message]:
        return [message_from_bytes(one) for one in self.taken]

    async def handle_MAIL(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address in self.refuses:
            return self.refuses[address]
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address in self.refuses:
            return self.refuses[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        reply = self.on_data()
        if reply.startswith("250"):
            assert isinstance(envelope.original_content, bytes)
            self.taken.append(envelope.original_content)
            await asyncio.sleep(self.silent)
        return reply


class _Anywhere(Controller):
    """Listens on whatever port is free."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def mail_server(box: Mailbox | None = None, port: int = 0, most: int = 2**25) -> Iterator[Mailbox]:
    """A mail server on a free port of this machine, or on this one. `most`: bytes of a mail, which it says."""
    box = box or Mailbox()
    controller = _Anywhere(box, hostname="127.0.0.1", port=port, data_size_limit=most)
    controller.start()
    box.url = f"smtp://127.0.0.1:{controller.port}"
    try:
        yield box
    finally:
        controller.stop()
