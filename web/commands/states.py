"""`zhengji states`: a lifecycle under a call, how far the scenarios go through it, and what is never met in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from web.commands.telling import Refusal, call_from, print_json, refusals


@click.command()
@click.argument("lifecycle", type=click.Choice(["case", "batch", "push", "judgement", "objection"]), default="case")
@click.option(
    "--call",
    "call_file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="征集通知文件，默认 2021-205 / a call's file",
)
@click.option("--scenarios/--no-scenarios", default=True, help="运行例子以得出覆盖情况（一两分钟）/ run the scenarios")
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出 / print JSON")
def states(lifecycle: str, call_file: Path | None, scenarios: bool, as_json: bool) -> None:
    """列出一种办理流程：状态和每一步，例子覆盖到哪里，哪些情形不会出现。 / Print a lifecycle and its coverage.

    \b
    例 Example:  zhengji states batch --no-scenarios
    """
    from workflow.proof.coverage import as_json as described
    from workflow.proof.promises import Subject, lifecycles_of
    from workflow.proof.scenarios import run

    read_as = call_from(call_file)
    subject = Subject(read_as, [one for one in lifecycles_of(read_as) if one.name == lifecycle])
    if lifecycle not in subject.explored:
        raise Refusal(f"这份通知没有“{lifecycle}”这种办理流程。/ This call has no lifecycle “{lifecycle}”.")
    with refusals():
        ran = run(call_file) if scenarios else None
    found = described(subject.explored[lifecycle], subject, ran)
    if as_json:
        print_json(found)
    else:
        _tell(found)


def _tell(found: dict[str, Any]) -> None:
    named = {one["state"]: one["zh"] for one in found["states"]}
    click.echo(f"{found['zh']} / {found['en']}")
    for one in found["states"]:
        start = "　起点 start" if one["state"] == found["initial"] else ""
        click.echo(f"  {one['zh']} {one['en']}{start}{'　可以停留 may rest' if one['resting'] else ''}")
    click.echo()
    for one in found["transitions"]:
        sources = "、".join(named[state] for state in one["from"])
        click.echo(f"  {one['zh']} {one['en']}（{one['step']}）：{sources} → {named[one['to']]}")
        click.echo(f"      办理 by {', '.join(one['by'])}；撤回 undone by {one['undone_by']}{_through(one)}")
        if one["guards"]:
            click.echo(f"      核对 guards: {', '.join(one['guards'])}")
    click.echo()
    if found["coverage"] is not None:
        _tell_coverage(found["coverage"], named)
    click.echo(f"不会出现的情形 / never met: {len(found['unreachable'])}")
    for one in found["unreachable"]:
        click.echo(f"  {one['zh']} / {one['en']}")


def _through(one: dict[str, Any]) -> str:
    return f"；随 part of {one['through']}" if one["through"] else ""


def _tell_coverage(seen: dict[str, Any], named: dict[str, str]) -> None:
    taken, shown = seen["steps"] - len(seen["untaken"]), seen["guards"] - len(seen["one_sided"])
    click.echo(f"例子走到 / scenarios take {taken} of {seen['steps']} 步 steps")
    for one in seen["untaken"]:
        click.echo(f"  没有走到 not taken: {named[one['state']]} → {one['step']}")
    click.echo(f"例子显示 / scenarios show {shown} of {seen['guards']} 种结果 outcomes of guards")
    for one in seen["one_sided"]:
        click.echo(f"  没有显示 not shown: {one['step']} {one['guard']} {one['never']}")
