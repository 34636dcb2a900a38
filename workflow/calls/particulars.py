"""What a call asks beyond its phases, in words: for its page, from its data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from rules.call import Call, Counted, DayKind, Packing, Paper, Quota, TwoRoles
from rules.scope import CENTRE_KINDS, eligible_words
from rules.words import Text


@dataclass(frozen=True)
class Particular:
    """One subject, with a sentence or more."""

    label: Text
    lines: tuple[Text, ...]


def particulars(call: Call) -> list[Particular]:
    """Everything that a call says of its subjects; a subject of which it says nothing is left out."""
    found = [Particular(label, tuple(lines(call))) for label, lines in SUBJECTS]
    return [one for one in found if one.lines]


def _joined(parts: Iterable[Text], zh: str = "，", en: str = ", ") -> Text:
    said = list(parts)
    return Text(zh.join(one.zh for one in said), en.join(one.en for one in said))


def _listed(parts: Iterable[Text]) -> Text:
    return _joined(parts, "、")


def _about(label: Text, said: Text) -> Text:
    return Text(f"{label.zh}：{said.zh}", f"{label.en}: {said.en}")


def _whom(call: Call) -> Iterator[Text]:
    if call.addressees:
        yield _about(Text("主送", "To"), _listed(call.addressees))
    yield _about(Text("面向", "For"), _listed(CENTRE_KINDS[kind] for kind in call.centre_kinds))
    for phase in call.phases:
        for kind, themes in phase.themes_for.items():
            who = Text(
                f"{phase.label.zh}{CENTRE_KINDS[kind].zh}的主题",
                f"Themes of {CENTRE_KINDS[kind].en} in {phase.label.en}",
            )
            yield _about(who, _listed(call.themes[theme].label for theme in themes))
    if call.two_roles is TwoRoles.EACH:
        yield _about(Text("兼两种身份的机构", "Institutions of two roles"), call.two_roles.label)


def _when(call: Call) -> Iterator[Text]:
    yield _about(Text("服务发生在", "The service took place"), eligible_words(call))
    if call.eligible.excluded_honours:
        yield _about(
            Text("获得过这些荣誉的不再推荐", "Not with one of these honours"), _listed(call.eligible.excluded_honours)
        )


def _bounds(minimum: int | None, maximum: int | None, unit: Text) -> Text | None:
    least = Text(f"不少于 {minimum} {unit.zh}", f"at least {minimum} {unit.en}") if minimum else None
    most = Text(f"不超过 {maximum} {unit.zh}", f"at most {maximum} {unit.en}") if maximum is not None else None
    said = [one for one in (least, most) if one]
    return _joined(said, "、", " and ") if said else None


_SIGNS = Text("字", "characters")


def _how_long(call: Call) -> Iterator[Text]:
    whole = (Text("正文", "The text"), call.length.minimum, call.length.maximum)
    for label, least, most in (whole, *((one.label, one.minimum, one.maximum) for one in call.sections)):
        said = _bounds(least, most, _SIGNS)
        if said:
            yield _about(label, said)
    if call.length.counted is not Counted.WORDS:
        yield _about(Text("计数", "Counted"), call.length.counted.label)


def _how_many(call: Call) -> Iterator[Text]:
    for phase in call.phases:
        if phase.minimum_per_office:
            least = Text(
                f"每个汇总报送单位不少于 {phase.minimum_per_office} 个",
                f"at least {phase.minimum_per_office} from each office",
            )
            yield _about(phase.label, least)
    if call.minimum_per_centre:
        each = call.minimum_per_centre
        yield Text(f"每家中心各阶段累计不少于 {each} 个", f"At least {each} from each centre over all phases")
    yield from (_quota(call, one) for one in call.quotas)


def _quota(call: Call, quota: Quota) -> Text:
    bounds = _bounds(quota.minimum, quota.maximum, Text("个", "cases")) or Text("", "")
    phases = [phase.label for phase in call.phases if phase.id in quota.phases]
    narrowed = [
        (Text("限", "in"), phases),
        (Text("只计", "of"), [CENTRE_KINDS[kind] for kind in quota.kinds]),
        (Text("只计", "of"), [call.themes[theme].label for theme in quota.themes]),
        (Text("不计", "not counting"), [CENTRE_KINDS[kind] for kind in quota.exempt_kinds]),
        (Text("不计", "not counting"), [call.themes[theme].label for theme in quota.exempt_themes]),
    ]
    said = [Text(f"{how.zh}{_listed(which).zh}", f"{how.en} {_listed(which).en}") for how, which in narrowed if which]
    more = _joined(said, "；", "; ")
    return Text(
        f"{quota.per.label.zh}{quota.over.label.zh}{bounds.zh}" + (f"（{more.zh}）" if said else ""),
        f"{quota.per.label.en} {quota.over.label.en}: {bounds.en}" + (f" ({more.en})" if said else ""),
    )


def _papers(call: Call) -> Iterator[Text]:
    for one in call.papers:
        yield _about(one.label, _joined(_of_paper(one)))


def _of_paper(paper: Paper) -> Iterator[Text]:
    yield Text(f"由{paper.owner.label.zh}出", f"by the {paper.owner.label.en.lower()}")
    yield from (Text(one.label.zh, one.label.en.lower()) for one in (paper.seal, paper.sent_as))
    if paper.formats:
        yield Text("、".join(paper.formats), ", ".join(paper.formats))
    if paper.most > 1:
        yield Text(f"最多 {paper.most} 个文件", f"at most {paper.most} files")
    if paper.largest:
        yield Text(f"每个不超过 {paper.largest} MiB", f"of at most {paper.largest} MiB each")
    if paper.pictures:
        number = _bounds(paper.pictures.minimum, paper.pictures.maximum, Text("幅", "pictures"))
        if number:
            yield Text(f"图片{number.zh}", number.en)
        if paper.pictures.least_width:
            width = paper.pictures.least_width
            yield Text(f"图片宽度不少于 {width} 像素", f"pictures of at least {width} pixels in width")
    if not paper.required:
        yield Text("可以不交", "may be left out")


def _channel(call: Call) -> Iterator[Text]:
    yield _about(Text("报送邮箱", "Mail to"), Text(call.mail.to, call.mail.to))
    subject = call.mail.subject.replace("{addressee}", "〔报送单位〕")
    yield _about(Text("邮件标题", "Subject"), Text(subject, call.mail.subject.replace("{addressee}", "[addressee]")))
    if call.package.packing is not Packing.LOOSE:
        yield call.package.packing.label


def _way(call: Call) -> Iterator[Text]:
    yield _joined((leg.label for leg in call.route.legs), " → ", " → ")
    yield _about(Text("由谁推荐", "Recommended by"), call.route.recommended_by.label)
    if call.sign_offs:
        yield Text(f"发布前 {call.sign_offs} 人签发", f"{call.sign_offs} sign-offs before publication")


def _judging(call: Call) -> Iterator[Text]:
    judging = call.judging
    if judging is None:
        return
    blind = Text("，看不到中心和省份", ", blind") if judging.blind else Text("", "")
    yield Text(f"每个案例由 {judging.judges} 位专家评审{blind.zh}", f"{judging.judges} judges for each case{blind.en}")
    yield _listed(Text(f"{one.label.zh} {one.weight}%", f"{one.label.en} {one.weight}%") for one in judging.criteria)
    yield Text(
        f"每项 {judging.lowest} 至 {judging.highest} 分",
        f"{judging.lowest} to {judging.highest} points by each criterion",
    )
    if judging.winners is not None:
        yield Text(f"选出 {judging.winners} 个", f"{judging.winners} winners")
    else:
        yield Text(f"选出 {judging.winners_percent}%", f"{judging.winners_percent}% win")
    if judging.per_centre is not None:
        yield Text(f"同一家中心不超过 {judging.per_centre} 个", f"At most {judging.per_centre} of one centre")


def _afterwards(call: Call) -> Iterator[Text]:
    notice = call.public_notice
    if notice:
        days = Text("个工作日", "working days") if notice.counted is DayKind.WORKING else Text("天", "days")
        yield Text(f"公示 {notice.days} {days.zh}", f"Public notice of {notice.days} {days.en}")
        if notice.objections:
            to = notice.objections_to
            yield (
                _about(Text("可以提出异议", "Objections are heard"), to)
                if to.zh
                else Text("可以提出异议", "Objections are heard")
            )
    for one in call.publicity:
        between = [day.isoformat() for day in (one.from_day, one.to_day) if day]
        when = _joined((Text(day, day) for day in between), " 至 ", " to ")
        yield _about(
            Text("宣传", "Publicity"), Text(f"{one.label.zh} {when.zh}".strip(), f"{one.label.en} {when.en}".strip())
        )
    if call.push:
        yield _about(Text("成效显著的推送", "Outstanding cases are sent to"), call.push.destination)
        if call.push.fields:
            yield _about(Text("推送另填", "With it"), _listed(one.label for one in call.push.fields))


SUBJECTS: tuple[tuple[Text, Callable[[Call], Iterator[Text]]], ...] = (
    (Text("征集对象", "For whom"), _whom),
    (Text("征集时间", "Eligible time"), _when),
    (Text("篇幅", "Length"), _how_long),
    (Text("数量", "Numbers"), _how_many),
    (Text("材料", "Papers"), _papers),
    (Text("报送", "How it is sent"), _channel),
    (Text("办理环节", "The way of a case"), _way),
    (Text("评审", "Judging"), _judging),
    (Text("入选之后", "Afterwards"), _afterwards),
)
"""Subject → what a call says of it."""
