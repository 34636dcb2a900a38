"""Electronic seals verified: every flaw has its own sentence, and a second program says the same."""

from __future__ import annotations

import io
import re
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pikepdf
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tests.certificates import UNIT, Issued, authority, roots_file, seal_of, signed
from tests.make import call_2021
from tests.workflow.documents.papers import sample, scan
from workflow.documents import checker, prints, signatures
from workflow.documents.marks import Mark
from workflow.documents.signatures import NoRoots, Roots, Sealed, looked_at
from workflow.documents.vetting import judge

MARK = Mark("form", "2021-205-SL-0001", 3, "0123456789abcdef" * 4)
NOW = datetime.now(UTC)
ROOTS = Roots((authority().der,))


@cache
def paper(mark: Mark = MARK) -> bytes:
    values = {"title": "一份检索报告让一条产线少走三年弯路", "host_unit": UNIT}
    return prints.form(call_2021(), values, mark=mark, note="第 3 稿", draft=False)


@cache
def good() -> bytes:
    return signed(paper(), seal_of())


def seen(data: bytes, roots: Roots = ROOTS) -> Sealed:
    return signatures.examine(judge("scan", "报送表.pdf", data), roots, NOW)


def voids(found: Sealed) -> list[str]:
    return [one.code for one in found.troubles if one.voids]


def pdfsig(data: bytes, folder: Path) -> str:
    path = folder / "signed.pdf"
    path.write_bytes(data)
    return subprocess.run(["pdfsig", str(path)], capture_output=True, text=True, check=False).stdout


def flipped(data: bytes, at: int = 0) -> bytes:
    """One bit of a stream of the print changed, inside what the signature covers."""
    place = at or data.index(b"stream", len(data) // 4) + 200
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


def rewritten(data: bytes, change: Callable[[str], str]) -> bytes:
    """The signature's own bytes, as hexadecimal, replaced by others of the same length."""
    found = re.search(rb"/Contents <([0-9a-fA-F]{2000,})>", data)
    assert found is not None
    fresh = change(found[1].decode()).encode()
    assert len(fresh) == len(found[1])
    return data[: found.start(1)] + fresh + data[found.end(1) :]


def with_a_line_added(data: bytes) -> bytes:
    """An incremental update that puts something new on the page."""
    from pyhanko.pdf_utils.generic import DictionaryObject, StreamObject, pdf_name
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

    writer = IncrementalPdfFileWriter(io.BytesIO(data))
    stream = writer.add_object(StreamObject(stream_data=b"0 0 200 200 re f"))
    writer.add_stream_to_page(0, stream, DictionaryObject({pdf_name("/Font"): DictionaryObject()}))
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def test_a_good_seal_is_valid_and_names_its_unit_and_the_content(tmp_path: Path) -> None:
    found = seen(good())
    assert (found.kind, found.valid, found.unit, found.mark) == ("electronic", True, UNIT, MARK)
    assert [one.code for one in found.troubles] == ["revocation_not_checked"]
    assert "Signature is Valid" in pdfsig(good(), tmp_path)


def test_one_flipped_bit_is_found_here_and_by_another_program(tmp_path: Path) -> None:
    assert voids(seen(flipped(good()))) == ["broken"]
    told = pdfsig(flipped(good()), tmp_path)
    assert "Digest Mismatch" in told
    assert "Signature is Valid" not in told


def test_without_roots_integrity_is_verified_and_the_rest_said() -> None:
    for issued in (seal_of(), seal_of(self_signed=True), seal_of(by=authority("别的机构"))):
        found = seen(signed(paper(), issued), Roots())
        assert (found.valid, [one.code for one in found.troubles]) == (True, ["issuer_not_checked"])
    assert voids(seen(flipped(good()), Roots())) == ["broken"]


@pytest.mark.parametrize(
    ("issued", "code"),
    [
        (lambda: seal_of(days=(-400, -1)), "expired"),
        (lambda: seal_of(days=(2, 400)), "not_yet_valid"),
        (lambda: seal_of(by=authority("别的机构")), "unknown_issuer"),
        (lambda: seal_of(self_signed=True), "self_signed"),
        (lambda: seal_of(uses={"key_encipherment": True}), "wrong_purpose"),
    ],
)
def test_a_certificate_that_does_not_count_is_said_each_in_its_own_words(
    issued: Callable[[], Issued], code: str
) -> None:
    found = seen(signed(paper(), issued()))
    assert (found.kind, found.valid, found.unit, voids(found)) == ("electronic", False, UNIT, [code])


@pytest.mark.parametrize(("days", "code"), [((-400, -1), "expired"), ((2, 400), "not_yet_valid")])
def test_time_counts_without_roots_too(days: tuple[int, int], code: str) -> None:
    assert voids(seen(signed(paper(), seal_of(days=days)), Roots())) == [code]
    root = seal_of(self_signed=True, days=days)
    assert voids(seen(signed(paper(), root), Roots((root.der,)))) == [code]


def test_a_certificate_is_judged_as_of_the_instant_that_is_asked_about() -> None:
    data = signed(paper(), seal_of(days=(-400, -1)))
    assert looked_at(data, True, ROOTS, NOW - timedelta(days=5)).valid
    assert not looked_at(data, True, ROOTS, NOW).valid


def test_what_a_root_vouches_for_is_no_seal_of_another_root_of_that_name() -> None:
    from tests import certificates

    other = certificates.authority.__wrapped__()
    assert voids(seen(signed(paper(), seal_of(by=other)))) == ["unknown_issuer"]


def test_a_signature_that_is_cut_off_or_wiped_out_is_told() -> None:
    cut = rewritten(good(), lambda old: old[:600].ljust(len(old), "0"))
    wiped = rewritten(good(), lambda old: "0" * len(old))
    for one in (cut, wiped):
        assert voids(seen(one)) == ["unreadable_signature"]


def test_a_signature_made_with_another_key_is_told() -> None:
    """The last bytes of the signature's own value are others: the certificate stays, what it vouches for does not fit."""

    def other(old: str) -> str:
        value = old.rstrip("0")
        return (value[:-9] + ("0" if value[-9] != "0" else "1") + value[-8:]).ljust(len(old), "0")

    assert voids(seen(rewritten(good(), other))) == ["forged"]


def test_what_was_added_after_signing_is_told() -> None:
    found = seen(with_a_line_added(good()))
    assert (found.valid, voids(found)) == (False, ["changed_after"])


def test_of_a_file_that_ends_early_nothing_is_believed() -> None:
    for end in (0.5, 0.9, 0.99):
        found = seen(good()[: int(len(good()) * end)])
        assert not found.valid


def test_several_signatures_are_each_judged_and_told() -> None:
    twice = signed(signed(paper(), seal_of("示例省知识产权局")), seal_of(), field="Signature2")
    found = seen(twice)
    assert (found.valid, found.unit, len(found.signatures)) == (True, UNIT, 2)
    [told] = [one.text.zh for one in found.troubles if one.code == "several_signatures"]
    assert "示例省知识产权局、示例大学" in told
    stranger = signed(signed(paper(), seal_of(by=authority("别的机构"))), seal_of(), field="Signature2")
    assert voids(seen(stranger)) == ["unknown_issuer"]


def test_too_many_signatures_are_not_verified(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checker, "ask", lambda *_: checker.Answer("too_many_signatures", {"most": 10}, {}))
    assert voids(looked_at(good(), True, ROOTS, NOW)) == ["too_many_signatures"]


def test_a_change_between_two_signatures_is_told() -> None:
    """The later signature covers everything, the earlier one does not allow what came between."""
    between = signed(with_a_line_added(good()), seal_of("示例省知识产权局"), field="Signature2")
    found = seen(between)
    assert (found.valid, voids(found), found.unit) == (False, ["not_allowed"], "示例省知识产权局")


def test_a_time_stamp_proves_when_it_was_signed_where_its_issuer_counts() -> None:
    """A certificate that is in force no longer: the stamp of a service that counts says that it was, then."""
    stamps, then = (
        seal_of("时间戳", uses={"digital_signature": True}, stamps=True),
        NOW.replace(microsecond=0) - timedelta(days=20),
    )
    data = signed(paper(), seal_of(days=(-400, -10)), stamped_by=stamps, stamped_at=then)
    found = seen(data, Roots((authority().der,), (authority().der,)))
    assert (found.valid, found.signatures[0].stamped_at) == (True, then.isoformat())
    unknown = Roots((authority().der,), (authority("别的机构").der,))
    found = seen(data, unknown)
    assert (voids(found), found.signatures[0].stamped_at) == (["expired"], "")
    assert "stamp_not_checked" in [one.code for one in found.troubles]


def test_a_file_with_a_password_is_not_verified() -> None:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(good())) as document:
        document.save(out, encryption=pikepdf.Encryption(owner="o", user="u"))
    found = seen(out.getvalue())
    assert (found.kind, found.valid, voids(found)) == ("none", False, ["encrypted"])


def test_scans_are_scans_and_other_papers_nothing() -> None:
    sealed, bare = seen(sample("报送表01_扫描件.pdf")), seen(paper())
    assert (sealed.kind, sealed.valid, [one.code for one in sealed.troubles]) == (
        "scan",
        True,
        ["read_by_eye", "no_mark"],
    )
    assert (bare.kind, bare.valid, voids(bare), bare.mark) == ("scan", False, ["no_red_seal"], MARK)
    blank = signatures.examine(judge("scan", "白纸.png", scan("white")), ROOTS, NOW)
    assert (blank.kind, blank.valid) == ("none", False)


def test_a_print_of_another_kind_of_file_is_refused_before_it_is_opened() -> None:
    found = seen(b"PK\x03\x04 no pdf")
    assert (found.kind, found.valid, len(found.troubles)) == ("none", False, 1)


def test_a_mark_that_is_only_written_is_found() -> None:
    bare = re.sub(rb"/Subtype\s*/Image", b"/Subtype /Imagf", paper())
    found = seen(signed(bare, seal_of()))
    assert found.mark == MARK


@pytest.mark.parametrize(
    "said",
    [
        {"signatures": "x"},
        {"signatures": [1, None]},
        {"signatures": [{"codes": 7}]},
        {"signatures": [{"codes": ["all_is_well"], "unit": 5, "from": None}]},
        {"signatures": [{"codes": [], "unit": "x\n" * 500}], "texts": 9},
    ],
)
def test_what_the_child_makes_up_is_not_believed(said: dict[str, object], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checker, "ask", lambda *_: checker.Answer("", {}, said))
    found = looked_at(b"x", True, Roots(), NOW)
    assert not found.valid or len(found.unit) <= 160
    assert found.kind == "electronic" or not found.signatures


def test_roots_are_read_and_nonsense_is_refused(tmp_path: Path) -> None:
    path = roots_file(tmp_path, authority(), authority("别的机构"))
    assert len(signatures.roots_from(str(path)).seals) == 2
    (tmp_path / "no.pem").write_text("nothing")
    for wrong in (tmp_path / "no.pem", tmp_path / "absent.pem"):
        with pytest.raises(NoRoots):
            signatures.roots_from(str(wrong))


def test_every_sentence_is_in_both_languages() -> None:
    for code, text in signatures.TROUBLES.items():
        assert re.search("[\u4e00-\u9fff]", text.zh), code
        assert text.en
        assert not re.search("[\u4e00-\u9fff]", text.en), code


def test_certificates_of_the_tests_are_what_they_say() -> None:
    assert x509.load_pem_x509_certificate(authority().pem).public_bytes(Encoding.DER) == authority().der
