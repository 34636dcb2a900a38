"""A call with single values changed, as somebody who asks “what if” writes them: phases.first.closes=2021-03-29."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from enum import StrEnum
from typing import Any

from rules.call import Call
from rules.words import Labelled, Text
from workflow.calls.written import read_toml
from workflow.engine import CannotServe

DROP = "none"
"""Written as a value, takes an entry away: rules.phase_has_opened=none."""


class WrongChange(CannotServe):
    """A change that names no place of the call, or a value that cannot stand there (422)."""


def changed(call: Call, change: str) -> Call:
    """The call with one value changed: PLACE=VALUE, with ids for the entries of lists. Raises WrongChange."""
    place, sign, written = change.partition("=")
    if not sign:
        raise WrongChange(
            Text(
                f"“{change}”写法不对，应为“位置=值”，如 phases.first.closes=2021-03-29。",
                f"“{change}” is not of the form PLACE=VALUE, such as phases.first.closes=2021-03-29.",
            )
        )
    found: Call = _with(call, place.strip().split("."), written.strip(), change)
    return found


def _with(value: Any, path: list[str], written: str, change: str) -> Any:
    if not path:
        return _read(value, written, change)
    name, rest = path[0], path[1:]
    if isinstance(value, Mapping):
        if not rest and written == DROP and name in value:
            return {key: one for key, one in value.items() if key != name}
        _known(name, [str(key) for key in value], change)
        return {key: _with(one, rest, written, change) if key == name else one for key, one in value.items()}
    if isinstance(value, tuple):
        ids = [str(getattr(one, "id", getattr(one, "name", ""))) for one in value]
        _known(name, ids, change)
        return tuple(
            _with(one, rest, written, change) if of == name else one for of, one in zip(ids, value, strict=True)
        )
    if is_dataclass(value) and not isinstance(value, type):
        _known(name, [one.name for one in fields(value)], change)
        return replace(value, **{name: _with(getattr(value, name), rest, written, change)})
    raise _wrong(change, name, [])


def _read(before: Any, written: str, change: str) -> Any:
    """A value of the kind that stands there now, or any TOML value where nothing does."""
    if isinstance(before, Labelled):
        try:
            return type(before).of(written)
        except ValueError:
            raise _wrong(change, written, [str(one) for one in type(before)]) from None
    try:
        value = read_toml(f"value = {written}")["value"]
    except tomllib.TOMLDecodeError:
        value = written
    kinds_differ = before is not None and type(value) is not type(before) and not isinstance(before, StrEnum)
    if kinds_differ or isinstance(value, list | dict):
        raise _wrong(change, written, [str(before)])
    return value


def _known(name: str, names: list[str], change: str) -> None:
    if name not in names:
        raise _wrong(change, name, difflib.get_close_matches(name, names, 1, 0.5) or names)


def _wrong(change: str, name: str, allowed: list[str]) -> WrongChange:
    listed_zh, listed_en = "、".join(allowed[:12]), ", ".join(allowed[:12])
    return WrongChange(
        Text(
            f"“{change}”中的“{name}”不能用。" + (f"可用：{listed_zh}。" if allowed else ""),
            f"“{name}” cannot stand in “{change}”." + (f" Possible: {listed_en}." if allowed else ""),
        )
    )
