"""How many cases there must and may be: the quotas that a call writes out, beside its plain minima."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rules.call import Call, Over, Per, Quota, TwoRoles, roles_of
from rules.facts import BatchFacts, CaseFacts, CentreCount, Tally
from rules.roles import Role
from rules.rule import Breach, Subject, rule
from rules.words import Text


@rule(
    zh="报送数量不足：{short}。请增补案例；本阶段的数量也可由国家局主管核准豁免。",
    en="Too few cases: {short}. Add cases; the director can waive a number of this phase.",
    lifted_by=(Role.REVIEWER, Role.DIRECTOR),
)
def quotas_reached(batch: BatchFacts) -> Breach | None:
    """各项最少数都已达到；累计的最少数只在末批核对。"""
    return _breach(list(_short(batch)))


@rule(
    zh="报送数量超出：{short}。请把多出的案例移出本批。",
    en="Too many cases: {short}. Take the surplus out of this batch.",
    lifted_by=Role.REVIEWER,
)
def quotas_not_exceeded(facts: BatchFacts | CaseFacts) -> Breach | None:
    """各项数量都没有超过通知规定的最多数，先前已报送的一并计算。"""
    if isinstance(facts, BatchFacts):
        return _breach(_over(facts, facts.centres))
    if facts.phase is None:
        return None  # it has no time, which another rule says
    own = CentreCount(facts.centre.id, facts.centre.name, 0, facts.centre.kind)
    wrong = _over(facts, [own])
    if not wrong:
        return None
    listed = _listed(wrong)
    say = Text(
        f"连同这一个，报送数量超出：{listed.zh}。要报这一个，须先由国家局退回已报的一个。",
        f"With this one there are too many cases: {listed.en}. To report it, the national office must first turn one back.",
    )
    return Breach(short=listed, say=say, lifted_by=(Role.DESK,))


Wrong = tuple[Quota, CentreCount | None, int]


def _over(facts: BatchFacts | CaseFacts, centres: Iterable[CentreCount]) -> list[Wrong]:
    """The quotas of which there are too many, each with its unit and how many."""
    phase = facts.phase.id if facts.phase else ""
    return [
        (one, unit, count)
        for one in facts.call.quotas
        if one.maximum is not None and _in_phases(one, phase)
        for unit, count in _by_unit(one, facts.call, phase, centres, facts.tally)
        if count > one.maximum * _times(unit, facts.call)
    ]


def _short(batch: BatchFacts) -> Iterator[Wrong]:
    for one in batch.call.quotas:
        if one.minimum is None or not _minimum_is_asked(one, batch):
            continue
        for unit, count in _counted(one, batch):
            addressed = unit is None or batch.call.addresses(unit.kind)
            if addressed and count < one.minimum * _times(unit, batch.call):
                yield one, unit, count


def _minimum_is_asked(quota: Quota, batch: BatchFacts) -> bool:
    """Over all phases it is asked of the last batch, also where its own phases are earlier ones; else unless waived."""
    if quota.over is Over.CALL:
        return batch.final and batch.phase.id == batch.call.last_phase.id
    return _in_phases(quota, batch.phase.id) and not batch.waived


def _in_phases(quota: Quota, phase: str) -> bool:
    return not quota.phases or phase in quota.phases


def _breach(wrong: list[Wrong]) -> Breach | None:
    if not wrong:
        return None
    about = tuple(
        Subject(f"{one.id}/{unit.centre}" if unit else one.id, unit.name if unit else one.id) for one, unit, _ in wrong
    )
    return Breach(short=_listed(wrong), about=about, mend="lines")


def _listed(wrong: list[Wrong]) -> Text:
    said = [quota_words(one).fill(unit=f"{unit.name} " if unit else "", count=count) for one, unit, count in wrong]
    return Text("；".join(one.zh for one in said), "; ".join(one.en for one in said))


def quota_words(quota: Quota) -> Text:
    """What a quota asks, with {unit} and {count} left to be filled in."""
    bounds = [
        Text(words.zh, words.en).fill(n=number)
        for number, words in (
            (quota.minimum, Text("不少于 {n} 个", "at least {n}")),
            (quota.maximum, Text("不超过 {n} 个", "at most {n}")),
        )
        if number is not None
    ]
    asked = Text("、".join(one.zh for one in bounds), " and ".join(one.en for one in bounds))
    return Text(
        f"{quota.per.label.zh}{quota.over.label.zh}{asked.zh}，{{unit}}现有 {{count}} 个",
        f"{quota.per.label.en} {quota.over.label.en}: {asked.en}; {{unit}}has {{count}}",
    )


def _counted(quota: Quota, batch: BatchFacts) -> Iterator[tuple[CentreCount | None, int]]:
    return _by_unit(quota, batch.call, batch.phase.id, batch.centres, batch.tally)


def _by_unit(
    quota: Quota, call: Call, phase: str, centres: Iterable[CentreCount], tally: Iterable[Tally]
) -> Iterator[tuple[CentreCount | None, int]]:
    """Each unit that a quota is about (None: the office) with the number of its cases that count."""
    lines = [one for one in tally if _counts(quota, one, phase, call.two_roles)]
    if quota.per is Per.OFFICE:
        yield None, _sum(lines)
        return
    for centre in centres:
        if concerns(quota, centre.kind, call.two_roles):
            yield centre, _sum(one for one in lines if one.centre == centre.centre)


@dataclass(frozen=True)
class Outlook:
    """How a quota stands for a unit (None: the office) in a phase. `count`: cases reported; `coming`: those on their way.

    `lacks`: how many must still be reported; `room`: how many more may be, None where nothing bounds them.
    """

    quota: Quota
    unit: CentreCount | None
    count: int
    coming: int
    lacks: int
    room: int | None

    @property
    def words(self) -> Text:
        """What the quota asks, and how many there are."""
        return quota_words(self.quota).fill(unit=f"{self.unit.name} " if self.unit else "", count=self.count)


def outlook(
    call: Call, phase: str, centres: Sequence[CentreCount], reported: Sequence[Tally], coming: Sequence[Tally]
) -> list[Outlook]:
    """How each quota that is asked in a phase stands for the office, and for each centre that the call addresses."""
    found = []
    for quota in call.quotas:
        if not _in_phases(quota, phase):
            continue
        counted = _by_unit(quota, call, phase, centres, reported)
        on_their_way = (number for _, number in _by_unit(quota, call, phase, centres, coming))
        for (unit, count), more in zip(counted, on_their_way, strict=True):
            if unit is not None and not call.addresses(unit.kind):
                continue
            times = _times(unit, call)
            room = None if quota.maximum is None else max(0, quota.maximum * times - count)
            found.append(Outlook(quota, unit, count, more, max(0, (quota.minimum or 0) * times - count), room))
    return found


def concerns(quota: Quota, kind: str, two_roles: TwoRoles) -> bool:
    """Whether a quota is about centres of a kind."""
    kinds = _kinds(kind, two_roles)
    return not kinds & set(quota.exempt_kinds) and (not quota.kinds or bool(kinds & set(quota.kinds)))


def _counts(quota: Quota, line: Tally, phase: str, two_roles: TwoRoles) -> bool:
    """Whether cases of a phase, centre and theme count towards a quota, asked for in a phase."""
    if not _in_phases(quota, line.phase) or (quota.over is Over.PHASE and line.phase != phase):
        return False
    if quota.themes and line.theme not in quota.themes:
        return False
    return line.theme not in quota.exempt_themes and concerns(quota, line.kind, two_roles)


def _kinds(kind: str, two_roles: TwoRoles) -> frozenset[str]:
    """As what a centre counts: one of both kinds, where the call counts each role, is of either besides."""
    both = kind == "both" and two_roles is TwoRoles.EACH
    return frozenset({kind, "tisc", "university"} if both else {kind})


def _times(unit: CentreCount | None, call: Call) -> int:
    return roles_of(unit.kind, call.two_roles) if unit else 1


def _sum(lines: Iterable[Tally]) -> int:
    return sum(one.count for one in lines)


# ---- quotas against each other ---------------------------------------------------------------------------------------


def contradictions(call: Call) -> list[tuple[Quota, Quota]]:
    """(A, B) where A's minimum is above B's maximum, and whatever counts towards A counts towards B."""
    return [
        (least, most)
        for least in call.quotas
        for most in call.quotas
        if least.minimum is not None
        and most.maximum is not None
        and least.minimum > most.maximum
        and least.per is most.per
        and _held_by(least, most, call)
    ]


def _held_by(part: Quota, whole: Quota, call: Call) -> bool:
    """Whether all cases of one quota are of another one too, where both are asked."""
    kinds, all_kinds = (_kinds_of(one, call) for one in (part, whole))
    themes, all_themes = (_themes_of(one, call) for one in (part, whole))
    phases, all_phases = ({one.id for one in call.phases if _in_phases(quota, one.id)} for quota in (part, whole))
    together = phases <= all_phases and whole.over is Over.CALL if part.over is Over.CALL else bool(phases & all_phases)
    return kinds <= all_kinds and themes <= all_themes and together


def _kinds_of(quota: Quota, call: Call) -> set[str]:
    return {kind for kind in call.centre_kinds if concerns(quota, kind, call.two_roles)}


def _themes_of(quota: Quota, call: Call) -> set[str]:
    return set(quota.themes or call.themes) - set(quota.exempt_themes)
