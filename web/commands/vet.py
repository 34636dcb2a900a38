"""`zhengji vet`: files judged as an upload would be, and nothing kept."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from web.commands.telling import call_from, refusals
from workflow.documents.kinds import ending
from workflow.documents.limits import Limit, any_attachment, of_attachment
from workflow.documents.names import decoded
from workflow.documents.vetting import attachment, judge, slot_for

_SLOTS = ("case", "form", "scan", "summary", "mail", "package", "list", "worklist", "call", "picture", "passport")
_ATTACHMENT = "attachment"


@click.command()
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False, readable=True)
)
@click.option(
    "--slot",
    type=click.Choice((*_SLOTS, _ATTACHMENT)),
    help="当作哪种材料（默认看扩展名）/ as which paper (default: by its ending)",
)
@click.option("--name", help="上传时的文件名 / the name under which it was uploaded")
@click.option("--paper", help="通知要的哪种附件（[[papers]] 的 id）/ which attachment, by its id under [[papers]]")
@click.option(
    "--call",
    "call_file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False, readable=True),
    help="征集通知文件，默认 2021-205 / a call's file",
)
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出 / print JSON")
def vet(
    files: Sequence[Path], slot: str | None, name: str | None, paper: str | None, call_file: Path | None, as_json: bool
) -> None:
    """检查文件能否接收，与上传时同一道检查；不保存任何内容。 / Judge files as an upload would be; nothing is kept.

    可接收则退出码为 0，有任何一个被拒收则为 1。 / Exit 0: all are taken; 1: any is refused.

    \b
    例 Example:  zhengji vet --slot case 案例.docx
                 zhengji vet --json 材料/*
                 zhengji vet --call 通知.toml --paper video 讲解.mp4
    """
    if name is not None and len(files) > 1:
        raise click.UsageError("--name 只用于一个文件 / --name goes with one file")
    if paper is not None and slot not in (None, _ATTACHMENT):
        raise click.UsageError("--paper 说的是附件 / --paper is about attachments")
    limit = _limit(call_file, paper) if paper is not None or slot == _ATTACHMENT else None
    judged = [_judged(file, slot, file.name if name is None else name, limit) for file in files]
    if as_json:
        click.echo(json.dumps(judged if len(judged) > 1 else judged[0], ensure_ascii=False, indent=2))
    else:
        for one in judged:
            click.echo(f"{one['file']}  [{one['verdict']}{' ' + one['code'] if one['code'] else ''}]")
            click.echo(f"  {one['zh']}\n  {one['en']}")
    sys.exit(1 if any(one["verdict"] == "reject" for one in judged) else 0)


def _limit(call_file: Path | None, paper_id: str | None) -> Limit:
    """What that attachment of the call takes; without one, whatever any call may ask for."""
    if paper_id is None:
        return any_attachment()
    with refusals():
        papers = call_from(call_file).attachments
    paper = next((one for one in papers if one.id == paper_id), None)
    if paper is None:
        known = "、".join(one.id for one in papers) or "—"
        raise click.UsageError(f"通知没有要这种附件；有 / the call asks for no such attachment, but for: {known}")
    return of_attachment(paper)


def _judged(file: Path, slot: str | None, name: str, limit: Limit | None) -> dict[str, Any]:
    guessed = slot_for(name)
    if limit is None and slot is None and not guessed and ending(name) in any_attachment().endings:
        limit = any_attachment()  # films and recordings come as attachments only
    with _opened(file) as source:
        if limit is not None:
            with attachment(limit, name, source) as (verdict, _):
                pass
        else:
            verdict = judge(slot or (guessed if guessed in _SLOTS else "case"), name, source)
    received = verdict.received
    return {
        "file": decoded(os.fsencode(file)),
        "verdict": verdict.verdict,
        "code": verdict.code,
        "zh": verdict.text.zh,
        "en": verdict.text.en,
        "name": received.name,
        "size": received.size,
        "sha256": received.sha256,
        "sm3": received.sm3,
    }


def _opened(file: Path) -> Any:
    try:
        return file.open("rb")
    except OSError as error:
        raise click.UsageError(f"{file}: {error.strerror}") from error
