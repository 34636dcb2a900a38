"""`zhengji call`: a call's file checked, and loaded."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from web.commands.telling import print_json
from workflow import settings as configured

REFUSED = 1

_json = click.option("--json", "as_json", is_flag=True, help="以 JSON 输出 / print JSON")
_file = click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False, readable=True))


@click.group()
def call() -> None:
    """征集通知 / calls."""


@call.command("check")
@_file
@_json
def call_check(file: Path, as_json: bool) -> None:
    """检查一份征集通知文件，不写入。 / Check a call's file; nothing is stored.

    \b
    例 Example:  zhengji call check workflow/calls/2021-205.toml
    """
    problems = _problems(file)
    if as_json:
        print_json({"file": str(file), "problems": problems})
    else:
        for one in problems:
            click.echo(
                f"{one['place']}（第 {one['line']} 行）：{one['zh']}\n    {one['en']}"
                if one["line"]
                else f"{one['place']}：{one['zh']}\n    {one['en']}"
            )
        click.echo(
            "没有问题 / no problems" if not problems else f"共 {len(problems)} 个问题 / {len(problems)} problems"
        )
    sys.exit(REFUSED if problems else 0)


def _problems(file: Path) -> list[dict[str, Any]]:
    from workflow.calls import CallRefused, read_call

    try:
        read_call(file)
    except CallRefused as refused:
        return [
            {"place": one.place, "line": one.line, "zh": one.text.zh, "en": one.text.en} for one in refused.problems
        ]
    return []


@call.command("load")
@_file
@_json
def call_load(file: Path, as_json: bool) -> None:
    """把一份征集通知存为新的版本，立即可用。 / Store a call as its next version, in force at once.

    \b
    例 Example:  zhengji call load my-call.toml
    """
    from workflow import installation

    problems = _problems(file)
    if problems:
        if as_json:
            print_json({"file": str(file), "problems": problems})
        else:
            for one in problems:
                click.echo(f"{one['place']}：{one['zh']} / {one['en']}", err=True)
        sys.exit(REFUSED)
    database = installation.open_database(configured.from_environment())
    with database.transaction() as session:
        stored = installation.load_call(session, file, datetime.now(UTC))
        number, version = stored.number, stored.version
    database.close()
    if as_json:
        print_json({"file": str(file), "call": number, "version": version, "problems": []})
    else:
        click.echo(f"已载入 / loaded: {number} v{version}")
