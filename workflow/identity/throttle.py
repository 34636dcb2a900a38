"""Guessing is slow: who fails too often has to wait, by account and by address, whether or not the account is there.

A transaction takes its rows here before it touches a person's, so that two of them never wait for each other.
"""

from __future__ import annotations

import hashlib
import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from rules.words import Text
from workflow.engine import CannotServe
from workflow.store import tries as stored

PER_ACCOUNT, PER_ADDRESS = 5, 60
"""Failures within the window that close an account, or an address."""
WINDOW = WAIT = timedelta(minutes=15)


class LockedOut(CannotServe):
    """Too many failures: nothing is tried until a given moment (429)."""

    def __init__(self, until: datetime) -> None:
        super().__init__(
            Text(
                "这个账号或这台电脑连续多次登录未成功，为防他人猜测密码，暂停登录。",
                "This account or computer failed to sign in several times; to keep others from guessing, it has to wait.",
            )
        )
        self.until = until


@dataclass(frozen=True)
class Missed:
    """Failures since the last success, and when the first of them was."""

    count: int
    since: datetime


def account(login: str) -> str:
    """The key of an account as typed. A digest: people type their password into the wrong field."""
    return _digest(f"account:{login.strip().casefold()}")


def address(said: str) -> str:
    """The key of an address; of IPv6 the network, because a household has all addresses in it."""
    return _digest(f"address:{_place(said)}")


def programs(said: str) -> str:
    """The key of tokens tried from an address: apart, so that a program with an old one keeps nobody from signing in."""
    return _digest(f"token:{_place(said)}")


def objections(said: str) -> str:
    """The key of objections sent from an address, without anybody signed in."""
    return _digest(f"objection:{_place(said)}")


def codes(said: str) -> str:
    """The key of wrong codes of objections tried from an address."""
    return _digest(f"objection-code:{_place(said)}")


def _place(said: str) -> str:
    try:
        one = ipaddress.ip_address(said)
    except ValueError:
        return said
    return str(ipaddress.ip_network((one, 64), strict=False) if one.version == 6 else one)


def _digest(said: str) -> str:
    return hashlib.sha256(said.encode("utf-8", "replace")).hexdigest()


def check(session: Session, keys: tuple[str, ...], at: datetime) -> None:
    """Raise LockedOut while one of the keys has to wait. Others who try with them wait until the transaction ends."""
    rows = [stored.held(session, key, at) for key in keys]
    waiting = [one.locked_until for one in rows if one.locked_until and one.locked_until > at]
    if waiting:
        raise LockedOut(max(waiting))


def look(session: Session, keys: tuple[str, ...], at: datetime) -> None:
    """The same without waiting for anybody, before something costly is done; `check` decides."""
    waiting = [until for key in keys if (until := locked_until(session, key, at))]
    if waiting:
        raise LockedOut(max(waiting))


def failed(session: Session, key: str, at: datetime, most: int = PER_ACCOUNT) -> datetime | None:
    """Count one failure; gives until when that closes the key, or None."""
    row = stored.held(session, key, at)
    fresh = at - row.since > WINDOW or bool(row.locked_until)
    count, since = (1, at) if fresh else (row.count + 1, row.since)
    until = at + WAIT if count >= most else None
    stored.change(
        session,
        key,
        count=count,
        since=since,
        locked_until=until,
        missed=row.missed + 1,
        missed_from=row.missed_from or at,
        last_at=at,
    )
    return until


def succeeded(session: Session, key: str, at: datetime) -> Missed | None:
    """Begin to count anew; gives what was missed since the last success."""
    row = stored.held(session, key, at)
    missed = Missed(row.missed, row.missed_from) if row.missed and row.missed_from else None
    stored.change(session, key, count=0, since=at, locked_until=None, missed=0, missed_from=None, last_at=at)
    return missed


def lift(session: Session, key: str) -> None:
    """Open a closed key again; what was missed is still told at the next success."""
    stored.change(session, key, count=0, locked_until=None)


def locked_until(session: Session, key: str, at: datetime) -> datetime | None:
    """Until when a key is closed; None where it is open. Only looks."""
    row = stored.seen(session, key)
    return row.locked_until if row and row.locked_until and row.locked_until > at else None
