"""Carrying a package into a folder of somebody else's machine: SFTP, with a host key that is known beforehand."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlparse

CONNECT, WHOLE = 15, 120
"""Seconds to be connected and let in, and for everything."""


@dataclass(frozen=True)
class Login:
    """How one is let in. `known_hosts`: file of the host keys that are believed; `key`: file of a private key."""

    known_hosts: str = ""
    key: str = ""
    password: str = field(default="", repr=False)


class Refused(Exception):
    """The other side did not take it. `code`: away, login, host, folder, silent or differs; `perhaps`: it may hold it."""

    def __init__(self, code: str, said: str, *, perhaps: bool = False) -> None:
        super().__init__(said)
        self.code = code
        self.perhaps = perhaps


def put(url: str, name: str, data: bytes, login: Login, *, instead: str = "") -> str:
    """Write a file under its name, whole or not at all, and read it back; `instead` is taken away. Gives what was seen.

    Raises Refused.
    """
    return asyncio.run(_within(url, login, lambda sftp, folder: _put(sftp, folder, name, data, instead)))


def look(url: str, name: str, login: Login) -> str:
    """SHA-256 of what stands there under a name, "" where nothing does. Raises Refused."""
    return asyncio.run(_within(url, login, lambda sftp, folder: _look(sftp, f"{folder}/{name}")))


async def _look(sftp: Any, target: str) -> str:
    if not await sftp.exists(target):
        return ""
    async with sftp.open(target, "rb") as opened:
        return hashlib.sha256(await opened.read()).hexdigest()


async def _within(url: str, login: Login, work: Callable[[Any, str], Awaitable[str]]) -> str:
    import asyncssh

    parts = urlparse(url)
    if not login.known_hosts:
        raise Refused("host", "no file of known hosts is set")
    begun = False
    try:
        async with asyncio.timeout(WHOLE):
            async with (
                asyncssh.connect(
                    parts.hostname or "",
                    parts.port or 22,
                    username=unquote(parts.username or ""),
                    password=login.password or None,
                    client_keys=[login.key] if login.key else [],
                    known_hosts=login.known_hosts,
                    config=None,
                    agent_path=None,
                    connect_timeout=CONNECT,
                    login_timeout=CONNECT,
                ) as connection,
                connection.start_sftp_client() as sftp,
            ):
                begun = True
                return await work(sftp, unquote(parts.path) or ".")
    except asyncssh.HostKeyNotVerifiable as problem:
        raise Refused("host", str(problem)) from problem
    except (asyncssh.PermissionDenied, asyncssh.KeyImportError, FileNotFoundError) as problem:
        raise Refused("login", str(problem)) from problem
    except (asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection, asyncssh.ConnectionLost) as problem:
        raise Refused("silent" if begun else "away", str(problem), perhaps=begun) from problem
    except asyncssh.SFTPError as problem:
        raise Refused("folder", str(problem)) from problem
    except (OSError, asyncssh.Error) as problem:  # TimeoutError is an OSError
        raise Refused("silent" if begun else "away", f"{type(problem).__name__}: {problem}", perhaps=begun) from problem


async def _put(sftp: Any, folder: str, name: str, data: bytes, instead: str) -> str:
    target, waiting = f"{folder}/{name}", f"{folder}/.{name}.{secrets.token_hex(8)}"
    await sftp.makedirs(folder, exist_ok=True)
    async with sftp.open(waiting, "wb") as opened:
        await opened.write(data)
    async with sftp.open(waiting, "rb") as opened:
        there = hashlib.sha256(await opened.read()).hexdigest()
    if there != hashlib.sha256(data).hexdigest():
        await sftp.remove(waiting)
        raise Refused("differs", f"{target} reads back with another digest: {there}")
    await sftp.posix_rename(waiting, target)
    if instead and await sftp.exists(f"{folder}/{instead}"):
        await sftp.remove(f"{folder}/{instead}")
    return there
