"""`zhengji batch`: a batch's papers taken away as a folder or one zip."""

from __future__ import annotations

import hashlib
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import click

from web.commands.telling import Refusal, print_json, refusals
from workflow import settings as configured


@click.group()
def batch() -> None:
    """汇总报送的批次。 / An office's batches."""


@batch.command()
@click.argument("number")
@click.option("--as", "login", required=True, help="以谁的名义（主管部门的审核人、负责人或国家局受理人）/ whose login")
@click.option(
    "--to",
    type=click.Path(path_type=Path),
    default=Path(),
    help="写到哪个文件夹，或一个 .zip 文件；默认当前文件夹 / a folder, or a .zip file",
)
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出 / print JSON")
def export(number: str, login: str, to: Path, as_json: bool) -> None:
    """导出一个批次的全部材料：盖章汇总表、报送表扫描件、案例正文和汇总表，文件名按征集通知的规定。 / Take a batch's papers away.

    文件夹里另有 SHA256SUMS，可以核对每个文件。材料不齐时不导出，并说明缺什么（退出码 1）；已有的文件不会被覆盖（退出码 2）。
    / With SHA256SUMS to check them by. Exit 1: something is lacking; nothing is written. Exit 2: never overwrites.

    \b
    例 Example:  zhengji batch export 2021-205-EX-first-1 --as leader --to 报送
                 zhengji batch export 2021-205-EX-first-1 --as leader --to 报送.zip
    """
    from workflow import batches, clock, privacy
    from workflow.identity import people
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
                found = batches.numbered(session, number, actor)
                made = batches.package(session, files, found, actor=actor, at=at, site=settings.base_url)
                cases, office = len(batches.lines(session, found, actor)), found.office_id
            written = [] if made.findings else _write(made, to)
            if written:
                with database.transaction() as session:
                    narrowed = {"batch": number}
                    privacy.exported(session, "batch", cases, actor=actor, at=at, filters=narrowed, office=office)
        finally:
            database.close()
    _tell(number, made, to, written, as_json)
    sys.exit(1 if made.findings else 0)


def _write(made: Any, to: Path) -> list[dict[str, Any]]:
    """The files, into a folder or a zip that was not there. Gives each with its size and digest. Raises UsageError."""
    from workflow.documents.packing import pack

    told: list[dict[str, Any]] = []
    target = to if to.suffix.lower() == ".zip" else to / made.folder
    if target.exists():
        raise click.UsageError(f"{target} 已经存在，不覆盖。/ {target} exists and is not overwritten.")
    unfinished = target.with_name(f".{target.name}.unfinished")
    target.parent.mkdir(parents=True, exist_ok=True)
    if target == to:
        with unfinished.open("wb") as file:
            pack(file, ((f"{made.folder}/{name}", data) for name, data in _members(made, told)))
    else:
        for name, data in _members(made, told):
            place = unfinished / name
            place.parent.mkdir(parents=True, exist_ok=True)
            _put(place, data)
    unfinished.rename(target)
    return told


def _put(place: Path, data: bytes | IO[bytes]) -> None:
    if isinstance(data, bytes):
        place.write_bytes(data)
        return
    with data, place.open("wb") as file:
        shutil.copyfileobj(data, file, 1024 * 1024)


def _members(made: Any, told: list[dict[str, Any]]) -> Iterator[tuple[str, bytes | IO[bytes]]]:
    """Each file as it is read, one at a time, an attachment as an open file; at the end the list of their digests."""
    for one in made.files:
        if one.fetch is not None:  # it was held against its digest
            told.append({"name": one.name, "size": one.size, "sha256": one.digest})
            yield one.name, one.fetch()
            continue
        data = one.read()
        told.append({"name": one.name, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()})
        yield one.name, data
    yield "SHA256SUMS", "".join(f"{one['sha256']}  {one['name']}\n" for one in told).encode()


def _tell(number: str, made: Any, to: Path, written: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        findings = [one.as_json() for one in made.findings]
        print_json({"batch": number, "to": str(to), "folder": made.folder, "files": written, "findings": findings})
        return
    for finding in made.findings:
        click.echo(f"! {finding.message.zh}\n  {finding.message.en}")
    for one in written:
        click.echo(f"{one['name']}  {one['size']}")
    if written:
        click.echo(f"{made.folder}：{len(written)} 个文件 / {len(written)} files → {to}")
