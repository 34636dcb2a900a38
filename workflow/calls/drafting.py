"""Drafting a call: copied from a version, edited as text or value by value, examined at every save, opened by the director."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from rules.call import Call
from rules.roles import Role
from rules.words import Text
from states.reach import Actor
from workflow.calls import CallProblem, CallRefused, mistaken, parse_call, proofs
from workflow.calls.difference import Change, differences
from workflow.calls.places import Place, places, put
from workflow.engine import NoSuchThing, NotPermitted, Receipt, WrongInput
from workflow.proof import Proof, prove, scenarios
from workflow.store import calls as stored_calls
from workflow.store import drafting as stored
from workflow.store import notices as rows
from workflow.store.living import Overtaken
from workflow.store.models import CallDraft, CallVersion

LONGEST = 400_000
"""Characters of a call's file or of its notice."""


class NoSuchDraft(NoSuchThing):
    """No draft of that number within reach (404)."""


class NotOpened(WrongInput):
    """A draft that cannot be begun, changed or opened as it is (422)."""


@dataclass(frozen=True)
class Examined:
    """What a draft comes to. `call`: None while it cannot be read; `before`: the version in force of the same number.

    `problems`: all that must be mended before it can be opened; `proof`: None while it cannot be read.
    """

    call: Call | None
    problems: Sequence[CallProblem]
    proof: Proof | None = None
    before: CallVersion | None = None
    changes: Sequence[Change] = ()
    next_version: int = 1
    same: bool = False
    """It says exactly what is in force."""
    ran: proofs.Shown | None = None
    """What became of the scenarios on exactly this text; None while it cannot be read."""

    @property
    def ready(self) -> bool:
        return self.call is not None and not self.problems and not self.same and not self.unproved

    @property
    def unproved(self) -> bool:
        """Whether the scenarios have yet to be run on it; not asked where they do not lie beside the program."""
        return self.ran is not None and not self.ran.ran and scenarios.there()


def drafts(actor: Actor) -> bool:
    """Whether this person writes calls."""
    return bool(actor.roles & {Role.DESK, Role.DIRECTOR})


def opens(actor: Actor) -> bool:
    """Whether this person opens calls."""
    return Role.DIRECTOR in actor.roles


def _check(actor: Actor) -> None:
    if not drafts(actor):
        raise NoSuchDraft(
            Text(
                "没有这个页面，或者它不在您的职责范围内。请从上方菜单进入。",
                "There is no such page within your reach. Use the menu above.",
            )
        )


def every(session: Session, actor: Actor) -> list[CallDraft]:
    """Drafts, those changed last first. Raises NoSuchDraft for all who write no calls."""
    _check(actor)
    return stored.every(session)


def find(session: Session, number: int, actor: Actor) -> CallDraft:
    """One draft. Raises NoSuchDraft."""
    _check(actor)
    found = stored.one(session, number)
    if found is None:
        raise NoSuchDraft(
            Text("没有这份草案。请从“起草通知”进入。", "There is no such draft. Start from the list of drafts.")
        )
    return found


def start(session: Session, version: int, *, actor: Actor, at: datetime, op: str = "") -> tuple[int, Receipt | None]:
    """Copy a version into a draft; gives its number, and the receipt unless this form did it before.

    Raises NoSuchDraft, NotOpened where there is no such version.
    """
    _check(actor)
    earlier = stored.by_op(session, op) if op else None
    if earlier is not None:
        return earlier, None
    found = stored.version(session, version)
    if found is None:
        raise NotOpened(
            Text("没有这个版本的征集通知，请刷新后再选。", "There is no such version. Reload and choose again.")
        )
    made = stored.insert_draft(session, found, actor, at, op)
    return made, stored.note(session, "call.draft", made, {"of": found.number, "version": found.version}, actor, at)


def save(
    session: Session, number: int, source: str, notice: str, *, seen: int, actor: Actor, at: datetime
) -> Receipt | None:
    """Keep what was written, whatever it is; None where nothing changed. `seen`: the revision that the writer saw.

    Raises NoSuchDraft, NotOpened once it was opened or thrown away, Overtaken.
    """
    draft = _open_to_change(session, number, actor)
    source, notice = _plain(source), _plain(notice)
    if max(len(source), len(notice)) > LONGEST:
        raise NotOpened(
            Text(
                f"内容太长，没有保存：各项要求和通知正文各不超过 {LONGEST:,} 字。您写的还在下面。",
                f"Too long, so nothing was saved: at most {LONGEST:,} characters each. What you wrote is still below.",
            )
        )
    if (source, notice) == (draft.source, draft.notice):
        return None
    if not stored.save(session, number, source, notice, seen, actor, at):
        raise Overtaken(
            Text(
                "您打开之后，另一位同事已保存了新的内容。您写的还在下面，请对照后再保存。",
                "A colleague saved other words after you had opened this. What you wrote is still below; compare, then save.",
            )
        )
    return stored.note(session, "call.edit_draft", number, {"revision": seen + 1}, actor, at)


def put_values(source: str, values: Mapping[str, str]) -> str:
    """The file with single values changed, remarks and order kept. Raises WrongValue naming the place."""
    return put(source, values)


def places_of(source: str) -> list[Place]:
    """The single values of a file that a form can change; none while the file cannot be read."""
    try:
        return places(source)
    except tomllib.TOMLDecodeError:
        return []


def _plain(words: str) -> str:
    return words.replace("\r\n", "\n").strip("\n") + "\n"


def examine(session: Session, draft: CallDraft) -> Examined:
    """Read a draft, prove it and compare it with what is in force; nothing is kept."""
    try:
        call = parse_call(draft.source, draft.notice)
    except CallRefused as refused:
        return Examined(None, refused.problems)
    before = rows.version(session, call.number, None)
    known = rows.same(session, call.number, draft.source, draft.notice)
    problems: list[CallProblem] = []
    if problem := mistaken(draft.source, call, (one for _, one in stored_calls.open_calls(session))):
        problems.append(problem)
    problems += proofs.problems(session, draft.source, draft.notice, call)
    changes = differences(stored_calls.call_of(session, before.id), call) if before else []
    return Examined(
        call,
        problems,
        prove(call),
        before,
        changes,
        (before.version if before else 0) + 1,
        known is not None and before is not None and known.id == before.id,
        proofs.of_text(session, draft.source, draft.notice, call),
    )


def open_(
    session: Session, number: int, *, seen: int, actor: Actor, at: datetime, op: str = ""
) -> tuple[CallVersion, Receipt | None]:
    """Open a draft: it becomes the next version of its call, in force at once.

    Raises NoSuchDraft, NotPermitted (the director opens), NotOpened with what must be mended, Overtaken.
    """
    _check(actor)
    if not opens(actor):
        raise NotPermitted(Text("征集通知由国家局主管开放。", "Calls are opened by the director."))
    draft = stored.locked(session, number)
    if draft is not None and draft.opened is not None and op and draft.opened_op == op:
        return draft.opened, None
    draft = _open_to_change(session, number, actor)
    if draft.revision != seen:
        raise Overtaken(
            Text(
                "您查看之后，草案又改过。没有开放，请看过新的内容再办理。",
                "The draft was changed after you had looked at it. Nothing was opened; look again first.",
            )
        )
    examined = examine(session, draft)
    if not examined.ready:
        first = examined.problems[0].text if examined.problems else _SAME if examined.same else _UNPROVED
        raise NotOpened(Text(f"还不能开放：{first.zh}", f"It cannot be opened yet: {first.en}"))
    made = stored_calls.load(session, draft.source, draft.notice, at)
    stored.opened(session, number, made.id, op)
    return made, rows.note(session, made, actor, at)


_UNPROVED = Text(
    "还没有用这份草案的数据运行例子。请先运行，通过后再开放。",
    "The scenarios have not been run on this draft's data. Run them first, and open it once they pass.",
)
_SAME = Text("草案与现行版本完全一样。", "The draft is exactly what is in force.")


def discard(session: Session, number: int, *, actor: Actor, at: datetime) -> Receipt:
    """Throw a draft away; it can still be read. Raises NoSuchDraft, NotOpened."""
    _open_to_change(session, number, actor)
    stored.discard(session, number, at)
    return stored.note(session, "call.discard_draft", number, {}, actor, at)


def _open_to_change(session: Session, number: int, actor: Actor) -> CallDraft:
    draft = find(session, number, actor)
    if draft.opened_id is not None:
        raise NotOpened(
            Text(
                "这份草案已经开放，不能再改。需要修改时，请从现行版本另起一份草案。",
                "This draft was opened; start another from the version in force.",
            )
        )
    if draft.discarded_at is not None:
        raise NotOpened(Text("这份草案已经作废。", "This draft was thrown away."))
    return draft
