"""`zhengji export`: what other programs read, written to a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from web.commands.telling import Refusal, call_from, print_json, refusals
from workflow import settings as configured

_PAPER = click.Path(path_type=Path, exists=True, dir_okay=False, readable=True)
_out = click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="写到哪个文件 / a file")
_as = click.option("--as", "login", required=True, help="以谁的名义；只含其职责范围内的 / whose login, and whose reach")
_call = click.option(
    "--number", default="", help="只要编号中含有这些字的案例或批次 / only cases or batches so numbered"
)
_json = click.option("--json", "as_json", is_flag=True, help="以 JSON 输出 / print JSON")


@click.group()
def export() -> None:
    """导出：流程（BPMN）、留痕（XES、OCEL）、一个案例的档案包。 / Lifecycles, the trail, the passport of a case."""


@export.command()
@click.argument("lifecycle", type=click.Choice(["case", "batch", "push", "judgement", "objection"]), default="case")
@click.option(
    "--call", "call_file", type=_PAPER, help="征集通知文件：案例流程按它的环节 / a call's file, whose cases it is of"
)
@click.option(
    "--language", type=click.Choice(["zh", "en"]), default="zh", help="名称用哪种文字 / language of the names"
)
@_out
def bpmn(lifecycle: str, call_file: Path | None, language: str, out: Path | None) -> None:
    """把一种流程导出为 BPMN 2.0，含图形，供流程工具打开或运行；默认输出到屏幕。 / A lifecycle as BPMN 2.0, with its drawing.

    不写 --call 的案例流程含各征集通知可能要求的全部环节。/ Without a call, cases have every step that some call asks for.

    \b
    例 Example:  zhengji export bpmn case --call workflow/calls/2021-205.toml --out 案例.bpmn
    """
    from workflow import lists
    from workflow.interchange import bpmn as written

    of_call = lifecycle == "case" and call_file is not None
    lived = lists.lifecycle(call_from(call_file)) if of_call else lists.LIFECYCLES[lifecycle]
    data = written.write(lived, language)
    if out is None:
        click.echo(data, nl=False)
        return
    out.write_bytes(data)
    click.echo(f"已写出 / written: {out}")


@export.command()
@_out
@_as
@_call
@_json
def xes(out: Path | None, login: str, number: str, as_json: bool) -> None:
    """把职责范围内的留痕导出为 XES（IEEE 1849），供流程挖掘工具分析；默认 trail.xes。 / The trail within reach as XES.

    \b
    例 Example:  zhengji export xes --as desk --out 留痕.xes
    """
    _trail("xes", out or Path("trail.xes"), login, number, as_json)


@export.command()
@_out
@_as
@_call
@_json
def ocel(out: Path | None, login: str, number: str, as_json: bool) -> None:
    """把职责范围内的留痕导出为 OCEL 2.0（JSON），一条留痕可同时关于案例、批次和人；默认 trail.ocel.json。 / As OCEL 2.0.

    \b
    例 Example:  zhengji export ocel --as desk --out 留痕.json
    """
    _trail("ocel", out or Path("trail.ocel.json"), login, number, as_json)


@export.command()
@click.argument("number")
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="写到哪个文件；默认“编号_档案包.zip” / a file"
)
@_as
@_json
def passport(number: str, out: Path | None, login: str, as_json: bool) -> None:
    """取出一个案例的档案包：正文、历次稿件、材料、通知和全部留痕，离开系统也能核对。 / A case with its history, provable anywhere.

    职责范围外的（如含联系方式的材料）不在包里，清单会注明。/ What is beyond that person's reach is left out, and named.

    \b
    例 Example:  zhengji export passport 2021-205-EX-0001 --as desk
                 python3 zhengji_verify.py 2021-205-EX-0001_档案包.zip --key 'zhengji/…+…+…'
    """
    from workflow import cases, clock, privacy
    from workflow.identity import people
    from workflow.interchange import passport as made
    from workflow.operation import installation
    from workflow.store.files import Files

    settings = configured.from_environment()
    with refusals():
        database = installation.existing(settings)
        try:
            files = Files(settings.documents_url, settings.documents_endpoint)
            with database.reading() as session:
                person = people.by_login(session, login)
                if person is None:
                    raise Refusal(f"没有登录名“{login}”。/ There is no login “{login}”.")
                actor, at = people.actor_of(person), clock.now(session, settings)
                case = cases.numbered(session, number, actor)
                data = made.build(session, files, case, actor=actor, demo=settings.demo)
            out = out or Path(f"{case.number}_档案包.zip")
            unfinished = out.with_name(f".{out.name}.unfinished")
            unfinished.write_bytes(data)
            with database.transaction() as session:
                case = cases.numbered(session, number, actor)
                privacy.exported(session, "passport", 1, actor=actor, at=at, case=case)
            unfinished.rename(out)
        finally:
            database.close()
    if as_json:
        print_json({"file": str(out), "bytes": len(data)})
    else:
        click.echo(f"已取出 / taken: {out}")


def _trail(form: str, out: Path, login: str, number: str, as_json: bool) -> None:
    """Read without holding up anybody; recorded before the file gets its name."""
    from workflow import clock
    from workflow.audit.search import Filters
    from workflow.identity import people
    from workflow.interchange import taking
    from workflow.operation import installation

    settings = configured.from_environment()
    unfinished = out.with_name(f".{out.name}.unfinished")
    narrowed: dict[str, Any] = {"number": number} if number else {}
    with refusals():
        database = installation.existing(settings)
        try:
            with database.reading() as session, unfinished.open("wb") as file:
                person = people.by_login(session, login)
                if person is None:
                    raise Refusal(f"没有登录名“{login}”。/ There is no login “{login}”.")
                actor, at = people.actor_of(person), clock.now(session, settings)
                entries = taking.write(session, form, file, Filters(**narrowed), narrowed, actor=actor, at=at)
            with database.transaction() as session:
                taking.record(session, form, entries, narrowed, actor=actor, at=at)
            unfinished.rename(out)
        finally:
            unfinished.unlink(missing_ok=True)
            database.close()
    if as_json:
        print_json({"file": str(out), "entries": entries})
    else:
        click.echo(f"已导出 {entries} 条留痕 / {entries} entries: {out}")
