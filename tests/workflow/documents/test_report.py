"""What `zhengji read` prints of a file."""

import json

from tests.make import call_2021
from tests.workflow.documents.papers import SAMPLES, truth
from workflow.documents.report import describe

KEYS = {"file", "kind", "title", "sections", "length", "pictures", "tables", "problems"}


def described(name):
    return describe(SAMPLES / name, call_2021())


def test_a_case_is_described_with_the_promised_keys():
    case = truth()["cases"][3]
    found = described(case["file"])
    assert set(found) >= KEYS
    assert (found["kind"], found["title"]) == ("case", case["title"])
    assert [set(one) for one in found["sections"]] == [{"name", "heading", "text", "found_by"}] * 4
    assert found["length"]["body"] == 1000
    assert [one["caption"] for one in found["pictures"]] == [
        "图1　第四位导师伴随式服务流程",
        "图2　项目期内专利申请与授权情况",
    ]
    assert json.loads(json.dumps(found)) == found


def test_a_form_is_described_with_its_values():
    form = truth()["forms"][2]
    found = described(form["file"])
    assert set(found) >= KEYS
    assert (found["kind"], found["title"], found["problems"]) == ("form", form["fields"]["案例名称"], [])
    assert found["values"]["host_unit"] == form["fields"]["所在单位"]


def test_a_missing_section_is_told_in_both_languages():
    problem = described(truth()["cases"][6]["file"])["problems"][0]
    assert (problem["code"], problem["where"]) == ("section_missing", "启示")
    assert problem["zh"]
    assert problem["en"]


def test_a_file_that_cannot_be_read_is_described_by_its_reason(tmp_path):
    for name, code in (("案例.docx", "not_a_word_file"), ("报送表.xlsx", "not_a_workbook")):
        path = tmp_path / name
        path.write_text("只是文字", encoding="utf-8")
        found = describe(path, call_2021())
        assert set(found) == KEYS
        assert [one["code"] for one in found["problems"]] == [code]
