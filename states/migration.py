"""Whether a case can live on under another version of its call, and where not, why and what to do first."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from rules.call import Call, Leg
from rules.words import Text
from states.case import EDITABLE
from states.lifecycle import Lifecycle
from states.route import lifecycle_of


@dataclass(frozen=True)
class Stuck:
    """One reason why a case cannot be moved. `place`: where the call says otherwise; `do`: what would help."""

    place: str
    why: Text
    do: Text


@dataclass(frozen=True)
class Placed:
    """What of a case decides it. `written`: ids of the sections that hold text; `pushing`: a push of it is under way."""

    state: str
    phase: str = ""
    theme: str = ""
    written: Collection[str] = ()
    pushing: bool = False


def strands(case: Placed, before: Call, after: Call) -> list[Stuck]:
    """Why a case that lives by `before` cannot live by `after`; nothing where it can.

    What its author can still change (`EDITABLE`) never bars it: the rules then ask for the change.
    """
    lived, to_live = lifecycle_of(before.route), lifecycle_of(after.route)
    if case.state not in to_live.states:
        states = [str(one) for one in to_live.states]
        return [Stuck("route", _no_state(lived, case.state), _first(lived, case.state, states))]
    found = [] if case.state in EDITABLE else list(_unsaid(case, before, after, lived))
    if case.pushing and Leg.PUSH not in after.route.legs:
        found.append(Stuck("route.legs", _PUSHING, _AFTERWARDS))
    return found


def to_be_written_anew(case: Placed, before: Call, after: Call) -> list[Text]:
    """What its author has to choose or write again, in a state where that is possible."""
    return (
        [one.why for one in _unsaid(case, before, after, lifecycle_of(before.route))] if case.state in EDITABLE else []
    )


def _unsaid(case: Placed, before: Call, after: Call, lived: Lifecycle) -> Iterator[Stuck]:
    """What the case says and the other version does not know."""
    do = _first(lived, case.state, [str(one) for one in EDITABLE])
    phase, theme = before.phase(case.phase), before.themes.get(case.theme)
    if phase is not None and after.phase(case.phase) is None:
        yield Stuck("phases", _gone(Text("阶段", "phase"), phase.label), do)
    if theme is not None and case.theme not in after.themes:
        yield Stuck("themes", _gone(Text("主题", "theme"), theme.label), do)
    for part in before.sections:
        if part.id in case.written and after.section(part.id) is None:
            yield Stuck("sections", _gone(Text("正文部分", "section"), part.label), do)


def _gone(what: Text, label: Text) -> Text:
    return Text(
        f"新版本没有{what.zh}“{label.zh}”，案例用的是它。",
        f"The version has no {what.en} “{label.en}”, which the case has.",
    )


def _no_state(lived: Lifecycle, state: str) -> Text:
    here = lived.state(state).label
    return Text(
        f"新版本的办理过程没有“{here.zh}”这一状态。",
        f"Cases of the version are never “{here.en}”, as this one is.",
    )


_PUSHING = Text(
    "新版本不再对外推送，而这个案例的推送还没有办结。",
    "The version pushes nothing, and a push of this case is under way.",
)
_AFTERWARDS = Text("等推送办结或撤回之后再转。", "Move it once the push is done or recalled.")
_STAYS = Text("它可以留在原来的版本办理。", "It can stay with its own version.")


def _first(lived: Lifecycle, state: str, wanted: Collection[str]) -> Text:
    """The first step of the shortest way from a state to one of those wanted."""
    ways, seen = [(one, one) for one in lived.leaving(state)], {state}
    while ways:
        for first, last in ways:
            if str(last.target) in wanted:
                roles = first.by
                return Text(
                    f"请{'、'.join(role.label.zh for role in roles)}先办理“{first.label.zh}”再转；否则留在原来的版本。",
                    f"Have “{first.label.en}” taken first ({', '.join(role.label.en for role in roles)}); "
                    "else it stays with its own version.",
                )
        seen |= {str(last.target) for _, last in ways}
        ways = [
            (first, one) for first, last in ways for one in lived.leaving(last.target) if str(one.target) not in seen
        ]
    return _STAYS


def at_rest(state: str, call: Call) -> bool:
    """Whether nobody has to do anything about a case of this call in that state."""
    return state in {str(one) for one in lifecycle_of(call.route).resting}
