"""`zhengji audit`: the trail verified where it lies, and exported for whoever wants to check it elsewhere."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from workflow import settings as configured

_FILE = click.Path(path_type=Path, dir_okay=False)
_THERE = click.Path(path_type=Path, exists=True, dir_okay=False, readable=True)


@click.group()
def audit() -> None:
    """留痕：核对与导出 / the trail: verify and export."""


@audit.command()
@click.argument("file", required=False, type=_THERE)
@click.option("--key", default="", help="另存的公钥一行 / the log's public key as kept elsewhere")
@click.option(
    "--anchor", "anchors", multiple=True, help="另存的检查点：文件，或“条数:树根” / a checkpoint kept elsewhere"
)
@click.option("--receipt", "receipts", multiple=True, type=_THERE, help="回执的 JSON / a receipt's JSON")
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出 / print JSON")
def verify(file: Path | None, key: str, anchors: Sequence[str], receipts: Sequence[Path], as_json: bool) -> None:
    """核对留痕：不带文件则核对本系统的数据库，带文件则核对导出的留痕。 / Verify the database, or an export.

    \b
    例 Example:  zhengji audit verify --anchor last_checkpoint
                 zhengji audit verify trail.jsonl --key 'zhengji/…+…+…'
    """
    from workflow.operation import witnesses

    anchors = [_text(one) for one in anchors]
    held = [one.read_text(encoding="utf-8") for one in receipts]
    try:
        done = (
            witnesses.verify_file(file, key=key, anchors=anchors, receipts=held)
            if file
            else witnesses.verify_here(configured.from_environment(), key=key, anchors=anchors, receipts=held)
        )
    except (witnesses.WrongUse, OSError, UnicodeDecodeError) as wrong:
        raise click.UsageError(str(wrong)) from wrong
    if as_json:
        _print(done.as_json())
    else:
        for one in done.problems:
            click.echo(f"✗ [{one.code}] {one.where}：{one.zh}\n    {one.en}")
        for zh, en in done.unchecked:
            click.echo(f"· {zh}\n  {en}")
        click.echo(
            f"{'成立 / holds' if done.holds else '不成立 / does not hold'}：{done.entries} 条留痕，"
            f"{done.checkpoints} 个检查点，{len(done.problems)} 处问题 / {done.entries} entries, "
            f"{done.checkpoints} checkpoints, {len(done.problems)} findings"
        )
    sys.exit(0 if done.holds else 1)


def _text(given: str) -> str:
    """An anchor: the file of that name, else the words themselves."""
    path = Path(given)
    return path.read_text(encoding="utf-8") if path.exists() else given


@audit.command()
@click.option("--out", type=_FILE, default=None, help="写到哪里，默认 trail.jsonl / where to, trail.jsonl by default")
@click.option("--personal", is_flag=True, help="连同未删除的个人信息 / with personal parts that are not erased")
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出 / print JSON")
def export(out: Path | None, personal: bool, as_json: bool) -> None:
    """导出全部留痕，供任何人在另一台电脑上核对。 / Export the whole trail for anybody to verify elsewhere.

    \b
    例 Example:  zhengji audit export --out trail.jsonl
    """
    from workflow.operation import witnesses

    out = out or Path("trail.jsonl")
    made = witnesses.export_here(configured.from_environment(), out, personal=personal)
    if as_json:
        _print(
            {"file": str(out), "entries": made.entries, "origin": made.origin, "key": made.key, "checkpoint": made.note}
        )
        return
    click.echo(f"已导出 {made.entries} 条 / exported {made.entries} entries: {out}")
    click.echo(f"核对 / verify:  python3 zhengji_verify.py {out} --key '{made.key}'")
    click.echo(f"校验器 / verifier:  {made.verifier}")


def _print(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))
