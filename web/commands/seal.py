"""`zhengji seal verify`: whether a file is sealed, by whom and for which content; nothing is kept."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from web.commands.telling import print_json
from workflow import settings as configured
from workflow.documents import signatures
from workflow.documents.names import decoded
from workflow.documents.signatures import NoRoots, Roots, Sealed
from workflow.documents.vetting import judge


@click.group(no_args_is_help=True)
def seal() -> None:
    """印章：验证电子签章和盖章扫描件。 / Seals: verify electronic ones and scans."""


_FILE = click.Path(path_type=Path, exists=True, dir_okay=False, readable=True)


@seal.command()
@click.argument("files", nargs=-1, required=True, type=_FILE)
@click.option(
    "--roots",
    help="认可的颁发机构根证书（PEM 文件）/ root certificates of issuers that count (default: ZHENGJI_SEAL_ROOTS)",
)
@click.option(
    "--crls",
    help="颁发机构的吊销名单（CRL，文件或文件夹）/ file or folder of issuers' revocation lists (default: ZHENGJI_SEAL_CRLS)",
)
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出 / print JSON")
def verify(files: Sequence[Path], roots: str | None, crls: str | None, as_json: bool) -> None:
    """验证文件的印章：电子签章是否有效、是哪个单位的、盖的是哪一份内容；扫描件上有没有红色印章。 / Verify what seals a file.

    \b
    种类 kind:  electronic 电子签章，按签名和证书判断 / judged by signature and certificate
                scan       扫描件，找到红色印章或二维码；机器不证明印章是真的 / a red seal or a QR code was seen; no proof
                none       都没有，或者文件不能打开 / neither, or it cannot be opened

    全部有效则退出码为 0，有任何一个无效为 1，用法不对为 2。 / Exit 0: all are valid; 1: any is not; 2: wrong use.

    \b
    例 Example:  zhengji seal verify 报送表.pdf
                 zhengji seal verify --json --roots 根证书.pem 材料/*.pdf
    """
    known, at = _roots(roots, crls), datetime.now(UTC)
    told = [_told(file, known, at) for file in files]
    if as_json:
        print_json(told if len(told) > 1 else told[0])
    else:
        for one in told:
            _show(one)
    sys.exit(0 if all(one["valid"] for one in told) else 1)


def _roots(given: str | None, crls: str | None) -> Roots:
    settings = configured.from_environment()
    try:
        lists = crls or settings.seal_crls
        return signatures.roots_from(given or settings.seal_roots, settings.timestamp_roots, lists)
    except NoRoots as wrong:
        raise click.UsageError(f"根证书或吊销名单不能用 / roots or revocation lists cannot be used: {wrong}") from wrong


def _told(file: Path, roots: Roots, at: datetime) -> dict[str, Any]:
    try:
        with file.open("rb") as source:
            verdict = judge("scan", file.name, source)
    except OSError as wrong:
        raise click.UsageError(f"{file}: {wrong.strerror}") from wrong
    found = signatures.examine(verdict, roots, at)
    return {
        "file": decoded(os.fsencode(file)),
        "kind": found.kind,
        "valid": found.valid,
        "unit": found.unit,
        "covers_digest": found.mark.digest if found.mark else "",
        "covers": _covered(found),
        "sha256": verdict.received.sha256,
        "sm3": verdict.received.sm3,
        "signatures": [
            {
                "unit": one.unit,
                "name": one.name,
                "issuer": one.issuer,
                "from": one.good_from,
                "until": one.good_until,
                "signed_at": one.signed_at,
                "stamped_at": one.stamped_at,
                "valid": not any(trouble.voids for trouble in one.troubles),
            }
            for one in found.signatures
        ],
        "problems": [
            {"code": one.code, "zh": one.text.zh, "en": one.text.en, "voids": one.voids} for one in found.troubles
        ],
    }


def _covered(found: Sealed) -> dict[str, Any] | None:
    if found.mark is None:
        return None
    return {"paper": found.mark.kind, "number": found.mark.number, "revision": found.mark.revision}


_KINDS = {"electronic": "电子签章 electronic", "scan": "扫描件 scan", "none": "没有印章 none"}


def _show(told: dict[str, Any]) -> None:
    word = "有效 valid" if told["valid"] else "无效 not valid"
    click.echo(f"{told['file']}  [{_KINDS[told['kind']]}；{word}]")
    if told["unit"]:
        click.echo(f"  单位 unit: {told['unit']}")
    if told["covers"]:
        click.echo(f"  内容 content: {told['covers']['number']}  {told['covers_digest']}")
    for one in told["problems"]:
        click.echo(f"  {'!' if one['voids'] else '·'} {one['zh']}\n    {one['en']}")
