"""Electronic seals on screen: a certificate that is here for one request, signed files from elsewhere, and what stays of both."""

from __future__ import annotations

import io
import json
import re
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from states.case import CaseState
from tests.certificates import PASSWORD, authority, roots_file, seal_of, signed
from tests.web.conftest import PASSWORD as OWN_PASSWORD
from tests.web.conftest import As, hidden, post, send_fields
from tests.web.test_cases import page
from tests.web.test_papers import upload
from tests.worlds import World, went
from web.app import create_app
from workflow import papers
from workflow.settings import Settings
from workflow.store.files import Files
from workflow.store.models import AuditEvent, Batch, Document, Seal, SignatureCheck

pytestmark = pytest.mark.database

UNIT = "示例大学"
OFFICE = "示例省知识产权局"


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    return replace(settings, seal_roots=str(roots_file(tmp_path, authority())))


def units(world: World, case: int) -> str:
    with world.database.reading() as session:
        return world.row(case).centre.host_unit if session else ""


def certificate(data: bytes, password: str = PASSWORD) -> dict[str, object]:
    return {"certificate": (io.BytesIO(data), "印章.p12"), "key_password": password, "again": OWN_PASSWORD}


def seal(client: FlaskClient, case: int, data: bytes, password: str = PASSWORD) -> TestResponse:
    """Seal a case as its page asks, one's own password given along."""
    address = f"/cases/{case}/seal/electronic"
    fields = hidden(page(client, f"/cases/{case}/seal"), address)
    return client.post(address, data={**fields, **certificate(data, password)}, content_type="multipart/form-data")


def kept(world: World, app: Flask, case: int) -> tuple[Seal | None, bytes]:
    """The newest seal of a case, and its file."""
    files: Files = app.extensions["zhengji"].files
    with world.database.reading() as session:
        found = papers.newest_seal(session, world.row(case))
        return found, files.get(session.get_one(Document, found.document_id).digest) if found else b""


def events(world: World, case: int) -> list[dict[str, Any]]:
    return [json.loads(one.body) for one in world.events(case, "case.seal")]


def test_a_sealer_seals_electronically_and_another_program_agrees(
    sign_in: As, world: World, app: Flask, tmp_path: Path
) -> None:
    case = world.draft()
    answer = seal(sign_in("sealer"), case, seal_of(UNIT).pkcs12())
    found, data = kept(world, app, case)
    assert (answer.status_code, found and (found.unit, found.signed, found.content)) == (
        302,
        (UNIT, True, world.row(case).content),
    )
    path = tmp_path / "sealed.pdf"
    path.write_bytes(data)
    told = subprocess.run(["pdfsig", str(path)], capture_output=True, text=True, check=True).stdout
    assert "Signature is Valid" in told
    assert "Total document signed" in told
    path.write_bytes(data[:40_000] + bytes([data[40_000] ^ 1]) + data[40_001:])
    assert "Signature is Valid" not in subprocess.run(["pdfsig", str(path)], capture_output=True, text=True).stdout
    [event] = events(world, case)
    assert (event["electronic"]["signer"], event["electronic"]["issuer"]) == (UNIT, "测试签章颁发机构")
    assert (event["content_sm3"], len(event["sm3"])) == (world.content_of(case).sm3, 64)
    went(world.act(case, "stamp"))
    shown = page(sign_in("sealer"), f"/cases/{case}")
    assert "电子印章" in shown


@pytest.mark.parametrize(
    ("made", "password", "words"),
    [
        (lambda: seal_of("另一大学").pkcs12(), PASSWORD, "证书写的单位是“另一大学”"),
        (lambda: seal_of(UNIT).pkcs12(), "wrong", "证书文件的密码不对"),
        (lambda: b"no certificate at all", PASSWORD, "这不是电子印章的证书文件"),
        (lambda: b"x" * 70_000, PASSWORD, "这不是电子印章的证书文件"),
        (lambda: seal_of(UNIT, days=(-9, -1)).pkcs12(), PASSWORD, "到期"),
        (lambda: seal_of(UNIT, by=authority("别的机构")).pkcs12(), PASSWORD, "不在认可的颁发机构之列"),
        (lambda: seal_of(UNIT, self_signed=True).pkcs12(), PASSWORD, "自己签发的"),
    ],
)
def test_a_certificate_that_cannot_seal_this_is_refused_with_the_reason(
    made: Any, password: str, words: str, sign_in: As, world: World, app: Flask
) -> None:
    case = world.draft()
    answer = seal(sign_in("sealer"), case, made(), password)
    assert (answer.status_code, words in answer.get_data(as_text=True)) == (422, True)
    assert kept(world, app, case)[0] is None
    [told] = [json.loads(one.body) for one in world.events(case, "case.turn_away")]
    assert words in told["zh"]


def test_key_and_password_are_nowhere_afterwards(
    sign_in: As, world: World, app: Flask, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    case, secret = world.draft(), "密码-that-nobody-keeps-1234567890"
    client = sign_in("sealer")
    for data in (seal_of(UNIT).pkcs12(secret), b"broken"):
        answer = seal(client, case, data, secret)
        assert secret not in answer.get_data(as_text=True)
    with world.database.reading() as session:
        bodies = [one.body for one in session.query(AuditEvent)]
    assert not any(secret in one for one in (*bodies, caplog.text))
    key = seal_of(UNIT).pkcs12(secret)
    seal(client, case, key, secret)
    lying = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert lying
    assert not any(key[:200] in one or secret.encode() in one for one in lying)


def test_who_one_is_is_asked_once_more_and_the_password_of_the_key_is_not_carried(sign_in: As, world: World) -> None:
    case = world.draft()
    client, address = sign_in("sealer"), f"/cases/{case}/seal/electronic"
    fields = hidden(page(client, f"/cases/{case}/seal"), address)
    given = {**fields, **certificate(seal_of(UNIT).pkcs12())}
    del given["again"]
    asked = client.post(address, data=given, content_type="multipart/form-data")
    shown = asked.get_data(as_text=True)
    assert (asked.status_code, 'id="again-form"' in shown, PASSWORD in shown) == (422, True, False)
    later = send_fields(client, address, dict(fields))  # the file is asked for anew, for it was not carried either
    assert "还没有选择证书文件" in later.get_data(as_text=True)


def test_a_draft_is_not_sealed_electronically(sign_in: As, world: World, app: Flask) -> None:
    case = world.draft(world.content().changed(title=""))
    client = sign_in("sealer")
    assert "不能电子盖章" in page(client, f"/cases/{case}/seal")
    assert seal(client, case, seal_of(UNIT).pkcs12()).status_code == 422
    assert kept(world, app, case)[0] is None


def test_a_change_meanwhile_is_told_and_nothing_is_sealed(sign_in: As, world: World, app: Flask) -> None:
    case, client = world.draft(), sign_in("sealer")
    address = f"/cases/{case}/seal/electronic"
    fields = hidden(page(client, f"/cases/{case}/seal"), address)
    world.edit(case, world.content_of(case).changed(title="改过的名称"))
    given = {**fields, **certificate(seal_of(UNIT).pkcs12())}
    assert client.post(address, data=given, content_type="multipart/form-data").status_code == 409
    assert kept(world, app, case)[0] is None


def elsewhere(client: FlaskClient, case: int, by: Any) -> tuple[str, bytes]:
    """The print of a case, downloaded and signed with another program."""
    return "已签名.pdf", signed(client.get(f"/cases/{case}/form.pdf").data, by)


def test_a_file_that_was_signed_elsewhere_is_verified_and_taken(sign_in: As, world: World, app: Flask) -> None:
    case, client = world.draft(), sign_in("sealer")
    shown = upload(client, f"/cases/{case}/seal", scan=elsewhere(client, case, seal_of(UNIT))).get_data(as_text=True)
    assert f"电子印章有效，是“{UNIT}”的" in shown
    assert post(client, f"/cases/{case}/seal/confirm", shown).status_code == 302
    found, _ = kept(world, app, case)
    assert found is not None
    assert (found.signed, found.unit) == (True, UNIT)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ("unit", "电子印章是“另一大学”的"),
        ("version", "又有改动"),
        ("changed", "签名之后，文件内容被改动过"),
        ("other", "没有本系统现在这一稿的二维码"),
    ],
)
def test_a_signed_file_of_something_else_is_refused_at_upload_and_at_confirming(
    wrong: str, words: str, sign_in: As, world: World, app: Flask
) -> None:
    case, client = world.draft(), sign_in("sealer")
    name, data = elsewhere(client, case, seal_of("另一大学" if wrong == "unit" else UNIT))
    if wrong == "version":
        world.edit(case, world.content_of(case).changed(title="改过的名称"))
    if wrong == "changed":
        data = data[:40_000] + bytes([data[40_000] ^ 1]) + data[40_001:]
    if wrong == "other":
        import pikepdf

        bare = io.BytesIO()
        with pikepdf.new() as document:
            document.add_blank_page()
            document.save(bare)
        data = signed(bare.getvalue(), seal_of(UNIT))
    answer = upload(client, f"/cases/{case}/seal", scan=(name, data))
    shown = answer.get_data(as_text=True)
    assert (answer.status_code, words in shown, "/seal/confirm" in shown) == (422, True, False)
    ticket = re.search(r"ticket=([^&\"]+)", shown)
    assert ticket is not None
    fields = hidden(page(client, f"/cases/{case}/seal"), f"/cases/{case}/seal")
    given: dict[str, object] = {**fields, "ticket": ticket[1], "reads": "host"}
    assert send_fields(client, f"/cases/{case}/seal/confirm", given).status_code == 422
    assert kept(world, app, case)[0] is None


def test_a_seal_is_verified_again_at_later_steps(sign_in: As, world: World, app: Flask, tmp_path: Path) -> None:
    """The file damaged or gone, or its issuer no longer trusted: the step is refused, and possible once that is mended."""
    case = world.draft()
    client = sign_in("sealer")
    seal(client, case, seal_of(UNIT).pkcs12())
    with world.database.reading() as session:
        [check] = session.query(SignatureCheck)
    folder = Path(app.extensions["zhengji"].settings.documents_url.removeprefix("file://"))
    path = folder / check.digest[:2] / check.digest
    whole = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(whole[:-1])
    asked = page(client, f"/cases/{case}/stamp")
    refused = post(client, f"/cases/{case}/stamp", asked)
    assert (refused.status_code, "电子印章的签名没有通过验证" in refused.get_data(as_text=True)) == (422, True)
    path.write_bytes(whole)
    assert post(client, f"/cases/{case}/stamp", page(client, f"/cases/{case}/stamp")).status_code == 302
    assert world.state(case) == CaseState.CENTRE_STAMPED


def test_an_issuer_that_is_taken_off_the_list_seals_no_longer(
    sign_in: As, world: World, app: Flask, settings: Settings, tmp_path: Path
) -> None:
    case = world.draft()
    seal(sign_in("sealer"), case, seal_of(UNIT).pkcs12())
    roots_file(tmp_path, authority("别的机构"))
    client = sign_in("sealer")
    refused = post(client, f"/cases/{case}/stamp", page(client, f"/cases/{case}/stamp"))
    assert "电子印章的签名没有通过验证" in refused.get_data(as_text=True)
    assert create_app(settings, world.database) is not None


# ---- the summary table -----------------------------------------------------------------------------------------------


def test_a_leader_seals_the_summary_table_electronically(sign_in: As, world: World, app: Flask, tmp_path: Path) -> None:
    batch = world.batch([world.case(CaseState.PROVINCE_REVIEWED)])
    office = world.office_of(batch).seals_as
    client, address = sign_in("leader"), f"/batches/{batch}/seal-scan/electronic"
    wrong = hidden(page(client, f"/batches/{batch}/seal-scan"), address)
    given = {**wrong, **certificate(seal_of(UNIT).pkcs12())}
    refused = client.post(address, data=given, content_type="multipart/form-data")
    assert (refused.status_code, f"由“{office}”盖章" in refused.get_data(as_text=True)) == (422, True)
    fields = hidden(page(client, f"/batches/{batch}/seal-scan"), address)
    given = {**fields, **certificate(seal_of(office).pkcs12())}
    assert client.post(address, data=given, content_type="multipart/form-data").status_code == 302
    with world.database.reading() as session:
        [found] = session.query(Seal).filter(Seal.batch_id == batch)
        assert (found.signed, found.unit) == (True, office)
        digest = session.get_one(Document, found.document_id).digest
    path = tmp_path / "summary.pdf"
    path.write_bytes(app.extensions["zhengji"].files.get(digest))
    told = subprocess.run(["pdfsig", str(path)], capture_output=True, text=True, check=True).stdout
    assert "Signature is Valid" in told
    asked = page(client, f"/batches/{batch}/seal")
    assert post(client, f"/batches/{batch}/seal", asked).status_code == 302
    with world.database.reading() as session:
        assert session.get_one(Batch, batch).state == "sealed"


def test_a_summary_table_that_was_signed_elsewhere_is_taken_and_one_of_another_list_is_not(
    sign_in: As, world: World
) -> None:
    first, second = (world.case(CaseState.PROVINCE_REVIEWED) for _ in range(2))
    batch = world.batch([first])
    office, client = world.office_of(batch).seals_as, sign_in("leader")
    data = signed(client.get(f"/batches/{batch}/summary.pdf").data, seal_of(office))
    world.collect(batch, [first, second])
    barred = upload(client, f"/batches/{batch}/seal-scan", scan=("汇总表.pdf", data))
    assert (barred.status_code, "又有改动" in barred.get_data(as_text=True)) == (422, True)
    data = signed(client.get(f"/batches/{batch}/summary.pdf").data, seal_of(office))
    shown = upload(client, f"/batches/{batch}/seal-scan", scan=("汇总表.pdf", data)).get_data(as_text=True)
    assert post(client, f"/batches/{batch}/seal-scan/confirm", shown).status_code == 302
