"""The answer to whoever sent papers: what came, what is lacking of each case and by which clause, as a text and a mail."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from rules.call import Call
from rules.words import Text
from workflow.documents import mail
from workflow.documents.matching import Lack, Matched, OneCase


def text(found: Matched, call: Call) -> str:
    """The whole letter, Chinese first, then the same in English."""
    return "\n".join([*_chinese(found, call), "", "-" * 40, "", *_english(found, call)]) + "\n"


def as_mail(body: str, *, sender: str, to: str, subject: str, key: str, at: datetime) -> bytes:
    """The letter as a mail (.eml) to the sender; the same arrival gives the same Message-ID.

    Raises ValueError when an address is none.
    """
    domain = sender.rpartition("@")[2].strip("> ") or "zhengji.invalid"
    return mail.compose(
        sender=sender,
        to=to,
        subject=subject if subject.startswith("Re:") else f"Re: {subject}".strip(),
        body=body,
        attachments=(),
        message_id=f"reply.{key[:32]}@{domain}",
        at=at,
    )


def _chinese(found: Matched, call: Call) -> Iterator[str]:
    yield "您好！"
    yield ""
    yield f"您报送的“{call.title.zh}”材料已收到，共 {len(found.cases)} 个案例。"
    yield (
        "各项材料齐全，未发现需要补正之处。" if found.complete else "请按下列意见补正后重新报送，已收到的材料不必重发。"
    )
    if found.lacks:
        yield "\n【总体】"
        yield from _listed([_said(one).zh for one in found.lacks])
    for at, case in enumerate(found.cases, 1):
        yield f"\n【案例{at}】{_titled(case).zh}" + (f"（{case.centre}）" if case.centre else "")
        yield from _listed([_said(one).zh for one in case.lacks] or ["没有需要补正之处。"])
    if found.refused:
        yield "\n【未能接收的文件】"
        yield from _listed([why.zh for _, why in found.refused])
    if found.aside:
        yield "\n【没有采用的文件】"
        yield from _listed([f"{item.name}：{why.zh}" for item, why in found.aside])


def _english(found: Matched, call: Call) -> Iterator[str]:
    yield f"Your papers for the “{call.title.en}” have come: {len(found.cases)} cases."
    yield (
        "They are complete; nothing needs mending."
        if found.complete
        else "Please mend what follows and send that again; what has come need not be sent twice."
    )
    if found.lacks:
        yield "\n[All of it]"
        yield from _listed([_said(one).en for one in found.lacks])
    for at, case in enumerate(found.cases, 1):
        yield f"\n[Case {at}] {_titled(case).en}" + (f" ({case.centre})" if case.centre else "")
        yield from _listed([_said(one).en for one in case.lacks] or ["Nothing needs mending."])
    if found.refused:
        yield "\n[Files that could not be taken]"
        yield from _listed([why.en for _, why in found.refused])
    if found.aside:
        yield "\n[Files not used]"
        yield from _listed([f"{item.name}: {why.en}" for item, why in found.aside])


def _listed(lines: list[str]) -> Iterator[str]:
    yield from (f"  {at}. {line}" for at, line in enumerate(lines, 1))


def _titled(case: OneCase) -> Text:
    return Text(f"《{case.title}》", f"“{case.title}”") if case.title else Text("（没有名称）", "(no title)")


def _said(lack: Lack) -> Text:
    """The sentence, with the clause that demands it."""
    if not lack.clause:
        return lack.text
    return Text(f"{lack.text.zh}（通知第{lack.clause}条）", f"{lack.text.en} (clause {lack.clause})")
