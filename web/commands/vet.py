"""`zhengji vet`: files judged as an upload would be, and nothing kept."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from workflow.documents.names import decoded
from workflow.documents.vetting import judge, slot_for

_SLOTS = ("case", "form", "scan", "summary", "mail", "package", "list", "worklist", "call", "picture", "passport")


@click.command()
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False, readable=True)
)
@click.option(
    "--slot", type=click.Choice(_SLOTS), help="当作哪种材料（默认看扩展名）/ as which paper (default: by its ending)"
)
@click.option("--name", help="上传时的文件名 / the name under which it was uploaded")
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出 / print JSON")
def vet(files: Sequence[Path], slot: str | None, name: str | None, as_json: bool) -> None:
    """检查文件能否接收，与上传时同一道检查；不保存任何内容。 / Judge files as an upload would be; nothing is kept.

    可接收则退出码为 0，有任何一个被拒收则为 1。 / Exit 0: all are taken; 1: any is refused.

    \b
    例 Example:  zhengji vet --slot case 案例.docx
                 zhengji vet --json 材料/*
    """
    if name is not None and len(files) > 1:
        raise click.UsageError("--name 只用于一个文件 / --name goes with one file")
    judged = [_judged(file, slot, file.name if name is None else name) for file in files]
    if as_json:
        click.echo(json.dumps(judged if len(judged) > 1 else judged[0], ensure_ascii=False, indent=2))
    else:
        for one in judged:
            click.echo(f"{one['file']}  [{one['verdict']}{' ' + one['code'] if one['code'] else ''}]")
            click.echo(f"  {one['zh']}\n  {one['en']}")
    sys.exit(1 if any(one["verdict"] == "reject" for one in judged) else 0)


def _judged(file: Path, slot: str | None, name: str) -> dict[str, Any]:
    guessed = slot_for(name)
    with _opened(file) as source:
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
