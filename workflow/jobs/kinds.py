"""What kinds of background work there are: one table that queueing, running and the screens read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rules.roles import Role
from rules.words import Labelled, Text


class JobState(Labelled):
    """Where a piece of background work stands."""

    QUEUED = "queued", "排队中", "Queued"
    RUNNING = "running", "正在办理", "Running"
    WAITING = "waiting", "等候重试", "Waiting for its next try"
    DONE = "done", "已办完", "Done"
    GAVE_UP = "gave_up", "未办成", "Given up"
    RETRIED = "retried", "已另行办理", "Taken up again"
    DISMISSED = "dismissed", "不再办理", "Dismissed"
    CANCELLED = "cancelled", "已取消", "Cancelled"


UNFINISHED = (JobState.QUEUED, JobState.RUNNING, JobState.WAITING)
"""Work that is still to be done."""

WORK = "zhengji"
MAILS = "zhengji-mail"
"""Mails have a queue of their own: those that go to a server that does not answer keep no other work waiting."""

BOOKS = "zhengji-book"
"""A large collection takes much memory and time, so a worker makes one at a time, and other work does not wait for it."""

QUEUES: Mapping[str, int] = {WORK: 4, MAILS: 16, BOOKS: 1}
"""Queue → how much of it one worker does at once."""


@dataclass(frozen=True)
class Waits:
    """How long to wait after a failed try: `first` seconds, each time `rate` times as long, never above an hour.

    After `tries` failed tries it is given up.
    """

    first: float
    rate: float
    tries: int

    def after(self, failed: int) -> float | None:
        """Seconds until the next try after so many failed ones; None when there is none."""
        if failed >= self.tries:
            return None
        return min(self.first * self.rate ** min(failed - 1, 60), 3600.0)


A_WEEK = Waits(10, 2, 180)
"""So many tries last a week: at first seconds apart, in the end an hour (docs/decisions.md 37)."""

_ADMINISTRATION = frozenset({Role.ADMINISTRATOR, Role.AUDITOR})
_BATCHES = frozenset({Role.ADMINISTRATOR, Role.DESK, Role.DIRECTOR, Role.AUDITOR})
_OBJECTIONS = frozenset({Role.DESK, Role.DIRECTOR, Role.AUDITOR})
_PUSHES = frozenset({Role.ADMINISTRATOR, Role.LIAISON, Role.DESK, Role.DIRECTOR, Role.AUDITOR})


_COLLECTIONS = frozenset({Role.ADMINISTRATOR, Role.EDITOR, Role.AUDITOR})

_MADE = frozenset({Role.ADMINISTRATOR, Role.EDITOR, Role.DESK, Role.DIRECTOR, Role.AUDITOR})


@dataclass(frozen=True)
class Kind:
    """One kind of work. `about`: what kind of thing its first argument numbers, "" for none.

    `seen_by`, `settled_by`: who sees it, and who retries, cancels or dismisses it. `cancellable`: whether it may be
    called off before it is done. `replaces`: new work about the same thing settles what was given up before. `elsewhere`:
    it is retried on the page of the thing itself, because that is a step of the thing. `quiet`: that it was done is not told.
    """

    name: str
    label: Text
    waits: Waits
    seen_by: frozenset[Role]
    settled_by: frozenset[Role]
    about: str = ""
    queue: str = WORK
    cancellable: bool = False
    replaces: bool = False
    elsewhere: bool = False
    quiet: bool = False


_EVERY = (
    Kind(
        "deliver_push",
        Text("推送案例", "Push a case"),
        Waits(2, 3, 8),
        _PUSHES,
        frozenset({Role.LIAISON}),
        about="push",
        replaces=True,
        elsewhere=True,
    ),
    Kind(
        "recall_push",
        Text("请接收方撤回推送", "Have a push recalled"),
        Waits(5, 3, 8),
        _PUSHES,
        frozenset({Role.LIAISON}),
        about="push",
        replaces=True,
    ),
    Kind(
        "ask_receiver",
        Text("向接收方查询推送", "Ask a receiver about a push"),
        Waits(5, 3, 4),
        _PUSHES,
        frozenset({Role.LIAISON}),
        about="push",
        replaces=True,
    ),
    Kind(
        "mail_batch",
        Text("寄送汇总报送材料", "Mail a batch"),
        A_WEEK,
        _BATCHES,
        frozenset({Role.ADMINISTRATOR, Role.DESK}),
        about="batch",
        queue=MAILS,
        replaces=True,
    ),
    Kind(
        "mail_notice",
        Text("账号变动提醒邮件", "Mail about an account"),
        A_WEEK,
        _ADMINISTRATION,
        frozenset({Role.ADMINISTRATOR}),
        about="person",
        queue=MAILS,
        cancellable=True,
    ),
    Kind(
        "mail_reset",
        Text("重设密码邮件", "Mail with a link for a new password"),
        Waits(10, 2, 6),
        _ADMINISTRATION,
        frozenset({Role.ADMINISTRATOR}),
        queue=MAILS,
        cancellable=True,
    ),
    Kind(
        "mail_invitation",
        Text("请新账号设置密码的邮件", "Mail that lets somebody new choose a password"),
        A_WEEK,
        _ADMINISTRATION,
        frozenset({Role.ADMINISTRATOR}),
        queue=MAILS,
        cancellable=True,
    ),
    Kind(
        "mail_checkpoints",
        Text("向各主管部门和审计员寄送留痕检查点", "Mail the day's checkpoint to offices and auditors"),
        A_WEEK,
        _ADMINISTRATION,
        frozenset({Role.ADMINISTRATOR}),
        queue=MAILS,
        cancellable=True,
    ),
    Kind(
        "mail_letters",
        Text("告知案例结果的邮件", "Mails on what became of cases"),
        A_WEEK,
        _BATCHES,
        frozenset({Role.ADMINISTRATOR, Role.DESK}),
        queue=MAILS,
    ),
    Kind(
        "remind",
        Text("截止前提醒", "Remind of a deadline"),
        Waits(60, 3, 6),
        _BATCHES,
        frozenset({Role.ADMINISTRATOR, Role.DESK}),
        queue=MAILS,
        cancellable=True,
        replaces=True,
        quiet=True,
    ),
    Kind(
        "read_arrival",
        Text("核对来件", "Read what came in"),
        Waits(10, 3, 6),
        _BATCHES,
        frozenset({Role.ADMINISTRATOR, Role.DESK}),
        about="arrival",
        replaces=True,
    ),
    Kind(
        "compile_collection",
        Text("编印案例集", "Compile a collection"),
        Waits(10, 3, 5),
        _COLLECTIONS,
        frozenset({Role.EDITOR, Role.ADMINISTRATOR}),
        about="collection",
        queue=BOOKS,
        cancellable=True,
    ),
    Kind(
        "make_file",
        Text("生成总结报告或宣传材料", "Make a closing report or a pack"),
        Waits(10, 3, 5),
        _MADE,
        frozenset({Role.EDITOR, Role.DESK, Role.DIRECTOR, Role.ADMINISTRATOR}),
        cancellable=True,
    ),
    Kind(
        "prove_call",
        Text("用通知的数据运行例子", "Run the scenarios on a call's data"),
        Waits(10, 3, 3),
        _BATCHES,
        frozenset({Role.DESK, Role.DIRECTOR}),
        about="call_text",
        queue=BOOKS,
        cancellable=True,
        replaces=True,
        quiet=True,
    ),
    Kind(
        "replay_call",
        Text("假如重算", "Work out what if"),
        Waits(10, 3, 5),
        _BATCHES,
        frozenset({Role.DESK, Role.DIRECTOR}),
        about="what_if",
        cancellable=True,
        quiet=True,
    ),
    Kind(
        "mail_objection",
        Text("答复异议人的邮件", "Mail to whoever objects"),
        A_WEEK,
        _OBJECTIONS,
        frozenset({Role.DESK}),
        queue=MAILS,
        cancellable=True,
    ),
    Kind(
        "mail_judges",
        Text("邀请评审专家的邮件", "Mails that invite judges"),
        A_WEEK,
        _BATCHES,
        frozenset({Role.ADMINISTRATOR, Role.DESK}),
        queue=MAILS,
        cancellable=True,
    ),
    Kind(
        "mail_released",
        Text("告知专家不用再评的邮件", "Mails that tell judges what they judge no more"),
        A_WEEK,
        _BATCHES,
        frozenset({Role.ADMINISTRATOR, Role.DESK}),
        queue=MAILS,
        cancellable=True,
    ),
    Kind(
        "remind_judges",
        Text("提醒评审专家", "Remind judges"),
        Waits(60, 3, 6),
        _BATCHES,
        frozenset({Role.ADMINISTRATOR, Role.DESK}),
        queue=MAILS,
        cancellable=True,
        replaces=True,
        quiet=True,
    ),
    Kind(
        "plan_judging",
        Text("计算评审分派方案", "Work out who judges what"),
        Waits(10, 3, 4),
        _BATCHES,
        frozenset({Role.ADMINISTRATOR, Role.DESK}),
        queue=BOOKS,
    ),
    Kind(
        "look_into_mailbox",
        Text("收取邮箱里的来件", "Look into the mailbox"),
        Waits(30, 2, 3),
        _BATCHES,
        frozenset({Role.ADMINISTRATOR, Role.DESK}),
        queue=MAILS,
        cancellable=True,
        replaces=True,
        quiet=True,
    ),
    Kind(
        "take_arrival",
        Text("办理来件", "Make drafts of what came in"),
        Waits(10, 3, 6),
        _BATCHES,
        frozenset({Role.ADMINISTRATOR, Role.DESK}),
        about="arrival",
        cancellable=True,
        replaces=True,
    ),
    Kind(
        "mail_answer",
        Text("寄送来件答复", "Mail the answer to what came in"),
        A_WEEK,
        _BATCHES,
        frozenset({Role.ADMINISTRATOR, Role.DESK}),
        about="arrival",
        queue=MAILS,
    ),
    Kind(
        "keep_no_longer",
        Text("到期清理个人信息", "Throw away what is kept no longer"),
        Waits(60, 3, 5),
        _ADMINISTRATION,
        frozenset({Role.ADMINISTRATOR}),
    ),
    Kind(
        "sweep_documents",
        Text("清理文件库", "Sweep the document store"),
        Waits(60, 3, 5),
        _ADMINISTRATION,
        frozenset({Role.ADMINISTRATOR}),
    ),
    Kind(
        "complete_words",
        Text("补全案例的全文查找", "Make up for cases that words do not find yet"),
        Waits(60, 3, 5),
        _ADMINISTRATION,
        frozenset({Role.ADMINISTRATOR}),
    ),
    Kind(
        "clear_work",
        Text("清理早已办完的后台任务", "Clear away background work done long ago"),
        Waits(60, 3, 5),
        _ADMINISTRATION,
        frozenset({Role.ADMINISTRATOR}),
    ),
    Kind(
        "verify_seals",
        Text("重新验证电子印章", "Verify electronic seals anew"),
        Waits(30, 3, 8),
        _ADMINISTRATION,
        frozenset({Role.ADMINISTRATOR}),
        quiet=True,
    ),
    Kind(
        "stamp_checkpoint",
        Text("为检查点加盖时间戳", "Have a checkpoint time-stamped"),
        Waits(30, 2, 12),
        _ADMINISTRATION,
        frozenset({Role.ADMINISTRATOR}),
    ),
)

KINDS: Mapping[str, Kind] = {one.name: one for one in _EVERY}
"""Name → kind. A name once queued is never given to other work."""

SEEN_BY = frozenset(role for one in _EVERY for role in one.seen_by)
"""Who sees background work of any kind."""


@dataclass(frozen=True)
class Schedule:
    """Work that comes by the clock, once however many workers there are. `cron`: minute, hour … in UTC.

    `missed`: what fell due while nothing ran is done afterwards. `needs`: the setting without which there is nothing to do.
    """

    job: str
    cron: str
    missed: bool = False
    needs: str = ""


SCHEDULES = (
    Schedule("look_into_mailbox", "*/5 * * * *", needs="imap_url"),
    Schedule("remind", "5 * * * *", needs="smtp_url"),
    Schedule("remind_judges", "5 1 * * *", needs="smtp_url"),  # five past nine in the morning in Beijing
    Schedule("keep_no_longer", "15 19 * * *", missed=True),  # a quarter past three at night in Beijing
    Schedule("sweep_documents", "45 19 * * *"),  # half an hour after it
    Schedule("complete_words", "15 20 * * *"),  # and again half an hour
    Schedule("clear_work", "45 20 * * *"),
    Schedule("verify_seals", "5 * * * *"),  # issuers or lists may have been changed
    Schedule("stamp_checkpoint", "30 15 * * *"),  # half past eleven in the evening in Beijing
)
