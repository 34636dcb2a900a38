"""Two, or fifty, at once, and the same form twenty times: one effect, and everybody is told what it was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from states.case import CaseState
from tests.faults.conftest import Check, Start
from tests.faults.country import Country, busy
from tests.faults.ledger import Ledger
from tests.faults.players import Answer, Player, Wish
from tests.faults.waiting import until
from tests.workflow.receivers import Mailbox


def all_at_once(player: Player, wishes: Sequence[Wish]) -> list[Answer]:
    """Everybody asks in the same instant."""
    ready = Barrier(len(wishes))

    def ask(person: int) -> Answer:
        ready.wait()
        return player.ask(wishes[person], person)

    with ThreadPoolExecutor(len(wishes)) as pool:
        return list(pool.map(ask, range(len(wishes))))


def outcomes(answers: Sequence[Answer]) -> Counter[str]:
    return Counter("done" if one.done else one.words.partition(":")[0] or one.kind for one in answers)


def heard(kept: Ledger, wishes: Sequence[Wish], answers: Sequence[Answer]) -> None:
    for wish, answer in zip(wishes, answers, strict=True):
        kept.asked(wish)
        kept.answered(wish, answer)


@pytest.mark.parametrize("many", [2, 50])
def test_many_forms_for_one_step_have_one_winner(
    many: int, here: Country, start: Start, kept: Ledger, all_is_well: Check
) -> None:
    case = here.drafts[0]
    wishes = [Wish(f"at-once.{one}", "act", "sealer", case, {"trigger": "stamp"}) for one in range(many)]
    answers = all_at_once(start(people=many), wishes)
    assert outcomes(answers) == {"done": 1, "NoSuchTransition": many - 1}
    assert here.world.state(case) is CaseState.CENTRE_STAMPED
    heard(kept, wishes, answers)
    all_is_well()


@pytest.mark.parametrize(
    ("verb", "who", "place", "more"),
    [
        ("act", "sealer", "drafts", {"trigger": "stamp"}),
        ("seal", "sealer", "drafts", {}),
        ("send", "leader", "batches", {}),
        ("push", "liaison", "published", {}),
    ],
)
def test_one_form_fifty_times_at_once_has_one_effect_and_one_receipt(
    verb: str, who: str, place: str, more: dict[str, str], here: Country, start: Start, kept: Ledger, all_is_well: Check
) -> None:
    about = getattr(here, place)[0]
    wish = Wish("at-once.form", verb, who, about, more)
    player = start(people=50, works=verb in ("send", "push"))
    answers = all_at_once(player, [wish] * 50)
    assert len({(one.kind, one.receipts, one.done) for one in answers}) == 1, outcomes(answers)
    until(lambda: not busy(here.world.database) or verb not in ("send", "push"))
    heard(kept, [wish] * 50, answers)
    all_is_well()


def test_one_form_twenty_times_one_after_the_other(
    here: Country, start: Start, mailbox: Mailbox, kept: Ledger, all_is_well: Check
) -> None:
    player = start(works=True)
    wishes = [
        Wish("at-once.a", "act", "sealer", here.drafts[0], {"trigger": "stamp"}),
        Wish("at-once.b", "edit", "author", here.drafts[1], {"content": here.world.content()}),
        Wish("at-once.c", "send", "leader", here.batches[0]),
        Wish("at-once.d", "push", "liaison", here.published[0]),
    ] * 20
    answers = [player.ask(wish) for wish in wishes]
    assert len(set(answers)) == 4
    until(lambda: not busy(here.world.database))
    heard(kept, wishes, answers)
    all_is_well()
    assert len(mailbox.taken) == 1


def test_fifty_new_cases_at_once_are_fifty(here: Country, start: Start, kept: Ledger, all_is_well: Check) -> None:
    wishes = [Wish(f"at-once.{one}", "create", "author", 0, {"content": here.world.content()}) for one in range(50)]
    answers = all_at_once(start(people=50), wishes)
    assert outcomes(answers) == {"done": 50}
    assert len({one.receipts for one in answers}) == 50
    heard(kept, wishes, answers)
    all_is_well()


def test_one_new_case_from_fifty_clicks_is_one(here: Country, start: Start, kept: Ledger, all_is_well: Check) -> None:
    wish = Wish("at-once.new", "create", "author", 0, {"content": here.world.content()})
    player = start(people=50)
    answers = all_at_once(player, [wish] * 50)
    assert outcomes(answers)["done"] >= 1
    again = player.ask(wish)
    assert {one.receipts for one in answers if one.done} == {again.receipts}
    heard(kept, [wish] * 51, [*answers, again])
    all_is_well()


def test_fifty_pushes_of_one_case_are_one(here: Country, start: Start, kept: Ledger, all_is_well: Check) -> None:
    wishes = [Wish(f"at-once.{one}", "push", "liaison", here.published[0]) for one in range(50)]
    answers = all_at_once(start(people=50), wishes)
    assert outcomes(answers) == {"done": 1, "AlreadyOnItsWay": 49}
    start(works=True)
    until(lambda: not busy(here.world.database))
    heard(kept, wishes, answers)
    all_is_well()
