"""Words on screen: Chinese and English side by side in the source, days and moments in Beijing time."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Protocol

from markupsafe import Markup, escape

from web.request import language
from workflow.clock import BEIJING
from workflow.store import pages


class Words(Protocol):
    """Anything said in both languages."""

    @property
    def zh(self) -> str: ...
    @property
    def en(self) -> str: ...


def t(zh: str, en: str, **values: object) -> str:
    """The words in the reader's language, `{names}` filled; a value in both languages gives its own."""
    words = en if language() == "en" else zh
    return words.format(**{name: _said(value) for name, value in values.items()}) if values else words


def _said(value: object) -> object:
    return say(value) if hasattr(value, "zh") and hasattr(value, "en") else value


def say(words: Words) -> str:
    """A text in the reader's language."""
    return words.en if language() == "en" else words.zh


_CHINESE = re.compile(r"[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]+")


def say_marked(words: Words) -> Markup:
    """The same, with Chinese that stands within English words marked as such: what a call prescribes is not translated."""
    said = escape(say(words))
    if language() != "en":
        return said
    return Markup(_CHINESE.sub(r'<span lang="zh-CN">\g<0></span>', str(said)))  # escaped above


def listed(many: list[Words]) -> str:
    """Several texts in one line."""
    return t("、", ", ").join(say(one) for one in many)


_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


def day(value: date | datetime | None) -> str:
    """2021年3月26日, 26 Mar 2021: a day in Beijing."""
    if value is None:
        return t("未填", "not given")
    local = value.astimezone(BEIJING).date() if isinstance(value, datetime) else value
    return t(f"{local.year}年{local.month}月{local.day}日", f"{local.day} {_MONTHS[local.month - 1]} {local.year}")


def moment(value: datetime | None) -> str:
    """2021年3月26日 14:05, 26 Mar 2021, 14:05: a moment in Beijing."""
    if value is None:
        return t("未填", "not given")
    local = value.astimezone(BEIJING)
    return t(f"{day(local)} {local:%H:%M}", f"{day(local)}, {local:%H:%M}")


def hour(value: datetime) -> str:
    """14:05: the time of day in Beijing."""
    return f"{value.astimezone(BEIJING):%H:%M}"


def month(value: date | None) -> str:
    """2020年6月, Jun 2020."""
    if value is None:
        return t("未填", "not given")
    return t(f"{value.year}年{value.month}月", f"{_MONTHS[value.month - 1]} {value.year}")


def entered(value: str, kind: str) -> str:
    """A value of a form as people write it: a month or day in words, what is neither as it was entered. `kind`: of its field."""
    with suppress(ValueError):
        if kind == "month":
            return month(date.fromisoformat(f"{value}-01"))
        if kind == "date":
            return day(date.fromisoformat(value))
    return value


def last_day(closes: datetime) -> date:
    """The day that people call the deadline: the last that still counts before the window closes."""
    return (closes - timedelta(microseconds=1)).astimezone(BEIJING).date()


def countdown(closes: datetime, at: datetime) -> str:
    """How long until a window closes: days as the calendar in Beijing counts them, hours on the last day."""
    left = closes - at
    if left <= timedelta(0):
        return t("已截止", "closed")
    days = (last_day(closes) - at.astimezone(BEIJING).date()).days
    if days:
        return t(f"还有 {days} 天", f"{days} day{'s' if days != 1 else ''} left")
    hours = int(left.total_seconds() // 3600)
    if hours:
        return t(f"今日截止，还有 {hours} 小时", f"closes today, {hours} hour{'s' if hours != 1 else ''} left")
    minutes = max(1, int(left.total_seconds() // 60))
    return t(f"即将截止，还有 {minutes} 分钟", f"closes in {minutes} minute{'s' if minutes != 1 else ''}")


def many(count: int) -> str:
    """A number that is counted up to one more than `FEW`; that one stands for more than them."""
    return t(f"超过 {pages.FEW:,}", f"over {pages.FEW:,}") if count > pages.FEW else f"{count:,}"


def size(count: int) -> str:
    """Bytes as people say them."""
    if count < 1024:
        return f"{count} B"
    return f"{count / 1024:.0f} KB" if count < 1024 * 1024 else f"{count / 1024 / 1024:.1f} MB"
