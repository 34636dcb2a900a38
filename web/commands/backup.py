"""`zhengji backup`: a copy of everything, taken while the installation serves; a list of them, and dropping old ones."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from web.commands.telling import Progress, print_json, refusals
from workflow import settings as configured

KEYS = """密钥不在备份里，请另外保存，不要与备份放在一起：/ Keys are not in the backup. Keep them elsewhere, apart from it:
  ZHENGJI_SECRET_KEY  会话与验证器应用的密钥 / signs sessions, opens authenticator secrets
  {audit_key}  留痕的签名密钥 / signs the trail
例如打印后封存，或存入单位的密码保险箱；用 --with-keys 可放进只有本账号能进入的文件夹。
On sealed paper, say, or in your organisation's vault; --with-keys puts them into a folder that only this account may enter."""


_to = click.option(
    "--to",
    "target",
    type=click.Path(path_type=Path, file_okay=False),
    help="放备份的文件夹，默认 ZHENGJI_BACKUPS / the folder of backups, ZHENGJI_BACKUPS by default",
)
_json = click.option("--json", "as_json", is_flag=True, help="以 JSON 输出 / print JSON")


@click.group(invoke_without_command=True)
@_to
@click.option("--with-keys", is_flag=True, help="连同密钥（文件夹须为 700）/ with the keys, into a folder of mode 700")
@_json
@click.pass_context
def backup(called: click.Context, target: Path | None, with_keys: bool, as_json: bool) -> None:
    """备份数据库和材料，不用停机；只复制上次备份之后新增的材料。 / Back up database and documents while serving.

    \b
    例 Example:  zhengji backup --to /mnt/backups
    """
    called.obj = target
    if called.invoked_subcommand:
        return
    from workflow.operation.backup import back_up
    from workflow.operation.installation import existing
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


# ---- those that were made --------------------------------------------------------------------------------------------


@backup.command("list")
@_to
@_json
@click.pass_obj
def list_backups(before: Path | None, target: Path | None, as_json: bool) -> None:
    """列出备份：哪天的、多大、清单是否完好；有不完好的则退出码为 1。 / List the backups, and whether each is good.

    \b
    例 Example:  zhengji backup list --json
    """
    from workflow.operation.rotation import listed

    settings = configured.from_environment()
    folder = target or before or Path(settings.backups)
    with refusals(), _database(settings) as database, database.reading() as session:
        found = listed(session, folder)
    if as_json:
        print_json([_told(one) for one in found])
    else:
        for one in found:
            click.echo(_line(one))
        if not found:
            click.echo(f"还没有备份 / no backups yet: {folder}")
    sys.exit(1 if any(one.ours and one.wrong for one in found) else 0)


@backup.command()
@_to
@click.option("--keep", "rule", required=True, help="留哪些，如 30d,12m / what to keep, such as 30d,12m")
@click.option("--dry-run", is_flag=True, help="只说会删哪些，不删 / only say which would go")
@_json
@click.pass_obj
def prune(before: Path | None, target: Path | None, rule: str, dry_run: bool, as_json: bool) -> None:
    """按规则删去旧备份；最新的一份完好备份总是保留。 / Drop old backups by a rule; the newest good one always stays.

    30d,12m：最近 30 天的全部保留，再往前每月留最后一份，留 12 个月。只删本系统做的整个备份文件夹，记入留痕。
    30d,12m: all of the last 30 days, and before that the last of each month for 12 months. Only whole folders that this
    installation made are dropped, on record.

    \b
    例 Example:  zhengji backup prune --keep 30d,12m --dry-run
    """
    from states.reach import SYSTEM
    from workflow.operation.rotation import WrongRule, drop, keep, listed, outlived

    try:
        wanted = keep(rule)
    except WrongRule as wrong:
        raise click.BadParameter(f"{wrong.message.zh}\n{wrong.message.en}", param_hint="--keep") from wrong
    settings = configured.from_environment()
    folder, at = target or before or Path(settings.backups), datetime.now(UTC)
    with refusals(), _database(settings) as database:
        with database.reading() as session:
            found = listed(session, folder)
        going = outlived(found, wanted, at)
        if going and not dry_run:
            names = [one.name for one in going]
            drop(database, folder, names, actor=SYSTEM, at=at, rule=wanted, by_command=True)
    gone = {one.name for one in going}
    if as_json:
        kept = [one.name for one in found if one.name not in gone]
        print_json({"keep": wanted.text, "dropped": [_told(one) for one in going], "kept": kept, "dry_run": dry_run})
        return
    click.echo(f"{wanted.said.zh}。\n{wanted.said.en[0].upper()}{wanted.said.en[1:]}.")
    for one in going:
        click.echo(f"{'将删去 would go' if dry_run else '已删去 dropped'}  {_line(one)}")
    click.echo(
        f"留下 {len(found) - len(going)} 份，删去 {len(going)} 份 / {len(found) - len(going)} stay, {len(going)} go"
    )


@contextmanager
def _database(settings: configured.Settings) -> Iterator[Any]:
    from workflow.operation.installation import existing

    database = existing(settings)
    try:
        yield database
    finally:
        database.close()


def _told(one: Any) -> dict[str, Any]:
    return {
        "backup": str(one.folder),
        "created": one.created.isoformat(),
        "bytes": one.size,
        "bytes_of_its_own": one.own,
        "entries": one.entries,
        "checkpoint": f"{one.entries}:{one.root}" if one.root else "",
        "manifest": one.manifest,
        "missing": one.missing,
        "ours": one.ours,
        "stands": one.stands,
        "wrong": one.wrong._asdict() if one.wrong else None,
        "not_the_backups": list(one.strangers),
    }


def _line(one: Any) -> str:
    state = "完好 good" if one.stands else f"{one.wrong.zh} / {one.wrong.en}" if one.wrong else ""
    more = f"；另有不是备份的东西 / other things in it: {'、'.join(one.strangers[:3])}" if one.strangers else ""
    return f"{one.name}  {one.size:>15,} B  {one.entries:>9,} 条 entries  {state}{more}"
