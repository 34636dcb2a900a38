"""`zhengji doctor`: what is dangerous, doubtful or better done otherwise in this installation."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import click

from web.commands.telling import Refusal, print_json, refusals
from workflow import settings as configured


@click.command()
@click.option(
    "--accept-older",
    "reason",
    help="数据库比见过的旧也启用，原因记入留痕 / go on with an older database; the reason goes into the trail",
)
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出 / print JSON")
def doctor(reason: str | None, as_json: bool) -> None:
    """检查安装和设置，最危险的在前；有危险则退出码为 1。 / Check the installation, the worst first; 1 if in danger.

    \b
    例 Example:  zhengji doctor
                 zhengji doctor --accept-older '硬盘损坏，恢复了昨夜的备份'
    """
    from workflow.operation.doctor import CHECKS, Severity, condition_of, examine

    try:
        settings = configured.from_environment()
    except ValueError as wrong:
        raise Refusal(f"设置读不出来，其他检查没有做：{wrong}\nThe settings cannot be read: {wrong}") from wrong
    if reason is not None:
        _accept(settings, reason)
    findings, unseen = examine(condition_of(settings, datetime.now(UTC)))
    if as_json:
        print_json(
            {
                "checks": len(CHECKS),
                "findings": [
                    {
                        "check": one.name,
                        "level": one.severity.value,
                        "what": one.what._asdict(),
                        "why": one.why._asdict(),
                        "mend": one.mend._asdict(),
                    }
                    for one in findings
                ],
                "not_checked": unseen,
            }
        )
    else:
        for one in findings:
            label = one.severity.label
            click.echo(f"【{label.zh}】{one.what.zh}\n  {one.why.zh}\n  → {one.mend.zh}")
            click.echo(f"[{label.en}] {one.what.en}\n  {one.why.en}\n  → {one.mend.en}\n")
        if unseen:
            click.echo(f"没有做的检查 / not checked: {', '.join(unseen)}")
        good = len(CHECKS) - len(findings) - len(unseen)
        click.echo(f"{len(CHECKS)} 项检查，{good} 项正常 / {len(CHECKS)} checks, {good} in order")
    sys.exit(1 if any(one.severity is Severity.DANGER for one in findings) else 0)


def _accept(settings: configured.Settings, reason: str) -> None:
    from workflow.operation import anchors, installation

    with refusals():
        anchors.check_place(settings)
        database = installation.open_database(settings)
        try:
            found = anchors.accept_all(settings, database, reason, datetime.now(UTC))
        finally:
            database.close()
    for one in found:
        click.echo(f"已记入留痕 / put on record: {one.why.zh}\n  {one.why.en}", err=True)
    if not found:
        click.echo("没有要确认的：数据库不比见过的旧。/ Nothing to accept: the database is the one seen.", err=True)
