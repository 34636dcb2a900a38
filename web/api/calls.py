"""Calls: which are open, until when, and what they ask."""

from __future__ import annotations

from typing import Any

from flask import url_for

from web.api.gate import operation
from web.api.plain import Plain, day, moment, said
from workflow import notices


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
        "extended": one.extended,
        "themes": [{"id": each.id, **said(each.label), "needs_name": each.needs_name} for each in one.themes],
        "minimum_per_office": one.phase.minimum_per_office,
    }
