"""A lifecycle as a BPMN 2.0 process (OMG formal/2013-12-09, ISO/IEC 19510), with its drawing.

A thing waits at a state, an event-based gateway, until somebody takes one of the steps that leave it: a receive task, once
for each state that it leaves. Whoever takes it has it in their lane. A state where things may rest can also be left for
good, to an end. Engines run it: each step is a message of its name, and filing away is the signal `file`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rules.roles import Level, Role
from rules.words import Text
from states.lifecycle import Lifecycle, Transition
from states.onward import court, main_line
from workflow.interchange.layout import Box, Layout, Line, Node, Point, arrange

if TYPE_CHECKING:
    from lxml.etree import _Element

MODEL = "http://www.omg.org/spec/BPMN/20100524/MODEL"
DI = "http://www.omg.org/spec/BPMN/20100524/DI"
_DC = "http://www.omg.org/spec/DD/20100524/DC"
_DD = "http://www.omg.org/spec/DD/20100524/DI"
OURS = "urn:zhengji:lifecycle"
"""What BPMN has no place for stands in `extensionElements` under this namespace."""
_PREFIXES: Any = {None: MODEL, "bpmndi": DI, "dc": _DC, "di": _DD, "zhengji": OURS}
TYPE = "application/xml"

FILED = "file"
"""The signal with which a thing that rests is filed away for good."""
_FILE = Text("归档", "Filed away")
_BEGIN = Text("新建", "Started")

_TASK, _GATEWAY, _EVENT = (100.0, 80.0), (50.0, 50.0), (36.0, 36.0)
"""Sizes that viewers expect, in pixels."""
_LABEL = 156.0, 14.0


# ---- what there is ---------------------------------------------------------------------------------------------------


def state_id(state: str) -> str:
    """The element at which a thing in this state waits."""
    return f"state_{state}"


def step_id(name: str, source: str) -> str:
    """The element of a step as it leaves one state."""
    return f"step_{name}_from_{source}"


def taken(steps: Iterable[tuple[str, str]]) -> list[str]:
    """The elements that a thing went through. `steps`: (state it was in, step that was taken)."""
    found = {"start": None, "leave_start": None}
    for source, name in steps:
        step = step_id(name, source)
        found |= dict.fromkeys((state_id(source), f"reach_{step}", step, f"leave_{step}"))
    return list(found)


@dataclass(frozen=True)
class _Part:
    """One element of the process. `kind`: its name in BPMN."""

    id: str
    kind: str
    node: Node
    label: Text | None = None
    step: Transition | None = None
    state: str = ""


@dataclass(frozen=True)
class _Process:
    """`language`: the one in which things are named."""

    lifecycle: Lifecycle
    language: str
    lanes: Mapping[str, Level]
    parts: Mapping[str, _Part]
    lines: tuple[Line, ...]

    def named(self, text: Text) -> str:
        return text.inside(self.language)

    def incoming(self, part: str) -> list[str]:
        return [one.id for one in self.lines if one.target == part]

    def outgoing(self, part: str) -> list[str]:
        return [one.id for one in self.lines if one.source == part]


def _process(lifecycle: Lifecycle, language: str) -> _Process:
    columns = _columns(lifecycle)
    parts = [_start(lifecycle), *(_state(lifecycle, str(one), columns) for one in lifecycle.states)]
    lines = [Line("leave_start", "start", state_id(lifecycle.initial), False)]
    for step, source in _steps(lifecycle):
        one = _step(lifecycle, step, source, columns)
        parts.append(one)
        lines.append(Line(f"reach_{one.id}", state_id(source), one.id, True))
        lines.append(Line(f"leave_{one.id}", one.id, state_id(step.target), False))
    for state in lifecycle.states:
        if state in lifecycle.resting:
            parts += _filing(lifecycle, str(state), columns)
            lines.append(Line(f"reach_file_from_{state}", state_id(state), f"file_from_{state}", True))
            lines.append(Line(f"leave_file_from_{state}", f"file_from_{state}", f"end_from_{state}", False))
    used = {one.node.lane for one in parts}
    lanes = {str(level): level for level in Level if str(level) in used}
    return _Process(lifecycle, language, lanes, {one.id: one for one in parts}, tuple(lines))


def _steps(lifecycle: Lifecycle) -> Iterator[tuple[Transition, str]]:
    """Each step once for each state that it leaves; those along the main line first."""
    main = main_line(lifecycle)
    every = [(step, str(source)) for step in lifecycle.transitions for source in step.sources]
    onward = set(itertools.pairwise(main))
    yield from sorted(every, key=lambda one: (one[1], str(one[0].target)) not in onward)


def _columns(lifecycle: Lifecycle) -> dict[str, int]:
    """State → its column: along the main line every second one, and others behind the first state that leads to them."""
    found = {value: 1 + 2 * place for place, value in enumerate(main_line(lifecycle))}
    while len(found) < len(lifecycle.states):
        for step in lifecycle.transitions:
            known = [found[str(one)] for one in step.sources if str(one) in found]
            if known and str(step.target) not in found:
                found[str(step.target)] = min(known) + 2
    return found


def _lane(lifecycle: Lifecycle, state: str) -> str:
    """The lane of a state: of whoever takes the step onward, else of whoever can leave it, else of whoever led there."""
    level = court(lifecycle, state)
    if level is None:
        leaving = sorted(lifecycle.leaving(state), key=lambda one: one.backward)
        leading = [one for one in lifecycle.transitions if one.target == state]
        level = (*leaving, *leading)[0].by[0].level
    return str(level)


def _start(lifecycle: Lifecycle) -> _Part:
    node = Node("start", _lane(lifecycle, str(lifecycle.initial)), 0, _EVENT, row=0)
    return _Part("start", "startEvent", node, _BEGIN)


def _state(lifecycle: Lifecycle, state: str, columns: Mapping[str, int]) -> _Part:
    """A state: a gateway where there is a choice of steps, else the plain event by which BPMN marks a state."""
    ways = len(lifecycle.leaving(state)) + (state in {str(one) for one in lifecycle.resting})
    kind, size = ("eventBasedGateway", _GATEWAY) if ways > 1 else ("intermediateThrowEvent", _EVENT)
    row = 0 if state in main_line(lifecycle) else None
    node = Node(state_id(state), _lane(lifecycle, state), columns[state], size, row=row)
    return _Part(node.id, kind, node, lifecycle.state(state).label, state=state)


def _step(lifecycle: Lifecycle, step: Transition, source: str, columns: Mapping[str, int]) -> _Part:
    here, there = columns[source], columns[str(step.target)]
    turned = there < here
    lane = str(step.by[0].level)
    near = next((state_id(one) for one in (step.target, source) if _lane(lifecycle, str(one)) == lane), "")
    node = Node(step_id(step.name, source), lane, here + (-1 if turned else 1), _TASK, near=near, turned=turned)
    return _Part(node.id, "receiveTask", node, step.label, step=step, state=source)


def _filing(lifecycle: Lifecycle, state: str, columns: Mapping[str, int]) -> Iterator[_Part]:
    lane, column = _lane(lifecycle, state), columns[state] + 1
    waits = Node(f"file_from_{state}", lane, column, _EVENT, near=state_id(state), shift=-30.0)
    yield _Part(waits.id, "intermediateCatchEvent", waits, _FILE, state=state)
    ends = Node(f"end_from_{state}", lane, column, _EVENT, beside=waits.id, shift=30.0)
    yield _Part(ends.id, "endEvent", ends, state=state)


# ---- written ---------------------------------------------------------------------------------------------------------


def write(lifecycle: Lifecycle, language: str = "zh") -> bytes:
    """The process as XML: names in one language ("zh" or "en"), labels in the other as extension elements.

    Who takes a step and by which rules is written down in both, for people, and for programs in extension elements.
    """
    from lxml import etree

    process = _process(lifecycle, language)
    nodes = [one.node for one in process.parts.values()]
    layout = arrange(list(process.lanes), nodes, process.lines)
    root = etree.Element(
        f"{{{MODEL}}}definitions",
        {
            "id": f"lifecycle_{lifecycle.name}",
            "name": process.named(lifecycle.label),
            "targetNamespace": f"{OURS}:{lifecycle.name}",
            "exporter": "zhengji",
        },
        nsmap=_PREFIXES,
    )
    _collaboration(root, process)
    _messages(root, process)
    _whole(root, process)
    _diagram(root, process, layout)
    written: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return written


def _add(parent: _Element, tag: str, namespace: str = MODEL, **values: str) -> _Element:
    from lxml import etree

    return etree.SubElement(parent, f"{{{namespace}}}{tag}", values)


def _say(parent: _Element, *lines: str) -> None:
    """What is written down about an element, in both languages."""
    _add(parent, "documentation").text = "\n".join(line for line in lines if line)


def _label(parent: _Element, process: _Process, text: Text) -> _Element:
    """The label in the other language, where tools that show one do not look; gives the extension to add to."""
    other = "zh" if process.language == "en" else "en"
    more = _add(parent, "extensionElements")
    _add(more, "label", OURS, lang=other).text = text.inside(other)
    return more


def _collaboration(root: _Element, process: _Process) -> None:
    one = _add(root, "collaboration", id="collaboration")
    pool = _add(
        one, "participant", id="pool", name=process.named(process.lifecycle.label), processRef=process.lifecycle.name
    )
    _label(pool, process, process.lifecycle.label)


def _messages(root: _Element, process: _Process) -> None:
    """One message for each step, one resource for each role that takes some, and the signal that files things away."""
    for step in process.lifecycle.transitions:
        _add(root, "message", id=f"message_{step.name}", name=step.name)
    _add(root, "signal", id=f"signal_{FILED}", name=FILED)
    for role in _roles(process.lifecycle):
        one = _add(root, "resource", id=f"role_{role}", name=process.named(role.label))
        _label(one, process, role.label)


def _roles(lifecycle: Lifecycle) -> list[Role]:
    used = {role for step in lifecycle.transitions for role in step.by}
    return [role for role in Role if role in used]


def _whole(root: _Element, process: _Process) -> None:
    label = process.lifecycle.label
    whole = _add(root, "process", id=process.lifecycle.name, name=process.named(label), isExecutable="true")
    _say(
        whole,
        "每个菱形是一个状态；任务是可以办理的事项，列在办理人所在的泳道；归档后不再办理。",
        "A diamond is a state; a task is a step, in the lane of whoever takes it; what is filed away is done with.",
    )
    _label(whole, process, label)
    lanes = _add(whole, "laneSet", id="lanes")
    for key, level in process.lanes.items():
        lane = _add(lanes, "lane", id=f"lane_{key}", name=process.named(level.label))
        _label(lane, process, level.label)
        for part in process.parts.values():
            if part.node.lane == key:
                _add(lane, "flowNodeRef").text = part.id
    for part in process.parts.values():
        _element(whole, process, part)
    for line in process.lines:
        _add(whole, "sequenceFlow", id=line.id, sourceRef=line.source, targetRef=line.target)


def _element(whole: _Element, process: _Process, part: _Part) -> None:
    given: dict[str, str] = {"id": part.id}
    if part.label:
        given["name"] = process.named(part.label)
    if part.step:
        given["messageRef"] = f"message_{part.step.name}"
    one = _add(whole, part.kind, **given)
    if part.step:
        _told(one, process, part.step)
    elif part.label:
        _label(one, process, part.label)
    for line in process.incoming(part.id):
        _add(one, "incoming").text = line
    for line in process.outgoing(part.id):
        _add(one, "outgoing").text = line
    if part.step:
        for role in part.step.by:
            owner = _add(one, "potentialOwner", id=f"{role}_of_{part.id}", name=process.named(role.label))
            _add(owner, "resourceRef").text = f"role_{role}"
    if part.kind == "intermediateCatchEvent":
        _add(one, "signalEventDefinition", id=f"signal_of_{part.id}", signalRef=f"signal_{FILED}")


def _told(one: _Element, process: _Process, step: Transition) -> None:
    """Who takes a step, what takes it back, what it voids and which rules guard it: in sentences, and for programs."""
    back = process.lifecycle.named(step.undone_by)
    assert back is not None  # a lifecycle without it is not made
    who = Text("、".join(role.label.zh for role in step.by), ", ".join(role.label.en for role in step.by))
    _say(
        one,
        f"由{who.zh}办理；可用“{back.label.zh}”撤回。",
        "随另一事项办理，不单独办理。" if step.through else "",
        f"这一步会：{step.undoes.zh}" if step.undoes else "",
        *(["须符合的规则："] if step.guards else []),
        *(f"· {guard.demand}" for guard in step.guards),
        f"{step.label.en}. By: {who.en}. Taken back by: {back.label.en}.",
        f"Taken only as part of {step.through}." if step.through else "",
        step.undoes.en if step.undoes else "",
        f"Rules: {', '.join(guard.id for guard in step.guards)}." if step.guards else "",
    )
    more = _label(one, process, step.label)
    _add(
        more,
        "step",
        OURS,
        name=step.name,
        undoneBy=step.undone_by,
        **({"through": step.through} if step.through else {}),
    )
    for role in step.by:
        _add(more, "by", OURS, role=str(role))
    for guard in step.guards:
        _add(more, "guard", OURS, rule=guard.id, demand=guard.demand)


# ---- drawn -----------------------------------------------------------------------------------------------------------


def _diagram(root: _Element, process: _Process, layout: Layout) -> None:
    diagram = _add(root, "BPMNDiagram", DI, id="diagram")
    plane = _add(diagram, "BPMNPlane", DI, id="plane", bpmnElement="collaboration")
    _shape(plane, "pool", layout.pool, isHorizontal="true")
    for key in process.lanes:
        _shape(plane, f"lane_{key}", layout.lanes[key], isHorizontal="true")
    for part in process.parts.values():
        shape = _shape(plane, part.id, layout.nodes[part.id])
        if part.label and part.kind != "receiveTask":
            _bounds(_add(shape, "BPMNLabel", DI), _above(layout.nodes[part.id]))
    for line in process.lines:
        edge = _add(plane, "BPMNEdge", DI, id=f"edge_{line.id}", bpmnElement=line.id)
        for point in layout.lines[line.id]:
            _point(edge, point)


def _shape(plane: _Element, of: str, box: Box, **more: str) -> _Element:
    shape = _add(plane, "BPMNShape", DI, id=f"shape_{of}", bpmnElement=of, **more)
    _bounds(shape, box)
    return shape


def _above(box: Box) -> Box:
    width, height = _LABEL
    return Box(box.middle[0] - width / 2, box.y - height - 4, width, height)


def _bounds(parent: _Element, box: Box) -> None:
    size = {"x": box.x, "y": box.y, "width": box.width, "height": box.height}
    _add(parent, "Bounds", _DC, **{name: f"{value:g}" for name, value in size.items()})


def _point(edge: _Element, point: Point) -> None:
    _add(edge, "waypoint", _DD, x=f"{point[0]:g}", y=f"{point[1]:g}")
