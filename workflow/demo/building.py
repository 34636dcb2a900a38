"""Filling an empty database with the demo: the call, the register, the people, then eight days of March 2021, or a whole call."""

from __future__ import annotations

import csv
import io
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy.orm import Session

from rules.roles import Level, Role
from rules.words import Text
from states.reach import SYSTEM, Actor
from workflow import clock, register
from workflow.calls import parse_call, shipped_calls
from workflow.demo import large
from workflow.demo.stage import Stage
from workflow.demo.story import abroad, story
from workflow.engine import CannotServe
from workflow.finding import priors
from workflow.identity import people
from workflow.identity.passwords import DEMO_DOMAIN, DEMO_PASSWORD
from workflow.mailing import Mailer
from workflow.operation.installation import load_call, load_source
from workflow.selection import judging
from workflow.settings import Settings
from workflow.store import demo as stored
from workflow.store import schema
from workflow.store.calls import call_of
from workflow.store.database import Database
from workflow.store.files import Files
from workflow.wipo import pushes

SOURCE = register.REFERENCE / "demo.toml"
JUDGED = register.REFERENCE / "judged.toml"


class NotEmpty(CannotServe):
    """The demo is only for a database in which nobody is registered yet (409)."""


class Size(StrEnum):
    """How much there is: a few cases in every state, or a call with 240 cases, all received and none judged."""

    TOUR = "tour"
    CALL = "call"


def build(database: Database, files: Files, settings: Settings, size: Size = Size.TOUR) -> None:
    """Fill an empty database with the demo; everything happened between 12 and 19 March 2021, or until July of that year.

    All of it or nothing is written, but for the last deliveries abroad, which the worker would complete. Packages go
    to a folder of the installation, whatever push address is set: what is invented must reach nobody. Raises NotEmpty.
    """
    schema.upgrade(database)
    given = tomllib.loads(SOURCE.read_text("utf-8"))
    with database.transaction() as session:
        if stored.anybody(session):
            raise NotEmpty(
                Text(
                    "库里已有账号，演示数据只放入空库。请另设 ZHENGJI_HOME 或另用一个数据库。",
                    "The database has accounts already; the demo fills only an empty one. Set another ZHENGJI_HOME.",
                )
            )
        if size is Size.CALL:
            _whole_call(session, files, settings, given)
            return
        stage = _furnished(session, files, settings, given)
        story(stage)
        queued = abroad(stage, (settings.home / "outbox" / "wipo").as_uri())
    post = pushes.Post(database, files, Mailer("", "", database))
    for push, at in queued:
        pushes.deliver(post, push, at=at)


def _furnished(session: Session, files: Files, settings: Settings, given: dict[str, Any]) -> Stage:
    """Call, offices, centres, people, the list of earlier reports and the day that a visitor finds."""
    begins: datetime = given["begins"].astimezone(UTC)
    path = next(one for one in shipped_calls() if one.stem == given["call"])
    version = load_call(session, path, begins)
    register.put_offices(session, register.shipped_offices(), actor=SYSTEM, at=begins)
    register.put_offices(session, [given["office"]], actor=SYSTEM, at=begins)
    stored.mark_example(session, given["office"]["code"])
    register.put_centres(session, register.shipped_centres(), actor=SYSTEM, at=begins)
    register.put_centres(session, given["centres"], actor=SYSTEM, at=begins)
    offices = {one.addressee: one.id for one in register.offices(session)}
    centres = {one.name: one.id for one in register.centres(session)}
    cast = _people(session, settings, given["people"], offices, centres, begins)
    _earlier_reports(session, given["prior"], offices, cast["reviewer"], begins)
    today = date.fromisoformat(settings.clock) if settings.clock else given["today"]
    clock.move(session, today, actor=SYSTEM, at=begins)
    return Stage(
        session, files, call_of(session, version.id), version.id, offices, centres, cast, given["cases"], begins
    )


def _whole_call(session: Session, files: Files, settings: Settings, given: dict[str, Any]) -> None:
    """A call with judging, the real offices, 98 invented centres and their people; then all that they did."""
    begins: datetime = given["begins"].astimezone(UTC)
    path = next(one for one in shipped_calls() if one.stem == given["call"])
    source = f"{path.read_text('utf-8')}\n{JUDGED.read_text('utf-8')}"
    notice = path.with_name(f"{path.stem}.zh.md").read_text("utf-8")
    version = load_source(session, source, notice, begins, parse_call(source, notice))
    rows = register.shipped_offices()
    script = large.Script(rows)
    register.put_offices(session, rows, actor=SYSTEM, at=begins)
    register.put_centres(session, script.centres, actor=SYSTEM, at=begins)
    offices = {one.addressee: one.id for one in register.offices(session)}
    centres = {one.name: one.id for one in register.centres(session)}
    cast = _people(session, settings, script.people, offices, centres, begins)
    today = date.fromisoformat(settings.clock) if settings.clock else large.TODAY
    clock.move(session, today, actor=SYSTEM, at=begins)
    call = call_of(session, version.id)
    stage = Stage(session, files, call, version.id, offices, centres, cast, script.texts, begins, large.PACE)
    large.tell(stage, script)


def _earlier_reports(
    session: Session, given: dict[str, Any], offices: dict[str, int], reviewer: Actor, at: datetime
) -> None:
    """The list of what was reported before this system was used, as the office's reviewer imports it."""
    columns = [name for name in priors.COLUMNS if name in given]
    sheet = io.StringIO()
    written = csv.writer(sheet)
    written.writerows([columns, [str(given[name]).strip() for name in columns]])
    office = offices[given["office"]]
    priors.import_list(session, given["file"], sheet.getvalue().encode(), office=office, actor=reviewer, at=at)


def _people(
    session: Session,
    settings: Settings,
    wanted: Mapping[str, Mapping[str, Any]],
    offices: dict[str, int],
    centres: dict[str, int],
    at: datetime,
) -> dict[str, Actor]:
    """One account per entry, all with the demo's password; gives login → the person as somebody who acts.

    `judges` in an entry: what the desk writes down of a judge.
    """
    # The password stands on the sign-in page, so a costly hash would only make the start slow; whoever signs in gets
    # one of the installation's own cost.
    cheap = replace(settings, argon2_time=1, argon2_memory=1024)
    cast: dict[str, Actor] = {}
    for login, entry in wanted.items():
        role = Role.of(entry["role"])
        units = {Level.CENTRE: centres, Level.OFFICE: offices}.get(role.level, {})
        by = cast.get("administrator", SYSTEM)
        made = people.create(
            session,
            cheap,
            login=login,
            name=entry["name"],
            password=DEMO_PASSWORD,
            actor=by,
            at=at,
            email=f"{login}@{DEMO_DOMAIN}",
        )
        people.grant(session, made, role, units[entry["unit"]] if units else None, actor=by, at=at)
        person = people.by_id(session, made)
        assert person is not None
        cast[login] = people.actor_of(person)
        if "judges" in entry:
            profile = judging.Profile(**{key: _fixed(value) for key, value in entry["judges"].items()})
            judging.set_profile(session, made, profile, actor=cast["desk"], at=at)
    return cast


def _fixed(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
