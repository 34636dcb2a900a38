"""Time stamps on checkpoints, from a real RFC 3161 service: OpenSSL's, behind HTTP on loopback."""

from __future__ import annotations

import base64
import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.worlds import World
from workflow.audit import log
from workflow.operation import timestamps
from workflow.settings import Settings, from_environment
from workflow.store.models import AuditEvent

pytestmark = pytest.mark.database

AT = datetime(2021, 3, 20, 4, 0, 7, tzinfo=UTC)

_CONFIGURATION = """
[tsa]
default_tsa = service
[service]
serial = {folder}/serial
signer_cert = {folder}/service.pem
signer_key = {folder}/service.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
ess_cert_id_chain = no
ess_cert_id_alg = sha256
[for_time]
basicConstraints = critical, CA:false
extendedKeyUsage = critical, timeStamping
keyUsage = critical, digitalSignature
[for_root]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
"""


def openssl(*words: str, given: bytes = b"") -> bytes:
    return subprocess.run(["openssl", *words], input=given, check=True, capture_output=True).stdout


@dataclass
class Service:
    """A time stamping service. `broken`: what it does instead of stamping, if anything."""

    folder: Path
    url: str = ""
    broken: str = ""
    served: int = 0

    def answer(self, query: bytes) -> bytes:
        self.served += 1
        if self.broken == "another":
            path = self.folder / "another.tsq"
            openssl("ts", "-query", "-digest", "ab" * 32, "-sha256", "-cert", "-out", str(path))
            query = path.read_bytes()
        if self.broken == "nonsense":
            return b"no time stamp"
        (self.folder / "query").write_bytes(query)
        return openssl(
            "ts",
            "-reply",
            "-config",
            f"{self.folder}/ts.cnf",
            "-section",
            "service",
            "-queryfile",
            f"{self.folder}/query",
        )


def certificates(folder: Path) -> None:
    folder.mkdir()
    (folder / "serial").write_text("01\n")
    (folder / "ts.cnf").write_text(_CONFIGURATION.format(folder=folder))
    key = ("-newkey", "rsa:2048", "-nodes", "-keyout")
    openssl("genrsa", "-out", f"{folder}/root.key", "2048")
    request = ("req", "-new", "-key", f"{folder}/root.key", "-subj", "/CN=Root of tests", "-out", f"{folder}/root.csr")
    openssl(*request)
    openssl(
        *("x509", "-req", "-in", f"{folder}/root.csr", "-signkey", f"{folder}/root.key", "-days", "36500"),
        *("-extfile", f"{folder}/ts.cnf", "-extensions", "for_root", "-out", f"{folder}/root.pem"),
    )
    openssl("req", "-new", *key, f"{folder}/service.key", "-subj", "/CN=Time of tests", "-out", f"{folder}/service.csr")
    openssl(
        *("x509", "-req", "-in", f"{folder}/service.csr", "-CA", f"{folder}/root.pem", "-CAkey", f"{folder}/root.key"),
        *("-CAcreateserial", "-days", "36500", "-extfile", f"{folder}/ts.cnf", "-extensions", "for_time"),
        *("-out", f"{folder}/service.pem"),
    )


@pytest.fixture(scope="module")
def issued(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tsa") / "one"
    certificates(folder)
    return folder


@pytest.fixture
def service(issued: Path) -> Iterator[Service]:
    with serving(Service(issued)) as made:
        yield made


@contextmanager
def serving(made: Service) -> Iterator[Service]:
    """The service behind HTTP on loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            answer = made.answer(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(500 if made.broken == "away" else 200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    made.url = f"http://127.0.0.1:{server.server_port}/"
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def settings(service: Service, tmp_path: Path) -> Settings:
    plain = from_environment({"ZHENGJI_HOME": str(tmp_path)})
    return replace(plain, timestamp_url=service.url, timestamp_roots=str(service.folder / "root.pem"))


@pytest.fixture
def signed(world: World, tmp_path: Path) -> log.Signed:
    signer = log.signer(world.database, tmp_path / "key.pem", AT)
    log.sequence(world.database)
    made = log.checkpoint(world.database, signer, AT)
    assert made is not None
    return made


def stamps(world: World) -> list[dict[str, str]]:
    with world.database.reading() as session:
        found = session.query(AuditEvent).filter(AuditEvent.action == timestamps.ACTION)
        return [json.loads(one.body) for one in found]


def test_a_checkpoint_is_stamped_and_openssl_agrees(
    world: World, settings: Settings, service: Service, signed: log.Signed, tmp_path: Path
) -> None:
    made = timestamps.stamp(settings, world.database, AT)
    assert made is not None
    assert (made.size, made.note) == (signed.size, signed.note)
    [said] = stamps(world)
    assert (said["size"], said["root"], said["note"]) == (signed.size, signed.root, signed.note)
    (tmp_path / "token").write_bytes(base64.b64decode(said["token"]))
    (tmp_path / "note").write_text(said["note"])
    told = openssl(
        *("ts", "-verify", "-in", str(tmp_path / "token"), "-data", str(tmp_path / "note")),
        *("-CAfile", str(service.folder / "root.pem")),
    )
    assert b"OK" in told


def test_a_day_is_stamped_once(world: World, settings: Settings, service: Service, signed: log.Signed) -> None:
    for hours in (0, 1, 2):
        timestamps.stamp(settings, world.database, AT + timedelta(hours=hours))
    assert (service.served, len(stamps(world))) == (1, 1)
    timestamps.stamp(settings, world.database, AT + timedelta(days=1))
    assert (service.served, len(stamps(world))) == (2, 2)


@pytest.mark.parametrize("broken", ["another", "nonsense", "away"])
def test_what_does_not_hold_is_not_recorded(
    world: World, settings: Settings, service: Service, signed: log.Signed, broken: str
) -> None:
    service.broken = broken
    with pytest.raises(timestamps.NotStamped):
        timestamps.stamp(settings, world.database, AT)
    assert stamps(world) == []


def test_a_stamp_under_another_root_does_not_hold(
    world: World, settings: Settings, signed: log.Signed, tmp_path: Path
) -> None:
    certificates(tmp_path / "other")
    with pytest.raises(timestamps.NotStamped):
        timestamps.stamp(replace(settings, timestamp_roots=str(tmp_path / "other/root.pem")), world.database, AT)
    assert stamps(world) == []


def test_a_missing_service_or_root_is_said(world: World, settings: Settings, signed: log.Signed) -> None:
    for wrong in (
        replace(settings, timestamp_url="http://127.0.0.1:1/"),
        replace(settings, timestamp_roots="/no/roots"),
    ):
        with pytest.raises(timestamps.NotStamped):
            timestamps.stamp(wrong, world.database, AT)


def test_without_a_service_or_a_checkpoint_nothing_is_stamped(world: World, settings: Settings) -> None:
    assert timestamps.stamp(settings, world.database, AT) is None
    assert timestamps.stamp(replace(settings, timestamp_url=""), world.database, AT) is None
