"""What the web server starts: the application, and in an embedded installation the worker beside it."""

from __future__ import annotations

from datetime import UTC, datetime
from multiprocessing.util import Finalize
from threading import Thread

from flask import Flask

from web.app import create_app
from workflow.jobs import queue
from workflow.operation import anchors, configuration, logs, memory, telemetry
from workflow.settings import from_environment
from workflow.store.database import Database


def serve() -> Flask:
    """The application of this process, from the environment's settings.

    On SQLite one process does web and work; on PostgreSQL `zhengji worker` does the work.
    """
    logs.set_up()
    settings = from_environment()
    database = Database.for_pages(settings)
    anchors.check(settings, database)
    configuration.record(database, settings, at=datetime.now(UTC))
    queue.client(database.engine)  # loaded now, so that nobody waits for it in the middle of an act
    app = create_app(settings, database)
    _warm(app)  # before anything is traced: nobody asked for it
    telemetry.set_up("web", database.engine)
    Finalize(None, telemetry.stop, exitpriority=0)  # after the worker's
    if database.embedded:
        from workflow.jobs import worker  # only who does the work loads what does it

        worker.launch(settings, database, lost=lambda: Thread(target=worker.stop).start())
        Finalize(
            None, worker.stop, exitpriority=1
        )  # the server's process is a child of multiprocessing: it has no atexit
    memory.settle()
    return app


def _warm(app: Flask) -> None:
    """Makes the page for signing in, for nobody: tables are mapped and the frame is loaded before the first person waits for them."""
    with app.test_request_context("/sign-in"):
        if app.preprocess_request() is None:
            app.view_functions["auth.sign_in"]()
