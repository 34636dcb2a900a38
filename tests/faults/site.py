"""A real installation on loopback that may be killed at any moment, and browsers in which people use it."""

from __future__ import annotations

import os
import random
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests

from tests.faults.country import Country
from tests.faults.players import Gone
from tests.faults.waiting import PATIENCE, until
from tests.web.conftest import KEY, PASSWORD, carried
from tests.workflow.receivers import Mailbox
from workflow.clock import BEIJING

ROOT = Path(__file__).parents[2]
WEB, WORKER = "web", "worker"


class Site:
    """`zhengji run`, and on PostgreSQL two processes of it and `zhengji worker` beside them."""

    def __init__(self, here: Country, mailbox: Mailbox) -> None:
        folder, database, port = here.world.folder, here.world.database, free_port()
        self.address = f"http://127.0.0.1:{port}"
        self.environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith("ZHENGJI_")},
            "ZHENGJI_HOME": str(folder),
            "ZHENGJI_DATABASE_URL": here.url,
            "ZHENGJI_OWNER_DATABASE_URL": "" if database.embedded else database.owner_url,
            "ZHENGJI_SECRET_KEY": KEY,
            "ZHENGJI_AUDIT_KEY": str(folder / "audit.key"),
            "ZHENGJI_SMTP_URL": mailbox.url,
            "ZHENGJI_MAIL_FROM": "office@province.example",
            "ZHENGJI_PUSH_URL": here.world.destination,
            "ZHENGJI_DEMO": "1",
            "ZHENGJI_CLOCK": f"{here.world.at.astimezone(BEIJING) + timedelta(days=1):%Y-%m-%d}",
            "ZHENGJI_ARGON2_TIME": "1",
            "ZHENGJI_ARGON2_MEMORY": "8",
        }
        serve = ("run", "--port", str(port), "--workers", "1" if database.embedded else "2")
        self._commands = {WEB: serve} if database.embedded else {WEB: serve, WORKER: ("worker",)}
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._log = folder / "site.log"

    def start(self) -> None:
        """Start what does not run, and wait until pages are served. Raises AssertionError when it ends by itself."""
        for name, words in self._commands.items():
            if name not in self._running:
                self._running[name] = self._started(*words)
        until(self._serves)

    def _started(self, *words: str) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "web.cli", *words],
                cwd=ROOT,
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _serves(self) -> bool:
        ended = [name for name, process in self._running.items() if process.poll() is not None]
        said = self._log.read_text(encoding="utf-8") if ended else ""
        if ended == [WEB] and "crash loop" in said.rpartition("Zhengji：")[2]:
            # its web process was killed twice within moments: whatever keeps services running starts it anew
            self._running[WEB] = self._started(*self._commands[WEB])
            return False
        assert not ended, f"{ended} ended: {said[-2000:]}"
        try:
            return requests.get(f"{self.address}/healthz", timeout=PATIENCE).ok
        except requests.RequestException:
            return False

    def strike(self, some: random.Random) -> str:
        """Kill something; says what. A web process alone is one that its own parent must notice and replace."""
        what = some.choice(["a web process", *self._commands, "everything"])
        if what == "a web process":
            os.kill(some.choice(self._web_processes()), signal.SIGKILL)
        else:
            self.kill(*(self._commands if what == "everything" else [what]))
        return what

    def _web_processes(self) -> list[int]:
        parent = self._running[WEB].pid
        return [int(one) for one in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]

    def kill(self, *names: str) -> None:
        """Kill these, or everything, with whatever they started."""
        for name in names or tuple(self._running):
            process = self._running.pop(name)
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def leave(self) -> None:
        """End as an operator ends it."""
        for process in self._running.values():
            process.terminate()
        ended = {name: process.wait(PATIENCE) for name, process in self._running.items()}
        self._running.clear()
        assert set(ended.values()) == {0}, f"{ended}: {self._log.read_text(encoding='utf-8')[-2000:]}"

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """What another `zhengji` command says of this installation."""
        line = [sys.executable, "-m", "web.cli", *words]
        return subprocess.run(line, cwd=ROOT, env=self.environ, capture_output=True, text=True, check=False)


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class SignedOut(AssertionError):
    """Somebody who had signed in is asked to sign in again."""


class Browser:
    """One person's browser: it keeps cookies, and sends nothing twice by itself."""

    def __init__(self, address: str, login: str) -> None:
        self._address = address
        self._login = login
        self._session = requests.Session()
        self._session.trust_env = False

    def sign_in(self) -> None:
        """Raises Gone."""
        shown = self.open("/sign-in").text
        [token] = set(re.findall(r'name="csrf_token" value="([^"]*)"', shown))
        answer = self._ask("POST", "/sign-in", data={"csrf_token": token, "login": self._login, "password": PASSWORD})
        assert answer.status_code == 302, answer.text

    def open(self, path: str) -> requests.Response:
        """Raises Gone, SignedOut."""
        return self._signed_in(self._ask("GET", path))

    def send(self, path: str, fields: Mapping[str, Any], **files: tuple[str, bytes]) -> requests.Response:
        """Send a form; where it asks who one is, say so. Raises Gone, SignedOut."""
        answer = self._signed_in(self._ask("POST", path, data=fields, files=files or None))
        if answer.status_code == 422 and 'id="again-form"' in answer.text:
            proved = {**carried(answer.text).to_dict(flat=False), "again": PASSWORD}
            answer = self._signed_in(self._ask("POST", path, data=proved))
        return answer

    def _ask(self, method: str, path: str, **more: Any) -> requests.Response:
        try:
            return self._session.request(
                method, f"{self._address}{path}", allow_redirects=False, timeout=PATIENCE, **more
            )
        except requests.RequestException as problem:
            raise Gone from problem

    def _signed_in(self, answer: requests.Response) -> requests.Response:
        if leads_to(answer) == "/sign-in":
            raise SignedOut(f"{self._login}: {answer.request.method} {answer.request.url}")
        return answer


def leads_to(answer: requests.Response) -> str:
    """The page to which a browser is sent on; "" where it is not."""
    return urlsplit(answer.headers.get("Location", "")).path


_RECEIPT = re.compile(r'<p class="flash flash-done">.*?<a href="[^"]*">([^<]+)</a> · <code>([0-9a-f]+)</code>')


def receipts(shown: str) -> tuple[tuple[str, int, str], ...]:
    """(stream, seq, hash) of the receipts that are said at the top of a page."""
    found = [(*unescape(number).rsplit("#", 1), digest) for number, digest in _RECEIPT.findall(shown)]
    return tuple((stream, int(seq), digest) for stream, seq, digest in found)
