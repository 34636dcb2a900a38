"""People at work while everything breaks at random: what they ask, what they are told, and what they ask again."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from states.case import CASE, CaseState
from tests.faults import ledger
from tests.faults.country import Country, busy
from tests.faults.ledger import Ledger
from tests.faults.players import Answer, Gone, Player, Wish
from tests.faults.waiting import until
from tests.workflow.receivers import Mailbox
from workflow.audit import verification

NEXT: dict[CaseState, tuple[tuple[str, str], ...]] = {
    CaseState.DRAFT: (("stamp", "sealer"), ("edit", "author"), ("seal", "sealer"), ("withdraw", "sealer")),
    CaseState.CENTRE_STAMPED: (("unstamp", "sealer"), ("review", "reviewer"), ("return_to_centre", "reviewer")),
    CaseState.PROVINCE_REVIEWED: (("reopen", "reviewer"), ("unstamp", "sealer")),
    CaseState.RETURNED: (("stamp", "sealer"), ("edit", "author"), ("seal", "sealer")),
    CaseState.WITHDRAWN: (("resume", "sealer"), ("stamp", "sealer")),
}
"""Where a case stands → what people then try, sensible or not."""


@dataclass
class Person:
    """One who asks for one thing after the other; what got no answer is asked again, with the same form."""

    number: int
    here: Country
    some: random.Random
    kept: Ledger
    plan: list[Wish]
    stands: dict[int, CaseState]
    """Where each case stands, as far as anybody was told; shared by all."""
    pending: Wish | None = None
    asked: int = 0

    def work(self, player: Player, up: threading.Event, stop: threading.Event) -> None:
        """Until told to stop, or the process is gone."""
        while not stop.is_set():
            up.wait()
            wish = self.pending or self._next()
            if self.pending is None:
                self.kept.asked(wish)
            self.pending = wish
            try:
                answer = player.ask(wish, self.number)
            except Gone:
                self.kept.answered(wish, None)
                return
            self._heard(wish, answer)

    def _heard(self, wish: Wish, answer: Answer) -> None:
        self.kept.answered(wish, answer)
        if answer.kind != "failed":
            self.pending = None
        step = CASE.named(wish.more.get("trigger", ""))
        if answer.done and step is not None:
            self.stands[wish.about] = CaseState.of(step.target)

    def settle(self, player: Player) -> None:
        """Ask until it is known what became of the last wish."""
        until(lambda: self._told(player))

    def _told(self, player: Player) -> bool:
        if self.pending is None:
            return True
        self._heard(self.pending, player.ask(self.pending, self.number))
        return self.pending is None

    def _next(self) -> Wish:
        self.asked += 1
        op = f"{self.number}.{self.asked}"
        if self.plan and self.some.random() < 0.15:
            one = self.plan.pop()
            return Wish(op, one.verb, one.who, one.about)
        if self.some.random() < 0.1:
            return Wish(op, "create", "author", 0, {"content": self.here.world.content()})
        case = self.some.choice(self.here.drafts)
        what, who = self.some.choice(NEXT[self.stands.get(case, CaseState.DRAFT)])
        if what == "edit":
            return Wish(op, "edit", who, case, {"content": self.here.world.content()})
        return Wish(op, what, who, case) if what == "seal" else Wish(op, "act", who, case, {"trigger": what})


@dataclass
class Ordeal:
    """A crowd, what it works on, and what befalls it."""

    here: Country
    folder: Path
    mailbox: Mailbox
    seed: int
    people: int = 4
    broken: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.some = random.Random(self.seed)
        self.kept = Ledger(self.folder / "ledger", ledger.last_event(self.here.world.database))
        self.here.world.database.close()
        self.up = threading.Event()
        self.up.set()
        plans: list[list[Wish]] = [[] for _ in range(self.people)]
        for place, case in enumerate(self.here.published):
            plans[place % self.people].append(Wish("", "push", "liaison", case))
        for place, batch in enumerate(self.here.batches):
            plans[place % self.people].append(Wish("", "send", "leader", batch))
        stands: dict[int, CaseState] = {}
        self.crowd = [
            Person(number, self.here, random.Random(self.seed * 1000 + number), self.kept, plan, stands)
            for number, plan in enumerate(plans)
        ]

    @contextmanager
    def round(self) -> Iterator[Player]:
        """A process, and everybody at work with it; at the end it is gone."""
        player, stop = self.player(), threading.Event()
        working = [threading.Thread(target=one.work, args=(player, self.up, stop)) for one in self.crowd]
        for one in working:
            one.start()
        try:
            yield player
        finally:
            self.up.set()
            player.kill()
            stop.set()
            for one in working:
                one.join()

    def player(self) -> Player:
        return Player(self.here.url, self.here.world.folder, smtp=self.mailbox.url, works=True, people=self.people)

    def moment(self, longest: float = 1.0) -> None:
        """Let everybody work for a random time."""
        threading.Event().wait(self.some.uniform(0.02, longest))

    def settle(self) -> list[str]:
        """Everybody learns what became of their last wish, all work is done; gives what is wrong then."""
        player = self.player()
        for one in self.crowd:
            one.settle(player)
        database = self.here.world.database
        until(lambda: not busy(database))
        player.leave()
        found = ledger.problems(database, self.kept, self.mailbox, self.here.world.folder / "abroad")
        found += [f"{one.code}: {one.where}: {one.en}" for one in verification.verify(database, demo=True).problems]
        told = self.kept.read()
        self.broken["asked"] = len(told.asked)
        self.broken["told"] = len(told.receipts)
        self.broken["once unknown"] = len(told.unknown)
        return found
