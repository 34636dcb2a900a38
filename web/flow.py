"""The lifecycle of a case or a batch as a BPMN drawing: where it stands in it, which way it came, and the file to take away."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import BytesIO

from flask import Blueprint, send_file, url_for
from werkzeug.wrappers import Response

from states.lifecycle import Lifecycle, State, Transition
from web.request import actor, language, reading
from web.words import t
from workflow import batches, boards, cases, histories, lists
from workflow.interchange import bpmn
from workflow.store.models import Batch, Case

bp = Blueprint("flow", __name__, url_prefix="/flow")

Steps = Iterable[lists.Happened | histories.Happened]


@dataclass(frozen=True)
class Told:
    """One state in words: whether it is "here", "passed" or "ahead", and what can be done there."""

    state: State
    kind: str
    steps: Sequence[Transition]


@dataclass(frozen=True)
class Flow:
    """A drawing to be shown when asked for. `here`, `passed`: elements of it; `told`: the same for who cannot see it."""

    url: str
    here: str
    passed: str
    told: Sequence[Told]


def of_case(case: Case, lived: Lifecycle, history: Steps) -> Flow:
    return _flow(lived, case.state, history, url_for("flow.case", case_id=case.id))


def of_batch(batch: Batch, history: Steps) -> Flow:
    return _flow(boards.lifecycle(), batch.state, history, url_for("flow.batch", batch_id=batch.id))


def _flow(lived: Lifecycle, here: str, history: Steps, url: str) -> Flow:
    taken = [(str(one.source), one.step) for one in history if one.done and one.step and one.source]
    passed = {str(lived.initial), *(source for source, _ in taken)}
    told = [
        Told(state, "here" if state == here else "passed" if state in passed else "ahead", lived.leaving(state))
        for state in lived.states
    ]
    return Flow(url, bpmn.state_id(here), " ".join(bpmn.taken(taken)), told)


# What is sent holds nothing of the case or batch: only the rules by which its like is handled. So it goes on no record.


@bp.get("/cases/<int:case_id>.bpmn")
def case(case_id: int) -> Response:
    with reading() as session:
        found = cases.find(session, case_id, seen_by=actor())
        lived = lists.lifecycle(lists.call_of(session, found))
    return _sent(lived, t("案例流程", "process of cases"))


@bp.get("/batches/<int:batch_id>.bpmn")
def batch(batch_id: int) -> Response:
    with reading() as session:
        batches.find(session, batch_id, seen_by=actor())
    return _sent(boards.lifecycle(), t("省级汇总报送流程", "process of batches"))


def _sent(lived: Lifecycle, name: str) -> Response:
    return send_file(
        BytesIO(bpmn.write(lived, language())), bpmn.TYPE, as_attachment=True, download_name=f"{name}.bpmn"
    )
