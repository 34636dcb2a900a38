"""Batches: collecting reviewed cases, the sealed summary table, sending all of it at once."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial
from itertools import count
from typing import IO, Any

from sqlalchemy.orm import Session

from rules.batch import centre_reports_enough, centres_short
from rules.call import BEIJING, Call, Packing, Phase, Recommender, Window
from rules.roles import Level, Role
from rules.rule import Finding
from rules.scope import CENTRE_KINDS
from rules.words import Text
from states.batch import BATCH, BatchState
from states.case import CaseState
from states.lifecycle import Standing, State
from states.reach import SYSTEM, Actor, reaches
from workflow import cases, privacy
from workflow import content as contents
from workflow import papers as case_papers
from workflow.audit import receipts
from workflow.calls import call_standing
from workflow.documents import marks, prints, writing
from workflow.documents.mail import Attachment, compose
from workflow.documents.mail import in_mails as share_out
from workflow.documents.packing import pack
from workflow.documents.reading import Picture
from workflow.documents.vetting import clean_name
from workflow.engine import (
    Attempt,
    CannotServe,
    Engine,
    NoSuchThing,
    NotPermitted,
    Offer,
    Outcome,
    Receipt,
    WrongInput,
    examine,
)
from workflow.incoming import sealing
from workflow.incoming.sealing import Proof, Sighting
from workflow.jobs.queue import enqueue
from workflow.mailing import Mailer, TooLarge
from workflow.operation import keeping
from workflow.personal import masked_form
from workflow.store import batches as stored
from workflow.store import facts as stored_facts
from workflow.store import living, trail
from workflow.store import mail as stored_mail
from workflow.store import papers as stored_papers
from workflow.store.calls import call_of
from workflow.store.database import Database
from workflow.store.files import Absent, Damaged, Files
from workflow.store.models import Batch, Bounce, Case, Document, Office, Seal, SentMail
from workflow.store.papers import Kept, Owner

ENGINE = Engine(BATCH)
LONGEST_SUBJECT = 300
"""Characters of a mail's subject."""


class NoSuchBatch(NoSuchThing):
    """Not there, or out of reach, which is the same (404)."""


class NotCollecting(CannotServe):
    """The batch is sealed or sent; its list cannot change now (409)."""


class BackWithOffice(CannotServe):
    """The batch was returned: what its office makes of it is not the national office's until it is sent again (409)."""


class WrongBatch(WrongInput):
    """A batch that makes no sense as written: a phase that the call has not, a subject too long to be sent (422)."""


def start(
    session: Session, *, call_version: int, phase: str, office: int, actor: Actor, at: datetime, op: str = ""
) -> int:
    """Start an empty batch of an office and phase. Raises NotPermitted for all but the office's reviewers, WrongBatch."""
    if office not in actor.units(Role.REVIEWER):
        raise NotPermitted(
            Text(
                "组批由本单位审核人办理，您没有这个职责。", "Batches are made by the office's reviewers; you are none."
            )
        )
    earlier = _created(session, op)
    if earlier is not None:
        return earlier
    call = call_of(session, call_version)
    if call.phase(phase) is None:
        raise WrongBatch(
            Text(
                f"本次征集没有阶段“{phase}”。请从列表中选择阶段。",
                f"This call has no phase “{phase}”. Choose one of the list.",
            )
        )
    if call.route.recommended_by is Recommender.SELF:
        raise WrongBatch(
            Text(
                "这次征集由中心自荐，直接报送国家局，不经汇总。",
                "Under this call centres recommend themselves to the national office; there are no batches.",
            )
        )
    call_standing.check(session, call.number, Level.OFFICE)
    found = session.get_one(Office, office)
    subject = call.mail.subject.format(addressee=found.addressee)
    return stored.insert_batch(session, call_version, phase, found, subject, actor, at, op)


def _created(session: Session, op: str) -> int | None:
    """The batch that this form already started."""
    if not op:
        return None
    event = trail.by_op(session, [f"{op}:create-batch"]).get(f"{op}:create-batch")
    return int(event.stream.removeprefix("batch/")) if event else None


def find(session: Session, batch_id: int, seen_by: Actor) -> Batch:
    """One batch within reach. Raises NoSuchBatch."""
    batch = stored.one(session, batch_id, seen_by)
    if batch is None:
        raise NoSuchBatch(Text("没有这个批次，或者它不在您的职责范围内。", "There is no such batch within your reach."))
    return batch


def turned_away(session: Session, batch_id: int, said: Text, *, actor: Actor, at: datetime) -> None:
    """Record with a batch that somebody sent what could not be served: a scan of another list, a step too late.

    Raises NoSuchBatch.
    """
    batch = find(session, batch_id, actor)
    data = {"zh": said.zh, "en": said.en}
    stored_papers.note(session, owner_of(batch), "batch.turn_away", data, actor, at, outcome="refused")


def numbered(session: Session, number: str, seen_by: Actor) -> Batch:
    """The batch of a number, within reach. Raises NoSuchBatch."""
    found = stored.numbered(session, number.strip(), seen_by)
    return find(session, found.id if found else 0, seen_by)


def is_back(batch: Batch, actor: Actor) -> bool:
    """Whether a batch is with its office, and this person of the national office, which knows of it from before."""
    own = batch.office_id in actor.units(Role.REVIEWER, Role.LEADER) or Role.AUDITOR in actor.roles
    return not own and batch.state in (BatchState.COLLECTING, BatchState.SEALED)


def check_not_back(batch: Batch, actor: Actor) -> None:
    """Raise BackWithOffice when the papers of a batch are its office's alone for now."""
    if is_back(batch, actor):
        raise BackWithOffice(
            Text(
                "批次已退回，正在重新组批；再次报送后才能查看汇总表和邮件。",
                "The batch went back to its office; summary table and mail can be seen once it is sent again.",
            )
        )


def owner_of(batch: Any) -> Owner:
    """The batch as owner of its files."""
    return Owner(batch.stream, batch_id=batch.id, office_id=batch.office_id)


def _rows(session: Session, batch_id: int, *, lock: bool = False) -> tuple[Any, list[Any]]:
    row = stored_facts.batch_row(session, batch_id, lock=lock)
    lines = stored_facts.case_rows(session, stored_facts.lines_of(session, batch_id), lock=lock)
    if lock:  # a case may have left the batch while we waited for it; now that all are held, none can
        still = set(stored_facts.lines_of(session, batch_id))
        lines = [line for line in lines if line.id in still]
    return row, lines


def offers(
    session: Session, batch: Batch, *, actor: Actor, at: datetime, inputs: stored_facts.Inputs | None = None
) -> list[Offer]:
    """Every transition from where the batch stands, with every finding; for `send` those of its cases too.

    `inputs`: what was filled in, by default nothing.
    """
    row, lines = _rows(session, batch.id)
    inputs = inputs or stored_facts.Inputs.of(actor, at)
    facts = stored_facts.batch_facts(session, row, lines, inputs)
    made = call_standing.with_bars(session, row.call_number, ENGINE.offers(_standing(row), actor, facts))
    if is_back(batch, actor):
        return [replace(one, findings=(), unexamined=()) for one in made]
    if row.state != BatchState.SEALED:
        return made
    own = _lines_findings(session, lines, inputs)
    return [replace(one, findings=(*one.findings, *own)) if one.transition.name == "send" else one for one in made]


def _lines_findings(session: Session, lines: Sequence[Any], inputs: stored_facts.Inputs) -> tuple[Finding, ...]:
    """What keeps single cases from being submitted, each sentence led by the case's number."""
    facts = stored_facts.case_facts(session, lines, inputs)
    found = []
    for row, one in zip(lines, facts, strict=True):
        submit = cases.engine_of(one.call).declared.named("submit")
        found += [_named(row.number, finding) for finding in examine(submit, one)] if submit else []
    return tuple(found)


@dataclass(frozen=True)
class Moving:
    """A case of a batch, and what a step of the batch makes of it. `becomes` None: it has gone on, and leaves the batch."""

    row: Any
    becomes: State | None
    findings: tuple[Finding, ...] = ()


_MOVES = {"send": "submit", "return_batch": "return_to_office"}
"""Step of a batch → the step of its cases that it takes with it."""


def moving(session: Session, batch: Batch, trigger: str, inputs: stored_facts.Inputs) -> list[Moving]:
    """What a step of the batch makes of its cases, one by one, and what keeps each from it; nothing for other steps."""
    name = _MOVES.get(trigger)
    if name is None:
        return []
    _, rows = _rows(session, batch.id)
    made = []
    for row, facts in zip(rows, stored_facts.case_facts(session, rows, inputs), strict=True):
        step = cases.engine_of(facts.call).declared.named(name)
        stays = step is None or (trigger == "return_batch" and row.state != CaseState.SUBMITTED)
        made.append(
            Moving(row, None) if stays or step is None else Moving(row, step.target, tuple(examine(step, facts)))
        )
    return made


def _named(number: str, finding: Finding) -> Finding:
    message = Text(f"{number}：{finding.message.zh}", f"{number}: {finding.message.en}")
    return replace(finding, message=message, mend=f"case:{number}")


def collect(
    session: Session, batch_id: int, case_ids: Sequence[int], *, actor: Actor, at: datetime, op: str = ""
) -> Receipt | None:
    """Make these reviewed cases the lines of a batch, in this order.

    Raises NotPermitted, NotCollecting, NoSuchCase for a case that is not reviewed, not of this office and phase, or
    already in another batch.
    """
    row = _locked(
        session,
        batch_id,
        actor,
        (Role.REVIEWER,),
        Text("组批由本单位审核人办理，您没有这个职责。", "Batches are made by the office's reviewers; you are none."),
    )
    owner = owner_of(row)
    earlier = stored_papers.noted(session, owner, "batch.collect", op)
    if earlier is not None:
        return earlier
    if row.state != BatchState.COLLECTING:
        raise _sent()
    wanted = list(dict.fromkeys(case_ids))
    stored_facts.case_rows(session, wanted, lock=True)  # so that none of them leaves “reviewed” meanwhile
    here = set(stored_facts.lines_of(session, batch_id))
    allowed = here | {case.id for case in stored.ready_cases(session, row)}
    if not set(wanted) <= allowed:
        raise cases.NoSuchCase(
            Text(
                "所选案例中有的不在本阶段、尚未审核通过或已在其他批次。请刷新页面后重新选择。",
                "Some chosen cases are of another phase, not reviewed, or in another batch. Reload and choose again.",
            )
        )
    before = stored_facts.lines_of(session, batch_id)
    if wanted == before:
        return None
    added, dropped = stored.set_lines(session, batch_id, wanted, at)
    data = {"added": added, "dropped": dropped, "order": wanted}
    return stored_papers.note(session, owner, "batch.collect", data, actor, at, op)


def describe(
    session: Session,
    batch_id: int,
    *,
    subject: str,
    final: bool,
    reasons: Mapping[str, str],
    actor: Actor,
    at: datetime,
    op: str = "",
) -> Receipt:
    """Set a batch's mail subject, whether it is the office's last (末批), and its reasons centre by centre.

    `reasons`: "centre_reports_enough:<centre>" → reason. Until it is sent, by reviewer or leader.
    """
    row = _locked(
        session,
        batch_id,
        actor,
        (Role.REVIEWER, Role.LEADER),
        Text("批次由报送单位的审核人、负责人办理。", "A batch is its office's reviewers' and leaders' to change."),
    )
    owner = owner_of(row)
    earlier = stored_papers.noted(session, owner, "batch.describe", op)
    if earlier is not None:
        return earlier
    if row.state not in (BatchState.COLLECTING, BatchState.SEALED):
        raise _sent()
    subject = " ".join(subject.split())
    if len(subject) > LONGEST_SUBJECT:
        raise WrongBatch(
            Text(
                f"邮件标题有 {len(subject)} 字，最多 {LONGEST_SUBJECT} 字，请改短。",
                f"The subject has {len(subject)} characters; the most is {LONGEST_SUBJECT}. Shorten it.",
            )
        )
    kept = {key: words.strip() for key, words in reasons.items() if words.strip()}
    stored.change(session, batch_id, subject=subject, final=final, reasons=kept)
    data = {"subject": subject, "final": final, "reasons": kept}
    return stored_papers.note(session, owner, "batch.describe", data, actor, at, op)


def seal_summary(
    session: Session,
    batch_id: int,
    scan: Kept,
    unit: str,
    *,
    actor: Actor,
    at: datetime,
    seen: str | None = None,
    op: str = "",
    sighting: Sighting | None = None,
    proof: Proof | None = None,
) -> Receipt:
    """Put the sealed scan of the summary table, with what its seal reads, bound to the present list.

    `seen`: the list (`content`) that the person was looking at; `sighting`: what a machine saw on the scan; `proof`: of an electronic seal. Raises
    NotPermitted for all but the office's leaders, NotCollecting, Overtaken when the list has changed since,
    NotThisPrint when the scan names another batch, or was printed from another list.
    """
    row = _locked(
        session,
        batch_id,
        actor,
        (Role.LEADER,),
        Text("确认汇总表印章由本单位负责人办理。", "The summary table's seal is confirmed by the office's leader."),
    )
    owner = owner_of(row)
    earlier = stored_papers.noted(session, owner, "batch.seal_summary", op)
    if earlier is not None:
        return earlier
    if row.state != BatchState.COLLECTING:
        raise _sent()
    _, lines = _rows(session, batch_id, lock=True)
    if seen is not None and seen != stored_facts.batch_content(row, lines):
        raise living.Overtaken(
            Text(
                "您查看之后，批次名单又有变动，盖的章对不上现在的名单。请重新打印汇总表、盖章后上传。",
                "The list changed while you were looking, so the seal is not of the present one. Print and seal it again.",
            )
        )
    content = stored_facts.batch_content(row, lines)
    own = sealing.mark_of_batch(row, content)
    if sighting is not None:
        sealing.check(own, sighting)
    [document], _ = stored_papers.attach(session, owner, "summary", [scan], actor, at, "")
    listed = {"lines": [[line.number, line.title, line.content] for line in lines]}
    signed = proof is not None
    stored_papers.seal(session, owner, document, unit.strip(), content, actor, at, signed=signed, listed=listed)
    data = {"unit": unit.strip(), "content": content, "scan": scan.digest, **sealing.on_record(own, sighting)}
    if proof is not None:
        sealing.checked(session, proof)
        sm3 = stored_facts.batch_content_sm3(row, lines)
        data |= {"electronic": proof.listed, "content_sm3": sm3, "sm3": scan.sm3}
    return stored_papers.note(session, owner, "batch.seal_summary", data, actor, at, op)


def content(session: Session, batch: Batch) -> str:
    """Digest of the list as it stands; the summary table bears it, and its seal is bound to it."""
    return stored_facts.batch_content(*_rows(session, batch.id))


def _locked(session: Session, batch_id: int, actor: Actor, roles: tuple[Role, ...], not_yours: Text) -> Any:
    """The batch's row, held against others. Raises NotPermitted when the person holds none of the roles at its office."""
    row = stored_facts.batch_row(session, batch_id, lock=True)
    if row.office_id not in actor.units(*roles):
        raise NotPermitted(not_yours)
    return row


def _sent() -> NotCollecting:
    return NotCollecting(
        Text(
            "批次已盖章或已报送，名单不能再改。已盖章的可以先“重新组批”；已报送的请联系国家局受理人退回。",
            "The batch is sealed or sent and cannot change. Reopen a sealed one; ask the desk to return a sent one.",
        )
    )


def act(
    session: Session,
    batch_id: int,
    trigger: str,
    *,
    actor: Actor,
    at: datetime,
    seen: int | None = None,
    op: str = "",
    remark: str = "",
    confirmed: frozenset[str] = frozenset(),
    reasons: Mapping[str, str] | None = None,
    new_day: date | None = None,
) -> Attempt:
    """Try one transition of a batch.

    `send` submits every case of it in the same transaction, each with its own record: all of them or none.
    `return_batch` takes the cases that are still submitted back to the office; they stay in the batch. `new_day`: the
    own last day that they carry from then on. `seen`: the version that the person was looking at, 0 when the
    form did not say. Raises NoSuchTransition, NotPermitted, Overtaken, Unmarked.
    """
    inputs = stored_facts.Inputs.of(actor, at, remark.strip(), confirmed, reasons or {}, new_day)
    row, lines = _rows(session, batch_id, lock=True)
    already = living.replayed(session, BATCH, [row.stream], op, actor)
    if row.stream in already:
        return already[row.stream]
    if seen and seen != row.version:
        raise living.Overtaken(living.FASTER)
    call_standing.check(session, row.call_number, Level.OFFICE)
    facts = stored_facts.batch_facts(session, row, lines, inputs)
    standing = _standing(row)
    attempt = ENGINE.perform(standing, trigger, actor, facts, at, remark.strip())
    cases.check_marked(attempt, "" if seen == 0 else None)
    also: dict[str, Any] = {}
    if trigger == "send":
        _submit(session, attempt, lines, actor, inputs, op)
        also = {"sent_at": at}
        if attempt.done:
            enqueue(session, "mail_batch", f"mail_batch/{batch_id}/{row.version + 1}", batch_id)
    elif attempt.done and trigger == "return_batch":
        _take_back(session, lines, actor, inputs, op, new_day)
    living.record(
        session, Batch, BATCH, [living.Tried(row, attempt, also if attempt.done else {}, office_id=row.office_id)], op
    )
    return attempt


def _submit(
    session: Session, attempt: Attempt, lines: Sequence[Any], actor: Actor, inputs: stored_facts.Inputs, op: str
) -> None:
    """Submit every line, or turn the sending itself into a refusal that names what stands in the way of which case.

    Where the sending is refused anyway, the lines are examined all the same, so that everything is mended at once.
    """
    tried = cases.rehearse(session, lines, "submit", actor=actor, inputs=inputs)
    refused = [(row, one) for row, one in zip(lines, tried, strict=True) if not one.done]
    if refused:
        own = tuple(_named(row.number, finding) for row, one in refused for finding in one.findings)
        attempt.outcome, attempt.findings = Outcome.REFUSED, (*attempt.findings, *own)
        cases.write(session, refused, op=op)
    elif attempt.done:
        cases.write(session, list(zip(lines, tried, strict=True)), op=op)


def _take_back(
    session: Session,
    lines: Sequence[Any],
    actor: Actor,
    inputs: stored_facts.Inputs,
    op: str,
    new_day: date | None,
) -> None:
    """Take back what is still “submitted”: it stays in the batch, to be sent again. What went on leaves the batch."""
    still = [row for row in lines if row.state == CaseState.SUBMITTED]
    tried = cases.rehearse(session, still, "return_to_office", actor=actor, inputs=inputs)
    cases.write(session, list(zip(still, tried, strict=True)), op=op, new_day=new_day, within_batch=True)
    stored.drop_lines(session, [row.id for row in lines if row.state != CaseState.SUBMITTED], inputs.at)


def _standing(row: Any) -> Standing:
    return Standing(row.state, office=row.office_id)


# ---- papers of a batch -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """One line of a batch as it is shown. `dropped`: taken out again, or returned alone."""

    case: Case
    position: int
    dropped: bool


def lines(session: Session, batch: Batch, seen_by: Actor) -> list[Line]:
    """The lines whose cases are within reach: what an office puts into a returned batch is not yet the desk's."""
    found = stored.lines(session, batch.id)
    return [Line(case, line.position, line.dropped_at is not None) for line, case in found if reaches(seen_by, case)]


def ready_cases(session: Session, batch: Batch) -> list[Case]:
    """Reviewed cases that could be added."""
    return stored.ready_cases(session, batch)


def every(session: Session, seen_by: Actor, call: str = "", office: int | None = None) -> list[Batch]:
    """Batches within reach, the newest first."""
    return stored.many(session, seen_by, call, office)


def documents(session: Session, batch: Batch) -> list[Document]:
    return stored_papers.current(session, owner_of(batch))


def every_document(session: Session, batch: Batch) -> list[Document]:
    """Superseded ones too, the newest first."""
    return stored_papers.every(session, owner_of(batch))


def newest_seal(session: Session, batch: Batch) -> Seal | None:
    return stored_papers.newest_seal(session, owner_of(batch))


def summary(session: Session, batch: Batch, *, at: datetime, seen_by: Actor, site: str = "") -> tuple[str, bytes]:
    """The summary table as .xlsx: its file name and its bytes, dated in Beijing.

    Contacts are masked for those who do not handle the batch. It bears the newest checkpoint, so that the sealed paper
    witnesses the record; `site`: the address at which that is checked, for its QR code.
    """
    row, found = _rows(session, batch.id)
    call, phase, rows = _listed(session, batch, found, seen_by)
    content = stored_facts.batch_content(row, found)
    data = writing.summary_table(
        call,
        phase,
        batch.office.seals_as,
        rows,
        dated=at.astimezone(BEIJING).date(),
        number=batch.number,
        digest=content,
        record=receipts.on_paper(session, site),
        code=marks.code(sealing.mark_of_batch(row, content)),
    )
    return f"{_summary_name(batch, phase)}.xlsx", data


def summary_pdf(session: Session, batch: Batch, *, at: datetime, seen_by: Actor) -> tuple[str, bytes]:
    """The same as PDF, to be sealed electronically."""
    row, found = _rows(session, batch.id)
    call, phase, rows = _listed(session, batch, found, seen_by)
    record = receipts.on_paper(session, "")
    made = prints.summary(
        call,
        phase.label.zh,
        batch.office.seals_as,
        rows,
        dated=at.astimezone(BEIJING).date(),
        mark=sealing.mark_of_batch(row, stored_facts.batch_content(row, found)),
        record=record[0] if record else "",
    )
    return f"{_summary_name(batch, phase)}.pdf", made


def _listed(
    session: Session, batch: Batch, found: Sequence[Any], seen_by: Actor
) -> tuple[Call, Phase, list[dict[str, str]]]:
    """The rows of a summary table, as this person may read them."""
    call = call_of(session, batch.call_version_id)
    phase = call.phase(batch.phase)
    if phase is None:
        raise LookupError(batch.phase)
    rows = [_summary_row(call, position, case) for position, case in enumerate(found, 1)]
    return call, phase, rows if privacy.handles_batch(batch, seen_by) else [masked_form(one) for one in rows]


def _summary_name(batch: Batch, phase: Phase) -> str:
    return f"案例汇总表_{batch.office.region}_{phase.label.zh}_{batch.number}"


def _summary_row(call: Call, position: int, case: Any) -> dict[str, str]:
    values = contents.form_values(
        call,
        stored_facts.content_of(case),
        centre=case.centre_name,
        kind=case.centre_kind,
        host_unit=case.host_unit,
        region=case.region,
    )
    known = {
        **values,
        "position": str(position),
        "number": case.number,
        "centre_kind": CENTRE_KINDS[case.centre_kind].zh,
    }
    return {one.name: known.get(one.name, "") for one in call.summary_table}


@dataclass(frozen=True)
class Enclosure:
    """One file of a batch; `read` gives its bytes. A mail takes the last part of its name."""

    name: str
    media_type: str
    size: int
    read: Callable[[], bytes]
    digest: str = ""
    """Of an attachment, which may be large: under what it is kept (SHA-256)."""
    fetch: Callable[[], IO[bytes]] | None = None
    """Of an attachment: its bytes as an open file, piece by piece."""


@dataclass(frozen=True)
class Letter:
    """The mail of a batch, before it is put together."""

    to: str
    subject: str
    body: str
    enclosures: tuple[Enclosure, ...]
    message_id: str
    archive: str = ""
    """What the one zip is called that a call wants, without its ending; "" where each file is attached by itself."""
    apart: tuple[Enclosure, ...] = ()
    """Attachments too large for a mail, which its text names."""


MAILED_ATTACHMENT = 10 * 1024 * 1024
"""Bytes of an attachment that goes with the mail; mailboxes take some 25 MiB of one mail, films are larger."""


def letter(session: Session, files: Files, batch: Batch, dated: date | None = None) -> Letter:
    """What leaves: prescribed subject, sealed summary, every form scan, every case as Word, and their attachments.

    `dated`: the day in the names of files, where the call has it there and the batch was not sent yet.
    """
    call = call_of(session, batch.call_version_id)
    phase = call.phase(batch.phase)
    label = phase.label.zh if phase else ""
    _, found = _rows(session, batch.id)
    named = _Named(call, batch, label, dated)
    enclosures = [
        _kept(files, named.of_batch(call.package.summary), one)
        for one in documents(session, batch)
        if one.slot == "summary"
    ]
    for position, row in enumerate(found, 1):
        enclosures.extend(_case_enclosures(session, files, call, named.of_case(position, row), row))
    apart = tuple(one for one in enclosures if one.digest and one.size > MAILED_ATTACHMENT)
    enclosures = [one for one in enclosures if one not in apart]
    body = (
        f"{call.issuer.zh}：\n\n"
        f"现报送《{call.title.zh}》{label}案例 {len(found)} 个，"
        f"附案例汇总表、案例报送表扫描件和案例正文（WORD 版）。\n\n{_told_apart(apart)}批次编号：{batch.number}\n\n{batch.office.addressee}"
    )
    zipped = call.package.packing is Packing.ZIP
    archive = named.of_batch(call.package.folder).rpartition("/")[2].rstrip("_-") if zipped else ""
    return Letter(call.mail.to, batch.subject, body, tuple(enclosures), _message_id(session, batch), archive, apart)


def _told_apart(apart: Sequence[Enclosure]) -> str:
    """What the mail says of attachments that do not go with it."""
    if not apart:
        return ""
    lines = [f"{one.name.rpartition('/')[2]}（{one.size / 1024 / 1024:.1f} MB，SHA-256 {one.digest}）" for one in apart]
    return "以下附件较大，不随邮件寄送，请在系统的案例页面下载：\n" + "\n".join(lines) + "\n\n"


def _message_id(session: Session, batch: Batch) -> str:
    """One per sending: what happens to the batch afterwards does not make it another mail."""
    sent = stored.last_sending(session, batch.stream)
    return f"<{batch.number}.v{sent or batch.version + 1}@zhengji>"


@dataclass(frozen=True)
class Mail:
    """What is downloaded to be sent by hand: one mail (.eml), or a zip of numbered ones."""

    name: str
    media_type: str
    data: bytes


def mail(session: Session, files: Files, batch: Batch, *, sender: str, at: datetime, most: int = 0) -> Mail:
    """The whole batch as mails of at most so many bytes each; 0 for one without end."""
    made = letter(session, files, batch)
    shares = in_mails(made, most)
    composed = _composed(made, shares, sender, at)
    if len(shares) == 1:
        return Mail(clean_name(f"{batch.subject}.eml"), "message/rfc822", next(composed))
    of = len(shares)
    names = (
        clean_name(f"{number:0{len(str(of))}}_{batch.subject}（第{number}封，共{of}封）.eml") for number in count(1)
    )
    zipped = io.BytesIO()
    pack(zipped, zip(names, composed, strict=False))
    return Mail(clean_name(f"{batch.subject}（共{of}封）.zip"), "application/zip", zipped.getvalue())


def in_mails(made: Letter, most: int) -> list[list[int]]:
    """Which enclosures leave in which mail, where one may have so many bytes; 0 for all in one."""
    return share_out([one.size for one in made.enclosures], most)


def _composed(made: Letter, shares: Sequence[Sequence[int]], sender: str, at: datetime) -> Iterator[bytes]:
    """The mails of a batch. Several are numbered; the last bears the Message-ID of the whole, so that this one is sent
    exactly when all are."""
    for number, places in enumerate(shares, 1):
        several, last = len(shares) > 1, number == len(shares)
        which = f"（{number}/{len(shares)}）" if several else ""
        said = f"\n\n材料较大，分 {len(shares)} 封邮件寄送，这是第 {number} 封。" if several else ""
        bare = made.message_id.strip("<>")
        yield compose(
            sender=sender,
            to=made.to,
            subject=made.subject + which,
            body=made.body + said,
            attachments=_attached(made, places, f"_{number}" if several else ""),
            message_id=made.message_id if last else f"<{number}of{len(shares)}.{bare}>",
            at=at,
        )


def _attached(made: Letter, places: Sequence[int], which: str) -> list[Attachment]:
    """The enclosures of one mail, each by itself, or in a zip where they keep their folders; `which` tells zips apart."""
    enclosed = [made.enclosures[place] for place in places]
    if not made.archive:
        return [Attachment(one.name.rpartition("/")[2], one.media_type, one.read()) for one in enclosed]
    zipped = io.BytesIO()
    pack(zipped, ((one.name, one.read()) for one in enclosed))
    return [Attachment(f"{made.archive}{which}.zip", "application/zip", zipped.getvalue())]


def send_mail(database: Database, files: Files, mailer: Mailer, batch_id: int, *, at: datetime) -> str:
    """Hand a sent batch to the mail server, once, and give the server's words.

    It leaves in several mails where one would be larger than the setting or the server allows. Raises MailRefused.
    """
    mailer.check()
    try:
        with database.reading() as session:
            batch = session.get_one(Batch, batch_id)
            if batch.state not in (BatchState.SENT, BatchState.RECEIVED):
                return "批次已退回，不再寄出 / the batch was returned and is not mailed"
            made, dated = letter(session, files, batch), batch.sent_at or at
        try:
            return _hand_over(mailer, made, mailer.most, dated)
        except TooLarge as refused:
            if in_mails(made, refused.most) == in_mails(made, mailer.most):
                raise
            return _hand_over(mailer, made, refused.most, dated)
    except (Absent, Damaged) as wrong:
        keeping.unreadable(database, wrong, actor=SYSTEM, at=at)
        raise


def _hand_over(mailer: Mailer, made: Letter, most: int, at: datetime) -> str:
    """Hand over every mail of a batch in order, and give what was said to the last; none of them, when one is too large."""
    messages = list(_composed(made, in_mails(made, most), mailer.sender, at))
    largest = max(map(len, messages))
    if most and largest > most:
        raise TooLarge(most, largest)
    said = ""
    for message in messages:
        said = mailer.send(message)
    return said


def mailed(session: Session, batch: Batch) -> SentMail | None:
    """What the mail server was handed at the last sending, with its reply; None when nothing was."""
    return stored_mail.handed_over(session, _message_id(session, batch))


def came_back(session: Session, batch: Batch) -> list[Bounce]:
    """What came back of the mails of the last sending, as their servers say."""
    return stored_mail.came_back(session, _message_id(session, batch))


def _case_enclosures(
    session: Session, files: Files, call: Call, named: Callable[[str], str], row: Any
) -> Iterator[Enclosure]:
    """The case as .docx, as received or as written here, with an older format beside it; and its sealed form."""
    papers = stored_papers.current(session, Owner(row.stream, case_id=row.id, office_id=row.office_id))
    name, received = named(call.package.case), case_papers.own_document(session, row, papers)
    if received is not None and received.media_type == _WORD:
        yield replace(_kept(files, name, received), name=f"{name}.docx")
    else:
        written = _written(files, call, row, papers)
        yield Enclosure(f"{name}.docx", _WORD, len(written), lambda: written)
        if received is not None:
            yield _kept(files, f"{name}_原件", received)
    yield from (_kept(files, named(call.package.form), one) for one in papers if one.slot == "scan")
    yield from _attachments(files, call, named, papers)


def _attachments(
    files: Files, call: Call, named: Callable[[str], str], papers: Sequence[Document]
) -> Iterator[Enclosure]:
    """The attachments of a case, in the order of the call; numbered where a paper may be several files."""
    for paper in call.attachments:
        label = re.sub(r"[/\\{}]", "_", paper.label.zh)
        stem = named(call.package.attachment.replace("{label}", label))
        there = [one for one in reversed(papers) if one.slot == "attachment" and one.paper == paper.id]
        for number, one in enumerate(there, 1):
            known = partial(files.fetch, one.digest)
            yield replace(
                _kept(files, f"{stem}_{number}" if paper.most > 1 else stem, one), digest=one.digest, fetch=known
            )


@dataclass(frozen=True)
class _Named:
    """The names of a batch's files, as its call has them."""

    call: Call
    batch: Batch
    phase: str
    dated: date | None

    def of_batch(self, pattern: str) -> str:
        return self._filled(pattern, {})

    def of_case(self, position: int, row: Any) -> Callable[[str], str]:
        own = {"position": f"{position:02d}", "title": row.title, "centre": row.centre_name, "case_number": row.number}
        return lambda pattern: self._filled(pattern, own)

    def _filled(self, pattern: str, own: Mapping[str, str]) -> str:
        """Each part of the path fit to be a file's name; what is filled in makes no folder."""
        day = self.batch.sent_at.astimezone(BEIJING).date() if self.batch.sent_at else self.dated
        known = {
            "addressee": self.batch.office.addressee,
            "region": self.batch.office.region,
            "phase": self.phase,
            "number": self.batch.number,
            "date": f"{day:%Y%m%d}" if day else "",
            **own,
        }
        filled = pattern.format(**{name: re.sub(r"[/\\]", "_", value) for name, value in known.items()})
        return "/".join(clean_name(part) for part in filled.split("/"))


_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def _written(files: Files, call: Call, row: Any, papers: Sequence[Document]) -> bytes:
    """The case as it stands, with its pictures at the end."""
    theme = call.themes.get(row.theme)
    return writing.case_document(
        call,
        writing.CaseContent(
            title=row.title,
            centre=row.centre_name,
            theme=row.theme_name or (theme.label.zh if theme else ""),
            sections=row.sections,
            pictures=tuple(
                Picture(one.name, one.media_type, files.get(one.digest), one.caption, "")
                for one in reversed(papers)  # they come the newest first
                if one.slot == "picture"
            ),
        ),
    )


def _kept(files: Files, stem: str, document: Document) -> Enclosure:
    return Enclosure(_file_name(stem, document), document.media_type, document.size, lambda: files.get(document.digest))


def _file_name(stem: str, document: Document) -> str:
    ending = document.name.rpartition(".")[2]
    return f"{stem}.{ending}"


# ---- the package -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Package:
    """A batch's files to be taken away: `folder` names the whole, each file its place in it."""

    folder: str
    files: tuple[Enclosure, ...]
    findings: tuple[Finding, ...] = ()
    """What of the papers is still lacking; then nothing is to be taken for the whole."""


_OF_PAPERS = ("summary_sealed", "every_form_attached", "every_case_document_attached")


def package(session: Session, files: Files, batch: Batch, *, actor: Actor, at: datetime, site: str = "") -> Package:
    """Everything that leaves with a batch, and the summary table as a workbook, under the names that the call gives.

    Raises NotPermitted for those who do not handle the batch, BackWithOffice.
    """
    privacy.check_batch(batch, actor)
    check_not_back(batch, actor)
    call, dated = call_of(session, batch.call_version_id), at.astimezone(BEIJING).date()
    phase = call.phase(batch.phase)
    made = letter(session, files, batch, dated)
    name, table = summary(session, batch, at=batch.sent_at or at, seen_by=actor, site=site)
    whole = Enclosure(name, _EXCEL, len(table), lambda: table)
    waiting = offers(session, batch, actor=actor, at=at)
    lacking = [
        one
        for offer in waiting
        if offer.transition.name in ("seal", "send")
        for one in offer.findings
        if one.rule in _OF_PAPERS
    ]
    folder = _Named(call, batch, phase.label.zh if phase else "", dated).of_batch(call.package.folder)
    return Package(
        folder, (*made.enclosures, *made.apart, whole), tuple({one.message: one for one in lacking}.values())
    )


_EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


# ---- how an office stands --------------------------------------------------------------------------------------------


def standings(session: Session, call: Call, offices: Sequence[int] | None = None) -> list[stored.Standing]:
    """Every office's standing in every phase against the minimum; `offices` narrows it."""
    return stored.standings(session, call.number, {one.id: one.minimum_per_office for one in call.phases}, offices)


def centre_counts(session: Session, call: Call, office: int) -> list[tuple[Any, int, int]]:
    """Per centre of an office that the call addresses: cases that count, cases on their way; the forecast of
    `centre_reports_enough`."""
    return [one for one in stored.centre_counts(session, call.number, office) if call.addresses(one[0].kind)]


def window(session: Session, call: Call, phase_id: str, office: int, level: Level = Level.OFFICE) -> Window:
    """When an office (or its centres) may act in a phase, extensions included. Raises LookupError for no such phase."""
    phase = call.phase(phase_id)
    if phase is None:
        raise LookupError(phase_id)
    return stored_facts.Extensions(session, {call.number}).window(call, phase, level, office)


def may(batch: Batch, what: str, actor: Actor) -> bool:
    """Whether this person may now "collect", "describe" or "seal_summary" this batch."""
    roles, states = _MAY[what]
    return batch.state in states and batch.office_id in actor.units(*roles)


_MAY: Mapping[str, tuple[tuple[Role, ...], frozenset[BatchState]]] = {
    "collect": ((Role.REVIEWER,), frozenset({BatchState.COLLECTING})),
    "describe": ((Role.REVIEWER, Role.LEADER), frozenset({BatchState.COLLECTING, BatchState.SEALED})),
    "seal_summary": ((Role.LEADER,), frozenset({BatchState.COLLECTING})),
}


@dataclass(frozen=True)
class Short:
    """A centre that would stay below the call's number over all phases. `key`: of its reason."""

    key: str
    name: str
    count: int
    reason: str


def may_be_last(session: Session, batch: Batch) -> bool:
    """Whether a batch can be its office's last (末批): it is in the last phase of a call that asks for a number over all."""
    call = call_of(session, batch.call_version_id)
    return batch.phase == call.last_phase.id and call.asks_of_the_last_batch


def short_centres(session: Session, batch: Batch) -> list[Short]:
    """Centres of the office that stay short with this batch counted in, whose reasons a last batch must hold."""
    call = call_of(session, batch.call_version_id)
    if not may_be_last(session, batch) or centre_reports_enough.id not in call.rules:
        return []
    row, found = _rows(session, batch.id)
    facts = stored_facts.batch_facts(session, row, found, stored_facts.Inputs(0, batch.created_at))
    return [
        Short(key, one.name, one.count, batch.reasons.get(key, ""))
        for one in centres_short(facts)
        for key in [f"{centre_reports_enough.id}:{one.centre}"]
    ]
