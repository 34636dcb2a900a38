"""`zhengji intake`: what came by mail or in a folder, matched, with what is lacking and the answer to its sender;
shown only, or entered in the ledger."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import click

from web.commands.telling import Refusal, call_from, print_json, refusals
from workflow.documents.arriving import Arrival, Item, arrived
from workflow.documents.matching import Lack, Matched, matched


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, readable=True))
@click.option(
    "--call",
    "call_file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False, readable=True),
    help="征集通知文件，默认 2021-205 / a call's file",
)
@click.option(
    "--reply",
    type=click.Path(path_type=Path, dir_okay=False, writable=True),
    help="把答复写入此文件（.eml 为邮件）/ write the answer there, as a mail if it ends in .eml",
)
@click.option("--dry-run", is_flag=True, help="只核对，不入库（默认）/ only match, keep nothing (the default)")
@click.option("--keep", is_flag=True, help="登记入库 / enter it in the ledger")
@click.option("--as", "login", help="以谁的名义登记（登录名）/ in whose name")
@click.option("--office", "code", help="登记到哪个主管部门（代码）/ of which office, by its code")
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出 / print JSON")
def intake(
    paths: Sequence[Path],
    call_file: Path | None,
    reply: Path | None,
    dry_run: bool,
    keep: bool,
    login: str | None,
    code: str | None,
    as_json: bool,
) -> None:
    """核对来件（.eml、zip、文件夹）：逐个案例配齐材料、列出缺漏、写好答复。 / Match papers that came by mail or in a folder.

    每个文件都经过与上传时同一道检查，不合格的说明原因，其余照常核对。齐全则退出码为 0，有缺漏为 1。
    加 --keep 则登记到“来件登记”，原件保留；同一份来件登记两次，只算一次。
    / Each file passes the check of an upload; what is refused is said, the rest is matched. Exit 0: complete; 1: not.
    With --keep it is entered in the ledger and kept whole; the same again counts once.

    \b
    例 Example:  zhengji intake --dry-run --json 来件.eml
                 zhengji intake --reply 答复.eml 材料/
                 zhengji intake --keep --as reviewer 来件.eml
    """
    if keep and (dry_run or reply or call_file):
        raise click.UsageError("--keep 不能与 --dry-run、--reply、--call 同用 / --keep goes with none of these")
    if keep and not login:
        raise click.UsageError("--keep 需要 --as 登录名 / --keep needs --as LOGIN")
    if keep:
        _keep(paths, str(login), code, as_json)
        return
    call = call_from(call_file)
    try:
        arrival = arrived(paths)
    except OSError as error:
        raise click.UsageError(f"{error.filename}: {error.strerror}") from error
    found = matched(arrival, call)
    if reply is not None:
        _write(reply, arrival, found, call)
    if as_json:
        click.echo(json.dumps(_as_json(arrival, found), ensure_ascii=False, indent=2))
    else:
        _show(found)
    sys.exit(0 if found.complete else 1)


def _keep(paths: Sequence[Path], login: str, code: str | None, as_json: bool) -> None:
    """Enter it in the ledger and read it at once. A folder is one arrival of all its files."""
    from workflow import clock, register
    from workflow import settings as configured
    from workflow.documents.arriving import files_of
    from workflow.identity import people
    from workflow.incoming import arrivals
    from workflow.operation import installation
    from workflow.store.files import Files

    settings = configured.from_environment()
    given = [(one.name, BytesIO(one.read_bytes())) for path in paths for one in files_of(path)]
    with refusals():
        database = installation.open_database(settings)
        files = Files(settings.documents_url, settings.documents_endpoint)
        with database.reading() as session:
            person = people.by_login(session, login)
            if person is None:
                raise Refusal(f"没有登录名“{login}”。\nThere is no login “{login}”.")
            actor, at = people.actor_of(person), clock.now(session, settings)
            offices = {one.code: one.id for one in register.offices(session)}
            if code and code not in offices:
                raise Refusal(f"没有代码为“{code}”的主管部门。\nThere is no office with the code “{code}”.")
            places = arrivals.places(actor)
            call = arrivals.newest_call(session)
        office = offices[code] if code else next(iter(places), None)
        made = arrivals.receive(
            database, files, given, office=office, call_version=call, actor=actor, at=at, how=arrivals.How.COMMAND
        )
        arrivals.read(database, files, made.id, at=at)
        with database.reading() as session:
            told = arrivals.as_json(arrivals.find(session, made.id, actor))
    database.close()
    if as_json:
        print_json({**told, "new": made.new})
    else:
        _show_kept(told, made.new)
    sys.exit(0 if told["complete"] else 1)


def _show_kept(told: dict[str, Any], new: bool) -> None:
    if not new or told["repeats"]:
        first = told["repeats"] or told["arrival"]
        click.echo(
            f"这份来件以前来过（来件 {first}，{told['at']}），没有重复登记。\n  Came before, as arrival {first}."
        )
    else:
        click.echo(f"已登记为来件 {told['arrival']}。\n  Entered in the ledger as arrival {told['arrival']}.")
    for case in told["cases"]:
        click.echo(f"《{case['title']}》  {case['centre']}")
    for one in told["deficiencies"]:
        about = f"《{one['case']}》 " if one["case"] else ""
        click.echo(f"  ! {about}{one['zh']}\n    {one['en']}")


def _write(file: Path, arrival: Arrival, found: Matched, call: Any) -> None:
    from datetime import UTC, datetime

    from workflow import settings as configured
    from workflow.documents import reply

    body = reply.text(found, call)
    if file.suffix.lower() != ".eml":
        file.write_text(body, "utf-8")
        return
    letter = next((one for one in arrival.letters if one.sender), None)
    sender = configured.from_environment().mail_from
    if letter is None or not sender:
        raise click.UsageError(
            "写成邮件需要知道发件人：来件应有一封邮件，并设置 ZHENGJI_MAIL_FROM；否则请改用 .txt。"
            " / A mail needs both addresses: a mail among what came, and ZHENGJI_MAIL_FROM. Use .txt otherwise."
        )
    try:
        made = reply.as_mail(
            body, sender=sender, to=letter.sender, subject=letter.subject, key=arrival.key, at=datetime.now(UTC)
        )
    except ValueError as error:
        raise click.UsageError(f"地址不能用 / an address cannot be used: {error}") from error
    file.write_bytes(made)


def _show(found: Matched) -> None:
    for lack in found.lacks:
        _lack(lack)
    for case in found.cases:
        click.echo(f"《{case.title}》  {case.centre}")
        papers = (("正文", case.document), ("报送表", case.form), ("盖章扫描件", case.scan))
        click.echo("  " + "  ".join(f"{label} {item.name if item else '—'}" for label, item in papers))
        for lack in case.lacks:
            _lack(lack)
    for item, why in (*found.refused, *found.aside):
        click.echo(f"{'/'.join((*item.inside, item.name))}\n  - {why.zh}\n    {why.en}")


def _lack(lack: Lack) -> None:
    where = f"（{lack.clause}）" if lack.clause else ""
    click.echo(f"  ! {lack.text.zh}{where}\n    {lack.text.en}")


def _as_json(arrival: Arrival, found: Matched) -> dict[str, Any]:
    return {
        "key": arrival.key,
        "complete": found.complete,
        "office": found.office,
        "letters": [
            {"from": one.sender, "subject": one.subject, "message_id": one.message_id} for one in arrival.letters
        ],
        "summary": _named(found.summary),
        "summary_scan": _named(found.summary_scan),
        "cases": [
            {
                "title": one.title,
                "centre": one.centre,
                "document": _named(one.document),
                "form": _named(one.form),
                "scan": _named(one.scan),
                "listed": one.line is not None,
                "findings": [_lack_as_json(lack) for lack in one.lacks],
            }
            for one in found.cases
        ],
        "unmatched": [_file(item, why) for item, why in found.aside],
        "refused": [_file(item, why, code=item.verdict.code) for item, why in found.refused],
        "deficiencies": [
            *({"case": "", **_lack_as_json(lack)} for lack in found.lacks),
            *({"case": one.title, **_lack_as_json(lack)} for one in found.cases for lack in one.lacks),
        ],
    }


def _named(item: Item | None) -> str:
    return item.name if item else ""


def _lack_as_json(lack: Lack) -> dict[str, str]:
    return {"rule": lack.rule, "clause": lack.clause, "zh": lack.text.zh, "en": lack.text.en}


def _file(item: Item, why: Any, **more: str) -> dict[str, Any]:
    return {"name": item.name, "inside": list(item.inside), "zh": why.zh, "en": why.en, **more}
