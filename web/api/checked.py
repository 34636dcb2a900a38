"""Holding what was sent against its declared form."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import fastjsonschema

from web.api.shapes import SENT
from workflow.engine import Text

_WORDS = {
    "required": Text("缺少必填项 {rule}", "these must be there: {rule}"),
    "additionalProperties": Text("有没有定义的项", "it holds a member that is not known"),
    "type": Text("类型应为 {rule}", "it must be of the type {rule}"),
    "enum": Text("只能是 {rule}", "it must be one of {rule}"),
    "pattern": Text("格式不对", "it is not written as declared"),
    "format": Text("格式应为 {rule}", "it must be a {rule}"),
    "maxLength": Text("最多 {rule} 个字", "it has more than {rule} characters"),
    "maxItems": Text("最多 {rule} 项", "it has more than {rule} items"),
    "minItems": Text("至少 {rule} 项", "it has less than {rule} items"),
}
_OTHER = Text("不符合接口说明", "it is not as declared")


@cache
def _checker(shape: str) -> Callable[[Any], Any]:
    made: Callable[[Any], Any] = fastjsonschema.compile(SENT[shape], use_default=False)
    return made


def problem(shape: str, given: Any) -> Text | None:
    """What is wrong with a body, with its place; None where it is as declared."""
    try:
        _checker(shape)(given)
    except fastjsonschema.JsonSchemaValueException as wrong:
        place = ".".join(str(one) for one in wrong.path[1:]) or "body"
        rule = wrong.rule_definition
        shown = ", ".join(str(one) for one in rule) if isinstance(rule, list) else str(rule)
        words = _WORDS.get(wrong.rule or "", _OTHER).fill(rule=shown)
        return Text(f"{place}：{words.zh}", f"{place}: {words.en}")
    return None
