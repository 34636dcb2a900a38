"""What the text of a case must be."""

from rules.call import Section
from rules.facts import CaseFacts
from rules.length import measured, shortest
from rules.roles import Role
from rules.rule import Breach, rule
from rules.words import Text


@rule(
    zh="正文 {length} 字，超过 {limit} 字的上限 {over} 字。请删减后再试。",
    en="The text has {length} characters, {over} more than the limit of {limit}. Shorten it and try again.",
    lifted_by=Role.AUTHOR,
)
def length_within_limit(case: CaseFacts) -> Breach | None:
    """正文不超过通知的字数上限。"""
    limits, length = case.call.length, case.least_length
    if limits.maximum is not None and length > limits.maximum:
        return Breach(length=length, limit=limits.maximum, over=length - limits.maximum, mend="sections")
    if limits.minimum is not None and case.length < limits.minimum:
        return Breach(
            say=Text(
                "正文 {length} 字，不足 {limit} 字的下限。",
                "The text has {length} characters; at least {limit} are asked.",
            ),
            length=case.length,
            limit=limits.minimum,
            mend="sections",
        )
    return None


@rule(
    zh="这些部分的篇幅不合要求：{parts}。请增删后再试。",
    en="These parts do not have the length asked for: {parts}. Write more or less and try again.",
    lifted_by=Role.AUTHOR,
)
def sections_within_limits(case: CaseFacts) -> Breach | None:
    """模板各部分的篇幅在通知规定的范围之内。"""
    wrong = [(part, said) for part in case.call.sections if (said := _part_problem(case, part))]
    if not wrong:
        return None
    listed = Text(
        "；".join(f"“{part.label.zh}”{said.zh}" for part, said in wrong),
        "; ".join(f"“{part.label.en}” {said.en}" for part, said in wrong),
    )
    return Breach(parts=listed, mend=f"section:{wrong[0][0].id}")


def _part_problem(case: CaseFacts, part: Section) -> Text | None:
    """What is wrong with the length of one part; one that may be left out and is has none."""
    text, counted = case.sections.get(part.id, ""), case.call.length.counted
    least, length = shortest(text, counted), measured(text, counted)
    if part.maximum is not None and least > part.maximum:
        over = least - part.maximum
        return Text(
            f" {least} 字，超过 {part.maximum} 字的上限 {over} 字",
            f"has {least} characters, {over} more than the limit of {part.maximum}",
        )
    if part.minimum is not None and length < part.minimum and (part.required or text.strip()):
        return Text(
            f" {length} 字，不足 {part.minimum} 字的下限",
            f"has {length} characters; at least {part.minimum} are asked",
        )
    return None


@rule(
    zh="案例模板中的“{names}”还没有写。请补上后再试。",
    en="These parts of the template are still empty: {names}. Write them and try again.",
    lifted_by=Role.AUTHOR,
)
def template_complete(case: CaseFacts) -> Breach | None:
    """模板要求的各部分和标题都已写好。"""
    missing = [part for part in case.call.sections if part.required and not case.sections.get(part.id, "").strip()]
    names = [part.label for part in missing]
    if not case.title.strip():
        names.insert(0, Text("案例名称", "Title"))
    if not names:
        return None
    mend = "title" if not case.title.strip() else f"section:{missing[0].id}"
    listed = Text("”“".join(name.zh for name in names), ", ".join(name.en for name in names))
    return Breach(names=listed, mend=mend)


@rule(
    zh="没有写明具体的服务对象。请填写案例服务的是哪一家（人、单位或群体）。",
    en="The served party is not named. Say which person, unit or group this case served.",
    lifted_by=Role.AUTHOR,
)
def recipient_named(case: CaseFacts) -> Breach | None:
    """案例写明具体的服务对象。"""
    return None if case.recipient.strip() else Breach(mend="recipient")
