"""Forms and seals."""

from dataclasses import replace

import pytest

from rules.call import Field, FieldType, Pictures
from rules.facts import Attachment, SealFacts
from rules.papers import (
    attachments_complete,
    field_problem,
    form_complete,
    pictures_within_limits,
    seal_names_the_unit,
    seal_unbroken,
    unit_seal_present,
)
from rules.roles import Role
from rules.words import Text
from tests.make import CONTENT, UNIT, annotated_call, attachment, call_2021, case_facts, filled, other_call
from tests.rules import found

FORM = {field.name: filled(field) for field in call_2021().report_form}
LABEL = Text("栏目", "Field")
MIB = 1024 * 1024


@pytest.mark.parametrize("field", call_2021().report_form, ids=lambda field: field.name)
@pytest.mark.form_complete
def test_every_required_field_of_the_form_is_asked_for(field: Field) -> None:
    facts = case_facts(form={**FORM, field.name: "　"})
    assert (form_complete.examine(facts) is None) is (not field.required)


@pytest.mark.form_complete
def test_all_problems_of_the_form_are_told_at_once_with_the_first_to_mend() -> None:
    finding = found(form_complete, case_facts(form={**FORM, "email": "nobody", "contact": ""}))
    assert finding.message == Text(
        "《案例报送表》还有 2 项要改：联系人未填；邮箱不像邮箱地址。",
        "The report form needs 2 more: Contact is empty; E-mail does not look like an e-mail address.",
    )
    assert (finding.clause, finding.mend) == ("四(二)", "form:contact")
    assert finding.lifted_by == (Role.AUTHOR, Role.SEALER)


@pytest.mark.parametrize(
    ("kind", "value", "accepted"),
    [
        (FieldType.TEXT, "四个汉字", True),
        (FieldType.TEXT, "五个汉字了", False),
        (FieldType.CHOICE, "甲", True),
        (FieldType.CHOICE, "丙", False),
        (FieldType.EMAIL, "a@b", True),
        (FieldType.EMAIL, "@ab", False),
        (FieldType.EMAIL, "ab@", False),
        (FieldType.EMAIL, "a@@b", False),
        (FieldType.EMAIL, "a @b", False),
    ],
)
@pytest.mark.form_complete
def test_a_value_fits_its_field(kind: FieldType, value: str, accepted: bool) -> None:
    field = Field("one", LABEL, kind, limit=4, choices=("甲", "乙") if kind is FieldType.CHOICE else ())
    assert (field_problem(field, value) is None) is accepted


@pytest.mark.parametrize(
    ("kind", "value", "accepted"),
    [
        (FieldType.PHONE, "010-62083114", True),
        (FieldType.PHONE, "1234567", True),
        (FieldType.PHONE, "123456", False),
        (FieldType.MONTH, "2020-06", True),
        (FieldType.MONTH, "2020年6月", True),
        (FieldType.MONTH, "2020-06-01 00:00:00", True),
        (FieldType.MONTH, "2020-13", False),
        (FieldType.MONTH, "2020-00", False),
        (FieldType.MONTH, "六月", False),
        (FieldType.DATE, "2021-03-20", True),
        (FieldType.DATE, "2021年3月20日", True),
        (FieldType.DATE, "2021-03", False),
        (FieldType.DATE, "2021-03-32", False),
        (FieldType.YES_NO, "否", True),
    ],
)
@pytest.mark.form_complete
def test_numbers_and_days_are_read_as_people_write_them(kind: FieldType, value: str, accepted: bool) -> None:
    assert (field_problem(Field("one", LABEL, kind), value) is None) is accepted


@pytest.mark.form_complete
def test_the_form_is_the_calls_own() -> None:
    form = {"title": "名称", "served": "一家企业", "scale": "小微"}
    assert form_complete.examine(case_facts(other_call(), form=form)) is None
    finding = found(form_complete, case_facts(other_call(), form={**form, "scale": "巨型"}))
    assert (finding.message.zh, finding.clause) == (
        "《案例报送表》还有 1 项要改：单位规模“巨型”不是可选项。",
        "第四条",
    )


@pytest.mark.parametrize(
    ("seal", "words"),
    [
        (None, "报送表还没有所在单位“示例大学”的盖章扫描件。请打印报送表、由所在单位盖章后上传扫描件。"),
        (SealFacts(" ", CONTENT), "上传的扫描件上没有印章。请由所在单位“示例大学”盖章后重新扫描上传。"),
    ],
)
@pytest.mark.unit_seal_present
def test_a_form_without_seal_is_told_whose_seal_it_needs(seal: SealFacts | None, words: str) -> None:
    finding = found(unit_seal_present, case_facts(seal=seal))
    assert (finding.message.zh, finding.mend, finding.lifted_by) == (words, "scan", (Role.SEALER,))
    assert finding.clause == "四(二)"
    assert unit_seal_present.examine(case_facts()) is None


@pytest.mark.parametrize(
    ("unit", "holds"), [(UNIT, True), ("示例 大学", True), ("示例大学图书馆", False), ("示例市市场监督管理局", False)]
)
@pytest.mark.seal_names_the_unit
def test_the_seal_is_the_host_units_own(unit: str, holds: bool) -> None:
    assert (seal_names_the_unit.examine(case_facts(seal=SealFacts(unit, CONTENT))) is None) is holds


@pytest.mark.seal_names_the_unit
def test_another_units_seal_is_refused_with_both_names() -> None:
    finding = found(seal_names_the_unit, case_facts(seal=SealFacts("示例市市场监督管理局", CONTENT)))
    assert finding.message == Text(
        "印章是“示例市市场监督管理局”，而所在单位是“示例大学”，两者不是同一单位。请由“示例大学”盖章后重新上传。",
        "The seal reads “示例市市场监督管理局”, but the host unit is “示例大学”. "
        "Have the form sealed by “示例大学” and upload it again.",
    )
    assert (finding.clause, finding.says, finding.lifted_by) == ("四(二)", ("由所在单位盖章",), (Role.SEALER,))


@pytest.mark.parametrize(("content", "holds"), [(CONTENT, True), (CONTENT + "!", False)])
@pytest.mark.seal_unbroken
def test_a_seal_holds_only_while_the_content_stays_as_it_was_sealed(content: str, holds: bool) -> None:
    assert (seal_unbroken.examine(case_facts(content=content)) is None) is holds


@pytest.mark.seal_unbroken
def test_a_broken_seal_asks_for_a_new_one() -> None:
    finding = found(seal_unbroken, case_facts(content="changed"))
    assert finding.message.zh == "盖章之后内容又有改动，印章已失效。请按现在的内容重新打印、盖章并上传扫描件。"
    assert (finding.clause, finding.mend, finding.lifted_by) == ("系统", "scan", (Role.SEALER,))


@pytest.mark.parametrize("seal", [None, SealFacts("", "changed")])
@pytest.mark.seal_names_the_unit
@pytest.mark.seal_unbroken
def test_a_missing_seal_is_told_once(seal: SealFacts | None) -> None:
    facts = case_facts(seal=seal)
    rules = (unit_seal_present, seal_names_the_unit, seal_unbroken)
    assert [rule.id for rule in rules if rule.examine(facts)] == ["unit_seal_present"]


@pytest.mark.parametrize(("count", "holds"), [(0, True), (6, True), (7, False)])
@pytest.mark.pictures_within_limits
def test_pictures_may_reach_their_number_but_not_exceed_it(count: int, holds: bool) -> None:
    assert (pictures_within_limits.examine(case_facts(annotated_call(), pictures=count)) is None) is holds


@pytest.mark.pictures_within_limits
def test_the_finding_says_how_many_there_are_and_how_many_are_asked() -> None:
    call = annotated_call()
    papers = tuple(replace(one, pictures=Pictures(2, 4)) if one.id == "case" else one for one in call.papers)
    finding = found(pictures_within_limits, case_facts(replace(call, papers=papers), pictures=1))
    assert "案例正文有 1 幅图片，通知要求不少于 2 幅、不超过 4 幅。" in finding.message.zh
    assert "holds 1 pictures; the call asks for at least 2 and at most 4." in finding.message.en


@pytest.mark.parametrize(
    ("written", "right"),
    [("12", True), ("１２", True), ("1,200.5", True), ("30%", True), ("十二", False), ("12家", False)],
)
@pytest.mark.form_complete
def test_a_number_is_a_number(written: str, right: bool) -> None:
    field = Field("served", Text("服务单位数", "Served"), FieldType.NUMBER)
    assert (field_problem(field, written) is None) is right


STATEMENT, VIDEO = annotated_call().attachments


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ([attachment(STATEMENT)], None),
        ([attachment(STATEMENT)] * 2, None),
        ([attachment(STATEMENT), attachment(VIDEO, size=200 * MIB)], None),
        ([], "服务对象意见没有交"),
        ([attachment(STATEMENT)] * 3, "服务对象意见有 3 个文件，最多 2 个"),
        ([attachment(STATEMENT, name="甲.mp3", format="mp3")], "服务对象意见“甲.mp3”是 mp3，应为 pdf、jpg"),
        (
            [attachment(STATEMENT), attachment(VIDEO, name="乙.mp4", size=200 * MIB + 1)],
            "视频“乙.mp4”有 200.1 MB，每个最多 200 MB",
        ),
        ([attachment(STATEMENT), attachment(VIDEO, paper="once asked for")], None),
    ],
)
@pytest.mark.attachments_complete
def test_attachments_are_there_and_as_many_as_large_and_of_the_kind_that_is_asked(
    files: list[Attachment], said: str | None
) -> None:
    finding = attachments_complete.examine(case_facts(annotated_call(), attachments=tuple(files)))
    assert (finding and finding.message.zh) == (said and f"附件还有 1 项要改：{said}。")
    assert finding is None or (finding.clause, finding.lifted_by) == ("第二条", (Role.AUTHOR,))


@pytest.mark.attachments_complete
def test_the_finding_leads_to_the_first_attachment_that_is_to_be_mended() -> None:
    finding = found(
        attachments_complete, case_facts(annotated_call(), attachments=(attachment(VIDEO, size=999 * MIB),))
    )
    assert finding.mend == "attachment:statement"
    assert finding.message.en.startswith(
        "The attachments need 2 more: Statement of the served party is missing; Video “"
    )
