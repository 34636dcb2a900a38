"""Why a try failed, in words that people understand; what the system said is kept beside it for whoever mends it."""

from __future__ import annotations

from rules.words import Text
from workflow.engine import CannotServe
from workflow.failure import Failure
from workflow.operation.logs import without_secrets
from workflow.operation.timestamps import NotStamped
from workflow.personal import masked_text
from workflow.store.files import Damaged
from workflow.store.trouble import Trouble, trouble

_LONGEST = 2000
"""Characters of the system's own words that are kept."""

_OF_OURS = {
    Trouble.AWAY: Text("数据库暂时连接不上。", "The database could not be reached for a while."),
    Trouble.STORE: Text(
        "文件库暂时连接不上，或拒绝读写。", "The document store could not be reached for a while, or refused."
    ),
    Trouble.FULL: Text(
        "没有存储空间了。请管理员腾出空间。", "There is no room left; the administrator should make some."
    ),
    Trouble.CLASH: Text("同一时刻有别的操作在改动同样的内容。", "Something else changed the same at that moment."),
    Trouble.BUSY: Text("别的操作长时间占着同样的内容。", "Something else worked on the same for long."),
    Trouble.SLOW: Text("数据库太慢，没有等到结果。", "The database took too long."),
}
_GENERAL = (Trouble.AWAY, Trouble.STORE, Trouble.FULL)
_MISSING = Text(
    "文件库里缺少一个文件，或文件已损坏。请管理员检查文件库。",
    "A file is missing from the document store, or damaged; the administrator should look.",
)
_STAMPING = Text("时间戳服务没有给出有效的时间戳。", "The time stamping service gave no time stamp that holds.")
_MISTAKE = Text(
    "程序出错。日志里有详细情况，请管理员查看。",
    "The program made a mistake; the log tells more, for the administrator.",
)
DATABASE_AWAY = f"ours_{Trouble.AWAY.name.lower()}"
INTERRUPTED = Failure(
    "interrupted",
    Text(
        "办理它的进程每次都中途结束。请管理员查看日志。",
        "Each process that was at it ended in the middle; the administrator should look into the log.",
    ),
)


def reason(problem: Exception) -> Failure:
    """Why it failed. What is personal, and what is secret, is left out of the system's own words."""
    known = problem if isinstance(problem, Failure) else _known(problem)
    said = masked_text(without_secrets(known.said))[:_LONGEST]
    return Failure(known.code, known.why, said, lasting=known.lasting, general=known.general)


def _known(problem: Exception) -> Failure:
    said = f"{type(problem).__name__}: {problem}"
    kind = trouble(problem)
    if kind is not None:
        return Failure(f"ours_{kind.name.lower()}", _OF_OURS[kind], said, general=kind in _GENERAL)
    if isinstance(problem, CannotServe):
        return Failure("cannot_serve", problem.message, lasting=True)
    if isinstance(problem, Damaged | FileNotFoundError):
        return Failure("file_missing", _MISSING, said, lasting=True)
    if isinstance(problem, NotStamped):
        return Failure("not_stamped", _STAMPING, said)
    return Failure("mistake", _MISTAKE, said)
