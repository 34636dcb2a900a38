"""An S3 server of our own for tests: SeaweedFS in a folder that goes away, on this machine only."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from urllib.request import urlopen

import obstore
import pytest
from obstore.store import S3Store

KEY, SECRET = "zhengji", "a secret of tests only"
ENVIRONMENT = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": "us-east-1"}
_KEYS = {"access_key_id": KEY, "secret_access_key": SECRET, "region": "us-east-1"}
_SERVER = Path(sys.executable).with_name("weed")


class Bucket:
    """A server whose buckets are made at the first writing. What speaks S3 can be stopped, held and started again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count(1)
        s3, *ports = _free_ports(8)
        self.endpoint = f"http://127.0.0.1:{s3}"
        identity = {"name": KEY, "credentials": [{"accessKey": KEY, "secretKey": SECRET}], "actions": ["Admin"]}
        (folder / "who.json").write_text(json.dumps({"identities": [identity]}))
        here = ("-ip=127.0.0.1", "-ip.bind=127.0.0.1")
        asked = {"master.port": 0, "master.port.grpc": 1, "volume.port": 2, "volume.port.grpc": 3}
        asked |= {"filer.port": 4, "filer.port.grpc": 5}
        self._store = self._run(
            *("server", f"-dir={folder}", *here, "-filer", f"-filer.localSocket={folder / 'filer.sock'}"),
            *("-master.telemetry=false", "-master.volumeSizeLimitMB=64", "-volume.max=40"),
            *(f"-{name}={ports[place]}" for name, place in asked.items()),
        )
        self._gate_words = (
            *("s3", "-ip.bind=127.0.0.1", f"-port={s3}", f"-port.grpc={ports[6]}", "-iam=false"),
            *(f"-filer=127.0.0.1:{ports[4]}.{ports[5]}", f"-config={folder / 'who.json'}"),
            *("-port.iceberg=0", "-port.lance=0"),
        )
        self._gate = self._open()
        # The first writing makes the bucket and its volumes, which takes a second or two.
        first = S3Store("zhengji", endpoint=self.endpoint, client_options={"allow_http": True}, **_KEYS)
        obstore.put(first, "first", b"")

    def url(self) -> str:
        """A place in which nothing lies yet."""
        return f"s3://zhengji/{next(self._numbers)}/documents"

    def close(self) -> None:
        for one in (self._gate, self._store):
            one.kill()
            one.wait()

    @contextmanager
    def away(self) -> Iterator[None]:
        """Nobody listens."""
        self._gate.kill()
        self._gate.wait()
        try:
            yield
        finally:
            self._gate = self._open()

    @contextmanager
    def held(self) -> Iterator[None]:
        """It takes connections and says nothing."""
        self._gate.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._gate.send_signal(signal.SIGCONT)

    def _open(self) -> subprocess.Popen[bytes]:
        """What speaks S3, once it answers. Raises RuntimeError with the log when it does not within a minute."""
        made = self._run(*self._gate_words)
        for _ in range(300):
            try:
                urlopen(f"{self.endpoint}/healthz", timeout=1).close()
                return made
            except OSError:
                if _over(made, 0.2):
                    break
        made.kill()
        self._store.kill()
        raise RuntimeError((self._folder / "log").read_text()[-4000:])

    def _run(self, *words: str) -> subprocess.Popen[bytes]:
        with (self._folder / "log").open("ab") as log:
            return subprocess.Popen([_SERVER, *words], stdout=log, stderr=log, cwd=self._folder)


def _over(process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Whether it has ended, or does within so many seconds."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def _free_ports(number: int) -> list[int]:
    with ExitStack() as opened:
        found = [opened.enter_context(socket.socket()) for _ in range(number)]
        for one in found:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in found]


@pytest.fixture(scope="session")
def bucket_server() -> Iterator[Bucket]:
    """An S3 server that lives as long as this run."""
    with tempfile.TemporaryDirectory(prefix="zhengji-s3-", ignore_cleanup_errors=True) as name:
        made = Bucket(Path(name))
        try:
            yield made
        finally:
            made.close()


@pytest.fixture
def bucket(bucket_server: Bucket, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """The server, with its keys in this process's environment."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    return bucket_server


def environment(more: Mapping[str, str]) -> dict[str, str]:
    """The environment of a process that may use the server."""
    return {**os.environ, **ENVIRONMENT, **more}
