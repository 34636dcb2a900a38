"""The register: what is shipped, lists that are imported, and corrections."""

from __future__ import annotations

import io
import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from openpyxl import Workbook
from sqlalchemy import select
from sqlalchemy.orm import Session

from rules.roles import Role
from states.reach import SYSTEM, Actor, Grant
from workflow import register
from workflow.engine import NotPermitted
from workflow.register import Imported, WrongList
from workflow.store.database import Database
from workflow.store.models import AuditEvent

AT = datetime(2021, 3, 12, 1, tzinfo=UTC)
ADMINISTRATOR = Actor(0, "管理员", frozenset({Grant(Role.ADMINISTRATOR)}))
OFFICE = "代码,地区,主送,知识产权局\nXS,新省,新省知识产权局,新省市场监督管理局\n"


def workbook(*rows: tuple[str, ...]) -> bytes:
    book = Workbook()
    assert book.active is not None
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def offices_in(session: Session, text: str | bytes = OFFICE, name: str = "名单.csv") -> Imported:
    data = text.encode() if isinstance(text, str) else text
    return register.import_offices(session, name, data, actor=ADMINISTRATOR, at=AT)


def centres_in(session: Session, text: str) -> Imported:
    return register.import_centres(session, "名单.csv", text.encode(), actor=ADMINISTRATOR, at=AT)


def counts(made: Imported) -> tuple[int, int, int, int]:
    return made.added, made.changed, made.same, len(made.problems)


def notes(session: Session) -> list[tuple[str, dict[str, Any]]]:
    found = session.scalars(
        select(AuditEvent).where(AuditEvent.stream.startswith("register/")).order_by(AuditEvent.uid)
    )
    return [(event.action, json.loads(event.body)) for event in found]


def test_all_that_is_shipped_is_taken(database: Database) -> None:
    with database.transaction() as session:
        offices = register.put_offices(session, register.shipped_offices(), actor=SYSTEM, at=AT)
        centres = register.put_centres(session, register.shipped_centres(), actor=SYSTEM, at=AT)
    assert (counts(offices), counts(centres)) == ((32, 0, 0, 0), (27, 0, 0, 0))


def test_a_shipped_centre_goes_to_the_named_office_where_its_region_has_two(database: Database) -> None:
    with database.transaction() as session:
        register.put_offices(session, register.shipped_offices(), actor=SYSTEM, at=AT)
        register.put_centres(session, register.shipped_centres(), actor=SYSTEM, at=AT)
        office = {one.name: one.office.addressee for one in register.centres(session)}
    assert office["新疆大学图书馆"] == "新疆维吾尔自治区知识产权局"


def test_shipped_kinds_are_read_preparing_ones_marked(database: Database) -> None:
    with database.transaction() as session:
        register.put_offices(session, register.shipped_offices(), actor=SYSTEM, at=AT)
        register.put_centres(session, register.shipped_centres(), actor=SYSTEM, at=AT)
        kinds = {one.name: (one.kind, one.preparing) for one in register.centres(session)}
    assert kinds["上海交通大学"] == ("both", False)
    assert kinds["上海应用技术大学"] == ("tisc", True)
    assert kinds["北京大学"] == ("university", False)


def test_the_same_list_twice_changes_nothing(database: Database) -> None:
    with database.transaction() as session:
        first, second = offices_in(session), offices_in(session)
    assert (counts(first), counts(second)) == ((1, 0, 0, 0), (0, 0, 1, 0))


def test_a_code_that_is_there_is_brought_up_to_date(database: Database) -> None:
    with database.transaction() as session:
        offices_in(session)
        made = offices_in(session, OFFICE.replace("新省市场监督管理局", "新省知识产权局"))
        [office] = register.offices(session)
    assert (counts(made), office.ip_office) == ((0, 1, 0, 0), "新省知识产权局")


def test_an_office_without_a_name_of_its_own_is_called_as_it_is_addressed(database: Database) -> None:
    with database.transaction() as session:
        offices_in(session, "code,region,addressee\nXS,新省,新省知识产权局\n")
        [office] = register.offices(session)
    assert (office.ip_office, office.seals_as) == ("新省知识产权局", "新省知识产权局")


def test_a_line_that_lacks_something_is_named_and_the_others_are_taken(database: Database) -> None:
    with database.transaction() as session:
        made = offices_in(session, OFFICE + "YS,邻省,,\n")
    assert counts(made) == (1, 0, 0, 1)
    assert [(one.line, one.text.zh) for one in made.problems] == [(3, "缺少：主送。")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_list_is_read_in_the_encodings_that_spreadsheets_write(database: Database, encoding: str) -> None:
    with database.transaction() as session:
        offices_in(session, OFFICE.encode(encoding))
        assert [one.addressee for one in register.offices(session)] == ["新省知识产权局"]


def test_a_workbook_is_read_as_a_list(database: Database) -> None:
    data = workbook(("代码", "地区", "主送"), ("XS", "新省", "新省知识产权局"))
    with database.transaction() as session:
        made = offices_in(session, data, "名单.xlsx")
    assert counts(made) == (1, 0, 0, 0)


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("名单.docx", b"PK", "“名单.docx”不是名单：请上传 .csv 或 .xlsx 文件。"),
        ("名单.xlsx", b"nothing", "“名单.xlsx”打不开，可能已损坏。请用 Excel 另存后再试。"),
        ("名单.csv", b"\xff\xff\xff", "名单的文字编码不认识，请另存为 UTF-8 的 CSV。"),
        (
            "名单.csv",
            b"name,region\na,b\n",
            "名单第一行应是列名，现在缺少：代码、主送。请核对是不是这种名单，补上后再传。",
        ),
        ("名单.csv", b"", "名单第一行应是列名，现在缺少：代码、地区、主送。请核对是不是这种名单，补上后再传。"),
    ],
)
def test_a_file_that_is_no_list_is_refused_with_what_to_do(
    database: Database, name: str, data: bytes, said: str
) -> None:
    with pytest.raises(WrongList) as refusal, database.transaction() as session:
        offices_in(session, data, name)
    assert refusal.value.message.zh == said


def test_a_list_of_something_else_is_refused_in_words_and_not_by_the_name_of_a_column_of_ours(
    database: Database,
) -> None:
    with pytest.raises(WrongList) as refusal, database.transaction() as session:
        centres_in(session, "案例名称,报送阶段\n甲,乙\n")
    said = refusal.value.message.zh
    assert ["缺少：中心名称" in said, re.search("[a-z]", said)] == [True, None]


def test_a_centre_of_a_region_with_two_offices_is_asked_for_its_office(database: Database) -> None:
    two = OFFICE + "XB,新省,新省建设兵团知识产权局,\n"
    with database.transaction() as session:
        offices_in(session, two)
        unnamed = centres_in(session, "中心名称,类型,省份\n新省大学中心,高校,新省\n")
        named = centres_in(session, "中心名称,类型,主管部门\n新省大学中心,高校,新省建设兵团知识产权局\n")
        [centre] = register.centres(session)
        assert centre.office.code == "XB"
    assert (counts(unnamed), counts(named)) == ((0, 0, 0, 1), (1, 0, 0, 0))
    assert "新省大学中心" in unnamed.problems[0].text.zh


def test_a_kind_that_nobody_knows_is_asked_again(database: Database) -> None:
    with database.transaction() as session:
        offices_in(session)
        made = centres_in(session, "中心名称,类型,省份\n新省中心,研究会,新省\n")
    assert made.problems[0].text.zh == "“新省中心”的类型“研究会”不认识；请写“TISC”“高校”或“TISC 兼高校”。"


def test_a_centre_without_a_host_unit_is_its_own(database: Database) -> None:
    with database.transaction() as session:
        offices_in(session)
        centres_in(session, "中心名称,类型,省份,所在单位\n甲中心,TISC,新省,\n乙中心,高校,新省,新省大学\n")
        assert {one.name: one.host_unit for one in register.centres(session)} == {
            "甲中心": "甲中心",
            "乙中心": "新省大学",
        }


def test_what_an_import_came_to_is_on_record(database: Database) -> None:
    with database.transaction() as session:
        offices_in(session, OFFICE + "YS,邻省,,\n")
        [(action, said)] = notes(session)
    assert (action, said["added"], said["changed"], said["refused"]) == ("register.offices", 1, 0, 1)


def test_only_the_administrator_imports_and_corrects(database: Database) -> None:
    stranger = Actor(0, "编辑", frozenset({Grant(Role.EDITOR)}))
    with database.transaction() as session:
        offices_in(session)
        [office] = register.offices(session)
        for attempt in (
            lambda: register.import_offices(session, "名单.csv", OFFICE.encode(), actor=stranger, at=AT),
            lambda: register.import_centres(session, "名单.csv", b"", actor=stranger, at=AT),
            lambda: register.change_office(session, office.id, {"addressee": "别名"}, actor=stranger, at=AT),
            lambda: register.change_centre(session, 1, {"name": "别名"}, actor=stranger, at=AT),
        ):
            with pytest.raises(NotPermitted):
                attempt()


def test_a_name_that_nobody_had_verified_is_corrected_on_record(database: Database) -> None:
    with database.transaction() as session:
        offices_in(session)
        [office] = register.offices(session)
        fields = {"seal_name": " 新省知识产权局（章） ", "name_verified": "yes", "code": "ZZ"}
        register.change_office(session, office.id, fields, actor=ADMINISTRATOR, at=AT)
        session.refresh(office)
        assert (office.seals_as, office.name_verified, office.code) == ("新省知识产权局（章）", "yes", "XS")
        assert [action for action, _ in notes(session)] == ["register.offices", "register.change_office"]
