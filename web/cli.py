"""The `zhengji` command: what an operator, or a person with a folder of papers, does from a shell.

Exit codes: 0 done, 1 refused with findings, 2 wrong use.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from web.commands.audit import audit
from web.commands.backup import backup
from web.commands.batch import batch
from web.commands.call import call
from web.commands.collection import collection
from web.commands.database import database as database_group
from web.commands.doctor import doctor
from web.commands.documents import documents
from web.commands.export import export
from web.commands.factors import clear_factors
from web.commands.intake import intake
from web.commands.migrate import migrate
from web.commands.passport import passport
from web.commands.restore import restore
from web.commands.run import run
from web.commands.seal import seal
from web.commands.states import states
from web.commands.telling import Refusal, call_from, refusals
from web.commands.vet import vet
from web.commands.worker import worker
from workflow import settings as configured

REFUSED = 1


class _Commands(click.Group):
    """Whatever is asked for, a setting that cannot be read is told in a sentence."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except configured.WrongSetting as wrong:
            raise Refusal(f"设置读不出来 / a setting cannot be read:\n{wrong}") from wrong


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]}, no_args_is_help=True)
@click.version_option(package_name="zhengji", message="zhengji %(version)s")
def main() -> None:
    """征集：优秀案例的征集、审核、遴选、发布与推送。 / A call for cases, from a Word file to WIPO."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")


_json = click.option("--json", "as_json", is_flag=True, help="以 JSON 输出 / print JSON")
_PAPER = click.Path(path_type=Path, exists=True, dir_okay=False, readable=True)
_files = click.argument("files", nargs=-1, required=True, type=_PAPER)


def _print(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


# ---- running ---------------------------------------------------------------------------------------------------------


def _furnish_demo(settings: configured.Settings, database: Any, size: str) -> None:
    from workflow import demo
    from workflow.store.files import Files

    click.echo("正在放入演示数据 / filling in the demo …")
    files = Files(settings.documents_url, settings.documents_endpoint)
    demo.build(database, files, settings, demo.Size(size))


@main.command()
@click.option(
    "--hash",
    "algorithm",
    type=click.Choice(["sha256", "sm3"]),
    default=None,
    help="留痕的哈希算法，默认 sha256；sm3 即国密 GB/T 32905。只能在建库时选定，以后不能更换"
    " / the hash of the trail, chosen now and never changed",
)
def init(algorithm: str | None) -> None:
    """建库：数据表、32 个省级主管部门、2021-205 征集通知。 / Set up tables, the register and the call 2021-205.

    \b
    例 Example:  zhengji init
                 zhengji init --hash sm3
    """
    from workflow.operation import installation

    with refusals():
        database = installation.open_database(configured.from_environment())
        if algorithm:
            installation.settle_hash(database, algorithm)
        installation.furnish(database)
        database.close()
    click.echo(f"已建立 / ready: {database.engine.url}")  # which leaves the password out


@main.command()
@click.option(
    "--size",
    type=click.Choice(["tour", "call"]),
    default="tour",
    help="tour：各种状态的案例各几件（默认）；call：240 件、98 家中心、32 个主管部门、12 位评审专家，约需一分钟 / a whole call, in about a minute",
)
def demo(size: str) -> None:
    """在空库里放入演示数据：各种状态的案例、每种职责一个账号。 / Fill an empty database with the demo.

    \b
    例 Example:  ZHENGJI_HOME=/tmp/demo zhengji demo
                 ZHENGJI_HOME=/tmp/call zhengji demo --size call
    """
    from workflow.operation import installation

    settings = configured.from_environment({**os.environ, "ZHENGJI_DEMO": "1"})
    database = installation.open_database(settings)
    if not installation.empty(database):
        raise Refusal(
            "库里已有账号，演示数据只放入空库。请另设 ZHENGJI_HOME。/ The database is not empty; set another ZHENGJI_HOME."
        )
    _furnish_demo(settings, database, size)
    database.close()


main.add_command(audit)
main.add_command(worker)
main.add_command(backup)
main.add_command(batch)
main.add_command(call)
main.add_command(collection)
main.add_command(database_group)
main.add_command(doctor)
main.add_command(documents)
main.add_command(export)
main.add_command(intake)
main.add_command(migrate)
main.add_command(passport)
main.add_command(restore)
main.add_command(run)
main.add_command(seal)
main.add_command(states)
main.add_command(vet)


# ---- people ----------------------------------------------------------------------------------------------------------


@main.group()
def user() -> None:
    """账号 / accounts."""


user.add_command(clear_factors)


@user.command("add")
@click.argument("login")
@click.option("--name", required=True, help="姓名 / name")
@click.option("--role", default="", help="职责，如 administrator、desk、reviewer / a role")
@click.option("--unit", type=int, help="中心或主管部门的编号（见 user units）/ id of centre or office")
@click.option("--email", default="")
@click.password_option(help="至少 12 位；不写则提示输入 / asked for when left out")
def user_add(login: str, name: str, role: str, unit: int | None, email: str, password: str) -> None:
    """新建账号。 / Add an account.

    \b
    例 Example:  zhengji user add admin --name 管理员 --role administrator
    """
    from workflow.operation import installation

    settings = configured.from_environment()
    database = installation.open_database(settings)
    with refusals():
        installation.add_person(
            database, settings, login=login, name=name, password=password, role=role, unit=unit, email=email
        )
    database.close()
    click.echo(f"已建立账号 / added: {login}")


@user.command("list")
@_json
def user_list(as_json: bool) -> None:
    """列出账号和职责。 / List accounts with their roles.

    \b
    例 Example:  zhengji user list --json
    """
    from workflow.identity import people
    from workflow.operation import installation

    database = installation.open_database(configured.from_environment())
    with database.reading() as session:
        rows: list[dict[str, Any]] = [
            {
                "login": one.login,
                "name": one.name,
                "active": one.active,
                "roles": [{"role": grant.role, "unit": grant.centre_id or grant.office_id} for grant in one.grants],
            }
            for one in people.everybody(session)
        ]
    database.close()
    if as_json:
        _print(rows)
        return
    for row in rows:
        roles = "、".join(f"{one['role']}{'@' + str(one['unit']) if one['unit'] else ''}" for one in row["roles"])
        click.echo(f"{row['login']:<16}{row['name']}  {roles}{'' if row['active'] else '  （已停用 disabled）'}")


@user.command("units")
@_json
def user_units(as_json: bool) -> None:
    """列出省级主管部门和中心的编号。 / List the ids of offices and centres.

    \b
    例 Example:  zhengji user units
    """
    from workflow import register
    from workflow.operation import installation

    database = installation.open_database(configured.from_environment())
    with database.reading() as session:
        rows: list[dict[str, Any]] = [
            {
                "office": office.id,
                "name": office.addressee,
                "centres": [{"centre": one.id, "name": one.name} for one in register.centres(session, office.id)],
            }
            for office in register.offices(session)
        ]
    database.close()
    if as_json:
        _print(rows)
        return
    for row in rows:
        click.echo(f"office {row['office']:>4}  {row['name']}")
        for one in row["centres"]:
            click.echo(f"  centre {one['centre']:>4}  {one['name']}")


# ---- papers ----------------------------------------------------------------------------------------------------------


_call_option = click.option("--call", "call_file", type=_PAPER, help="征集通知文件，默认 2021-205 / a call's file")


@main.command()
@_files
@_call_option
@_json
def read(files: Sequence[Path], call_file: Path | None, as_json: bool) -> None:
    """读案例正文或报送表：题目、各部分、字数、图表和问题。 / Read case documents and report forms.

    \b
    例 Example:  zhengji read --json 案例.docx 报送表.xlsx
    """
    from workflow.documents.report import describe

    read_as = call_from(call_file)
    found = [describe(file, read_as) for file in files]
    if as_json:
        _print(found)
    else:
        for one in found:
            _show(one)
    sys.exit(REFUSED if any(one["problems"] for one in found) else 0)


_LANGUAGES = {"zh": "；中文", "en": "；英文"}


def _show(one: dict[str, Any]) -> None:
    click.echo(f"{one['file']}  [{one['kind']}]  {one['title']}")
    length = one.get("length") or {}
    if length:
        click.echo(
            f"  字数 正文 {length.get('body')}，全文 {length.get('whole')}；图 {len(one['pictures'])}，表 {len(one['tables'])}"
            f"{_LANGUAGES.get(one.get('language', ''), '')}"
        )
    for section in one["sections"]:
        click.echo(f"  {section['heading']}（{section['name']}，{section['found_by']}）")
    for problem in one["problems"]:
        click.echo(f"  ! {problem['zh']}\n    {problem['en']}")


@main.command()
@_files
@click.option(
    "--against", type=click.Path(path_type=Path, exists=True, file_okay=False), help="与此文件夹中的文件比对 / a folder"
)
@_call_option
@_json
def similar(files: Sequence[Path], against: Path | None, call_file: Path | None, as_json: bool) -> None:
    """比对案例正文，找出相同或相近的。 / Compare case documents for same or near-equal texts.

    \b
    例 Example:  zhengji similar --against 往年案例 新案例.docx
    """
    from workflow.documents.problems import Unreadable
    from workflow.documents.reading import read_case_document
    from workflow.finding.similar import compare_files

    read_as = call_from(call_file)

    def text_of(file: Path) -> tuple[str, str]:
        read = read_case_document(file.read_bytes(), file.name, read_as)
        return str(file), "\n".join(one.text for one in read.sections)

    others: list[tuple[str, str]] = []
    if against is not None:
        mine = {one.resolve() for one in files}
        for file in sorted(one for one in against.iterdir() if one.is_file() and one.resolve() not in mine):
            try:
                others.append(text_of(file))
            except Unreadable as problem:
                click.echo(f"{file}: {problem.problem.text.zh}", err=True)
        if not others:
            raise Refusal(f"{against} 中没有能读的案例文件。/ {against} holds no readable case document.")
    try:
        found = compare_files([text_of(file) for file in files], others)
    except Unreadable as problem:
        raise Refusal(f"{problem.problem.text.zh}\n{problem.problem.text.en}") from problem
    if as_json:
        _print(found)
        return
    for one in found:
        click.echo(one["file"])
        for match in one["matches"]:
            click.echo(f"  {match['likeness']:<5}{match['score']:.2f}  {match.get('file') or match.get('case')}")


# ---- pushing ---------------------------------------------------------------------------------------------------------


@main.command()
@click.argument("number")
@click.option("--as", "login", required=True, help="以谁的名义（国际联络人的登录名）/ the liaison's login")
@click.option("--wait/--no-wait", default=True, help="立即送出并等结果 / deliver now and wait")
@_json
def push(number: str, login: str, wait: bool, as_json: bool) -> None:
    """推送一个已发布的案例。 / Push one published case.

    \b
    例 Example:  zhengji push 2021-205-EX-0007 --as liaison
    """
    from workflow import cases, clock
    from workflow.identity import people
    from workflow.jobs.worker import workshop
    from workflow.operation import installation
    from workflow.wipo import pushes

    settings = configured.from_environment()
    database = installation.open_database(settings)
    with refusals():
        with database.transaction() as session:
            person = people.by_login(session, login)
            if person is None:
                raise Refusal(f"没有登录名“{login}”。/ There is no login “{login}”.")
            actor = people.actor_of(person)
            at = clock.now(session, settings)
            case = cases.numbered(session, number, actor)
            attempt = pushes.start(session, case.id, settings.push_url, actor=actor, at=at)
            case_id = case.id
        if attempt.done and wait:
            pushes.deliver_waiting(workshop(settings, database).post, case_id, at=at)
        with database.reading() as session:
            case = cases.find(session, case_id, actor)
            made = pushes.of_case(session, case)
            state = made[0].state if attempt.done and made else ""
            note = made[0].note if attempt.done and made else ""
            arrived = attempt.done and bool(made) and pushes.failed(database, made[0].id) is None
    database.close()
    result = {
        "case": number,
        "done": attempt.done,
        "push": state,
        "note": note,
        "findings": [one.as_json() for one in attempt.findings],
    }
    if as_json:
        _print(result)
    else:
        for finding in attempt.findings:
            click.echo(f"! {finding.message.zh}\n  {finding.message.en}")
        if attempt.done:
            click.echo(f"{number}: {state}  {note}")
    sys.exit(0 if arrived else REFUSED)


if __name__ == "__main__":
    main()
