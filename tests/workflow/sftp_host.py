"""An SFTP server for tests that really listens, on this machine only, and shows one folder."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any

import asyncssh

from workflow.interchange.delivery import Access

USER, PASSWORD = "liaison", "sftp-password"


@dataclass(frozen=True)
class Host:
    """`root`: what its visitors see as the root; `client_key`: a private key that lets in."""

    url: str
    root: Path
    access: Access
    client_key: Path


class _Door(asyncssh.SSHServer):
    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == (USER, PASSWORD)


@contextmanager
def sftp_server(folder: Path) -> Iterator[Host]:
    """A server on a free port, with a host key of its own."""
    root = folder / "abroad"
    root.mkdir()
    host_key, client_key = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
    client_key.write_private_key(str(folder / "client"))
    client_key.write_public_key(str(folder / "authorized"))

    def visit(channel: Any) -> asyncssh.SFTPServer:
        return asyncssh.SFTPServer(channel, chroot=str(root).encode())

    async def listen() -> asyncssh.SSHAcceptor:
        return await asyncssh.listen(
            "127.0.0.1",
            0,
            server_factory=_Door,
            server_host_keys=[host_key],
            authorized_client_keys=str(folder / "authorized"),
            sftp_factory=visit,
            allow_scp=False,
        )

    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever)
    thread.start()
    server = asyncio.run_coroutine_threadsafe(listen(), loop).result(10)
    try:
        port = server.sockets[0].getsockname()[1]
        known = folder / "known_hosts"
        known.write_text(f"[127.0.0.1]:{port} {host_key.export_public_key().decode()}")
        access = Access(secret=PASSWORD, known_hosts=str(known))
        yield Host(f"sftp://{USER}@127.0.0.1:{port}/incoming", root, access, folder / "client")
    finally:
        asyncio.run_coroutine_threadsafe(_closed(server), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _closed(server: asyncssh.SSHAcceptor) -> None:
    server.close()
    await server.wait_closed()
    others = [one for one in asyncio.all_tasks() if one is not asyncio.current_task()]
    for one in others:
        one.cancel()
    await asyncio.gather(*others, return_exceptions=True)
