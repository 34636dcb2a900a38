"""A real IMAP server for tests: Debian's Dovecot, on this machine only, with TLS and one mailbox."""

from __future__ import annotations

import contextlib
import imaplib
import os
import signal
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from shutil import chown, which

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.faults.waiting import until

USER, PASSWORD = "cases@cnipa.example", "s3cret p@ss/word"

_CONFIGURATION = """
base_dir = {folder}/run
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
default_vsz_limit = 0
first_valid_uid = 0
ssl = required
ssl_cert = <{folder}/cert.pem
ssl_key = <{folder}/key.pem
passdb {{
  driver = passwd-file
  args = scheme=PLAIN {folder}/users
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}/mail mail=maildir:{folder}/mail/Maildir
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    port = {port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""


@dataclass
class Post:
    """A running server. `certificate`: the file that whoever is to trust it needs."""

    folder: Path
    port: int
    certificate: Path
    process: subprocess.Popen[bytes] = field(repr=False, kw_only=True)

    def url(self, folder: str = "", password: str = PASSWORD) -> str:
        from urllib.parse import quote

        return f"imaps://{quote(USER, safe='')}:{quote(password, safe='')}@localhost:{self.port}/{quote(folder)}"

    def open(self) -> imaplib.IMAP4_SSL:
        """A connection of the mailbox's owner."""
        trusting = ssl.create_default_context(cafile=str(self.certificate))
        server = imaplib.IMAP4_SSL("localhost", self.port, ssl_context=trusting, timeout=10)
        server.login(USER, PASSWORD)
        return server

    def put(self, *mails: bytes, folder: str = "INBOX", came: datetime | None = None) -> None:
        """Let mails arrive."""
        server = self.open()
        for one in mails:
            stamp = imaplib.Time2Internaldate(came or datetime.now(UTC))
            status, said = server.append(folder, None, stamp, one)
            assert status == "OK", said
        server.logout()

    def flags(self, folder: str = "INBOX") -> list[bytes]:
        """What is marked on each mail that is there."""
        server = self.open()
        server.select(folder, readonly=True)
        _, said = server.uid("FETCH", "1:*", "(FLAGS)")
        server.logout()
        return [one for one in said if one]


@contextmanager
def dovecot(folder: Path) -> Iterator[Post]:
    """A server whose files lie in a folder. Raises RuntimeError with its log when it does not start."""
    program = which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    assert program, "dovecot is not here; deploy/system_parts.sh installs it"
    root = os.geteuid() == 0
    user, group = ("nobody", "nogroup") if root else (_name(os.geteuid()), _group(os.getegid()))
    port = _free()
    for one in ("mail", "run"):
        (folder / one).mkdir()
    if root:
        chown(folder / "mail", user, group)
        folder.chmod(0o755)
    certificate = _certificate(folder)
    (folder / "users").write_text(f"{USER}:{{PLAIN}}{PASSWORD}\n")
    (folder / "users").chmod(0o644)
    settings = folder / "dovecot.conf"
    settings.write_text(_CONFIGURATION.format(folder=folder, user=user, group=group, port=port))
    process = subprocess.Popen([program, "-F", "-c", str(settings)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        _wait(process, port, folder / "log")
        yield Post(folder, port, certificate, process=process)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    def answers() -> bool:
        if process.poll() is not None:
            raise RuntimeError(log.read_text() if log.exists() else "dovecot did not start")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
        return False

    until(answers)


def _free() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _name(uid: int) -> str:
    import pwd

    return pwd.getpwuid(uid).pw_name


def _group(gid: int) -> str:
    import grp

    return grp.getgrgid(gid).gr_name


def _certificate(folder: Path) -> Path:
    """A certificate for this machine, which is its own root."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]), False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    certificate = folder / "cert.pem"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return certificate
