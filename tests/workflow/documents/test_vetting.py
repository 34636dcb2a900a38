"""Files from outside: each that is not fit is refused with its reason, and nothing of it is opened."""

import contextlib
import hashlib
import io
import time
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pikepdf import Encryption

from tests.make import call_2021
from tests.workflow.documents.hostile import pdf
from tests.workflow.documents.papers import (
    SAMPLES,
    bomb,
    lying_bomb,
    ole,
    picture,
    png_that_claims,
    sample,
    truth,
    with_part,
    with_xml,
    word,
)
from workflow.documents import limits
from workflow.documents.problems import Unreadable
from workflow.documents.reading import read_case_document
from workflow.documents.vetting import clean_name, judge, vet

PDF = pdf()


def refusal(slot: str, name: str, data: bytes) -> str:
    with pytest.raises(Unreadable) as caught:
        vet(slot, name, data)
    problem = caught.value.problem
    assert problem.text.zh != problem.text.en
    assert "{" not in problem.text.zh + problem.text.en
    return problem.code


def encrypted_zip() -> bytes:
    data = bytearray(word("一份案例"))
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(signature)
        while at >= 0:
            data[at + flags] |= 1
            at = data.find(signature, at + 4)
    return bytes(data)


def with_many_parts() -> bytes:
    out = io.BytesIO(word("一份案例"))
    with zipfile.ZipFile(out, "a") as archive:
        for at in range(limits.ZIP_ENTRIES):
            archive.writestr(f"word/media/{at}.txt", b"")
    return out.getvalue()


DOCTYPE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


def with_doctype(encoding: str = "utf-8") -> bytes:
    declared = f'<?xml version="1.0" encoding="{encoding}"?>{DOCTYPE}<x>&a;</x>'
    return with_part(word("一份案例"), "customXml/item9.xml", declared.encode(encoding))


HOSTILE = {
    "0 bytes": ("case", "案例.docx", lambda: b"", "empty_file"),
    "too large": ("form", "表.xlsx", lambda: b"PK\x03\x04" + b"\0" * limits.LIMITS["form"].size, "too_large"),
    "text under another name": ("case", "案例.docx", lambda: "这只是文字。".encode(), "not_a_word_file"),
    "a picture under another name": ("case", "案例.docx", picture, "not_a_word_file"),
    "a workbook instead of a case": (
        "case",
        "案例.xlsx",
        lambda: sample(truth()["forms"][0]["file"]),
        "not_a_word_file",
    ),
    "a case instead of a form": ("form", "案例.docx", lambda: word("一份案例"), "not_a_workbook"),
    "a case instead of a scan": ("scan", "案例.docx", lambda: word("一份案例"), "not_a_scan"),
    "another program's container": ("case", "案例.doc", lambda: ole("Contents"), "not_a_word_file"),
    "a zip of anything": ("case", "案例.docx", lambda: with_part(b"", "a.txt", b"a"), "not_a_word_file"),
    "cut short": ("case", "案例.docx", lambda: word("一份案例")[:-200], "damaged"),
    "cut in the middle": ("case", "案例.docx", lambda: word("一份案例")[:9000], "damaged"),
    "encrypted by Word": ("case", "案例.docx", lambda: ole("EncryptionInfo", "EncryptedPackage"), "encrypted"),
    "an encrypted zip": ("case", "案例.docx", encrypted_zip, "encrypted"),
    "a wrong ending": ("case", "案例.doc", lambda: word("一份案例"), "wrong_ending"),
    "no ending": ("case", "案例", lambda: word("一份案例"), "wrong_ending"),
    "a double ending": ("case", "案例.docx.exe", lambda: word("一份案例"), "wrong_ending"),
    "a zip bomb": ("case", "案例.docx", bomb, "inflates_too_far"),
    "too many parts": ("case", "案例.docx", with_many_parts, "too_many_parts"),
    "a part outside": ("case", "案例.docx", lambda: with_part(word("一份"), "../../etc/x", b"x"), "unsafe_path"),
    "a document type": ("case", "案例.docx", with_doctype, "has_doctype"),
    "a document type in UTF-16": ("case", "案例.docx", lambda: with_doctype("utf-16"), "has_doctype"),
    "macros": (
        "case",
        "案例.docx",
        lambda: with_xml(
            word("一份案例"),
            "[Content_Types].xml",
            lambda xml: xml.replace(
                "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml",
                "application/vnd.ms-word.document.macroEnabled.main+xml",
            ),
        ),
        "has_macros",
    ),
    "half a PDF": ("scan", "扫描.pdf", lambda: PDF[:-8], "damaged"),
    "an encrypted PDF": ("scan", "扫描.pdf", lambda: pdf(encryption=Encryption(owner="a", user="b")), "encrypted"),
    "half a picture": ("scan", "扫描.jpg", lambda: picture(400, 300, "JPEG")[:-400], "damaged"),
    "a picture too large to draw": ("scan", "扫描.png", lambda: png_that_claims(20_000, 20_000), "too_many_pixels"),
    "a picture with another ending": ("scan", "扫描.pdf", picture, "wrong_ending"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_that_is_not_fit_is_refused_with_its_reason(name):
    slot, file_name, make, code = HOSTILE[name]
    assert refusal(slot, file_name, make()) == code


def test_a_part_that_lies_about_its_size_is_stopped_while_it_unpacks():
    assert refusal("case", "案例.docx", lying_bomb()) in ("inflates_too_far", "damaged")


def test_a_bomb_is_refused_in_less_time_than_it_takes_to_unpack():
    data = bomb()
    began = time.process_time()
    refusal("case", "案例.docx", data)
    assert time.process_time() - began < 2


def test_a_sound_container_without_a_document_is_damaged():
    data = with_xml(word("一份案例"), "word/document.xml", lambda xml: xml[: len(xml) // 2])
    with pytest.raises(Unreadable) as caught:
        read_case_document(data, "案例.docx", call_2021())
    assert caught.value.problem.code == "damaged_part"


@pytest.mark.parametrize(
    ("slot", "name", "make", "kind"),
    [
        ("case", "案例.docx", lambda: word("一份案例"), "docx"),
        ("case", "案例.wps", lambda: word("一份案例"), "docx"),
        ("case", "案例.DOC", lambda: ole("WordDocument"), "doc"),
        ("case", "案例.rtf", lambda: b"{\\rtf1 a}", "rtf"),
        ("form", "表.et", lambda: ole("Workbook"), "xls"),
        ("scan", "扫描.pdf", lambda: PDF, "pdf"),
        ("scan", "扫描.JPEG", lambda: picture(kind="JPEG"), "jpeg"),
        ("scan", "扫描.tif", lambda: picture(kind="TIFF"), "tiff"),
        ("summary", "汇总表.pdf", lambda: PDF, "pdf"),
    ],
)
def test_a_fit_file_is_known_by_its_content(slot, name, make, kind):
    assert vet(slot, name, make()).kind == kind


def test_every_sample_passes_its_slot():
    for slot, kind in (("case", "cases"), ("form", "forms"), ("scan", "scans")):
        for one in truth()[kind]:
            assert vet(slot, one["file"], (SAMPLES / one["file"]).read_bytes()).name == one["file"]
    one = truth()["summaries"][0]
    data = sample(one["scan"])
    vetted = vet("summary", one["scan"], data)
    assert (vetted.name, vetted.media_type, vetted.kind, vetted.data) == (one["scan"], "application/pdf", "pdf", data)


def test_a_file_is_received_with_both_digests_whether_it_is_taken_or_not():
    for name, data, verdict in (
        ("一.pdf", PDF, "accept"),
        ("一.pdf", PDF[:-9], "reject"),
        ("大.xlsx", b"a" * 6_000_000, "reject"),
    ):
        judged = judge("form" if "xlsx" in name else "scan", f"../{name}", io.BytesIO(data))
        received = judged.received
        assert (judged.verdict, received.name, received.size) == (verdict, name, len(data))
        assert received.sha256 == hashlib.sha256(data).hexdigest()
        assert received.sm3 == hashlib.new("sm3", data).hexdigest()
    assert judge("scan", name, PDF).received.id != judge("scan", name, PDF).received.id


def test_what_a_slot_takes_is_said_with_its_size():
    said = limits.LIMITS["form"].said
    assert (said.zh, said.en) == (
        "最大 5 MB，.xlsx、.et、.xls、.ods。",
        "At most 5 MB: .xlsx, .et, .xls, .ods.",
    )
    assert limits.LIMITS["scan"].accept.startswith(".pdf,.jpg")


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("案例.docx".encode("gbk"), "案例.docx"),
        ("案例.docx".encode("gbk").decode("utf-8", "surrogateescape"), "案例.docx"),
        ("案例.docx".encode(), "案例.docx"),
        ("../../etc/案例.docx", "案例.docx"),
        ("C:\\fakepath\\案例.docx", "案例.docx"),
        ("案例\u202excod.docx", "案例xcod.docx"),
        ("\u2067案例\u2069\u200b\ufeff.docx", "案例.docx"),
        ("案\x00例\r\nX.docx", "案例X.docx"),
        ("案例．ｄｏｃｘ", "案例.docx"),
        ("案例（一），终稿：好！.docx", "案例（一），终稿：好！.docx"),
        ("．．／案例.docx", "案例.docx"),
        ("  案例  一 .docx", "案例 一.docx"),
        ("..", "未命名"),
        ("", "未命名"),
        (".docx", "docx"),
        ("长" * 300 + ".docx", "长" * (limits.NAME_LENGTH - 5) + ".docx"),
        ('a<b>:"c|?*.docx', "a_b___c___.docx"),
    ],
)
def test_a_name_is_cleaned(name, clean):
    assert clean_name(name) == clean


@given(st.text(max_size=200))
def test_a_clean_name_is_a_name_and_stays_as_it_is(name):
    clean = clean_name(name)
    assert 0 < len(clean) <= limits.NAME_LENGTH
    assert clean not in (".", "..")
    assert not set(clean) & set('/\\<>:"|?*\r\n\0\u202e\u200b')
    assert clean_name(clean) == clean


@settings(max_examples=8)
@given(st.binary(max_size=400), st.sampled_from(["case", "form", "scan", "summary"]))
def test_noise_is_refused_or_known_and_nothing_else(noise, slot):
    for head in (
        b"",
        b"PK\x03\x04",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        b"%PDF-",
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff",
    ):
        with contextlib.suppress(Unreadable):
            vet(slot, "文件.docx", head + noise)
