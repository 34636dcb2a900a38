"""Searches that a person keeps under a name; the address of one may be sent to others, who find what they may see."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import parse_qsl, urlencode

from sqlalchemy.orm import Session

from rules.words import Text
from states.reach import Actor
from workflow.engine import NoSuchThing, WrongInput
from workflow.store import searches as stored
from workflow.store import words
from workflow.store.database import Database
from workflow.store.models import SavedSearch

MOST = 30
"""Searches that one person may keep."""
LONGEST = 40
"""Characters of a name."""
NAMES = ("text", "state", "phase", "theme", "office", "centre", "sort")
"""Arguments of the list's address, in the order in which they are written."""


class NoSuchSearch(NoSuchThing):
    """Not there, or somebody else's, which is the same (404)."""


class NotKept(WrongInput):
    """A search without a name or under one that is taken, one for nothing, or one too many (422)."""


def written(arguments: Mapping[str, object]) -> str:
    """The arguments of a list as its address writes them, always in the same order."""
    return urlencode([(name, str(arguments[name])) for name in NAMES if arguments.get(name)])


def of(session: Session, actor: Actor) -> list[SavedSearch]:
    """The searches that this person keeps, in the order in which they were first kept."""
    return stored.of(session, actor.id)


def keep(session: Session, name: str, address: str, *, actor: Actor, at: datetime) -> str:
    """Save a search under a name, and give its address; saved already under this one, nothing changes. Raises NotKept."""
    address = written(dict(parse_qsl(address[:2000])))
    if not address:
        raise NotKept(Text("请先写明要找什么，再保存。", "Say first what is to be found, and then save it."))
    name = _name(name)
    there = stored.named(session, actor.id, name)
    if there is not None and there.address == address:
        return address
    _check_free(there)
    if stored.count(session, actor.id) >= MOST:
        raise NotKept(
            Text(
                f"已保存 {MOST} 个查找，请先删除不用的。",
                f"{MOST} searches are saved already; delete one that is not used.",
            )
        )
    stored.keep(session, actor.id, name, address, at)
    return address


def rename(session: Session, search: int, name: str, *, actor: Actor) -> None:
    """Give a kept search another name. Raises NoSuchSearch, NotKept."""
    one = _own(session, search, actor)
    name = _name(name)
    if name != one.name:
        _check_free(stored.named(session, actor.id, name))
        stored.rename(session, one.id, name)


def forget(session: Session, search: int, *, actor: Actor) -> None:
    """Keep a search no longer. Raises NoSuchSearch."""
    stored.forget(session, _own(session, search, actor).id)


def _own(session: Session, search: int, actor: Actor) -> SavedSearch:
    found = stored.one(session, actor.id, search)
    if found is None:
        raise NoSuchSearch(
            Text("没有这个保存的查找，可能已经删除。", "There is no such saved search; it may have been deleted.")
        )
    return found


def _name(written: str) -> str:
    name = " ".join(written.split())
    if not name:
        raise NotKept(Text("请给这次查找起个名字。", "Give the search a name."))
    if len(name) > LONGEST:
        raise NotKept(
            Text(
                f"名字太长：最多 {LONGEST} 个字，现在是 {len(name)} 个。",
                f"The name is too long: at most {LONGEST} characters; there are {len(name)}.",
            )
        )
    return name


def _check_free(there: SavedSearch | None) -> None:
    if there is not None:
        raise NotKept(
            Text(
                f"您已有一个叫“{there.name}”的查找，请换个名字。",
                f"You have saved a search called “{there.name}” already; choose another name.",
            )
        )


# ---- the index of words ----------------------------------------------------------------------------------------------


def complete(database: Database) -> int:
    """Make up for cases that the index of words lacks or knows as they were; how many there were."""
    made = 0
    while True:
        with database.transaction() as session:
            done = words.catch_up(session.connection(), words.AT_ONCE)
        if not done:
            return made
        made += done
