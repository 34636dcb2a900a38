"""What proofs of calls came to: kept with the text that they are of, and asked before a call opens."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from rules.call import Call
from rules.words import Text
from states.reach import Actor
from workflow import stranding
from workflow.calls import CallProblem, digest
from workflow.proof import Proof, prove
from workflow.proof.scenarios import FAILED
from workflow.store import proofs as stored
from workflow.store.models import CallProof, CallVersion

KEPT, BROKEN = "kept", "broken"


def keep(
    session: Session,
    source: str,
    notice: str,
    proof: Proof,
    scenarios: Mapping[str, str],
    *,
    actor: Actor,
    at: datetime,
) -> None:
    """Keep what a proof of exactly this text came to, on record."""
    promises = {one.id: KEPT if one.kept else BROKEN for one in proof.verdicts}
    stored.keep(session, proof.call, digest(source, notice), promises, scenarios, actor, at)


def last(session: Session, version: CallVersion) -> CallProof | None:
    """The last proof of a version's text; None where there was none here."""
    return stored.newest(session, version.digest)


def problems(session: Session, source: str, notice: str, call: Call) -> list[CallProblem]:
    """Why a call of this text may not be opened: promises that it breaks, scenarios that failed when last run, and running
    cases that it would strand.

    Exploring takes a fraction of a second, so it is done anew, by the program as it is now.
    """
    broken = [one for one in prove(call).verdicts if not one.kept]
    known = stored.newest(session, digest(source, notice))
    failed = [name for name, outcome in known.scenarios.items() if outcome == FAILED] if known else []
    return [
        *(
            CallProblem(
                one.id,
                Text(
                    f"检验没有通过，不能开放。承诺：{one.words.zh}。反例：{one.stories[0].zh}",
                    f"Not proved, so it cannot be opened. Promised: {one.words.en}. Counter-example: {one.stories[0].en}",
                ),
            )
            for one in broken
        ),
        *(
            CallProblem(
                name,
                Text(
                    f"检验没有通过，不能开放。用这份通知的数据运行时，例子“{name}”没有通过。",
                    f"Not proved, so it cannot be opened. This scenario failed on the call's data: “{name}”.",
                ),
            )
            for name in failed
        ),
        *stranding.problems(session, call),
    ]
