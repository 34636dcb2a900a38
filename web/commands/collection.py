"""`zhengji collection`: published cases compiled into one Word file or PDF."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from web.commands.telling import Progress, Refusal, print_json, refusals
from workflow import settings as configured


@click.group()
def collection() -> None:
    """案例集 / collections of cases."""


@collection.command()
@click.option("--to", required=True, type=click.Path(path_type=Path, dir_okay=False), help="写到哪个文件 / the file")
@click.option(
    "--format", "kind", type=click.Choice(["docx", "pdf"]), help="默认看文件名 / by default as the file is named"
)
@click.option("--call", default="", help="只编这份征集通知的案例，如 2021-205 / cases of this call only")
@click.option("--theme", default="", help="只编这个主题的案例，如 smes / cases of this theme only")
@click.option("--order", type=click.Choice(["theme", "province"]), default="theme", help="怎样排列 / in which order")
@click.option("--title", default="优秀案例集", show_default=True, help="书名 / the title")
@click.option(
    "--foreword",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="前言（纯文本，UTF-8）/ a text file",
)
@click.option("--shortlisted", is_flag=True, help="也编入已入选、尚未发布的 / those not yet published too")
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出 / print JSON")
def build(
    to: Path,
    kind: str | None,
    call: str,
    theme: str,
    order: str,
    title: str,
    foreword: Path | None,
    shortlisted: bool,
    as_json: bool,
) -> None:
    """把已发布的案例编成一本 Word 或 PDF/A：封面、前言、目录、按主题和省份的清单、中心索引。 / Compile published cases into one file.

    退出码：0 全部编入，1 有案例没有编入或与原件不同（逐件列出），2 用法不对。 / Exit code 1: something is to be looked at.

    \b
    例 Example:  zhengji collection build --call 2021-205 --title 优秀案例集 --to 案例集.pdf
    """
    from states.reach import SYSTEM
    from workflow import clock
    from workflow.failure import Failure
    from workflow.operation import installation
    from workflow.publishing import collection as collections
    from workflow.store.files import Files

    kind = kind or to.suffix.lstrip(".").lower()
    if kind not in collections.FORMATS:
        raise click.UsageError("请写 --format docx 或 --format pdf。/ Say --format docx or --format pdf.")
    wanted = collections.Wanted(title, (), _text(foreword) if foreword else "", collections.Order.of(order), (kind,))
    settings = configured.from_environment()
    progress = Progress()
    with refusals():
        database = installation.existing(settings)
        try:
            with database.reading() as session:
                at = clock.now(session, settings)
            made = collections.build(
                database,
                Files(settings.documents_url, settings.documents_endpoint),
                collections.Narrowed(theme=theme, call=call),
                wanted,
                to,
                shortlisted=shortlisted,
                actor=SYSTEM,
                at=at,
                tell=progress,
            )
        except Failure as failure:
            raise Refusal(f"{failure.why.zh}\n{failure.why.en}\n{failure.said}") from failure
        except OSError as error:
            raise Refusal(f"写不了 {to} / cannot write {to}: {error.strerror}") from error
        finally:
            progress.end()
            database.close()
    said = [{"case": number, "zh": words.zh, "en": words.en} for number, words in made.said]
    if as_json:
        told: dict[str, Any] = {"file": str(to), "format": kind, "cases": made.cases, "pages": made.pages}
        print_json({**told, "sha256": made.sha256, "findings": said})
    else:
        click.echo(
            f"{to}：{made.cases} 件，{made.pages} 页 / {made.cases} cases, {made.pages} pages\nSHA-256 {made.sha256}"
        )
        for one in said:
            click.echo(f"  ! {one['case']}　{one['zh']}\n    {one['en']}")
    sys.exit(1 if said else 0)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise Refusal(f"{file} 不是 UTF-8 文本。/ {file} is no text in UTF-8.") from None
