"""What proofs of calls came to: kept with the text that they are of, and asked before a call opens."""

from __future__ import annotations

import tempfile
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from rules.call import Call
from rules.roles import Role
from rules.words import Text
from states.reach import SYSTEM, Actor
from workflow.calls import CallProblem, CallRefused, digest, parse_call, stranding
from workflow.engine import NoSuchThing, NotPermitted, Receipt
from workflow.identity import people
from workflow.jobs.kinds import UNFINISHED, JobState
from workflow.jobs.queue import enqueue
from workflow.proof import Proof, prove, scenarios
from workflow.proof.scenarios import FAILED, NOT_ASKED, PASSED, Run, Watch
from workflow.store import jobs as stored_jobs
from workflow.store import people as stored_people
from workflow.store import personal as stored_personal
from workflow.store import proofs as stored
from workflow.store.database import Database
from workflow.store.models import CallProof, CallVersion, Job

KEPT, BROKEN = "kept", "broken"
READS = frozenset({Role.DESK, Role.DIRECTOR, Role.AUDITOR})
ASKS = frozenset({Role.DESK, Role.DIRECTOR})


class NoSuchText(NoSuchThing):
    """No call or draft has that text, or it is not for this person (404)."""


_NONE = NoSuchText(
    Text(
        "没有这份通知或草案，或者它在这之后改过。请从“征集通知”进入。",
        "There is no such call or draft, or it was changed since. Start from the calls.",
    )
)


def keep(
    session: Session,
    source: str,
    notice: str,
    proof: Proof,
    ran: Run,
    *,
    actor: Actor,
    at: datetime,
) -> None:
    """Keep what a proof of exactly this text came to, on record."""
    promises = {one.id: KEPT if one.kept else BROKEN for one in proof.verdicts}
    stored.keep(session, proof.call, digest(source, notice), promises, ran.scenarios, ran.failures, actor, at)


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


# ---- the scenarios, from the screen ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shown:
    """The last run of the scenarios on a text. `job`: the one that is being made, or was given up."""

    digest: str
    call: Call
    proof: CallProof | None
    job: Job | None

    @property
    def state(self) -> JobState | None:
        return JobState.of(self.job.state) if self.job else None

    @property
    def going(self) -> bool:
        return self.job is not None and self.job.state in UNFINISHED

    @property
    def ran(self) -> bool:
        """Whether the scenarios were ever run on this text."""
        return self.proof is not None and bool(self.proof.scenarios)

    def of(self, outcome: str) -> Sequence[str]:
        """The scenarios of which that became, by file."""
        return [name for name, one in sorted(self.proof.scenarios.items()) if one == outcome] if self.proof else []

    @property
    def failed(self) -> Sequence[str]:
        return self.of(FAILED)

    @property
    def passed(self) -> Sequence[str]:
        return self.of(PASSED)

    @property
    def not_asked(self) -> Sequence[str]:
        return self.of(NOT_ASKED)


def reads(actor: Actor) -> bool:
    """Whether this person sees what became of each scenario."""
    return bool(actor.roles & READS)


def check(actor: Actor) -> None:
    """Raise NoSuchText for all but the desk, the director and the auditor."""
    if not reads(actor):
        raise _NONE


def asks(actor: Actor) -> bool:
    """Whether this person has scenarios run; nobody has where they do not lie beside the program."""
    return bool(actor.roles & ASKS) and scenarios.there()


def shown(session: Session, fingerprint: str, *, actor: Actor) -> Shown:
    """What became of the scenarios on the text of that digest. Raises NoSuchText."""
    check(actor)
    return _shown(session, fingerprint, _text(session, fingerprint)[2])


def _text(session: Session, fingerprint: str) -> tuple[str, str, Call]:
    found = stored.text_of(session, fingerprint)
    if found is None:
        raise _NONE
    try:
        return *found, parse_call(*found)
    except CallRefused:
        raise _NONE from None


def _shown(session: Session, fingerprint: str, call: Call) -> Shown:
    job = stored_jobs.about(session, f"call_text/{fingerprint}", "prove_call")
    return Shown(fingerprint, call, stored.newest(session, fingerprint), job)


def of_text(session: Session, source: str, notice: str, call: Call) -> Shown:
    """The same of a text at hand."""
    return _shown(session, digest(source, notice), call)


def ask(session: Session, fingerprint: str, *, actor: Actor, at: datetime, op: str) -> Receipt | None:
    """Have the scenarios run on a text in the background; None where that is being done already.

    Raises NoSuchText, NotPermitted for whoever only reads.
    """
    found = shown(session, fingerprint, actor=actor)
    if not asks(actor):
        raise NotPermitted(Text("例子由国家局受理人或主管运行。", "The scenarios are run by the desk or the director."))
    if found.going:
        return None
    key = f"prove_call/{fingerprint[:16]}/{op or at.isoformat()}"
    enqueue(session, "prove_call", key, fingerprint, actor.id)
    data = {"call": found.call.number, "digest": fingerprint}
    return stored_personal.note(session, "drafts", "call.ask_proof", data, actor, at)


def work_out(database: Database, fingerprint: str, person: int, watch: Watch, *, at: datetime) -> str:
    """Prove a text and run the scenarios on it, and keep what came of both. Raises NoScenarios, and what `watch` raises."""
    with database.reading() as session:
        found = stored.text_of(session, fingerprint)
        known = stored_people.by_id(session, person)
        actor = people.actor_of(known) if known is not None else SYSTEM
    if found is None:
        return "the text was changed meanwhile"
    source, notice = found
    with tempfile.TemporaryDirectory(prefix="zhengji-prove-") as folder:
        file = Path(folder) / "call.toml"
        file.write_text(source, "utf-8")
        (file.parent / str(tomllib.loads(source)["text"])).write_text(notice, "utf-8")
        ran = scenarios.run(file, watch)
    proof = prove(parse_call(source, notice))
    with database.transaction() as session:
        keep(session, source, notice, proof, ran, actor=actor, at=at)
    return f"{len(ran.scenarios)} scenarios, {len(ran.failed)} failed"
