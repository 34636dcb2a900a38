"""The daily mail with the newest checkpoint to offices and auditors: once it has left, nobody here can change the past unseen."""

from __future__ import annotations

import hashlib

from rules.call import BEIJING
from workflow.audit import log
from workflow.audit.log import Signed
from workflow.documents.mail import Attachment, compose
from workflow.jobs.queue import enqueue
from workflow.mailing import Mailer
from workflow.settings import Settings
from workflow.store import witnesses as stored
from workflow.store.database import Database


def queue(database: Database, settings: Settings, signed: Signed) -> bool:
    """Queue the mails of a checkpoint, once on one day in Beijing however many processes do so.

    False where no mail server is set.
    """
    if not (settings.smtp_url and settings.mail_from):
        return False
    day = signed.at.astimezone(BEIJING).date().isoformat()
    with database.transaction() as session:
        enqueue(session, "mail_checkpoints", f"mail_checkpoints/{day}", signed.size)
    return True


def addresses(database: Database) -> list[str]:
    """Every office and auditor with an address."""
    with database.reading() as session:
        return stored.addresses(session)


def _short(words: str) -> str:
    return hashlib.sha256(words.encode()).hexdigest()[:32]


def send(database: Database, settings: Settings, mailer: Mailer, size: int, address: str) -> str:
    """Send the checkpoint of that size to one address, once. Raises MailRefused."""
    with database.reading() as session:
        signed, key = log.of_size(session, size), log.public_key(session)
    if signed is None or key is None:
        return "there is no such checkpoint"
    return mailer.send(_letter(signed, key.text, settings, mailer.sender, address))


def _letter(signed: Signed, key: str, settings: Settings, sender: str, address: str) -> bytes:
    day = signed.at.astimezone(BEIJING)
    site = settings.base_url.rstrip("/")
    body = [
        "您好！",
        "",
        f"截至北京时间 {day:%Y-%m-%d %H:%M}，征集系统的留痕共有 {signed.size} 条。附件和下面的文字是它的检查点：",
        "条数、全部留痕的树根、时间和签名。请保存这封邮件，不用做别的。",
        "",
        "有什么用：检查点在您手里，任何人（包括本系统的管理者）以后都不能悄悄改动、删减这些留痕而不被发现。",
        f"对案例的遴选有异议时，可用它核对：{site}/trail/checkpoints （粘贴下面的文字），",
        f"或下载校验程序自行核对：{site}/receipts",
        "",
        "----",
        signed.note.rstrip("\n"),
        "----",
        f"公钥：{key}",
        "",
        f"At {day:%Y-%m-%d %H:%M} Beijing time the trail of the call for cases held {signed.size} entries. Attached, and",
        "above, is its checkpoint: how many entries, the root over them all, the time, and a signature. Please keep this",
        "mail; nothing else is asked of you. While you hold it nobody, those who run the system included, can alter or",
        f"cut these entries unseen. To compare: {site}/trail/checkpoints (paste the text), or {site}/receipts for a",
        "verifier that runs on your own computer.",
        "",
    ]
    return compose(
        sender=sender,
        to=address,
        subject=f"征集系统留痕检查点 {day:%Y-%m-%d}（{signed.size} 条）",
        body="\n".join(body),
        attachments=[Attachment(f"checkpoint-{day:%Y-%m-%d}.txt", "text/plain", signed.note.encode())],
        message_id=f"<checkpoint-{day:%Y%m%d}-{_short(address)}@zhengji>",
        at=signed.at,
    )
