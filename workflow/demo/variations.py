"""Cases in any number, drawn by a seed from the sample texts: each has a party of its own, and none looks like another."""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from workflow.finding import similar
from workflow.register import REFERENCE

FARTHEST = 0.30
"""Resemblance from which a text is drawn anew: well under what counts as near (`similar.NEAR_FROM`)."""
LONGEST = 1350
"""Characters of a body: under the 1500 字 of 2021-205."""

_PRODUCTS = [
    "水泵",
    "阀门",
    "轴承",
    "减速器",
    "导热膜",
    "镜架",
    "茶机",
    "电池",
    "轮胎",
    "陶瓷",
    "竹编",
    "酱油",
    "花椒",
    "苹果醋",
    "亚麻",
    "羊绒",
    "中药饮片",
    "传感器",
    "机器人",
    "收割机",
    "注塑件",
    "灯具",
    "童车",
    "木雕",
    "青稞",
    "枸杞",
    "葡萄酒",
    "盐湖锂",
    "光伏板",
    "风机",
    "海带",
    "对虾",
    "珍珠",
    "刺绣",
    "宣纸",
    "砂锅",
    "电缆",
    "锁具",
    "拉链",
    "齿轮",
    "叶片",
    "涂料",
    "胶粘剂",
    "滤膜",
    "疫苗瓶",
    "内窥镜",
    "助听器",
    "义齿",
    "乐器",
    "无人机",
    "大闸蟹",
    "菌菇",
    "马铃薯",
    "油茶",
    "咖啡",
    "橡胶",
    "甘蔗",
    "剑麻",
    "石墨",
    "钛材",
    "铝箔",
]
_BRANDS = [
    "清源",
    "明德",
    "恒信",
    "云岭",
    "长风",
    "启明",
    "四方",
    "金穗",
    "安泰",
    "宏图",
    "新锐",
    "华泰",
    "百川",
    "远航",
    "晨光",
    "卓越",
    "鼎盛",
    "蓝天",
    "绿野",
    "同心",
    "瑞丰",
    "天工",
    "精诚",
    "博雅",
    "开元",
    "和顺",
    "春晖",
    "鸿运",
    "嘉禾",
    "盛世",
    "东方",
    "北辰",
    "南山",
    "西岭",
    "中兴",
    "永固",
    "大成",
    "立新",
    "致远",
    "行健",
]
_TITLES = (
    "{place}{product}厂的专利体检",
    "一份检索报告，让{product}少走弯路",
    "{product}出海之前",
    "从{product}到{product}联盟：握指成拳",
    "把专利课堂开到{product}车间",
    "沉睡的{product}专利醒来以后",
    "{product}配方里的秘密该怎么守",
    "为{place}{product}产业装上罗盘",
    "{product}团队的第四位导师",
    "两件专利换来的{product}订单",
    "用数据说话：一家{product}小厂的突围",
    "{place}{product}的共享专题库",
    "给{product}补上一堂商标课",
    "失效专利里的{product}新路",
    "三天初诊：{product}遇到警告函",
    "一张地图看清{product}",
)
_PARTIES = {
    "smes": "{place}示例{brand}{product}有限公司",
    "research_teams": "{place}示例大学{product}{brand}团队",
    "government": "{place}示例{brand}市{product}产业主管部门",
    "public": "{place}示例{brand}镇{product}从业者群体",
    "industry": "{place}示例{brand}{product}产业知识产权联盟",
    "transfer": "{place}示例{brand}{product}合作社",
    "other": "{place}示例{brand}{product}服务站",
}
_NUMERAL = re.compile("[二三四五六七八九](?=[十百千万])")


@dataclass
class Pool:
    """What is drawn from: the paragraphs of all samples, section by section. `some`: seeded, so every draw is repeatable."""

    some: random.Random
    samples: Sequence[Mapping[str, Any]] = field(default_factory=lambda: tuple(_samples()))
    _known: list[bytes] = field(default_factory=list)
    _parties: set[str] = field(default_factory=set)

    def draw(self, *, place: str, theme: str, host_unit: str, last: date) -> dict[str, Any]:
        """What the demo's file says of a case: title, served party, service, sections, abstract. `last`: its last day at most."""
        recipient, product = self._party(place, theme)
        sections = self._sections(recipient, host_unit)
        begin = date(2020, self.some.randint(1, 9), 1)
        title = self.some.choice(_TITLES).format(place=place, product=product)
        return {
            "theme": theme,
            "title": title,
            "recipient": recipient,
            "service_from": begin,
            "service_to": min(last, date(2021, self.some.randint(1, 5), 1)),
            "abstract": f"{recipient}在创新中遇到难题，中心{self.some.choice(_DID)}，{self.some.choice(_CAME)}。",
            "sections": sections,
        }

    def _party(self, place: str, theme: str) -> tuple[str, str]:
        while True:
            product = self.some.choice(_PRODUCTS)
            name = _PARTIES[theme].format(place=place, brand=self.some.choice(_BRANDS), product=product)
            if name not in self._parties:
                self._parties.add(name)
                return name, product

    def _sections(self, recipient: str, host_unit: str) -> dict[str, str]:
        """Sections that resemble those of no case drawn before."""
        while True:
            sections = self._shuffled(recipient, host_unit)
            body = "\n".join(sections.values())
            mine = similar.signature(body)
            if len(body) <= LONGEST and all(similar.resemblance(mine, one) < FARTHEST for one in self._known):
                self._known.append(mine)
                return sections

    def _shuffled(self, recipient: str, host_unit: str) -> dict[str, str]:
        begun = self.some.choice(self.samples)
        chosen: dict[str, list[tuple[Mapping[str, Any], str]]] = {
            "recipient": [(begun, one) for one in begun["sections"]["recipient"].splitlines()]
        }
        for section, at_least, at_most in (("service", 3, 4), ("effect", 2, 3), ("lessons", 1, 1)):
            every = [
                (sample, one) for sample in self.samples for one in sample["sections"].get(section, "").splitlines()
            ]
            chosen[section] = self.some.sample(every, self.some.randint(at_least, at_most))
        return {
            section: "\n".join(self._own(one, sample, recipient, host_unit) for sample, one in paragraphs)
            for section, paragraphs in chosen.items()
        }

    def _own(self, paragraph: str, sample: Mapping[str, Any], recipient: str, host_unit: str) -> str:
        """A paragraph told of another party and centre, with other figures."""
        told = paragraph.replace(sample["recipient"], recipient)
        if sample["host_unit"]:
            told = told.replace(sample["host_unit"], host_unit)
        return _NUMERAL.sub(lambda found: self.some.choice("二三四五六七八九"), told)


_DID = ("开展专利导航", "逐件检索比对", "派人驻厂诊断", "建立专题数据库", "组织专家会诊", "陪同布局申请")
_CAME = (
    "产品按期上市，订单明显增加",
    "化解侵权风险并改进了产品",
    "多件专利获得授权并许可实施",
    "带动同行共用信息、减少重复研发",
    "从业者学会了自己查专利",
)


def _samples() -> Iterator[dict[str, Any]]:
    """The texts of the sample papers and of the smaller demo, those that are whole."""
    given = tomllib.loads((REFERENCE / "samples.toml").read_text("utf-8"))
    yield from given.values()
    told = tomllib.loads((REFERENCE / "demo.toml").read_text("utf-8"))["cases"]
    for one in told.values():
        if "like" not in one and "lessons" in one["sections"]:
            sections = {name: words.strip() for name, words in one["sections"].items()}
            yield {"recipient": one["recipient"], "host_unit": "", "sections": sections}
