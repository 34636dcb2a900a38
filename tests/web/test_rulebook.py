"""Calls and their rulebooks on screen: the notice's words, the rules, examples, and whom they refused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from states.reach import SYSTEM
from tests.make import call_2021
from tests.web.conftest import As
from tests.worlds import CALL_2021, World
from workflow.calls import notices, proofs, read_call, rulebook, shipped_calls
from workflow.calls.particulars import particulars
from workflow.proof import prove
from workflow.proof.scenarios import Run

pytestmark = pytest.mark.database


def test_the_list_of_calls_shows_the_phases_with_their_last_days(world: World, sign_in: As):
    page = sign_in("author").get("/calls").get_data(as_text=True)
    days = [f"{one.closes.year}年{one.closes.month}月{one.closes.day}日" for one in world.call.phases]
    themes = [theme.label.zh for theme in world.call.themes.values()]
    assert [one for one in (world.call.title.zh, *days, *themes) if one not in page] == []


def test_the_page_of_a_call_shows_its_notice_and_leads_from_quoted_words_to_rules(world: World, sign_in: As):
    page = sign_in("author").get(f"/calls/{world.call.number}").get_data(as_text=True)
    words = re.sub(r"<[^>]+>", "", page)
    paragraphs = ["".join(piece.words for piece in line.pieces) for line in notices.text(world.call)]
    led_to = set(re.findall(r'class="quoted" href="[^"#]+#(\w+)"', page))
    assert ([one for one in paragraphs if one not in words], led_to - set(world.call.rules)) == ([], set())


def test_the_page_of_a_call_says_all_that_it_asks(world: World, sign_in: As):
    shown = sign_in("author").get("/calls/2021-205").get_data(as_text=True)
    for said in ("正文：不超过 1500 字", "每家中心各阶段累计不少于 2 个", "服务发生在：2020-01 至今"):
        assert said in shown
    assert [one.label.zh for one in particulars(world.call) if "评审" in one.label.zh] == []


@pytest.mark.parametrize("path", shipped_calls(), ids=lambda path: path.stem)
def test_every_number_of_a_call_is_told_in_both_languages(path: Path):
    call = read_call(path)
    told = [line for one in particulars(call) for line in one.lines]
    for words in ("".join(line.zh for line in told), "".join(line.en for line in told)):
        numbers = [call.length.maximum, *(one.maximum or one.minimum for one in call.quotas)]
        numbers += [one.weight for one in call.judging.criteria] if call.judging else []
        assert [one for one in numbers if one is not None and str(one) not in words] == []


def test_every_quotation_of_a_rule_is_found_in_the_notice(world: World):
    quoted = {rule for line in notices.text(world.call) for rule in line.quoted}
    assert {rule for rule, one in world.call.rules.items() if one.says} - quoted == set()


@pytest.mark.parametrize("number", ["none", "2021-205?version=99"])
def test_a_call_that_is_not_there_is_not_found(number: str, world: World, sign_in: As):
    assert sign_in("author").get(f"/calls/{number}").status_code == 404


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_rulebook_holds_every_rule_in_force_with_its_words(language: str, world: World, sign_in: As):
    page = sign_in("author", language).get(f"/calls/{world.call.number}/rulebook").get_data(as_text=True)
    assert [name for name in world.call.rules if f'id="{name}"' not in page] == []


def test_every_clause_shows_the_passages_that_its_rules_quote(world: World):
    with world.database.reading() as session:
        clauses = rulebook.clauses(session, world.call, world.people["author"])
    assert [clause.number for clause in clauses if not clause.ours and not clause.passages] == []


def test_demands_of_our_own_come_last_with_the_heading_of_their_decision(world: World):
    with world.database.reading() as session:
        *_, last = rulebook.clauses(session, world.call, world.people["author"])
    assert (last.ours, [one.rule.id for one in last.rules if not one.decision]) == (True, [])


def test_every_rule_shows_its_scenarios(world: World):
    with world.database.reading() as session:
        clauses = rulebook.clauses(session, world.call, world.people["author"])
    assert [one.rule.id for clause in clauses for one in clause.rules if not one.examples] == []


def test_a_rulebook_without_the_folder_of_features_is_complete_but_for_the_examples(world: World, tmp_path):
    with world.database.reading() as session:
        clauses = rulebook.clauses(session, world.call, world.people["author"], tmp_path)
    assert {one.examples for clause in clauses for one in clause.rules} == {()}


@pytest.mark.parametrize(("login", "tries"), [("author", 2), ("auditor", 2), ("reviewer", 0), ("neighbour_author", 0)])
def test_a_rule_counts_whom_it_refused_within_reach(login: str, tries: int, world: World):
    case = world.draft()
    for _ in range(2):
        world.act(case, "stamp")
    with world.database.reading() as session:
        clauses = rulebook.clauses(session, world.call, world.people[login])
    found = {one.rule.id: one.refusals for clause in clauses for one in clause.rules}["unit_seal_present"]
    assert (found.tries, [one.id for one in found.cases]) == (tries, [case] if tries else [])


def test_the_rulebook_names_the_case_that_a_rule_refused(world: World, sign_in: As):
    case = world.draft()
    world.act(case, "stamp")
    page = sign_in("sealer").get(f"/calls/{world.call.number}/rulebook").get_data(as_text=True)
    assert f'href="/cases/{case}"' in page


def test_scenarios_are_read_with_their_steps_tables_and_inherited_tags(tmp_path):
    (tmp_path / "one.feature").write_text(
        "# language: zh-CN\n功能: 盖章\n\n  @outer\n  规则: 有上限\n\n    @inner\n    场景大纲: 边界\n"
        "      假如 有 <字数> 字\n      当 盖章\n      那么 状态为“<状态>”\n\n      例子:\n        | 字数 | 状态 |\n"
        "        | 1 | 草稿 |\n",
        "utf-8",
    )
    [one] = rulebook.read_examples(tmp_path)["inner"]
    assert (one.title, one.demand, one.steps[0], one.header, one.rows, rulebook.read_examples(tmp_path)["outer"]) == (
        "边界",
        "有上限",
        ("假如", "有 <字数> 字"),
        ("字数", "状态"),
        (("1", "草稿"),),
        (one,),
    )


def test_the_rulebook_shows_what_became_of_each_scenario_of_this_very_text(world: World, sign_in: As) -> None:
    def page(language: str = "zh") -> str:
        address = f"/calls/{world.call.number}/rulebook"
        return re.sub(r"\s+", " ", sign_in("author", language).get(address).get_data(as_text=True))

    assert "上次检验" not in page()
    notice = CALL_2021.with_suffix(".zh.md").read_text("utf-8")
    scenarios = {"case/seal.feature: 别的单位的印章不算": "failed", "case/seal.feature: 内容改动后须重新盖章": "passed"}
    with world.database.transaction() as session:
        source = CALL_2021.read_text("utf-8")
        proofs.keep(session, source, notice, prove(call_2021()), Run(scenarios), actor=SYSTEM, at=world.at)
    assert ("上次检验未通过" in page(), "上次检验通过" in page()) == (True, True)
    assert "failed when last run" in page("en")
