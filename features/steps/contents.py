"""Cases as centres write them: what is right, what is missing, what is one character too long."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

from pytest_bdd import given, parsers

from features.asked import elsewhere, for_others, offered
from rules.call import ATTACHMENT_FORMATS, Call, Paper
from rules.facts import Attachment
from tests.make import attachment
from tests.worlds import World, prose
from workflow.content import DERIVED, Content

DAY = timedelta(days=1)


def _sealed(world: World, content: Content) -> int:
    case = world.draft(content)
    world.seal(case)
    return case


@given("一份符合要求的案例", target_fixture="case")
def _fine(world: World) -> int:
    return _sealed(world, world.content())


@given("一份已写好但还没有盖章的案例", target_fixture="case")
def _unsealed(world: World) -> int:
    return world.draft()


@given(parsers.re("一份服务(?P<words>在.*|恰好.*|时间.*)的案例"), target_fixture="case")
def _served(world: World, words: str) -> int:
    first = world.call.service_from
    last = world.call.eligible.service_to or first + 60 * DAY
    begin, end = {
        "在规定范围之内": (first + 30 * DAY, last - DAY),
        "恰好在起始日当天结束": (first - 30 * DAY, first),
        "在起始日前一天结束": (first - 30 * DAY, first - DAY),
        "恰好在截止日当天开始": (last, last + 30 * DAY),
        "在截止日次日开始": (last + DAY, last + 30 * DAY),
        "时间没有填写": (None, None),
    }[words]
    return _sealed(world, world.content(service_from=begin, service_to=end))


@given(parsers.re("一份服务对象(?P<words>.*)的案例"), target_fixture="case")
def _recipient(world: World, words: str) -> int:
    names = {"写明了名称": "示例新材料有限公司", "只写了一个字": "厂", "没有填写": "", "只打了空格": " 　"}
    return _sealed(world, world.content(recipient=names[words]))


@given(parsers.re("一份(?P<words>各部分都已写好|没有写.+|最后一个必写.+)的案例"), target_fixture="case")
def _sections(world: World, words: str) -> int:
    content = world.content()
    required = [part.id for part in world.call.sections if part.required]
    optional = [part.id for part in world.call.sections if not part.required]
    if words == "没有写标题":
        return _sealed(world, content.changed(title=""))
    empty = {
        "各部分都已写好": {},
        "没有写第一部分": {required[0]: ""},
        "最后一个必写的部分只打了空格": {required[-1]: " \n　"},
        "没有写选写的部分": dict.fromkeys(optional, ""),
    }[words]
    return _sealed(world, content.changed(sections={**content.sections, **empty}))


@given(parsers.re("一份正文篇幅为(?P<words>.*)的案例"), target_fixture="case")
def _length(world: World, words: str) -> int:
    limits = world.call.length
    maximum, minimum = limits.maximum or 0, limits.minimum or 0
    length = {
        "上限少一字": maximum - 1,
        "上限": maximum,
        "上限之外另加一对引号": maximum,
        "上限多一字": maximum + 1,
        "下限": minimum,
        "下限少一字": minimum - 1,
    }[words]
    content = world.content(length=length)
    if "引号" in words:
        [name, text, *_] = next(iter(content.sections.items()))
        content = content.changed(sections={**content.sections, name: f"“{text}”"})
    return _sealed(world, content)


@given(parsers.re("一份有限定的部分篇幅为(?P<words>.*)的案例"), target_fixture="case")
def _part(world: World, words: str) -> int:
    """One part at its bound; the others as they were, so that the whole stays within its own limits."""
    upper = "上限" in words
    part = next(one for one in world.call.sections if (one.maximum if upper else one.minimum))
    bound = (part.maximum if upper else part.minimum) or 0
    length = bound + {"多一字": 1, "少一字": -1}.get(words.removeprefix("上限").removeprefix("下限"), 0)
    content = world.content()
    return _sealed(world, content.changed(sections={**content.sections, part.id: prose(random.Random(length), length)}))


@given(parsers.re("一份配图(?P<words>.*)的案例"), target_fixture="case")
def _pictures(world: World, words: str) -> int:
    paper = world.call.paper("case")
    assert paper is not None
    assert paper.pictures is not None
    least, most = paper.pictures.minimum, paper.pictures.maximum or 0
    case = _sealed(world, world.content())
    world.put_pictures(case, {"恰好最少的幅数": least, "恰好最多的幅数": most, "比最多多一幅": most + 1}[words])
    return case


@given(parsers.re("一份附件(?P<words>.*)的案例"), target_fixture="case")
def _attachments(world: World, words: str) -> int:
    asked = world.call.attachments
    if "上限" in words:
        paper = next(one for one in asked if one.largest)
        size = (paper.largest or 0) * 1024 * 1024 + ("超过" in words)
        return _attached(world, paper, attachment(paper, size=size))
    if words in ("缺一种必交的", "只缺可以不交的"):
        left = [one for one in asked if one.required is (words == "只缺可以不交的")]
        return _sealed(world, world.content(attachments=tuple(attachment(one) for one in left)))
    paper = asked[0]
    files = {
        "按要求交齐": [attachment(paper)] * paper.most,
        "比要求的多一个文件": [attachment(paper)] * (paper.most + 1),
        "有一个格式不对": [
            attachment(paper, format=next(one for one in ATTACHMENT_FORMATS if one not in paper.formats))
        ],
    }[words]
    return _attached(world, paper, *files)


def _attached(world: World, paper: Paper, *files: Attachment) -> int:
    """These files for one paper; what else is a must is there as it should be."""
    content = world.content()
    others = tuple(one for one in content.attachments if one.paper != paper.id)
    return _sealed(world, content.changed(attachments=(*others, *files)))


@given(parsers.re("一份荣誉栏(?P<words>.*)的案例"), target_fixture="case")
def _honours(world: World, words: str) -> int:
    eligible = world.call.eligible
    excluded = eligible.excluded_honours[-1].zh
    written = {
        "没有填写": "",
        "写了别的荣誉": "某项别的荣誉",
        "写了所排除的荣誉": excluded,
        "写了所排除的荣誉和别的话": f"某年曾获 {excluded[:1]} {excluded[1:]} 一次",
    }[words]
    content = world.content()
    return _sealed(world, content.changed(form={**content.form, eligible.honours_field: written}))


@given(parsers.re("一份主题(?P<words>.*)的案例"), target_fixture="case")
def _theme(world: World, words: str) -> int:
    if words.startswith("由中心自拟"):
        return _own_theme(world, named="写出名称" in words)
    here = offered(world.call)
    theme = {
        "是本阶段征集的第一个主题": here[:1],
        "是本阶段征集的最后一个主题": here[-1:],
        "是其他阶段才征集的主题": elsewhere(world.call),
        "是本阶段只向别类机构征集的主题": for_others(world.call),
        "还没有选择": [""],
    }[words][0]
    return _sealed(world, world.content(theme=theme, theme_name="写出的主题" if _own(world.call, theme) else ""))


def _own_theme(world: World, *, named: bool) -> int:
    call = world.call
    phase, theme = next(
        (phase, theme)
        for phase in call.phases
        for theme in call.themes_of(phase, call.centre_kinds[0])
        if _own(call, theme)
    )
    world.in_phase(phase)
    return _sealed(world, world.content(theme=theme, theme_name="自拟的主题" if named else ""))


def _own(call: Call, theme: str) -> bool:
    return theme in call.themes and call.themes[theme].needs_name


@given(parsers.re("一份报送表(?P<words>各项.*|选填.*|有一.*)的案例"), target_fixture="case")
def _form(world: World, words: str) -> int:
    content = world.content()
    own = [one for one in world.call.report_form if one.name not in DERIVED]
    limited = next(one for one in world.call.report_form if one.limit is not None)
    full = "字" * (limited.limit or 0)
    changes = {
        "各项都已填好": {},
        "选填的项目没有填": {one.name: "" for one in own if not one.required},
        "有一项恰好写满限定的字数": {limited.name: full},
        "有一项比限定的字数多一字": {limited.name: full + "字"},
        "有一个必填项没有填": {next(one.name for one in own if one.required): ""},
    }[words]
    derived = {name: value for name, value in changes.items() if name in DERIVED}
    return _sealed(world, content.changed(form={**content.form, **changes}, **derived))


def _alike(call: Call) -> str:
    """The last kind of centre that may choose the same themes as the first."""
    return [kind for kind in call.centre_kinds if call.themes_of(call.phases[0], kind) == offered(call)][-1]


@given(parsers.re("报送中心(?P<words>.*)"))
def _centre(world: World, words: str) -> None:
    call = world.call
    stranger = next(kind for kind in ("other", "tisc", "university") if kind not in call.centre_kinds)
    entries: dict[str, dict[str, Any]] = {
        "属于通知面向的类型": {"kind": _alike(call)},
        "正在筹建": {"preparing": True},
        "不属于通知面向的类型": {"kind": stranger},
        "已经不再承担该项服务": {"eligible": False},
    }
    world.register("university", **entries[words])
