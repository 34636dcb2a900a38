"""The trail in Chromium: every screen of it is sound, and a browser keeps what it saw and notices another past."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from states.case import CaseState
from tests.browser.conftest import NARROW, WIDE, Visit, grave, overflow
from tests.worlds import World
from workflow.audit import log, notes

AT = datetime(2021, 3, 20, 4, 0, 7, tzinfo=UTC)


@pytest.fixture
def signer(world: World, tmp_path: Path) -> notes.Signer:
    return log.signer(world.database, tmp_path / "audit.pem", AT)


def sign(world: World, signer: notes.Signer, minute: int = 0) -> log.Signed:
    log.sequence(world.database)
    made = log.checkpoint(world.database, signer, AT + timedelta(minutes=minute))
    assert made is not None
    return made


@pytest.mark.parametrize(("language", "width"), [("zh", NARROW), ("en", WIDE)])
def test_screens_are_sound(language: str, width: int, visit: Visit, world: World, signer: notes.Signer) -> None:
    case = world.draft()
    world.act(case, "stamp")
    world.seal(case)
    world.walk(case, "stamp")
    world.act(case, "return_to_centre", remark="请补充")
    old = sign(world, signer)
    event = world.events(case, "case.stamp")[-1]
    world.case(CaseState.SUBMITTED)
    new = sign(world, signer, 1)
    receipt = f"number={event.stream}%23{event.seq}&hash="
    screens = {
        "reviewer": ["/trail", "/trail?number=none", f"/trail/cases/{case}", f"/trail/{event.uid}/receipt"],
        "auditor": [f"/trail/checkpoints?old={old.size}&new={new.size}", f"/trail/checkpoints?pasted=9:{'ab' * 32}"],
        None: ["/receipts", f"/receipts?{receipt}{event.hash}", f"/receipts?{receipt}{'ab' * 32}"],
    }
    found = {}
    for login, addresses in screens.items():
        page = visit(login, language, width)
        for address in addresses:
            answer = page.goto(address)
            assert answer is not None
            found[address] = (answer.status, grave(page), overflow(page))
    assert found == dict.fromkeys(found, (200, [], 0))


def test_a_browser_remembers_the_record_and_follows_its_growth(
    visit: Visit, world: World, signer: notes.Signer
) -> None:
    leader = visit("leader")
    leader.wait_for_url(lambda address: "sign-in" not in address)
    leader.goto("/public")  # away from the first page, which looks at the record, too, before there is a checkpoint
    sizes = []
    for minute, word in enumerate(("已记住", "一致", "一致", "一致")):
        if minute < 3:
            for _ in range(minute + 1):
                world.draft()
            sizes.append(sign(world, signer, minute).size)
        leader.goto("/batches")
        expect(leader.locator(".witness")).to_contain_text(word)
        expect(leader.locator(".witness")).to_contain_text(f"共 {sizes[-1]} 条")


@pytest.mark.parametrize(
    "kept",
    [
        "{origin}\n{size}\n" + "A" * 43 + "=\ntime\n",
        "{origin}\n2\n" + "A" * 43 + "=\ntime\n",
        "{origin}\n99999\n{root}\ntime\n",
        "zhengji/other\n{size}\n{root}\ntime\n",
    ],
    ids=["another root", "another past", "a longer one", "another log"],
)
def test_a_browser_warns_of_another_past_until_somebody_says_why(
    kept: str, visit: Visit, world: World, signer: notes.Signer
) -> None:
    world.draft()
    made = sign(world, signer)
    leader = visit("leader")
    expect(leader.locator(".witness")).to_contain_text("已记住")
    root = made.note.splitlines()[2]
    keep(leader, kept.format(origin=signer.origin, size=made.size, root=root))
    for _ in range(2):
        leader.goto("/trail")
        expect(leader.locator(".witness-changed")).to_contain_text("立即联系审计员")
    assert grave(leader) == []
    leader.click(".witness-changed button")
    leader.goto("/trail")
    expect(leader.locator(".witness-same")).to_be_visible()


def keep(page: Page, note: str) -> None:
    page.evaluate("note => localStorage.setItem('zhengji.checkpoint', note)", note)


def test_the_browsers_proofs_are_those_of_the_log(visit: Visit, world: World, signer: notes.Signer) -> None:
    made = [sign(world, signer)]
    for minute in range(1, 8):
        for _ in range(minute):
            world.draft()
        made.append(sign(world, signer, minute))
    page = visit("leader")
    with world.database.reading() as session:
        pairs = [
            (old.size, old.root, new.size, new.root, log.consistency(session, old.size, new.size))
            for at, old in enumerate(made)
            for new in made[at:]
        ]
    verdicts = page.evaluate(
        """async pairs => {
          const { grewOutOf } = await import("/static/witness.js");
          const answers = [];
          for (const [size, root, newSize, newRoot, path] of pairs) {
            const wrong = root.replace(/^./, first => first === "0" ? "1" : "0");
            answers.push([
              await grewOutOf({ size, root }, newSize, newRoot, path),
              await grewOutOf({ size, root: wrong }, newSize, newRoot, path),
              await grewOutOf({ size, root }, newSize, wrong, path),
            ]);
          }
          return answers;
        }""",
        pairs,
    )
    assert verdicts == [[True, False, False]] * len(pairs)


def test_the_keys_lead_through_the_list(visit: Visit, world: World) -> None:
    world.case(CaseState.CENTRE_STAMPED)
    author = visit("author")
    author.goto("/trail")
    author.keyboard.press("j")
    author.keyboard.press("j")
    second = author.locator(".trail .entry-receipt").nth(1)
    expect(second).to_be_focused()
    author.keyboard.press("k")
    expect(author.locator(".trail .entry-receipt").first).to_be_focused()
    author.keyboard.press("/")
    expect(author.locator("[name=person]")).to_be_focused()
