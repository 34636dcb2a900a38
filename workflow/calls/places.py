"""The single values of a call's file: where each stands, what it is called, and how to put another in its place."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from typing import Any

from rules.call import Call
from rules.words import Labelled, Text
from workflow.calls.loader import SHAPE
from workflow.calls.schema import bare, name_of, places_in
from workflow.calls.written import read_toml
from workflow.engine import WrongInput


class WrongValue(WrongInput):
    """A value that cannot stand where it was put (422)."""


class Input(StrEnum):
    """How a form asks for a value."""

    WORDS = "words"
    LONG = "long"
    NUMBER = "number"
    DAY = "day"
    YES_NO = "yes_no"
    ONE_OF = "one_of"


@dataclass(frozen=True)
class Place:
    """One value. `path`: as in the file with positions from 0 (`phases[0].closes`); `table`, `within`: the table of the
    file that it stands in, and which entry of it."""

    path: str
    label: Text
    table: Text
    within: Text
    value: str
    input: Input
    choices: tuple[Labelled, ...] = ()


_LONG = 60
"""Characters from which a form gives more room."""
_LEFT_TO_TEXT = frozenset({"rules", "text"})
"""Tables and keys that a form leaves alone: rules quote the notice, and `text` names its file."""


def places(source: str) -> list[Place]:
    """The single values of a file, in the order of a call's keys. Raises TOMLDecodeError."""
    document = read_toml(source)
    found = []
    for (table, name), path in places_in(Call, "", document):
        if re.split(r"[.\[]", path)[0] in _LEFT_TO_TEXT:
            continue
        kind = bare(dict(_kinds(table))[name])
        value = _at(document, path)
        within = (_table(path), _within(document, path))
        if kind is Text and isinstance(value, dict):
            label = name_of((table, name))
            for language, said in (("zh", Text("中文", "Chinese")), ("en", Text("英文", "English"))):
                both = Text(f"{label.zh}（{said.zh}）", f"{label.en} ({said.en})")
                words = value.get(language, "")
                if isinstance(words, str):
                    found.append(Place(f"{path}.{language}", both, *within, words, _words(words)))
        elif (one := _input(kind, value)) is not None:
            choices = tuple(kind) if one is Input.ONE_OF else ()
            found.append(Place(path, name_of((table, name)), *within, _written(value), one, choices))
    return found


@cache
def _kinds(table: type) -> tuple[tuple[str, Any], ...]:
    return tuple((one.name, kind) for one, kind in SHAPE.keys(table))


def _input(kind: Any, value: Any) -> Input | None:
    if not isinstance(kind, type) or isinstance(value, list | dict):
        return None
    if issubclass(kind, Labelled):
        return Input.ONE_OF
    plain = {bool: Input.YES_NO, int: Input.NUMBER, date: Input.DAY, str: _words(str(value))}
    return plain.get(kind)


def _words(words: str) -> Input:
    return Input.LONG if len(words) > _LONG else Input.WORDS


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, date) else str(value)


_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


def _steps(path: str) -> list[str | int]:
    return [int(position) if position else name for name, position in _STEP.findall(path)]


def _at(document: Any, path: str) -> Any:
    for step in _steps(path):
        document = document[step]
    return document


_THE_CALL = Text("基本情况", "The call")


def _table(path: str) -> Text:
    """What the table of the file is called that a value stands in."""
    return name_of((Call, str(_steps(path)[0]))) if "." in path else _THE_CALL


def _within(document: Mapping[str, Any], path: str) -> Text:
    """What the entry is called that a value stands in: its label or its words; else as the table."""
    outer = path.rpartition(".")[0]
    if not outer:
        return _THE_CALL
    entry = _at(document, outer)
    label = (entry.get("label") or entry.get("text") or entry) if isinstance(entry, dict) else None
    if isinstance(label, dict) and {"zh", "en"} <= label.keys():
        return Text(str(label["zh"]), str(label["en"]))
    return _table(path)


def put(source: str, values: Mapping[str, str]) -> str:
    """The file with values changed where they differ; remarks, order and everything else stay.

    Raises WrongValue, naming the place, for one that is no value of that kind; TOMLDecodeError.
    """
    import tomlkit

    known = {one.path: one for one in places(source)}
    document = tomlkit.parse(source)
    for path, written in values.items():
        place = known.get(path)
        if place is None or written.strip() == place.value.strip():
            continue
        *outer, last = _steps(path)
        table: Any = document
        for step in outer:
            table = table[step]
        table[last] = _value(place, written.strip())
    return tomlkit.dumps(document)


def _value(place: Place, written: str) -> Any:
    try:
        match place.input:
            case Input.NUMBER:
                return int(written)
            case Input.DAY:
                return date.fromisoformat(written)
            case Input.YES_NO:
                return {"true": True, "false": False}[written]
            case _:
                return written
    except (ValueError, KeyError):
        asked = {
            Input.NUMBER: Text("一个整数", "a whole number"),
            Input.DAY: Text("一个日期，如 2021-03-26", "a day, such as 2021-03-26"),
        }.get(place.input, Text("是或否", "yes or no"))
        raise WrongValue(
            Text(
                f"“{place.within.zh}”的“{place.label.zh}”写的是“{written}”，应为{asked.zh}。没有保存，请改正后再保存。",
                f"“{place.label.en}” of “{place.within.en}” is “{written}”; it must be {asked.en}. Nothing was saved.",
            )
        ) from None
