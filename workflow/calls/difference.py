"""What differs between two calls, place by place, in words that people can read."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from rules.call import Call, RuleInForce, Theme
from rules.catalogue import CATALOGUE
from rules.words import Labelled, Text
from workflow.calls.loader import SHAPE
from workflow.calls.schema import Key, name_of

NOTHING = Text("（无）", "(none)")


@dataclass(frozen=True)
class Change:
    """One difference. `place`: as in the file, with ids for positions (`phases[first].closes`); `what`: the same in words."""

    place: str
    what: Text
    before: Text
    after: Text

    @property
    def text(self) -> Text:
        """The whole sentence."""
        return Text(
            f"{self.what.zh}：{self.before.zh} → {self.after.zh}", f"{self.what.en}: {self.before.en} → {self.after.en}"
        )

    def as_json(self) -> dict[str, Any]:
        both = {"what": self.what, "before": self.before, "after": self.after}
        return {"place": self.place, **{name: one._asdict() for name, one in both.items()}}


def differences(before: Call, after: Call) -> list[Change]:
    """Every difference between two calls, in the order of a call's keys; the notice's text paragraph by paragraph."""
    return [*_tables(before, after, "", Text("", "")), *_texts(before.text, after.text)]


def _tables(before: Any, after: Any, place: str, what: Text) -> Iterator[Change]:
    table = type(after)
    for one, _ in SHAPE.keys(table):
        if (table, one.name) == (Call, "text"):
            continue
        inside = f"{place}.{one.name}" if place else one.name
        old, new = getattr(before, one.name), getattr(after, one.name)
        yield from _values(old, new, inside, _within(what, _named((table, one.name))))


def _named(key: Key) -> Text:
    return name_of(key)


def _within(outer: Text, inner: Text) -> Text:
    return Text(
        f"{outer.zh} › {inner.zh}" if outer.zh else inner.zh, f"{outer.en} › {inner.en}" if outer.en else inner.en
    )


def _values(old: Any, new: Any, place: str, what: Text) -> Iterator[Change]:
    if old == new:
        return
    if _is_table(old) and type(old) is type(new) and not isinstance(old, Theme):
        yield from _tables(old, new, place, what)
    elif isinstance(old, Mapping) and isinstance(new, Mapping):
        yield from _entries(old, new, place, what)
    elif _listed(old) or _listed(new):
        yield from _entries(_by_id(old), _by_id(new), place, what)
        if dict.fromkeys(_by_id(old)) == dict.fromkeys(_by_id(new)) and list(_by_id(old)) != list(_by_id(new)):
            yield Change(place, Text(f"{what.zh}的次序", f"{what.en}, the order"), _ids(old), _ids(new))
    else:
        yield Change(place, what, shown(old), shown(new))


def _entries(old: Mapping[str, Any], new: Mapping[str, Any], place: str, what: Text) -> Iterator[Change]:
    """Of what is told apart by its id: what went, what came, and what changed within."""
    for key in dict.fromkeys((*old, *new)):
        one, other = old.get(key), new.get(key)
        label = _label(key, other if other is not None else one)
        inside = Text(f"{what.zh}“{label.zh}”", f"{what.en} “{label.en}”")
        where = f"{place}[{key}]"
        if one is None or other is None:
            yield Change(
                where, inside, NOTHING if one is None else _whole(one), NOTHING if other is None else _whole(other)
            )
        else:
            yield from _values(one, other, where, inside)


def _label(key: str, value: Any) -> Text:
    if isinstance(value, RuleInForce) and key in CATALOGUE:
        return Text(CATALOGUE[key].demand.rstrip("。"), key)
    label = getattr(value, "label", None) or getattr(value, "text", None)
    return label if isinstance(label, Text) else Text(str(key), str(key))


def _whole(value: Any) -> Text:
    """A table that came or went, as far as one line holds it."""
    if not _is_table(value):
        return shown(value)
    if isinstance(value, Theme):
        named = Text("（须写出名称）", " (to be named)") if value.needs_name else Text("", "")
        return Text(value.label.zh + named.zh, value.label.en + named.en)
    said = [
        (_named((type(value), one.name)), shown(getattr(value, one.name)))
        for one, kind in SHAPE.keys(type(value))
        if getattr(value, one.name) != SHAPE.default(type(value), one, kind)
    ]
    return Text("；".join(f"{a.zh} {b.zh}" for a, b in said), "; ".join(f"{a.en} {b.en}" for a, b in said))


def shown(value: Any) -> Text:
    """A value in words."""
    if value is None or value in ((), "", Text("", "")) or value == {}:
        return NOTHING
    if isinstance(value, Text):
        return Text(f"“{value.zh}”", f"“{value.en}”")
    if isinstance(value, Labelled):
        return value.label
    if isinstance(value, bool):
        return Text("是", "yes") if value else Text("否", "no")
    if isinstance(value, date):
        return Text(f"{value.year}年{value.month}月{value.day}日", value.isoformat())
    if isinstance(value, tuple):
        parts = [shown(one) for one in value]
        return Text("、".join(one.zh for one in parts), ", ".join(one.en for one in parts))
    if isinstance(value, Mapping):
        said = [(_label(key, one), shown(one)) for key, one in value.items()]
        return Text("；".join(f"{a.zh} {b.zh}" for a, b in said), "; ".join(f"{a.en} {b.en}" for a, b in said))
    if _is_table(value):
        return _whole(value)
    return Text(str(value), str(value))


def _is_table(value: Any) -> bool:
    return dataclasses.is_dataclass(value) and not isinstance(value, type)


def _listed(value: Any) -> bool:
    """Whether it is a list of tables that have ids."""
    return isinstance(value, tuple) and any(_id(one) for one in value)


def _by_id(value: Any) -> dict[str, Any]:
    return {_id(one): one for one in value}


def _id(value: Any) -> str:
    return str(getattr(value, "id", "") or getattr(value, "name", "")) if _is_table(value) else ""


def _ids(value: Any) -> Text:
    labels = [_label(key, one) for key, one in _by_id(value).items()]
    return Text("、".join(one.zh for one in labels), ", ".join(one.en for one in labels))


def _texts(before: str, after: str) -> Iterator[Change]:
    """Paragraphs of the notice that went, came, or stand in another's place."""
    old, new = ([one.strip() for one in text.splitlines() if one.strip()] for text in (before, after))
    what = Text("通知正文", "The notice's text")
    for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        gone, came = "\n".join(old[i1:i2]), "\n".join(new[j1:j2])
        yield Change(
            f"text[{i1 + 1}]",
            Text(f"{what.zh}第 {i1 + 1} 段", f"{what.en}, paragraph {i1 + 1}"),
            shown(Text(gone, gone)) if gone else NOTHING,
            shown(Text(came, came)) if came else NOTHING,
        )
