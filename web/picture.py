"""A lifecycle as a drawing: the main line, the states beside it, and where one thing stands."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from states.lifecycle import Lifecycle
from states.onward import main_line
from web.request import language
from web.words import Words, say


@dataclass(frozen=True)
class Station:
    """One state in the drawing. `lines`: its label, broken to fit. `kind`: "here", "passed" or "ahead"."""

    value: str
    lines: tuple[str, ...]
    x: int
    y: int
    kind: str
    beside: bool = False


@dataclass(frozen=True)
class Track:
    """A line between two stations; `kind` as of the station it leads to."""

    x1: int
    y1: int
    x2: int
    y2: int
    kind: str
    beside: bool = False


@dataclass(frozen=True)
class Picture:
    width: int
    height: int
    stations: tuple[Station, ...]
    tracks: tuple[Track, ...]
    upright: bool


def draw(lifecycle: Lifecycle, here: str, passed: Collection[str], *, upright: bool) -> Picture:
    """The drawing of a lifecycle. `passed`: states already seen; `upright`: from top to bottom, for narrow screens.

    A state beside the main line is shown only where the thing stands in it, or once stood.
    """
    main = main_line(lifecycle)
    beside = {
        str(state): _leaves_from(lifecycle, str(state), main)
        for state in lifecycle.states
        if str(state) not in main and (str(state) == here or str(state) in passed)
    }
    step = 44 if upright else 150
    stations, tracks = [], []
    for place, value in enumerate(main):
        x, y = (18, 24 + place * step) if upright else (75 + place * step, 22)
        kind = _kind(value, here, passed)
        stations.append(Station(value, _broken(lifecycle.state(value).label, upright), x, y, kind))
        if place:
            before = stations[place - 1]
            tracks.append(Track(before.x, before.y, x, y, "passed" if kind != "ahead" else "ahead"))
    level: dict[str, int] = {}
    for value, origin in beside.items():
        root = stations[main.index(origin)]
        depth = level[origin] = level.get(origin, 0) + 1
        x, y = (root.x + 34 + 130 * (depth - 1), root.y + 22) if upright else (root.x, root.y + 62 * depth + 14)
        kind = _kind(value, here, passed)
        tracks.append(Track(root.x, root.y, x, y, kind, True))
        stations.append(Station(value, _broken(lifecycle.state(value).label, upright), x, y, kind, True))
    deep = max(level.values(), default=0)
    size = (330, 40 + len(main) * step - 20) if upright else (len(main) * step, 78 + 66 * deep)
    return Picture(*size, tuple(stations), tuple(tracks), upright)


def _leaves_from(lifecycle: Lifecycle, state: str, main: list[str]) -> str:
    """The first station of the main line from which a state beside it is reached."""
    for value in main:
        if any(str(step.target) == state for step in lifecycle.leaving(value)):
            return value
    return main[0]


def _kind(value: str, here: str, passed: Collection[str]) -> str:
    if value == here:
        return "here"
    return "passed" if value in passed else "ahead"


def _broken(label: Words, upright: bool) -> tuple[str, ...]:
    """A label in lines that fit under a station."""
    words = say(label)
    if upright or language() != "en" or len(words) <= 16:
        return (words,)
    lines: list[str] = []
    for word in words.split():
        if lines and len(lines[-1]) + len(word) < 16:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return tuple(lines)
