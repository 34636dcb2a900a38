"""One web process that serves some pages and prints how much memory it then holds, MiB: `one_site ours|bare …`.

It imports nothing of the tests, so that the two kinds differ in nothing but what they serve with.
"""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path


def ours(folder: Path, case: int, views: int) -> None:
    """The site as a web process has it, the queue's client included; the desk looks at a case."""
    from web.app import create_app
    from workflow.jobs import queue
    from workflow.operation import memory
    from workflow.settings import from_environment
    from workflow.store.database import Database

    settings = from_environment({"ZHENGJI_HOME": str(folder)})
    settings = replace(
        settings, demo=True, clock="2021-03-19", secret_key="a key for one site, long enough to start with"
    )
    database = Database(f"sqlite:///{folder}/serving.db")
    queue.client(database.engine)
    client = create_app(settings, database).test_client()
    form = dict(
        re.findall(r'name="(csrf_token|op)"[^>]*value="([^"]*)"', client.get("/sign-in").get_data(as_text=True))
    )
    memory.settle()  # as `web.wsgi` does after such a page
    client.post("/sign-in", data={**form, "login": "desk", "password": sys.argv[5]})
    for _ in range(views):
        if client.get(f"/cases/{case}").status_code != 200:
            raise AssertionError("the page is not shown")


def bare(folder: Path, case: int, views: int) -> None:
    """Flask, SQLAlchemy's ORM, Babel and DBOS's client: a row is read, a page is shown, with a day in Chinese."""
    from babel.dates import format_date
    from dbos import DBOSClient
    from flask import Flask, render_template
    from sqlalchemy import Column, Integer, Text, create_engine
    from sqlalchemy.orm import Session, registry

    fields = {"__tablename__": "cases", "id": Column(Integer, primary_key=True), "title": Column(Text)}
    row = registry().mapped(type("Row", (), fields))
    engine = create_engine(f"sqlite:///{folder}/serving.db")
    (folder / "bare").mkdir(exist_ok=True)
    (folder / "bare" / "page.html").write_text(
        "<!doctype html><title>{{ case.title }} {{ day }}</title>" + "<p>案例</p>" * 2000
    )
    app = Flask("bare", template_folder=str(folder / "bare"))
    app.extensions["queue"] = DBOSClient(system_database_engine=engine, lazy=True)

    @app.get("/")
    def show() -> str:
        with Session(engine) as session:
            return render_template(
                "page.html", case=session.get_one(row, case), day=format_date(date(2021, 3, 19), locale="zh_CN")
            )

    client = app.test_client()
    for _ in range(views):
        if client.get("/").status_code != 200:
            raise AssertionError("the page is not shown")


if __name__ == "__main__":
    {"ours": ours, "bare": bare}[sys.argv[1]](Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            print(int(line.split()[1]) / 1024)
