"""What the scores of a call come to, for those who decide: rankings beside each other, agreement, judges, and what if."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from statistics import fmean, pstdev

from sqlalchemy.orm import Session

from rules.call import BEIJING, Call
from rules.words import Text
from states.judgement import COUNTS
from states.reach import Actor
from workflow.documents import writing
from workflow.selection import judging, scoring
from workflow.selection.scoring import Given
from workflow.store import judging as stored

PLAIN = Text(
    "平均分：把一个案例得到的分数加起来除以人数，谁评得松、谁评得严都算进去了。",
    "Mean: a case's scores added up and divided by their number; who is lenient and who is harsh is all in it.",
)
CALIBRATED = Text(
    "校准分：先按同评的案例估出每位专家偏松还是偏严，再从分数里扣掉（最小二乘，de Gruijter 1984）。",
    "Calibrated: how lenient or harsh each judge is, is estimated from cases scored in common and taken off (least squares,"
    " de Gruijter 1984).",
)
UNCERTAIN = Text(
    "名次区间：分数的偶然出入重新抽取 {n} 次，十次有九次落在这个区间（残差自助法，种子固定，每次结果相同）。",
    "Places: the chance in the scores is drawn anew {n} times; nine times of ten the place falls within (residual bootstrap"
    " with a fixed seed, so the same each time).",
)
ALPHA = Text(
    "一致性 α：1 是完全一致，0 是和随便打分一样；Krippendorff 建议 0.8 以上才可靠，0.667 以下不宜下结论。",
    "Agreement α: 1 is full agreement, 0 is as by chance; Krippendorff relies on 0.8 and more, and draws no conclusion below"
    " 0.667.",
)
BINS = 10
DRAWS = scoring.RESAMPLES


@dataclass(frozen=True)
class Ranked:
    """One case. `low`, `high`: between which places it may stand; `moved`: places up without the judge who is left out."""

    case: stored.ToJudge
    scores: Sequence[float]
    mean: float
    calibrated: float
    plain_place: int
    place: int
    low: int
    high: int
    group: int
    moved: int = 0


@dataclass(frozen=True)
class OfJudge:
    """One judge: how many were scored, with which mean and spread, and how far above or below the others."""

    id: int
    name: str
    count: int
    mean: float
    spread: float
    leniency: float


@dataclass(frozen=True)
class Agreement:
    label: Text
    alpha: float | None


@dataclass(frozen=True)
class Results:
    """`groups`: how many groups of judges have no case in common; `changed`: cases that would win only with, or only without,
    the judge who is left out."""

    call: Call
    ranked: Sequence[Ranked]
    judges: Sequence[OfJudge]
    agreement: Sequence[Agreement]
    bins: Sequence[int]
    edges: Sequence[float]
    winners: int | None
    groups: int
    without: OfJudge | None
    changed: Sequence[Ranked]
    scored: int

    @property
    def tallest(self) -> int:
        return max(self.bins, default=0)


@lru_cache(maxsize=8)
def _intervals(given: tuple[Given, ...]) -> Mapping[int, tuple[int, int]]:
    return scoring.intervals(given)


def given_of(lines: Sequence[stored.Line], call: Call) -> list[Given]:
    """The scores that count, by the call's weights."""
    asked = judging.asked_by(call)
    return [
        Given(one.case_id, one.judge_id, total)
        for one in lines
        if one.state in COUNTS and (total := judging.weighted(one.scores, asked)) is not None
    ]


def of_call(session: Session, call: Call, actor: Actor, without: int | None = None) -> Results:
    """What the scores come to; `without`: as if that judge had scored nothing. Raises NoSuchJudgement, NoJudging."""
    judging.check_office(actor)
    lines = stored.of_call(session, call.number)
    everything = given_of(lines, call)
    given = [one for one in everything if one.judge != without]
    cases = {one.id: one for one in stored.cases_of_call(session, call.number)}
    names = {one.judge_id: one.judge for one in lines}
    usual = _ranked(everything, cases)
    ranked = _ranked(given, cases)
    winners = _winners(call, len({one.case for one in everything}))
    if without is not None:
        before = {one.case.id: one.place for one in usual}
        ranked = [_moved(one, before[one.case.id]) for one in ranked]
    judges = _judges(everything, names)
    edges = _edges(call)
    counting = [one for one in lines if one.state in COUNTS and one.judge_id != without]
    return Results(
        call,
        ranked,
        judges,
        _agreement(counting, given, call),
        _bins(given, edges),
        edges,
        winners,
        len({one.group for one in ranked}),
        next((one for one in judges if one.id == without), None),
        _changed(usual, ranked, winners) if without is not None else (),
        len(given),
    )


def _ranked(given: Sequence[Given], cases: Mapping[int, stored.ToJudge]) -> list[Ranked]:
    mean, fitted = scoring.means(given), scoring.fit(given)
    plain, places, between = scoring.ranks(mean), scoring.ranks(fitted.cases), _intervals(tuple(given))
    of_case: dict[int, list[float]] = defaultdict(list)
    for one in given:
        of_case[one.case].append(one.points)
    ranked = [
        Ranked(
            cases[case],
            of_case[case],
            mean[case],
            fitted.cases[case],
            plain[case],
            places[case],
            *between[case],
            fitted.groups[case],
        )
        for case in mean
        if case in cases
    ]
    return sorted(ranked, key=lambda one: (one.place, one.case.number))


def _moved(one: Ranked, before: int) -> Ranked:
    return Ranked(**{**one.__dict__, "moved": before - one.place})


def _winners(call: Call, judged: int) -> int | None:
    asked = judging.asked_by(call)
    if asked.winners is not None:
        return asked.winners
    return None if asked.winners_percent is None else judged * asked.winners_percent // 100


def _changed(usual: Sequence[Ranked], ranked: Sequence[Ranked], winners: int | None) -> list[Ranked]:
    if winners is None:
        return []
    before = {one.case.id for one in usual if one.place <= winners}
    return [one for one in ranked if (one.place <= winners) is not (one.case.id in before)]


def _judges(given: Sequence[Given], names: Mapping[int, str]) -> list[OfJudge]:
    leniency = scoring.fit(given).judges
    of_judge: dict[int, list[float]] = defaultdict(list)
    for one in given:
        of_judge[one.judge].append(one.points)
    made = [
        OfJudge(judge, names[judge], len(points), fmean(points), pstdev(points), leniency[judge])
        for judge, points in of_judge.items()
    ]
    return sorted(made, key=lambda one: (-one.leniency, one.name))


def _agreement(lines: Sequence[stored.Line], given: Sequence[Given], call: Call) -> list[Agreement]:
    units: dict[int, list[float]] = defaultdict(list)
    for one in given:
        units[one.case].append(one.points)
    found = [Agreement(Text("总分", "All together"), scoring.alpha(units.values()))]
    for criterion in judging.asked_by(call).criteria:
        by_case: dict[int, list[float]] = defaultdict(list)
        for line in lines:
            points = line.scores.get(criterion.id, {}).get("points")
            if points is not None:
                by_case[line.case_id].append(points)
        found.append(Agreement(criterion.label, scoring.alpha(by_case.values())))
    return found


def _edges(call: Call) -> list[float]:
    asked = judging.asked_by(call)
    return [asked.lowest + (asked.highest - asked.lowest) * at / BINS for at in range(BINS + 1)]


def _bins(given: Sequence[Given], edges: Sequence[float]) -> list[int]:
    bins = [0] * BINS
    for one in given:
        at = int((one.points - edges[0]) / (edges[-1] - edges[0]) * BINS)
        bins[min(BINS - 1, max(0, at))] += 1
    return bins


def sheet(session: Session, call: Call, actor: Actor, at: datetime) -> tuple[bytes, int]:
    """The rankings as a sheet, and how many cases it holds. Raises NoSuchJudgement."""
    found = of_call(session, call, actor)
    heads = [
        "校准名次",
        "名次区间",
        "平均名次",
        "案例编号",
        "案例名称",
        "中心",
        "省份",
        "平均分",
        "校准分",
        "人数",
        "各专家总分",
    ]
    rows = [
        [
            str(one.place),
            f"{one.low}–{one.high}",
            str(one.plain_place),
            one.case.number,
            one.case.title,
            one.case.centre,
            one.case.region,
            f"{one.mean:.2f}",
            f"{one.calibrated:.2f}",
            str(len(one.scores)),
            "、".join(f"{score:.1f}" for score in one.scores),
        ]
        for one in found.ranked
    ]
    notes = [
        ("平均分", PLAIN.zh),
        ("校准分", CALIBRATED.zh),
        ("名次区间", UNCERTAIN.fill(n=scoring.RESAMPLES).zh),
        ("一致性", ALPHA.zh),
        *((f"α {one.label.zh}", "–" if one.alpha is None else f"{one.alpha:.3f}") for one in found.agreement),
        *(
            (
                f"专家 {one.name}",
                f"评 {one.count} 件，平均 {one.mean:.1f}，比同评者{'高' if one.leniency >= 0 else '低'} {abs(one.leniency):.1f}",
            )
            for one in found.judges
        ),
        ("怎样选", "由国家局决定，系统不作决定。"),
        ("导出人", actor.name),
        ("导出时间（北京）", f"{at.astimezone(BEIJING):%Y-%m-%d %H:%M}"),
    ]
    return writing.text_table("评审结果", heads, rows, notes), len(rows)
