"""The menu: what a person can do, by the roles held now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from flask import current_app, request, url_for

from states.reach import Actor
from web.request import language

_CENTRE = frozenset({"author", "sealer"})
_OFFICE = frozenset({"reviewer", "leader"})
_DESK = frozenset({"desk", "director", "editor", "translator", "checker", "liaison", "auditor"})
_CASES = _CENTRE | _OFFICE | _DESK


@dataclass(frozen=True)
class Entry:
    """One line of the menu. `roles`: who sees it; none means everybody who is signed in."""

    endpoint: str
    zh: str
    en: str
    icon: str
    roles: frozenset[str] = frozenset()
    section: str = ""
    """The section under which it stands in a long menu; "" stands by itself."""
    here: bool = False
    """Whether the page asked for is of this part, or lies under it."""

    @property
    def address(self) -> str:
        """Where it leads; public pages have an address for each language."""
        english = self.endpoint == "public.index" and language() == "en"
        return url_for("public_en.index" if english else self.endpoint)


@dataclass(frozen=True)
class Section:
    """A part of a long menu that is opened to see what stands in it."""

    zh: str
    en: str
    icon: str
    entries: Sequence[Entry] = ()

    @property
    def here(self) -> Entry | None:
        """The entry in it to which the page belongs."""
        return next((one for one in self.entries if one.here), None)


def _part(endpoint: str) -> str:
    return endpoint.partition(".")[0]


ENTRIES = [
    Entry("home.show", "我的工作", "My work", "layout-dashboard"),
    Entry("cases.index", "案例", "Cases", "file-text", _CASES),
    Entry("arrivals.index", "来件登记", "Arrivals", "inbox", _OFFICE | {"desk", "auditor"}, "intake"),
    Entry("batches.index", "汇总报送", "Reporting", "archive", _OFFICE, "intake"),
    Entry("desk.index", "受理台", "National desk", "building-bank", _DESK, "intake"),
    Entry(
        "judging.index", "评审", "Judging", "clipboard-list", frozenset({"desk", "director", "auditor"}), "selection"
    ),
    Entry("judging.mine", "我的评审", "To judge", "clipboard-check", frozenset({"judge"}), "selection"),
    Entry(
        "decisions.index", "入选决定", "Decisions", "checks", frozenset({"desk", "director", "auditor"}), "selection"
    ),
    Entry("objections.index", "异议", "Objections", "message", frozenset({"desk", "director", "auditor"}), "selection"),
    Entry("comparisons.index", "裁定", "Rulings", "scale", frozenset({"reviewer", "desk"}), "intake"),
    Entry("collection.index", "案例集", "Collections", "printer", frozenset({"editor"}), "publishing"),
    Entry(
        "pushes.index",
        "推送",
        "Pushes",
        "world-upload",
        frozenset({"liaison", "director", "desk", "auditor"}),
        "publishing",
    ),
    Entry("workbench.terms", "术语表", "Glossary", "list-details", frozenset({"translator", "checker"}), "publishing"),
    Entry("calls.index", "征集通知", "Calls", "news"),
    Entry("priors.index", "以往报送", "Earlier reports", "list-details", frozenset({"reviewer", "desk"}), "intake"),
    Entry(
        "publicity.index",
        "宣传",
        "Publicity",
        "calendar",
        frozenset({"editor", "desk", "director", "auditor"}),
        "publishing",
    ),
    Entry("passports.index", "档案包", "Passports", "certificate", frozenset({"desk", "auditor"}), "intake"),
    Entry("trail.index", "留痕", "Trail", "history", _CASES, "records"),
    Entry("refused.index", "拒收文件", "Refused files", "ban", frozenset({"auditor"}), "records"),
    Entry("public.index", "公开案例", "Published", "book", section="publishing"),
    Entry(
        "jobs.index",
        "后台任务",
        "Background work",
        "hourglass",
        frozenset({"administrator", "desk", "director", "editor", "liaison", "auditor"}),
        "records",
    ),
    Entry("admin.index", "管理", "Administration", "settings", frozenset({"administrator"}), "records"),
]
"""Screens add themselves where they belong; one whose screen is not installed is not shown."""


SECTIONS = {
    "intake": Section("受理", "Intake", "inbox"),
    "selection": Section("遴选", "Selection", "clipboard-list"),
    "publishing": Section("发布", "Publishing", "book"),
    "records": Section("记录与后台", "Records", "history"),
}
FEW = 9
"""As many entries stand beside one another on a common screen; of more, those of a section stand together."""


_UNDER = {
    "arrivals": ("admin",),
    "refused": ("admin",),
    "bulk": ("cases",),
    "centre_requests": ("batches", "home"),
    "closing": ("desk",),
    "courts": ("desk", "batches", "home"),
    "drafting": ("calls",),
    "mails": ("jobs",),
    "overdue": ("desk", "home"),
    "proving": ("calls",),
    "public_notices": ("desk",),
    "searches": ("cases",),
    "what_if": ("calls",),
    "worklists": ("cases",),
}
"""Part that is no line of somebody's menu → the lines under which it lies: the first of them that this person has."""


def menu(actor: Actor) -> list[Entry | Section]:
    """What a person can do, in order: entries, and sections of several where there are many."""
    entries = list(_entries(actor))
    if len(entries) <= FEW:
        return [*entries]
    made: list[Entry | Section] = []
    for one in entries:
        fellows = [each for each in entries if one.section and each.section == one.section]
        if len(fellows) < 2:
            made.append(one)
        elif one is fellows[0]:
            made.append(replace(SECTIONS[one.section], entries=fellows))
    return made


def _entries(actor: Actor) -> Iterator[Entry]:
    shown = [
        one
        for one in ENTRIES
        if one.endpoint in current_app.view_functions and (not one.roles or one.roles & actor.roles)
    ]
    here = _here(shown)
    return (replace(one, here=one is here) for one in shown)


def _here(shown: Sequence[Entry]) -> Entry | None:
    """The line of the page's own part; else one that the part lies under, by what it is about or by its address."""
    parts = {_part(one.endpoint): one for one in shown}
    asked = _part(request.endpoint or "")
    for part in (asked, *_UNDER.get(asked, ())):
        if part in parts:
            return parts[part]
    if asked in {_part(one.endpoint) for one in ENTRIES}:
        return None
    return next((one for one in shown if _lies_under(one)), None)


def _lies_under(one: Entry) -> bool:
    return one.endpoint != "home.show" and request.path.startswith(f"{url_for(one.endpoint).rstrip('/')}/")
