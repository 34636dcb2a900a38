"""Receipts: their pages and files, and the page on which anybody checks one without signing in."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import zipfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from flask import Flask
from flask.testing import FlaskClient

import web.receipts
from states.case import CaseState
from tests.web.conftest import As, post
from tests.worlds import World
from web.app import create_app
from workflow.audit import log, merkle, notes, receipts
from workflow.settings import Settings

pytestmark = pytest.mark.database

AT = datetime(2021, 3, 20, 4, 0, 7, tzinfo=UTC)


@pytest.fixture
def case(world: World) -> int:
    return world.case(CaseState.PROVINCE_REVIEWED)


@pytest.fixture
def signer(world: World, tmp_path: Path) -> notes.Signer:
    return log.signer(world.database, tmp_path / "audit.pem", AT)


def sign(world: World, signer: notes.Signer, minutes: int = 0) -> log.Signed:
    log.sequence(world.database)
    made = log.checkpoint(world.database, signer, AT + timedelta(minutes=minutes))
    assert made is not None
    return made


@pytest.fixture
def stranger(app: Flask) -> FlaskClient:
    return app.test_client()


def shown(client: FlaskClient, **query: object) -> str:
    return client.get("/receipts", query_string=query).get_data(as_text=True)


def verdict(page: str) -> str:
    found = re.search(r'class="answer answer-(\w+)"', page)
    return found[1] if found else ""


# ---- the receipt of an act ----


def test_an_act_is_answered_with_the_number_and_the_whole_hash_of_its_receipt(world: World, sign_in: As):
    case = world.case(CaseState.CENTRE_STAMPED)
    reviewer = sign_in("reviewer")
    page = reviewer.get(f"/cases/{case}/return_to_centre").get_data(as_text=True)
    address = f"/cases/{case}/return_to_centre"
    answer = post(reviewer, address, page, remark="请补充").status_code
    after = reviewer.get(f"/cases/{case}").get_data(as_text=True)
    [event] = world.events(case, "case.return_to_centre")
    assert (answer, f">{event.stream}#{event.seq}</a>" in after, f"<code>{event.hash}</code>" in after) == (
        302,
        True,
        True,
    )
    link = f"/trail/receipt?number=case/{case}%23{event.seq}"
    assert link in after
    assert reviewer.get(link).headers["Location"] == f"/trail/{event.uid}/receipt"


@pytest.mark.parametrize(
    ("login", "status"), [("sealer", 200), ("reviewer", 200), ("auditor", 200), ("neighbour_author", 404)]
)
@pytest.mark.parametrize("ending", ["receipt", "receipt.json", "receipt.pdf"])
def test_a_receipt_is_for_those_within_whose_reach_its_event_is(
    login: str, status: int, ending: str, world: World, case: int, sign_in: As
):
    event = world.events(case, "case.stamp")[0]
    assert sign_in(login).get(f"/trail/{event.uid}/{ending}").status_code == status


@pytest.mark.parametrize("number", ["case/1#99", "case/1", "", "case/1#x", "#1", "case/1#" + "9" * 30])
def test_a_number_that_nobody_has_leads_nowhere(number: str, world: World, case: int, sign_in: As):
    assert sign_in("author").get("/trail/receipt", query_string={"number": number}).status_code == 404


def test_a_receipt_says_so_until_it_is_signed_for(world: World, case: int, signer: notes.Signer, sign_in: As):
    event, client = world.events(case, "case.stamp")[0], sign_in("sealer")
    before = client.get(f"/trail/{event.uid}/receipt").get_data(as_text=True)
    held = client.get(f"/trail/{event.uid}/receipt.json").get_json()
    assert ["检查点还没有签署" in before, held["hash"], held["proof"]] == [True, event.hash, None]
    made = sign(world, signer)
    after = client.get(f"/trail/{event.uid}/receipt").get_data(as_text=True)
    held = client.get(f"/trail/{event.uid}/receipt.json").get_json()
    assert ["已签署" in after, held["checkpoint"]] == [True, made.note]
    assert log.proves(held, signer.key)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_pdf_is_one_page_with_number_hash_and_proof(
    language: str, world: World, case: int, signer: notes.Signer, sign_in: As
):
    sign(world, signer)
    event = world.events(case, "case.stamp")[0]
    answer = sign_in("sealer", language).get(f"/trail/{event.uid}/receipt.pdf")
    document = pypdfium2.PdfDocument(answer.data)
    words = re.sub(r"\s", "", document[0].get_textpage().get_text_bounded())
    assert (len(document), answer.mimetype) == (1, "application/pdf")
    assert [f"{event.stream}#{event.seq}" in words, event.hash in words, "孙印" in words] == [True, True, True]
    assert f"{signer.origin}" in words
    assert [round(one) for one in document[0].get_size()] == [595, 842]


def test_the_pdf_is_the_same_bytes_each_time(world: World, case: int, sign_in: As):
    event, client = world.events(case, "case.stamp")[0], sign_in("sealer")
    assert len({client.get(f"/trail/{event.uid}/receipt.pdf").data for _ in range(2)}) == 1


# ---- checked by anybody ----


def test_a_genuine_receipt_is_told_from_one_that_waits(
    world: World, case: int, signer: notes.Signer, stranger: FlaskClient
):
    event = world.events(case, "case.stamp")[0]
    asked = {"number": f"{event.stream}#{event.seq}", "hash": event.hash}
    assert verdict(shown(stranger, **asked)) == "unsigned"
    made = sign(world, signer)
    page = shown(stranger, **asked)
    assert (verdict(page), f"全部 {made.size} 条" in page) == ("genuine", True)


def test_what_is_typed_from_paper_may_be_grouped_and_wide(world: World, case: int, stranger: FlaskClient):
    event = world.events(case, "case.stamp")[0]
    hashed = " ".join(re.findall(".{8}", event.hash.upper()))
    number = f" {event.stream}＃{event.seq} "
    assert verdict(shown(stranger, number=number, hash=hashed)) == "unsigned"


def test_nothing_of_the_event_is_told(world: World, case: int, signer: notes.Signer, stranger: FlaskClient):
    sign(world, signer)
    event, row = world.events(case, "case.stamp")[0], world.row(case)
    page = shown(stranger, number=f"{event.stream}#{event.seq}", hash=event.hash)
    told = [words for words in (row.title, row.number, "孙印", "盖章报送", event.action) if words in page]
    assert (verdict(page), told) == ("genuine", [])


def test_a_wrong_hash_looks_the_same_for_a_number_that_is_there_and_one_that_is_not(
    world: World, case: int, stranger: FlaskClient
):
    event = world.events(case, "case.stamp")[0]
    there, nowhere = f"{event.stream}#{event.seq}", f"{event.stream}#{event.seq + 70}"
    pages = [
        re.sub(r'value="[^"]*"', "", shown(stranger, number=number, hash="ab" * 32)).replace(
            number.replace("#", "%23"), ""
        )
        for number in (there, nowhere)
    ]
    assert verdict(pages[0]) == "unlike"
    assert _without_tokens(pages[0]) == _without_tokens(pages[1])


def _without_tokens(page: str) -> str:
    return re.sub(r"\?number=[^\"]*", "", page)


def test_the_hash_under_another_number_is_no_pair(world: World, case: int, stranger: FlaskClient):
    event = world.events(case, "case.stamp")[0]
    assert verdict(shown(stranger, number=f"{event.stream}#{event.seq + 1}", hash=event.hash)) == "unlike"


@pytest.mark.parametrize(
    ("number", "hashed"),
    [("", ""), ("case/1#1", "ab"), ("case/1", "ab" * 32), ("case/1#0", "ab" * 32), ("'; --", "zz" * 32)],
)
def test_what_is_no_receipt_is_called_none(number: str, hashed: str, world: World, stranger: FlaskClient):
    assert verdict(shown(stranger, number=number, hash=hashed)) == "unreadable"


def brought(client: FlaskClient, held: object, *, pasted: bool = False) -> str:
    page = client.get("/receipts").get_data(as_text=True)
    words = held if isinstance(held, str) else json.dumps(held)
    given: dict[str, Any] = {"text": words} if pasted else {"file": (io.BytesIO(words.encode()), "receipt.json")}
    return post(client, "/receipts", page, **given).get_data(as_text=True)


@pytest.fixture
def held(world: World, case: int, signer: notes.Signer) -> dict[str, Any]:
    sign(world, signer)
    event = world.events(case, "case.stamp")[0]
    with world.database.reading() as session:
        return log.receipt(session, event.stream, event.seq, event.hash)


@pytest.mark.parametrize("pasted", [False, True])
def test_a_receipts_file_is_checked_with_its_proof(held: dict[str, Any], pasted: bool, stranger: FlaskClient):
    assert verdict(brought(stranger, held, pasted=pasted)) == "genuine"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"origin": "zhengji/other"}, "另一份记录"),
        ({"key": "zhengji/other+00000000+AAAA"}, "公钥不是本系统"),
        ({"algorithm": "sm3"}, "校验算法"),
        ({"hash": "ab" * 32}, "不是本系统记录里的一对"),
        ({"seq": 99}, "不是这个回执号的"),
        ({"index": 0}, "推不出检查点"),
        ({"proof": []}, "推不出检查点"),
        ({"checkpoint": "not signed\n"}, "没有本系统的有效签名"),
    ],
)
def test_a_changed_file_is_told_what_does_not_match(
    change: dict[str, Any], told: str, held: dict[str, Any], stranger: FlaskClient
):
    page = brought(stranger, {**held, **change})
    assert (verdict(page) in ("unlike", "altered"), told in page) == (True, True)


@pytest.mark.parametrize(
    "words", ["", "{}", "[]", "null", "{" * 9999, "[" * 60000, '{"format": "zhengji-receipt-1"}', "x" * 70000, "回执"]
)
def test_a_file_that_is_no_receipt_is_called_none(words: str, world: World, stranger: FlaskClient):
    assert verdict(brought(stranger, words)) == "unreadable"


@pytest.mark.parametrize(
    "change", [{"seq": True}, {"hash": 1}, {"proof": [1]}, {"proof": ["x"]}, {"index": "0"}, {"key": []}]
)
def test_a_file_of_wrong_types_is_called_none(change: dict[str, Any], held: dict[str, Any], stranger: FlaskClient):
    assert verdict(brought(stranger, {**held, **change})) == "unreadable"


def test_a_receipt_that_is_still_signed_for_proves_that_an_older_log_was_put_back(
    world: World, held: dict[str, Any], signer: notes.Signer, stranger: FlaskClient
):
    longer = {**held, "checkpoint": signer.sign(notes.Checkpoint(signer.origin, 10**6, "ab" * 32, AT))}
    assert verdict(brought(stranger, longer)) == "unlike"  # its proof does not lead there
    hashed = merkle.digest("sha256")
    forged = merkle.Frontier(hashed)
    leaves = [bytes.fromhex(held["hash"]), bytes(32)]
    for leaf in leaves:
        forged, _ = forged.add(leaf)
    root = forged.root.hex()
    other = {
        **held,
        "index": 0,
        "proof": [leaves[1].hex()],
        "checkpoint": signer.sign(notes.Checkpoint(signer.origin, 2, root, AT)),
    }
    page = brought(stranger, other)
    assert (verdict(page), "现在的记录却与它不一致" in page) == ("altered", True)


def test_an_altered_record_is_noticed(world: World, held: dict[str, Any], stranger: FlaskClient, monkeypatch):
    plain = receipts.found.by_hash
    monkeypatch.setattr(
        receipts.found,
        "by_hash",
        lambda session, hashed: (row := plain(session, hashed)) and type(row)(**{**vars(row), "body": row.body + " "}),
    )
    assert verdict(shown(stranger, number=f"{held['stream']}#{held['seq']}", hash=held["hash"])) == "altered"


# ---- for those who check by themselves ----


def test_checkpoint_and_key_are_there_as_text_once_there_is_one(
    world: World, case: int, tmp_path: Path, stranger: FlaskClient
):
    assert [stranger.get(f"/receipts/{one}").status_code for one in ("checkpoint", "key")] == [404, 404]
    signer = log.signer(world.database, tmp_path / "audit.pem", AT)
    made = sign(world, signer)
    note, key = stranger.get("/receipts/checkpoint"), stranger.get("/receipts/key")
    assert (note.text, note.mimetype, key.text) == (made.note, "text/plain", f"{signer.key.text}\n")
    page = shown(stranger)
    assert [signer.key.text in page, str(made.size) in page] == [True, True]


def test_a_proof_of_consistency_is_given_for_what_was_signed(
    world: World, case: int, signer: notes.Signer, stranger: FlaskClient
):
    old = sign(world, signer)
    world.case(CaseState.CENTRE_STAMPED)
    new = sign(world, signer, 1)
    said = stranger.get(f"/receipts/consistency?from={old.size}&to={new.size}").get_json()
    over = bytes.fromhex(old.root), bytes.fromhex(new.root)
    path = [bytes.fromhex(one) for one in said["proof"]]
    assert merkle.extends(merkle.digest(said["algorithm"]), old.size, new.size, *over, path)


@pytest.mark.parametrize(
    "query", ["", "from=1", "from=0&to=1", "from=2&to=1", "from=x&to=y", "from=1&to=99999", "from=-1&to=2"]
)
def test_sizes_that_make_no_sense_are_refused(
    query: str, world: World, case: int, signer: notes.Signer, stranger: FlaskClient
):
    sign(world, signer)
    assert stranger.get(f"/receipts/consistency?{query}").status_code == 400


def test_what_a_summary_table_prints_is_checked(world: World, case: int, signer: notes.Signer, stranger: FlaskClient):
    made = sign(world, signer)
    world.case()
    log.sequence(world.database)
    right = shown(stranger, size=made.size, root=made.root)
    wrong = [shown(stranger, size=made.size, root="ab" * 32), shown(stranger, size=10**9, root=made.root)]
    nonsense = shown(stranger, size="many", root="none")
    assert [verdict(one) for one in (right, *wrong, nonsense)] == ["genuine", "unlike", "unlike", "unreadable"]


def test_the_verifier_is_taken_along_and_runs_by_itself(world: World, stranger: FlaskClient, tmp_path: Path):
    answer = stranger.get("/receipts/verifier.zip")
    zipfile.ZipFile(io.BytesIO(answer.data)).extractall(tmp_path)
    program = tmp_path / "zhengji_verify" / "zhengji_verify.py"
    done = subprocess.run([sys.executable, "-I", program, "--help"], capture_output=True, check=False, cwd=tmp_path)
    assert (answer.mimetype, done.returncode) == ("application/zip", 0)
    assert stranger.get("/receipts/verifier.zip").data == answer.data


def test_checking_too_often_has_to_wait(world: World, stranger: FlaskClient, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(web.receipts, "PER_ADDRESS", "2 per day")
    answers = [stranger.get("/receipts/key") for _ in range(3)]
    assert [one.status_code for one in answers] == [404, 404, 429]
    assert "核对得太快了" in answers[-1].get_data(as_text=True)


@pytest.mark.parametrize(("proxies", "counted"), [(0, "together"), (1, "apart")])
def test_visitors_behind_a_proxy_are_told_apart_once_it_is_named(
    proxies: int, counted: str, world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(web.receipts, "PER_ADDRESS", f"1 per {2 + proxies} day")
    client = create_app(replace(settings, proxies=proxies), world.database).test_client()
    said = ["198.51.100.1", "203.0.113.9, 198.51.100.2", "203.0.113.9, 198.51.100.1"]  # only its own word is believed
    answers = [client.get("/receipts/key", headers={"X-Forwarded-For": one}).status_code for one in said]
    assert answers == {"together": [404, 429, 429], "apart": [404, 404, 429]}[counted]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_page_explains_itself_in_both_languages(language: str, world: World, stranger: FlaskClient):
    page = stranger.get(f"/receipts?lang={language}").get_data(as_text=True)
    assert {"zh": "这是怎么做到的", "en": "How this works"}[language] in page
