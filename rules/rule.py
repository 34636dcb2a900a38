"""A rule, a breach of it, the finding shown for it, and the catalogue of all rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from rules.call import Call, RuleInForce, Strength
from rules.roles import Role
from rules.words import Text


class Facts(Protocol):
    """What every rule may rely on, whatever it is about."""

    @property
    def call(self) -> Call: ...
    @property
    def reasons(self) -> Mapping[str, str]: ...


F = TypeVar("F", bound=Facts)


@dataclass(frozen=True)
class Subject:
    """Something a reason must be given for, such as one centre that reports too few cases."""

    key: str
    label: str


class Breach:
    """A rule not holding: the values for its sentence, and what the sentence cannot say.

    `holds_from`: the instant from which the rule holds by itself, where time decides.
    `about`: the things a reason must be given for, where the call says "in principle"; none means the rule itself.
    `mend`: the field, file or person to change, for a link ("title", "section:effect", "scan", "document" …).
    `say`: other words than the rule's usual ones, for a rule with several ways to fail.
    """

    def __init__(
        self,
        *,
        holds_from: datetime | None = None,
        about: tuple[Subject, ...] = (),
        mend: str = "",
        say: Text | None = None,
        lifted_by: tuple[Role, ...] = (),
        **values: object,
    ) -> None:
        self.holds_from = holds_from
        self.about = about
        self.mend = mend
        self.say = say
        self.lifted_by = lifted_by
        self.values = values


@dataclass(frozen=True)
class Finding:
    """A breach ready to show: the same words on screen, in the trail, in the API and in a returned sheet."""

    rule: str
    message: Text
    clause: str
    says: tuple[str, ...]
    strength: Strength
    lifted_by: tuple[Role, ...]
    holds_from: datetime | None = None
    mend: str = ""
    about: tuple[Subject, ...] = ()
    reasons: Mapping[str, str] = field(default_factory=dict)
    asked: str = ""
    """Which input of the attempt itself answers it: "remark", "confirmed", "new_day", or "" when something else must change."""

    @property
    def blocks(self) -> bool:
        """A must always blocks; 原则上 blocks until every reason asked for is written."""
        if self.strength is Strength.MUST:
            return True
        return any(not self.reasons.get(key, "").strip() for key in self.reason_keys)

    @property
    def reason_keys(self) -> tuple[str, ...]:
        """Keys under which reasons are looked up: `rule` or `rule:subject`."""
        return tuple(f"{self.rule}:{one.key}" for one in self.about) or (self.rule,)

    @property
    def answerable(self) -> bool:
        """Whether the person who tries can answer it in the same form."""
        return bool(self.asked) or self.strength is Strength.IN_PRINCIPLE

    def as_json(self) -> dict[str, Any]:
        """For the trail and the API: plain values, times in ISO 8601."""
        return {
            "rule": self.rule,
            "zh": self.message.zh,
            "en": self.message.en,
            "clause": self.clause,
            "says": list(self.says),
            "strength": str(self.strength),
            "lifted_by": [str(role) for role in self.lifted_by],
            "holds_from": self.holds_from.isoformat() if self.holds_from else None,
            "mend": self.mend,
            "reasons": {key: self.reasons[key] for key in self.reason_keys if self.reasons.get(key)},
            "blocks": self.blocks,
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Finding:
        """A finding as it was recorded: `as_json` read back."""
        return cls(
            rule=kept["rule"],
            message=Text(kept["zh"], kept["en"]),
            clause=kept["clause"],
            says=tuple(kept["says"]),
            strength=Strength.of(kept["strength"]),
            lifted_by=tuple(Role.of(role) for role in kept["lifted_by"]),
            holds_from=datetime.fromisoformat(kept["holds_from"]) if kept["holds_from"] else None,
            mend=kept["mend"],
            reasons=kept["reasons"],
        )


@dataclass(frozen=True)
class Rule(Generic[F]):
    """One demand: a function on facts, with its words and who can lift it."""

    id: str
    check: Callable[[F], Breach | None]
    words: Text
    lifted_by: tuple[Role, ...]
    asked: str = ""
    module: str = ""

    @property
    def demand(self) -> str:
        """What the rule is for: the first line of its function's docstring."""
        return (self.check.__doc__ or "").strip().splitlines()[0] if self.check.__doc__ else ""

    def examine(self, facts: F) -> Finding | None:
        """The finding, when the call asks for this rule and it does not hold."""
        asked = facts.call.rules.get(self.id)
        if asked is None:
            return None
        breach = self.check(facts)
        return None if breach is None else self.found(breach, asked, facts)

    def found(self, breach: Breach, asked: RuleInForce, facts: F) -> Finding:
        """A breach, ready to show: with what the call says where it `asked` for this."""
        return Finding(
            rule=self.id,
            message=(breach.say or self.words).fill(**breach.values),
            clause=asked.clause,
            says=asked.says,
            strength=asked.strength,
            lifted_by=breach.lifted_by or self.lifted_by,
            holds_from=breach.holds_from,
            mend=breach.mend,
            about=breach.about,
            reasons=facts.reasons,
            asked=self.asked,
        )


CATALOGUE: dict[str, Rule[Any]] = {}
"""Every rule by its id. A name is never used twice and, once recorded, never changed."""


def rule(
    *, zh: str, en: str, lifted_by: Role | tuple[Role, ...], asked: str = ""
) -> Callable[[Callable[[F], Breach | None]], Rule[F]]:
    """Make a function on facts a rule of the catalogue, under the function's own name."""

    def enter(check: Callable[[F], Breach | None]) -> Rule[F]:
        name = check.__name__
        if name in CATALOGUE:
            raise ValueError(f"two rules are named {name}")
        roles = lifted_by if isinstance(lifted_by, tuple) else (lifted_by,)
        made = Rule(name, check, Text(zh, en), roles, asked, check.__module__)
        CATALOGUE[name] = made
        return made

    return enter
