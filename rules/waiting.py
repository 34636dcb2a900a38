"""What cannot be examined for good yet: mending one rule may change what another looks at.

A rule without a breach that stands here under one that is broken is named beside the findings, so that nothing comes up
later that nobody was told of.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from rules.batch import (
    centre_reports_enough,
    every_case_document_attached,
    every_form_attached,
    province_recommends_enough,
    summary_sealed,
)
from rules.papers import (
    attachments_complete,
    form_complete,
    pictures_within_limits,
    seal_names_the_unit,
    seal_unbroken,
    unit_seal_present,
)
from rules.phase import before_phase_deadline, phase_has_opened, reported_by_the_day_asked_for, theme_belongs_to_phase
from rules.prior import not_reported_before
from rules.quotas import quotas_not_exceeded, quotas_reached
from rules.rule import Rule
from rules.scope import centre_is_eligible, no_excluded_honour, service_within_period
from rules.selection import (
    another_person_acts,
    effect_confirmed,
    effect_outstanding,
    english_checked,
    english_is_current,
)
from rules.text import length_within_limit, recipient_named, sections_within_limits, template_complete

_TEXT = (template_complete, length_within_limit, sections_within_limits)
_CONTENT = (
    *_TEXT,
    service_within_period,
    recipient_named,
    theme_belongs_to_phase,
    form_complete,
    no_excluded_honour,
    pictures_within_limits,
    attachments_complete,
)
"""Mended by changing what the case says."""
_LINES = (
    every_case_document_attached,
    every_form_attached,
    province_recommends_enough,
    centre_reports_enough,
    quotas_reached,
    quotas_not_exceeded,
)
"""Mended by changing which cases a batch holds."""

_AFTER: tuple[tuple[tuple[Rule[Any], ...], tuple[Rule[Any], ...]], ...] = (
    (_TEXT, (*_TEXT, pictures_within_limits)),  # a part that is written, or cut, makes the whole longer, or shorter
    ((pictures_within_limits,), _TEXT),
    ((form_complete, no_excluded_honour), (form_complete, no_excluded_honour)),
    ((theme_belongs_to_phase,), (centre_is_eligible,)),
    ((phase_has_opened, before_phase_deadline, reported_by_the_day_asked_for), (theme_belongs_to_phase,)),
    ((reported_by_the_day_asked_for,), (before_phase_deadline,)),  # an extension makes it late, and no more than that
    ((seal_names_the_unit,), (unit_seal_present,)),
    ((seal_unbroken,), (unit_seal_present, seal_names_the_unit, *_CONTENT)),
    ((not_reported_before,), _CONTENT),
    ((effect_confirmed,), (effect_outstanding,)),  # whoever confirmed it confirmed other words
    ((english_checked,), (english_is_current,)),  # whoever read it read the English of before
    (_LINES, _LINES),
    ((summary_sealed,), _LINES),
    ((another_person_acts,), (*_CONTENT, *_LINES)),  # whoever mends it has a hand in it
)

AFTER: Mapping[str, frozenset[str]] = {
    rule.id: frozenset(one.id for rules, before in _AFTER if rule in rules for one in before) - {rule.id}
    for rules, _ in _AFTER
    for rule in rules
}
"""Rule → those whose mending may bring it up."""


Later = Sequence[tuple[Rule[Any], frozenset[str]]]


def later(guards: Iterable[Rule[Any]]) -> Later:
    """The guards that something else may bring up, each with what: told once for each step, since every offer asks."""
    return [(one, AFTER[one.id]) for one in guards if AFTER.get(one.id)]


def unexamined(guards: Later, in_force: Collection[str], broken: Collection[str]) -> list[Rule[Any]]:
    """Guards that hold as things stand, of which mending what is broken may say otherwise."""
    return [
        one for one, before in guards if not before.isdisjoint(broken) and one.id not in broken and one.id in in_force
    ]
