"""Mails written: names that every program reads, and no way to add a header."""

import email
from datetime import datetime
from email import policy
from email.header import decode_header, make_header

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.call import BEIJING
from workflow.documents.mail import Attachment, compose, in_mails

AT = datetime(2021, 3, 25, 10, 12, 44, tzinfo=BEIJING)
NAME = "案例01_一份检索报告，让一条产线少走三年弯路（示例大学知识产权信息服务中心）.docx"


def mail(**changes) -> bytes:
    values = {
        "sender": "示例省知识产权局 <office@example.cn>",
        "to": "cases@example.cn",
        "subject": "优秀案例征集-示例省知识产权局",
        "body": "请查收。\n共三件。",
        "attachments": [
            Attachment(NAME, "application/pdf", b"\x00\xff" * 500),
            Attachment("a.txt", "text/plain", b"a"),
        ],
        "message_id": "<batch-7@zhengji.example>",
        "at": AT,
    } | changes
    return compose(**values)


def test_a_modern_reader_sees_everything():
    read = email.message_from_bytes(mail(), policy=policy.default)
    assert read["subject"] == "优秀案例征集-示例省知识产权局"
    assert read["from"].addresses[0].display_name == "示例省知识产权局"
    assert read["message-id"] == "<batch-7@zhengji.example>"
    assert read["date"].datetime == AT
    assert read.get_body().get_content().strip() == "请查收。\n共三件。"
    parts = list(read.iter_attachments())
    assert [(one.get_filename(), one.get_payload(decode=True)) for one in parts] == [
        (NAME, b"\x00\xff" * 500),
        ("a.txt", b"a"),
    ]


def test_an_old_reader_finds_the_name_as_encoded_words():
    read = email.message_from_bytes(mail(), policy=policy.compat32)
    part = read.get_payload()[1]
    assert str(make_header(decode_header(part.get_param("name")))) == NAME


def test_no_line_is_longer_than_mail_allows_and_every_line_ends_in_crlf():
    lines = mail(subject="长" * 300).split(b"\r\n")
    assert max(map(len, lines)) <= 78
    assert not any(b"\n" in line or b"\r" in line for line in lines)


def test_the_same_mail_has_the_same_bytes():
    assert mail() == mail()


@pytest.mark.parametrize("field", ["subject", "sender", "to", "name", "type"])
@pytest.mark.parametrize("brk", ["\r\n", "\n", "\r", "\u2028"])
def test_no_header_can_be_added(field, brk):
    evil = f"x{brk}Bcc: thief@example.org"
    changes = {
        "subject": {"subject": evil},
        "sender": {"sender": f'"{evil}" <a@example.cn>'},
        "to": {"to": f'"{evil}" <a@example.cn>'},
        "name": {"attachments": [Attachment(f"{evil}.pdf", "application/pdf", b"a")]},
        "type": {"attachments": [Attachment("a.pdf", f"application/pdf{brk}Bcc: thief@example.org", b"a")]},
    }[field]
    read = email.message_from_bytes(mail(**changes), policy=policy.default)
    assert [part["bcc"] for part in read.walk()] == [None] * len(list(read.walk()))


@pytest.mark.parametrize(
    "wrong", [{"to": ""}, {"to": "nobody"}, {"sender": "a@b c"}, {"message_id": "<a>\r\nBcc: x@y"}]
)
def test_what_is_no_address_is_refused(wrong):
    with pytest.raises(ValueError, match="no "):
        mail(**wrong)


@given(st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), max_size=120))
def test_any_subject_reads_back(subject):
    read = email.message_from_bytes(mail(subject=subject), policy=policy.compat32)
    assert str(make_header(decode_header(read["subject"] or ""))) == " ".join(subject.split())


@given(st.lists(st.integers(0, 400_000), max_size=12), st.integers(200_000, 2_000_000))
def test_attachments_are_shared_out_in_their_order_and_no_mail_exceeds_the_limit(sizes, most):
    shares = in_mails(sizes, most)
    assert [place for share in shares for place in share] == list(range(len(sizes)))
    for share in shares:
        held = [Attachment(f"{'长' * 115}.docx", "application/octet-stream", bytes(sizes[place])) for place in share]
        assert len(share) == 1 or len(mail(attachments=held)) <= most


def test_without_a_limit_all_leaves_in_one_mail():
    assert in_mails([10**9, 10**9], 0) == [[0, 1]]
    assert in_mails([], 1) == [[]]
