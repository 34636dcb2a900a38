"""`zhengji worker`: runs queued work beside the web processes, and tells machines how it is."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from web.commands.telling import Refusal, refusals
from workflow import settings as configured


class _Address(click.ParamType[tuple[str, int]]):
    """HOST:PORT, or a port of this machine alone."""

    name = "HOST:PORT"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[str, int]:
        host, _, port = str(value).rpartition(":")
        if not port.isascii() or not port.isdigit() or int(port) > 65535:
            self.fail(f"“{value}” 不是“地址:端口” / is not HOST:PORT", param, ctx)
        return host or "127.0.0.1", int(port)


@click.command()
@click.option(
    "--figures",
    type=_Address(),
    help="在这里回答 /healthz、/readyz、/metrics（默认不回答） / answer /healthz, /readyz and /metrics here",
)
def worker(figures: tuple[str, int] | None) -> None:
    """运行后台任务（PostgreSQL 部署用）。每个进程要有自己固定的名称，默认用机器名。 / Run queued work, under a name of its own.

    \b
    例 Example:  ZHENGJI_EXECUTOR=worker-1 zhengji worker --figures 9201
    """
    from workflow.jobs import worker as jobs
    from workflow.operation import installation, logs, memory, telemetry

    logs.set_up()
    settings = configured.from_environment()
    ended, lost = threading.Event(), threading.Event()
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, lambda *_: ended.set())

    def name_lost() -> None:
        lost.set()
        ended.set()

    with refusals():
        database = installation.open_to_serve(settings)
        telemetry.set_up("worker", database.engine)
        with _told(figures, settings, database):
            jobs.launch(settings, database, lost=name_lost)
            memory.settle()
            click.echo(f"后台任务已启动 / worker {settings.executor} runs")
            ended.wait()
            finished = jobs.stop()
    telemetry.stop()
    database.close()
    sys.stdout.flush()
    if not finished:  # a thread still waits for a mail server, and Python would wait for it; others do that work now
        os._exit(Refusal.exit_code if lost.is_set() else 0)


@contextmanager
def _told(address: tuple[str, int] | None, settings: configured.Settings, database: Any) -> Iterator[None]:
    """Answer what machines ask, at an address, meanwhile. Raises Refusal where nobody can listen there."""
    if address is None:
        yield
        return
    from werkzeug.serving import WSGIRequestHandler, make_server

    from web import running
    from workflow.operation import metrics
    from workflow.store.files import Files

    class Quiet(WSGIRequestHandler):
        def log_request(self, *_: Any) -> None:
            """They ask every few seconds."""

    host, port = address
    metrics.watch(database.engine)
    asked = running.alone(settings, database, Files(settings.documents_url, settings.documents_endpoint))
    try:
        listening = socket.create_server(address)
    except OSError as problem:
        raise Refusal(f"不能在 {host}:{port} 回答 / cannot listen at {host}:{port}: {problem.strerror}") from problem
    server = make_server(host, port, asked, threaded=True, request_handler=Quiet, fd=listening.fileno())
    thread = threading.Thread(target=server.serve_forever, name="figures", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        listening.close()
