"""A call as a whole, for its director: closed and archived, and its running cases moved to another version."""

from __future__ import annotations

from typing import Any

from flask import request, url_for

from web.api.cases import tried
from web.api.gate import Refused, operation
from web.api.plain import Plain, labelled, masked, offer, receipt, said
from web.request import actor, form_key, now
from web.request import number as row_number
from workflow.calls import amending, call_standing
from workflow.engine import Text
from workflow.identity.scopes import Scope


@operation(
    "GET",
    "/calls/<number>/standing",
    "征集通知是否已结束、归档，还有什么没办完，可以办理的每一步",
    "Whether a call is closed or archived, what is still under way, and every step from there",
    gives="Standing",
)
def standing(session: Any, number: str) -> Plain:
    found = call_standing.shown(session, number, actor(), now())
    return {
        "number": number,
        "state": labelled(found.state),
        "mark": f"{found.seen}.0",
        "offers": [offer(one, {}, number) for one in found.offers],
        "open_cases": [{"state": labelled(state), "cases": many} for state, many in found.open_cases.items()],
        "pushes_under_way": found.under_way,
        "objections_unanswered": found.unanswered,
        "screen": url_for("calls.show", number=number),
    }


@operation(
    "POST",
    "/calls/<number>/standing/<trigger>",
    "结束征集、归档，或撤回",
    "Close a call, archive it, or take either back",
    scope=Scope.ACT,
    takes="CallStepTaken",
    gives="Attempt",
    writes=True,
)
def act_on_call(session: Any, number: str, trigger: str, given: Plain) -> Plain | Refused:
    mark = given.get("mark", "")
    made = call_standing.act(
        session,
        number,
        trigger,
        actor=actor(),
        at=now(),
        seen=int(mark.partition(".")[0]) if mark else None,
        op=form_key(),
        remark=given.get("remark", ""),
    )
    return tried(made, {}, number)


@operation(
    "GET",
    "/calls/<number>/migration",
    "预览：把案例转到一个版本（to，默认现行的）对每个案例有什么变化，哪些不能转、为什么",
    "A preview of moving cases to a version (to; by default the one in force): what changes for each, which cannot move",
    gives="Migration",
    query={"to": {"type": "integer", "minimum": 1}},
)
def migration(session: Any, number: str) -> Plain:
    made = amending.preview(session, number, to=row_number(request.args.get("to")), actor=actor(), at=now())
    return {
        "version": made.target.version,
        "movable": made.movable,
        "back": made.back,
        "more": made.more,
        "differences": [
            {"from_version": version, "changes": [{"place": one.place, **said(one.text)} for one in changes]}
            for version, changes in made.differences
        ],
        "cases": [{"id": one.row.id, "title": one.row.title, **_line(one), "mark": one.mark} for one in made.lines],
        "unseen": [_unseen(one) for one in made.unseen],
        "batches": [{"id": one.row.id, **_line(one)} for one in made.batches],
    }


def _line(one: amending.Line) -> Plain:
    return {
        "number": one.row.number,
        "from_version": one.version,
        "state": said(one.state),
        "verdict": labelled(one.verdict),
        "rests": one.rests,
        "changes": [masked(each) for each in one.changes],
        "stuck": [{"why": said(each.why), "do": said(each.do)} for each in one.stuck],
    }


def _unseen(one: amending.Unseen) -> Plain:
    """What is not yet the national office's, by number alone."""
    return {
        "office": {"id": one.office_id, "name": one.office},
        "verdicts": [{**labelled(verdict), "cases": many} for verdict, many in one.counts.items()],
        "changes": [{**masked(what), "cases": many} for what, many in one.changes],
    }


@operation(
    "POST",
    "/calls/<number>/migration",
    "把选中的案例（cases；offices：还没有报送国家局的，整省选）转到一个版本；一个也不写就是全部在办的",
    "Move the chosen cases to a version (offices: of these all that are not yet submitted); none named: all worked on",
    scope=Scope.ACT,
    takes="MigrationWanted",
    gives="Migrated",
    writes=True,
)
def migrate_cases(session: Any, number: str, given: Plain) -> Plain | Refused:
    made = amending.migrate(
        session,
        number,
        to=given.get("to"),
        chosen=_chosen(session, given),
        actor=actor(),
        at=now(),
        op=form_key(),
        remark=given.get("remark", ""),
    )
    told = _moved(made)
    if made.receipt is not None:
        return told
    return Refused(Text("一件也没有转，原因见 migrated。", "Nothing was moved; migrated says why."), {"migrated": told})


def _chosen(session: Any, given: Plain) -> amending.Chosen:
    if "cases" not in given and "offices" not in given:
        return amending.Chosen()
    marks = {one["id"]: one.get("mark", "") for one in given.get("cases", ())}
    return amending.Chosen(list(marks), given.get("offices", ()), marks)


def _moved(made: amending.Moved) -> Plain:
    return {
        "version": made.version,
        "moved": made.moved,
        "numbers": list(made.numbers),
        "batches": made.batches,
        "told": made.told,
        "receipt": receipt(made.receipt),
        "refused": [{"number": one.number, "why": masked(one.why), "do": said(one.do)} for one in made.refused],
    }
