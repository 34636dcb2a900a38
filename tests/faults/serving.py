"""Single processes of an installation, each started and stopped by itself, and a proxy before several web processes."""

from __future__ import annotations

import http.client
import json
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import requests

from tests.faults.site import ROOT, free_port
from tests.faults.waiting import PATIENCE, until

_FIGURE = re.compile(r"^(zhengji_\w+(?:\{[^}]*\})?) (\S+)$", re.MULTILINE)


@dataclass
class Started:
    """One `zhengji` process that goes on until it is told to stop. `log`: a file of its own. `root`: where the program lies."""

    words: Sequence[str]
    environ: Mapping[str, str]
    log: Path
    root: Path = ROOT

    def __post_init__(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "web.cli", *self.words],
                cwd=self.root,
                env={**self.environ, "PYTHONPATH": str(self.root)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    @property
    def lines(self) -> list[dict[str, str]]:
        """Its log."""
        said = self.log.read_text(encoding="utf-8").splitlines()
        return [json.loads(one) for one in said if one.startswith("{")]

    @property
    def mistakes(self) -> list[dict[str, str]]:
        return [one for one in self.lines if one["level"] in ("ERROR", "CRITICAL")]

    def says(self, word: str) -> bool:
        """Whether its log holds a word; it must not have ended."""
        assert self.process.poll() is None, self.log.read_text(encoding="utf-8")
        return word in self.log.read_text(encoding="utf-8")

    def until_ready(self) -> None:
        """A worker says that it runs."""
        until(lambda: self.says("后台任务已启动"))

    def ask_to_stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def stop(self) -> int:
        """Its exit code."""
        if self.process.poll() is None:
            self.ask_to_stop()
        return self.ended()

    def ended(self) -> int:
        """Its exit code, of one that was asked already: asked a second time it would leave at once."""
        return self.process.wait(120)


@dataclass
class Serving(Started):
    """`zhengji run` on a port."""

    port: int = field(default_factory=free_port)

    def __post_init__(self) -> None:
        self.words = ("run", "--port", str(self.port), *self.words)
        super().__post_init__()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def lacking(self) -> list[str] | None:
        """What keeps it from serving; None while it does not answer at all."""
        try:
            found: list[str] = requests.get(f"{self.address}/readyz", timeout=PATIENCE).json()["lacking"]
        except requests.ConnectionError:
            return None
        return found

    def until_ready(self) -> None:
        def ready() -> bool:
            assert self.process.poll() is None, self.log.read_text(encoding="utf-8")
            return self.lacking() == []

        until(ready)

    def listens(self) -> bool:
        """Whether it takes connections; nothing is asked."""
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE).close()
        except ConnectionRefusedError:
            return False
        return True

    def figures(self) -> dict[str, float]:
        """What it tells Prometheus."""
        told = requests.get(f"{self.address}/metrics", timeout=PATIENCE).text
        return {name: float(value) for name, value in _FIGURE.findall(told)}

    def children(self) -> list[int]:
        """Its web processes."""
        number = self.process.pid
        return [int(one) for one in Path(f"/proc/{number}/task/{number}/children").read_text().split()]


@contextmanager
def running(*processes: Started) -> Iterator[None]:
    """These processes, ready; whatever happens, they are gone afterwards."""
    try:
        for one in processes:
            one.until_ready()
        yield
    finally:
        for one in processes:
            one.stop()


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
                ready = requests.get(f"http://127.0.0.1:{port}/readyz", timeout=PATIENCE).status_code == 200
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
