"""`zhengji backup`: a copy of everything, taken while the installation serves."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from web.commands.telling import Progress, print_json, refusals
from workflow import settings as configured

KEYS = """密钥不在备份里，请另外保存，不要与备份放在一起：/ Keys are not in the backup. Keep them elsewhere, apart from it:
  ZHENGJI_SECRET_KEY  会话与验证器应用的密钥 / signs sessions, opens authenticator secrets
  {audit_key}  留痕的签名密钥 / signs the trail
例如打印后封存，或存入单位的密码保险箱；用 --with-keys 可放进只有本账号能进入的文件夹。
On sealed paper, say, or in your organisation's vault; --with-keys puts them into a folder that only this account may enter."""


@click.command()
@click.option(
    "--to",
    "target",
    type=click.Path(path_type=Path, file_okay=False),
    help="放在哪个文件夹，默认 ZHENGJI_BACKUPS / the folder, ZHENGJI_BACKUPS by default",
)
@click.option("--with-keys", is_flag=True, help="连同密钥（文件夹须为 700）/ with the keys, into a folder of mode 700")
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出 / print JSON")
def backup(target: Path | None, with_keys: bool, as_json: bool) -> None:
    """备份数据库和材料，不用停机；只复制上次备份之后新增的材料。 / Back up database and documents while serving.

    \b
    例 Example:  zhengji backup --to /mnt/backups
    """
    from workflow.backup import back_up
    from workflow.installation import existing
    from workflow.store.files import Files

    settings = configured.from_environment()
    progress = Progress()
    with refusals():
        database = existing(settings)
        try:
            made = back_up(
                settings,
                database,
                Files(settings.documents_url, settings.documents_endpoint),
                target or Path(settings.backups),
                at=datetime.now(UTC),
                with_keys=with_keys,
                tell=progress,
            )
        finally:
            database.close()
            progress.end()
    if as_json:
        print_json(
            {
                "backup": str(made.folder),
                "manifest": made.manifest,
                "documents": made.documents,
                "shared_with_earlier": made.linked,
                "missing": made.missing,
                "bytes": made.size,
                "entries": made.log_size,
                "with_keys": made.with_keys,
            }
        )
    else:
        click.echo(f"已备份 / backed up: {made.folder}")
        click.echo(
            f"{made.log_size} 条留痕，{made.documents} 份材料（{made.linked} 份与上次备份共用），{made.size:,} 字节 / "
            f"{made.log_size} entries, {made.documents} documents ({made.linked} shared with the last backup)"
        )
        click.echo(f"清单摘要，请抄存 / digest of the manifest, to be noted:\n  {made.manifest}")
        if not with_keys:
            click.echo(KEYS.format(audit_key=settings.audit_key))
    bad = {digest: why for digest, why in made.missing.items() if why != "erased"}
    for digest, why in bad.items():
        words = "已损坏 / is damaged" if why == "damaged" else "不在 / is not there"
        click.echo(f"! 材料库里的 {digest} {words}", err=True)
    sys.exit(1 if bad else 0)
