"""Putting an installation in place: its folder, its tables, its first data."""

from __future__ import annotations

import hashlib
import tomllib
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from rules.call import Call
from rules.roles import Role
from rules.words import Text
from states.reach import SYSTEM
from workflow import register
from workflow.calls import CallRefused, current_call, notices, proofs, read_call
from workflow.documents import vetting
from workflow.engine import CannotServe
from workflow.identity import people
from workflow.operation import anchors, moving
from workflow.proof import Proof
from workflow.proof.scenarios import Run
from workflow.settings import Settings
from workflow.store import calls as stored_calls
from workflow.store import copies, log, schema
from workflow.store.database import Database, limits
from workflow.store.models import CallVersion, Person
from workflow.wipo import workbench


class NoSuchRole(CannotServe):
    """A word that is no role."""


class HashSettled(CannotServe):
    """The trail has entries under another hash, or this machine lacks the one that was asked for."""


class NoDatabase(CannotServe):
    """There is no database where the settings say."""


def open_database(settings: Settings) -> Database:
    """The installation's database, its tables brought up to this version.

    Raises what `schema.upgrade` raises.
    """
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)  # names, addresses and texts are nobody else's
    database = Database(settings.database_url, settings.owner_database_url, limits(settings))
    schema.upgrade(database)
    return database


def existing(settings: Settings) -> Database:
    """The database that is there. None is made, and its tables are not touched, whatever version they are of.

    Raises NoDatabase where there is none, as when the settings are not those of the installation.
    """
    embedded = settings.database_url.startswith("sqlite")
    place = str(copies.file_of(settings.database_url)) if embedded else "ZHENGJI_DATABASE_URL"
    owner = settings.owner_database_url or settings.database_url
    if not (Path(place).exists() if embedded else copies.anything(owner)):
        raise NoDatabase(
            Text(
                f"这里没有数据库（{place}）。请确认命令用的是系统的设置（ZHENGJI_HOME 等）。",
                f"There is no database here ({place}). See that the command has the installation's settings"
                " (ZHENGJI_HOME and the others).",
            )
        )
    return Database(settings.database_url, settings.owner_database_url, limits(settings))


def open_to_serve(settings: Settings) -> Database:
    """The installation's database, for whoever serves from it or does its work.

    Raises RestoreUnfinished, DatabaseGone, MovedAway, and OlderPutBack when a checkpoint seen before shows that this is an older
    database, or another.
    """
    anchors.check_place(settings)
    database = open_database(settings)
    try:
        moving.check(database)
        anchors.check(settings, database)
    except CannotServe:
        database.close()
        raise
    return database


def empty(database: Database) -> bool:
    """Whether nobody has an account yet."""
    with database.reading() as session:
        return not session.scalar(select(func.count()).select_from(Person))


def settle_hash(database: Database, algorithm: str) -> None:
    """Choose the hash of the trail, "sha256" or "sm3" (GB/T 32905); it is never changed once there is an entry.

    Raises HashSettled.
    """
    if algorithm not in hashlib.algorithms_available:
        raise HashSettled(
            Text(
                f"这台机器的 OpenSSL 没有 {algorithm.upper()}，不能用它建立留痕。",
                f"The OpenSSL of this machine lacks {algorithm.upper()}; no trail can be begun with it.",
            )
        )
    with database.transaction() as session:
        head = log.head(session)
        if head.algorithm == algorithm:
            return
        if head.size or log.waiting(session):
            raise HashSettled(
                Text(
                    f"留痕已经用 {head.algorithm.upper()} 开始，不能再换成 {algorithm.upper()}；只能在新建的空库里选定。",
                    f"The trail was begun with {head.algorithm.upper()} and cannot change to {algorithm.upper()}; "
                    "it is chosen for a new, empty database.",
                )
            )
        log.settle(session, algorithm, head.origin)


def furnish(database: Database) -> None:
    """The register of the 32 offices and the call that is in force; what is there already stays."""
    at = datetime.now(UTC)
    with database.transaction() as session:
        known = {one.code for one in register.offices(session)}
        missing = [row for row in register.shipped_offices() if row["code"] not in known]
        if missing:  # an office that is there may have been mended by the administrator
            register.put_offices(session, missing, actor=SYSTEM, at=at)
        workbench.ship_terms(session, at)
        shipped = current_call()
        if not stored_calls.known(session, read_call(shipped).number):  # else the director may have amended it
            load_call(session, shipped, at)


def load_call(session: Session, path: Path, at: datetime) -> CallVersion:
    """Store a call's file as its next version, proved, with the Word document of its name beside it, if there is one.

    Raises CallRefused, WrongLook, OSError.
    """
    source, call = path.read_text(encoding="utf-8"), read_call(path)
    return load_source(session, source, _notice(path, source), at, call, _look(path, call))


def load_source(
    session: Session, source: str, notice: str, at: datetime, call: Call, look: bytes | None = None
) -> CallVersion:
    """Store a call as written, proved. `call`: what was read of it. Raises CallRefused."""
    if broken := proofs.problems(session, source, notice, call):
        raise CallRefused(broken)
    return stored_calls.load(session, source, notice, at, look)


def _look(path: Path, call: Call) -> bytes | None:
    """The Word document beside a call's file; None where there is none. Raises WrongLook."""
    beside = path.with_suffix(".docx")
    if not beside.is_file():
        return None
    vetted = vetting.judge("case", beside.name, beside.read_bytes())
    if vetted.vetted is None or vetted.vetted.kind != "docx":
        raise notices.WrongLook(vetted.text)
    return notices.fit_look(call, vetted.vetted.data)


def keep_proof(session: Session, path: Path, proof: Proof, ran: Run, at: datetime) -> None:
    """Keep what a proof of a call's file came to."""
    source = path.read_text(encoding="utf-8")
    proofs.keep(session, source, _notice(path, source), proof, ran, actor=SYSTEM, at=at)


def _notice(path: Path, source: str) -> str:
    return (path.parent / str(tomllib.loads(source)["text"])).read_text(encoding="utf-8")


def add_person(
    database: Database,
    settings: Settings,
    *,
    login: str,
    name: str,
    password: str,
    role: str = "",
    unit: int | None = None,
    email: str = "",
) -> int:
    """An account with, where named, one role; gives its id. Raises WrongPerson, NoSuchRole."""
    at = datetime.now(UTC)
    with database.transaction() as session:
        made = people.create(
            session, settings, login=login, name=name, password=password, actor=SYSTEM, at=at, email=email
        )
        if role:
            people.grant(session, made, _role(role), unit, actor=SYSTEM, at=at)
    return made


def _role(word: str) -> Role:
    try:
        return Role.of(word)
    except ValueError:
        known = ", ".join(f"{one.value}（{one.label.zh}）" for one in Role if one is not Role.SYSTEM)
        raise NoSuchRole(
            Text(f"没有“{word}”这个职责。可用：{known}", f"There is no role “{word}”. Known: {known}")
        ) from None
