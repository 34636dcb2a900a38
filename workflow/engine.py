"""The engine: one machine per lifecycle, one condition that examines every guard."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from transitions import EventData, Machine

from rules.roles import Role
from rules.rule import Finding, Rule
from rules.waiting import later, unexamined
from rules.words import Labelled
from rules.words import Text as Text  # what a refusal says; screens know it from here
from states.lifecycle import Lifecycle, Standing, Transition
from states.reach import Actor, holds


class Outcome(Labelled):
    DONE = "done", "已办理", "Done"
    REFUSED = "refused", "未办成", "Refused"


class CannotServe(Exception):
    """Something that cannot be served at all, with a sentence for the person who asked.

    Its kinds below say how it may go on from there. One of no kind has met a change of things (409).
    """

    def __init__(self, message: Text) -> None:
        super().__init__(message.en)
        self.message = message


class NoSuchThing(CannotServe):
    """It is not there, or out of reach (404)."""


class WrongInput(CannotServe):
    """What somebody wrote, chose or left out does not do; they can mend it (422)."""


class NotPermitted(CannotServe):
    """Somebody tried what is another role's (403)."""


class NotKnown(CannotServe):
    """Nobody knows who is asking (401)."""


class TooOften(CannotServe):
    """It was asked too many times (429)."""


class NoLonger(CannotServe):
    """It was there and is erased (410)."""


class OurLoss(CannotServe):
    """We no longer have what we should have (500)."""


class NoSuchTransition(CannotServe):
    """The thing is in a state from which this cannot be tried (409)."""


class Facts(Protocol):
    """Whatever a lifecycle's guards look at; the engine only tells it which step is examined."""

    step: str


@dataclass
class Attempt:
    """One try at a transition: who, when, on which facts, and what came of it."""

    transition: Transition
    source: str
    actor: Actor
    role: Role
    facts: Any
    at: datetime
    remark: str = ""
    findings: tuple[Finding, ...] = ()
    outcome: Outcome = Outcome.REFUSED
    receipt: Receipt | None = None

    @property
    def done(self) -> bool:
        return self.outcome is Outcome.DONE


@dataclass(frozen=True)
class Receipt:
    """What somebody can hold in hand: the number of the event and its hash."""

    stream: str
    seq: int
    hash: str

    @property
    def number(self) -> str:
        return f"{self.stream}#{self.seq}"


@dataclass(frozen=True)
class Offer:
    """A transition that can be tried from here, with everything that stands in its way.

    `role`: the role in which the person asking may take it; None when it is somebody else's to take.
    """

    transition: Transition
    role: Role | None
    findings: tuple[Finding, ...] = field(default=())
    unexamined: tuple[Rule[Any], ...] = ()
    """Rules that hold as things stand, and are examined anew once what stands in the way is mended."""

    @property
    def mine(self) -> bool:
        return self.role is not None

    @property
    def obstacles(self) -> tuple[Finding, ...]:
        """Findings that cannot be answered in the form of the attempt itself."""
        return tuple(one for one in self.findings if one.blocks and not one.answerable)

    @property
    def questions(self) -> tuple[Finding, ...]:
        """Findings that the person answers while trying: a reason, a confirmation."""
        return tuple(one for one in self.findings if one.answerable)

    @property
    def ready(self) -> bool:
        return self.mine and not self.obstacles


def examine(transition: Transition, facts: Any) -> tuple[Finding, ...]:
    """Examine every guard, not only the first to fail: people mend all at once."""
    about, rules, found = _about(facts, transition.name), facts.call.rules, []
    for guard in transition.guards:  # as Rule.examine does it, less one call for each guard
        asked = rules.get(guard.id)
        if asked is not None and (breach := guard.check(about)) is not None:
            found.append(guard.found(breach, asked, about))
    return tuple(found)


def _about(facts: Any, step: str) -> Any:
    """The same facts, for the examination of one step. They are frozen; copy() is 4 times slower, replace() 10 times."""
    made = object.__new__(type(facts))
    made.__dict__.update(facts.__dict__, step=step)
    return made


class Engine:
    """Moves things of one lifecycle. It knows no particular lifecycle, and no table."""

    def __init__(self, declared: Lifecycle, whole: Lifecycle | None = None) -> None:
        """`whole`: the lifecycle that this one is part of, for the names of steps that it leaves out."""
        self.declared = declared
        self._whole = whole or declared
        self._later = {one.name: later(one.guards) for one in declared.transitions}
        self._machine = Machine(
            model=None,
            states=[str(state) for state in declared.states],
            initial=str(declared.initial),
            auto_transitions=False,
            send_event=True,
        )
        for one in declared.transitions:
            self._machine.add_transition(
                one.name, [str(source) for source in one.sources], str(one.target), conditions=[_holds]
            )

    def perform(
        self, entity: Standing, trigger: str, actor: Actor, facts: Any, at: datetime, remark: str = ""
    ) -> Attempt:
        """Try one transition.

        A rule that does not hold gives an attempt with its findings and leaves the state as it is. Raises
        NotPermitted when it is another role's to take, whatever the state; NoSuchTransition when the state does not
        have it.
        """
        chosen = self.declared.named(trigger)
        if chosen is None:
            raise self.no_way(entity.state, trigger)
        role = holds(actor, chosen, entity)
        if role is None:
            raise NotPermitted(not_yours(chosen))
        if self.declared.find(entity.state, trigger) is None:
            raise self.no_way(entity.state, trigger)
        attempt = Attempt(chosen, entity.state, actor, role, facts, at, remark)
        if self._machine.events[trigger].trigger(entity, attempt=attempt):
            attempt.outcome = Outcome.DONE
        return attempt

    def offers(self, entity: Standing, actor: Actor, facts: Any) -> list[Offer]:
        """Every transition that leaves the state, with all its findings, and whether it is the actor's to take."""
        return [self._offer(one, entity, actor, facts) for one in self.declared.leaving(entity.state)]

    def _offer(self, one: Transition, entity: Standing, actor: Actor, facts: Any) -> Offer:
        findings = examine(one, facts)
        broken = {finding.rule for finding in findings if finding.blocks}
        waiting = tuple(unexamined(self._later[one.name], facts.call.rules, broken)) if broken else ()
        return Offer(one, holds(actor, one, entity), findings, waiting)

    def no_way(self, state: str, trigger: str) -> NoSuchTransition:
        """The refusal of a transition that the state does not have."""
        here = self.declared.state(state).label
        named = self.declared.named(trigger)
        elsewhere = self._whole.named(trigger)
        if named is None and elsewhere is not None:
            return NoSuchTransition(
                Text(
                    f"这份征集通知的办理过程没有“{elsewhere.label.zh}”这一步。请刷新页面，看现在可以办理什么。",
                    f"The call has no step “{elsewhere.label.en}”. Reload the page to see what can be done now.",
                )
            )
        what = named.label if named else quoted(trigger)
        return NoSuchTransition(
            Text(
                f"现在的状态是“{here.zh}”，不能“{what.zh}”。可能已有人先办理，请刷新页面看最新情况。",
                f"It is now “{here.en}”, so “{what.en}” is not possible. Somebody may have been faster; reload the page.",
            )
        )


_LONGEST_NAME = 40


def quoted(trigger: str) -> Text:
    """The name of a step that there is not, as it was sent: what is longer than any name is cut."""
    name = trigger if len(trigger) <= _LONGEST_NAME else f"{trigger[:_LONGEST_NAME]}…"
    return Text(name, name)


def not_yours(transition: Transition) -> Text:
    """The sentence for a step that is another role's."""
    return Text(
        f"“{transition.label.zh}”由{'、'.join(role.label.zh for role in transition.by)}办理，您没有这个职责。",
        f"“{transition.label.en}” is taken by: {', '.join(role.label.en for role in transition.by)}. You do not hold that role.",
    )


def _holds(event: EventData) -> bool:
    attempt: Attempt = event.kwargs["attempt"]
    attempt.findings = examine(attempt.transition, attempt.facts)
    return not any(finding.blocks for finding in attempt.findings)
