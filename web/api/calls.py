"""Calls: which are open, until when, and what they ask."""

from __future__ import annotations

from typing import Any

from flask import url_for

from web.api.gate import operation
from web.api.plain import Plain, day, labelled, moment, said
from workflow.calls import notices


@operation("GET", "/calls", "现有的征集通知", "The calls that there are", gives="CallList")
def calls(session: Any) -> Plain:
    return {"calls": [_brief(row, call) for row, call, _ in notices.current(session)]}


@operation("GET", "/calls/<number>", "一份征集通知：阶段、期限、要求", "One call: phases, days, demands", gives="Call")
def call(session: Any, number: str) -> Plain:
    row, found = notices.find(session, number)
    return {
        **_brief(row, found),
        "document_number": found.document_number,
        "issuer": said(found.issuer),
        "eligible": {
            "service_from": day(found.service_from),
            "service_to": day(found.eligible.service_to),
        },
        "length": {"minimum": found.length.minimum, "maximum": found.length.maximum},
        "phases": [_phase(one) for one in notices.phases(session, found)],
        "sections": [{"id": one.id, **said(one.label), "required": one.required} for one in found.sections],
        "report_form": [
            {
                "name": one.name,
                **said(one.label),
                "type": str(one.type),
                "required": one.required,
                "limit": one.limit,
                "choices": list(one.choices),
            }
            for one in found.report_form
        ],
        "confirmations": confirmations(found),
        **_asked(found),
        "rules": [
            {
                "rule": name,
                "clause": one.clause,
                "says": list(one.says),
                "strength": str(one.strength),
                "link": f"{url_for('rulebook.show', number=found.number)}#{name}",
            }
            for name, one in found.rules.items()
        ],
    }


def _asked(found: Any) -> Plain:
    """The way that cases take under it, and what it asks of numbers, papers, judging and publicity."""
    notice, judging = found.public_notice, found.judging
    return {
        "route": {
            "legs": [labelled(one) for one in found.route.legs],
            "recommended_by": labelled(found.route.recommended_by),
        },
        "addressees": [said(one) for one in found.addressees],
        "centre_kinds": list(found.centre_kinds),
        "minimum_per_centre": found.minimum_per_centre,
        "quotas": [
            {
                "id": one.id,
                "per": labelled(one.per),
                "over": labelled(one.over),
                "minimum": one.minimum,
                "maximum": one.maximum,
                **{name: list(getattr(one, name)) for name in _COUNTED},
            }
            for one in found.quotas
        ],
        "papers": [
            {
                "id": one.id,
                **said(one.label),
                "owner": labelled(one.owner),
                "seal": labelled(one.seal),
                "sent_as": labelled(one.sent_as),
                "formats": list(one.formats),
                "required": one.required,
                "most": one.most,
                "largest_mib": one.largest,
            }
            for one in found.papers
        ],
        "sign_offs": {"publication": found.sign_offs, "decisions": found.decision_sign_offs},
        "judging": _judging(judging) if judging else None,
        "public_notice": {
            "days": notice.days,
            "counted": labelled(notice.counted),
            "objections": notice.objections,
            "objections_to": said(notice.objections_to),
        }
        if notice
        else None,
        "publicity": [
            {"id": one.id, **said(one.label), "from_day": day(one.from_day), "to_day": day(one.to_day)}
            for one in found.publicity
        ],
        "push": {"destination": said(found.push.destination)} if found.push else None,
    }


_COUNTED = ("phases", "kinds", "themes", "exempt_kinds", "exempt_themes")
"""Which cases count towards a quota, or do not."""


def _judging(one: Any) -> Plain:
    return {
        "judges": one.judges,
        "blind": one.blind,
        "criteria": [{"id": each.id, **said(each.label), "weight": each.weight} for each in one.criteria],
        "winners": one.winners,
        "winners_percent": one.winners_percent,
        "per_centre": one.per_centre,
        "lowest": one.lowest,
        "highest": one.highest,
    }


def confirmations(found: Any) -> list[Plain]:
    """What only a person can judge, and confirms with a step."""
    return [{"id": one.id, "step": one.step, **said(one.text), "clause": one.clause} for one in found.confirmations]


def _brief(row: Any, found: Any) -> Plain:
    return {
        "number": found.number,
        "version": row.version,
        **said(found.title),
        "opened": day(found.opened),
        "screen": url_for("calls.show", number=found.number),
    }


def _phase(one: notices.PhaseShown) -> Plain:
    return {
        "id": one.phase.id,
        **said(one.phase.label),
        "opens": moment(one.window.opens),
        "closes": moment(one.window.closes),
        "closes_for_centres": moment(one.centres.closes) if one.centres else None,
        "asks_centres_by": moment(one.asked_of("centre")),
        "asks_offices_by": moment(one.asked_of("office")),
        "extended": one.extended,
        "themes": [{"id": each.id, **said(each.label), "needs_name": each.needs_name} for each in one.themes],
        "minimum_per_office": one.phase.minimum_per_office,
    }
