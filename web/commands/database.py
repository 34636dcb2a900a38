"""`zhengji database`: moving an installation from SQLite to PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from web.commands.telling import Progress, print_json, refusals
from workflow import settings as configured


@click.group()
def database() -> None:
    """数据库 / the database."""


@database.command()
@click.option(
    "--to",
    "url",
    required=True,
    envvar="ZHENGJI_MOVE_TO",
    help="运行账号的地址 / as the program will use it: postgresql+psycopg://…",
)
@click.option(
    "--owner", default="", envvar="ZHENGJI_MOVE_OWNER", help="属主账号的地址，建表用 / as the role that owns the tables"
)
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出 / print JSON")
def move(url: str, owner: str, as_json: bool) -> None:
    """把系统从 SQLite 搬到一个空的 PostgreSQL 数据库，逐表核对，并核对全部留痕。 / Move from SQLite to PostgreSQL.

    先停下系统。中断了就再运行一次。密码放在 ~/.pgpass，或用环境变量 ZHENGJI_MOVE_TO、ZHENGJI_MOVE_OWNER 给出地址。
    Stop the installation first. Cut off, it is run again. Passwords belong in ~/.pgpass or those variables.

    \b
    例 Example:  zhengji database move --to postgresql+psycopg://zhengji@db/zhengji \\
                     --owner postgresql+psycopg://zhengji_owner@db/zhengji
    """
    from workflow.operation import moving

    progress = Progress()
    with refusals():
        try:
            done = moving.move(configured.from_environment(), url, owner, tell=progress)
        finally:
            progress.end()
    if as_json:
        print_json(
            {
                "tables": {name: {"rows": one.rows, "sha256": one.digest} for name, one in done.tables.items()},
                "rows": done.rows,
                "entries": done.entries,
                "checkpoints": done.checkpoints,
                "copied_before": done.again,
                "not_checked": [{"zh": zh, "en": en} for zh, en in done.unchecked],
                "settings": done.settings,
            }
        )
        return
    click.echo(
        f"已搬好：{len(done.tables)} 张表，{done.rows:,} 行，逐表核对无误；{done.entries:,} 条留痕、{done.checkpoints} 个检查点成立。\n"
        f"Moved: {len(done.tables)} tables, {done.rows:,} rows, the same in both; {done.entries:,} entries of the trail and"
        f" {done.checkpoints} checkpoints hold."
    )
    for zh, en in done.unchecked:
        click.echo(f"· {zh}\n  {en}")
    click.echo(
        "请改设置，再启动；原数据库不再启动。/ Change these settings and start; the old database serves no more:"
    )
    for name, value in done.settings.items():
        click.echo(f"  {name}={value}")


@database.command()
@click.argument("reason")
def stay(reason: str) -> None:
    """搬走之后仍用原来的 SQLite 数据库，原因记入留痕。 / Go on with the SQLite database that was moved; why goes on record.

    \b
    例 Example:  zhengji database stay '新服务器没有验收，先用原来的'
    """
    from workflow.operation import installation, moving

    with refusals():
        opened = installation.existing(configured.from_environment())
        try:
            moved = moving.stay(opened, reason, at=datetime.now(UTC))
        finally:
            opened.close()
    click.echo(
        "已记入留痕 / put on record" if moved else "这个数据库没有搬走过 / this database was not moved", err=not moved
    )
