"""Words on screen: days, moments and what is left of a phase, in both languages."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask, session

from rules.words import Text
from tests.web.conftest import As
from tests.worlds import World
from web import picture, words
from workflow import lists

CLOSES = datetime(2021, 3, 26, 16, tzinfo=UTC)  # midnight in Beijing, the 26th is the last day


@pytest.fixture(params=["zh", "en"])
def language(request: pytest.FixtureRequest):
    app = Flask(__name__)
    app.secret_key = "not secret"
    with app.test_request_context():
        session["language"] = request.param
        yield request.param


def test_a_day_and_a_moment_are_told_in_beijing(language: str):
    told = (words.day(date(2021, 3, 26)), words.moment(datetime(2021, 3, 26, 15, 59, tzinfo=UTC)))
    assert words.hour(datetime(2021, 3, 26, 15, 59, tzinfo=UTC)) == "23:59"
    assert (
        told == {"zh": ("2021年3月26日", "2021年3月26日 23:59"), "en": ("26 Mar 2021", "26 Mar 2021, 23:59")}[language]
    )


def test_months_and_days_of_a_form_are_told_in_words_and_all_else_as_entered(language: str):
    told = [
        words.entered(*one)
        for one in (("2020-03", "month"), ("2021-03-16", "date"), ("2020-03", "text"), ("去年", "date"))
    ]
    assert (
        told
        == {
            "zh": ["2020年3月", "2021年3月16日", "2020-03", "去年"],
            "en": ["Mar 2020", "16 Mar 2021", "2020-03", "去年"],
        }[language]
    )


@pytest.mark.parametrize(("left", "zh", "en"), [
    (timedelta(days=7), "还有 6 天", "6 days left"),
    (timedelta(days=1, seconds=1), "还有 1 天", "1 day left"),
    (timedelta(days=1), "今日截止，还有 24 小时", "closes today, 24 hours left"),
    (timedelta(hours=23, minutes=59), "今日截止，还有 23 小时", "closes today, 23 hours left"),
    (timedelta(minutes=59), "即将截止，还有 59 分钟", "closes in 59 minutes"),
    (timedelta(seconds=1), "即将截止，还有 1 分钟", "closes in 1 minute"),
    (timedelta(0), "已截止", "closed"),
])  # fmt: skip
def test_what_is_left_is_told_in_days_and_on_the_last_day_in_hours(language: str, left: timedelta, zh: str, en: str):
    assert words.countdown(CLOSES, CLOSES - left) == {"zh": zh, "en": en}[language]


def test_the_deadline_is_the_last_day_that_counts():
    assert words.last_day(CLOSES) == date(2021, 3, 26)


def test_values_in_both_languages_fill_each_its_own(language: str):
    assert words.t("“{what}”", "“{what}”", what=Text("盖章", "Stamp")) == {"zh": "“盖章”", "en": "“Stamp”"}[language]


def test_the_drawing_of_a_lifecycle_follows_its_main_line_and_shows_where_a_case_left_it(language: str):
    drawn = picture.draw(lists.lifecycle(), "returned", {"draft", "centre_stamped", "returned"}, upright=False)
    assert [(one.value, one.kind, one.beside) for one in drawn.stations] == [
        ("draft", "passed", False),
        ("centre_stamped", "passed", False),
        ("province_reviewed", "ahead", False),
        ("submitted", "ahead", False),
        ("shortlisted", "ahead", False),
        ("published", "ahead", False),
        ("wipo_pushed", "ahead", False),
        ("returned", "here", True),
    ]


def test_english_screens_hold_no_chinese_words_of_ours(sign_in: As):
    client = sign_in("author", "en")
    found = {}
    for address in ("/", "/cases", "/cases/new"):
        shown = client.get(address).get_data(as_text=True)
        ours = re.sub(r'<(\w+)[^>]*lang="zh-CN"[^>]*>.*?</\1>|<option[^>]*>.*?</option>', "", shown, flags=re.S)
        name = re.sub(r"赵文", "", re.sub(r"<[^>]+>", "", ours))
        found[address] = re.findall(r"[\u4e00-\u9fff]+", name)
    assert found == {address: [] for address in found}


def test_chinese_within_english_words_is_marked_as_such(language: str) -> None:
    said = words.say_marked(Text("标题 <b>", "Subject: 优秀案例征集-[a] <b>"))
    assert (
        str(said)
        == {
            "zh": "标题 &lt;b&gt;",
            "en": 'Subject: <span lang="zh-CN">优秀案例征集</span>-[a] &lt;b&gt;',
        }[language]
    )


def test_what_a_finding_names_in_chinese_is_marked_on_an_english_page(sign_in: As, world: World) -> None:
    case = world.draft()
    page = sign_in("sealer", "en").get(f"/cases/{case}").get_data(as_text=True)
    assert re.search(r'the seal of “<span lang="zh-CN">[^<]+</span>”', page)
