"""Every page, form and answer to programs, at every number that there is: no canary of judging, decisions, objections,
publicity, proofs, mails, drafts, tokens and absences sings for who may not hear it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import pytest
from sqlalchemy import func, select
from werkzeug.routing import Rule

from tests.doors import policy
from tests.doors.country import Country
from tests.doors.roost import EVERYBODY, Roost, Song, roost
from tests.doors.test_canaries import unpacked
from web import receipts
from workflow.selection import judging
from workflow.store import calls as stored_calls
from workflow.store.models import AuditEvent

pytestmark = pytest.mark.once

LISTENERS = [
    *("stranger", "author", "author elsewhere", "reviewer", "editor", "translator", "desk", "judge", "administrator"),
]
"""One of each kind that this part of the work tells apart."""


@dataclass
class Birds:
    """A roost in a country where everybody is signed in."""

    roost: Roost
    land: Country

    @property
    def songs(self) -> dict[str, Song]:
        return self.roost.songs


@pytest.fixture(scope="session")
def settled() -> Iterator[Birds]:
    with roost() as (made, land):
        yield Birds(made, land)


@pytest.fixture
def birds(settled: Birds) -> Iterator[Birds]:
    stored_calls.forget()
    receipts.limiter.enabled = False
    yield settled
    receipts.limiter.enabled = True
    settled.land.witness.put_back()


@pytest.mark.parametrize("name", LISTENERS)
def test_nobody_hears_what_is_not_for_them(birds: Birds, name: str) -> None:
    assert leaks(birds, name) == []


def test_every_canary_is_heard_by_somebody_whose_it_is(birds: Birds) -> None:
    """Or the walk would not come to where it sits."""
    silent = [
        song.said
        for song in birds.songs.values()
        if not any(song.word in heard(birds, name) for name in LISTENERS if song.heard_by(name))
        and (song.by == EVERYBODY or set(song.by.split()) & set(LISTENERS))
    ]
    assert silent == []


def test_a_leak_is_noticed(birds: Birds, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "check_office", lambda actor: None)
    page = unpacked(birds.land.browser("translator").get("/judging/judges"))
    assert [birds.songs[word].said for word in birds.roost.heard_in(page)] == ["institution of a judge"]


def leaks(birds: Birds, name: str) -> list[str]:
    """Who heard what and where, a line for each canary that should have been silent."""
    return [
        f"{name} hears the {birds.songs[word].said} at {where}"
        for word, where in sorted(heard(birds, name).items())
        if not birds.songs[word].heard_by(name)
    ]


def heard(birds: Birds, name: str) -> dict[str, str]:
    """Every canary that somebody hears, with the first address; listened for once in a run."""
    if name not in birds.roost.heard:
        birds.roost.heard[name] = {}
        for word, where in singing(birds, name):
            birds.roost.heard[name].setdefault(word, where)
    return birds.roost.heard[name]


def singing(birds: Birds, name: str) -> Iterator[tuple[str, str]]:
    land, browser = birds.land, birds.land.browser(name)
    for method in ("GET", "POST"):
        for url in addresses(birds, method):
            if url.startswith("/api/v1/"):
                answer = land.ask(name, method, url, None if method == "GET" else {})
            else:
                answer = browser.open(url, method=method)
            for word in birds.roost.heard_in(unpacked(answer)):
                yield word, f"{method} {url} ({answer.status_code})"
            if method == "POST":
                land.witness.put_back()


# ---- every address that there is -------------------------------------------------------------------------------------

PASSED_BY = ("static", "auth.", "directory.", "account.", "demo.", "receipts.", "running.", "site.", "api.openapi")
"""What is the same for everybody, or would end the session with which is listened."""
AS_WORDS = ("papers.document_pdf", "papers.form_pdf", "batches.summary_pdf", "trail.receipt_pdf")
"""Prints: what they say is asked for as a page, as a Word file or as a sheet besides."""
QUESTIONS = (
    *("/cases?text=zq0", "/trail?person=zq0", "/trail?number=", "/public?text=zq0", "/decisions/{call}?sort=score"),
    *("/judging?call={call}", "/judging/results?call={call}&without=1", "/publicity?call={call}&month={month}"),
    *("/worklists?step=review", "/desk?call={call}", "/closing?call={call}", "/what-if/new?call={call}"),
)


def addresses(birds: Birds, method: str) -> Iterator[str]:
    """Each address of the program with every number that there is; a form of many things, with the first."""
    adapter = birds.land.app.url_map.bind("localhost")
    for rule in birds.land.app.url_map.iter_rules():
        if method not in (rule.methods or ()) or rule.endpoint.startswith(PASSED_BY) or rule.endpoint in AS_WORDS:
            continue
        names = sorted(rule.arguments)
        for values in product(*(_values(birds, rule, name, method) for name in names)):
            yield adapter.build(rule.endpoint, dict(zip(names, values, strict=True)), method=method)
    if method == "GET":
        call = birds.land.world.call
        given = {"call": call.number, "month": f"{call.publicity[0].from_day:%Y-%m}"}
        yield from (one.format(**given) for one in QUESTIONS)


def _values(birds: Birds, rule: Rule, name: str, method: str) -> tuple[object, ...]:
    call, endpoint = birds.land.world.call, rule.endpoint
    some = getattr(rule._converters[name], "items", None)
    if some:  # any of a few words
        return tuple(sorted(some))
    if name in birds.roost.ids:
        return birds.roost.ids[name] if method == "GET" else birds.roost.ids[name][:1]
    if name == "uid":
        return _entries(birds)
    if name == "number":
        if endpoint == "cases.revision":
            return (1,)
        return tuple(birds.land.numbers.values()) if endpoint.startswith("public") else (call.number,)
    words: dict[str, tuple[object, ...]] = {
        "trigger": ("close",) if "standing" in endpoint or "call" in endpoint else ("review", "seal", "accept"),
        "call_number": (call.number,),
        "call": (birds.land.world.call_version,),
        "kind": ("docx", "pdf"),
        "key": ("c1",),
        "digest": ("0" * 64,),
        "code": ("none",),
        "paper": ("video",),
        "token": ("none",),
        "filename": ("zhengji.css",),
    }
    return words.get(name, (1,))


def _entries(birds: Birds) -> tuple[int, ...]:
    """The newest entry of each kind."""
    with birds.land.world.database.reading() as session:
        return tuple(session.scalars(select(func.max(AuditEvent.uid)).group_by(AuditEvent.action)))


def test_the_listeners_are_principals() -> None:
    assert set(LISTENERS) <= policy.PRINCIPALS.keys()
