"""Cases that live by another route than the usual one, each to its end, with no code of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import select

from features.asked import not_of
from rules.roles import Role
from states.case import CaseState
from tests.make import call_2021
from tests.worlds import CALL_2021, Databases, World, world_under
from workflow import batches, boards, cases, lists, privacy
from workflow.calls import deadlines, parse_call
from workflow.engine import Attempt, NoSuchTransition
from workflow.proof import prove
from workflow.settings import from_environment
from workflow.store import calls as stored_calls
from workflow.store.files import Files
from workflow.store.models import Case, CaseContact

pytestmark = pytest.mark.database

TOML = CALL_2021.read_text("utf-8")
LEGS = ["centre_seal", "review", "selection", "publication", "push"]
OF_BATCHES = ("province_recommends_enough", "centre_reports_enough", "summary_sealed", "every_form_attached",
              "every_case_document_attached", "subject_names_call_and_office")  # fmt: skip
OF_SEALS = ("unit_seal_present", "seal_names_the_unit", "seal_unbroken")

Routed = Callable[..., World]


def without_rules(toml: str, *rules: str) -> str:
    """A call's document less some rules."""
    parts = toml.split("\n\n")
    return "\n\n".join(one for one in parts if not any(f"[rules.{rule}]" in one for rule in rules))


def call_by(route: str, *without: str) -> str:
    return without_rules(TOML, *without).replace("[push]\n", f"[route]\n{route}\n\n[push]\n")


@contextmanager
def routed(databases: Databases, folder: Path, toml: str) -> Iterator[World]:
    """A world under a call of its own."""
    file = folder / "2021-205.toml"
    file.write_text(toml, "utf-8")
    file.with_suffix(".zh.md").write_text(CALL_2021.with_suffix(".zh.md").read_text("utf-8"), "utf-8")
    with world_under(databases, file, folder) as world:
        yield world


def step(world: World, case: int, trigger: str, who: str, remark: str = "") -> Attempt:
    with world.database.transaction() as session:
        [row] = session.query(Case).where(Case.id == case)
        [made] = cases.act(
            session, [case], trigger, actor=world.people[who], at=world.at, seen={case: row.mark}, remark=remark
        )
        return made


def offered(world: World, case: int, who: str) -> dict[str, str]:
    """Step → its name, of those that are this person's."""
    actor = world.people[who]
    with world.database.reading() as session:
        found = cases.find(session, case, actor)
        offers = cases.offers(session, found, actor=actor, at=world.at)
        return {one.transition.name: one.transition.label.zh for one in offers if one.mine}


def words(world: World, case: int) -> str:
    with world.database.reading() as session:
        [row] = session.query(Case).where(Case.id == case)
        return lists.state_of(row).label.zh


def piles(world: World, who: str) -> dict[str, int]:
    with world.database.reading() as session:
        return {one.label.zh: one.count for one in lists.waiting_for(session, world.people[who], world.at)}


def test_a_centre_recommends_itself(databases: Databases, tmp_path: Path) -> None:
    toml = call_by(f'legs = {LEGS}\nrecommended_by = "self"', *OF_BATCHES)
    toml = toml.replace('step = "review"', 'step = "shortlist"')
    with routed(databases, tmp_path, toml) as world:
        case = world.case(CaseState.CENTRE_STAMPED)
        assert offered(world, case, "sealer") == {
            "apply": "自荐报送国家局",
            "unstamp": "撤销盖章",
            "withdraw": "撤回案例",
        }
        assert offered(world, case, "reviewer") == {}
        assert (piles(world, "sealer"), piles(world, "reviewer")) == ({"自荐报送国家局": 1}, {})
        with pytest.raises(NoSuchTransition, match="The call has no step"):
            step(world, case, "review", "reviewer")
        assert step(world, case, "apply", "sealer").done
        assert words(world, case) == "已报送"
        assert set(offered(world, case, "desk")) == {"shortlist", "pass_over", "turn_back"}
        unconfirmed = step(world, case, "shortlist", "desk")
        assert [one.rule for one in unconfirmed.findings] == ["contents_confirmed"]
        assert step(world, case, "turn_back", "desk", "报送表与案例不一致").done
        assert (words(world, case), piles(world, "author")) == ("已退回中心", {"撰写和修改": 1})


MOST_ONE = """
[[quotas]]
id = "most"
per = "centre"
maximum = 1

[rules.quotas_not_exceeded]
clause = "系统"
decision = 5

"""


def test_a_centre_that_recommends_itself_sends_no_more_than_the_call_takes(
    databases: Databases, tmp_path: Path
) -> None:
    toml = call_by(f'legs = {LEGS}\nrecommended_by = "self"', *OF_BATCHES).replace("[push]\n", f"{MOST_ONE}[push]\n")
    toml = toml.replace('step = "review"', 'step = "shortlist"')
    assert [
        story.zh
        for one in prove(parse_call(toml, CALL_2021.with_suffix(".zh.md").read_text("utf-8"))).verdicts
        for story in one.stories
    ] == []
    with routed(databases, tmp_path, toml) as world:
        first, second = (world.case(CaseState.CENTRE_STAMPED) for _ in range(2))
        assert step(world, first, "apply", "sealer").done
        refused = step(world, second, "apply", "sealer")
        assert [one.rule for one in refused.findings] == ["quotas_not_exceeded"]
        assert "现有 2 个" in refused.findings[0].message.zh
        assert step(world, first, "turn_back", "desk", "请补充").done
        assert step(world, second, "apply", "sealer").done


def test_of_two_that_are_sent_at_once_the_call_takes_one(databases: Databases, tmp_path: Path) -> None:
    toml = call_by(f'legs = {LEGS}\nrecommended_by = "self"', *OF_BATCHES).replace("[push]\n", f"{MOST_ONE}[push]\n")
    with routed(databases, tmp_path, toml.replace('step = "review"', 'step = "shortlist"')) as world:
        both = [world.case(CaseState.CENTRE_STAMPED) for _ in range(2)]
        with ThreadPoolExecutor(2) as pool:
            done = list(pool.map(lambda case: step(world, case, "apply", "sealer").done, both))
        assert sorted(done) == [False, True]


def test_scenarios_find_every_state_where_centres_recommend_themselves_and_leave_out_what_offices_do(
    databases: Databases, tmp_path: Path
) -> None:
    """What a call of that kind needs to be proved: its cases get everywhere, and it is asked for no more than there is."""
    toml = call_by(f'legs = {LEGS}\nrecommended_by = "self"', *OF_BATCHES)
    with routed(databases, tmp_path, toml.replace('step = "review"', 'step = "shortlist"')) as world:
        reached = {str(state): world.case(state) for state in CaseState if state in lists.lifecycle(world.call).states}
        assert {state: world.row(case).state for state, case in reached.items()} == {state: state for state in reached}
        assert {"returned", "submitted", "wipo_pushed"} <= reached.keys()
    said = {
        "盖章人对案例办理“盖章报送省级”": False,
        "案例状态为“省级已审核”": True,
        "审核人对案例办理“审核通过”": True,
        "负责人对批次办理“报送国家局”": True,
        "受理人对案例办理“入选”": False,
    }
    assert {one: not_of(world.call, one) for one in said} == said
    assert not any(not_of(call_2021(), one) for one in said)


def test_a_ministry_vouches_under_its_own_name(databases: Databases, tmp_path: Path) -> None:
    toml = call_by(f'legs = {LEGS}\nrecommended_by = "ministry"')
    with routed(databases, tmp_path, toml) as world:
        case = world.case(CaseState.PROVINCE_REVIEWED)
        assert words(world, case) == "部门已审核"
        back = world.case(CaseState.SUBMITTED)
        assert offered(world, back, "desk")["return_to_office"] == "退回部门"


def test_a_call_may_do_without_seals(databases: Databases, tmp_path: Path) -> None:
    toml = call_by('legs = ["review", "selection", "publication", "push"]', *OF_SEALS)
    with routed(databases, tmp_path, toml) as world:
        case = world.case(CaseState.DRAFT)
        assert offered(world, case, "sealer")["stamp"] == "报送省级"
        made = step(world, case, "stamp", "sealer")
        assert (made.done, [one.rule for one in made.findings], words(world, case)) == (True, [], "中心已报送")


ABROAD = ("effect_confirmed", "english_is_current", "english_checked", "consent_abroad_given", "picture_rights_cleared")


def test_a_call_may_end_with_the_shortlist(databases: Databases, tmp_path: Path) -> None:
    rules = ("consent_given", "sign_offs_complete", "effect_outstanding", *ABROAD, "recall_confirmed")
    toml = call_by('legs = ["centre_seal", "review", "selection"]', *rules)
    toml = toml.replace(toml[toml.index("[push]") : toml.index("[[confirmations]]")], "")
    with routed(databases, tmp_path, toml) as world:
        case = world.case(CaseState.SHORTLISTED)
        assert (offered(world, case, "editor"), piles(world, "editor")) == ({}, {})
        assert set(offered(world, case, "desk")) == {"unshortlist"}


def another(world: World, number: str, toml: str) -> World:
    """The same country with a further call beside its own, under which the cases that it makes live."""
    toml = toml.replace('number = "2021-205"', f'number = "{number}"').replace("〔2021〕205号", f"〔2021〕{number}号")
    notice = CALL_2021.with_suffix(".zh.md").read_text("utf-8").replace("〔2021〕205号", f"〔2021〕{number}号")
    with world.database.transaction() as session:
        version = stored_calls.load(session, toml, notice, world.at)
        call = stored_calls.call_of(session, version.id)
    return replace(world, call=call, call_version=version.id, phase=call.phases[0], _numbers=count(1000))


def test_calls_of_different_ways_stand_beside_each_other(databases: Databases, tmp_path: Path) -> None:
    short = call_by('legs = ["centre_seal", "review", "selection"]', "consent_given", "sign_offs_complete",
                    "effect_outstanding", *ABROAD, "recall_confirmed")  # fmt: skip
    short = short.replace(short[short.index("[push]") : short.index("[[confirmations]]")], "")
    itself = call_by(f'legs = {LEGS}\nrecommended_by = "self"', *OF_BATCHES).replace(
        '"review"\nclause', '"shortlist"\nclause'
    )
    with world_under(databases, CALL_2021, tmp_path) as world:
        stamped, shortlisted = world.case(CaseState.CENTRE_STAMPED), world.case(CaseState.SHORTLISTED)
        own = another(world, "301", itself).case(CaseState.CENTRE_STAMPED)
        ended = another(world, "302", short).case(CaseState.SHORTLISTED)
        assert (piles(world, "sealer"), piles(world, "reviewer")["审核通过"]) == ({"自荐报送国家局": 1}, 1)
        assert piles(world, "editor") == {"公开发布": 1}
        with world.database.reading() as session:
            others = {
                one.state: (one.count, one.by) for one in lists.waiting_for_others(session, world.people["author"])
            }
            assert others[CaseState.CENTRE_STAMPED] == (2, (Role.REVIEWER, Role.SEALER))
            assert others[CaseState.SHORTLISTED] == (1, (Role.EDITOR,))
        assert {stamped, shortlisted, own, ended} == {1, 2, 3, 4}


def test_contacts_are_kept_no_longer_where_a_call_ends_with_its_shortlist(databases: Databases, tmp_path: Path) -> None:
    short = call_by('legs = ["centre_seal", "review", "selection"]', "consent_given", "sign_offs_complete",
                    "effect_outstanding", *ABROAD, "recall_confirmed")  # fmt: skip
    short = short.replace(short[short.index("[push]") : short.index("[[confirmations]]")], "")
    with world_under(databases, CALL_2021, tmp_path) as world:
        goes_on = world.case(CaseState.SHORTLISTED)
        ended = another(world, "302", short).case(CaseState.SHORTLISTED)
        settings = replace(from_environment({"ZHENGJI_HOME": str(tmp_path)}), keep_contacts_days=30)
        files = Files((tmp_path / "documents").as_uri())
        late = world.at + timedelta(days=400)
        kept = privacy.keep_no_longer(world.database, files, settings, at=late)
        assert kept is not None
        assert kept.cases == 1
        with world.database.reading() as session:
            held = set(session.scalars(select(CaseContact.case_id)))
            assert (goes_on in held, ended in held) == (True, False)


def test_offices_have_no_batches_and_set_no_days_where_centres_recommend_themselves(
    databases: Databases, tmp_path: Path
) -> None:
    toml = call_by(f'legs = {LEGS}\nrecommended_by = "self"', *OF_BATCHES).replace(
        '"review"\nclause', '"shortlist"\nclause'
    )
    with routed(databases, tmp_path, toml) as world:
        office, leader = world.offices["first"], world.people["leader"]
        with world.database.transaction() as session:
            assert boards.of_offices(session, world.people["reviewer"]) == []
            with pytest.raises(batches.WrongBatch, match="there are no batches"):
                batches.start(session, call_version=world.call_version, phase=world.phase.id, office=office,
                              actor=world.people["reviewer"], at=world.at)  # fmt: skip
            with pytest.raises(deadlines.WrongGrant, match="set no day"):
                deadlines.set_centre_day(session, world.call, world.phase.id, world.phase.closes, "早一点",
                                         office=office, actor=leader, at=world.at)  # fmt: skip
