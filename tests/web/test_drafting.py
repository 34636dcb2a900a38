"""起草通知: copying a call, editing it by values and as text, what each save says, and opening it."""

from __future__ import annotations

import pytest

from states.case import CaseState
from tests.web.conftest import As, hidden, post, send, send_fields
from tests.worlds import CALL_2021, World
from workflow.calls import drafting, parse_call, proofs
from workflow.calls.places import Input, WrongValue, places, put
from workflow.proof import prove
from workflow.proof.scenarios import Run
from workflow.store import calls as stored_calls

pytestmark = pytest.mark.database

TOML = CALL_2021.read_text("utf-8")


def begun(world: World, sign_in: As, who: str = "desk") -> str:
    """A draft copied by somebody; gives its address."""
    answer = send(sign_in(who), "/drafts", version=str(world.call_version))
    assert answer.status_code == 302
    return str(answer.headers["Location"])


def text_of(client, where: str) -> dict[str, str]:
    """The hidden fields of the form for the text, and the text as it stands."""
    with_text = client.get(where).get_data(as_text=True).rpartition('id="as-text"')[2]
    return hidden(with_text, where)


def save(client, where: str, source: str, notice: str | None = None):
    notice = CALL_2021.with_suffix(".zh.md").read_text("utf-8") if notice is None else notice
    return send_fields(client, where, {**text_of(client, where), "source": source, "notice": notice})


def proved(world: World, where: str) -> None:
    """As if the scenarios had been run on the draft's data and passed; that they run is the tests' of proofs."""
    with world.database.transaction() as session:
        draft = drafting.find(session, int(where.rpartition("/")[2]), world.people["director"])
        ran = Run({"case/seal.feature: 盖章": "passed"})
        call = parse_call(draft.source, draft.notice)
        proofs.keep(session, draft.source, draft.notice, prove(call), ran, actor=world.people["desk"], at=world.at)


# ---- values ----------------------------------------------------------------------------------------------------------


def test_every_single_value_has_its_place_its_name_and_a_way_to_ask_for_it() -> None:
    found = {one.path: one for one in places(TOML)}
    assert (found["length.maximum"].value, found["length.maximum"].input) == ("1500", Input.NUMBER)
    assert (found["phases[0].closes"].value, found["phases[0].closes"].input) == ("2021-03-26", Input.DAY)
    assert found["phases[0].closes"].within.zh.endswith("第一阶段")
    assert found["title.zh"].value == "知识产权信息公共服务优秀案例征集"
    assert found["themes.other.needs_name"].input is Input.YES_NO
    assert [one for one in found if one.startswith("rules.")] == []
    assert all(one.label.zh and one.label.en and one.within.zh for one in found.values())


def test_values_are_put_in_place_and_everything_else_stays() -> None:
    made = put(
        TOML, {"length.maximum": "2000", "phases[1].closes": "2021-07-01", "title.zh": "新的征集", "sign_offs": "1"}
    )
    changed = [(a, b) for a, b in zip(TOML.splitlines(), made.splitlines(), strict=True) if a != b]
    assert changed == [
        (
            'title = { zh = "知识产权信息公共服务优秀案例征集", en = "Call for excellent cases of IP information public services" }',
            'title = { zh = "新的征集", en = "Call for excellent cases of IP information public services" }',
        ),
        ("maximum = 1500", "maximum = 2000"),
        ("closes = 2021-06-25", "closes = 2021-07-01"),
    ]


@pytest.mark.parametrize(
    ("path", "value", "asked"),
    [
        ("length.maximum", "很多", "一个整数"),
        ("phases[0].closes", "2021-13-01", "一个日期"),
        ("themes.other.needs_name", "也许", "是或否"),
    ],
)
def test_a_value_of_another_kind_is_refused_by_name(path: str, value: str, asked: str) -> None:
    with pytest.raises(WrongValue) as refused:
        put(TOML, {path: value})
    assert (value in refused.value.message.zh, asked in refused.value.message.zh) == (True, True)


# ---- on screen -------------------------------------------------------------------------------------------------------


def test_a_copy_says_what_is_in_force_until_it_is_changed(world: World, sign_in: As) -> None:
    where = begun(world, sign_in)
    shown = sign_in("director").get(where).get_data(as_text=True)
    assert ("与现行版本完全一样" in shown, "maximum = 1500" in shown, "国家局主管" in shown) == (True, True, False)


def test_single_values_are_changed_by_a_form_and_the_difference_is_told(world: World, sign_in: As) -> None:
    where, desk = begun(world, sign_in), sign_in("desk")
    shown = desk.get(where).get_data(as_text=True)
    form = shown.partition('id="values"')[2].partition('id="as-text"')[0]
    fields = {**hidden(form, where), "at:length.maximum": "2000", "at:phases[0].closes": "2021-03-29"}
    assert send_fields(desk, where, fields).status_code == 302
    after = desk.get(where).get_data(as_text=True)
    assert ("开放前还差一步" in after, "2021-03-29" in after, "maximum = 2000" in after) == (
        True,
        True,
        True,
    )


def test_what_is_wrong_is_kept_and_told_with_its_line(world: World, sign_in: As) -> None:
    where, desk = begun(world, sign_in), sign_in("desk")
    assert save(desk, where, TOML.replace("closes = 2021-03-26", "closs = 2021-03-26")).status_code == 302
    shown = desk.get(where).get_data(as_text=True)
    assert ("须改正" in shown, "phases[0].closs" in shown, "是否要写“closes”" in shown) == (True, True, True)
    assert save(desk, where, "这不是 TOML").status_code == 302
    broken = desk.get(where).get_data(as_text=True)
    assert ("不是合格的 TOML" in broken, 'id="values"' in broken) == (True, False)


def test_a_broken_promise_is_told_as_a_story_and_bars_opening(world: World, sign_in: As) -> None:
    where, director = begun(world, sign_in), sign_in("director")
    without = TOML[: TOML.index("[rules.unit_seal_present]")] + TOML[TOML.index("[rules.seal_names_the_unit]") :]
    without = without[: without.index("[rules.seal_unbroken]")] + without[without.index("[rules.consent_given]") :]
    assert save(director, where, without).status_code == 302
    shown = director.get(where).get_data(as_text=True)
    assert ("不成立" in shown, "不能开放" in shown) == (True, True)
    answer = send(director, f"{where}/open", revision="2")
    assert answer.status_code == 422


def test_two_who_write_at_once_lose_nothing(world: World, sign_in: As) -> None:
    where = begun(world, sign_in)
    first, second = sign_in("desk"), sign_in("second_desk")
    seen = text_of(second, where)
    assert save(first, where, TOML.replace("maximum = 1500", "maximum = 1600")).status_code == 302
    mine = TOML.replace("maximum = 1500", "maximum = 1700")
    answer = send_fields(second, where, {**seen, "source": mine, "notice": "正文"})
    page = answer.get_data(as_text=True)
    assert (answer.status_code, "另一位同事已保存" in page, "maximum = 1700" in page) == (409, True, True)
    with world.database.reading() as session:
        [kept] = drafting.every(session, world.people["desk"])
        assert "maximum = 1600" in kept.source


def test_what_is_too_long_is_not_cut_short_but_refused_with_what_was_written(world: World, sign_in: As) -> None:
    where, desk = begun(world, sign_in), sign_in("desk")
    answer = save(desk, where, TOML + "#" * drafting.LONGEST + "末尾")
    page = answer.get_data(as_text=True)
    assert (answer.status_code, "内容太长" in page, "末尾" in page) == (422, True, True)
    with world.database.reading() as session:
        assert [one.revision for one in drafting.every(session, world.people["desk"])] == [1]


def test_the_director_opens_it_and_new_cases_live_by_it(world: World, sign_in: As) -> None:
    old = world.case(CaseState.DRAFT)
    where, director = begun(world, sign_in), sign_in("director")
    save(director, where, TOML.replace("maximum = 1500", "maximum = 2000"))
    before = director.get(f"{where}/open").get_data(as_text=True)
    assert ("开放前还差一步" in before, "运行例子</button>" in before, "确认开放" in before) == (True, True, False)
    refused = send(director, where, f"{where}/open", revision="2")
    assert (refused.status_code, "请先运行，通过后再开放" in refused.get_data(as_text=True)) == (422, True)
    proved(world, where)
    asked = director.get(f"{where}/open").get_data(as_text=True)
    assert ("立即生效" in asked, "已有的案例仍按各自原来的版本办理" in asked) == (True, True)
    assert send(director, f"{where}/open").status_code == 302
    with world.database.reading() as session:
        newest = {call.number: call for _, call in stored_calls.open_calls(session)}["2021-205"]
        assert (newest.version, newest.length.maximum) == (2, 2000)
        assert stored_calls.call_of(session, world.row(old).call_version_id).length.maximum == 1500
    shown = director.get(where).get_data(as_text=True)
    assert ("已开放为第 2 版" in shown, "保存并检查" in shown) == (True, False)
    assert post(director, where, shown, source="x", notice="y", revision="2").status_code == 422


def test_a_new_number_makes_a_call_beside_the_others(world: World, sign_in: As) -> None:
    where, director = begun(world, sign_in), sign_in("director")
    text = TOML.replace('number = "2021-205"', 'number = "2022-7"').replace("〔2021〕205号", "〔2022〕7号")
    notice = CALL_2021.with_suffix(".zh.md").read_text("utf-8").replace("〔2021〕205号", "〔2022〕7号")
    save(director, where, text, notice)
    proved(world, where)
    assert "新的一份通知" in director.get(where).get_data(as_text=True)
    assert send(director, f"{where}/open").status_code == 302
    assert "〔2022〕7号" in director.get("/calls").get_data(as_text=True)


def test_only_the_director_opens(world: World, sign_in: As) -> None:
    where, desk = begun(world, sign_in), sign_in("desk")
    save(desk, where, TOML.replace("maximum = 1500", "maximum = 2000"))
    proved(world, where)
    assert "由国家局主管开放" in desk.get(f"{where}/open").get_data(as_text=True)
    assert send(desk, f"{where}/open", revision="2").status_code == 403


def test_a_draft_that_was_changed_meanwhile_is_not_opened(world: World, sign_in: As) -> None:
    where, director = begun(world, sign_in), sign_in("director")
    save(director, where, TOML.replace("maximum = 1500", "maximum = 2000"))
    proved(world, where)
    seen = director.get(f"{where}/open").get_data(as_text=True)
    save(sign_in("desk"), where, TOML.replace("maximum = 1500", "maximum = 9000"))
    assert post(director, f"{where}/open", seen).status_code == 409


def test_a_draft_that_was_thrown_away_is_read_and_no_more(world: World, sign_in: As) -> None:
    where, desk = begun(world, sign_in), sign_in("desk")
    assert send(desk, where, f"{where}/discard").status_code == 302
    shown = desk.get(where).get_data(as_text=True)
    assert ("已作废，只供查看" in shown, "保存并检查" in shown) == (True, False)
    assert "已作废" in desk.get("/drafts").get_data(as_text=True)


@pytest.mark.parametrize("login", ["author", "reviewer", "leader", "editor", "auditor", "administrator"])
def test_to_others_drafts_do_not_exist(world: World, sign_in: As, login: str) -> None:
    where = begun(world, sign_in)
    client = sign_in(login)
    assert [client.get(one).status_code for one in ("/drafts", where, f"{where}/open")] == [404, 404, 404]
    assert "起草通知" not in client.get("/calls").get_data(as_text=True)


def test_the_same_form_twice_makes_one_draft(world: World, sign_in: As) -> None:
    desk = sign_in("desk")
    shown = desk.get("/drafts").get_data(as_text=True)
    places_ = {post(desk, "/drafts", shown, version=str(world.call_version)).headers["Location"] for _ in range(2)}
    assert len(places_) == 1
