"""来件中的异议: a mail to the national office that objects to a list in public, with what it brought, made ready to be filed.

The mail lies whole in the ledger and is opened anew each time, so nothing of it is kept twice before it is filed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr

from sqlalchemy.orm import Session

from rules.roles import Role
from rules.words import Text
from states.reach import Actor
from workflow import characters, papers
from workflow.documents import arriving
from workflow.documents.arriving import Item
from workflow.engine import NotPermitted
from workflow.incoming import arrivals
from workflow.objecting import objections, public_notices
from workflow.objecting.public_notices import Shown
from workflow.store import arrivals as stored_arrivals
from workflow.store import objections as stored
from workflow.store.files import Files
from workflow.store.models import Arrival, Objection
from workflow.store.papers import Kept

_MOST_NOTICES = 20
SLOTS = ("evidence", "seal")
"""What a file of an objection may be."""


@dataclass(frozen=True)
class Attachment:
    """One file of the mail. `use`: what it is proposed as, "" for nothing; `why`: of one that cannot be used."""

    position: int
    name: str
    size: int
    use: str
    why: Text | None = None


@dataclass(frozen=True)
class Draft:
    """An objection as a mail has it, for the desk to check. `case`: whose number or title it names, None where it is not clear."""

    arrival: int
    came_at: datetime
    name: str
    contact: str
    grounds: str
    cut: bool
    case: int | None
    attachments: Sequence[Attachment]


def may_file(arrival: Arrival, actor: Actor) -> bool:
    """Whether this person may file an objection from an arrival: the desk, from what came to the national office."""
    national = arrival.key.startswith(f"{stored_arrivals.NATIONAL}:")
    return Role.DESK in actor.roles and national and arrival.office_id is None and arrival.state == arrivals.State.READ


def seems(arrival: Arrival) -> bool:
    """Whether its subject says that it objects."""
    return stored_arrivals.objects(arrival.subject)


def lists(session: Session, at: datetime) -> list[Shown]:
    """Lists that take objections, those that stand now first; what comes too late is filed too, and answered."""
    found = [one for one in public_notices.every(session) if _heard(one)]
    return sorted(found, key=lambda one: not one.open(at))[:_MOST_NOTICES]


def _heard(shown: Shown) -> bool:
    asked = shown.call.public_notice
    return bool(asked and asked.objections) and shown.notice.taken_down_at is None


def draft(session: Session, files: Files, arrival_id: int, shown: Shown, *, actor: Actor) -> Draft:
    """What the form is filled with. Raises NoSuchArrival, NotPermitted."""
    arrival = _mine(session, arrival_id, actor)
    opened = _opened(files, arrival)
    letter = opened.letters[0] if opened.letters else arriving.Letter("", "", "")
    name, address = parseaddr(letter.sender or arrival.sender)
    words = characters.without(letter.words)
    said = f"{arrival.subject}\n{words}"
    named = [one for one in shown.lines if one.void_at is None and (one.title in said or one.case.number in said)]
    return Draft(
        arrival=arrival.id,
        came_at=arrival.came_at,
        name=characters.without(name)[:120],
        contact=address[:120],
        grounds=words[: objections.LONGEST] or arrival.subject,
        cut=len(words) > objections.LONGEST,
        case=named[0].case_id if len(named) == 1 else None,
        attachments=_attachments(opened.items),
    )


def _attachments(items: Sequence[Item]) -> list[Attachment]:
    left = objections.MOST_FILES
    made = []
    for position, one in enumerate(items):
        received, vetted = one.verdict.received, one.verdict.vetted
        use = "" if vetted is None or one.verdict.slot == "drawing" or not left else "evidence"
        left -= bool(use)
        made.append(
            Attachment(position, received.name, received.size, use, None if vetted is not None else one.verdict.text)
        )
    return made


def brought(
    session: Session, files: Files, arrival_id: int, uses: Mapping[int, str], *, actor: Actor
) -> list[tuple[str, Kept]]:
    """Files of the mail, kept as what the desk says that they are. `uses`: position → slot.

    Raises NoSuchArrival, NotPermitted, Unreadable.
    """
    chosen = {position: slot for position, slot in uses.items() if slot in SLOTS}
    items = _opened(files, _mine(session, arrival_id, actor)).items if chosen else ()
    return [
        (chosen[position], papers.kept_as(files, one.verdict))
        for position, one in enumerate(items)
        if position in chosen
    ]


def came_at(session: Session, arrival_id: int, actor: Actor) -> datetime:
    """When the mailbox took it in. Raises NoSuchArrival, NotPermitted."""
    return _mine(session, arrival_id, actor).came_at


def _mine(session: Session, arrival_id: int, actor: Actor) -> Arrival:
    found = arrivals.find(session, arrival_id, actor)
    if not may_file(found, actor):
        raise NotPermitted(
            Text(
                "异议由国家局受理人从寄给国家局、已经核对的来件登记。",
                "Objections are filed by the national desk, from what came to the national office and was read.",
            )
        )
    return found


def _opened(files: Files, arrival: Arrival) -> arriving.Arrival:
    left = [one for one in arrival.files if one.erased_at is None]
    return arriving.together([arriving.received(one.name, files.get(one.digest)) for one in left])


def source(session: Session, one: Objection, actor: Actor) -> int | None:
    """The arrival that an objection was filed from, for whoever reads it."""
    found = stored_arrivals.one(session, one.arrival_id, actor) if one.arrival_id else None
    return found.id if found else None


def filed(session: Session, arrival: Arrival) -> list[int]:
    """The objections that were filed from an arrival."""
    return stored.from_arrival(session, arrival.id)


def waiting(session: Session, actor: Actor) -> list[Arrival]:
    """Mails to the national office whose subject objects and from which nothing was filed yet, the newest first."""
    return stored_arrivals.objecting(session, _MOST_NOTICES) if Role.DESK in actor.roles else []
