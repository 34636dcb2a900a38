"""Whatever anybody can open is opened, unpacked and listened to: no canary sings for who may not hear it."""

from __future__ import annotations

import email
import email.policy
import io
import re
import zipfile
from collections import deque
from collections.abc import Iterable, Iterator
from html import unescape

import pytest
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from tests.doors.aviary import OF_CASE, Aviary, aviary, hears
from web import receipts
from workflow.store import calls as stored_calls
from workflow.store import pages
from workflow.store.models import AuditEvent, Document
from workflow.store.reach import Way

pytestmark = pytest.mark.once

MOST = 900
"""Pages of one crawl; more would be a circle of addresses."""


@pytest.fixture(scope="session")
def hung() -> Iterator[Aviary]:
    with aviary() as made:
        yield made


@pytest.fixture
def birds(hung: Aviary) -> Iterator[Aviary]:
    stored_calls.forget()
    receipts.limiter.enabled = False
    yield hung
    receipts.limiter.enabled = True
    hung.land.witness.put_back()


LISTENERS = [
    *("stranger", "author", "author next door", "author elsewhere", "reviewer", "reviewer elsewhere"),
    *("desk", "translator", "liaison", "judge", "administrator", "reviewer until a moment ago"),
]
"""One of each kind: a sealer reaches what an author does, a leader what a reviewer, the national office what it may."""


@pytest.mark.parametrize("name", LISTENERS)
def test_nobody_hears_what_is_not_for_them(birds: Aviary, name: str) -> None:
    assert leaks(birds, name) == []


def test_the_crawl_gets_everywhere(birds: Aviary) -> None:
    """What authors, reviewers and desk may hear of cases, one of them does hear."""
    loud = {word for name in ("author", "author next door", "author elsewhere", "desk") for word in heard(birds, name)}
    missed = [one.said for one in birds.canaries.values() if one.to == OF_CASE and one.word not in loud]
    assert missed == []


def test_a_leak_is_noticed(birds: Aviary, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "ways", lambda actor: (Way(),))
    monkeypatch.setattr(pages, "reachable", lambda actor: pages.Case.id.is_not(None))
    page = birds.land.browser("judge").get("/cases")
    wrong = {
        birds.canaries[word].said for word in birds.heard_in(unpacked(page)) if not hears("judge", birds.canaries[word])
    }
    assert "title of the case draft elsewhere" in wrong


def leaks(birds: Aviary, name: str) -> list[str]:
    """Who heard what and where, a line for each canary that should have been silent."""
    return [
        f"{name} hears the {birds.canaries[word].said} at {where}"
        for word, where in sorted(heard(birds, name).items())
        if not hears(name, birds.canaries[word])
    ]


def heard(birds: Aviary, name: str) -> dict[str, str]:
    """Every canary that somebody hears, with the first address; listened for once in a run."""
    if name not in birds.heard:
        birds.heard[name] = {}
        for word, where in singing(birds, name):
            birds.heard[name].setdefault(word, where)
    return birds.heard[name]


def singing(birds: Aviary, name: str) -> Iterator[tuple[str, str]]:
    """Every canary with its address, from page to page, at every guessed address, and in the answer to every form."""
    browser = birds.land.browser(name)
    waiting = deque(["/", *_guessed(birds)])
    seen = set(waiting)
    while waiting:
        url = waiting.popleft()
        answer = browser.get(url)
        for word in birds.heard_in(unpacked(answer)):
            yield word, f"{url} ({answer.status_code})"
        for link in _links(answer):
            if link not in seen and len(seen) < MOST:
                seen.add(link)
                waiting.append(link)
    for url in _asked(birds):
        answer = birds.land.ask(name, "GET", url)
        for word in birds.heard_in(unpacked(answer)):
            yield word, f"{url} ({answer.status_code})"
    for url in _forms(birds):
        answer = birds.land.ask(name, "POST", url, {}) if url.startswith("/api/") else browser.post(url)
        for word in birds.heard_in(unpacked(answer)):
            yield word, f"POST {url} ({answer.status_code})"
        birds.land.witness.put_back()


_LINK = re.compile(r'(?:href|src|hx-get)="(/[^"#]*)')
_LEFT_OUT = re.compile(r"/static/|[?&]lang=|/receipt(\.json|\.pdf)?$|/public/.*[?&]")


def _links(answer: TestResponse) -> Iterable[str]:
    if answer.mimetype != "text/html":
        return
    for link in _LINK.findall(answer.get_data(as_text=True)):
        plain = unescape(link)
        if not _LEFT_OUT.search(plain):
            yield plain
    if answer.location and answer.location.startswith("/"):
        yield answer.location.partition("#")[0]


def _guessed(birds: Aviary) -> Iterator[str]:
    """Every address that takes a number, for everything that there is; and searches for each kind of word."""
    land = birds.land
    with land.world.database.reading() as session:
        documents = session.execute(select(Document.id, Document.case_id, Document.batch_id)).all()
        kinds = (AuditEvent.action, AuditEvent.case_id, AuditEvent.stream)
        entries = list(session.scalars(select(func.max(AuditEvent.uid)).group_by(*kinds)))
    for case in land.cases.values():
        for end in ("", "/edit", "/upload", "/seal", "/editorial", "/document.docx", "/form.xlsx", "/readers", "/push"):
            yield f"/cases/{case}{end}"
        yield from (f"/cases/{case}/{step}" for step in ("stamp", "review"))
        yield from (f"/cases/{case}/revisions/{number}" for number in (1, 2))
        yield f"/trail/cases/{case}"
    alike = [case for name, case in land.cases.items() if name.startswith(("alike", "first"))]
    yield from (f"/cases/{case}/compare/c{other}" for case in alike for other in alike)
    for batch in land.batches.values():
        for end in ("", "/mail", "/mail.eml", "/summary.xlsx", "/seal-scan", "/seal", "/send", "/return_batch"):
            yield f"/batches/{batch}{end}"
    for push in land.pushes.values():
        yield from (f"/pushes/{push}{end}" for end in ("", "/progress", "/package.zip"))
    for document, case, batch in documents:
        where = f"/cases/{case}/papers/{document}" if case else f"/batches/{batch}/papers/{document}"
        yield from (where, *(f"{where}/{end}" for end in ("picture.png", "pages", "pages/1.png", "pages/2.png")))
    yield from (f"/trail/{uid}" for uid in entries)
    yield from (f"/admin/{what}/{number}" for what in ("people", "offices", "centres") for number in (1, 2))
    yield from ("/cases", "/trail", "/rulings", "/batches", "/priors", "/desk/select", "/desk/batches", "/public")
    yield from ("/public/en", "/public/browse", "/public/feed.atom", "/public/en/feed.rss", "/sitemap.xml")
    for number in land.numbers.values():
        yield from (f"/public/{way}{number}" for way in ("", "en/"))
        yield from (f"/public/{number}/{part}" for part in ("citation.bib", "citation.ris", "pictures/1"))
    # what is searched for comes back in the field of the search; only a part of a word is asked for
    yield from (f"/cases?text=zq0&sort={sort}" for sort in ("newest", "oldest", "title"))
    yield from ("/trail?person=zq0", "/trail?number=2021", "/public?text=zq0", "/cases?state=draft", "/desk?show=short")


def _asked(birds: Aviary) -> Iterator[str]:
    """What programs can ask about everything that there is."""
    land = birds.land
    for case in land.cases.values():
        for end in ("", "/offers", "/history", "/versions", "/versions/1", "/versions/2"):
            yield f"/api/v1/cases/{case}{end}"
        yield from (f"/api/v1/receipts?number=case/{case}%23{at}" for at in (1, 2))
    for batch in land.batches.values():
        yield from (f"/api/v1/batches/{batch}{end}" for end in ("", "/offers", "/history"))
    yield from ("/api/v1/calls", f"/api/v1/calls/{land.world.call.number}", "/api/v1/jobs", "/api/v1/bulk")
    yield from (f"/api/v1/cases{query}" for query in ("", "?limit=3", "?text=zq0", "?state=draft"))
    yield "/api/v1/batches"


def _forms(birds: Aviary) -> Iterator[str]:
    """Every form of a case, a batch and a push, sent empty: it is refused, and the refusal says nothing either."""
    land = birds.land
    for rule in land.app.url_map.iter_rules():
        if "POST" not in (rule.methods or ()) or rule.endpoint.startswith(("auth.", "account.", "admin.", "demo.")):
            continue
        some = ("draft", "stamped", "submitted", "published", "draft elsewhere", "submitted elsewhere")
        tried = [land.cases[one] for one in (*some, "new in a returned batch")]
        names = {"case_id": tried, "batch_id": land.batches.values(), "push_id": land.pushes.values()}
        ids = next((things for name, things in names.items() if name in rule.arguments), [0])
        fixed = {"trigger": "review" if "case_id" in rule.arguments else "seal", "key": "c1", "person_id": 1}
        for one in ids:
            values = {name: fixed.get(name, one) for name in rule.arguments}
            yield str(land.app.url_map.bind("localhost").build(rule.endpoint, values, method="POST"))


def unpacked(answer: TestResponse) -> bytes:
    """Everything that came: headers, body, and what is inside a packed one or a mail."""
    return "\n".join(f"{name}: {value}" for name, value in answer.headers).encode() + b"\n" + _inside(answer.data)


def _inside(data: bytes, depth: int = 0) -> bytes:
    if depth < 3 and data.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            return b"\n".join(one.encode() + _inside(package.read(one), depth + 1) for one in package.namelist())
    if depth < 3 and b"\nMIME-Version:" in data[:4000]:
        mail = email.message_from_bytes(data, policy=email.policy.default)
        said = [f"{name}: {value}".encode() for name, value in mail.items()]
        for part in mail.walk():
            said.append(str(part.get_filename() or "").encode())
            said.append(_inside(part.get_payload(decode=True) or b"", depth + 1))
        return b"\n".join(said)
    return data
