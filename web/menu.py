"""The menu: what a person can do, by the roles held now."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from flask import current_app, request

from states.reach import Actor

_CENTRE = frozenset({"author", "sealer"})
_OFFICE = frozenset({"reviewer", "leader"})
_CASES = _CENTRE | _OFFICE | {"desk", "director", "editor", "translator", "checker", "liaison", "auditor"}


@dataclass(frozen=True)
class Entry:
    """One line of the menu. `roles`: who sees it; none means everybody who is signed in."""

    endpoint: str
    zh: str
    en: str
    icon: str
    roles: frozenset[str] = frozenset()

    @property
    def here(self) -> bool:
        return (request.endpoint or "").partition(".")[0] == self.endpoint.partition(".")[0]


ENTRIES = [
    Entry("home.show", "我的工作", "My work", "layout-dashboard"),
    Entry("cases.index", "案例", "Cases", "file-text", _CASES),
]
"""Screens add themselves where they belong; one whose screen is not installed is not shown."""


def menu(actor: Actor) -> Iterator[Entry]:
    """The entries for a person, in order."""
    for one in ENTRIES:
        if one.endpoint in current_app.view_functions and (not one.roles or one.roles & actor.roles):
            yield one
