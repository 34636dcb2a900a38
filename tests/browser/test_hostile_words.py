"""Hostile words in every text that people write, seen in Chromium on every page: shown as written, and nothing happens."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Page
from sqlalchemy import update

from rules.facts import Ruling
from states.case import CaseState
from tests.attacks.sent import PAYLOADS, WORD
from tests.browser.conftest import NARROW, WIDE, Visit, overflow
from tests.worlds import World
from workflow import papers
from workflow.calls import deadlines
from workflow.characters import without
from workflow.finding import comparisons
from workflow.store.models import Case, Centre, Document, Office, Person
from workflow.store.papers import Kept

pytestmark = pytest.mark.database


def groups(longest: int) -> list[str]:
    """The payloads, put together into texts of at most so many characters."""
    made, text = [], ""
    for one in PAYLOADS:
        one = one.replace("\r\n", " ")
        if text and len(text) + len(one) + 1 > longest:
            made.append(text)
            text = ""
        text = f"{text} {one}".strip()
    return [*made, text]


TITLES = groups(300)
NAMES = groups(78 + len(WORD))
ALL = "\n".join(one.replace("\r\n", "\n") for one in PAYLOADS)
TYPED = [without(one) for one in TITLES]
"""Titles as they may be entered: control characters are refused, and lie in the database from before that was so."""
WRITTEN = without(ALL)

CAUGHT = """
window.caught = [];
document.addEventListener("securitypolicyviolation", (one) => window.caught.push(one.violatedDirective + " " + one.blockedURI));
"""
MADE = """() => Array.from(document.querySelectorAll(
  "[onerror], [onload], [onfocus], [onmouseover], [ontoggle], [onbegin], [autofocus], iframe, base, math, object, embed," +
  "script:not([src]):not([type='application/ld+json']), style, meta[http-equiv], main [style], form[action*='evil'], link[href*='evil'], img[src='x']," +
  "a[href^='javascript'], animate"
)).map((one) => one.outerHTML.slice(0, 120))"""
DATA = """() => Array.from(document.querySelectorAll("script[type='application/ld+json']")).filter((one) => {
  try { return typeof JSON.parse(one.textContent) !== "object" } catch { return true }
}).map((one) => one.textContent.slice(0, 120))"""
"""What stands beside a page for other programs, and is no data that they could read."""

WIDER = """() => Array.from(document.querySelectorAll("body *")).filter(
  (one) => one.getBoundingClientRect().right > window.innerWidth + 1 && !one.children.length
).slice(0, 3).map((one) => one.parentElement.outerHTML.slice(0, 160))"""
"""What sticks out of the window."""


@dataclass
class Eye:
    """What happened on the pages that somebody looked at."""

    happened: list[tuple[str, str]] = field(default_factory=list)
    at: str = ""

    def watch(self, page: Page) -> Page:
        page.add_init_script(CAUGHT)
        page.on("dialog", lambda one: (self.happened.append((self.at, f"dialog {one.message}")), one.dismiss()))
        page.on("console", lambda one: self._said(one.text) if one.type == "error" else None)
        page.on("pageerror", lambda one: self._said(str(one)))
        page.on("request", lambda one: self._said(one.url) if "evil" in one.url.partition("?")[0] else None)
        return page

    def _said(self, words: str) -> None:
        if "Failed to load resource" not in words:  # the scans of the small country are names without bytes
            self.happened.append((self.at, words))

    def look(self, page: Page, where: str) -> None:
        self.at = where
        for found in [*page.evaluate("window.caught || []"), *page.evaluate(MADE), *page.evaluate(DATA)]:
            self.happened.append((where, found))
        if wide := overflow(page):
            self.happened.append((where, f"{wide} px too wide: {page.evaluate(WIDER)}"))


def hostile(world: World) -> dict[str, int]:
    """Everything that people write, written by somebody hostile: cases in all stages, lists, reasons, names, files."""
    made: dict[str, int] = {}
    sections = {one.id: WRITTEN for one in world.call.sections}
    stages = [CaseState.DRAFT, CaseState.CENTRE_STAMPED, CaseState.RETURNED, CaseState.WIPO_PUSHED, CaseState.SUBMITTED]
    for stage in (*stages, CaseState.PUBLISHED):
        made[str(stage)] = world.case(stage)
    draft = world.content(title=TYPED[0], recipient=TYPED[1], theme_name=TYPED[0][:120], sections=sections)
    world.edit(made["draft"], draft.changed(form=dict.fromkeys(draft.form, TYPED[1])))
    made["twin"] = world.draft(world.content_of(made["submitted"]).changed(title=TYPED[0]))
    for number, scan in enumerate((TYPED[0], TYPED[2])):
        with world.database.transaction() as session:
            reads = {"actor": world.people["sealer"], "at": world.at}
            papers.seal(
                session,
                made["draft"],
                Kept(scan[:200], "image/png", f"{number:064x}", 1),
                TYPED[number][:160],
                **reads,
            )
    world.consent(made["draft"], WRITTEN)
    world.act(made["returned"], "stamp", remark=WRITTEN)
    world.act(made["centre_stamped"], "return_to_centre", remark=WRITTEN)
    world.act(made["centre_stamped"], "stamp", by="second_sealer", remark=WRITTEN)
    world.translate(made["published"], TYPED[1], WRITTEN)
    world.judge_effect(made["published"], WRITTEN)
    world.confirm_effect(made["published"], words=WRITTEN)
    with world.database.transaction() as session:
        one = comparisons.of_case(session, session.get_one(Case, made["twin"]), world.people["author"])[0]
        made["key"] = one.key  # type: ignore[assignment]
        comparisons.ask(session, made["twin"], one.key, WRITTEN, actor=world.people["author"], at=world.at)
        comparisons.rule(
            session, made["twin"], one.key, Ruling.CONTINUATION, WRITTEN, actor=world.people["reviewer"], at=world.at
        )
    made["batch"] = world.batch([world.case(CaseState.PROVINCE_REVIEWED)])
    world.describe(made["batch"], subject=TYPED[0], final=True, reasons={"centre_reports_enough:university": WRITTEN})
    _grants(world)
    made["push"] = world.newest_push(made["wipo_pushed"])
    _names(world)
    return made


def _grants(world: World) -> None:
    """Reasons of an extension and a waiver, and words that could not be served."""
    with world.database.transaction() as session:
        director = {"actor": world.people["director"], "at": world.at}
        last = world.window(world.phase).last_day.replace(year=2022)
        deadlines.extend(session, world.call, world.phase.id, last, WRITTEN, office=world.offices["first"], **director)
        deadlines.waive(
            session, world.call, world.call.phases[1].id, WRITTEN, office=world.offices["first"], **director
        )


def _names(world: World) -> None:
    """Titles, and names of people, centres, units, offices and files, past everything that keeps them short and plain."""
    with world.database.transaction() as session:
        for case in session.query(Case).order_by(Case.id):
            words = TITLES[case.id % len(TITLES)]
            named = {"title": words, "recipient": words, "theme_name": words[:120]}
            session.execute(
                update(Case).where(Case.id == case.id).values(**named, sections=dict.fromkeys(case.sections, ALL))
            )
        for number, login in enumerate(("author", "sealer", "reviewer", "director", "liaison", "judge")):
            name = NAMES[number % len(NAMES)][:80]
            session.execute(update(Person).where(Person.login == login).values(name=name, email=name))
        for number, key in enumerate(("university", "institute")):
            name = TITLES[number][:155] + str(number)
            session.execute(update(Centre).where(Centre.id == world.centres[key]).values(name=name, host_unit=name))
        words = TITLES[2][:115]
        named = {"addressee": words, "ip_office": words, "region": words[:40], "seal_name": words, "email": words}
        session.execute(update(Office).where(Office.id == world.offices["first"]).values(**named))
        session.execute(update(Document).values(name=TITLES[1][:200], caption=TITLES[0]))


PLACES = {
    "author": ["/", "/cases", "/cases/new", "/cases/{draft}", "/cases/{draft}/edit", "/cases/{draft}/revisions/2",
               "/cases/{draft}/upload", "/cases/{twin}/compare/{key}", "/trail", "/cases/{returned}", "/calls"],
    "sealer": ["/cases/{draft}", "/cases/{draft}/seal", "/cases/{draft}/stamp", "/cases/{draft}/withdraw"],
    "reviewer": ["/", "/cases", "/cases/{centre_stamped}", "/cases/{centre_stamped}/review", "/rulings", "/batches",
                 "/batches/{batch}", "/priors", "/cases/{twin}/compare/{key}"],
    "leader": ["/batches/{batch}", "/batches/{batch}/mail", "/batches/{batch}/seal", "/batches/{batch}/seal-scan"],
    "desk": ["/", "/desk", "/desk/batches", "/desk/select", "/desk/grants", "/cases/{submitted}", "/rulings",
             "/cases/{submitted}/shortlist", "/cases/{submitted}/pass_over"],
    "liaison": ["/pushes", "/pushes/{push}", "/cases/{published}/push", "/cases/{published}/editorial"],
    "translator": ["/cases/{published}/editorial"],
    "auditor": ["/trail", "/trail?outcome=done", "/cases/{wipo_pushed}", "/cases/{draft}", "/calls/2021-205/rulebook"],
    "administrator": ["/admin", "/admin/people/1", "/admin/people/3", "/admin/offices", "/admin/offices/1",
                      "/admin/centres", "/admin/centres/1", "/admin/calls", "/admin/import"],
    None: ["/sign-in", "/public", "/public?text=%3Cscript%3Ealert(1)%3C/script%3E", "/public/{public}"],
}  # fmt: skip


def addresses(made: dict[str, Any]) -> Iterator[tuple[str | None, str]]:
    for login, places in PLACES.items():
        for place in places:
            yield login, place.format(**made)


@pytest.mark.parametrize(("language", "width"), [("zh", NARROW), ("en", WIDE)])
def test_nothing_that_somebody_wrote_does_anything_on_any_page(language: str, width: int, visit: Visit, world: World):
    made: dict[str, Any] = hostile(world)
    made["public"] = world.row(made["published"]).number
    eye, pages, statuses = Eye(), {}, {}
    for login, place in addresses(made):
        if login not in pages:
            pages[login] = eye.watch(visit(login, language, width))
        eye.at = f"{login} {place}"
        answer = pages[login].goto(place)
        statuses[eye.at] = answer.status if answer else 0
        eye.look(pages[login], eye.at)
    assert {where: status for where, status in statuses.items() if status != 200} == {}
    assert "\n".join(" ".join(one) for one in eye.happened) == ""


SHOWN = {
    "the text of a case": ("author", "/cases/{draft}"),
    "a comparison's reason": ("author", "/cases/{twin}/compare/{key}"),
    "a reason to return": ("reviewer", "/cases/{centre_stamped}"),
    "the trail": ("auditor", "/cases/{returned}"),
    "a grant": ("desk", "/desk/grants"),
    "an English version": ("auditor", "/cases/{published}/editorial"),
}


def test_what_somebody_wrote_is_shown_as_written(visit: Visit, world: World):
    made: dict[str, Any] = hostile(world)
    wanted = [" ".join(one.split()) for one in PAYLOADS if one.isprintable()]
    pages: dict[str, Page] = {}
    for name, (login, place) in SHOWN.items():
        page = pages.setdefault(login, visit(login)) if login not in pages else pages[login]
        page.goto(place.format(**made))
        shown = " ".join(page.evaluate("document.querySelector('main').textContent").split())
        assert (name, [one for one in wanted if one not in shown]) == (name, [])


def test_what_was_typed_is_shown_again_as_written_and_does_nothing(visit: Visit, world: World):
    eye = Eye()
    case = world.draft(world.content(title="题目"))
    page = eye.watch(visit("author"))
    page.goto(f"/cases/{case}/edit")
    world.edit(case, world.content(title=TYPED[0]), by="second_author")
    page.fill("[name=title]", TYPED[1])
    page.fill(f"[name='section:{world.call.sections[0].id}']", WRITTEN)
    page.click("form[method=post] button.btn-primary >> nth=-1")
    typed = page.input_value(f"[name='section:{world.call.sections[0].id}']")
    eye.look(page, "an editor that was overtaken")
    assert (page.input_value("[name=title]"), typed == WRITTEN) == (TYPED[1], True)
    stamped = world.case(CaseState.CENTRE_STAMPED)
    reviewer = eye.watch(visit("reviewer"))
    reviewer.goto(f"/cases/{stamped}/return_to_centre")
    world.act(stamped, "unstamp")
    reviewer.fill("[name=remark]", WRITTEN[:2000])
    reviewer.click(".step-form button")
    eye.look(reviewer, "a refusal with what was typed")
    assert reviewer.input_value("main textarea") == WRITTEN[:2000]
    assert "\n".join(" ".join(one) for one in eye.happened) == ""


@pytest.mark.parametrize("words", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{7*7}}", WORD])
def test_words_of_an_address_do_nothing(words: str, visit: Visit, world: World):
    world.draft()
    eye = Eye()
    page = eye.watch(visit("auditor"))
    for place in (
        "/cases?text=",
        "/trail?person=",
        "/trail?number=",
        "/public?text=",
        "/desk?call=",
        "/pushes?state=",
        "/public/",
    ):
        eye.at = place
        page.goto(place + words.replace("/", "%2F"))
        eye.look(page, place)
    assert (eye.happened, page.locator("text=49").count()) == ([], 0)
