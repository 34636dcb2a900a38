"""Somebody changes what somebody else approves, at the same moment: whatever is approved is what was on the screen."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from states.case import CaseState
from tests.attacks.forms import sent_as_shown
from tests.web.conftest import As, send
from tests.web.test_cases import page, typed
from tests.web.test_papers import SCAN, upload
from tests.worlds import World, went
from workflow import batches, cases, papers
from workflow.engine import Attempt, CannotServe
from workflow.publishing import editorial
from workflow.store.living import Overtaken, Unmarked
from workflow.store.models import Batch, Case
from workflow.store.papers import Kept

pytestmark = pytest.mark.database

Act = Callable[[], Any]


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(50) as made:
        yield made


def at_once(pool: ThreadPoolExecutor, *acts: Act) -> list[Any]:
    """What each came to, begun at the same moment; an act that could not be served came to its exception."""
    barrier = threading.Barrier(len(acts))

    def run(act: Act) -> Any:
        barrier.wait(60)
        return served(act)

    return [one.result() for one in [pool.submit(run, act) for act in acts]]


def served(act: Act) -> Any:
    try:
        return act()
    except CannotServe as refused:
        return refused


def in_step(pool: ThreadPoolExecutor, steps: Sequence[Act], approve: Act, after: int) -> Any:
    """What an approval came to that begins once so many of the steps are done, while the next is being taken.

    Below zero: it is over before anybody takes a step, so that on every machine some approvals come in time.
    The steps end at the first that cannot be served or is refused, because the approval was faster.
    """
    begun = threading.Event()

    def walk() -> None:
        for number, step in enumerate(steps):
            if number == after:
                begun.set()
            came_to = served(step)
            if isinstance(came_to, CannotServe) or (isinstance(came_to, Attempt) and not came_to.done):
                break
        begun.set()

    def approve_then() -> Any:
        begun.wait(60)
        return served(approve)

    if after < 0:
        begun.set()
        came_to = approve_then()
        walk()
        return came_to
    walking, approving = pool.submit(walk), pool.submit(approve_then)
    walking.result()
    return approving.result()


def outcome(came_to: Any) -> str:
    """ "done", "refused" by a rule, or the name of what kept it from being served."""
    if isinstance(came_to, Attempt):
        return "done" if came_to.done else "refused"
    return type(came_to).__name__ if isinstance(came_to, CannotServe) else "done"


def does(world: World, verb: Callable[..., Any], *given: Any, by: str, **more: Any) -> Any:
    with world.database.transaction() as session:
        return verb(session, *given, actor=world.people[by], at=world.at, **more)


def edit(world: World, case: int, seen: str | None = None) -> Act:
    content = world.content()
    return lambda: does(world, cases.edit, case, content, by="author", seen=seen)


def seal(world: World, case: int, seen: str | None = None) -> Act:
    scan = Kept("扫描件.png", "image/png", f"{case:064x}", 1)
    return lambda: does(world, papers.seal, case, scan, "示例大学", by="sealer", seen=seen)


def step(world: World, case: int, trigger: str, by: str, seen: str | None = None) -> Act:
    more = {"seen": {case: seen}} if seen is not None else {}
    return lambda: world.act(case, trigger, by=by, **more)


def newest_seal(world: World, case: int) -> tuple[int, str]:
    with world.database.reading() as session:
        found = papers.newest_seal(session, session.get_one(Case, case))
        return (found.id, found.content) if found else (0, "")


# ---- one thousand races ----------------------------------------------------------------------------------------------


def test_a_seal_is_only_ever_bound_to_what_its_sealer_saw(world: World, pool: ThreadPoolExecutor):
    case = world.draft()
    outcomes: Counter[str] = Counter()
    wrong = []
    for race in range(400):
        shown, (before, _) = world.row(case), newest_seal(world, case)
        acts = [seal(world, case, shown.mark), edit(world, case, shown.mark)]
        came_to = at_once(pool, *acts) if race % 2 else at_once(pool, *reversed(acts))[::-1]
        (after, bound), came = newest_seal(world, case), outcome(came_to[0])
        outcomes[came] += 1
        if (after != before) != (came == "done") or (came == "done" and bound != shown.content):
            wrong.append((race, came))
    assert (wrong, set(outcomes)) == ([], {"done", "Overtaken"})


def test_a_stamp_is_only_ever_set_on_what_its_sealer_saw(world: World, pool: ThreadPoolExecutor):
    case = world.case(CaseState.DRAFT)
    outcomes: Counter[str] = Counter()
    wrong = []
    for race in range(300):
        shown = world.row(case)
        acts = [step(world, case, "stamp", "sealer", shown.mark), edit(world, case, shown.mark)]
        came_to = at_once(pool, *acts) if race % 2 else at_once(pool, *reversed(acts))[::-1]
        row, came = world.row(case), outcome(came_to[0])
        outcomes[came] += 1
        stamped = row.state == CaseState.CENTRE_STAMPED
        if stamped != (came == "done") or (stamped and row.content != shown.content):
            wrong.append((race, came))
        if stamped:
            went(world.act(case, "unstamp"))
        else:
            world.seal(case)
    assert (wrong, set(outcomes)) == ([], {"done", "Overtaken"})


def test_a_review_only_ever_passes_what_its_reviewer_saw(world: World, pool: ThreadPoolExecutor):
    case = world.case(CaseState.CENTRE_STAMPED)
    outcomes: Counter[str] = Counter()
    wrong = []
    for race in range(200):
        shown = world.row(case)
        steps = [
            step(world, case, "unstamp", "sealer"),
            edit(world, case),
            seal(world, case),
            step(world, case, "stamp", "sealer"),
        ]
        came = outcome(in_step(pool, steps, step(world, case, "review", "reviewer", shown.mark), race % 6 - 1))
        row = world.row(case)
        outcomes[came] += 1
        reviewed = row.state == CaseState.PROVINCE_REVIEWED
        if reviewed != (came == "done") or (reviewed and row.content != shown.content):
            wrong.append((race, came))
        if reviewed:
            went(world.act(case, "reopen"))
    assert (wrong, set(outcomes) - {"done"}) == ([], {"Overtaken"})
    assert outcomes["done"] > 0


def test_a_sign_off_is_only_ever_of_what_its_director_saw(world: World, pool: ThreadPoolExecutor):
    case = world.case(CaseState.SHORTLISTED)
    wrong, overtaken = [], 0
    for race in range(60):
        shown = world.row(case)
        steps = [step(world, case, "unshortlist", "desk"), step(world, case, "shortlist", "desk")]
        sign = lambda seen=shown.mark: does(world, editorial.sign_off, case, by="director", seen=seen)  # noqa: E731
        came = outcome(in_step(pool, steps, sign, race % 3))
        overtaken += came == "Overtaken"
        with world.database.reading() as session:
            given = editorial.sign_offs(session, session.get_one(Case, case))
        valid = [one.content for one in given if one.void_at is None]
        if valid or came not in ("done", "Overtaken", "NotEditable"):
            wrong.append((race, came))  # whatever was signed before the case was taken back is void
    assert (wrong, overtaken > 0) == ([], True)


def test_nothing_is_published_whose_consent_was_taken_back_first(world: World, pool: ThreadPoolExecutor):
    outcomes: Counter[str] = Counter()
    for race in range(40):
        case = world.case(CaseState.SHORTLISTED)
        world.ready_to_publish(case)
        shown = world.row(case)
        acts = [
            step(world, case, "publish", "editor", shown.mark),
            lambda case=case: does(world, editorial.consent, case, "", by="author"),
        ]
        came_to = at_once(pool, *acts) if race % 2 else at_once(pool, *reversed(acts))[::-1]
        published = [json.loads(one.body) for one in world.events(case, "case.publish") if one.outcome == "done"]
        outcomes[outcome(came_to[0])] += 1
        assert [body["facts"]["consent"] for body in published] == [shown.consent] * (outcome(came_to[0]) == "done")
        assert (world.state(case) is CaseState.PUBLISHED) == (outcome(came_to[0]) == "done")
    assert set(outcomes) <= {"done", "refused"}


# ---- lists -----------------------------------------------------------------------------------------------------------


def test_a_summary_s_seal_is_only_ever_bound_to_the_list_that_was_seen(world: World, pool: ThreadPoolExecutor):
    made = [world.case(CaseState.PROVINCE_REVIEWED) for _ in range(3)]
    batch = world.batch(made)
    outcomes: Counter[str] = Counter()
    wrong = []
    for race in range(100):
        shown = list_shown(world, batch)
        wanted = made if len(world.lines(batch)) == 2 else made[:2]
        scan = Kept("汇总表.png", "image/png", f"{race:064x}", 1)
        confirm = lambda scan=scan, seen=shown: does(  # noqa: E731
            world, batches.seal_summary, batch, scan, "示例省知识产权局", by="leader", seen=seen
        )
        collect = lambda wanted=wanted: does(world, batches.collect, batch, wanted, by="reviewer")  # noqa: E731
        acts = [confirm, collect]
        came_to = at_once(pool, *acts) if race % 2 else at_once(pool, *reversed(acts))[::-1]
        came = outcome(came_to[0])
        outcomes[came] += 1
        with world.database.reading() as session:
            newest = batches.newest_seal(session, session.get_one(Batch, batch))
        if came == "done" and (newest is None or newest.content != shown):
            wrong.append(race)
    assert (wrong, set(outcomes)) == ([], {"done", "Overtaken"})


def list_shown(world: World, batch: int) -> str:
    with world.database.reading() as session:
        return batches.content(session, session.get_one(Batch, batch))


def test_a_sending_submits_all_that_was_sealed_or_nothing(world: World, pool: ThreadPoolExecutor):
    world.waive(world.phase)
    for race in range(15):
        made = [world.case(CaseState.PROVINCE_REVIEWED) for _ in range(2)]
        batch = world.batch(made)
        world.seal_summary(batch)
        went(world.act_on_batch(batch, "seal"))
        with world.database.reading() as session:
            seen = session.get_one(Batch, batch).version
        acts = [
            lambda batch=batch, seen=seen: world.act_on_batch(batch, "send", seen=seen),
            step(world, made[1], "reopen", "reviewer"),
        ]
        came_to = at_once(pool, *acts) if race % 2 else at_once(pool, *reversed(acts))[::-1]
        submitted = [case for case in made if world.state(case) is CaseState.SUBMITTED]
        assert submitted == (made if outcome(came_to[0]) == "done" else []), race


# ---- many at once ----------------------------------------------------------------------------------------------------


def test_of_fifty_who_stamp_at_once_exactly_one_does(world: World, pool: ThreadPoolExecutor):
    case = world.case(CaseState.DRAFT)
    seen = world.row(case).mark
    hands = [("sealer", "second_sealer")[number % 2] for number in range(50)]
    acts = [
        lambda by=by, op=f"form-{number}": world.act(case, "stamp", by=by, seen={case: seen}, op=op)
        for number, by in enumerate(hands)
    ]
    outcomes = Counter(outcome(one) for one in at_once(pool, *acts))
    done = [one for one in world.events(case, "case.stamp") if one.outcome == "done"]
    assert (outcomes, len(done), world.state(case)) == (
        Counter(done=1, Overtaken=49),
        1,
        CaseState.CENTRE_STAMPED,
    )


def test_of_fifty_copies_of_one_form_all_get_the_same_receipt(world: World, pool: ThreadPoolExecutor):
    case = world.case(CaseState.DRAFT)
    seen = world.row(case).mark
    same = lambda: world.act(case, "stamp", seen={case: seen}, op="form")  # noqa: E731
    came_to = at_once(pool, *[same] * 50)
    receipts = {(one.receipt.stream, one.receipt.seq, one.receipt.hash) for one in came_to}
    done = [one for one in world.events(case, "case.stamp") if one.outcome == "done"]
    assert (len(receipts), len(done), world.row(case).version) == (1, 1, 2)


# ---- through the screens ---------------------------------------------------------------------------------------------


def test_through_the_screens_a_stamp_is_of_the_page_that_was_open(sign_in: As, world: World, pool: ThreadPoolExecutor):
    case = world.case(CaseState.DRAFT)
    author, sealer = sign_in("author"), sign_in("sealer")
    codes: Counter[int] = Counter()
    for race in range(20):
        shown = world.row(case)
        stamping, editing = page(sealer, f"/cases/{case}"), page(author, f"/cases/{case}/edit")
        fields = typed(world.content())
        acts = [
            lambda stamping=stamping: sent_as_shown(sealer, stamping, f"/cases/{case}/stamp"),
            lambda editing=editing, fields=fields: sent_as_shown(author, editing, f"/cases/{case}/edit", **fields),
        ]
        answers = at_once(pool, *acts) if race % 2 else at_once(pool, *reversed(acts))[::-1]
        row = world.row(case)
        codes[answers[0].status_code] += 1
        stamped = row.state == CaseState.CENTRE_STAMPED
        assert (stamped, row.content == shown.content) == (
            (True, True) if answers[1].status_code == 409 else (False, False)
        )
        if stamped:
            went(world.act(case, "unstamp"))
        else:
            world.seal(case)
    assert set(codes) <= {302, 409}


# ---- approvals that do not say what was seen -------------------------------------------------------------------------

APPROVALS = {
    "stamp": (CaseState.DRAFT, "sealer", "/cases/{case}/stamp"),
    "review": (CaseState.CENTRE_STAMPED, "reviewer", "/cases/{case}/review"),
    "shortlist": (CaseState.SUBMITTED, "desk", "/cases/{case}/shortlist"),
    "sign_off": (CaseState.SHORTLISTED, "third_director", "/cases/{case}/editorial/sign-off"),
    "publish": (CaseState.SHORTLISTED, "editor", "/cases/{case}/publish"),
    "push": (CaseState.PUBLISHED, "liaison", "/cases/{case}/push"),
    "return": (CaseState.CENTRE_STAMPED, "reviewer", "/cases/{case}/return_to_centre"),
}


@pytest.mark.parametrize(
    ("approval", "mark"),
    [(one, None) for one in APPROVALS] + [("stamp", mark) for mark in ("", "x", "9", "1.1.1", "-1.1", "１.１")],
)
def test_an_approval_that_does_not_say_what_was_seen_is_refused(
    approval: str, mark: str | None, sign_in: As, world: World
):
    state, by, address = APPROVALS[approval]
    case = world.case(state)
    if approval == "publish":
        world.ready_to_publish(case)
    if approval == "push":
        world.ready_to_push(case)
    before = (world.state(case), world.row(case).version, signed(world, case))
    points = [one.id for one in world.call.confirmations]
    fields: dict[str, Any] = {"remark": "理由", "confirmed": points} | ({} if mark is None else {"mark": mark})
    client = sign_in(by)
    bare = send(client, "/", address.format(case=case), **fields)
    after = (world.state(case), world.row(case).version, signed(world, case))
    assert (bare.status_code, "没有写明您看到的是哪一稿" in bare.get_data(as_text=True), after) == (409, True, before)
    whole = send(client, "/", address.format(case=case), **{**fields, "mark": world.row(case).mark})
    assert whole.status_code == 302


def signed(world: World, case: int) -> int:
    with world.database.reading() as session:
        return len(editorial.sign_offs(session, session.get_one(Case, case)))


def test_a_batch_is_not_sealed_or_sent_by_a_form_that_does_not_say_what_was_seen(sign_in: As, world: World):
    world.waive(world.phase)
    batch = world.batch([world.case(CaseState.PROVINCE_REVIEWED)])
    world.seal_summary(batch)
    client = sign_in("leader")
    answers = []
    for trigger in ("seal", "send"):
        before = world.state_of_batch(batch)
        answers.append(
            (send(client, "/", f"/batches/{batch}/{trigger}").status_code, world.state_of_batch(batch) is before)
        )
        went(world.act_on_batch(batch, trigger))
    assert answers == [(409, True), (409, True)]


def test_verbs_called_without_a_mark_by_a_form_raise_before_anything_is_kept(world: World):
    case = world.case(CaseState.DRAFT)
    for act in (seal(world, case, ""), edit(world, case, ""), step(world, case, "stamp", "sealer", "")):
        before = world.row(case)
        with pytest.raises(Unmarked):
            act()
        after = world.row(case)
        assert (after.content, after.version, after.revision) == (before.content, before.version, before.revision)


def test_a_seal_is_of_the_page_on_which_the_scan_was_asked_for(sign_in: As, world: World):
    case = world.draft()
    sealer = sign_in("sealer")
    asked = page(sealer, f"/cases/{case}/seal")
    world.edit(case, world.content())
    shown = upload(sealer, f"/cases/{case}/seal", shown=asked, scan=SCAN).get_data(as_text=True)
    answer = sent_as_shown(sealer, shown, f"/cases/{case}/seal/confirm", reads="host")
    assert (answer.status_code, newest_seal(world, case)) == (409, (0, ""))
    assert isinstance(served(seal(world, case, "1.1")), Overtaken)
