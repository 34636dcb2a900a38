"""Forms and seals: what must be filled, sealed and left unchanged."""

import re
import unicodedata
from collections.abc import Sequence

from rules.call import Field, FieldType, Paper
from rules.facts import Attachment, CaseFacts
from rules.names import same_name
from rules.roles import Role
from rules.rule import Breach, rule
from rules.signatures import not_held
from rules.words import Text


@rule(
    zh="《案例报送表》还有 {count} 项要改：{problems}。",
    en="The report form needs {count} more: {problems}.",
    lifted_by=(Role.AUTHOR, Role.SEALER),
)
def form_complete(case: CaseFacts) -> Breach | None:
    """案例报送表各必填项已填，且填得合格。"""
    problems = [
        (field, problem)
        for field in case.call.report_form
        if (problem := field_problem(field, case.form.get(field.name, "")))
    ]
    if not problems:
        return None
    listed = Text(
        "；".join(f"{field.label.zh}{problem.zh}" for field, problem in problems),
        "; ".join(f"{field.label.en} {problem.en}" for field, problem in problems),
    )
    return Breach(count=len(problems), problems=listed, mend=f"form:{problems[0][0].name}")


def field_problem(field: Field, value: str) -> Text | None:
    """What is wrong with one value of a form, or None. The words follow the field's label.

    What is personal is not repeated in them: findings are kept in the trail.
    """
    if not value.strip():
        return Text("未填", "is empty") if field.required else None
    if field.limit is not None and len(value) > field.limit:
        return Text(f"超过 {field.limit} 字", f"is longer than {field.limit} characters")
    check = _OF_TYPE.get(field.type)
    return check(field, value) if check else None


def _choice(field: Field, value: str) -> Text | None:
    if not field.choices or value in field.choices:
        return None
    return Text(f"“{value}”不是可选项", f"“{value}” is not one of the choices")


def _email(_field: Field, value: str) -> Text | None:
    if value.count("@") == 1 and " " not in value and value[0] != "@" and value[-1] != "@":
        return None
    return Text("不像邮箱地址", "does not look like an e-mail address")


def _phone(_field: Field, value: str) -> Text | None:
    return None if _SEVEN_DIGITS.match(value) else Text("不像电话号码", "does not look like a telephone number")


def _dated(field: Field, value: str) -> Text | None:
    pattern, example = _DATED[field.type]
    if pattern.match(value.strip()):
        return None
    return Text(f"“{value}”不是{field.type.label.zh}，应写作 {example}", f"“{value}” should be written like {example}")


def _number(_field: Field, value: str) -> Text | None:
    written = unicodedata.normalize("NFKC", value).strip()
    return None if _NUMBER.fullmatch(written) else Text(f"“{value}”不是数字", f"“{value}” is not a number")


_NUMBER = re.compile(r"[+-]?\d[\d,]*(?:\.\d+)?%?")
_SEVEN_DIGITS = re.compile(r"(?:\D*\d){7}")
_MONTH = r"\d{4}\s*[-年./]\s*(?:0?[1-9]|1[0-2])"
_DATED = {
    FieldType.MONTH: (re.compile(rf"{_MONTH}(?!\d)"), "2020-06"),
    FieldType.DATE: (re.compile(rf"{_MONTH}\s*[-月./]\s*(?:0?[1-9]|[12]\d|3[01])(?!\d)"), "2020-06-01"),
}
_OF_TYPE = {
    FieldType.CHOICE: _choice,
    FieldType.EMAIL: _email,
    FieldType.PHONE: _phone,
    FieldType.MONTH: _dated,
    FieldType.DATE: _dated,
    FieldType.NUMBER: _number,
}


@rule(
    zh="案例正文有 {count} 幅图片，通知要求{asked}。请在 Word 稿中增删后重新上传。",
    en="The case document holds {count} pictures; the call asks for {asked}. Change the Word file and upload it again.",
    lifted_by=Role.AUTHOR,
)
def pictures_within_limits(case: CaseFacts) -> Breach | None:
    """案例正文的图片数量在通知规定的范围之内。"""
    paper = case.call.paper("case")
    asked = paper.pictures if paper else None
    if asked is None or asked.minimum <= case.pictures <= (case.pictures if asked.maximum is None else asked.maximum):
        return None
    bounds = [
        (asked.minimum, Text("不少于 {n} 幅", "at least {n}")),
        (asked.maximum, Text("不超过 {n} 幅", "at most {n}")),
    ]
    said = [words.fill(n=number) for number, words in bounds if number]
    listed = Text("、".join(one.zh for one in said) or "不附图片", " and ".join(one.en for one in said) or "none")
    return Breach(count=case.pictures, asked=listed, mend="document")


@rule(
    zh="附件还有 {count} 项要改：{problems}。",
    en="The attachments need {count} more: {problems}.",
    lifted_by=Role.AUTHOR,
)
def attachments_complete(case: CaseFacts) -> Breach | None:
    """必交的附件已交，份数、格式和大小合乎通知的要求。"""
    problems = [
        (paper, problem)
        for paper in case.call.attachments
        if (problem := attachment_problem(paper, [one for one in case.attachments if one.paper == paper.id]))
    ]
    if not problems:
        return None
    listed = Text(
        "；".join(f"{paper.label.zh}{problem.zh}" for paper, problem in problems),
        "; ".join(f"{paper.label.en} {problem.en}" for paper, problem in problems),
    )
    return Breach(count=len(problems), problems=listed, mend=f"attachment:{problems[0][0].id}")


def attachment_problem(paper: Paper, files: Sequence[Attachment]) -> Text | None:
    """What is wrong with the files attached for one paper, or None. The words follow the paper's label."""
    if not files:
        return Text("没有交", "is missing") if paper.required else None
    if len(files) > paper.most:
        return Text(f"有 {len(files)} 个文件，最多 {paper.most} 个", f"has {len(files)} files; {paper.most} at most")
    for one in files:
        if paper.formats and one.format not in paper.formats:
            listed = "、".join(paper.formats)
            return Text(f"“{one.name}”是 {one.format}，应为 {listed}", f"“{one.name}” is {one.format}, not {listed}")
        if paper.largest is not None and one.size > paper.largest * 1024 * 1024:
            size = f"{-(-one.size * 10 // (1024 * 1024)) / 10}"  # rounded up: more than the limit is never called equal to it
            return Text(
                f"“{one.name}”有 {size} MB，每个最多 {paper.largest} MB",
                f"“{one.name}” has {size} MB; {paper.largest} MB at most",
            )
    return None


@rule(
    zh="报送表还没有所在单位“{unit}”的盖章扫描件。请打印报送表、由所在单位盖章后上传扫描件。",
    en="There is no scan of the form with the seal of “{unit}”. Print it, have it sealed and upload the scan.",
    lifted_by=Role.SEALER,
)
def unit_seal_present(case: CaseFacts) -> Breach | None:
    """报送表由所在单位盖章，扫描件上看得到印章。"""
    if case.seal is None:
        return Breach(unit=case.centre.host_unit, mend="scan")
    if case.seal.unit.strip():
        return None
    say = Text(
        "上传的扫描件上没有印章。请由所在单位“{unit}”盖章后重新扫描上传。",
        "The uploaded scan bears no seal. Have it sealed by “{unit}” and upload a new scan.",
    )
    return Breach(say=say, unit=case.centre.host_unit, mend="scan")


@rule(
    zh="印章是“{seal}”，而所在单位是“{unit}”，两者不是同一单位。请由“{unit}”盖章后重新上传。",
    en="The seal reads “{seal}”, but the host unit is “{unit}”. Have the form sealed by “{unit}” and upload it again.",
    lifted_by=Role.SEALER,
)
def seal_names_the_unit(case: CaseFacts) -> Breach | None:
    """印章上的名称就是所在单位。"""
    if case.seal is None or not case.seal.unit.strip():
        return None
    if same_name(case.seal.unit, case.centre.host_unit):
        return None
    return Breach(seal=case.seal.unit, unit=case.centre.host_unit, mend="scan")


@rule(
    zh="盖章之后内容又有改动，印章已失效。请按现在的内容重新打印、盖章并上传扫描件。",
    en="The content changed after it was sealed, so the seal no longer holds. Print, seal and scan it again.",
    lifted_by=Role.SEALER,
)
def seal_unbroken(case: CaseFacts) -> Breach | None:
    """盖章之后内容没有改动；电子印章的签名仍然有效。"""
    if case.seal is None or not case.seal.unit.strip():
        return None
    if case.seal.content != case.content:
        return Breach(mend="scan")
    if case.seal.signature_holds:
        return None
    return Breach(say=not_held(case.seal.signature), mend="scan")
