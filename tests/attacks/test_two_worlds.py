"""Two worlds that differ only in what a person may not see answer that person word for word alike.

The hidden part differs in number, text and state; some lies before what is visible, some after. Addresses
number things in the order in which the whole installation made them, so numbers of what is visible are written as names
before comparing; whatever number remains belongs to something hidden, and gives it away.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from html import unescape
from pathlib import Path
from shutil import rmtree
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from states.case import CaseState
from tests.attacks.forms import forms
from tests.web.conftest import HASHED, PASSWORD, send
from tests.web.programs import Program, made
from tests.worlds import CALL_2021, Databases, World, world_under
from web.app import create_app
from workflow import batches
from workflow.content import Content
from workflow.settings import Settings
from workflow.store import people as stored
from workflow.store.models import Batch, Case

pytestmark = pytest.mark.database


# ---- what is seen, and what is not -----------------------------------------------------------------------------------


@dataclass
class Seen:
    """What a person may see: label → id, and label → the number that people read."""

    cases: dict[str, int] = field(default_factory=dict)
    batches: dict[str, int] = field(default_factory=dict)
    pushes: dict[str, int] = field(default_factory=dict)


Visible = Callable[[World, Mapping[str, Content]], Seen]
Hidden = Callable[[World, Mapping[str, Content]], None]


def visible(world: World, written: Mapping[str, Content]) -> Seen:
    """The cases of one centre in every stage, and their batches."""
    seen = Seen()
    for label, state in (
        ("draft", CaseState.DRAFT),
        ("stamped", CaseState.CENTRE_STAMPED),
        ("returned", CaseState.RETURNED),
        ("submitted", CaseState.SUBMITTED),
        ("published", CaseState.PUBLISHED),
        ("pushed", CaseState.WIPO_PUSHED),
    ):
        seen.cases[label] = world.case(state, written[label])
    return seen


def sent(world: World, written: Mapping[str, Content]) -> Seen:
    """What was once submitted and is still with the national office or beyond."""
    seen = Seen()
    for label, state in (
        ("submitted", CaseState.SUBMITTED),
        ("shortlisted", CaseState.SHORTLISTED),
        ("published", CaseState.PUBLISHED),
        ("pushed", CaseState.WIPO_PUSHED),
        ("passed over", CaseState.NOT_SELECTED),
    ):
        seen.cases[label] = world.case(state, written[label])
    return seen


def nothing_but_published(world: World, written: Mapping[str, Content]) -> Seen:
    seen = Seen()
    for label, state in (("published", CaseState.PUBLISHED), ("pushed", CaseState.WIPO_PUSHED)):
        seen.cases[label] = world.case(state, written[label])
    return seen


NOT_PUBLISHED = (
    CaseState.DRAFT,
    CaseState.CENTRE_STAMPED,
    CaseState.PROVINCE_REVIEWED,
    CaseState.RETURNED,
    CaseState.WITHDRAWN,
    CaseState.NOT_RECOMMENDED,
    CaseState.SUBMITTED,
    CaseState.NOT_SELECTED,
    CaseState.SHORTLISTED,
)
NOT_SENT = NOT_PUBLISHED[:6]


def elsewhere(world: World, written: Mapping[str, Content]) -> None:
    """Another office's cases, one of them with the same text as a visible one, its batches, lists and a waiver; and what
    is to become of every submitted case, which is announced to nobody yet."""
    decided(world)
    for number, state in enumerate(NOT_PUBLISHED):
        world.case(state, written[f"hidden {number}"], centre="neighbour")
    if "submitted" in written:
        world.case(CaseState.SUBMITTED, twin(written["submitted"]), centre="neighbour")
    world.batch([world.case(CaseState.PROVINCE_REVIEWED, written["hidden 9"], centre="neighbour")], office="second")


def decided(world: World) -> None:
    """A decision about each case that waits for one."""
    with world.database.reading() as session:
        waiting = session.scalars(select(Case.id).where(Case.state == str(CaseState.SUBMITTED))).all()
    for case in waiting:
        world.decide(case, ("shortlist", "pass_over")[case % 2])


def of_the_other_centre(world: World, written: Mapping[str, Content]) -> None:
    """What `elsewhere` holds, and cases of another centre of the same office."""
    elsewhere(world, written)
    for number, state in enumerate(NOT_SENT):
        world.case(state, written[f"other {number}"], centre="institute")


def not_sent(world: World, written: Mapping[str, Content]) -> None:
    """Whatever no office sent: drafts, what is with an office, and batches that are still being made."""
    for number, state in enumerate(NOT_SENT):
        world.case(state, written[f"hidden {number}"], centre=("university", "neighbour")[number % 2])
    if "submitted" in written:
        world.case(CaseState.CENTRE_STAMPED, twin(written["submitted"]), centre="neighbour")
    hidden = world.case(CaseState.PROVINCE_REVIEWED, written["hidden 9"], centre="neighbour")
    world.seal_summary(world.batch([hidden], office="second"))


def not_published(world: World, written: Mapping[str, Content]) -> None:
    """Everything that is not public."""
    decided(world)
    not_sent(world, written)
    for number, state in enumerate(NOT_PUBLISHED[6:]):
        world.case(state, written[f"other {number}"], centre=("university", "neighbour")[number % 2])


def twin(content: Content) -> Content:
    return content.changed(title=f"换了名称的{content.title}"[:60])


PRINCIPALS: dict[str, tuple[tuple[str | None, ...], Visible, Hidden]] = {
    "centre": (("author_and_sealer",), visible, of_the_other_centre),
    "office": (("reviewer_and_leader",), visible, elsewhere),
    "national": (("desk_and_editor", "liaison"), sent, not_sent),
    "others": (("administrator", None), nothing_but_published, not_published),
}


# ---- a world, walked from link to link -------------------------------------------------------------------------------

_HIDDEN_FIELD = re.compile(r'(name="(?:csrf_token|form_key|ticket|note)" value=")[^"]*')
_DIGEST = re.compile(r"\b[0-9a-f]{10,64}\b")
_THING = re.compile(
    r'((?:/cases/|/batches/|/pushes/|\b(?:case|batch|push)(?:/|%2F)|place[:.]|name="case" value="'
    r'|"(?:form|line|reason|feedback|decision|score)-))(\d+)'
)
_CHOICE = re.compile(r'<select[^>]*name="case"(?:(?!</select>).)*', re.S)
_CHOSEN = re.compile(r'(<option value=")(\d+)')
_KINDS = {
    "cases": "case",
    "case": "case",
    **dict.fromkeys(("form", "line", "reason", "feedback", "decision", "score"), "case"),
    "place": "case",
    "batches": "batch",
    "batch": "batch",
    "pushes": "push",
    "push": "push",
}
_NUMBER = re.compile(r"2021-205-[A-Z]+-(?:P\d-)?\d+")
_COUNTED = re.compile(r'(/trail/|/papers/|after=|before=|/doors/|id="e|#e)(\d+)(~\d+)?')
_FILE = re.compile(r"((?:扫描件|汇总表)\d+)\.png")
_INSIDE = re.compile(r"(&#34;(?:case_id|batch_id|document)&#34;: |^ +)(\d+)(?=,?$)", re.M)
_PENDING = re.compile(
    r"<details[^>]*><summary>目前还差 1 项</summary>(?:(?!</details>).)*正在比对(?:(?!</details>).)*</details>"
    r"|<p class=.flash flash-warning.>(?:(?!</p>).)*比对中：(?:(?!</p>).)*</p>",
    re.S,
)
"""比对中: that a comparison with another office's case is pending may be seen, and no more of that case."""


@dataclass
class Walk:
    """Everything a person finds, page by page, with names instead of the numbers of what they may see."""

    client: FlaskClient
    names: dict[tuple[str, int], str]
    numbers: dict[str, str]
    counted: dict[tuple[str, str], int] = field(default_factory=dict)
    pages: dict[str, tuple[int, str]] = field(default_factory=dict)

    def all(self, starts: list[str], most: int = 400) -> dict[str, tuple[int, str]]:
        waiting, known = deque(starts), set(starts)
        while waiting and len(self.pages) < most:
            address = waiting.popleft()
            answer = self.client.get(address)
            shown = answer.get_data(as_text=True) if answer.mimetype == "text/html" else answer.mimetype
            tag = answer.headers.get("ETag", "") if answer.mimetype == "text/html" and not self.names else ""
            self.pages[self.named(address)] = (
                answer.status_code,
                self.named(shown + tag + answer.headers.get("Location", "")),
            )
            for one in onward(shown) if answer.mimetype == "text/html" else []:
                if one not in known:
                    known.add(one)
                    waiting.append(one)
        return self.pages

    def named(self, shown: str) -> str:
        shown = _HIDDEN_FIELD.sub(r"\1", _PENDING.sub("", shown))
        shown = _DIGEST.sub("#", shown)
        shown = _COUNTED.sub(lambda one: f"{one[1]}{self._place(one[1], one[2] + (one[3] or ''))}", shown)
        shown = _FILE.sub(lambda one: f"{self._place('file', one[1])}.png", shown)
        shown = _INSIDE.sub(r"\1no.", shown)
        shown = _THING.sub(self._name, shown)
        shown = _CHOICE.sub(lambda one: _CHOSEN.sub(lambda each: self._case(each[1], each[2]), one[0]), shown)
        shown = re.sub(r"\s+", " ", shown).replace("> <", ">\n<").replace(", &#34;", ",\n&#34;")
        return _NUMBER.sub(lambda one: self.numbers.get(one[0], one[0]), shown)

    def _name(self, one: re.Match[str]) -> str:
        kind = _KINDS[re.sub(r"\W", " ", one[1].replace("%2F", " ")).split()[-1 if "value" not in one[1] else 1]]
        return f"{one[1]}{self.names.get((kind, int(one[2])), 'hidden ' + one[2])}"

    def _case(self, before: str, number: str) -> str:
        return f"{before}{self.names.get(('case', int(number)), 'hidden ' + number)}"

    def _place(self, kind: str, number: str) -> str:
        return f"no.{self.counted.setdefault((kind, number), len(self.counted) + 1)}"


ON_RECORD = ("/readers", "/receipt", ".docx", ".xlsx", ".pdf", ".eml", ".zip")
"""Pages that tell how large the whole record is, or when somebody looked; files, whose taking away is recorded."""
BACKGROUND = "/jobs"
"""How much work waits in the whole installation, which who keeps it must know (docs/decisions.md 44)."""


def onward(shown: str) -> list[str]:
    """The addresses that a page leads to: links, pictures, and forms that only ask."""
    links = [unescape(one) for one in re.findall(r'(?:href|src)="(/[^"#]*)', shown)]
    links += [form.action for form in forms(shown) if form.method == "get" and form.action.startswith("/")]
    return [
        one
        for one in links
        if not one.startswith(("/static/", "/sign-out", "/account", BACKGROUND))
        and "lang=" not in one
        and not one.partition("?")[0].endswith(ON_RECORD)
    ]


@contextmanager
def world_with(
    databases: Databases, folder: Path, settings: Settings, show: Visible, hide: Hidden | None
) -> Iterator[tuple[Flask, World, Seen]]:
    """A world with what is visible, and with what is hidden or without."""
    rmtree(folder, ignore_errors=True)
    folder.mkdir()
    with world_under(databases, CALL_2021, folder) as world:
        written = {label: world.content() for label in LABELS}
        world.waive(world.phase, "first")
        world.waive(world.phase, "second")
        if hide:
            hide(world, written)
        seen = show(world, written)
        seen.batches = batches_sent(world)
        if hide:
            hide(world, {label: world.content() for label in LABELS if label.startswith(("hidden", "other"))})
        with world.database.transaction() as session:
            for person in world.people.values():
                stored.set_password(session, person.id, HASHED, end_sessions=False)
        yield create_app(replace(settings, home=folder), world.database), world, seen


def batches_sent(world: World) -> dict[str, int]:
    """What the visible cases' office sent, in order."""
    with world.database.reading() as session:
        found = batches.every(session, world.people["auditor"], office=world.offices["first"])
        sent_first = sorted((one.sent_at, one.id) for one in found if one.sent_at)
        return {f"batch {place}": number for place, (_, number) in enumerate(sent_first)}


LABELS = (
    *("draft", "stamped", "returned", "submitted", "published", "pushed", "shortlisted", "passed over"),
    *(f"hidden {number}" for number in range(10)),
    *(f"other {number}" for number in range(10)),
)


def walked(
    app: Flask, world: World, seen: Seen, login: str | None
) -> tuple[dict[str, tuple[int, str]], dict[str, str]]:
    client = app.test_client()
    if login:
        send(client, "/sign-in", login=login, password=PASSWORD)
    names = {("case", number): label for label, number in seen.cases.items()}
    names |= {("batch", number): label for label, number in seen.batches.items()}
    numbers = {world.row(case).number: label for label, case in seen.cases.items()}
    with world.database.reading() as session:
        numbers |= {session.get_one(Batch, number).number: label for label, number in seen.batches.items()}
    walk = Walk(client, names, numbers)
    walk.all(["/", *ASKED])
    if login:
        asking = Program.of(app, made(world, app.extensions["zhengji"].settings, login))
        for path in [*ASKED_BY_PROGRAMS, *(f"/cases/{case}{end}" for case in seen.cases.values() for end in OF_CASE)]:
            answer = asking.client.get(f"/api/v1{path}", headers=asking._sent())
            walk.pages[f"program {walk.named(path)}"] = (answer.status_code, walk.named(bare(answer.get_json())))
    return walk.pages


_OF_THE_INSTALLATION = {"id", "batch", "request", "office", "centre"}
"""Names of numbers that count the whole installation's things."""


def bare(answer: Any) -> str:
    """What a program is told, but for such numbers; where a page goes on, only that it does."""

    def without(told: Any) -> Any:
        if isinstance(told, list):
            return [without(one) for one in told]
        if not isinstance(told, dict):
            return told
        kept = {name: one for name, one in told.items() if name not in _OF_THE_INSTALLATION}
        return {name: bool(one) if name in ("after", "before") else without(one) for name, one in kept.items()}

    return json.dumps(without(answer), ensure_ascii=False, indent=1)


@pytest.mark.parametrize("principal", PRINCIPALS)
def test_what_one_may_not_see_changes_nothing_that_one_sees(
    principal: str, databases: Databases, settings: Settings, tmp_path: Path
):
    logins, show, hide = PRINCIPALS[principal]
    found = []
    for hidden in (None, hide):
        with world_with(databases, tmp_path / "world", settings, show, hidden) as (app, world, seen):
            found.append({login: walked(app, world, seen, login) for login in logins})
    told = {
        (login, page): differing(found[0][login].get(page), found[1][login].get(page))
        for login in logins
        for page in sorted({*found[0][login], *found[1][login]})
        if found[0][login].get(page) != found[1][login].get(page)
    }
    assert told == {}
    assert min(len(pages) for pages in found[0].values()) > len(ASKED)


def differing(one: tuple[int, str] | None, other: tuple[int, str] | None) -> list[str]:
    """The lines in which two answers differ, or that one page is not reached in one of the worlds."""
    if one is None or other is None:
        return ["only with what is hidden" if one is None else "only without"]
    return [f"{one[0]} {other[0]}", *sorted(set(one[1].splitlines()) ^ set(other[1].splitlines()))][:12]


_WORDS = ("换了名称", "邻省", "neighbour", "2021-205-LS", "的")
ASKED = [
    *("/cases", "/batches", "/desk", "/desk/batches", "/desk/select", "/desk/grants", "/rulings", "/pushes", "/calls"),
    *("/priors", "/trail", "/public", "/admin", "/calls/2021-205/rulebook", "/calls/2021-205"),
    *(f"/cases?sort={one}" for one in ("newest", "oldest", "moved", "changed")),
    *(f"/cases?state={one}" for one in ("draft", "submitted", "published")),
    *(f"/cases?office={one}" for one in (1, 2)),
    *(f"/cases?centre={one}" for one in (1, 2, 3)),
    *(
        f"/cases?text={quote(one)}"
        for one in ("标题:案例", "中心:大学", "正文:知识", "服务对象:公司", '"2021 205"', "案例 2021", "的")
    ),
    *(f"/cases?text=2021&{one}" for one in ("sort=oldest", "state=submitted", "office=2", "centre=3", "phase=first")),
    *(f"/cases?{one}" for one in ("phase=first", "theme=smes", "phase=first&sort=moved")),
    "/searches",
    *(f"{place}?text={quote(one)}" for place in ("/cases", "/public", "/admin") for one in _WORDS),
    *(f"/desk/select?office={one}" for one in (1, 2)),
    *(f"/desk/batches?office={one}" for one in (1, 2)),
    *(f"/public?office={one}" for one in (1, 2)),
    *(f"/trail?outcome={one}" for one in ("done", "refused")),
    *(f"/trail?number={quote(one)}" for one in _WORDS),
    *(f"/trail?person={quote(one)}" for one in ("卫文", "吴文", "赵文", "沈审")),
    *(f"/trail?action={one}" for one in ("case.create", "case.stamp", "case.edit", "batch.create", "batch.send")),
    *(f"/desk?show={one}" for one in ("short", "")),
]

ASKED_BY_PROGRAMS = [
    *(f"/cases?{one}" for one in ("", "limit=2", "state=submitted", "office=2", "centre=3", "sort=oldest")),
    *(f"/cases?text={quote(one)}" for one in _WORDS),
    *("/batches", "/bulk", "/calls", "/calls/2021-205"),
]
OF_CASE = ("", "/history", "/versions")
"""Not its offers: that a comparison is pending may be told, and there it stands among findings."""
