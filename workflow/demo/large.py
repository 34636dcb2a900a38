"""A call at the size of 2021: 240 cases from 98 centres in 32 offices, each written, sealed, reviewed, sent and received.

Every step goes through the verbs, so trail, seals and batches are what they would be. What is drawn is drawn by a seed:
the same call each time. On the day a visitor finds, everything has been received and nothing has been judged.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from rules.call import BEIJING
from workflow.demo.stage import Stage
from workflow.demo.variations import Pool

SEED = 2021
TODAY = date(2021, 7, 5)
CENTRES = 98
CASES = 240
PACE = timedelta(seconds=20)
SHORT = "XZ"
"""The office that sends one case in the second phase, with the director's waiver."""
LATE = "HL"
"""The office that is given three more days in the second phase."""

_ENDINGS = (
    ("示例大学", "示例大学知识产权信息服务中心", "高校"),
    ("示例科学技术情报研究所", "示例科学技术情报研究所技术与创新支持中心", "TISC"),
    ("示例理工大学", "示例理工大学知识产权信息服务中心", "高校"),
    ("示例知识产权保护中心", "示例知识产权保护中心", "TISC"),
)
_SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏水窦章云苏潘葛奚范彭郎"
_GIVEN = [
    "文静",
    "志远",
    "晓棠",
    "怀安",
    "慎之",
    "若水",
    "思齐",
    "守信",
    "明远",
    "书屿",
    "可心",
    "海宁",
    "维桢",
    "知微",
    "清源",
    "景行",
    "东升",
    "长河",
    "书平",
    "文博",
    "方正",
    "同章",
]
_JUDGES = (
    ("远山知识产权研究院", "北京市", "smes transfer", "zh en"),
    ("远江政法学院", "上海市", "smes government", "zh en"),
    ("远湖理工学院", "湖北省", "smes research_teams", "zh"),
    ("远岭科技情报学会", "广东省", "smes industry", "zh en"),
    ("远川科技评估院", "四川省", "smes transfer research_teams", "zh"),
    ("远原工业设计院", "辽宁省", "industry smes", "zh"),
    ("远关发明协会", "陕西省", "smes public", "zh"),
    ("远海专利代理人协会", "江苏省", "smes industry transfer", "zh en"),
    ("远泉大众科普馆", "山东省", "public smes", "zh"),
    ("远滩创业孵化联盟", "浙江省", "smes government", "zh"),
    ("远桥公共政策研究所", "天津市", "government public", "zh en"),
    ("远林农业科学院", "黑龙江省", "research_teams smes", "zh"),
)
"""What the desk knows of each judge: institution, province, themes, languages."""
_MOST = 80
"""Cases that a judge takes at one time: 240 × 3 among twelve are sixty each."""
_NATIONAL = ("administrator", "director", "desk", "editor", "translator", "checker", "liaison", "auditor")
_OPEN = {"first": date(2021, 3, 13), "second": date(2021, 4, 12)}
_WRITE = {"first": 4, "second": 50}
"""Days over which drafts are begun."""
_BY = {"first": date(2021, 3, 24), "second": date(2021, 6, 22)}
"""The day on which offices begin to send."""


@dataclass(frozen=True)
class Planned:
    """A case that will be written: where, in which phase, on what."""

    key: str
    office: str
    centre: str
    phase: str
    text: Mapping[str, Any]


@dataclass
class Script:
    """What the call is made of before anything happens. `offices`: the register's rows."""

    offices: Sequence[Mapping[str, str]]
    some: random.Random = field(default_factory=lambda: random.Random(SEED))
    centres: list[dict[str, str]] = field(init=False)
    people: dict[str, dict[str, Any]] = field(init=False)
    cases: list[Planned] = field(init=False)

    def __post_init__(self) -> None:
        self.centres = self._centres()
        self.people = self._people()
        self.cases = self._cases()

    @property
    def texts(self) -> dict[str, dict[str, Any]]:
        return {one.key: {**one.text, "phase": one.phase, "centre": one.centre} for one in self.cases}

    def _centres(self) -> list[dict[str, str]]:
        """Three in each office, and one more in the first few."""
        made = [
            {"name": f"{_place(office)}{name}", "host_unit": f"{_place(office)}{unit}", "kind": kind}
            | {"office": office["addressee"]}
            for unit, name, kind in _ENDINGS
            for office in self.offices
        ]
        return made[:CENTRES]

    def _people(self) -> dict[str, dict[str, Any]]:
        """The national office's as in the smaller demo, the judges, and two in each office and centre."""
        cast: dict[str, dict[str, Any]] = {role: {"name": self._name(), "role": role} for role in _NATIONAL}
        for number, known in enumerate(_JUDGES, 1):
            login = "judge" if number == 1 else f"judge{number:02}"
            cast[login] = {"name": self._name(), "role": "judge", "judges": _profile(*known)}
        for number, office in enumerate(self.offices):
            for role in ("reviewer", "leader"):
                login = role if number == 0 else f"{role}_{office['code'].lower()}"
                cast[login] = {"name": self._name(), "role": role, "unit": office["addressee"]}
        for number, centre in enumerate(self.centres, 1):
            for role in ("author", "sealer"):
                login = role if number == 1 else f"{role}{number:02}"
                cast[login] = {"name": self._name(), "role": role, "unit": centre["name"]}
        # A proof is signed by two. Not drawn: a name more would change all that is drawn after it.
        cast["editor2"] = {"name": "陆问渠", "role": "editor"}
        return cast

    def _name(self) -> str:
        return self.some.choice(_SURNAMES) + self.some.choice(_GIVEN)

    def _cases(self) -> list[Planned]:
        pool, themes = Pool(self.some), ("smes", "research_teams", "government", "public", "industry", "transfer")
        office_of = {one["addressee"]: one for one in self.offices}
        made: list[Planned] = []
        for centre, sends in zip(self.centres, self._numbers(), strict=True):
            office = office_of[centre["office"]]
            for number in range(sends):
                phase = self._phase(office, centre, number, sends)
                theme = "smes" if phase == "first" else self.some.choice(themes)
                text = pool.draw(place=_place(office), theme=theme, host_unit=centre["host_unit"], last=_OPEN[phase])
                text |= {
                    "contact": self._name(),
                    "phone": f"138{len(made):08}",
                    "email": f"case{len(made)}@example.com",
                }
                made.append(Planned(f"case{len(made) + 1:03}", office["code"], centre["name"], phase, text))
        return made

    def _numbers(self) -> list[int]:
        """How many cases each centre sends: ten, in ten offices, send one, 34 two and 54 three."""
        rest = [2] * 34 + [3] * 54
        self.some.shuffle(rest)
        return [*rest[:69], *[1] * 10, *rest[69:]]

    def _phase(self, office: Mapping[str, str], centre: Mapping[str, str], number: int, of: int) -> str:
        if office["code"] == SHORT:
            return "second" if number == 0 and centre is self._first_of(office) else "first"
        if of == 1 or number == 1:
            return "second"
        return "first" if number == 0 else self.some.choice(("first", "second"))

    def _first_of(self, office: Mapping[str, str]) -> Mapping[str, str]:
        return next(one for one in self.centres if one["office"] == office["addressee"])


def _profile(institution: str, region: str, themes: str, languages: str) -> dict[str, Any]:
    known = {"institution": institution, "region": region, "most": _MOST}
    return {**known, "themes": themes.split(), "languages": languages.split()}


def _place(office: Mapping[str, str]) -> str:
    """What a province is called for short."""
    region = office["region"]
    return {"内蒙古自治区": "内蒙古", "新疆生产建设兵团": "兵团"}.get(region) or region[
        : 3 if region[:2] == "黑龙" else 2
    ]


Step = tuple[datetime, int, Callable[[], None]]


@dataclass
class Telling:
    """The steps of a call, each with its moment, taken in the order of time."""

    stage: Stage
    script: Script
    steps: list[Step] = field(default_factory=list)

    def at(self, moment: datetime, step: Callable[[], None]) -> None:
        self.steps.append((moment, len(self.steps), step))

    def tell(self) -> None:
        """Take every step. Raises Unexpected where one comes out otherwise than it is told."""
        for phase in ("first", "second"):
            self._phase(phase)
        self._grants()
        for moment, _, step in sorted(self.steps, key=lambda one: one[:2]):
            self.stage.no_earlier(moment)
            step()

    def _grants(self) -> None:
        addressee = {one["code"]: one["addressee"] for one in self.script.offices}
        demo, short, late = self.stage, addressee[SHORT], addressee[LATE]
        self.at(_moment(date(2021, 6, 15), 10), lambda: demo.waive("second", short, "机构较少，第一阶段已多报。"))
        new_day = date(2021, 6, 28)
        self.at(_moment(date(2021, 6, 18), 10), lambda: demo.extend("second", late, new_day, "当地汛情，延期三天。"))

    def _phase(self, phase: str) -> None:
        some = self.script.some
        by_office: dict[str, list[Planned]] = defaultdict(list)
        for one in self.script.cases:
            if one.phase == phase:
                by_office[one.office].append(one)
        for code, many in by_office.items():
            for one in many:
                self._case(one, some)
            self._batch(f"{code}-{phase}", many, phase, some)

    def _case(self, one: Planned, some: random.Random) -> None:
        """Written, stamped and reviewed within the phase; one of twelve is refused or returned on its way and mended."""
        demo, key = self.stage, one.key
        day = _OPEN[one.phase] + timedelta(days=some.randrange(_WRITE[one.phase]))
        stamped = day + timedelta(days=some.randint(1, 3))
        chance = some.random()
        self.at(_moment(day, some.randint(8, 18)), lambda: demo.draft(key))
        hour = some.randint(8, 13)
        if chance < 0.04:
            self.at(_moment(stamped, hour), lambda: self._too_long(key))
        elif chance < 0.08:
            self.at(_moment(stamped, hour), lambda: self._other_seal(key))
        self.at(_moment(stamped, hour + 2), lambda: demo.stamp(key))
        reviewed = stamped + timedelta(days=some.randint(1, 3 if one.phase == "first" else 9))
        if 0.08 <= chance < 0.12:
            self.at(
                _moment(reviewed, 9), lambda: demo.act(key, "return_to_centre", "成效部分请补充统计口径和起止时间。")
            )
            self.at(_moment(reviewed, 14), lambda: self._mended(key))
            self.at(_moment(reviewed, 16), lambda: demo.act(key, "review"))
        else:
            self.at(_moment(reviewed, some.randint(8, 17)), lambda: demo.act(key, "review"))

    def _too_long(self, key: str) -> None:
        content = self.stage.content(key)
        longer = "\n".join([content.sections["service"], *["以下为服务日志摘录，请编辑时删去。" * 90]])
        self.stage.edit(key, content.changed(sections={**content.sections, "service": longer}))
        self.stage.seal(key)
        self.stage.refused(key, "stamp", "length_within_limit")
        self.stage.edit(key)

    def _other_seal(self, key: str) -> None:
        self.stage.seal(key, "示例市市场监督管理局")
        self.stage.refused(key, "stamp", "seal_names_the_unit")

    def _mended(self, key: str) -> None:
        content = self.stage.content(key)
        effect = f"{content.sections['effect']}\n以上数字的统计口径为服务期内。"
        self.stage.edit(key, content.changed(sections={**content.sections, "effect": effect}))
        self.stage.stamp(key)

    def _batch(self, batch: str, many: Sequence[Planned], phase: str, some: random.Random) -> None:
        demo = self.stage
        code = many[0].office
        sent = _BY[phase] + timedelta(days=5 if code == LATE and phase == "second" else some.randrange(3))
        received = sent + timedelta(days=some.randint(1, 6))
        self.at(_moment(sent, 9), lambda: demo.collect(batch, *[one.key for one in many]))
        if phase == "second":
            self.at(_moment(sent, 10), lambda: self._last(batch, code))
        self.at(_moment(sent, 11), lambda: demo.seal_batch(batch))
        self.at(_moment(sent, 14), lambda: demo.act_on_batch(batch, "send"))
        self.at(_moment(received, some.randint(9, 17)), lambda: demo.act_on_batch(batch, "receive"))

    def _last(self, batch: str, code: str) -> None:
        """The office's last batch, with a reason for each centre that sends one case."""
        demo = self.stage
        office = next(one for one in self.script.offices if one["code"] == code)
        sent: dict[str, int] = defaultdict(int)
        for one in self.script.cases:
            sent[one.centre] += 1
        short = [name for name, count in sent.items() if count < demo.call.minimum_per_centre]
        own = [one["name"] for one in self.script.centres if one["office"] == office["addressee"]]
        reasons = {
            f"centre_reports_enough:{demo.centres[name]}": "该中心新近备案，服务案例尚在积累。"
            for name in short
            if name in own
        }
        demo.call_last(batch, reasons)


def _moment(day: date, hour: int) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=BEIJING)


def tell(stage: Stage, script: Script) -> None:
    """All of the call, from the first draft to the last batch received."""
    Telling(stage, script).tell()
