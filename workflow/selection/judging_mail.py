"""Mails to judges: that they are invited, and that a day is near or over. Nothing of a case stands in them."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from functools import partial

from rules.call import BEIJING
from states.judgement import JudgementState
from workflow.documents.mail import compose
from workflow.mailing import Mailer
from workflow.reminders import Each
from workflow.store import judging as stored
from workflow.store.database import Database

_OPEN = (JudgementState.INVITED, JudgementState.ACCEPTED)
_BEFORE = (3, 1, 0)
"""Days before the last one on which a judge is reminded; when it is over, on the first day and each third one after."""
_EVERY = 3


def invite(database: Database, mailer: Mailer, site: str, first: int, last: int, each: Each, *, at: datetime) -> str:
    """Tell everybody who was invited by these judgements, once each, how many they are and until when. Raises MailRefused."""
    mailer.check()
    with database.reading() as session:
        found = [one for one in stored.to_tell(session, first, last) if one.state == JudgementState.INVITED]
    return _sent(mailer, site, found, each, f"invite-{first}-{last}", "您受邀评审", "You are invited to judge", at)


def released(
    database: Database, mailer: Mailer, site: str, version: int, numbers: Sequence[int], each: Each, *, at: datetime
) -> str:
    """Tell a judge that these judgements are no longer theirs, unless they are again. `version`: of the first before its release, so that another
    release of the same is told anew. Raises MailRefused."""
    mailer.check()
    with database.reading() as session:
        found = [one for one in stored.to_tell_of(session, numbers) if one.state == JudgementState.RELEASED]
    key = f"released-{version}-{'-'.join(map(str, numbers))}"
    return _sent(mailer, site, found, each, key, "您不用再评的案例", "Cases you judge no more", at, _released)


def remind(database: Database, mailer: Mailer, site: str, each: Each, *, at: datetime) -> str:
    """Remind judges of what is due soon or late; one mail to each on one day. Raises MailRefused."""
    mailer.check()
    today = at.astimezone(BEIJING).date()
    with database.reading() as session:
        open_ = [one for one in stored.open_with_day(session) if one.due_on is not None]
    due = [one for one in open_ if one.due_on is not None and _on_this_day((one.due_on - today) // timedelta(days=1))]
    said = partial(_reminded, today)
    return _sent(mailer, site, due, each, f"remind-{today}", "评审提醒", "A reminder to judge", at, said)


def _on_this_day(left: int) -> bool:
    return left in _BEFORE or (left < 0 and (-left - 1) % _EVERY == 0)


def _sent(
    mailer: Mailer,
    site: str,
    found: Sequence[stored.ToTell],
    each: Each,
    key: str,
    zh: str,
    en: str,
    at: datetime,
    said: Callable[[str, Sequence[stored.ToTell]], list[str]] | None = None,
) -> str:
    of_judge: dict[int, list[stored.ToTell]] = defaultdict(list)
    for one in found:
        if one.email:
            of_judge[one.judge_id].append(one)

    def send(judge: int) -> None:
        mailer.send(_mail(mailer, site, of_judge[judge], key, zh, en, at, said or _asked))

    each(list(of_judge), send)
    return f"{len(of_judge)} mails"


def _asked(site: str, mine: Sequence[stored.ToTell]) -> list[str]:
    days = sorted({one.due_on for one in mine if one.due_on})
    until = f"，最早一件请在 {days[0]} 前评完" if days else ""
    by = f", the first by {days[0]}" if days else ""
    return [
        f"有 {len(mine)} 个案例请您评审{until}。案例内容不在邮件里，请登录查看：",
        f"{site.rstrip('/')}/judging/mine",
        "有应当回避的情形，或者不便评审的，请在页面上说明，由国家局改派。",
        "",
        f"{len(mine)} case{'s wait' if len(mine) > 1 else ' waits'} for your judgement{by}. Sign in to read; please say there if",
        "you have a conflict of interest or cannot judge, and the national office finds somebody else.",
        "",
    ]


def _reminded(today: date, site: str, mine: Sequence[stored.ToTell]) -> list[str]:
    """The same, after a line on what is late."""
    late = sum(one.due_on is not None and one.due_on < today for one in mine)
    if not late:
        return _asked(site, mine)
    return [
        f"其中 {late} 个已经逾期。请尽快评完；不能评的请在页面上谢绝，国家局会改请他人。",
        f"{late} of these are late. Please score them soon, or decline on the page, so that somebody else can be asked.",
        "",
        *_asked(site, mine),
    ]


def _released(site: str, mine: Sequence[stored.ToTell]) -> list[str]:
    return [
        f"原来请您评审的 {len(mine)} 个案例，国家局已改请其他专家评审，您不用再评。已经写下的评分保留在案，不计入结果。",
        "理由写在各项评审的页面上，请登录查看：",
        f"{site.rstrip('/')}/judging/mine",
        "谢谢您！",
        "",
        f"You need not judge {len(mine)} of your cases any more: the national office has asked somebody else. What you wrote stays",
        "on record and does not count. Sign in to read the reasons. Thank you!",
        "",
    ]


def _mail(
    mailer: Mailer,
    site: str,
    mine: Sequence[stored.ToTell],
    key: str,
    zh: str,
    en: str,
    at: datetime,
    said: Callable[[str, Sequence[stored.ToTell]], list[str]],
) -> bytes:
    body = [f"{mine[0].name}，您好！", "", *said(site, mine)]
    digest = hashlib.sha256(f"{key}-{mine[0].judge_id}".encode()).hexdigest()[:32]
    return compose(
        sender=mailer.sender,
        to=mine[0].email,
        subject=f"征集系统：{zh} {en}",
        body="\n".join(body),
        attachments=[],
        message_id=f"<judging-{digest}@zhengji>",
        at=at,
    )
