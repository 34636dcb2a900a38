"""Reading what was sent, and holding it against its declared form."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import Any

import fastjsonschema

from web.api.problems import WrongBody
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
    "maxProperties": Text("最多 {rule} 项", "it has more than {rule} members"),
    "minItems": Text("至少 {rule} 项", "it has less than {rule} items"),
}
_OTHER = Text("不符合接口说明", "it is not as declared")


_LONGEST_PLACE = 80


def parsed(sent: bytes) -> Any:
    """A body as plain values. Raises WrongBody for what is no JSON, is nested too deeply, or names a member twice."""
    try:
        return json.loads(sent, object_pairs_hook=_members, parse_constant=_no_number)
    except (ValueError, RecursionError) as wrong:
        raise WrongBody(
            Text(
                "请求内容不是合格的 JSON（UTF-8，每项只写一次，嵌套不能太深）。",
                "The body is no JSON that can be read (UTF-8, each member once, not nested too deeply).",
            )
        ) from wrong


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; of a member that is there twice nobody knows which one is meant (RFC 8259, 4)."""
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a member is there twice")
    return made


def _no_number(said: str) -> Any:
    raise ValueError(f"{said} is no JSON")


@cache
def _checker(shape: str) -> Callable[[Any], Any]:
    made: Callable[[Any], Any] = fastjsonschema.compile(SENT[shape], use_default=False)
    return made


def problem(shape: str, given: Any) -> Text | None:
    """What is wrong with a body, with its place; None where it is as declared."""
    try:
        _checker(shape)(given)
    except fastjsonschema.JsonSchemaValueException as wrong:
        place = _written(".".join(str(one) for one in wrong.path[1:])) or "body"
        rule = wrong.rule_definition
        shown = ", ".join(str(one) for one in rule) if isinstance(rule, list) else str(rule)
        words = _WORDS.get(wrong.rule or "", _OTHER).fill(rule=shown)
        return Text(f"{place}：{words.zh}", f"{place}: {words.en}")
    return None


def _written(place: str) -> str:
    """A place as it is told: cut, and without half characters, since names of members are the sender's."""
    return place[:_LONGEST_PLACE].encode("utf-8", "replace").decode()
