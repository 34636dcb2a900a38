"""What the demo's story is told with: a clock that runs, and each verb in one line, by whoever takes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from rules.call import BEIJING, Call
from rules.roles import Level, Role
from states.reach import SYSTEM, Actor
from workflow import batches, cases, papers
from workflow import content as contents
from workflow.calls import deadlines
from workflow.content import Content
from workflow.demo import scans
from workflow.documents.reading import Picture
from workflow.documents.writing import CaseContent, case_document, report_form
from workflow.engine import Attempt
from workflow.finding import comparisons
from workflow.incoming import intake
from workflow.lists import content_of
from workflow.publishing import editorial, publicity
from workflow.store import editorial as stored_editorial
from workflow.store.files import Files
from workflow.store.models import Batch, Case
from workflow.wipo import pushes, workbench

STEP = timedelta(minutes=7)


class Unexpected(Exception):
    """Our own mistake: a step of the story came out otherwise than it is told."""


@dataclass
class Stage:
    """One database being filled. `texts`: key → what the demo's file says of a case; `now`: when the next step is.

    `pace`: how long a step takes.
    """

    session: Session
    files: Files
    call: Call
    call_version: int
    offices: Mapping[str, int]
    centres: Mapping[str, int]
    cast: Mapping[str, Actor]
    texts: Mapping[str, dict[str, Any]]
    now: datetime
    pace: timedelta = STEP
    cases: dict[str, int] = field(default_factory=dict)
    batches: dict[str, int] = field(default_factory=dict)

    def on(self, moment: str) -> None:
        """Go to a moment in Beijing, such as "2021-03-15 09:00"; time only runs forward."""
        later = datetime.fromisoformat(moment).replace(tzinfo=BEIJING).astimezone(UTC)
        if later < self.now:
            raise Unexpected(f"{moment} lies before {self.now}")
        self.now = later

    def no_earlier(self, moment: datetime) -> None:
        """Wait for a moment, where it has not passed."""
        self.now = max(self.now, moment.astimezone(UTC))

    def tick(self) -> datetime:
        """The moment of this step; the next one comes a little later."""
        at, self.now = self.now, self.now + self.pace
        return at

    # ---- who ----

    def _who(self, role: Role, unit: int | None = None) -> Actor:
        """The first person who holds a role, at a unit where the role is held at one."""
        for actor in self.cast.values():
            if role in actor.roles and (unit is None or unit in actor.units(role)):
                return actor
        raise Unexpected(f"nobody is {role} at {unit}")

    def _by(self, role: Role, row: Case) -> Actor:
        units = {Level.CENTRE: row.centre_id, Level.OFFICE: row.office_id}
        return self._who(role, units.get(role.level))

    def row(self, key: str) -> Case:
        return self.session.get_one(Case, self.cases[key], populate_existing=True)

    # ---- writing ----

    def content(self, key: str) -> Content:
        """The content of a case as the demo's file says it; `like` names another whose sections it shares."""
        text = self.texts[key]
        sections = {**self.texts.get(text.get("like", ""), {}).get("sections", {}), **text["sections"]}
        own = {"reported_before": "否"}
        form = {
            one.name: own.get(one.name) or text.get(one.name, "")
            for one in self.call.report_form
            if one.name not in contents.DERIVED
        }
        return Content(
            phase=text["phase"],
            theme=text["theme"],
            title=text["title"],
            sections={name: words.strip() for name, words in sections.items()},
            recipient=text["recipient"],
            service_from=text["service_from"],
            service_to=text["service_to"],
            form=form,
        )

    def draft(self, key: str, content: Content | None = None) -> None:
        """A draft written on screen by the centre's author."""
        centre = self.centres[self.texts[key]["centre"]]
        self.cases[key] = cases.create(
            self.session,
            call_version=self.call_version,
            centre=centre,
            actor=self._who(Role.AUTHOR, centre),
            at=self.tick(),
            content=content or self.content(key),
        )

    def pasted(self, key: str) -> Content:
        """The content of a case with what its author pasted in at first."""
        content, more = self.content(key), self.texts[key]["pasted"]
        lines = [more["line"].format(number=number) for number in range(1, more["times"] + 1)]
        longer = "\n".join([content.sections[more["section"]], *lines])
        return content.changed(sections={**content.sections, more["section"]: longer})

    def upload(self, key: str) -> None:
        """A draft filled from a Word file, with a figure in it, and a report form."""
        self.draft(key, Content())
        row, content, drawn = self.row(key), self.content(key), self.texts[key]["figure"]
        image = scans.figure(drawn["title"], drawn["bars"])
        picture = Picture("图1.png", "image/png", image, f"图1 {drawn['title']}", drawn["section"])
        theme = self.call.themes[content.theme].label.zh
        document = case_document(
            self.call, CaseContent(content.title, row.centre.name, theme, content.sections, (picture,))
        )
        given = {
            "case": (f"案例_{content.title}.docx", document),
            "form": (f"报送表_{row.centre.host_unit}.xlsx", report_form(self.call, self._form(row, content))),
        }
        read = intake.read(self.session, self.files, self.call, row, given)
        intake.take_over(self.session, row, read, actor=self._by(Role.AUTHOR, row), at=self.tick())

    def edit(self, key: str, content: Content | None = None) -> None:
        row = self.row(key)
        cases.edit(self.session, row.id, content or self.content(key), actor=self._by(Role.AUTHOR, row), at=self.tick())

    def _form(self, row: Case, content: Content) -> dict[str, str]:
        centre = row.centre
        return contents.form_values(
            self.call,
            content,
            centre=centre.name,
            kind=centre.kind,
            host_unit=centre.host_unit,
            region=row.office.region,
        )

    def seal(self, key: str, unit: str | None = None) -> None:
        """The sealed scan of the form; `unit`: what the seal reads, the host unit by default."""
        row = self.row(key)
        reads = row.centre.host_unit if unit is None else unit
        values = self._form(row, content_of(row))
        shown = {one.label.zh: values[one.name] for one in self.call.report_form if values[one.name]}
        scan = papers.keep(
            self.files, "scan", f"报送表_{row.number}_扫描件.jpg", scans.form_scan("案例报送表", shown, reads)
        )
        papers.seal(self.session, row.id, scan, reads, actor=self._by(Role.SEALER, row), at=self.tick())

    # ---- steps of a case ----

    def act(self, key: str, trigger: str, remark: str = "", *, by: Role | None = None) -> None:
        """A step that is taken, by who usually takes it, with everything confirmed that the call asks for."""
        _done(self._try(key, trigger, remark, by))

    def refused(self, key: str, trigger: str, rule: str) -> None:
        """A step that one rule refuses, on record."""
        _refused(self._try(key, trigger, "", None), rule)

    def _try(self, key: str, trigger: str, remark: str, by: Role | None) -> Attempt:
        transition = cases.engine_of(self.call).declared.named(trigger)
        if transition is None:
            raise Unexpected(trigger)
        row = self.row(key)
        points = frozenset(one.id for one in self.call.confirmations if one.step == trigger)
        [attempt] = cases.act(
            self.session,
            [row.id],
            trigger,
            actor=self._by(by or transition.by[0], row),
            at=self.tick(),
            remark=remark,
            confirmed=points,
        )
        return attempt

    def stamp(self, *keys: str) -> None:
        """Seal and stamp, one case after the other."""
        for key in keys:
            self.seal(key)
            self.act(key, "stamp")

    def ask_ruling(self, key: str, note: str) -> None:
        """The centre asks its office to rule on the one earlier report that the case looks like."""
        row = self.row(key)
        author = self._by(Role.AUTHOR, row)
        [pair] = comparisons.of_case(self.session, row, author)
        comparisons.ask(self.session, row.id, pair.key, note, actor=author, at=self.tick())

    # ---- towards the public ----

    def consent(self, key: str) -> None:
        row, words = self.row(key), self.texts[key]["consent"]
        author = self._by(Role.AUTHOR, row)
        editorial.consent(self.session, row.id, words, actor=author, at=self.tick())
        if pictures := editorial.pictures(self.session, row):
            allowed = dict.fromkeys((one.id for one in pictures), "本单位制图，同意公开")
            editorial.allow_pictures(self.session, row.id, allowed, actor=author, at=self.tick())

    def sign_off(self, key: str) -> None:
        editorial.sign_off(self.session, self.cases[key], actor=self._who(Role.DIRECTOR), at=self.tick())

    def publish(self, key: str) -> None:
        self.sign_off(key)
        self.act(key, "publish")

    def translate(self, key: str) -> None:
        english = self.texts[key]["english"]
        workbench.translate(
            self.session,
            self.cases[key],
            title=english["title"],
            summary=english["summary"],
            text=english["text"],
            captions=english.get("captions", ()),
            actor=self._who(Role.TRANSLATOR),
            at=self.tick(),
        )

    def check_english(self, key: str) -> None:
        english = stored_editorial.english(self.session, self.cases[key])
        workbench.check(
            self.session,
            self.cases[key],
            seen=english.id if english else 0,
            passed=True,
            words="",
            actor=self._who(Role.CHECKER),
            at=self.tick(),
        )

    def consent_abroad(self, key: str) -> None:
        row = self.row(key)
        words = self.texts[key]["consent"].replace("公开发布", "向世界知识产权组织推送")
        editorial.consent_abroad(self.session, row.id, words, actor=self._by(Role.AUTHOR, row), at=self.tick())

    def judge_effect(self, key: str) -> None:
        words = self.texts[key]["effect"]
        editorial.judge_effect(self.session, self.cases[key], words, actor=self._who(Role.LIAISON), at=self.tick())

    def appear(self, key: str, channel: str, day: date, place: str) -> int:
        """Plan that a case appears in a channel."""
        return publicity.arrange(
            self.session,
            self.call,
            channel=channel,
            case_id=self.cases[key],
            day=day,
            place=place,
            actor=self._who(Role.EDITOR),
            at=self.tick(),
        )

    def appeared(self, appearance: int, link: str, reach: int, said: str) -> None:
        """Record what came of an appearance."""
        publicity.record(
            self.session,
            appearance,
            link=link,
            reach=str(reach),
            said=said,
            actor=self._who(Role.EDITOR),
            at=self.tick(),
        )

    def confirm_effect(self, key: str) -> None:
        row = self.row(key)
        seen, director = editorial.effect_mark(row), self._who(Role.DIRECTOR)
        editorial.confirm_effect(self.session, row.id, seen=seen, passed=True, actor=director, at=self.tick())

    def push(self, key: str, destination: str) -> int:
        """Queue a push of a published case."""
        row = self.row(key)
        _done(pushes.start(self.session, row.id, destination, actor=self._who(Role.LIAISON), at=self.tick()))
        [push] = pushes.of_case(self.session, row)
        return push.id

    # ---- deadlines ----

    def extend(self, phase: str, addressee: str, last_day: date, reason: str) -> None:
        director, office = self._who(Role.DIRECTOR), self.offices[addressee]
        deadlines.extend(
            self.session, self.call, phase, last_day, reason, office=office, actor=director, at=self.tick()
        )

    def waive(self, phase: str, addressee: str, reason: str) -> None:
        director, office = self._who(Role.DIRECTOR), self.offices[addressee]
        deadlines.waive(self.session, self.call, phase, reason, office=office, actor=director, at=self.tick())

    # ---- batches ----

    def collect(self, batch: str, *keys: str) -> None:
        """These reviewed cases are the lines of an office's batch, which begins with the first of them."""
        row = self.row(keys[0])
        reviewer = self._by(Role.REVIEWER, row)
        if batch not in self.batches:
            self.batches[batch] = batches.start(
                self.session,
                call_version=self.call_version,
                phase=row.phase,
                office=row.office_id,
                actor=reviewer,
                at=self.tick(),
            )
        wanted = [self.cases[key] for key in keys]
        batches.collect(self.session, self.batches[batch], wanted, actor=reviewer, at=self.tick())

    def seal_batch(self, batch: str) -> None:
        """The sealed summary table, and the leader's word that it is sealed."""
        row = self._batch(batch)
        heads = [one.label.zh for one in self.call.summary_table]
        listed = [one.case for one in batches.lines(self.session, row, SYSTEM) if not one.dropped]
        lines = [self._line(place, one) for place, one in enumerate(listed, 1)]
        title = f"案例汇总表（{row.office.region}）"
        scan = papers.keep(
            self.files,
            "summary",
            f"案例汇总表_{row.number}_扫描件.jpg",
            scans.summary_scan(title, heads, lines, row.office.seals_as),
        )
        leader = self._who(Role.LEADER, row.office_id)
        batches.seal_summary(self.session, row.id, scan, row.office.seals_as, actor=leader, at=self.tick())
        self.act_on_batch(batch, "seal")

    def call_last(self, batch: str, reasons: Mapping[str, str]) -> None:
        """Mark a batch as its office's last (末批), with a reason for each thing that the call asks in principle."""
        row = self._batch(batch)
        leader = self._who(Role.LEADER, row.office_id)
        batches.describe(
            self.session, row.id, subject=row.subject, final=True, reasons=reasons, actor=leader, at=self.tick()
        )

    def _line(self, position: int, row: Case) -> Sequence[str]:
        values = {**self._form(row, content_of(row)), "position": str(position)}
        return [values.get(one.name, "") for one in self.call.summary_table]

    def act_on_batch(self, batch: str, trigger: str, remark: str = "") -> None:
        _done(self._try_batch(batch, trigger, remark))

    def batch_refused(self, batch: str, trigger: str, rule: str) -> None:
        _refused(self._try_batch(batch, trigger, ""), rule)

    def _try_batch(self, batch: str, trigger: str, remark: str) -> Attempt:
        transition = batches.ENGINE.declared.named(trigger)
        if transition is None:
            raise Unexpected(trigger)
        row, [role, *_] = self._batch(batch), transition.by
        actor = self._who(role, row.office_id if role.level is Level.OFFICE else None)
        return batches.act(self.session, row.id, trigger, actor=actor, at=self.tick(), remark=remark)

    def _batch(self, batch: str) -> Batch:
        return self.session.get_one(Batch, self.batches[batch], populate_existing=True)


def _done(attempt: Attempt) -> None:
    if not attempt.done:
        raise Unexpected(f"{attempt.transition.name}: {[one.message.zh for one in attempt.findings]}")


def _refused(attempt: Attempt, rule: str) -> None:
    if [one.rule for one in attempt.findings if one.blocks] != [rule]:
        raise Unexpected(f"{attempt.transition.name}: {[one.rule for one in attempt.findings]}")
