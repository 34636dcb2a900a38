"""Things as plain values for JSON: the words in both languages, moments in UTC, links as paths."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from flask import url_for

from states.lifecycle import Transition
from web.words import Words
from workflow import personal
from workflow.calls import call_standing
from workflow.engine import Attempt, Offer, Receipt

Plain = dict[str, Any]


def written(value: Any) -> str:
    """As JSON text, Chinese as it is."""
    return json.dumps(value, ensure_ascii=False)


def said(words: Words) -> Plain:
    return {"zh": words.zh, "en": words.en}


def masked(words: Words) -> Plain:
    """Words in which somebody may have written a telephone number or an address: programs read them masked."""
    return {"zh": personal.masked_text(words.zh), "en": personal.masked_text(words.en)}


def labelled(one: Any) -> Plain:
    """A member of a fixed list: its value, and what it is called."""
    return {"value": str(one), **said(one.label)}


def moment(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z") if at else None


def day(one: date | None) -> str | None:
    return one.isoformat() if one else None


def receipt(one: Receipt | None) -> Plain | None:
    return {"number": one.number, "hash": one.hash} if one else None


def finding(one: Any, link: str = "", call: str = "") -> Plain:
    """What stands in the way, in the notice's words; `link`: where this reader mends it."""
    plain = one.as_json()
    return {
        **plain,
        **masked(one.message),
        "reasons": {key: personal.masked_text(words) for key, words in plain["reasons"].items()},
        "holds_from": moment(one.holds_from),
        "lifted_by": [labelled(role) for role in one.lifted_by],
        "answer_in": one.asked or None,
        "reasons_for": [{"key": key, "about": about} for key, about in _reasons(one)],
        "link": link or None,
        "rule_link": _in_rulebook(call, one.rule) if call and one.rule != call_standing.BARRED else None,
    }


def _in_rulebook(call: str, rule: str) -> str:
    return f"{url_for('rulebook.show', number=call)}#{rule}"


def _reasons(one: Any) -> Iterable[tuple[str, str]]:
    """What a reason must be written for, where the call asks in principle."""
    if one.asked or not one.answerable:
        return
    for place, key in enumerate(one.reason_keys):
        yield key, one.about[place].label if one.about else ""


def findings(many: Iterable[Any], links: Mapping[str, str], call: str = "") -> list[Plain]:
    """`links`: what to mend → where this reader mends it."""
    return [finding(one, links.get(one.mend, ""), call) for one in many]


def step(one: Transition) -> Plain:
    return {
        "name": one.name,
        **said(one.label),
        "by": [labelled(role) for role in one.by],
        "to": labelled(one.target),
        "takes_back": one.backward,
        "undoes": said(one.undoes) if one.undoes else None,
        "part_of": one.through or None,
    }


def offer(one: Offer, links: Mapping[str, str], call: str) -> Plain:
    """A step that can be tried from here, with everything that stands in its way."""
    return {
        "step": step(one.transition),
        "mine": one.mine,
        "role": labelled(one.role) if one.role else None,
        "ready": one.ready and not any(each.blocks for each in one.findings),
        "findings": findings(one.findings, links, call),
        "not_yet_examined": [
            {
                "rule": each.id,
                "zh": each.demand,
                "en": each.id.replace("_", " ").capitalize(),
                "rule_link": _in_rulebook(call, each.id),
            }
            for each in one.unexamined
        ],
    }


def attempt(one: Attempt, links: Mapping[str, str], call: str) -> Plain:
    return {
        "outcome": labelled(one.outcome),
        "step": one.transition.name,
        "from": one.source,
        "to": str(one.transition.target) if one.done else one.source,
        "receipt": receipt(one.receipt),
        "findings": findings(one.findings, links, call),
    }


def mail(one: Any, site: str) -> Plain:
    """A mail that would go; addresses are masked, as on screen."""
    return {
        "to": one.whom,
        "address": personal.masked_email(one.address) if one.address else None,
        "subject": one.subject,
        "body": personal.masked_text(one.body(site)),
        "cases": [each.id for each in one.cases],
    }


def effect(one: Any) -> Plain:
    """How an act changes the numbers of an office in a phase, or of a centre over all phases."""
    return {
        "unit": one.unit,
        "phase": one.phase.id if one.phase else None,
        "counted": {"before": one.counted[0], "after": one.counted[1]},
        "least": one.least,
        "waived": one.waived,
        "moved": [{"state": labelled(state), "before": before, "after": after} for state, before, after in one.moved],
    }


def line(one: Any, links: Mapping[str, str], call: str) -> Plain:
    """What an act would come to for one case."""
    return {
        "case": one.case.id,
        "number": one.case.number,
        "mark": one.mark,
        "verdict": labelled(one.verdict),
        "said": masked(one.said) if one.said else None,
        "findings": findings(one.findings, links, call),
    }
