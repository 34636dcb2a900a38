"""What an administrator of a new installation still has to see to, before a call can run in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from rules.call import BEIJING
from rules.roles import Role
from rules.words import Text
from states.reach import Actor
from workflow.identity import factors
from workflow.settings import Settings
from workflow.store import calls as stored_calls
from workflow.store import people, register

NATIONAL = (Role.DESK, Role.DIRECTOR, Role.EDITOR, Role.TRANSLATOR, Role.CHECKER, Role.LIAISON, Role.AUDITOR)
"""Whom the national office needs whatever its calls say; judges are the desk's to invite."""


@dataclass(frozen=True)
class Step:
    """One thing to see to. `name`: where it is done; `found`: what there is now."""

    name: str
    what: Text
    found: Text
    settled: bool


def steps(session: Session, settings: Settings, actor: Actor, at: datetime) -> list[Step]:
    """What a new installation needs, in the order in which it is best done; nothing of a demo, which has it all."""
    if settings.demo or Role.ADMINISTRATOR not in actor.roles:
        return []
    return [
        _second_factor(session, actor),
        _administrators(session),
        _mail(settings),
        _centres(session),
        _national(session),
        _offices(session),
        _in_centres(session),
        _call(session, at),
    ]


def _second_factor(session: Session, actor: Actor) -> Step:
    has = factors.of_person(session, actor.id).any
    return Step(
        "second_factor",
        Text("给自己的账号加第二验证方式", "Give your own account a second factor"),
        Text("已设置", "set up")
        if has
        else Text("只有密码；密码泄露，所有账号都危险", "a password alone; if it leaks, so do all"),
        has,
    )


def _administrators(session: Session) -> Step:
    count = people.holders(session)[Role.ADMINISTRATOR]
    return Step(
        "administrators",
        Text("再设一位管理员", "Name a second administrator"),
        Text(
            f"现有 {count} 位；只有一位时，他不在就没有人能办",
            f"there are {count}; with one alone, all waits while they are away",
        ),
        count > 1,
    )


def _mail(settings: Settings) -> Step:
    ready = bool(settings.smtp_url and settings.mail_from)
    without = Text(
        "没有设 ZHENGJI_SMTP_URL、ZHENGJI_MAIL_FROM：提醒、重设密码和报送邮件都寄不出（请机房设置）",
        "ZHENGJI_SMTP_URL and ZHENGJI_MAIL_FROM are not set: no reminder, new password or report leaves (whoever runs the "
        "machine sets them)",
    )
    return Step("mail", Text("能寄邮件", "Let mail leave"), Text("已设置", "set up") if ready else without, ready)


def _centres(session: Session) -> Step:
    offices, centres = len(register.offices(session)), len(register.centres(session))
    return Step(
        "centres",
        Text("导入中心名单", "Import the list of centres"),
        Text(f"现有 {offices} 个主管部门、{centres} 个中心", f"there are {offices} offices and {centres} centres"),
        centres > 0,
    )


def _national(session: Session) -> Step:
    held = people.holders(session)
    missing = [one for one in NATIONAL if not held[one]]
    lacking = Text(
        "还没有：" + "、".join(one.label.zh for one in missing),
        "missing: " + ", ".join(one.label.en for one in missing),
    )
    return Step(
        "national",
        Text("国家局各职责的账号", "Accounts of the national office"),
        lacking if missing else Text("各职责都有人", "every role is held"),
        not missing,
    )


def _offices(session: Session) -> Step:
    """Offices that have centres; the others have nothing to do."""
    without = {one for role in (Role.REVIEWER, Role.LEADER) for one in people.offices_without(session, role)}
    concerned = {one.office_id for one in register.centres(session)}
    count, of = len(without), len(concerned)
    return Step(
        "offices",
        Text("各主管部门审核人和负责人的账号", "Accounts of reviewers and leaders of the offices"),
        Text(
            f"有中心的主管部门 {of} 个，其中 {count} 个还不齐",
            f"{of} offices have centres; {count} of them lack one",
        ),
        bool(of) and not without,
    )


def _in_centres(session: Session) -> Step:
    ready, of = people.centres_with(session, Role.AUTHOR, Role.SEALER), len(register.centres(session))
    return Step(
        "in_centres",
        Text("各中心撰稿人和盖章人的账号", "Accounts of authors and sealers of the centres"),
        Text(f"{of} 个中心，其中 {ready} 个已齐", f"{of} centres; {ready} of them have both"),
        bool(of) and ready == of,
    )


def _call(session: Session, at: datetime) -> Step:
    today = at.astimezone(BEIJING).date()
    running = [call for _, call in stored_calls.open_calls(session) if today <= max(one.closes for one in call.phases)]
    named = "、".join(call.document_number for call in running)
    return Step(
        "call",
        Text("写好并开放一份征集通知", "Write a call and open it"),
        Text(f"正在征集：{named}", f"open: {named}")
        if running
        else Text("没有正在征集的通知", "no call is open whose time is not over"),
        bool(running),
    )
