"""Judges, what they are invited to, and what they may see."""

from __future__ import annotations

from collections.abc import Callable

from pytest_bdd import given, parsers, then, when
from sqlalchemy import select

from features.steps.cases import REMARKS
from features.steps.outcomes import Result, tried
from features.steps.people import WHO
from states.case import CaseState
from states.judgement import JUDGEMENT, JudgementState
from states.reach import Actor
from states.route import lifecycle_of
from tests import judges
from tests.worlds import World, went
from workflow.audit import search
from workflow.engine import CannotServe
from workflow.selection import judging
from workflow.selection.blind import Reading
from workflow.selection.judging import Invited, NoSuchJudgement
from workflow.store.models import Case, Centre, Document, Judgement, Office, Person

# ---- where a judgement stands ----


@given("一位受邀的专家", target_fixture="judgement")
def _invited(world: World, case: int) -> int:
    return judges.invited(world, case)


@given("一位接受了评审的专家", target_fixture="judgement")
def _accepted(world: World, case: int) -> int:
    return judges.accepted(world, case)


@given("一位填好了评分的专家", target_fixture="judgement")
def _written(world: World, case: int) -> int:
    number = judges.accepted(world, case)
    judges.write(world, number)
    return number


@given("一位提交了评分的专家", target_fixture="judgement")
def _scored(world: World, case: int) -> int:
    return judges.scored(world, case)


@given("一位定了分的专家", target_fixture="judgement")
def _locked(world: World, case: int) -> int:
    number = judges.scored(world, case)
    went(judges.step(world, number, "lock"))
    return number


@given("一位谢绝了评审的专家", target_fixture="judgement")
def _declined(world: World, case: int) -> int:
    number = judges.invited(world, case)
    went(judges.step(world, number, "decline"))
    return number


@given("一位在案例所在省份工作的专家", target_fixture="somebody")
def _neighbour(world: World, case: int) -> Actor:
    return judges.judge(world, region=_of_case(world, case)[1])


# ---- what is between a judge and a case ----


@given(parsers.re("专家(?P<words>与案例没有关系|在案例的?所.*工作|在案例所属的中心任职|的姓名写在案例里)"))
def _between(world: World, case: int, judgement: int, words: str) -> None:
    unit, region, centre = _of_case(world, case)
    who = judges.judge_of(world, judgement)
    if words == "在案例的所在单位工作":
        judges.describe(world, who, institution=unit, region=judges.FAR)
    if words == "在案例所在的省份工作":
        judges.describe(world, who, institution="远方研究院", region=region)
    with world.database.transaction() as session:
        if words == "在案例所属的中心任职":
            judges.hold_at(session, who.id, centre)
        if words == "的姓名写在案例里":
            session.get_one(Person, who.id).name = session.get_one(Case, case).title[4:8]


def _of_case(world: World, case: int) -> tuple[str, str, int]:
    with world.database.reading() as session:
        found = session.get_one(Case, case)
        unit = session.get_one(Centre, found.centre_id).host_unit
        return unit, session.get_one(Office, found.office_id).region, found.centre_id


@given(parsers.re("案例(?P<words>没有变化|被退回省级|退回后由中心撤回|已经入选)"))
def _changes(world: World, case: int, words: str) -> None:
    lived = lifecycle_of(world.call.route)
    [away] = [one for one in ("return_to_office", "turn_back") if lived.named(one)]
    ways = {
        "没有变化": (),
        "被退回省级": (away,),
        "退回后由中心撤回": (away, "withdraw"),
        "已经入选": ("shortlist",),
    }
    for name in ways[words]:
        went(world.act(case, name, by="desk" if name == away else ""))


# ---- what would tell whose case it is ----

_EMAIL, _PHONE = "someone@unit.example", "13800138000"


@given(parsers.re("一份处于“已报送”、正文写到(?P<words>.*)的案例"), target_fixture="case")
def _telling(world: World, words: str) -> int:
    with world.database.reading() as session:
        centre = session.get_one(Centre, world.centres["university"])
        apart = " ".join(centre.host_unit)
        said = {
            "中心全称": centre.name,
            "所在单位全称": centre.host_unit,
            "断开写的单位全称": apart,
            "撰稿人姓名": world.people["author"].name,
            "省份简称": _short(centre.office.region),
            "加点隔开的全称": "·".join(centre.host_unit),
            "邮箱地址": _EMAIL,
            "手机号码": _PHONE,
        }[words]
    form = {name: "某某" if name == "contact" else value for name, value in world.content().form.items()}
    plain = world.content(form=form)
    name = next(iter(plain.sections))
    text = plain.sections[name]
    written = said + text[len(said) :]
    return world.case(CaseState.SUBMITTED, plain.changed(sections={**plain.sections, name: written}))


def _short(region: str) -> str:
    return region.removesuffix("省")


@given(parsers.re("受理人(?P<words>遮盖了|认定)邮箱地址(可保留)?"))
def _masks(world: World, case: int, words: str) -> None:
    kind = "mask" if words == "遮盖了" else "keep"
    with world.database.transaction() as session:
        judging.add_mask(session, case, _EMAIL, kind, actor=world.people["desk"], at=world.at)


@given("一份处于“已报送”、有两幅图片的案例", target_fixture="case")
def _with_pictures(world: World) -> int:
    case = world.case(CaseState.SUBMITTED)
    world.put_pictures(case, 2)
    return case


_LOOKS = {
    "一幅也没有看": (0, ""),
    "只看了一幅，认定不泄露": (1, "show"),
    "逐幅看过，都认定不泄露": (2, "show"),
    "逐幅看过，都认定看得出": (2, "hide"),
}


@given(parsers.re("受理人对图片(?P<words>一幅也没有看|只看了一幅，.*|逐幅看过，.*)"))
def _looks(world: World, case: int, words: str) -> None:
    number, verdict = _LOOKS[words]
    judges.look_at_pictures(world, case, verdict, number)


@given("换了一幅图片")
def _another_picture(world: World, case: int) -> None:
    with world.database.transaction() as session:
        [first, *_] = session.scalars(select(Document).where(Document.case_id == case, Document.slot == "picture"))
        first.digest = f"{7:064x}"


@when("专家翻阅这份案例", target_fixture="read")
def _leaf_through(world: World, judgement: int) -> Reading | CannotServe:
    return _read(world, judgement)


@then(parsers.re("专家(?P<words>每一幅都看得到|一幅也看不到)图片"))
def _pictures_shown(read: Reading | CannotServe, words: str) -> None:
    assert isinstance(read, Reading)
    assert [one.shown for one in read.pictures] == [words == "每一幅都看得到"] * 2


# ---- scores ----


@given(parsers.re("一位专家把各项打了(?P<words>.*)"), target_fixture="judgement")
def _points(world: World, case: int, words: str) -> int:
    asked = judging.asked_by(world.call)
    points = {
        "最低分": asked.lowest,
        "最高分": asked.highest,
        "最高分多一": asked.highest + 1,
        "最低分少一": asked.lowest - 1,
    }[words]
    number = judges.accepted(world, case)
    judges.write(world, number, points)
    return number


@given(parsers.re("一位专家的评分(?P<words>.*)"), target_fixture="judgement")
def _lacking(world: World, case: int, words: str) -> int:
    number = judges.accepted(world, case)
    first = judging.asked_by(world.call).criteria[0].id
    highest = str(judging.asked_by(world.call).highest)
    if words == "样样齐全":
        judges.write(world, number)
    if words == "缺一项分数":
        judges.write(world, number, changed={first: ("", "有理由")})
    if words == "缺一项理由":
        judges.write(world, number, changed={first: (highest, " ")})
    return number


# ---- what is tried ----


@when("受理人邀请专家评审", target_fixture="came")
def _invite(world: World, case: int, somebody: Actor) -> Invited:
    return judges.try_to_invite(world, {case: somebody})


@when(parsers.re("专家(?P<label>接受评审|提交评分|定分)"), target_fixture="attempt")
def _step(world: World, judgement: int, label: str) -> Result:
    return tried(lambda: judges.step(world, judgement, _named(label), remark=""))


@when(parsers.re("专家(?P<label>申请回避|谢绝评审)，理由(?P<words>.*)"), target_fixture="attempt")
def _step_with_reason(world: World, judgement: int, label: str, words: str) -> Result:
    return tried(lambda: judges.step(world, judgement, _named(label), remark=REMARKS[words]))


@when(parsers.re("(?P<who>专家|受理人)对评审办理“(?P<label>.*)”"), target_fixture="attempt")
def _step_by(world: World, judgement: int, who: str, label: str) -> Result:
    by = None if who == "专家" else world.people[WHO[who]]
    return tried(lambda: judges.step(world, judgement, _named(label), by))


def _named(label: str) -> str:
    """The judgement's transition of that Chinese label."""
    return next(one.name for one in JUDGEMENT.transitions if one.label.zh == label)


@when(parsers.re("(?P<who>.*)查看这项评审"), target_fixture="looked")
def _look(world: World, judgement: int, who: str) -> Judgement | CannotServe:
    others: dict[str, Callable[[], Actor]] = {
        "专家本人": lambda: judges.judge_of(world, judgement),
        "另一位专家": lambda: judges.judge(world),
    }
    by = others[who]() if who in others else world.people[WHO[who]]
    with world.database.reading() as session:
        try:
            return judging.find(session, judgement, by)
        except CannotServe as refusal:
            return refusal


@when("撰稿人翻看本案的留痕", target_fixture="course")
def _leaf(world: World, case: int, judgement: int) -> str:
    with world.database.reading() as session:
        return repr(search.course(session, world.people["author"], case))


# ---- what came of it ----


@then("没有发出邀请，并说明应当回避")
def _not_invited(came: Invited) -> None:
    assert came.done == ()
    assert ["应当回避" in one.why.zh for one in came.refused] == [True]


@then(parsers.re("评审状态为“(?P<label>.*)”"))
def _state(world: World, judgement: int, label: str) -> None:
    assert JudgementState.of(judges.state(world, judgement)).label.zh == label


@then("专家看不到这份案例的正文")
def _closed(world: World, judgement: int) -> None:
    assert isinstance(_read(world, judgement), NoSuchJudgement)


def _read(world: World, judgement: int) -> Reading | CannotServe:
    who = judges.judge_of(world, judgement)
    with world.database.reading() as session:
        try:
            return judging.reading(session, judging.find(session, judgement, who), who)
        except CannotServe as refusal:
            return refusal


@then("已填的评分保留在案")
def _kept(world: World, judgement: int) -> None:
    with world.database.reading() as session:
        scores = session.get_one(Judgement, judgement).scores
    assert {name for name, one in scores.items() if one["points"] is not None} == {
        one.id for one in judging.asked_by(world.call).criteria
    }


@then(parsers.re("(?P<words>看得到|看不到)这项评审"))
def _seen(looked: Judgement | CannotServe, words: str) -> None:
    assert isinstance(looked, Judgement if words == "看得到" else NoSuchJudgement)


@then("里面没有评审和分数")
def _nothing_of_it(course: str) -> None:
    assert "submit" in course
    assert [word for word in ("judgement", "评审", "有根据") if word in course] == []
