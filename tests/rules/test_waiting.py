"""Why not, told whole: whatever comes up after mending what was listed had been named as not yet examinable."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.catalogue import CATALOGUE
from rules.facts import BatchFacts, CaseFacts, EnglishFacts, Match, SealFacts
from rules.roles import Level
from rules.waiting import AFTER, later, unexamined
from states.batch import BATCH
from states.case import CASE
from states.lifecycle import Standing, Transition
from states.reach import Actor, Grant
from tests.make import OFFICE, UNIT, annotated_call, batch_facts, call_2021, case_facts, line_facts
from workflow.engine import Engine, examine

CALLS = {"2021-205": call_2021, "annotated": annotated_call}

BROKEN: dict[str, dict[str, Any]] = {
    # what is wrong with a case: name → facts
    "no title": {"title": ""},
    "no text": {"sections": {}, "length": 0, "least_length": 0},
    "too long": {"length": 99999, "least_length": 99999},
    "nobody served": {"recipient": ""},
    "no dates": {"service_from": None, "service_to": None},
    "another theme": {"theme": "no such theme"},
    "no phase": {"phase": None, "window": None},
    "no form": {"form": {}},
    "no seal": {"seal": None},
    "no mark on the scan": {"seal": SealFacts("", "before")},
    "another's seal": {"seal": SealFacts("别的单位", "before")},
    "sealed before the last change": {"seal": SealFacts(UNIT, "before")},
    "being compared": {"matching": True},
    "like another": {"matches": (Match("2021-205-1", "早先的", Level.CENTRE),)},
    "no consent": {"consent": ""},
    "no sign-offs": {"sign_offs": ()},
    "objected to": {"open_objections": 1},
    "not signed": {"decision_signers": ()},
    "no effect": {"effect": ""},
    "no English": {"english": None},
    "old English": {"english": EnglishFacts("before")},
    "no reason": {"remark": ""},
    "nothing confirmed": {"confirmed": frozenset()},
    "no recall": {"recall_confirmed": False},
    "one's own": {"hands": {name: frozenset({7}) for name in ("author", "selector", "centre", "office")}},
}


class Mender:
    """Does what each finding asks, and no more: what else it touches turns out as badly as `luck` has it."""

    def __init__(self, good: CaseFacts, luck: Callable[[], bool]) -> None:
        self.good, self.luck, self.edits = good, luck, 0

    def mend(self, facts: CaseFacts, rule: str) -> CaseFacts:
        made: CaseFacts = getattr(self, rule, self._as_in_the_good_one)(facts, rule)
        return made

    def _edited(self, facts: CaseFacts, **changes: Any) -> CaseFacts:
        """A change of the content: the seal is of another one, comparing begins anew, and the editor has a hand in it."""
        self.edits += 1
        matching = facts.matching or self.luck()
        hands = {**facts.hands, "author": frozenset({7 if self.luck() else 8})}
        return replace(facts, content=f"edit {self.edits}", matching=matching, hands=hands, **changes)

    def _as_in_the_good_one(self, facts: CaseFacts, rule: str) -> CaseFacts:
        fields = _FIELDS[rule]
        changes = {name: getattr(self.good, name) for name in fields}
        return replace(facts, **changes) if rule not in _OF_CONTENT else self._edited(facts, **changes)

    def template_complete(self, facts: CaseFacts, _: str) -> CaseFacts:
        length = 99999 if self.luck() else self.good.length
        changes = {"title": self.good.title, "sections": self.good.sections}
        return self._edited(facts, **changes, length=length, least_length=length)

    def theme_belongs_to_phase(self, facts: CaseFacts, _: str) -> CaseFacts:
        changes = {name: getattr(self.good, name) for name in ("phase", "theme", "theme_name", "window", "at")}
        window = self.good.window
        if window is not None and self.luck():
            changes["at"] = window.closes if self.luck() else window.opens.replace(year=window.opens.year - 1)
        return self._edited(facts, **changes)

    def unit_seal_present(self, facts: CaseFacts, _: str) -> CaseFacts:
        return replace(facts, seal=SealFacts("别的单位" if self.luck() else UNIT, facts.content))

    def seal_names_the_unit(self, facts: CaseFacts, _: str) -> CaseFacts:
        return replace(facts, seal=SealFacts(UNIT, facts.content, "altered" if self.luck() else ""))

    def seal_unbroken(self, facts: CaseFacts, _: str) -> CaseFacts:
        return replace(facts, seal=SealFacts(UNIT, facts.content))

    def effect_outstanding(self, facts: CaseFacts, _: str) -> CaseFacts:
        return replace(facts, effect=self.good.effect, effect_confirmed_by=None)

    def effect_confirmed(self, facts: CaseFacts, _: str) -> CaseFacts:
        return replace(facts, effect_confirmed_by=77, hands={})

    def english_is_current(self, facts: CaseFacts, _: str) -> CaseFacts:
        return replace(facts, english=EnglishFacts(facts.content))

    def english_checked(self, facts: CaseFacts, _: str) -> CaseFacts:
        english = replace(facts.english or EnglishFacts(""), checker=77)
        return replace(facts, english=english, hands={})

    def another_person_acts(self, facts: CaseFacts, _: str) -> CaseFacts:
        return replace(facts, hands={})


_FIELDS = {
    "length_within_limit": ("length", "least_length"),
    "sections_within_limits": ("sections",),
    "recipient_named": ("recipient",),
    "service_within_period": ("service_from", "service_to"),
    "form_complete": ("form",),
    "no_excluded_honour": ("form",),
    "pictures_within_limits": ("pictures",),
    "attachments_complete": ("attachments",),
    "centre_is_eligible": ("centre",),
    "phase_has_opened": ("at",),
    "before_phase_deadline": ("at", "phase", "window"),
    "reported_by_the_day_asked_for": ("at", "window"),
    "not_reported_before": ("matching", "matches"),
    "contents_confirmed": ("confirmed",),
    "public_notice_has_ended": ("public_notice", "at"),
    "consent_given": ("consent",),
    "consent_abroad_given": ("consent_abroad",),
    "picture_rights_cleared": ("pictures_not_cleared",),
    "sign_offs_complete": ("sign_offs",),
    "decision_signed_off": ("decision_signers",),
    "no_open_objection": ("open_objections", "upheld_objections"),
    "recall_confirmed": ("recall_confirmed",),
    "reason_given": ("remark",),
    "new_day_given": ("new_day",),
}
_OF_CONTENT = {name for name in ("length_within_limit", "sections_within_limits", "recipient_named")} | {
    "service_within_period",
    "form_complete",
    "no_excluded_honour",
    "pictures_within_limits",
    "attachments_complete",
}


def story(step: Transition, facts: Any, mend: Callable[[Any, str], Any]) -> Any:
    """Mend what is listed, one after the other, until nothing is; gives the facts then."""
    told: set[str] | None = None
    for _ in range(40):
        broken = {one.rule for one in examine(step, replace(facts, step=step.name)) if one.blocks}
        assert told is None or broken <= told, f"{step.name}: {sorted(broken - told)} came up unannounced"
        if not broken:
            return facts
        told = broken | {one.id for one in unexamined(later(step.guards), facts.call.rules, broken)}
        first = sorted(broken, key=lambda rule: (len(AFTER.get(rule, frozenset()) & broken), rule))[0]
        facts = mend(facts, first)
    raise AssertionError(f"{step.name}: no end of it, {sorted(broken)}")


@pytest.mark.parametrize("named", CALLS)
@pytest.mark.parametrize("step", CASE.transitions, ids=lambda step: step.name)
@settings(max_examples=60)
@given(wrong=st.sets(st.sampled_from(sorted(BROKEN)), max_size=8), data=st.data())
def test_mending_what_is_listed_and_then_what_was_announced_makes_the_step_succeed(
    step: Transition, named: str, wrong: set[str], data: st.DataObject
):
    call = CALLS[named]()
    good = case_facts(call, actor=7, **_at(call, step))
    facts = good
    for one in sorted(wrong):
        facts = replace(facts, **BROKEN[one])
    mended = story(step, facts, Mender(good, lambda: data.draw(st.booleans())).mend)
    actor = Actor(7, "办理人", frozenset({Grant(step.by[0], 1)}))
    tried = Engine(CASE).perform(Standing(str(step.sources[0]), 1, 1), step.name, actor, mended, mended.at, "理由")
    assert tried.done


def _at(call: Any, step: Transition) -> dict[str, Any]:
    """What some steps need to hold, which most do without."""
    window = call.phases[0].window(Level.CENTRE, call.opened)
    return {"new_day": window.closes.date().replace(year=window.closes.year + 1), "public_notice": window} | (
        {"at": window.closes} if step.name in ("publish", "republish") else {}
    )


@settings(max_examples=60)
@given(
    lacking=st.sets(st.sampled_from(["form", "document"])), lines=st.integers(0, 3), final=st.booleans(), data=st.data()
)
def test_the_same_of_a_batch(lacking: set[str], lines: int, final: bool, data: st.DataObject):
    call, step = call_2021(), next(one for one in BATCH.transitions if one.name == "send")
    papers = {"has_form_scan": "form" not in lacking, "has_document": "document" not in lacking}
    facts = batch_facts(call, cases=lines, actor=7, final=final)
    facts = replace(facts, lines=tuple(line_facts(at, **papers) for at in range(lines)), seal=None)

    def changed(facts: BatchFacts, many: int) -> BatchFacts:
        """Other lines: what was sealed is another list, and whoever reviewed them has a hand in it."""
        worse = {"has_document": data.draw(st.booleans())} if many > len(facts.lines) else {}
        made = tuple(line_facts(at, **worse) for at in range(many))
        hands = {"reviewer": frozenset({7 if data.draw(st.booleans()) else 8})}
        return replace(facts, lines=made, content=f"{facts.content}+", hands=hands)

    def mend(facts: BatchFacts, rule: str) -> BatchFacts:
        if rule == "summary_sealed":
            return replace(facts, seal=SealFacts(OFFICE, facts.content))
        if rule == "another_person_acts":
            return replace(facts, hands={})
        if rule == "province_recommends_enough":
            return changed(facts, 3)
        return changed(facts, max(1, len(facts.lines)))

    mended = story(step, facts, mend)
    assert [one for one in examine(step, replace(mended, step="send")) if one.blocks] == []


def test_what_waits_is_known_to_the_catalogue():
    assert {rule for after, before in AFTER.items() for rule in (after, *before)} <= CATALOGUE.keys()


def test_a_rule_that_is_announced_by_nothing_is_noticed(monkeypatch: pytest.MonkeyPatch):
    stamp = next(one for one in CASE.transitions if one.name == "stamp")
    good = case_facts(actor=7)
    monkeypatch.setattr("tests.rules.test_waiting.unexamined", lambda *_: [])
    with pytest.raises(AssertionError, match="came up unannounced"):
        story(stamp, replace(good, recipient=""), Mender(good, lambda: False).mend)
