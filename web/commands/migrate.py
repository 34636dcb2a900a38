"""`zhengji migrate`: bringing the tables to this version while the version before serves."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import click

from web.commands.telling import print_json, refusals
from workflow import settings as configured


@click.command()
@click.option(
    "--check", is_flag=True, help="只看还差哪些步骤，有则退出码为 1 / only say what is pending; 1 if anything is"
)
@click.option(
    "--contract", is_flag=True, help="连同收缩步骤：旧版本的进程已全部停下 / also what only the old version needed"
)
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出 / print JSON")
def migrate(check: bool, contract: bool, as_json: bool) -> None:
    """把数据表升级到这个版本；PostgreSQL 上旧版本可以照常运行。 / Bring the tables to this version, while the old one serves.

    \b
    例 Example:  zhengji migrate --check
                 zhengji migrate
                 zhengji migrate --contract
    """
    from workflow.operation import installation
    from workflow.store import schema

    with refusals():
        database = installation.existing(configured.from_environment())
        try:
            taken = [] if check else schema.upgrade(database, contract=contract, tell=_tell)
            standing = schema.standing(database)
        finally:
            database.close()
    if as_json:
        print_json(
            {
                "revision": standing.revision,
                "taken": [_said(one) for one in taken],
                "pending": [_said(one) for one in standing.pending],
                "needed": [one.revision for one in standing.needed],
                "serves": standing.serves,
            }
        )
    else:
        _show(standing.pending)
        click.echo(
            f"数据库在第 {standing.revision} 步，还差 {len(standing.pending)} 步；"
            f"{'这个版本可以运行' if standing.serves else '这个版本还不能运行'}\n"
            f"The database is at step {standing.revision}, {len(standing.pending)} pending; this version"
            f" {'may serve' if standing.serves else 'cannot serve yet'}"
        )
    sys.exit(1 if (check and standing.pending) or not standing.serves else 0)


def _said(step: Any) -> dict[str, Any]:
    return {
        "revision": step.revision,
        "kind": str(step.kind),
        "while_the_old_version_serves": step.kind != "contract",
        "zh": step.words.zh,
        "en": step.words.en,
    }


def _show(pending: Sequence[Any]) -> None:
    for one in pending:
        may = one.kind != "contract"
        click.echo(
            f"{one.revision}  {one.words.zh} / {one.words.en}\n      "
            + (
                "旧版本可以照常运行 / the old version may go on serving"
                if may
                else "先停下旧版本 / end the old version first"
            )
        )


def _tell(told: Any) -> None:
    rows = f" … {told.rows:,}" if told.rows else ""
    click.echo(f"{told.step.revision}  {told.step.words.zh} / {told.step.words.en}{rows}", err=True)
