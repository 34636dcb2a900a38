"""People who use a site by its pages while it is killed: the forms they fill in, and what they are told."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.attacks.forms import Form, forms
from tests.faults import ledger
from tests.faults.country import Country, busy
from tests.faults.ledger import Ledger
from tests.faults.players import Answer, Gone, Wish
from tests.faults.site import Browser, Site, leads_to, receipts
from tests.faults.waiting import until
from tests.web.conftest import HASHED
from tests.web.test_cases import typed
from tests.workflow.receivers import Mailbox
from workflow.store import people
from workflow.store.database import Database

SCAN = (Path(__file__).parents[1] / "samples" / "报送表08_扫描件.jpg").read_bytes()
STEPS = ("stamp", "unstamp", "withdraw", "resume", "review", "reopen", "return_to_centre", "decline", "reconsider")
LOGINS = ("author", "sealer", "reviewer", "leader", "liaison")
BESIDE = (
    *("person.sign_in", "person.confirm", "case.turn_away", "batch.turn_away", "document.receive"),
    *("system.settings", "system.verify", "system.checkpoint_key"),
)
"""What a site records beside what forms ask for."""


@dataclass
class Visitor:
    """Somebody with a browser for each login, who fills in one form after the other.

    A form that got no answer is sent again as it was. `plan`: (verb, login, address of the page, address of the form)
    of what is done once.
    """

    number: int
    here: Country
    site: Site
    kept: Ledger
    some: random.Random
    plan: list[tuple[str, str, int, str, str]]
    surprises: list[str]
    pending: Wish | None = None
    browsers: dict[str, Browser] = field(default_factory=dict)

    def sign_in(self) -> None:
        self.browsers = {login: Browser(self.site.address, login) for login in LOGINS}
        for one in self.browsers.values():
            one.sign_in()

    def work(self, up: threading.Event, stop: threading.Event) -> None:
        """Until told to stop. What should never be met is kept in `surprises`."""
        while not stop.is_set():
            up.wait()
            try:
                self._once()
            except Gone:
                continue
            except AssertionError as surprise:
                self.surprises.append(f"{type(surprise).__name__}: {surprise}")
                return

    def settle(self) -> None:
        """Send the last form until it is known what became of it."""
        until(self._told)

    def _told(self) -> bool:
        if self.pending is not None:
            self._send(self.pending)
        return self.pending is None

    def _once(self) -> None:
        if self.pending is None:
            self.pending = self._chosen()
            if self.pending is None:
                return
            self.kept.asked(self.pending)
        self._send(self.pending)

    # ---- what is sent, and what is said then ----

    def _send(self, wish: Wish) -> None:
        try:
            answer = self._answer(wish, self.browsers[wish.who])
        except Gone:
            self.kept.answered(wish, None)
            raise
        self.kept.answered(wish, answer)
        if answer.kind != "failed":
            self.pending = None

    def _answer(self, wish: Wish, browser: Browser) -> Answer:
        said = browser.send(wish.more["action"], wish.more["fields"])
        if said.status_code == 302:
            self.kept.led_on(wish)
            return Answer("told", receipts(browser.open(leads_to(said)).text), done=True)
        if said.status_code == 503:
            return Answer("failed")
        assert said.status_code in (403, 404, 409, 422), f"{wish.verb} {wish.about}: {said.status_code} {said.text}"
        return Answer("told" if said.status_code == 422 else "no")

    # ---- what is asked for ----

    def _chosen(self) -> Wish | None:
        """A form as a page shows it, filled in; None where the page has no such form."""
        if self.plan and self.some.random() < 0.2:
            verb, who, about, page, action = self.plan.pop()
            return self._filled(verb, who, about, self._shown(who, page), action)
        what = self.some.choices([self._step, self._edit, self._seal, self._create], [80, 10, 6, 4])[0]
        return what(self.some.choice(self.here.drafts))

    def _shown(self, who: str, page: str) -> list[Form]:
        answer = self.browsers[who].open(page)
        assert answer.status_code in (200, 302, 404, 409), f"{page}: {answer.status_code} {answer.text}"
        return forms(answer.text) if answer.ok else []

    def _filled(
        self, verb: str, who: str, about: int, shown: Sequence[Form], action: str, **values: object
    ) -> Wish | None:
        form = next((one for one in shown if one.method == "post" and one.action == action), None)
        if form is None:
            return None
        fields = {**form.fields, **values}
        op = f"{self.here.world.people[who].id}.{fields['form_key']}"
        return Wish(op, verb, who, about, {"action": action, "fields": fields})

    def _step(self, case: int) -> Wish | None:
        who = self.some.choice(["sealer", "reviewer"])
        shown = self._shown(who, f"/cases/{case}")
        possible = [one for one in STEPS if any(form.action == f"/cases/{case}/{one}" for form in shown)]
        if not possible:
            return None
        trigger = self.some.choice(possible)
        points = [one.id for one in self.here.world.call.confirmations if one.step == trigger]
        return self._filled(trigger, who, case, shown, f"/cases/{case}/{trigger}", confirmed=points, remark="理由")

    def _edit(self, case: int) -> Wish | None:
        page = f"/cases/{case}/edit"
        wish = self._filled("edit", "author", case, self._shown("author", page), "", **typed(self.here.world.content()))
        return wish and Wish(wish.op, "edit", "author", case, {**wish.more, "action": page})

    def _seal(self, case: int) -> Wish | None:
        page = f"/cases/{case}/seal"
        asked = self._filled("look", "sealer", case, self._shown("sealer", page), page)
        if asked is None:
            return None
        seen = self.browsers["sealer"].send(page, asked.more["fields"], scan=("扫描件.jpg", SCAN))
        shown = forms(seen.text) if seen.ok else []
        return self._filled("seal", "sealer", case, shown, f"{page}/confirm", reads="host")

    def _create(self, _case: int) -> Wish | None:
        world, page = self.here.world, "/cases/new"
        values = {"call": world.call_version, "centre": world.centres["university"], "then": "edit"}
        wish = self._filled("create", "author", 0, self._shown("author", page), "", **values)
        return wish and Wish(wish.op, "create", "author", 0, {**wish.more, "action": page})


@dataclass
class Siege:
    """A site, the people who use it, and what befalls it."""

    here: Country
    folder: Path
    mailbox: Mailbox
    seed: int
    people: int = 4
    broken: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.some = random.Random(self.seed)
        database = self.here.world.database
        with database.transaction() as session:
            for one in self.here.world.people.values():
                people.set_password(session, one.id, HASHED, end_sessions=False)
        self.kept = Ledger(self.folder / "ledger", ledger.last_event(database))
        database.close()
        self.site = Site(self.here, self.mailbox)
        self.surprises: list[str] = []
        plans: list[list[tuple[str, str, int, str, str]]] = [[] for _ in range(self.people)]
        for place, case in enumerate(self.here.published):
            plans[place % self.people].append(("push", "liaison", case, f"/cases/{case}/push", f"/cases/{case}/push"))
        for place, batch in enumerate(self.here.batches):
            plans[place % self.people].append(("send", "leader", batch, f"/batches/{batch}", f"/batches/{batch}/send"))
        self.crowd = [
            Visitor(
                number, self.here, self.site, self.kept, random.Random(self.seed * 1000 + number), plan, self.surprises
            )
            for number, plan in enumerate(plans)
        ]

    @contextmanager
    def under_way(self) -> Iterator[None]:
        """Everybody signed in and at work; at the end they stop, and the site serves."""
        self.site.start()
        for one in self.crowd:
            one.sign_in()
        self._up, stop = threading.Event(), threading.Event()
        self._up.set()
        working = [threading.Thread(target=one.work, args=(self._up, stop)) for one in self.crowd]
        for one in working:
            one.start()
        try:
            yield
        finally:
            self._up.set()
            stop.set()
            for one in working:
                one.join()

    def moment(self) -> None:
        """Let people work: some answers, and then a part of the next."""
        wanted = self.kept.heard + self.some.randint(2, 12)
        until(lambda: self.kept.heard >= wanted or self.surprises)
        threading.Event().wait(self.some.uniform(0, 0.2))

    def strike(self) -> None:
        """Kill something, and start it again."""
        self.broken[self.site.strike(self.some)] += 1
        self._up.clear()
        self.site.start()
        self._up.set()

    @contextmanager
    def dead(self) -> Iterator[None]:
        """Kill everything, and start it again at the end."""
        self.site.kill()
        self._up.clear()
        self.broken["everything"] += 1
        yield
        self.site.start()
        self._up.set()

    def settle(self) -> list[str]:
        """Everybody learns what became of their last form, all work is done; gives what is wrong then."""
        for one in self.crowd:
            one.settle()
        database = self.here.world.database
        until(lambda: not busy(database))
        self.site.leave()
        found = [*self.surprises, *self.problems(database)]
        verified = self.site.command("audit", "verify")
        found += [] if verified.returncode == 0 else [verified.stdout + verified.stderr]
        told = self.kept.read()
        self.broken["asked"] = len(told.asked)
        self.broken["led on"] = len(told.led_on)
        self.broken["receipts"] = sum(map(len, told.receipts.values()))
        self.broken["no"] = len(told.refused)
        self.broken["once unknown"] = len(told.unknown)
        return found

    def problems(self, database: Database, kept: Ledger | None = None) -> list[str]:
        return ledger.problems(database, kept or self.kept, self.mailbox, self.here.world.folder / "abroad", BESIDE)
