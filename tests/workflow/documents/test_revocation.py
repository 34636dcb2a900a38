"""Seals whose certificate was revoked: by a list that is kept here, or by what the signed file brings along."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tests.certificates import (
    UNIT,
    Issued,
    answer_of,
    authority,
    between,
    revoked_list,
    roots_file,
    seal_of,
    signed,
    with_store,
)
from tests.workflow.documents.test_signatures import paper, voids
from workflow.documents import signatures
from workflow.documents.signatures import NoRoots, Roots, Sealed, looked_at

NOW = datetime.now(UTC)


@cache
def unit() -> Issued:
    return seal_of()


@cache
def sealed() -> bytes:
    return signed(paper(), unit())


def seen(data: bytes, *lists: bytes, at: datetime = NOW) -> Sealed:
    return looked_at(data, True, Roots((authority().der,), (), lists), at)


def told(found: Sealed) -> list[str]:
    return [one.code for one in found.troubles]


def test_a_seal_whose_certificate_was_revoked_is_void_and_the_day_is_said() -> None:
    found = seen(sealed(), revoked_list(unit()))
    assert (found.valid, told(found)) == (False, ["revoked"])
    day = f"{NOW - timedelta(days=2) + timedelta(hours=8):%Y-%m-%d}"
    assert found.barring is not None
    assert found.barring.text.zh.startswith(f"“{UNIT}”的证书（或给它作证的机构）已于 {day} 被吊销")


def test_a_list_that_does_not_name_it_says_so_and_of_when_it_is() -> None:
    found = seen(sealed(), revoked_list(seal_of("另一大学")))
    assert (found.valid, told(found)) == (True, ["revocation_checked"])
    assert f"{NOW - timedelta(days=1) + timedelta(hours=8):%Y-%m-%d}" in found.troubles[0].text.zh


def test_a_seal_from_before_its_certificate_was_revoked_holds() -> None:
    found = seen(sealed(), revoked_list(unit(), since=-2), at=NOW - timedelta(days=5))
    assert (found.valid, told(found)) == (True, ["revoked_later"])


def test_a_key_that_was_not_safe_any_more_seals_nothing_though_it_was_revoked_later() -> None:
    listed = revoked_list(unit(), since=-2, unsafe_since=-9, reason=x509.ReasonFlags.key_compromise)
    assert told(seen(sealed(), listed, at=NOW - timedelta(days=5))) == ["revoked"]
    assert told(seen(sealed(), listed, at=NOW - timedelta(days=20))) == ["revoked_later"]


def test_an_old_list_still_proves_what_it_says() -> None:
    """Issuers drop certificates that expired from later lists."""
    old = revoked_list(unit(), days=(-40, -33), since=-50)
    assert told(seen(sealed(), old)) == ["revoked"]
    assert told(seen(sealed(), revoked_list(), old)) == ["revoked"]


def test_a_hold_counts_until_a_newer_list_lifts_it() -> None:
    held = revoked_list(unit(), days=(-5, 2), since=-6, reason=x509.ReasonFlags.certificate_hold)
    assert told(seen(sealed(), held)) == ["revoked"]
    assert told(seen(sealed(), held, revoked_list())) == ["revocation_checked"]
    assert told(seen(sealed(), revoked_list(), held)) == ["revocation_checked"]


def test_a_list_of_somebody_else_says_nothing() -> None:
    """Signed by another key: of an authority of the same name, of another authority, or of whoever holds a seal."""
    from tests import certificates

    same_name = certificates.authority.__wrapped__()
    for by in (same_name, authority("别的机构"), Issued(seal_of().key, authority().certificate), seal_of("另一大学")):
        assert told(seen(sealed(), revoked_list(unit(), by=by))) == ["revocation_not_checked"]


def test_an_authority_under_the_root_is_asked_for_as_well() -> None:
    branch = between()
    of_branch = seal_of(by=branch)
    data = signed(paper(), of_branch)
    assert told(seen(data)) == ["revocation_not_checked"]
    assert told(seen(data, revoked_list(by=branch))) == ["revocation_checked"]
    assert told(seen(data, revoked_list(of_branch, by=branch))) == ["revoked"]
    assert voids(seen(data, revoked_list(branch))) == ["revoked"]


def test_what_the_signed_file_brings_along_counts() -> None:
    good = with_store(sealed(), lists=(revoked_list(),))
    assert (seen(good).valid, told(seen(good))) == (True, ["revocation_checked"])
    bad = with_store(sealed(), lists=(revoked_list(unit()),))
    assert told(seen(bad)) == ["revoked"]
    assert told(seen(with_store(sealed(), lists=(revoked_list(unit(), by=authority("别的机构")),)))) == [
        "revocation_not_checked"
    ]


def test_a_list_among_what_is_signed_counts_too() -> None:
    """As Adobe's programs put it there; it is of before the seal was made."""
    data = signed(paper(), unit(), lists=(revoked_list(),))
    assert told(seen(data)) == ["revocation_checked"]
    assert told(seen(data, revoked_list(unit()))) == ["revoked"]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (lambda: answer_of(unit()), "revocation_checked"),
        (lambda: answer_of(unit(), since=-2), "revoked"),
        (lambda: answer_of(unit(), since=-2, signed_by=authority("别的机构")), "revocation_not_checked"),
        (lambda: answer_of(seal_of("另一大学"), since=-2), "revocation_not_checked"),
        (lambda: b"\x30\x03\x0a\x01\x06", "revocation_not_checked"),  # "unauthorized", RFC 6960, 4.2.1
    ],
)
def test_answers_about_a_certificate_count_as_lists_do(answer: Callable[[], bytes], code: str) -> None:
    assert told(seen(with_store(sealed(), answers=(answer(),)))) == [code]


def test_a_time_stamp_by_a_revoked_service_proves_no_time() -> None:
    clock, expired = seal_of("时间戳服务", stamps=True), seal_of(days=(-400, -1))
    data = signed(paper(), expired, stamped_by=clock, stamped_at=NOW - timedelta(days=9))
    roots = Roots((authority().der,), (authority().der,))
    assert looked_at(data, True, roots, NOW).valid
    stolen = Roots(roots.seals, roots.stamps, (revoked_list(clock, since=-20),))
    assert voids(looked_at(data, True, stolen, NOW)) == ["expired"]
    later = Roots(roots.seals, roots.stamps, (revoked_list(clock, since=-3),))
    assert looked_at(data, True, later, NOW).valid


def test_a_changed_file_stays_broken_whatever_the_lists_say() -> None:
    from tests.workflow.documents.test_signatures import flipped

    assert voids(seen(flipped(sealed()), revoked_list(unit()))) == ["broken"]


# ---- where lists lie -------------------------------------------------------------------------------------------------


def test_lists_are_read_from_a_file_or_a_folder_in_either_form(tmp_path: Path) -> None:
    der = revoked_list(unit())
    pem = x509.load_der_x509_crl(der).public_bytes(Encoding.PEM)
    folder = tmp_path / "lists"
    folder.mkdir()
    (folder / "一.crl").write_bytes(der)
    (folder / "二.pem").write_bytes(b"# two\n" + pem + pem)
    (folder / ".hidden").write_bytes(b"nothing")
    roots = str(roots_file(tmp_path, authority()))
    assert signatures.roots_from(roots, "", str(folder)).lists == (der, der, der)
    assert signatures.roots_from(roots, "", str(folder / "一.crl")).lists == (der,)
    empty = tmp_path / "empty"
    empty.mkdir()
    assert signatures.roots_from(roots, "", str(empty)).lists == ()


def test_a_list_that_cannot_be_read_is_no_list_without_anybody_on_it(tmp_path: Path) -> None:
    for name, data in (("a.crl", b"nothing"), ("b.crl", revoked_list()[:-9]), ("c.crl", revoked_list(delta=True))):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(NoRoots, match=name):
            signatures.roots_from("", "", str(tmp_path / name))
    with pytest.raises(NoRoots, match="gone"):
        signatures.roots_from("", "", str(tmp_path / "gone"))


def test_more_than_there_is_room_for_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signatures.limits, "REVOCATION_LISTS", 500)
    (tmp_path / "a.crl").write_bytes(revoked_list(more=200))
    with pytest.raises(NoRoots, match="500 bytes"):
        signatures.roots_from("", "", str(tmp_path))


def test_lists_are_outdated_when_the_next_should_have_come() -> None:
    old, new = revoked_list(days=(-40, -33)), revoked_list()
    of_other = revoked_list(by=authority("别的机构"), days=(-40, -33))
    assert signatures.outdated(Roots(lists=(old, new)), NOW) == []
    [name] = signatures.outdated(Roots(lists=(of_other, old, new)), NOW)
    assert "别的机构" in name
    assert len(signatures.outdated(Roots(lists=(old, of_other)), NOW)) == 2


def test_lists_change_what_was_found_and_none_change_nothing() -> None:
    plain = Roots((b"one",), (b"two",))
    fingerprints = {
        one.fingerprint for one in (plain, Roots((b"one",), (b"two",), (b"l",)), Roots((b"one",), (b"two", b"l")))
    }
    assert len(fingerprints) == 3
    assert plain.fingerprint == Roots((b"one",), (b"two",), ()).fingerprint


def test_a_long_list_is_read_in_time() -> None:
    """The lists of a large authority name some ten thousand certificates."""
    long = revoked_list(unit(), more=30_000)
    assert told(seen(sealed(), long)) == ["revoked"]
