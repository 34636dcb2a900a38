"""Cases on their way abroad."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest
from pytest_bdd import given, parsers, then, when

from features.steps.outcomes import Result, tried
from rules.roles import Role
from states.case import CaseState
from states.reach import Grant
from tests.worlds import World, went
from workflow import failpoints
from workflow.engine import NoSuchTransition, NotPermitted
from workflow.interchange.delivery import NotDelivered
from workflow.store.models import Push
from workflow.wipo import pushes

NOWHERE = "nowhere://closed.example"


@given(parsers.re("英文稿(?P<words>已齐备|还没有|只缺题目|缺了题目后又补上|缺一段)"))
def _english(world: World, case: int, words: str) -> None:
    titles = {
        "已齐备": ["A case"],
        "还没有": [],
        "只缺题目": [""],
        "缺了题目后又补上": ["", "A case"],
        "缺一段": ["A case"],
    }
    world.agree_abroad(case)
    for title in titles[words]:
        world.translate(case, title)
    if words == "缺一段":
        world.retranslate(case, "")
    elif titles[words] and title:
        world.check_english(case)


@given(parsers.re("英文稿(?P<words>已经校对通过|还没有人校对|被校对退回|校对通过之后又改了一段)"))
def _checked(world: World, case: int, words: str) -> None:
    world.agree_abroad(case)
    world.translate(case)
    if words != "还没有人校对":
        world.check_english(case, passed=words != "被校对退回", words="第二段漏译")
    if words == "校对通过之后又改了一段":
        world.retranslate(case, "What was done, again.")


@given("推送的准备都已办妥")
def _ready(world: World, case: int) -> None:
    world.ready_to_push(case)


@given(parsers.re("推送的准备都已办妥，案例有一幅图片，图注(?P<words>.*)"))
def _captions(world: World, case: int, words: str) -> None:
    world.put_pictures(case, 1, "水泵厂的车间")
    world.ready_to_push(case)
    if words != "已译成英文":
        world.caption(case, "水泵厂的新车间")
    if words == "改过之后又改了回来":
        world.caption(case, "水泵厂的车间")
    if words == "改过之后重新翻译并校对":
        world.translate(case)
        world.check_english(case)


@given(parsers.re("对外推送的同意(?P<words>已经登记|又被撤回|撤回后重新登记)"))
def _consent_abroad(world: World, case: int, words: str) -> None:
    if words != "已经登记":
        world.agree_abroad(case, "")
    if words == "撤回后重新登记":
        world.agree_abroad(case)


@given(parsers.re("案例(?P<pictures>有一幅图片|没有图片)，权利(?P<rights>已登记|没有登记)"))
def _pictures(world: World, case: int, pictures: str, rights: str) -> None:
    if pictures == "有一幅图片":
        world.put_pictures(case, 1)
    world.allow_pictures(case, "本单位拍摄" if rights == "已登记" else "")


@when("译者自己校对", target_fixture="attempt")
def _own_check(world: World, case: int) -> Result | None:
    translator = world.people["translator"]
    both = replace(translator, grants=translator.grants | {Grant(Role.CHECKER)})
    try:
        world.check_english(case, by=both)
    except NotPermitted as refusal:
        return refusal
    return None


@then("告知译者和校对须是两个人")
def _two_people(attempt: Result) -> None:
    assert isinstance(attempt, NotPermitted)


@given(parsers.re("成效(?P<words>已认定为显著|还没有认定|认定之后又取消)"))
def _effect(world: World, case: int, words: str) -> None:
    judged = "带动一条产业链"
    said = {"已认定为显著": [judged], "还没有认定": [], "认定之后又取消": [judged, ""]}
    for one in said[words]:
        world.judge_effect(case, one)
        if one:
            world.confirm_effect(case)


@given(parsers.re("成效认定的复核(?P<words>已经同意|退回|退回之后又同意|同意之后改了理由|同意之后改了理由又经同意)"))
def _second_look(world: World, case: int, words: str) -> None:
    """It was confirmed once already."""
    if words.startswith("退回"):
        world.confirm_effect(case, passed=False, words="第二项理由不足")
    if "改了理由" in words:
        world.judge_effect(case, "带动两条产业链")
    if words.endswith(("又同意", "又经同意")):
        world.confirm_effect(case)


@when("认定人自己复核成效", target_fixture="attempt")
def _own_look(world: World, case: int) -> Result | None:
    liaison = world.people["liaison"]
    both = replace(liaison, grants=liaison.grants | {Grant(Role.DIRECTOR)})
    try:
        world.confirm_effect(case, by=both)
    except NotPermitted as refusal:
        return refusal
    return None


@then("告知认定和复核须是两个人")
def _two_people_on_effects(attempt: Result) -> None:
    assert isinstance(attempt, NotPermitted)


@given(parsers.re("推送的准备都已办妥，成效认定(?P<words>写明了通知的每项标准|没有写)"))
def _criteria(world: World, case: int, words: str) -> None:
    world.ready_to_push(case)
    if words == "没有写":
        world.judge_effect(case, "")


@given("一份已译成英文的入选案例，退回中心改动一字后又重新走到“已发布”", target_fixture="case")
def _translated_before(world: World) -> int:
    case = world.case(CaseState.SHORTLISTED)
    world.translate(case)
    world.walk(case, "unshortlist", "return_to_office", "return_to_centre")
    before = world.content_of(case)
    world.edit(case, before.changed(title=before.title + "字"))
    world.seal(case)
    return world.walk(case, "stamp", "review", "submit", "shortlist", "publish")


@given(
    parsers.re(
        "一份(?P<words>还没有送出|接收方已确认收到|已确认收到但接收方不再答复|接收方联系不上|推送失败|推送已撤回)的案例"
    ),
    target_fixture="case",
)
def _pushed(world: World, words: str) -> int:
    case = world.case(CaseState.PUBLISHED)
    world.ready_to_push(case)
    push = world.push(case)
    if words in ("接收方联系不上", "推送失败"):
        world.redirect(push, NOWHERE)
    if words not in ("还没有送出", "接收方联系不上"):
        world.deliver(push)
    if words == "已确认收到但接收方不再答复":
        world.redirect(push, NOWHERE)
    if words == "推送已撤回":
        world.recall(push)
    return case


@given("一份送出之后不知对方是否收到的案例", target_fixture="case")
def _in_doubt(world: World) -> int:
    """The worker is cut off once it has handed the package over, and then cannot reach the receiver any more."""
    case = world.case(CaseState.PUBLISHED)
    world.ready_to_push(case)
    push = world.push(case)
    with failpoints.armed("push.handed_over", failpoints.fail), suppress(failpoints.Struck):
        world.deliver(push)
    world.redirect(push, NOWHERE)
    world.deliver(push)
    return case


@when(parsers.re("国际联络人(?P<how>向接收方查询|登记接收方的来函|用同一标识再送并由系统投递)"))
def _settle(world: World, case: int, how: str) -> None:
    push, liaison = world.newest_push(case), world.people["liaison"]
    with world.database.transaction() as session:
        if how == "向接收方查询":
            pushes.ask_receiver(session, push, actor=liaison, at=world.at)
        elif how == "登记接收方的来函":
            pushes.acknowledge(session, push, "来函 2021-5 号", actor=liaison, at=world.at)
        else:
            went(pushes.resend(session, push, actor=liaison, at=world.at))
    if how == "向接收方查询":
        pushes.ask(world.post, push, at=world.at)
    world.deliver(push)


@given(parsers.re("案例此时(?P<words>被撤下|撤回对外推送同意|仍是撤下|重新发布)"))
def _meanwhile(world: World, case: int, words: str) -> None:
    if words == "撤回对外推送同意":
        world.agree_abroad(case, "")
    elif words != "仍是撤下":
        went(world.act(case, "retract" if words == "被撤下" else "republish"))


@given("一份接收方已收到而被撤下没有跟上的案例", target_fixture="case")
def _behind(world: World) -> int:
    case = _in_doubt(world)
    _back(world, case)
    _meanwhile(world, case, "被撤下")
    _settle(world, case, "向接收方查询")
    return case


@then(parsers.re("接收方已收到而案例没有跟上，案例状态为“(?P<state>.*)”"))
def _stays(world: World, case: int, state: str) -> None:
    with world.database.reading() as session:
        push = session.get_one(Push, world.newest_push(case))
        assert (pushes.stayed_behind(push), bool(push.acknowledgement)) == (True, True)
    assert world.state(case).label.zh == state


@then("这个案例不能另推一次")
def _not_again(world: World, case: int) -> None:
    if world.state(case) is CaseState.PUBLISHED:
        world.agree_abroad(case)
        assert isinstance(tried(lambda: world.start_push(case)), pushes.AlreadyOnItsWay)
    push = world.newest_push(case)
    for step in (pushes.retry, pushes.resend):
        with pytest.raises(NoSuchTransition), world.database.transaction() as session:
            step(session, push, actor=world.people["liaison"], at=world.at)


@then("接收方只收到一份")
def _once(world: World) -> None:
    assert len(list((world.folder / "abroad").iterdir())) == 1


@given("接收方恢复正常")
def _back(world: World, case: int) -> None:
    world.redirect(world.newest_push(case), world.destination)


@when("国际联络人发起推送", target_fixture="attempt")
def _start(world: World, case: int) -> Result:
    return tried(lambda: world.start_push(case))


@when("系统投递推送")
def _deliver(world: World, case: int) -> None:
    world.deliver(world.newest_push(case))


@when("国际联络人重新发送并由系统投递")
def _retry(world: World, case: int) -> None:
    push = world.newest_push(case)
    with world.database.transaction() as session:
        went(pushes.retry(session, push, actor=world.people["liaison"], at=world.at))
    world.deliver(push)


@when("国际联络人请接收方撤回推送")
def _recall(world: World, case: int) -> None:
    with suppress(NotDelivered):
        world.recall(world.newest_push(case))


@when("国际联络人撤回推送而没有写理由", target_fixture="attempt")
def _recall_without_reason(world: World, case: int) -> Result | None:
    try:
        world.recall(world.newest_push(case), " ")
    except pushes.ReasonNeeded as refusal:
        return refusal
    return None


@then(parsers.re("推送状态为“(?P<state>.*)”"))
def _state(world: World, case: int, state: str) -> None:
    assert world.state_of_push(world.newest_push(case)).label.zh == state


@then("告知要写明理由")
def _reason_needed(attempt: Result) -> None:
    assert isinstance(attempt, pushes.ReasonNeeded)


@then("告知推送已在途中")
def _on_its_way(attempt: Result) -> None:
    assert isinstance(attempt, pushes.AlreadyOnItsWay)
