"""Electronic seals made by the verbs: stamped by a real service, without one, and with issuers that cannot be read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.certificates import PASSWORD, authority, roots_file, seal_of
from tests.make import call_2021
from tests.workflow.documents.test_signatures import MARK, pdfsig
from tests.workflow.test_jobs import result, working
from tests.workflow.test_timestamps import Service, certificates, serving
from tests.worlds import World, went
from workflow import electronic
from workflow.documents import prints
from workflow.documents.signing import Key, NotSealed
from workflow.incoming import sealing
from workflow.settings import Settings, from_environment
from workflow.store.files import Files
from workflow.store.models import Job, SignatureCheck

UNIT = "示例大学"


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    certificates(tmp_path / "tsa")
    with serving(Service(tmp_path / "tsa")) as made:
        yield made


@pytest.fixture
def settings(service: Service, tmp_path: Path) -> Settings:
    plain = from_environment(
        {"ZHENGJI_HOME": str(tmp_path), "ZHENGJI_SEAL_ROOTS": str(roots_file(tmp_path, authority()))}
    )
    return replace(plain, timestamp_url=service.url, timestamp_roots=str(service.folder / "root.pem"))


def made(settings: Settings, tmp_path: Path) -> tuple[sealing.Proof, bytes]:
    files = Files((tmp_path / "documents").as_uri())
    paper = prints.form(
        call_2021(), {"title": "一份检索报告", "host_unit": UNIT}, mark=MARK, note="第 3 稿", draft=False
    )
    key = Key(seal_of(UNIT).pkcs12(), PASSWORD)
    proof = electronic.made(settings, files, paper, "报送表.pdf", MARK, UNIT, key, at=datetime.now(UTC))
    return proof, files.get(proof.kept.digest)


def test_a_signature_is_stamped_where_a_service_is_set(settings: Settings, service: Service, tmp_path: Path) -> None:
    proof, data = made(settings, tmp_path)
    assert (proof.sealed.valid, proof.listed["stamped_at"] != "", service.served) == (True, True, 1)
    assert "Signature is Valid" in pdfsig(data, tmp_path)


@pytest.mark.parametrize("broken", ["away", "nonsense", "another"])
def test_a_seal_holds_without_a_stamp_where_the_service_gives_none(
    broken: str, settings: Settings, service: Service, tmp_path: Path
) -> None:
    service.broken = broken
    proof, data = made(settings, tmp_path)
    assert (proof.sealed.valid, proof.listed["stamped_at"]) == (True, "")
    assert "Signature is Valid" in pdfsig(data, tmp_path)


def test_where_issuers_cannot_be_read_nobody_seals(settings: Settings, tmp_path: Path) -> None:
    Path(settings.seal_roots).write_text("nothing")
    with pytest.raises(NotSealed) as refused:
        made(settings, tmp_path)
    assert "ZHENGJI_SEAL_ROOTS" in refused.value.message.en


def test_a_key_does_not_show_itself() -> None:
    assert "secret" not in repr(Key(b"secret", "secret"))


@pytest.mark.database
def test_of_many_seals_what_was_written_down_stands_while_bytes_and_issuers_do(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than a few: bytes are held against their digests, and nothing is worked out anew until the issuers change."""
    cases = [world.draft() for _ in range(3)]
    for case in cases:
        world.seal_electronically(case)
    monkeypatch.setattr(electronic, "FEW", 2)
    monkeypatch.setattr(electronic, "_known", {})
    asked: list[str] = []
    real = electronic.signatures.looked_at
    monkeypatch.setattr(electronic.signatures, "looked_at", lambda *given: asked.append("") or real(*given))
    world.verify_seals(*cases)
    assert (asked, outcomes(world)) == ([], ["good"] * 3)
    world.lose_signed_file(cases[0])
    world.verify_seals(*cases)
    assert (asked, outcomes(world)) == ([], ["good", "good", "unreadable"])
    world.trust_nobody()
    world.verify_seals(*cases)
    assert (len(asked), outcomes(world)) == (2, ["unknown_issuer", "unknown_issuer", "unreadable"])


@pytest.mark.database
def test_where_many_are_to_be_verified_anew_a_step_waits_for_the_work_that_does_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    cases = [world.draft() for _ in range(3)]
    for case in cases:
        world.seal_electronically(case)
    monkeypatch.setattr(electronic, "FEW", 2)
    monkeypatch.setattr(electronic, "_known", {})
    world.revoke()  # nobody yet, but there is a list now
    world.verify_seals(*cases)
    assert outcomes(world) == ["awaiting"] * 3
    blocked = world.act(cases[0], "stamp")
    assert [(one.rule, "不必重新盖章" in one.message.zh) for one in blocked.findings] == [("seal_unbroken", True)]
    world.verify_seals(*cases)  # asked for once
    with world.database.reading() as session:
        [queued] = session.query(Job)
        assert (queued.name, queued.state) == ("verify_seals", "queued")
    parts: list[int] = []
    assert world.verify_kept(parts.append) == "3 seals"
    assert (outcomes(world), parts) == (["good"] * 3, [3])
    went(world.act(cases[0], "stamp"))
    assert world.verify_kept(parts.append) == "0 seals"
    world.verify_seals(*cases)
    assert outcomes(world) == ["good"] * 3


@pytest.mark.database
def test_a_worker_verifies_what_is_awaited(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    case = world.draft()
    world.seal_electronically(case)
    monkeypatch.setattr(electronic, "FEW", 0)
    monkeypatch.setattr(electronic, "_known", {})
    world.revoke()
    world.verify_seals(case)
    with world.database.reading() as session:
        [queued] = session.query(Job)
    places = {"seal_roots": str(world.folder / "roots.pem"), "seal_crls": str(world.folder / "revoked.crl")}
    with working(world, **places):
        assert result(world, queued.key) == "1 seals"
    assert outcomes(world) == ["good"]


@pytest.mark.database
def test_what_was_found_bad_of_many_is_not_worked_out_again_and_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    cases = [world.draft() for _ in range(3)]
    for case in cases:
        world.seal_electronically(case)
    monkeypatch.setattr(electronic, "FEW", 2)
    world.trust_nobody()
    world.verify_kept()
    monkeypatch.setattr(electronic, "_known", {})  # another process
    world.verify_seals(*cases)
    assert outcomes(world) == ["unknown_issuer"] * 3


@pytest.mark.database
def test_work_stops_where_issuers_cannot_be_read_and_changes_nothing(world: World) -> None:
    world.seal_electronically(world.draft())
    (world.folder / "roots.pem").write_text("nothing")
    assert world.verify_kept() == "the issuers cannot be read"
    assert outcomes(world) == ["good"]


@pytest.mark.database
def test_a_seal_whose_certificate_was_revoked_before_it_sealed_blocks_each_later_step(world: World) -> None:
    case, key = world.draft(), seal_of(UNIT)
    world.seal_electronically(case, with_key=key)
    world.revoke(key, since=-1)
    world.verify_seals(case)
    assert outcomes(world) == ["revoked"]
    blocked = world.act(case, "stamp")
    assert [(one.rule, "已被吊销" in one.message.zh) for one in blocked.findings] == [("seal_unbroken", True)]


@pytest.mark.database
def test_a_seal_from_before_the_revocation_holds(world: World) -> None:
    case, key = world.draft(), seal_of(UNIT)
    world.seal_electronically(case, with_key=key)
    world.revoke(key, since=1)
    world.verify_seals(case)
    assert outcomes(world) == ["good"]
    went(world.act(case, "stamp"))


@pytest.mark.database
def test_nobody_seals_with_a_revoked_certificate(world: World) -> None:
    case, key = world.draft(), seal_of(UNIT)
    world.revoke(key, since=-1)
    with pytest.raises(NotSealed) as refused:
        world.seal_electronically(case, with_key=key)
    assert "被吊销" in refused.value.message.zh


def outcomes(world: World) -> list[str]:
    with world.database.reading() as session:
        return sorted(one.outcome for one in session.query(SignatureCheck))
