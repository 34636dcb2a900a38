"""The process that is exported says what the lifecycle says: an engine that others wrote takes its steps, and no others."""

from __future__ import annotations

import random
from collections import deque
from functools import cache
from itertools import combinations, pairwise

import pytest
from lxml import etree
from SpiffWorkflow.bpmn.parser.BpmnParser import BpmnParser, BpmnValidator
from SpiffWorkflow.bpmn.specs.bpmn_process_spec import BpmnProcessSpec
from SpiffWorkflow.bpmn.specs.event_definitions.item_aware_event import SignalEventDefinition
from SpiffWorkflow.bpmn.specs.event_definitions.message import MessageEventDefinition
from SpiffWorkflow.bpmn.util.event import BpmnEvent
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.exceptions import WorkflowException
from SpiffWorkflow.util.task import TaskState

from rules.call import Leg, Recommender, Route
from states.batch import BATCH
from states.case import CASE
from states.judgement import JUDGEMENT
from states.lifecycle import Lifecycle
from states.push import PUSH
from states.route import lifecycle_of
from workflow.interchange import bpmn

ROUTES = {
    "of offices": Route(),
    "of ministries, with public notice": Route(tuple(Leg), Recommender.MINISTRY),
    "of centres themselves": Route((Leg.SELECTION, Leg.PUBLICATION), Recommender.SELF),
}
LIFECYCLES = {
    "case": CASE,
    "batch": BATCH,
    "push": PUSH,
    "judgement": JUDGEMENT,
    **{name: lifecycle_of(one) for name, one in ROUTES.items()},
}
"""The whole ones, and those of the cases of calls with different routes."""
NAMES = {None: bpmn.MODEL, "m": bpmn.MODEL, "d": bpmn.DI, "dc": bpmn._DC, "di": bpmn._DD, "z": bpmn.OURS}
every = pytest.mark.parametrize("lifecycle", LIFECYCLES.values(), ids=LIFECYCLES.keys())


def document(lifecycle: Lifecycle) -> etree._Element:
    return etree.fromstring(bpmn.write(lifecycle))


def found(root: etree._Element, path: str) -> list[etree._Element]:
    return root.xpath(path, namespaces={key: value for key, value in NAMES.items() if key})  # type: ignore[return-value]


# ---- run by an engine ------------------------------------------------------------------------------------------------


@cache
def read_by_the_engine(written: bytes, name: str) -> BpmnProcessSpec:
    parser = BpmnParser(validator=BpmnValidator())
    parser.add_bpmn_str(written)
    return parser.get_spec(name)


class Running:
    """One thing on its way through the exported process, in SpiffWorkflow."""

    def __init__(self, lifecycle: Lifecycle) -> None:
        self.engine = BpmnWorkflow(read_by_the_engine(bpmn.write(lifecycle), lifecycle.name))
        self.engine.do_engine_steps()

    def take(self, *steps: str) -> Running:
        """Raises WorkflowException at a step for which the engine does not wait."""
        for step in steps:
            self.engine.send_event(BpmnEvent(MessageEventDefinition(step)))
            self.engine.do_engine_steps()
        return self

    def file(self) -> Running:
        self.engine.send_event(BpmnEvent(SignalEventDefinition(bpmn.FILED)))
        self.engine.do_engine_steps()
        return self

    @property
    def waits_at(self) -> list[str]:
        return [one.task_spec.name for one in self.engine.get_tasks(state=TaskState.WAITING)]


def waiting(lifecycle: Lifecycle, state: str) -> list[str]:
    """Where the engine waits in a state: at its gateway, or where there is no choice at the one step that leaves it."""
    steps = lifecycle.leaving(state)
    alone = len(steps) == 1 and state not in lifecycle.resting
    return [bpmn.step_id(steps[0].name, state) if alone else bpmn.state_id(state)]


def ways(lifecycle: Lifecycle) -> dict[str, list[str]]:
    """State → the fewest steps that lead there."""
    known: dict[str, list[str]] = {str(lifecycle.initial): []}
    queue = deque(known)
    while queue:
        state = queue.popleft()
        for step in lifecycle.leaving(state):
            if str(step.target) not in known:
                known[str(step.target)] = [*known[state], step.name]
                queue.append(str(step.target))
    return known


@every
def test_in_every_state_the_engine_takes_exactly_the_steps_that_leave_it(lifecycle: Lifecycle) -> None:
    wrong = []
    for state, way in ways(lifecycle).items():
        if Running(lifecycle).take(*way).waits_at != waiting(lifecycle, state):
            wrong.append(f"{way} does not lead to {state}")
        for step in lifecycle.transitions:
            running = Running(lifecycle).take(*way)
            try:
                came = running.take(step.name).waits_at
            except WorkflowException:
                came = []
            legal = lifecycle.find(state, step.name) is not None
            if came != (waiting(lifecycle, str(step.target)) if legal else []):
                wrong.append(f"{step.name} from {state} leads to {came}")
    assert wrong == []


@every
def test_things_are_filed_away_where_they_may_rest_and_nowhere_else(lifecycle: Lifecycle) -> None:
    ended = set()
    for state, way in ways(lifecycle).items():
        running = Running(lifecycle).take(*way)
        try:
            running.file()
        except WorkflowException:
            continue
        assert running.engine.completed
        ended.add(state)
    assert ended == {str(one) for one in lifecycle.resting}


@every
def test_legal_ways_of_any_length_run_to_the_end(lifecycle: Lifecycle) -> None:
    """Twenty ways drawn with a seed, each of thirty steps and then on to a state where things may rest."""
    drawn = random.Random(2021)
    for _ in range(20):
        running, state = Running(lifecycle), str(lifecycle.initial)
        for _ in range(30):
            step = drawn.choice(lifecycle.leaving(state))
            state = str(step.target)
            assert running.take(step.name).waits_at == waiting(lifecycle, state)
        while state not in lifecycle.resting:
            step = next(one for one in lifecycle.leaving(state) if not one.backward)
            running.take(step.name)
            state = str(step.target)
        assert running.file().engine.completed


# ---- what it says ----------------------------------------------------------------------------------------------------


@every
def test_it_is_valid_by_the_schema_of_the_standard(lifecycle: Lifecycle) -> None:
    BpmnValidator().validate(document(lifecycle))


def test_the_schema_refuses_what_is_no_bpmn() -> None:
    root = document(PUSH)
    found(root, "//m:receiveTask")[0].append(etree.Element(f"{{{bpmn.MODEL}}}sticker"))
    with pytest.raises(Exception, match="sticker"):
        BpmnValidator().validate(root)


@every
def test_every_state_and_every_step_stands_in_it_with_its_words(lifecycle: Lifecycle) -> None:
    root = document(lifecycle)
    named = {one.get("id"): one.get("name") for one in found(root, "//m:process/*[@name]")}
    for state in lifecycle.states:
        assert named[bpmn.state_id(str(state))] == state.label.zh
    for step in lifecycle.transitions:
        for source in step.sources:
            [one] = found(root, f"//m:receiveTask[@id='{bpmn.step_id(step.name, str(source))}']")
            assert one.get("name") == step.label.zh
            assert [label.text for label in found(one, ".//z:label")] == [step.label.en]
            assert [guard.get("rule") for guard in found(one, ".//z:guard")] == [guard.id for guard in step.guards]
            assert [by.get("role") for by in found(one, ".//z:by")] == [str(role) for role in step.by]
            [told] = found(one, "m:documentation")
            assert [guard.id for guard in step.guards if guard.id not in str(told.text)] == []


def test_it_is_named_in_english_where_that_is_asked_for() -> None:
    root = etree.fromstring(bpmn.write(CASE, "en"))
    [step] = found(root, "//m:receiveTask[@id='step_stamp_from_draft']")
    assert (step.get("name"), [one.text for one in found(step, ".//z:label")]) == (
        "Stamp and send to the province",
        ["盖章报送省级"],
    )


@every
def test_each_step_stands_in_the_lane_of_whoever_takes_it(lifecycle: Lifecycle) -> None:
    root = document(lifecycle)
    lanes = {ref.text: lane.get("id") for lane in found(root, "//m:lane") for ref in found(lane, "m:flowNodeRef")}
    for step in lifecycle.transitions:
        for source in step.sources:
            assert lanes[bpmn.step_id(step.name, str(source))] == f"lane_{step.by[0].level}"


# ---- how it is drawn -------------------------------------------------------------------------------------------------


def boxes(root: etree._Element) -> dict[str, tuple[float, float, float, float]]:
    """Element → left, top, right, bottom."""
    drawn = {}
    for shape in found(root, "//d:BPMNShape"):
        [bounds] = found(shape, "dc:Bounds")
        x, y, width, height = (float(bounds.get(name, "nan")) for name in ("x", "y", "width", "height"))
        drawn[shape.get("bpmnElement", "")] = (x, y, x + width, y + height)
    return drawn


@every
def test_everything_is_drawn_once_inside_its_lane_and_apart_from_the_rest(lifecycle: Lifecycle) -> None:
    root = document(lifecycle)
    drawn = boxes(root)
    nodes = {
        ref.text or "": lane.get("id", "") for lane in found(root, "//m:lane") for ref in found(lane, "m:flowNodeRef")
    }
    assert set(drawn) == {"pool", *nodes, *nodes.values()}
    for node, lane in nodes.items():
        (x1, y1, x2, y2), (left, top, right, bottom) = drawn[node], drawn[lane]
        assert (left < x1, top < y1, x2 < right, y2 < bottom) == (True, True, True, True), node
    for one, other in combinations(nodes, 2):
        (a1, b1, a2, b2), (c1, d1, c2, d2) = drawn[one], drawn[other]
        assert a2 < c1 or c2 < a1 or b2 < d1 or d2 < b1, f"{one} lies on {other}"


@every
def test_every_line_runs_at_right_angles_from_border_to_border_and_through_nothing(lifecycle: Lifecycle) -> None:
    root = document(lifecycle)
    drawn = boxes(root)
    nodes = {ref.text or "" for ref in found(root, "//m:flowNodeRef")}
    flows = {
        one.get("id"): (one.get("sourceRef", ""), one.get("targetRef", "")) for one in found(root, "//m:sequenceFlow")
    }
    edges = {one.get("bpmnElement"): one for one in found(root, "//d:BPMNEdge")}
    assert set(edges) == set(flows)
    for flow, ends in flows.items():
        points = [(float(one.get("x", "nan")), float(one.get("y", "nan"))) for one in found(edges[flow], "di:waypoint")]
        for (x, y), node in zip((points[0], points[-1]), ends, strict=True):
            left, top, right, bottom = drawn[node]
            assert (x in (left, right) and top <= y <= bottom) or (y in (top, bottom) and left <= x <= right), flow
        for (x1, y1), (x2, y2) in pairwise(points):
            assert x1 == x2 or y1 == y2, flow
            for node in nodes - set(ends):
                left, top, right, bottom = drawn[node]
                apart = max(x1, x2) <= left or min(x1, x2) >= right or max(y1, y2) <= top or min(y1, y2) >= bottom
                assert apart, f"{flow} runs through {node}"


def test_what_a_thing_went_through_is_named_element_by_element() -> None:
    root = document(CASE)
    ids = {one.get("id") for one in found(root, "//m:process/*")}
    steps = [("draft", "stamp"), ("centre_stamped", "return_to_centre"), ("returned", "stamp")]
    named = bpmn.taken(steps)
    assert set(named) <= ids
    assert named[:6] == [
        "start",
        "leave_start",
        "state_draft",
        "reach_step_stamp_from_draft",
        "step_stamp_from_draft",
        "leave_step_stamp_from_draft",
    ]
    assert len(named) == len(set(named))
