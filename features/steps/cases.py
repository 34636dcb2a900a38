"""Cases on their way: where they stand, what was done with them, and what is tried."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pytest_bdd import given, parsers, when

from features.steps.moments import WEEK
from features.steps.outcomes import Result, tried
from features.steps.people import WHO, named, person
from rules.call import BEIJING
from rules.facts import Ruling
from rules.roles import Level
from states.case import CASE, CaseState
from tests.worlds import WHY_LATE, World, went
from workflow import cases
from workflow.documents.signing import NotSealed
from workflow.finding import comparisons
from workflow.incoming.sealing import NotThisPrint, Sighting, mark_of

REMARKS = {"写得清清楚楚": "请补充服务成效的数字", "只写了一个字": "改", "没有填写": "", "只打了空格": " 　"}


def step_of(label: str) -> str:
    """The case's transition of that Chinese label."""
    return next(one.name for one in CASE.transitions if one.label.zh == label)


# ---- where a case stands ----


@given(parsers.re("一份处于“(?P<state>.*)”的案例"), target_fixture="case")
def _standing(world: World, state: str) -> int:
    return world.case(named(CaseState, state))


@given("盖章人上传了盖有所在单位印章的扫描件")
@given("盖章人重新上传了盖章的扫描件")
def _sealed(world: World, case: int) -> None:
    world.seal(case)


@given("盖章人上传了现在这一稿盖章的扫描件")
def _printed_now(world: World, case: int) -> None:
    world.seal(case, sighting=_sighted(world, case))


@given("盖章人上传了改动之前那一稿盖章的扫描件")
def _printed_before(world: World, case: int) -> None:
    printed = _sighted(world, case)
    world.edit(case, world.content_of(case).changed(title="改动了的案例名称"))
    with pytest.raises(NotThisPrint):
        world.seal(case, sighting=printed)


@given(parsers.re("盖章人用(?P<words>.*的证书)电子盖章"))
def _sealed_electronically(world: World, case: int, words: str) -> None:
    other: dict[str, dict[str, Any]] = {
        "另一单位的证书": {"unit": "另一单位"},
        "所在单位已到期的证书": {"days": (-400, -1)},
        "密码不对的证书": {"password": "不对"},
    }
    how = other.get(words, {})
    if not how:
        world.seal_electronically(case)
        return
    with pytest.raises(NotSealed):
        world.seal_electronically(case, **how)


@given(parsers.re("电子盖章之后(?P<words>.*)"))
def _since_then(world: World, case: int, words: str) -> None:
    if words == "撰稿人改动了标题中的一个字":
        world.edit(case, world.content_of(case).changed(title=world.content_of(case).title[:-1] + "改"))
    elif words == "签过名的文件被改动了一个字节":
        world.damage_signed_file(case)
    elif words == "签过名的文件丢失":
        world.lose_signed_file(case)
    elif words == "颁发机构不再受认可":
        world.trust_nobody()
    world.verify_seals(case)


@given("盖章人上传了另一案例盖章的扫描件")
def _printed_of_another(world: World, case: int) -> None:
    printed = _sighted(world, world.draft())
    with pytest.raises(NotThisPrint):
        world.seal(case, sighting=printed)


def _sighted(world: World, case: int) -> Sighting:
    """What is seen on a scan of a case's form as it would be printed now."""
    return Sighting(marks=(mark_of(world.row(case)),))


@given("盖章人没有上传扫描件")
def _not_sealed() -> None:
    """Nothing was uploaded."""


@given("盖章人上传了没有印章的扫描件")
def _bare(world: World, case: int) -> None:
    world.seal(case, "")


@given("盖章人上传了没有印章的扫描件后又补传盖章的")
def _bare_then_sealed(world: World, case: int) -> None:
    world.seal(case, "")
    world.seal(case)


@given(parsers.re("盖章人上传了(?P<words>印章名称.*|盖有另一单位印章)的扫描件"))
def _wrong_seal(world: World, case: int, words: str) -> None:
    unit = world.row(case).centre.host_unit
    reads = {"印章名称中多一个空格": f"{unit[:2]} {unit[2:]}", "印章名称少一个字": unit[:-1]}
    world.seal(case, reads.get(words, "另一单位"))


@given("盖章之后撰稿人没有改动内容")
def _untouched() -> None:
    """Nothing was changed."""


@given("盖章之后撰稿人改动一字又改了回来")
def _changed_and_back(world: World, case: int) -> None:
    before = world.content_of(case)
    world.edit(case, before.changed(title=before.title + "字"))
    world.edit(case, before)


@given(parsers.re("盖章之后撰稿人加了一个附件(?P<then>|又移除了它)"))
def _another_attachment(world: World, case: int, then: str) -> None:
    paper = world.call.attachments[0]
    files = {"mp4": ("视频.mp4", "video/mp4"), "pdf": ("文件.pdf", "application/pdf")}
    world.attach(case, paper.id, *files[paper.formats[0]])
    if then:
        world.detach(case)


@given("盖章之后撰稿人改动了标题中的一个字")
@given("撰稿人修改了内容")
def _changed(world: World, case: int) -> None:
    before = world.content_of(case)
    world.edit(case, before.changed(title=before.title + "字"))


@given(parsers.re("撰稿兼盖章人(?P<words>没有写过这份案例|写了这份案例|只改过其中一个字)"))
def _wrote(world: World, case: int, words: str) -> None:
    before = world.content_of(case)
    if words == "没有写过这份案例":
        return
    after = before.changed(title=before.title + "字") if "一个字" in words else world.content()
    world.edit(case, after, by="author_and_sealer")
    world.seal(case)


@given(parsers.re("审核人(?P<words>逐项都确认了|只差一项没有确认|一项也没有确认)"), target_fixture="confirmed")
def _confirmed(world: World, words: str) -> frozenset[str]:
    points = [one.id for one in world.call.confirmations if one.step == "review"]
    ticked = {"逐项都确认了": points, "只差一项没有确认": points[1:], "一项也没有确认": []}
    return frozenset(ticked[words])


@given(parsers.re("截止之后受理人把它退回省级，限一周内重报"))
def _returned_late(world: World, case: int) -> None:
    late = world.window(world.phase).closes + WEEK / 7
    went(world.act(case, "return_to_office", at=late, new_day=world.phase.closes + WEEK))


# ---- earlier reports ----


@given("本中心已报送一份案例", target_fixture="earlier")
def _reported(world: World) -> int:
    return world.case(CaseState.SUBMITTED)


@given("邻省已报送一份案例", target_fixture="earlier")
def _reported_elsewhere(world: World) -> int:
    return world.case(CaseState.SUBMITTED, centre="neighbour")


@given("本省另一中心已报送一份案例", target_fixture="earlier")
def _reported_next_door(world: World) -> int:
    return world.case(CaseState.SUBMITTED, centre="institute")


@given("本中心另有一份草稿", target_fixture="earlier")
def _other_draft(world: World) -> int:
    return world.case()


@given(parsers.re("一份(?P<words>与它毫无相同之处|正文与它.*|题目和服务对象与它相同)的新案例"), target_fixture="case")
def _alike(world: World, earlier: int, words: str) -> int:
    before = world.content_of(earlier)
    fresh = world.content()
    first = next(iter(before.sections))
    likenesses: dict[str, dict[str, Any]] = {
        "与它毫无相同之处": {},
        "正文与它一字不差": {"sections": before.sections},
        "正文与它只差一句": {"sections": {**before.sections, first: before.sections[first] + "这一句是新写的。"}},
        "题目和服务对象与它相同": {"title": before.title, "recipient": before.recipient},
    }
    case = world.draft(fresh.changed(**likenesses[words]))
    world.seal(case)
    return case


@given("本省已报送一份正文与它一字不差的案例", target_fixture="case")
def _same_elsewhere(world: World, earlier: int) -> int:
    return world.case(CaseState.SUBMITTED, world.content(sections=world.content_of(earlier).sections))


@given("一份正文与它一字不差的案例已由中心盖章", target_fixture="case")
def _same_stamped(world: World, earlier: int) -> int:
    return world.case(CaseState.CENTRE_STAMPED, world.content(sections=world.content_of(earlier).sections))


@given("审核人还没有裁定")
@given("受理人还没有裁定")
def _not_ruled() -> None:
    """Nobody has decided about the pair."""


@given(parsers.re("(?P<who>审核人|受理人)已把两者裁定为“(?P<ruling>.*)”"))
def _ruled(world: World, case: int, earlier: int, who: str, ruling: str) -> None:
    with world.database.transaction() as session:
        if who == "审核人":
            comparisons.ask(session, case, f"c{earlier}", "请裁定", actor=world.people["author"], at=world.at)
        comparisons.rule(
            session,
            case,
            f"c{earlier}",
            named(Ruling, ruling),
            "逐段比对过",
            actor=person(world, who),
            at=world.at,
        )


# ---- on the way to the public ----


@given("主管已经签发")
def _signed(world: World, case: int) -> None:
    world.sign_offs(case, world.call.sign_offs)


@given(parsers.re("签发的主管有规定的人数(?P<words>|多一人|少一人)"))
def _signed_by(world: World, case: int, words: str) -> None:
    world.sign_offs(case, world.call.sign_offs + {"": 0, "多一人": 1, "少一人": -1}[words])


@given(parsers.re("中心(?P<words>已登记书面同意|没有登记书面同意|登记了同意后又撤回|撤回同意后又重新登记)"))
def _agreed(world: World, case: int, words: str) -> None:
    agreed = "服务对象和作者书面同意"
    said = {
        "已登记书面同意": [agreed],
        "没有登记书面同意": [],
        "登记了同意后又撤回": [agreed, ""],
        "撤回同意后又重新登记": [agreed, "", agreed],
    }[words]
    for one in said:
        world.consent(case, one)


@given("受理人撤销入选后又让它入选")
def _again(world: World, case: int) -> None:
    went(world.act(case, "unshortlist"))
    went(world.act(case, "shortlist"))


@given(parsers.re("(?P<who>受理人|受理兼编辑)让它入选"))
def _shortlisted(world: World, case: int, who: str) -> None:
    went(world.act(case, "shortlist", by=WHO[who]))


@given("发布所需的都已备齐")
def _ready(world: World, case: int) -> None:
    world.ready_to_publish(case)


@given(parsers.re("它(?P<how>已列入期满的公示|还没有公示|的公示还剩最后一刻|的公示刚刚期满|的公示已撤下)"))
def _noticed(world: World, case: int, how: str) -> None:
    if how == "已列入期满的公示":
        return
    [standing] = [one.notice.id for one in world.notices()]
    world.take_down_notice(standing)
    if how == "还没有公示":
        return
    shown = world.notice(world.put_up_notice(case))
    if how == "的公示已撤下":
        world.take_down_notice(shown.notice.id)
    world.at = shown.closes - (timedelta(microseconds=1) if how == "的公示还剩最后一刻" else timedelta())


# ---- two at once ----


@given(parsers.re("盖章人打开案例之后，另一位盖章人已先办理“(?P<step>.*)”"), target_fixture="seen")
def _other_was_faster(world: World, case: int, step: str) -> str:
    seen = world.row(case).mark
    went(world.act(case, step_of(step), by="second_sealer"))
    return seen


@given("盖章人打开案例之后，撰稿人改了内容", target_fixture="seen")
def _author_was_faster(world: World, case: int) -> str:
    seen = world.row(case).mark
    before = world.content_of(case)
    world.edit(case, before.changed(title=before.title + "字"))
    return seen


# ---- what is tried ----


@when(parsers.re("(?P<who>[^“”]*)对案例办理“(?P<step>[^“”]*)”(?:，理由(?P<remark>.*))?"), target_fixture="attempt")
def _act(world: World, case: int, who: str, step: str, remark: str | None, request: Any) -> Result:
    ticked = request.getfixturevalue("confirmed") if "confirmed" in request.fixturenames else None
    words = REMARKS[remark] if remark else "理由"
    why = request.getfixturevalue("reasons") if "reasons" in request.fixturenames else WHY_LATE
    return tried(lambda: world.act(case, step_of(step), by=WHO[who], remark=words, confirmed=ticked, reasons=why))


@given(parsers.re("盖章人(?P<words>没有说明|说明了)晚报的原因"), target_fixture="reasons")
def _late(words: str) -> dict[str, str]:
    return {"reported_by_the_day_asked_for": "所在单位盖章流程延误"} if words == "说明了" else {}


@when(parsers.re("盖章人把同一次“(?P<step>.*)”提交两遍"), target_fixture="attempts")
def _twice(world: World, case: int, step: str) -> list[Result]:
    return [tried(lambda: world.act(case, step_of(step), op="one form")) for _ in range(2)]


@when(parsers.re("盖章人按先前所见办理“(?P<step>.*)”"), target_fixture="attempt")
def _unaware(world: World, case: int, seen: str, step: str) -> Result:
    return tried(lambda: world.act(case, step_of(step), seen={case: seen}))


@when(parsers.re("(?P<who>.*)查看案例"), target_fixture="found")
def _look(world: World, case: int, who: str) -> bool:
    with world.database.reading() as session:
        try:
            return cases.find(session, case, seen_by=person(world, who)).id == case
        except cases.NoSuchCase:
            return False


@when("撰稿人查看与案例相近的已报送案例", target_fixture="likenesses")
def _likenesses(world: World, case: int) -> tuple[int, bool]:
    author = world.people["author"]
    with world.database.reading() as session:
        mine = cases.find(session, case, seen_by=author)
        known, pending = comparisons.known(session, mine, author)
        return len(known), pending


@when("负责人把它另行组批报送国家局", target_fixture="attempt")
def _sent_again(world: World, case: int) -> Result:
    return tried(lambda: world.send_alone(case))


@when(parsers.re("受理人在省级截止日(?P<when>最后一刻|次日零点)把它退回省级，(?P<day>.*)"), target_fixture="attempt")
def _returned_at(world: World, case: int, when: str, day: str) -> Result:
    closes = world.window(world.phase, Level.OFFICE).closes
    at = closes if when == "次日零点" else closes - timedelta(microseconds=1)
    today = at.astimezone(BEIJING).date()
    given = {"没有给新的截止日": None, "新的截止日就是当天": today, "新的截止日是再下一天": today + timedelta(days=1)}
    return tried(lambda: world.act(case, "return_to_office", at=at, new_day=given[day]))
