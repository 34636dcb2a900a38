"""What a step on a case or a batch would come to, before anybody confirms it: mails, numbers, seals; nothing is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from rules.call import Call
from rules.roles import Level
from rules.words import Text
from states.batch import BatchState
from states.lifecycle import Transition
from states.reach import Actor
from workflow import batches, bulk, cases, letters, papers
from workflow.bulk import Effect, Form, Line, Verdict
from workflow.engine import Offer
from workflow.letters import Mail
from workflow.publishing import editorial
from workflow.store import batches as stored
from workflow.store.calls import call_of
from workflow.store.cases import LEAVES_ITS_BATCH, VOIDS_SIGN_OFFS
from workflow.store.facts import Inputs
from workflow.store.models import Batch, Case

NOTHING_FILLED_IN = Form()


@dataclass(frozen=True)
class Foreseen:
    """`line`: whether it can be done, and all that stands in the way; the rest is what follows if it is done.

    `seals`: what becomes of seals and sign-offs, in sentences.
    """

    step: Transition
    line: Line
    mails: Sequence[Mail]
    effects: Sequence[Effect]
    seals: Sequence[Text]

    @property
    def possible(self) -> bool:
        """Whether it could be tried at all, by this person and from here."""
        return self.line.said is None


def foresee(
    session: Session,
    case: Case,
    trigger: str,
    *,
    actor: Actor,
    at: datetime,
    form: Form = NOTHING_FILLED_IN,
    seen: str = "",
) -> Foreseen:
    """What a step would come to, whoever asks. Raises NoSuchTransition for one that is never taken alone."""
    engine = cases.engine_of(call_of(session, case.call_version_id))
    step = engine.declared.named(trigger)
    if step is None:
        raise engine.no_way(case.state, trigger)
    cases.check_alone(trigger)
    made = bulk.foresee(session, step, [case.id], actor=actor, at=at, form=form, seen={case.id: seen})
    [line] = made.lines
    if line.verdict is Verdict.READY and any(one.blocks for one in line.findings):
        line = replace(line, verdict=Verdict.ASKED)  # alone, a reason or a day is asked for like everything else
    return Foreseen(step, line, made.mails, _known(made.effects, step), _seals(session, case, step, actor))


def _known(effects: Sequence[Effect], step: Transition) -> Sequence[Effect]:
    """Numbers of an office are its own: whoever acts for a centre sees those of the centre alone."""
    if step.by[0].level is not Level.CENTRE:
        return effects
    return [one for one in effects if one.phase is None]


def _seals(session: Session, case: Case, step: Transition, actor: Actor) -> list[Text]:
    found = [_rests_on(session, case)] if step.name == "stamp" else []
    if step.name in LEAVES_ITS_BATCH:
        found.append(_leaves(session, case, actor))
    if step.name in VOIDS_SIGN_OFFS:
        found.append(_void(sum(one.void_at is None for one in editorial.sign_offs(session, case))))
    return [one for one in found if one is not None]


def _rests_on(session: Session, case: Case) -> Text | None:
    """The seal with which a case goes to its office."""
    seal = papers.newest_seal(session, case)
    if seal is None or not seal.unit:
        return None
    return Text(
        f"凭“{seal.unit}”在报送表上的印章报送；此后改动内容，印章即失效。",
        f"It goes with the seal of “{seal.unit}” on its form; any later change of the content voids that seal.",
    )


def _leaves(session: Session, case: Case, actor: Actor) -> Text | None:
    """The batch that loses it, to those who reach batches, and whether that one's summary table was sealed."""
    found = stored.of_case(session, case.id)
    batch = stored.one(session, found, actor) if found is not None else None
    if batch is None:
        return None
    left = Text(f"案例移出批次 {batch.number}", f"The case leaves batch {batch.number}")
    if batches.newest_seal(session, batch) is None or batch.state not in (BatchState.COLLECTING, BatchState.SEALED):
        return Text(f"{left.zh}。", f"{left.en}.")
    return Text(f"{left.zh}，它已盖章的汇总表随之失效。", f"{left.en}, whose sealed summary table is void with it.")


def _void(count: int) -> Text | None:
    return Text(f"已有的 {count} 份签发作废。", f"{count} sign-offs given so far are void.") if count else None


# ---- batches ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ForeseenBatch:
    """A step of a batch with all that stands in its way. What follows is told to whoever may take it: `moving`: what becomes
    of each case; `post`: the mail of the whole batch; `mails`: those that tell people; `seals`, in sentences."""

    offer: Offer
    moving: Sequence[batches.Moving] = ()
    post: Text | None = None
    mails: Sequence[Mail] = ()
    effects: Sequence[Effect] = ()
    seals: Sequence[Text] = ()


def foresee_batch(
    session: Session, batch: Batch, trigger: str, *, actor: Actor, at: datetime, form: Form = NOTHING_FILLED_IN
) -> ForeseenBatch:
    """What a step would come to. Raises NoSuchTransition where there is none of that name from here."""
    inputs = Inputs.of(actor, at, form.remark.strip(), form.confirmed, form.reasons, form.new_day)
    made = batches.offers(session, batch, actor=actor, at=at, inputs=inputs)
    offer = next((one for one in made if one.transition.name == trigger), None)
    if offer is None:
        raise batches.ENGINE.no_way(batch.state, trigger)
    if not offer.mine or batches.is_back(batch, actor):
        return ForeseenBatch(offer)
    moving = batches.moving(session, batch, trigger, inputs)
    call = call_of(session, batch.call_version_id)
    with_it = {"send": "submit", "return_batch": "return_to_office"}.get(trigger)
    step = cases.engine_of(call).declared.named(with_it) if with_it else None
    rows = [one.row for one in moving if one.becomes is not None]
    mails: list[Mail] = []
    if step is not None and trigger == "return_batch":
        mails = letters.due_for(
            session, rows, step.name, actor, at=at, remark=form.remark.strip(), new_day=form.new_day
        )
    post = _post(batch, call) if trigger == "send" else None
    effects = bulk.effects(session, step, rows) if step is not None else []
    return ForeseenBatch(offer, moving, post, mails, effects, _seals_of_batch(session, batch, trigger, moving))


def _post(batch: Batch, call: Call) -> Text | None:
    """The mail that takes the whole batch to the mailbox of the call."""
    if not call.mail.to:
        return None
    return Text(
        f"整批材料寄往 {call.mail.to}，标题“{batch.subject}”。",
        f"The whole batch is mailed to {call.mail.to}, under the subject “{batch.subject}”.",
    )


def _seals_of_batch(session: Session, batch: Batch, trigger: str, moving: Sequence[batches.Moving]) -> list[Text]:
    seal = batches.newest_seal(session, batch)
    if seal is None or not seal.unit:
        return []
    left = sum(one.becomes is None for one in moving)
    if trigger == "return_batch" and left:
        return [
            Text(
                f"有 {left} 个案例已进入后续环节，移出批次；汇总表上“{seal.unit}”的印章随之失效。",
                f"{left} cases have gone on and leave the batch; the seal of “{seal.unit}” on its summary table is void.",
            )
        ]
    if trigger in ("seal", "send"):
        return [
            Text(
                f"凭“{seal.unit}”在汇总表上的印章；此后改动名单，印章即失效。",
                f"It rests on the seal of “{seal.unit}” on the summary table; any later change of the list voids it.",
            )
        ]
    return [
        Text(
            f"名单不变，汇总表上“{seal.unit}”的印章仍有效；改动名单后须重新盖章。",
            f"While the list stays, the seal of “{seal.unit}” on the summary table holds; a changed list is sealed anew.",
        )
    ]
