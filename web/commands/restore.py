"""`zhengji restore`: a backup checked and put back into an empty place."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from web.commands.telling import Progress, print_json, refusals
from workflow import settings as configured

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False, readable=True)


@click.command()
@click.argument("backup", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "--into",
    type=click.Path(path_type=Path, file_okay=False),
    help="恢复到哪个空文件夹，默认 ZHENGJI_HOME / an empty folder, ZHENGJI_HOME by default",
)
@click.option(
    "--anchor",
    "seen",
    multiple=True,
    type=_FILE,
    help="别处保存的检查点，用来看缺了什么 / a checkpoint kept elsewhere, to see what is missing",
)
@click.option("--manifest", default="", help="备份时抄存的清单摘要 / the digest noted when the backup was made")
@click.option(
    "--accept-older", default="", help="缺少后来的留痕也启用的原因，记入留痕 / why it may serve though it is older"
)
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出 / print JSON")
def restore(
    backup: Path, into: Path | None, seen: Sequence[Path], manifest: str, accept_older: str, as_json: bool
) -> None:
    """核对一个备份，恢复到空的位置。 / Check a backup and restore it into an empty place.

    \b
    例 Example:  zhengji restore /mnt/backups/zhengji-20260301T020000Z --into /srv/zhengji
    """
    from workflow.operation.restore import restore as put_back

    told = {**os.environ, "ZHENGJI_HOME": str(into)} if into else os.environ
    settings = configured.from_environment(told)
    progress = Progress()
    with refusals():
        try:
            done = put_back(
                settings,
                backup,
                at=datetime.now(UTC),
                seen=seen,
                accept_older=accept_older,
                manifest_digest=manifest,
                tell=progress,
            )
        finally:
            progress.end()
    if as_json:
        print_json(
            {
                "home": str(settings.home),
                "created": done.created.isoformat(),
                "manifest": done.manifest,
                "entries": done.entries,
                "documents": done.documents,
                "missing_documents": done.missing,
                "behind": [
                    {"anchor": one.place, "missing": one.missing, "zh": one.why.zh, "en": one.why.en}
                    for one in done.lost
                ],
                "accepted": done.accepted,
                "key_needed": done.key_needed,
                "not_checked": [{"zh": zh, "en": en} for zh, en in done.unchecked],
            }
        )
        return
    click.echo(
        f"已恢复 {done.created:%Y-%m-%d %H:%M} UTC 的备份：{done.entries} 条留痕，{done.documents} 份材料，全部核对无误。\n"
        f"Restored: {done.entries} entries and {done.documents} documents, all verified."
    )
    for digest, why in done.missing.items():
        click.echo(f"! 备份时就已缺少材料 / missing already when it was backed up: {digest} ({why})")
    for zh, en in done.unchecked:
        click.echo(f"· {zh}\n  {en}")
    for one in done.lost:
        click.echo(f"! {one.why.zh}\n  {one.why.en}")
    if done.lost and not done.accepted:
        click.echo(
            "写明原因之前不会启动 / It is not served until the reason is given:\n  zhengji doctor --accept-older '原因'"
        )
    if done.key_needed:
        click.echo(
            f"请把留痕的签名密钥放回 {settings.audit_key}，否则不再签发检查点。\n"
            f"Put the trail's key back to {settings.audit_key}; without it no checkpoints are signed."
        )
