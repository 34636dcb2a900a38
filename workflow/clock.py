"""What time it is: the real time, or in a demo the chosen day at the real time of day."""

from __future__ import annotations

from datetime import UTC, date, datetime

from sqlalchemy.orm import Session

from rules.call import BEIJING
from states.reach import Actor
from workflow.settings import Settings
from workflow.store import clock as stored
from workflow.store import trail

__all__ = ["BEIJING", "day_written", "demo_day", "move", "now"]


def now(session: Session, settings: Settings, real: datetime | None = None) -> datetime:
    """The moment at which something is done, in UTC. `real`: the real time, where the caller has read it already."""
    real = real or datetime.now(UTC)
    day = demo_day(session, settings)
    if day is None:
        return real
    return datetime.combine(day, real.astimezone(BEIJING).timetz()).astimezone(UTC)


def day_written(value: str) -> date | None:
    """The day that somebody wrote, 2021-03-20; None for what is no day, or none that anybody can mean.

    Windows are reckoned beyond a day, so the ends of the calendar are kept out.
    """
    try:
        day = date.fromisoformat(value)
    except ValueError:
        return None
    return day if 1900 <= day.year <= 2199 else None


def demo_day(session: Session, settings: Settings) -> date | None:
    """The day of the demo in Beijing; None outside a demo, and where none was ever chosen."""
    if not settings.demo:
        return None
    return stored.day(session) or (date.fromisoformat(settings.clock) if settings.clock else None)


def move(session: Session, to: date, *, actor: Actor, at: datetime) -> None:
    """Move the demo to another day, on record."""
    stored.move(session, to)
    stream = trail.daily(session, "demo/clock", at)
    trail.append(session, [trail.Entry(stream, "demo.move_clock", "done", at, actor, {"to": to.isoformat()})])
