"""Where the parts of a drawing stand: lanes from top to bottom, columns from left to right, lines at right angles.

Nodes stand in cells, lines run in the channels between them. Lines that leave one node together share a track, and so do
lines that reach one node together; no others do, so that no line is taken for another.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal

Point = tuple[float, float]

CELL = 112.0, 106.0
"""Width and height of a cell in pixels; all figures here are pixels."""
_CHANNEL = 32.0, 8.0
"""Width of an upright channel, and height of a level one, without a line in them."""
_TRACK = 10.0
_HEAD = 30.0
"""The band on which the name of a pool or lane is written."""
_PORT = 14.0
"""How far below the middle of a node's side a line leaves it that does not run straight."""


@dataclass(frozen=True)
class Node:
    """Something that stands in a cell of a lane.

    `row`: within the lane; None for the first free one, and that of the node `near` where it is free. `beside`: the node
    whose cell it shares, and `shift` how far from the middle of the cell. `turned`: it is entered from the right and left
    to the left.
    """

    id: str
    lane: str
    column: int
    size: Point
    row: int | None = None
    near: str = ""
    beside: str = ""
    shift: float = 0.0
    turned: bool = False


@dataclass(frozen=True)
class Line:
    """From one node to another. `fan`: it shares its track with others from its source, else with others to its target."""

    id: str
    source: str
    target: str
    fan: bool


@dataclass(frozen=True)
class Box:
    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> Point:
        return self.x + self.width / 2, self.y + self.height / 2


@dataclass(frozen=True)
class Layout:
    """Where everything is. The pool holds the lanes, and they the nodes."""

    pool: Box
    lanes: Mapping[str, Box]
    nodes: Mapping[str, Box]
    lines: Mapping[str, Sequence[Point]]


@dataclass(frozen=True)
class _Route:
    """The channels that a line runs through, none where it is straight; `shared`: whose track it is."""

    shared: str = ""
    upright: int | None = None
    level: int | None = None


def arrange(lanes: Sequence[str], nodes: Sequence[Node], lines: Sequence[Line]) -> Layout:
    """Lay nodes out, which choose their rows in the order given, and the lines between them."""
    of = {one.id: one for one in nodes}
    rows, first = _rows(lanes, nodes)
    routes = {one.id: _route(of[one.source], of[one.target], one, rows) for one in lines}
    upright, level = _tracks(routes.values(), "upright"), _tracks(routes.values(), "level")
    lefts = _edges(2 * _HEAD, max(one.column for one in nodes) + 1, CELL[0], _CHANNEL[0], upright)
    tops = _edges(0.0, first[len(lanes)], CELL[1], _CHANNEL[1], level)
    boxes = {one.id: _box(one, lefts[one.column], tops[rows[one.id]]) for one in nodes}

    def drawn(line: Line) -> list[Point]:
        route, source, target = routes[line.id], of[line.source], of[line.target]
        a, b = boxes[line.source], boxes[line.target]
        onward = not source.turned if not line.fan else target.column >= source.column
        start = (a.x + a.width if onward else a.x, a.middle[1])
        end = (b.x if onward else b.x + b.width, b.middle[1])
        if route.upright is None:
            return [start, end]
        x = lefts[route.upright] + CELL[0] + _CHANNEL[0] / 2 + _TRACK * upright[route.upright].index(route.shared)
        if route.level is None:
            return [start, (x, start[1]), (x, end[1]), end]
        y = tops[route.level] + CELL[1] + _CHANNEL[1] / 2 + _TRACK * level[route.level].index(route.shared)
        start = (start[0], start[1] + min(_PORT, a.height / 4))
        return [start, (x, start[1]), (x, y), (b.middle[0], y), (b.middle[0], b.y + b.height)]

    width = lefts[-1]
    bands = {
        lane: Box(_HEAD, tops[first[at]], width - _HEAD, tops[first[at + 1]] - tops[first[at]])
        for at, lane in enumerate(lanes)
    }
    return Layout(Box(0.0, 0.0, width, tops[-1]), bands, boxes, {one.id: drawn(one) for one in lines})


def _rows(lanes: Sequence[str], nodes: Sequence[Node]) -> tuple[dict[str, int], list[int]]:
    """Node → its row in the whole drawing; and each lane's first row, with the number of all rows at the end."""
    taken: dict[tuple[str, int], dict[int, str]] = defaultdict(dict)
    within: dict[str, int] = {}
    for one in nodes:
        cells, wanted = taken[one.lane, one.column], within.get(one.beside, one.row)
        if wanted is None and within.get(one.near, -1) not in cells and one.near in within:
            wanted = within[one.near]
        if wanted is None:
            wanted = next(row for row in range(len(nodes)) if row not in cells)
        within[one.id] = wanted
        cells[wanted] = one.id
    depth = [1 + max((within[one.id] for one in nodes if one.lane == lane), default=0) for lane in lanes]
    first = [0, *accumulate(depth)]
    before = dict(zip(lanes, first, strict=False))
    return {one.id: before[one.lane] + within[one.id] for one in nodes}, first


def _route(source: Node, target: Node, line: Line, rows: Mapping[str, int]) -> _Route:
    if line.fan:
        if rows[source.id] == rows[target.id]:
            return _Route()
        return _Route(source.id, source.column if target.column >= source.column else source.column - 1)
    ahead = source.column + (-1 if source.turned else 1)
    if rows[source.id] == rows[target.id] and target.column in (ahead, source.column) and source.lane == target.lane:
        return _Route()
    return _Route(target.id, source.column - 1 if source.turned else source.column, rows[target.id])


def _tracks(routes: Iterable[_Route], way: Literal["upright", "level"]) -> dict[int, list[str]]:
    """Channel → whose tracks lie in it, in order."""
    found: dict[int, dict[str, None]] = defaultdict(dict)
    for route in routes:
        channel = route.upright if way == "upright" else route.level
        if channel is not None:
            found[channel][route.shared] = None
    return {channel: list(shared) for channel, shared in found.items()}


def _edges(start: float, many: int, cell: float, channel: float, tracks: Mapping[int, Sequence[str]]) -> list[float]:
    """Where each column or row begins, and where the last one ends."""
    sizes = (cell + channel + _TRACK * len(tracks.get(at, ())) for at in range(many))
    return list(accumulate(sizes, initial=start))


def _box(node: Node, left: float, top: float) -> Box:
    width, height = node.size
    return Box(left + CELL[0] / 2 + node.shift - width / 2, top + CELL[1] / 2 - height / 2, width, height)
