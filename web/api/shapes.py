"""The form of every body, as JSON Schema (2020-12): what is sent is held against it, and what is answered by the tests."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]


def _object(optional: str = "", /, **properties: Schema) -> Schema:
    """An object of these members and no other; all are there but those named in `optional`."""
    required = [name for name in properties if name not in optional.split()]
    made: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**made, "required": required} if required else made


def _list(of: Schema, **more: Any) -> Schema:
    return {"type": "array", "items": of, **more}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _or_none(one: Schema) -> Schema:
    if "$ref" in one:
        return {"anyOf": [one, {"type": "null"}]}
    return {**one, "type": [one["type"], "null"]}


def _map(of: Schema) -> Schema:
    return {"type": "object", "additionalProperties": of}


_TEXT: Schema = {"type": "string"}
_BOOLEAN: Schema = {"type": "boolean"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_ID: Schema = {"type": "integer", "minimum": 1, "maximum": 2**63 - 1}
_MOMENT: Schema = {"type": "string", "format": "date-time"}
_DAY: Schema = {"type": "string", "format": "date"}
_HASH: Schema = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_MARK: Schema = {"type": "string", "pattern": r"^[0-9]{1,12}\.[0-9]{1,12}$"}
_LINK: Schema = {"type": "string", "pattern": "^/"}
_MOST = 1000
"""Cases of one act, as workflow.bulk has it."""

_UNIT = _object(id=_ID, name=_TEXT)
_RECEIPT = _object(number=_TEXT, hash=_HASH)

# ---- what is answered ------------------------------------------------------------------------------------------------

_BRIEF = {
    "id": _ID,
    "number": _TEXT,
    "title": _TEXT,
    "state": _ref("Labelled"),
    "call": _TEXT,
    "phase": _TEXT,
    "theme": _TEXT,
    "theme_name": _TEXT,
    "office": _UNIT,
    "centre": _UNIT,
    "changed_at": _MOMENT,
    "moved_at": _MOMENT,
    "revision": _ID,
    "mark": _MARK,
    "screen": _LINK,
}

_LINE = {
    "case": _ID,
    "number": _TEXT,
    "mark": _MARK,
    "verdict": _ref("Labelled"),
    "said": _or_none(_ref("Words")),
    "findings": _list(_ref("Finding")),
}

_BULK = {
    "id": _ID,
    "step": _ref("Step"),
    "by": _TEXT,
    "at": _MOMENT,
    "held_until": _MOMENT,
    "whole": _BOOLEAN,
    "missing": _COUNT,
    "undoes": _or_none(_ID),
    "screen": _LINK,
}
_BATCH = {
    "id": _ID,
    "number": _TEXT,
    "state": _ref("Labelled"),
    "call": _TEXT,
    "phase": _TEXT,
    "office": _UNIT,
    "last": _BOOLEAN,
    "subject": _TEXT,
    "sent_at": _or_none(_MOMENT),
    "mark": _MARK,
    "screen": _LINK,
}

_MOVING = {
    "number": _TEXT,
    "from_version": _ID,
    "state": _ref("Words"),
    "verdict": _ref("Labelled"),
    "rests": _BOOLEAN,
    "changes": _list(_ref("Words")),
    "stuck": _list(_object(why=_ref("Words"), do=_ref("Words"))),
}

SHAPES: dict[str, Schema] = {
    "Words": _object(zh=_TEXT, en=_TEXT),
    "Labelled": _object(value=_TEXT, zh=_TEXT, en=_TEXT),
    "Finding": _object(
        rule=_TEXT,
        zh=_TEXT,
        en=_TEXT,
        clause=_TEXT,
        says=_list(_TEXT),
        strength={"type": "string", "enum": ["must", "in_principle"]},
        lifted_by=_list(_ref("Labelled")),
        holds_from=_or_none(_MOMENT),
        mend=_TEXT,
        reasons=_map(_TEXT),
        blocks=_BOOLEAN,
        answer_in=_or_none(_TEXT),
        reasons_for=_list(_object(key=_TEXT, about=_TEXT)),
        link=_or_none(_LINK),
        rule_link=_or_none(_LINK),
    ),
    "Step": _object(
        name=_TEXT,
        zh=_TEXT,
        en=_TEXT,
        by=_list(_ref("Labelled")),
        to=_ref("Labelled"),
        takes_back=_BOOLEAN,
        undoes=_or_none(_ref("Words")),
        part_of=_or_none(_TEXT),
    ),
    "Confirmation": _object(id=_TEXT, step=_TEXT, zh=_TEXT, en=_TEXT, clause=_TEXT),
    "Offer": _object(
        step=_ref("Step"),
        mine=_BOOLEAN,
        role=_or_none(_ref("Labelled")),
        ready=_BOOLEAN,
        findings=_list(_ref("Finding")),
        not_yet_examined=_list(_object(rule=_TEXT, zh=_TEXT, en=_TEXT, rule_link=_LINK)),
    ),
    "Offers": _object(
        mark=_MARK,
        state=_ref("Labelled"),
        offers=_list(_ref("Offer")),
        confirmations=_list(_ref("Confirmation")),
    ),
    "Phase": _object(
        id=_TEXT,
        zh=_TEXT,
        en=_TEXT,
        opens=_MOMENT,
        closes=_MOMENT,
        closes_for_centres=_or_none(_MOMENT),
        asks_centres_by=_or_none(_MOMENT),
        asks_offices_by=_or_none(_MOMENT),
        extended=_BOOLEAN,
        themes=_list(_object(id=_TEXT, zh=_TEXT, en=_TEXT, needs_name=_BOOLEAN)),
        minimum_per_office=_COUNT,
    ),
    "CallInList": _object(number=_TEXT, version=_ID, zh=_TEXT, en=_TEXT, opened=_DAY, screen=_LINK),
    "CallList": _object(calls=_list(_ref("CallInList"))),
    "Call": _object(
        number=_TEXT,
        version=_ID,
        zh=_TEXT,
        en=_TEXT,
        opened=_DAY,
        screen=_LINK,
        document_number=_TEXT,
        issuer=_ref("Words"),
        eligible=_object(service_from=_DAY, service_to=_or_none(_DAY)),
        length=_object(minimum=_or_none(_COUNT), maximum=_or_none(_COUNT)),
        phases=_list(_ref("Phase")),
        sections=_list(_object(id=_TEXT, zh=_TEXT, en=_TEXT, required=_BOOLEAN)),
        report_form=_list(
            _object(
                name=_TEXT,
                zh=_TEXT,
                en=_TEXT,
                type=_TEXT,
                required=_BOOLEAN,
                limit=_or_none(_COUNT),
                choices=_list(_TEXT),
            )
        ),
        confirmations=_list(_ref("Confirmation")),
        route=_object(legs=_list(_ref("Labelled")), recommended_by=_ref("Labelled")),
        addressees=_list(_ref("Words")),
        centre_kinds=_list(_TEXT),
        minimum_per_centre=_COUNT,
        quotas=_list(_ref("Quota")),
        papers=_list(_ref("PaperAsked")),
        sign_offs=_object(publication=_COUNT, decisions=_COUNT),
        judging=_or_none(_ref("Judging")),
        public_notice=_or_none(_ref("PublicNotice")),
        publicity=_list(_object(id=_TEXT, zh=_TEXT, en=_TEXT, from_day=_or_none(_DAY), to_day=_or_none(_DAY))),
        push=_or_none(_ref("PushAsked")),
        rules=_list(
            _object(
                rule=_TEXT,
                clause=_TEXT,
                says=_list(_TEXT),
                strength={"type": "string", "enum": ["must", "in_principle"]},
                link=_LINK,
            )
        ),
    ),
    "Standing": _object(
        number=_TEXT,
        state=_ref("Labelled"),
        mark=_MARK,
        offers=_list(_ref("Offer")),
        open_cases=_list(_object(state=_ref("Labelled"), cases=_COUNT)),
        pushes_under_way=_COUNT,
        objections_unanswered=_COUNT,
        screen=_LINK,
    ),
    "Migration": _object(
        version=_ID,
        movable=_COUNT,
        back=_BOOLEAN,
        more=_BOOLEAN,
        differences=_list(
            _object(from_version=_ID, changes=_list(_object(place=_TEXT, zh=_TEXT, en=_TEXT))),
        ),
        cases=_list(_object(id=_ID, title=_TEXT, mark=_MARK, **_MOVING)),
        unseen=_list(
            _object(
                office=_UNIT,
                verdicts=_list(_object(value=_TEXT, zh=_TEXT, en=_TEXT, cases=_COUNT)),
                changes=_list(_object(zh=_TEXT, en=_TEXT, cases=_COUNT)),
            )
        ),
        batches=_list(_object(id=_ID, **_MOVING)),
    ),
    "Migrated": _object(
        version=_ID,
        moved=_COUNT,
        numbers=_list(_TEXT),
        batches=_COUNT,
        told=_COUNT,
        receipt=_or_none(_RECEIPT),
        refused=_list(_object(number=_TEXT, why=_ref("Words"), do=_ref("Words"))),
    ),
    "Quota": _object(
        id=_TEXT,
        per=_ref("Labelled"),
        over=_ref("Labelled"),
        minimum=_or_none(_COUNT),
        maximum=_or_none(_COUNT),
        phases=_list(_TEXT),
        kinds=_list(_TEXT),
        themes=_list(_TEXT),
        exempt_kinds=_list(_TEXT),
        exempt_themes=_list(_TEXT),
    ),
    "PaperAsked": _object(
        id=_TEXT,
        zh=_TEXT,
        en=_TEXT,
        owner=_ref("Labelled"),
        seal=_ref("Labelled"),
        sent_as=_ref("Labelled"),
        formats=_list(_TEXT),
        required=_BOOLEAN,
        most=_COUNT,
        largest_mib=_or_none(_COUNT),
    ),
    "Judging": _object(
        judges=_COUNT,
        blind=_BOOLEAN,
        criteria=_list(_object(id=_TEXT, zh=_TEXT, en=_TEXT, weight=_COUNT)),
        winners=_or_none(_COUNT),
        winners_percent=_or_none(_COUNT),
        per_centre=_or_none(_COUNT),
        lowest={"type": "integer"},
        highest={"type": "integer"},
    ),
    "PublicNotice": _object(days=_COUNT, counted=_ref("Labelled"), objections=_BOOLEAN, objections_to=_ref("Words")),
    "PushAsked": _object(destination=_ref("Words")),
    "CaseInList": _object(**_BRIEF),
    "CaseList": _object(
        cases=_list(_ref("CaseInList")),
        total=_COUNT,
        more_than_total=_BOOLEAN,
        after=_TEXT,
        before=_TEXT,
        stopped=_BOOLEAN,
    ),
    "Content": _object(
        phase=_TEXT,
        theme=_TEXT,
        theme_name=_TEXT,
        title=_TEXT,
        sections=_map(_TEXT),
        recipient=_TEXT,
        service_from=_or_none(_DAY),
        service_to=_or_none(_DAY),
        form=_map(_TEXT),
        attachments=_list(_object(paper=_TEXT, name=_TEXT, format=_TEXT, size=_COUNT, sha256=_HASH)),
    ),
    "Paper": _object(
        id=_ID, slot=_TEXT, paper=_TEXT, name=_TEXT, media_type=_TEXT, size=_COUNT, sha256=_TEXT, link=_or_none(_LINK)
    ),
    "Case": _object(
        **_BRIEF,
        length=_COUNT,
        least_length=_COUNT,
        content=_ref("Content"),
        content_digest=_HASH,
        window=_or_none(_object(opens=_MOMENT, closes=_MOMENT)),
        papers=_list(_ref("Paper")),
        seal=_or_none(_object(unit=_TEXT, at=_MOMENT, electronic=_BOOLEAN, holds=_BOOLEAN)),
        batch=_or_none(_ID),
    ),
    "VersionInList": _object(revision=_ID, at=_MOMENT, by=_TEXT, how=_TEXT, content_digest=_HASH),
    "VersionList": _object(versions=_list(_ref("VersionInList"))),
    "Version": _object(revision=_ID, at=_MOMENT, by=_TEXT, how=_TEXT, content_digest=_HASH, content=_ref("Content")),
    "HistoryEntry": _object(
        at=_MOMENT,
        who=_TEXT,
        what=_ref("Words"),
        done=_BOOLEAN,
        receipt=_RECEIPT,
        remark=_TEXT,
        role=_or_none(_ref("Labelled")),
        source=_or_none(_ref("Labelled")),
        target=_or_none(_ref("Labelled")),
        findings=_list(_ref("Finding")),
        detail=_or_none(_ref("Words")),
    ),
    "History": _object(entries=_list(_ref("HistoryEntry"))),
    "Mail": _object(to=_TEXT, address=_or_none(_TEXT), subject=_TEXT, body=_TEXT, cases=_list(_ID)),
    "Effect": _object(
        unit=_TEXT,
        phase=_or_none(_TEXT),
        counted=_object(before=_COUNT, after=_COUNT),
        least=_COUNT,
        waived=_BOOLEAN,
        moved=_list(_object(state=_ref("Labelled"), before=_COUNT, after=_COUNT)),
    ),
    "Foreseen": _object(
        step=_ref("Step"),
        **_LINE,
        mails=_list(_ref("Mail")),
        effects=_list(_ref("Effect")),
        seals=_list(_ref("Words")),
    ),
    "ForeseenBatch": _object(
        offer=_ref("Offer"),
        lines=_list(
            _object(case=_ID, number=_TEXT, becomes=_or_none(_ref("Labelled")), findings=_list(_ref("Finding")))
        ),
        post=_or_none(_ref("Words")),
        mails=_list(_ref("Mail")),
        effects=_list(_ref("Effect")),
        seals=_list(_ref("Words")),
    ),
    "Attempt": _object(
        outcome=_ref("Labelled"),
        step=_TEXT,
        **{"from": _TEXT},
        to=_TEXT,
        receipt=_or_none(_RECEIPT),
        findings=_list(_ref("Finding")),
    ),
    "ForeseenMany": _object(
        step=_ref("Step"),
        lines=_list(_object(**_LINE)),
        missing=_COUNT,
        cut_off=_COUNT,
        mails=_list(_ref("Mail")),
        effects=_list(_ref("Effect")),
        undoable=_BOOLEAN,
    ),
    "BulkActInList": _object(**_BULK, outcomes=_map(_COUNT)),
    "BulkActList": _object(acts=_list(_ref("BulkActInList"))),
    "BulkAct": _object(
        **_BULK,
        receipt=_or_none(_RECEIPT),
        lines=_list(
            _object(
                case=_ID, number=_TEXT, outcome=_ref("Labelled"), receipt=_or_none(_TEXT), said=_list(_ref("Words"))
            )
        ),
        not_undone_because=_or_none(_ref("Words")),
    ),
    "BatchInList": _object(**_BATCH),
    "BatchList": _object(batches=_list(_ref("BatchInList"))),
    "Batch": _object(**_BATCH, lines=_list(_object(case=_ID, number=_TEXT, title=_TEXT))),
    "Receipted": _object(receipt=_or_none(_RECEIPT)),
    "Receipt": _object(
        format=_TEXT,
        origin=_TEXT,
        algorithm=_TEXT,
        stream=_TEXT,
        seq=_ID,
        hash=_HASH,
        index=_or_none(_COUNT),
        proof=_or_none(_list(_HASH)),
        checkpoint=_or_none(_TEXT),
        key=_or_none(_TEXT),
    ),
    "Checked": _object(
        verdict=_ref("Labelled"), holds=_BOOLEAN, why=_list(_ref("Words")), receipt=_or_none(_ref("Receipt"))
    ),
    "Job": _object(
        id=_ID,
        zh=_TEXT,
        en=_TEXT,
        state=_ref("Labelled"),
        about=_or_none(_ref("Words")),
        queued_at=_MOMENT,
        next_at=_or_none(_MOMENT),
        started_at=_or_none(_MOMENT),
        ended_at=_or_none(_MOMENT),
        tries=_COUNT,
        part=_COUNT,
        parts=_COUNT,
        trouble=_or_none(_ref("Words")),
        remark=_TEXT,
        late=_BOOLEAN,
        may=_list(_TEXT),
    ),
    "JobBoard": _object(
        given_up=_list(_ref("Job")),
        running=_list(_ref("Job")),
        waiting=_list(_ref("Job")),
        ended=_list(_ref("Job")),
        counts=_map(_COUNT),
        late=_list(_ref("Words")),
    ),
    "Problem": {
        "type": "object",
        "properties": {
            "type": _TEXT,
            "title": _TEXT,
            "title_en": _TEXT,
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
            "detail": _TEXT,
            "detail_en": _TEXT,
            "request": _TEXT,
            "findings": _list(_ref("Finding")),
            "receipt": _or_none(_RECEIPT),
            "act": _ref("BulkAct"),
            "migrated": _ref("Migrated"),
        },
        "required": ["type", "title", "title_en", "status", "detail", "detail_en", "request"],
    },
}
"""What is answered, by name; the names stand in the OpenAPI document."""

# ---- what is sent ----------------------------------------------------------------------------------------------------

_WORDS: Schema = {"type": "string", "maxLength": 2000}
_NAMES = _list({"type": "string", "maxLength": 80}, maxItems=50)
_REASONS: Schema = {
    "type": "object",
    "additionalProperties": _WORDS,
    "maxProperties": 100,
    "propertyNames": {"maxLength": 80},
}
_ANSWERS = {
    "remark": _WORDS,
    "confirmed": _NAMES,
    "reasons": _REASONS,
    "new_day": {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
}
_STEP = {"mark": _MARK, **_ANSWERS}
_CASES = _list(_object("mark", id=_ID, mark=_MARK), minItems=1, maxItems=_MOST)
_OWN = _list(_object("confirmed reasons", case=_ID, confirmed=_NAMES, reasons=_REASONS), maxItems=_MOST)
_SHORT: Schema = {"type": "string", "maxLength": 40}
_MATCHING = _object(
    "state phase theme office centre text",
    **dict.fromkeys(("state", "phase", "theme"), _SHORT),
    office=_ID,
    centre=_ID,
    text={"type": "string", "maxLength": 100},
)
_MANY = {**_ANSWERS, "own": _OWN}

SENT: dict[str, Schema] = {
    "StepTaken": _object(" ".join(_STEP), **_STEP),
    "Answers": _object(" ".join(_ANSWERS), **_ANSWERS),
    "CallStepTaken": _object("mark remark", mark=_MARK, remark=_WORDS),
    "MigrationWanted": _object(
        "to cases offices remark",
        to=_ID,
        cases=_CASES,
        offices=_list(_ID, minItems=1, maxItems=_MOST),
        remark=_WORDS,
    ),
    "ManyRehearsed": _object(" ".join((*_MANY, "cases", "matching")), cases=_CASES, matching=_MATCHING, **_MANY),
    "ManyTaken": _object(
        " ".join((*_MANY, "whole", "hold_minutes")),
        cases=_CASES,
        whole=_BOOLEAN,
        hold_minutes={"type": "integer", "minimum": 0, "maximum": 60},
        **_MANY,
    ),
    "BatchStarted": _object(call=_SHORT, phase=_SHORT, office=_ID),
    "Lines": _object(cases=_list(_ID, maxItems=_MOST)),
    "BatchDetails": _object("reasons", subject={"type": "string", "maxLength": 300}, last=_BOOLEAN, reasons=_REASONS),
    "Reason": _object(reason=_WORDS),
}
"""What is sent, by name; each stands by itself, without references."""
