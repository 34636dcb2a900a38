"""The publicity plan: where and when, what is refused, packs, reminders."""

from __future__ import annotations

import io
import math
import zipfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pptx import Presentation
from sqlalchemy import update

from rules.call import BEIJING
from states.case import CaseState
from tests.worlds import World
from workflow.cases import NoSuchCase
from workflow.demo import scans
from workflow.engine import NotPermitted
from workflow.failure import Failure
from workflow.interchange import pack
from workflow.publishing import made, publicity
from workflow.publishing.publicity import Stage, WrongAppearance
from workflow.store.files import Files
from workflow.store.models import Document, Person

DAY = date(2021, 4, 26)


def arrange(world: World, case: int, login: str = "editor", **changes: Any) -> int:
    given = {"channel": "week", "case_id": case, "day": DAY, "place": "示例广场", **changes}
    with world.database.transaction() as session:
        return publicity.arrange(session, world.call, actor=world.people[login], at=world.at, **given)


def shown(world: World, appearance: int, today: date = DAY) -> publicity.Shown:
    with world.database.reading() as session:
        return publicity.find(session, appearance, actor=world.people["auditor"], today=today)[1]


def test_a_plan_is_a_calendar_and_a_list_with_what_every_year_brings(world: World) -> None:
    made_one = arrange(world, world.case(CaseState.PUBLISHED))
    with world.database.reading() as session:
        plan = publicity.plan(session, world.call, DAY, actor=world.people["desk"], today=DAY)
        assert publicity.first_month(session, world.call, date(2021, 3, 1)) == DAY
    days = {day.day: day for week in plan.weeks for day in week}
    assert [one.row.id for one in days[DAY].appearances] == [one.row.id for one in plan.listed] == [made_one]
    assert [one.zh for one in days[DAY].occasions] == ["全国知识产权宣传周", "世界知识产权日"]
    assert (len(plan.weeks), days[date(2021, 4, 27)].occasions) == (5, [])
    assert (plan.before, plan.after) == (date(2021, 3, 1), date(2021, 5, 1))


@pytest.mark.parametrize("changes", [{"channel": "no"}, {"day": None}, {"case_id": 99}, {"place": "长" * 121}])
def test_what_makes_no_sense_is_refused(world: World, changes: dict[str, Any]) -> None:
    case = world.case(CaseState.PUBLISHED)
    with pytest.raises(WrongAppearance):
        arrange(world, case, **changes)


def test_it_is_planned_once_by_those_whose_it_is_moved_dropped_and_recorded(world: World) -> None:
    case, at, editor = world.case(CaseState.PUBLISHED), world.at, world.people["editor"]
    one = arrange(world, case)
    with pytest.raises(WrongAppearance):
        arrange(world, case)
    with pytest.raises(NotPermitted):
        arrange(world, case, "auditor")
    with pytest.raises(NoSuchCase):
        arrange(world, case, "author")
    assert [shown(world, one, day).stage for day in (DAY, DAY + timedelta(days=1))] == [Stage.PLANNED, Stage.LATE]
    with world.database.transaction() as session:
        publicity.move(session, one, DAY - timedelta(days=1), actor=editor, at=at)
        for link, reach, said in (("ftp://x", "1", ""), ("https://x.org", "many", ""), ("", "1", "")):
            with pytest.raises(WrongAppearance):
                publicity.record(session, one, link=link, reach=reach, said=said, actor=editor, at=at)
        publicity.record(session, one, link="https://x.org/1", reach="12,000", said="", actor=editor, at=at)
        with pytest.raises(WrongAppearance):
            publicity.drop(session, one, "理由", actor=editor, at=at)
    done = shown(world, one)
    assert (done.stage, done.row.reach, done.row.day) == (Stage.DONE, 12000, DAY - timedelta(days=1))
    other = arrange(world, case)
    with world.database.transaction() as session:
        publicity.drop(session, other, "改在别处", actor=editor, at=at)
    with pytest.raises(NoSuchCase):
        shown(world, other)


def test_a_pack_holds_texts_slides_and_only_pictures_with_rights(world: World, tmp_path: Path) -> None:
    case, files = world.case(CaseState.PUBLISHED), Files((tmp_path / "documents").as_uri())
    picture = scans.figure("图", {"前": 1, "后": 2})
    digest = files.put(picture)
    with world.database.transaction() as session:
        for name, rights in (("有权.png", "本单位拍摄"), ("无权.png", "")):
            session.add(
                Document(
                    case_id=case,
                    slot="picture",
                    name=name,
                    media_type="image/png",
                    digest=digest,
                    size=len(picture),
                    rights=rights,
                    by_id=world.people["author"].id,
                    at=world.at,
                )
            )
    one = arrange(world, case)
    with world.database.transaction() as session:
        ordered = made.order(session, "publicity", str(one), "p.zip", actor=world.people["editor"], at=world.at)
    made.make(world.database, files, ordered, at=world.at)
    _, data = made.taken(world.database, files, ordered, actor=world.people["editor"], at=world.at)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    assert set(members) == {"说明.txt", "海报文字.txt", "200字简介.txt", "幻灯片.pptx", "图片/01_有权.png"}
    assert "无权.png" in members["说明.txt"].decode()
    slides = Presentation(io.BytesIO(members["幻灯片.pptx"])).slides
    assert sum(shape.shape_type == 13 for slide in slides for shape in slide.shapes) == 1


def test_the_longest_points_of_a_slide_fit_on_it() -> None:
    long = ("长" * 80 + "。") * 9
    told = pack.Told("题目", "中心", "对象", "渠道", "2021-04-22", long, [("做法", long)], (), (), "http://x", "出处")
    for slide in list(Presentation(io.BytesIO(pack.slides(told))).slides)[1:-1]:
        body = slide.placeholders[1]
        points = [(one.text, one.font.size.pt) for one in body.text_frame.paragraphs]
        width, height = body.width.pt - 50, body.height.pt - 10  # beside the bullets and the margins
        lines = [(math.ceil(len(text) * size / width), size) for text, size in points]
        assert (len(lines), sum(count * size * 1.25 + 0.2 * size for count, size in lines) < height) == (5, True)


def test_a_point_keeps_its_closing_mark_and_is_cut_where_it_pauses() -> None:
    text = (
        "厂长说：“不知道往哪里创新。”后来知道了。\n"
        + "甲" * 20
        + "，"
        + "乙" * 15
        + "，"
        + "丙" * 30
        + "。\n"
        + "丁" * 99
    )
    told = pack.Told("题目", "中心", "对象", "渠道", "2021-04-22", text, (), (), (), "http://x", "出处")
    body = list(Presentation(io.BytesIO(pack.slides(told))).slides)[1].placeholders[1]
    assert body.text_frame.text.split("\n") == [
        "厂长说：“不知道往哪里创新。”",
        "后来知道了",
        "甲" * 20 + "，" + "乙" * 15 + "…",
        "丁" * 45 + "…",
    ]


def test_no_pack_is_made_of_what_is_not_published(world: World, tmp_path: Path) -> None:
    one = arrange(world, world.case(CaseState.SHORTLISTED))
    assert shown(world, one).stage is Stage.UNPUBLISHED
    with world.database.transaction() as session:
        ordered = made.order(session, "publicity", str(one), "p.zip", actor=world.people["desk"], at=world.at)
    with pytest.raises(Failure):
        made.make(world.database, Files((tmp_path / "documents").as_uri()), ordered, at=world.at)


@pytest.mark.parametrize(
    ("text", "length"), [("短。", 2), ("一二三。" * 100, 200), ("长" * 300, 200), ("字" * 150 + "。" + "字" * 100, 151)]
)
def test_a_summary_has_at_most_200_characters(text: str, length: int) -> None:
    assert len(publicity.cut(text)) == length


def test_editors_are_reminded_three_days_before_and_on_the_day_in_the_morning(world: World) -> None:
    arrange(world, world.case(CaseState.PUBLISHED))
    with world.database.transaction() as session:
        session.execute(update(Person).where(Person.id == world.people["editor"].id).values(email="e@example.org"))
    mornings = [datetime(2021, 4, day, 9, 5, tzinfo=BEIJING).astimezone(UTC) for day in (22, 23, 24, 26, 27, 29)]
    evening = datetime(2021, 4, 26, 20, 0, tzinfo=BEIJING)
    with world.database.reading() as session:
        left = [{one.left for one in publicity.due(session, at)} for at in (*mornings, evening)]
        [reminder, *_] = publicity.due(session, mornings[3])
        [late, *_] = publicity.due(session, mornings[5])
    assert left == [set(), {3}, set(), {0}, set(), {-3}, set()]
    assert "全国知识产权宣传周（示例广场）：《" in reminder.body("https://zhengji.example")
    assert (reminder.subject, late.subject) == (
        "征集系统：1 项宣传今天进行",
        "征集系统：1 项宣传已过 3 天，还没有登记结果",
    )
    assert "https://zhengji.example/publicity?month=2021-04" in late.body("https://zhengji.example/")
    assert "What came of them is not recorded yet." in late.body("https://zhengji.example")


def test_an_editor_finds_what_is_near_and_what_has_no_result(world: World) -> None:
    case = world.case(CaseState.PUBLISHED)
    past, _ = arrange(world, case), arrange(world, case, day=date(2021, 4, 30))

    def at_hand(day: int, login: str = "editor") -> tuple[int, int] | None:
        with world.database.reading() as session:
            found = publicity.at_hand(session, world.people[login], date(2021, 4, day))
        return (found.soon, found.late) if found else None

    assert [at_hand(day) for day in (22, 23, 26, 27, 30)] == [None, (1, 0), (1, 0), (1, 1), (1, 1)]
    assert at_hand(27, "desk") is None
    with world.database.transaction() as session:
        publicity.record(session, past, link="", reach="", said="办了", actor=world.people["editor"], at=world.at)
    assert at_hand(27) == (1, 0)
