"""What if: the steps that people really tried, performed once more under a changed call. Nothing is written.

Facts come from the trail, as the guards saw them. The text's parts and the form's fields are not in it (they are the
revisions'), so what was found about these two then is taken over. Days of extensions are kept where they are later.
"""

from __future__ import annotations

import json
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass, replace
from datetime import date, datetime
from functools import cache, lru_cache
from typing import Any

from sqlalchemy.orm import Session

from rules.call import BEIJING, Call, Window
from rules.facts import BatchFacts, CaseFacts, PushFacts
from rules.roles import Level, Role
from rules.rule import Finding
from rules.words import Labelled, Text
from states.batch import BATCH
from states.case import CASE
from states.lifecycle import Lifecycle, Standing, Transition
from states.push import PUSH
from states.reach import Actor, Grant
from states.route import lifecycle_of, reporting
from workflow.engine import Engine, NoSuchTransition
from workflow.store import replay as stored

_KINDS: Mapping[str, Any] = {"case": CaseFacts, "batch": BatchFacts, "push": PushFacts}
_WHOLE: Mapping[str, Lifecycle] = {"case": CASE, "batch": BATCH, "push": PUSH}
ACTIONS = [f"{name}.{step.name}" for name, one in _WHOLE.items() for step in one.transitions]
_TAKEN_OVER = frozenset({"template_complete", "sections_within_limits", "form_complete", "no_excluded_honour"})
"""Rules that look at the parts of the text or the fields of the form."""
_PARTS: Mapping[str, str] = {
    f"{lived.name}.{step.name}": step.through
    for lived in _WHOLE.values()
    for step in lived.transitions
    if step.through in ("batch.send", "push.acknowledge")
}
"""Step → the act that it is part of, where that is written after it. (A push is recalled before its case, and both ask the
same.)"""
_HERE = {Level.CENTRE: 1, Level.OFFICE: 2}

DONE, REFUSED = "done", "refused"


@dataclass(frozen=True)
class Recorded:
    """One step as the trail holds it. `of`: what it was tried on, such as “case/7”; `case`, `office`: whose it is."""

    of: str
    lifecycle: str
    step: str
    at: datetime
    who: str
    role: Role
    from_state: str
    outcome: str
    remark: str
    facts: Mapping[str, Any]
    findings: tuple[Mapping[str, Any], ...]
    case: int | None = None
    office: int | None = None
    uid: int = 0
    """Of the entry of the trail, where that is asked for."""

    @property
    def act(self) -> str:
        return f"{self.lifecycle}.{self.step}"


@dataclass(frozen=True)
class Changed:
    """A step that would have come to something else. `follows`: because an earlier one did."""

    recorded: Recorded
    outcome: str
    step: Transition | None
    findings: tuple[Finding, ...] = ()
    follows: bool = False

    @property
    def told(self) -> Text:
        """One line: when, who, what, and what it would have come to instead, with the reasons."""
        step = self.step or _WHOLE[self.recorded.lifecycle].named(self.recorded.step)
        label = step.label if step is not None else Text(self.recorded.step, self.recorded.step)
        when = f"{self.recorded.at.astimezone(BEIJING):%Y-%m-%d %H:%M}"
        zh = "原来未办成，现在办成" if self.outcome == DONE else "原来办成，现在未办成"
        en = "was refused, would be done" if self.outcome == DONE else "was done, would be refused"
        why = [one.message for one in self.findings if one.blocks]
        return Text(
            "：".join([f"{when} {self.recorded.of} {self.recorded.who}“{label.zh}”{zh}", *(one.zh for one in why)]),
            ": ".join([f"{when} {self.recorded.of} {self.recorded.who} “{label.en}” {en}", *(one.en for one in why)]),
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "of": self.recorded.of,
            "step": self.recorded.act,
            "at": self.recorded.at.isoformat(),
            "was": self.recorded.outcome,
            "would_be": self.outcome,
            "follows": self.follows,
            "zh": self.told.zh,
            "en": self.told.en,
            "findings": [one.as_json() for one in self.findings],
        }


@dataclass(frozen=True)
class Replayed:
    """What changes; `steps`: how many were performed, and how many of them follow from others that change."""

    changes: tuple[Changed, ...]
    steps: int

    @property
    def first(self) -> tuple[Changed, ...]:
        return tuple(one for one in self.changes if not one.follows)

    def as_json(self) -> dict[str, Any]:
        return {"steps": self.steps, "outcomes": [one.as_json() for one in self.changes]}


def replay(session: Session, before: Call, after: Call) -> Replayed:
    """Perform every recorded step of a call's things under another version of it."""
    found = (read_back(stream, body) for stream, body in stored.steps(session, before.number, ACTIONS))
    return performed(found, before, after)


def read_back(stream: str, written: str, uid: int = 0) -> Recorded:
    """A step as the trail's body of it says."""
    body = json.loads(written)
    lifecycle, _, step = str(body["action"]).partition(".")
    return Recorded(
        of=stream.removesuffix("/tries"),
        lifecycle=lifecycle,
        step=step,
        at=datetime.fromisoformat(body["at"]),
        who=body["actor"]["name"],
        role=Role.of(body["role"]),
        from_state=body["from_state"],
        outcome=body["outcome"],
        remark=body["remark"],
        facts={**body["facts"], "actor": body["actor"]["id"], "absent": body.get("absent", {}).get("id", 0)},
        findings=tuple(body["findings"]),
        case=body.get("case_id"),
        office=body.get("office_id"),
        uid=uid,
    )


def performed(steps: Iterable[Recorded], before: Call, after: Call) -> Replayed:
    """The same steps, in their order, by the engine: each thing stands where its own earlier steps have brought it."""
    replaying = Replaying(before, after)
    count, changes = 0, list[Changed]()
    for one in steps:
        count += 1
        changes.extend(replaying.compared(one))
    changes.extend(replaying.rest())
    return Replayed(tuple(changes), count)


def _without_what_is_taken_over(lifecycle: Lifecycle) -> Lifecycle:
    steps = (
        replace(one, guards=tuple(guard for guard in one.guards if guard.id not in _TAKEN_OVER))
        for one in lifecycle.transitions
    )
    return replace(lifecycle, transitions=tuple(steps))


def _taken_over(one: Recorded, step: Transition, after: Call) -> bool:
    """Whether something blocks that is not asked anew: parts and form, or what single cases of a batch lacked."""
    asked = {guard.id for guard in step.guards}
    return any(
        found["blocks"] and found["rule"] in after.rules and found["rule"] not in asked for found in one.findings
    )


def _is_part(part: Recorded, act: Recorded) -> bool:
    """Whether a step was taken as part of that act: a case goes with its office's batch, or with its own push."""
    if _PARTS[part.act] != act.act or part.at != act.at:
        return False
    return part.office == act.office if act.lifecycle == "batch" else part.case == act.case


class Replaying:
    """One run: where each thing stands so far, and both calls' own windows, worked out once."""

    def __init__(self, before: Call, after: Call) -> None:
        self._before, self._after = before, after
        lived = (lifecycle_of(after.route), BATCH, PUSH)
        self._engines = {one.name: Engine(_without_what_is_taken_over(one), _WHOLE[one.name]) for one in lived}
        self._standing: dict[str, str] = {}
        self._parts: dict[str, Recorded] = {}
        self._windows = {
            (phase.id, level): (
                usual.window(reporting(level, before.route), before.opened),
                phase.window(reporting(level, after.route), after.opened),
            )
            for phase in after.phases
            if (usual := before.phase(phase.id)) is not None
            for level in Level
        }
        self._phases = {phase.id: phase for phase in after.phases}

    def compared(self, one: Recorded) -> Iterator[Changed]:
        """What comes of a step now, where that is something else. A part of an act is looked at with the act."""
        earlier = self._parts.pop(one.of, None)
        if earlier is not None:  # the act was not tried at all, as where a push cannot be started
            yield from self._compared(earlier)[1]
        if one.act in _PARTS:
            self._parts[one.of] = one
            return
        done, changes = self._compared(one)
        yield from changes
        for part in [part for part in self._parts.values() if _is_part(part, one)]:
            yield from self._compared(self._parts.pop(part.of), within=done)[1]

    def rest(self) -> Iterator[Changed]:
        """What comes of parts whose act the trail does not hold."""
        for part in self._parts.values():
            yield from self._compared(part)[1]

    def _compared(self, one: Recorded, *, within: bool = True) -> tuple[bool, list[Changed]]:
        """Whether a step is done now, and the change. `within`: whether the act is done that it is part of."""
        engine = self._engines[one.lifecycle]
        state = self._standing.setdefault(one.of, one.from_state)
        entity, facts = Standing(state, centre=1, office=2), self._facts(one)
        follows = state != one.from_state or not within
        try:
            attempt = engine.perform(
                entity, one.step, _actor(facts.actor, one.who, one.role), facts, one.at, one.remark
            )
        except NoSuchTransition:
            step = engine.declared.named(one.step)
            there = step is not None and state == step.target
            changed = one.outcome == DONE and not there
            return there, [Changed(one, REFUSED, step, follows=follows)] if changed else []
        done = within and attempt.done and not _taken_over(one, attempt.transition, self._after)
        if done:
            self._standing[one.of] = entity.state
        if done is (one.outcome == DONE):
            return done, []
        return done, [Changed(one, DONE if done else REFUSED, attempt.transition, attempt.findings, follows)]

    def _facts(self, one: Recorded) -> Any:
        """The facts that the guards saw, with the changed call and its days in them."""
        kind, known = _KINDS[one.lifecycle], one.facts
        made = object.__new__(kind)
        values = made.__dict__
        values.update(_defaults(kind))
        for name, read in _readers(kind):
            if name in known:
                value = known[name]
                values[name] = value if read is None else read(value)
        values.update(call=self._after, at=one.at, actor=known["actor"], absent=known["absent"], remark=one.remark)
        if "window" in values:
            self._set_days(values)
        return made

    def _set_days(self, values: dict[str, Any]) -> None:
        """The window under the changed call: its own days as they are now, days granted apart from it as they were."""
        seen, key = values["window"], (values["phase"], values.get("level", Level.OFFICE))
        values["phase"] = self._phases.get(values["phase"] or "")
        if seen is None or key not in self._windows:
            return
        usual, now = self._windows[key]
        if seen.closes > usual.closes:  # an extension, or a line's own day
            now = replace(now, closes=max(now.closes, seen.closes))
        elif seen.closes < usual.closes:
            now = replace(now, closes=min(now.closes, seen.closes), by_office=True)
        if usual.asked and not seen.asked:  # a line with a day of its own
            now = replace(now, asked=None)
        values["window"] = now


@lru_cache(maxsize=4096)
def _actor(person: int, name: str, role: Role) -> Actor:
    """Somebody who holds the role at the place of what they acted on, as they did then."""
    return Actor(person, name, frozenset({Grant(role, _HERE.get(role.level))}))


# ---- facts, read back ------------------------------------------------------------------------------------------------

# Readers of recorded values, made once for each kind of facts: 100,000 steps are read back one by one.

Reader = Callable[[Any], Any]


@cache
def _readers(kind: Any) -> tuple[tuple[str, Reader | None], ...]:
    """(Field, how its value is read back); None where it is as it was recorded."""
    hints = typing.get_type_hints(kind)
    readers = {one.name: _reader(hints[one.name]) for one in fields(kind) if one.name not in ("call", "at")}
    readers["phase"] = _as_it_is
    return tuple((name, None if read is _as_it_is else read) for name, read in readers.items())


@cache
def _defaults(kind: Any) -> Mapping[str, Any]:
    """For fields that an older version did not record, and for those that none does."""
    left_out: dict[str, Any] = {"sections": {}, "form": {}} if kind is CaseFacts else {}
    return left_out | {
        one.name: one.default_factory() if one.default_factory is not MISSING else one.default
        for one in fields(kind)
        if one.default is not MISSING or one.default_factory is not MISSING
    }


def _as_it_is(value: Any) -> Any:
    return value


@cache
def _reader(hint: Any) -> Reader:
    """How a value of a type is read back from what `store.facts.as_recorded` made of it."""
    inside = typing.get_args(hint)
    if type(None) in inside:
        of = _reader(next(one for one in inside if one is not type(None)))
        return lambda value: None if value is None else of(value)
    if inside:
        return _of_many(typing.get_origin(hint), inside)
    if hint is Window:
        return lambda value: _window(*value)
    if is_dataclass(hint):
        return _of_parts(hint)
    if isinstance(hint, type) and issubclass(hint, Labelled):
        return hint.of
    return hint.fromisoformat if hint in (date, datetime) else _as_it_is


@lru_cache(maxsize=4096)
def _window(opens: str, closes: str, asked: str = "") -> Window:
    soft = datetime.fromisoformat(asked) if asked else None
    return Window(datetime.fromisoformat(opens), datetime.fromisoformat(closes), asked=soft)


def _of_many(origin: Any, inside: tuple[Any, ...]) -> Reader:
    of = _reader(inside[-1] if origin in (dict, Mapping) else inside[0])
    if origin in (tuple, frozenset):
        return lambda value: origin(map(of, value))
    return lambda value: {key: of(one) for key, one in value.items()}


def _of_parts(hint: Any) -> Reader:
    hints = typing.get_type_hints(hint)
    readers = {one.name: _reader(hints[one.name]) for one in fields(hint)}
    return lambda value: hint(**{name: readers[name](one) for name, one in value.items() if name in readers})
