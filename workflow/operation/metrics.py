"""What this process did, counted for Prometheus where it happens.

Counts belong to the process that made them. Several web processes under one `zhengji run` add theirs up in a folder of
files (prometheus_client's way, `processes.together`), so whichever of them is asked answers for all.
"""

from __future__ import annotations

from collections import Counter as Counted
from collections.abc import Sequence

from prometheus_client import Counter, Gauge, Histogram
from sqlalchemy import Engine, event

from workflow.engine import Attempt

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

_REQUESTS = Counter("zhengji_requests", "Requests answered", ("method", "route", "status"))
_DURATION = Histogram(
    "zhengji_request_seconds", "Time until an answer was ready, in seconds", ("method", "route"), buckets=_SECONDS
)
_TRANSITIONS = Counter("zhengji_transitions", "Attempts at a step, by outcome", ("lifecycle", "step", "outcome"))
_REFUSALS = Counter("zhengji_refusals", "Findings that refused an attempt", ("rule",))
_TRIES = Counter("zhengji_tries", "Tries at background work, by what came of them", ("kind", "outcome"))
_WORK = Histogram("zhengji_try_seconds", "Time that a try took, in seconds", ("kind",), buckets=_SECONDS)
_CONNECTIONS = Gauge("zhengji_connections_in_use", "Connections to the database in use", multiprocess_mode="livesum")


def answered(method: str, route: str, status: int, seconds: float) -> None:
    """One request, by the template of its address; "" for an address that is none of ours."""
    _REQUESTS.labels(method, route, str(status)).inc()
    _DURATION.labels(method, route).observe(seconds)


def attempted(lifecycle: str, attempts: Sequence[Attempt]) -> None:
    """Attempts that are on record."""
    counted = Counted((one.transition.name, one.outcome) for one in attempts)
    for (step, outcome), many in counted.items():
        _TRANSITIONS.labels(lifecycle, step, str(outcome)).inc(many)
    for one in attempts:
        if not one.done:
            for finding in one.findings:
                if finding.blocks:
                    _REFUSALS.labels(finding.rule).inc()


def tried(kind: str, outcome: str, seconds: float) -> None:
    """One try at a piece of background work."""
    _TRIES.labels(kind, outcome).inc()
    _WORK.labels(kind).observe(seconds)


def watch(engine: Engine) -> None:
    """Count the connections of an engine that are in use."""
    event.listen(engine, "checkout", lambda *_: _CONNECTIONS.inc())
    event.listen(engine, "checkin", lambda *_: _CONNECTIONS.dec())
