"""The site as `zhengji run` serves it, in processes of its own, and a proxy before several of them."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import requests

from tests.faults.waiting import until
from tests.web.conftest import KEY, PASSWORD, hidden

ROOT = Path(__file__).parents[2]
_FIGURE = re.compile(r"^(zhengji_\w+(?:\{[^}]*\})?) (\S+)$", re.MULTILINE)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@dataclass
class Site:
    """`zhengji run` on a database, as a demo on a day of the first phase."""

    url: str
    folder: Path
    port: int = field(default_factory=free_port)
    options: Sequence[str] = ()

    def __post_init__(self) -> None:
        settings = {
            "ZHENGJI_HOME": str(self.folder),
            "ZHENGJI_DATABASE_URL": self.url,
            "ZHENGJI_DEMO": "1",
            "ZHENGJI_CLOCK": "2021-03-19",
            "ZHENGJI_SECRET_KEY": KEY,
            "ZHENGJI_LOCK_SECONDS": "120",  # a test on a slow machine decides itself how long somebody waits
            "ZHENGJI_AUDIT_KEY": str(self.folder / "audit.key"),
        }
        command = [sys.executable, "-m", "web.cli", "run", "--port", str(self.port), *self.options]
        self._log = (self.folder / f"log-{self.port}").open("ab")
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=os.environ | settings, stdout=self._log, stderr=subprocess.STDOUT
        )

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> list[dict[str, str]]:
        """Lines of the log."""
        lines = (self.folder / f"log-{self.port}").read_text(encoding="utf-8").splitlines()
        return [json.loads(one) for one in lines if one.startswith("{")]

    def lacking(self) -> list[str] | None:
        """What keeps it from serving; None while it does not answer at all."""
        try:
            found: list[str] = requests.get(f"{self.address}/readyz", timeout=10).json()["lacking"]
        except requests.ConnectionError:
            return None
        return found

    def until_ready(self) -> None:
        def ready() -> bool:
            assert self.process.poll() is None, (self.folder / f"log-{self.port}").read_text(encoding="utf-8")
            return self.lacking() == []

        until(ready)

    def figures(self) -> dict[str, float]:
        """What it tells Prometheus."""
        told = requests.get(f"{self.address}/metrics", timeout=30).text
        return {name: float(value) for name, value in _FIGURE.findall(told)}

    def children(self) -> list[int]:
        """Its web processes."""
        number = self.process.pid
        return [int(one) for one in Path(f"/proc/{number}/task/{number}/children").read_text().split()]

    def ask_to_stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def stop(self) -> int:
        """Its exit code."""
        if self.process.poll() is None:
            self.ask_to_stop()
        code = self.process.wait(60)
        self._log.close()
        return code


@contextmanager
def served(*sites: Site) -> Iterator[None]:
    """These sites while they serve; whatever happens, they are gone afterwards."""
    try:
        for one in sites:
            one.until_ready()
        yield
    finally:
        for one in sites:
            one.stop()


# ---- a person at a browser -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shown:
    """What a form came to: the status in the end, and the receipt on the page."""

    status: int
    receipt: str
    hash: str
    page: str


class Browser:
    """Somebody signed in at a site, or through a proxy."""

    def __init__(self, address: str, login: str) -> None:
        self._address = address
        self._session = requests.Session()
        sent = hidden(self._get("/sign-in"), "/sign-in")
        answer = self._session.post(
            f"{address}/sign-in", data={**sent, "login": login, "password": PASSWORD}, timeout=60
        )
        assert answer.status_code == 200, answer.text

    def _get(self, path: str) -> str:
        return self._session.get(f"{self._address}{path}", timeout=180).text

    def form(self, path: str) -> dict[str, str]:
        """The form that is shown there."""
        return hidden(self._get(path), path)

    def send(self, path: str, fields: dict[str, str]) -> Shown:
        """Send a form, proving at once who one is, and follow where it leads."""
        answer = self._session.post(f"{self._address}{path}", data={**fields, "again": PASSWORD}, timeout=180)
        found = re.search(r'<a href="[^"]+">([^<#]+#\d+)</a> · <code>([0-9a-f]{64})</code>', answer.text)
        number, hashed = found.groups() if found else ("", "")
        return Shown(answer.status_code, number, hashed, answer.text)


# ---- a proxy ---------------------------------------------------------------------------------------------------------


class Proxy(ThreadingHTTPServer):
    """Passes requests on to whichever site says that it is ready, one after the other; never asks twice for the same."""

    daemon_threads = True

    def __init__(self, ports: Sequence[int]) -> None:
        super().__init__(("127.0.0.1", 0), _Passing)
        self._ready = dict.fromkeys(ports, False)
        self._turn = 0
        self._ended = threading.Event()
        self._running = [
            threading.Thread(target=self.serve_forever),
            *(threading.Thread(target=self._look, args=(port,)) for port in ports),
        ]

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def _look(self, port: int) -> None:
        while not self._ended.wait(0.1):
            try:
                ready = requests.get(f"http://127.0.0.1:{port}/readyz", timeout=5).status_code == 200
            except requests.RequestException:
                ready = False
            self._ready[port] = ready

    def is_ready(self, port: int) -> bool:
        return self._ready[port]

    def next(self) -> int:
        """The site whose turn it is. Raises LookupError when none is ready."""
        ready = [port for port, yes in self._ready.items() if yes]
        if not ready:
            raise LookupError
        self._turn += 1
        return ready[self._turn % len(ready)]

    @contextmanager
    def running(self) -> Iterator[Proxy]:
        for one in self._running:
            one.start()
        try:
            until(lambda: all(self._ready.values()))
            yield self
        finally:
            self._ended.set()
            self.shutdown()
            for one in self._running:
                one.join()
            self.server_close()


class _Passing(BaseHTTPRequestHandler):
    server: Proxy

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self._pass_on(b"")

    def do_POST(self) -> None:
        self._pass_on(self.rfile.read(int(self.headers["Content-Length"])))

    def _pass_on(self, body: bytes) -> None:
        try:
            behind = http.client.HTTPConnection("127.0.0.1", self.server.next(), timeout=180)
            behind.request(self.command, self.path, body, dict(self.headers.items()) | {"Connection": "close"})
            answer = behind.getresponse()
            data = answer.read()
        except (OSError, LookupError, http.client.HTTPException) as problem:
            self.send_error(502, repr(problem))
            return
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("connection", "transfer-encoding", "content-length"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
        behind.close()
