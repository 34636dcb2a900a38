"""Receipts: what whoever holds one can check anywhere."""

from __future__ import annotations

from typing import Any

from flask import request

from web.api.gate import operation
from web.api.plain import Plain, labelled, said
from web.request import actor
from workflow.audit import log, receipts, search

_NUMBER: Plain = {"type": "string", "maxLength": 120}


@operation(
    "GET",
    "/receipts",
    "按回执号取回执，检查点签署之后带证明",
    "A receipt by its number, with its proof once a checkpoint is signed",
    gives="Receipt",
    query={"number": _NUMBER},
)
def receipt(session: Any) -> Plain:
    uid = search.numbered(session, actor(), request.args.get("number", "")[:120])
    whole = search.one(session, actor(), uid)
    stream, _, seq = whole.entry.number.rpartition("#")
    return log.receipt(session, stream, int(seq), whole.entry.hash)


@operation(
    "GET",
    "/receipts/check",
    "核对回执号和校验码",
    "Hold a number and a hash against the log",
    gives="Checked",
    query={"number": _NUMBER, "hash": {"type": "string", "maxLength": 120}},
)
def check_receipt(session: Any) -> Plain:
    asked = request.args
    answer = receipts.check(session, asked.get("number", ""), asked.get("hash", ""))
    return {
        "verdict": labelled(answer.verdict),
        "holds": answer.holds,
        "why": [said(one) for one in answer.why],
        "receipt": answer.held or None,
    }
