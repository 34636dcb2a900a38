"""An office's batches: collected, sealed, sent, returned."""

from __future__ import annotations

from typing import Any

from pytest_bdd import given, parsers, then, when

from features.asked import exempt
from features.steps.cases import REMARKS
from features.steps.outcomes import Result, tried
from features.steps.people import WHO, named, person
from states.batch import BATCH, BatchState
from states.case import CaseState
from tests.worlds import World, went
from workflow import batches
from workflow.engine import Attempt, Outcome


def _wanted(world: World, words: str) -> int:
    least = max(world.phase.minimum_per_office, 1)
    more = {"要求的数量": 0, "要求的数量多一个": 1, "要求的数量少一个": -1}
    return least + more[words] if words in more else {"一个": 1, "零个": 0}[words]


def _several(world: World) -> int:
    """As many as are asked for, and more than one."""
    return max(_wanted(world, "要求的数量"), 2)


def _reviewed(world: World, count: int, **more: Any) -> list[int]:
    return [world.case(CaseState.PROVINCE_REVIEWED, **more) for _ in range(count)]


def _sealed(world: World, batch: int) -> int:
    world.seal_summary(batch)
    went(world.act_on_batch(batch, "seal"))
    return batch


@given(parsers.re("本省一批审核通过的案例，数量为(?P<words>.*)"), target_fixture="batch")
def _collected(world: World, words: str) -> int:
    return world.batch(_reviewed(world, _wanted(world, words)))


@given(parsers.re("本省一批备齐并已盖章的案例(?:，数量为(?P<words>.*))?"), target_fixture="batch")
def _ready(world: World, words: str | None) -> int:
    count = _wanted(world, words) if words else _several(world)
    return _sealed(world, world.batch(_reviewed(world, count)))


@given(parsers.re("本省一批备齐并已盖章的案例，由(?P<who>.*)审核"), target_fixture="batch")
def _reviewed_by(world: World, who: str) -> int:
    cases = [world.case(CaseState.CENTRE_STAMPED) for _ in range(_wanted(world, "要求的数量"))]
    for case in cases:
        went(world.act(case, "review", by=WHO[who]))
    return _sealed(world, world.batch(cases))


@given(parsers.re("本省一个处于“(?P<state>.*)”的批次"), target_fixture="batch")
def _standing(world: World, state: str) -> int:
    batch = world.batch(_reviewed(world, _several(world)))
    world.seal_summary(batch)
    way = {
        BatchState.COLLECTING: (),
        BatchState.SEALED: ("seal",),
        BatchState.SENT: ("seal", "send"),
        BatchState.RECEIVED: ("seal", "send", "receive"),
    }
    for step in way[named(BatchState, state)]:
        went(world.act_on_batch(batch, step))
    return batch


@given(parsers.re("汇总表(?P<words>.*)"))
def _summary(world: World, batch: int, words: str) -> None:
    own = world.office_of(batch).seals_as
    reads = {"公章名称中多一个空格": f"{own[:3]} {own[3:]}", "盖的是另一单位的公章": "另一单位"}
    if words == "还没有盖章":
        return
    if words.startswith("盖有本单位电子印章"):
        world.seal_summary_electronically(batch)
        if "丢失" in words:
            world.lose_signed_file(batch=batch)
        if "增加" in words:
            world.collect(batch, [*world.lines(batch), *_reviewed(world, 1)])
        return
    world.seal_summary(batch, reads.get(words, own))
    if words == "盖章之后又增加了一个案例":
        world.collect(batch, [*world.lines(batch), *_reviewed(world, 1)])


@given(parsers.re("(?P<words>各案例的报送表扫描件齐全|有一个案例换过新的扫描件|有一个案例的扫描件缺失)"))
def _scans(world: World, batch: int, words: str) -> None:
    if words == "有一个案例换过新的扫描件":
        case = world.lines(batch)[0]
        world.walk(case, "return_to_centre")
        world.seal(case)
        world.walk(case, "stamp", "review")
        world.collect(batch, [*world.lines(batch), case])
        world.seal_summary(batch)
    elif words == "有一个案例的扫描件缺失":
        world.lose_scan(world.lines(batch)[0])


@given(parsers.re("邮件标题(?P<words>.*)"))
def _subject(world: World, batch: int, words: str) -> None:
    mail, office = world.call.mail, world.office_of(batch).addressee
    usual = mail.subject.format(addressee=office)
    title = next(part for part in mail.must_hold if "{" not in part)
    subject = {
        "照通知的写法": usual,
        "在通知的写法前后加了话": f"关于报送材料的函：{usual}（请查收）",
        "没有写单位名称": usual.replace(office, ""),
        "没有写征集名称": usual.replace(title, ""),
    }[words]
    world.describe(batch, subject=subject)


@given(parsers.re("本省本阶段先前已报送一个案例，(?P<words>.*)"))
def _before(world: World, words: str) -> None:
    [case, *others] = _reviewed(world, _wanted(world, "要求的数量"))
    went(world.act_on_batch(_sealed(world, world.batch([case, *others])), "send"))
    for other in others:
        went(world.act(other, "return_to_office"))
    step = {"正在国家局办理": "", "没有入选": "pass_over", "后来被退回省级": "return_to_office"}[words]
    if step:
        went(world.act(case, step))


@given("主管已核准豁免本省本阶段的数量要求")
def _waived(world: World) -> None:
    world.waive(world.phase)


@given(
    parsers.re("本省(?P<final>末批|不是末批的一批)，一家中心累计(?P<words>.*)，其余中心都达到要求"),
    target_fixture="batch",
)
def _counts(world: World, final: str, words: str) -> int:
    least = world.call.minimum_per_centre
    here = {"恰好达到要求": least, "一个也没有": 0}.get(words, least - 1)
    world.waive(world.phase)
    cases = [*_reviewed(world, least), *_reviewed(world, here, centre="institute")]
    batch = _sealed(world, world.batch(cases))
    short = f"centre_reports_enough:{world.centres['institute']}"
    world.describe(batch, final=final == "末批", reasons={short: "人手不足"} if "说明了理由" in words else {})
    return batch


@given(
    parsers.re("本省(?P<final>一批|末批)备齐并已盖章的案例，计入(?P<bound>最多数|最少数)的数量(?P<words>.*)"),
    target_fixture="batch",
)
def _towards_quota(world: World, final: str, bound: str, words: str) -> int:
    """Cases that count towards the first quota with that bound, all of one centre; other minima are waived."""
    name = "maximum" if bound == "最多数" else "minimum"
    quota = next(one for one in world.call.quotas if getattr(one, name) is not None)
    free = ""
    if words.endswith("另有一个不计数量"):
        found = exempt(world.call, name, [world.phase, *world.call.phases])
        assert found is not None, "the scenario is asked of calls that have one"
        quota, phase, free = found
        if phase != world.phase:
            world.in_phase(phase)
    number = getattr(quota, name) + {"多一个": 1, "少一个": -1}.get(words.partition("，")[0], 0)
    kind = world.call.centre_kinds[0]
    themes = [one for one in world.call.themes_of(world.phase, kind) if one not in quota.exempt_themes]
    theme = next(one for one in themes if not quota.themes or one in quota.themes)
    if name == "maximum" or words.endswith("先前已报送一个"):
        world.waive(world.phase)
    if "先前" in words:
        [before] = _of_theme(world, theme, 1)
        went(world.act_on_batch(_sealed(world, world.batch([before])), "send"))
        if "退回" in words:
            went(world.act(before, "return_to_office"))
    cases = _of_theme(world, theme, number)
    if free:
        cases += _of_theme(world, free, 1)
    batch = _sealed(world, world.batch(cases))
    world.describe(batch, final=final == "末批" and not words.endswith("不是末批"))
    return batch


def _of_theme(world: World, theme: str, count: int) -> list[int]:
    return [world.case(CaseState.PROVINCE_REVIEWED, world.content(theme=theme)) for _ in range(count)]


@given("其中一个案例的报送中心不再是通知面向的机构")
def _no_longer_eligible(world: World, batch: int) -> None:
    world.register("university", eligible=False)


# ---- what is tried ----


def _step(label: str) -> str:
    return next(one.name for one in BATCH.transitions if one.label.zh == label)


@when(parsers.re("(?P<who>[^“”]*)对批次办理“(?P<step>[^“”]*)”(?:，理由(?P<remark>.*))?"), target_fixture="attempt")
def _act(world: World, batch: int, who: str, step: str, remark: str | None) -> Result:
    words = REMARKS[remark] if remark else "理由"
    return tried(lambda: world.act_on_batch(batch, _step(step), by=WHO[who], remark=words))


@when(parsers.re("负责人把同一次“(?P<step>.*)”提交两遍"), target_fixture="attempts")
def _twice(world: World, batch: int, step: str) -> list[Result]:
    return [tried(lambda: world.act_on_batch(batch, _step(step), op="one form")) for _ in range(2)]


@when("受理人把批内第一个案例退回省级", target_fixture="attempt")
def _return_one(world: World, batch: int) -> Result:
    return tried(lambda: world.act(world.lines(batch)[0], "return_to_office"))


@when(parsers.re("(?P<who>.*)查看批次"), target_fixture="found")
def _look(world: World, batch: int, who: str) -> bool:
    with world.database.reading() as session:
        try:
            return batches.find(session, batch, seen_by=person(world, who)).id == batch
        except batches.NoSuchBatch:
            return False


# ---- what came of it ----


@then(parsers.re("批次状态为“(?P<state>.*)”"))
def _state(world: World, batch: int, state: str) -> None:
    assert world.state_of_batch(batch).label.zh == state


@then(parsers.re("批内案例状态都为“(?P<state>.*)”"))
def _states(world: World, batch: int, state: str) -> None:
    cases = world.ever_lines(batch)
    assert {world.state(case).label.zh for case in cases} == {state}


@then(parsers.re("批内第一个案例状态为“(?P<first>.*)”，其余都为“(?P<others>.*)”"))
def _first_and_others(world: World, batch: int, first: str, others: str) -> None:
    states = [world.state(case).label.zh for case in world.ever_lines(batch)]
    assert states == [first, *[others] * (len(states) - 1)]
    assert len(states) > 1


@then("指出是哪个案例的问题")
def _which(world: World, batch: int, attempt: Result) -> None:
    assert isinstance(attempt, Attempt)
    assert attempt.outcome is Outcome.REFUSED
    numbers = [world.row(case).number for case in world.lines(batch)]
    assert [finding.message.zh.partition("：")[0] for finding in attempt.findings] == numbers
