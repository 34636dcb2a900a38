"""`zhengji run`: the site, in one web process or several."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import click

from web.commands.telling import Refusal, refusals
from workflow import settings as configured
from workflow.operation import processes
from workflow.settings import Settings

if TYPE_CHECKING:
    from workflow.store.database import Database

FINISHING = 20
"""Seconds that requests have to come to their end when the site stops."""


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True)
@click.option(
    "--workers",
    default=1,
    show_default=True,
    type=click.IntRange(1),
    help="网页进程数（多个须用 PostgreSQL）/ web processes (several need PostgreSQL)",
)
@click.option(
    "--threads", default=8, show_default=True, type=click.IntRange(1), help="每个进程的线程数 / threads of each process"
)
@click.option(
    "--drain",
    default=0.0,
    show_default=True,
    type=click.FloatRange(0),
    help="收到 SIGTERM 后先报“未就绪”、照常服务的秒数，好让代理改派 / seconds after SIGTERM in which it serves on and is"
    " not ready, for a proxy to send others elsewhere",
)
def run(host: str, port: int, workers: int, threads: int, drain: float) -> None:
    """启动网站；空文件夹先建库，演示模式先放入演示数据。 / Serve; set an empty folder up first.

    \b
    例 Example:  ZHENGJI_DEMO=1 zhengji run --port 8000
    """
    settings = configured.from_environment()
    if settings.database_url.startswith("sqlite") and workers != 1:
        raise click.UsageError(
            "SQLite 只能用一个网页进程；要用多个，请改用 PostgreSQL（ZHENGJI_DATABASE_URL）。/ SQLite serves with one process;"
            " for several, use PostgreSQL (ZHENGJI_DATABASE_URL)."
        )
    with refusals():
        _check_start(settings)
    _check_address(host, port)
    with processes.together(several=workers > 1):
        _serve(settings, host, port, workers, threads, drain)


def _check_start(settings: Settings) -> None:
    """See here, before anything is set up, what each web process asks for when it starts.

    Raises NoSecretKey, WrongDirectory.
    """
    from workflow.identity import directory
    from workflow.identity.secret_key import secret_key

    secret_key(settings)
    directory.configured(settings)


def _check_address(host: str, port: int) -> None:
    """See that nobody listens there: the server would share the address with whoever does. Raises Refusal."""
    try:
        [(family, kind, _, _, address), *_] = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        with socket.socket(family, kind) as door:
            door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # one that closed a moment ago is no hindrance
            door.bind(address)
    except OSError as problem:
        if problem.errno == errno.EADDRINUSE:
            raise Refusal(
                f"{host}:{port} 已有程序在用，也许是另一个“征集”。请先停掉它，或者用 --port 换一个端口。\n"
                f"Something serves {host}:{port} already, perhaps another Zhengji. Stop it, or choose another --port."
            ) from problem
        raise Refusal(
            f"不能在 {host}:{port} 提供服务（{problem}）。请检查 --host 和 --port；1024 以下的端口要有管理员权限。\n"
            f"Cannot serve at {host}:{port} ({problem}). See --host and --port; ports below 1024 need privileges."
        ) from problem


def _serve(settings: Settings, host: str, port: int, workers: int, threads: int, drain: float) -> None:
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    from workflow.operation import logs

    logs.set_up()
    _set_up(settings)
    shown = f"http://{host}:{port}"
    if settings.demo and host not in ("0.0.0.0", "::"):
        os.environ.setdefault("ZHENGJI_BASE_URL", shown)  # so that the codes on its receipts lead here
    click.echo(
        f"征集 Zhengji：{shown}"
        + ("  （演示 demo：账号见登录页 / accounts on the sign-in page）" if settings.demo else "")
    )
    server = Granian(
        "web.wsgi:serve",
        factory=True,
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=threads,
        websockets=False,
        log_access=False,
        log_dictconfig=logs.configuration(),
        log_level=LogLevels.error,  # it would warn that threads outnumber cores; they mostly wait for the database
        respawn_failed_workers=True,
        workers_kill_timeout=FINISHING,
    )
    server.on_startup(lambda: processes.leave_slowly(drain))
    server.serve()


def _set_up(settings: Settings) -> None:
    from workflow.operation import installation

    fresh = settings.database_url.startswith("sqlite") and not (settings.home / "zhengji.db").exists()
    if fresh:
        click.echo(f"正在建立数据库 / setting up {settings.home} …")
    with refusals():
        database = installation.open_to_serve(settings)
        _check_name(settings, database)
    try:
        if installation.empty(database):
            if settings.demo:
                _furnish_demo_apart()
            else:
                installation.furnish(database)
                click.echo("还没有账号。请先建立管理员：\n  zhengji user add admin --name 管理员 --role administrator")
    finally:
        database.close()


def _check_name(settings: Settings, database: Database) -> None:
    """Where this process is to run jobs too, see that nobody does so under its name. Raises AnotherWorker."""
    from workflow.jobs import worker as jobs

    if database.embedded:
        jobs.check_name(settings, database)


def _furnish_demo_apart() -> None:
    """Fill in the demo in a process of its own: the server forks, and a forked document store never answers."""
    ended = subprocess.run([sys.executable, "-m", "web.cli", "demo"], check=False)
    if ended.returncode:
        raise Refusal("演示数据没有放好，原因见上。/ The demo could not be filled in; see above.")
