"""`zhengji documents`: keeping the document store, and moving it."""

from __future__ import annotations

import hashlib
import sys
from datetime import UTC, datetime

import click

from web.commands.telling import Progress, print_json, refusals
from workflow import settings as configured

_json = click.option("--json", "as_json", is_flag=True, help="以 JSON 输出 / print JSON")


@click.group()
def documents() -> None:
    """材料库 / the document store."""


@documents.command()
@click.option("--dry-run", is_flag=True, help="只看会清理什么 / only say what would be swept")
@click.option("--even-most", is_flag=True, help="即使大部分材料都没有记录 / even if nothing names most of it")
@_json
def sweep(dry_run: bool, even_most: bool, as_json: bool) -> None:
    """清理七天以来没有任何记录引用的材料（每夜自动进行）。 / Sweep what nothing has named for a week (done each night).

    先移到 swept/，仍可读出；再过七天才删除。 / First it goes to swept/ and still reads; a week later it is removed.

    \b
    例 Example:  zhengji documents sweep --dry-run
    """
    from workflow.operation import installation, keeping
    from workflow.store.files import Files

    settings = configured.from_environment()
    with refusals():
        database = installation.existing(settings)
        try:
            files = Files(settings.documents_url, settings.documents_endpoint)
            made = keeping.sweep(database, files, at=datetime.now(UTC), rehearse=dry_run, even_most=even_most)
        finally:
            database.close()
    if as_json:
        print_json(
            {
                "dry_run": dry_run,
                "named": made.named,
                "young": made.young,
                "set_aside": made.aside,
                "brought_back": made.back,
                "removed": made.gone,
                "halves": made.halves,
                "bytes": made.size,
            }
        )
        return
    for zh, en, digests in (
        ("移到 swept/", "set aside", made.aside),
        ("移回", "brought back", made.back),
        ("删除", "removed", made.gone),
    ):
        for digest in digests:
            click.echo(f"{zh} / {en}  {digest}")
    click.echo(
        f"{'（只是预演 / a rehearsal）' if dry_run else ''}"
        f"有记录 {made.named}，未满七天 {made.young}，移开 {len(made.aside)}，移回 {len(made.back)}，"
        f"删除 {len(made.gone)}，残片 {made.halves} / {made.named} named, {made.young} younger than a week,"
        f" {len(made.aside)} set aside, {len(made.back)} brought back, {len(made.gone)} removed, {made.halves} halves"
    )


@documents.command()
@click.option("--to", "url", required=True, help="另一个材料库 / the other store: s3://BUCKET/PREFIX, file:///FOLDER")
@click.option(
    "--endpoint",
    help="它的 S3 服务地址，默认 ZHENGJI_DOCUMENTS_ENDPOINT / where its S3 server answers",
)
@_json
def move(url: str, endpoint: str | None, as_json: bool) -> None:
    """把全部材料复制到另一个材料库并逐份核对，不用停机，可中断后接着做；设置不会自动切换。 / Copy all documents to another store.

    每份都从新库读回、按摘要核对。 / Each is read back and compared by its digest. Nothing is switched by itself.

    \b
    例 Example:  zhengji documents move --to s3://zhengji/documents
    """
    from workflow.operation import installation, keeping
    from workflow.store.files import Files

    settings = configured.from_environment()
    endpoint = settings.documents_endpoint if endpoint is None and url.startswith("s3:") else endpoint or ""
    if (url, endpoint) == (settings.documents_url, settings.documents_endpoint):
        raise click.UsageError("材料就在那里。/ The documents are there already.")
    progress = Progress()
    place = hashlib.sha256(f"{url} {endpoint}".encode()).hexdigest()[:12]
    with refusals():
        database = installation.existing(settings)
        try:
            made = keeping.move(
                database,
                Files(settings.documents_url, settings.documents_endpoint),
                Files(url, endpoint),
                settings.home / f"moving-documents-{place}",
                url,
                at=datetime.now(UTC),
                tell=progress,
            )
        finally:
            database.close()
            progress.end()
    change = {"ZHENGJI_DOCUMENTS_URL": url, **({"ZHENGJI_DOCUMENTS_ENDPOINT": endpoint} if endpoint else {})}
    if as_json:
        print_json(
            {
                "documents": made.documents,
                "copied": made.copied,
                "bytes": made.size,
                "missing": made.missing,
                "settings": change,
            }
        )
    else:
        click.echo(
            f"新库里有 {made.documents} 份，逐份核对过；本次复制 {made.copied} 份，{made.size:,} 字节。\n"
            f"{made.documents} documents lie in the other store, each checked; {made.copied} copied by this run.\n"
            "接下来：停止系统，再运行一次本命令（只复制其间新增的），改设置，再启动：\n"
            "Now stop the installation, run this once more for what came meanwhile, change the settings, and start:"
        )
        for name, value in change.items():
            click.echo(f"  {name}={value}")
    for digest, why in made.missing.items():
        click.echo(f"! {'已损坏 / damaged' if why == 'damaged' else '原库里没有 / absent'}  {digest}", err=True)
    sys.exit(1 if made.missing else 0)
