"""A lifecycle as a BPMN drawing: where a case or batch stands in it, which way it came, and the file to take away."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import TypeAlias

from flask import Blueprint, request, send_file, url_for
from werkzeug.wrappers import Response

from states.lifecycle import Lifecycle, State, Transition
from web.request import actor, language, reading
from web.request import number as row_number
from web.words import t
from workflow import batches, boards, cases, histories, lists
from workflow.calls import notices
from workflow.interchange import bpmn
from workflow.store import models

bp = Blueprint("flow", __name__, url_prefix="/flow")

Steps: TypeAlias = "Iterable[lists.Happened | histories.Happened]"


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


def of_case(case: models.Case, lived: Lifecycle, history: Steps) -> Flow:
    return _flow(lived, case.state, history, url_for("flow.case", case_id=case.id))


def of_batch(batch: models.Batch, history: Steps) -> Flow:
    return _flow(boards.lifecycle(), batch.state, history, url_for("flow.batch", batch_id=batch.id))


def of_call(lived: Lifecycle, number: str, version: int) -> Flow:
    """The process of the cases of a call, in which nothing stands anywhere."""
    return _flow(lived, "", (), url_for("flow.call", number=number, version=version))


def _flow(lived: Lifecycle, here: str, history: Steps, url: str) -> Flow:
    taken = [(str(one.source), one.step) for one in history if one.done and one.step and one.source]
    passed = {str(lived.initial), *(source for source, _ in taken)} if here else set()
    told = [
        Told(state, "here" if state == here else "passed" if state in passed else "ahead", lived.leaving(state))
        for state in lived.states
    ]
    return Flow(url, bpmn.state_id(here) if here else "", " ".join(bpmn.taken(taken)) if here else "", told)


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
    return _sent(boards.lifecycle(), t("汇总报送流程", "process of batches"))


@bp.get("/calls/<number>.bpmn")
def call(number: str) -> Response:
    with reading() as session:
        _, found = notices.find(session, number, row_number(request.args.get("version")))
    return _sent(lists.lifecycle(found), t("案例流程", "process of cases"))


def _sent(lived: Lifecycle, name: str) -> Response:
    return send_file(
        BytesIO(bpmn.write(lived, language())), bpmn.TYPE, as_attachment=True, download_name=f"{name}.bpmn"
    )
