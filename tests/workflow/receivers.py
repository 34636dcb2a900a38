"""Receiving ends for tests: a web server and a mail server that really listen, on this machine only."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

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
class Mailbox:
    """A mail server that keeps what it takes. `refuses`: address → the reply it is refused with."""

    url: str = ""
    taken: list[bytes] = field(default_factory=list)
    refuses: dict[str, str] = field(default_factory=dict)
    on_data: Callable[[], str] = lambda: "250 queued as 1"

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
