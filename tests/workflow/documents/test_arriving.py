"""What arrives by mail, in an archive or a folder: opened, matched, and answered, the bad beside the good."""

import email
import io
import shutil
import zipfile
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path

import openpyxl
import pytest

from rules.call import BEIJING
from tests.make import call_2021
from workflow.documents import limits, reply
from workflow.documents.arriving import MOST_FILES, arrived, received
from workflow.documents.matching import Matched, matched

SAMPLES = Path(__file__).parents[2] / "samples"
WORD = "案例01_一份检索报告让一条产线少走三.docx"
FORM = "报送表01_示例大学.xlsx"
SCAN = "报送表01_扫描件.pdf"
MAIL = "邮件01_优秀案例征集-示例省知识产权局.eml"
FAULTY_MAIL = "邮件02_报送材料.eml"
TABLE = "案例汇总表_示例省_第一阶段.xlsx"


def sample(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


def folder(at: Path, *names: str) -> Path:
    at.mkdir()
    for name in names:
        shutil.copy(SAMPLES / name, at / name)
    return at


def opened(*paths: Path) -> Matched:
    return matched(arrived(paths), call_2021())


def papers(case) -> list[str]:
    return [one.name if one else "" for one in (case.document, case.form, case.scan)]


def rules_broken(found: Matched) -> list[set[str]]:
    return [{one.rule for one in case.lacks} for case in found.cases]


def a_mail(*attachments: tuple[str, bytes], subject: str = "优秀案例征集-示例省知识产权局") -> EmailMessage:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "a@example.cn", "b@example.cn", subject
    made.set_content("请查收。")
    for name, data in attachments:
        made.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    return made


def test_a_complete_mail_lacks_nothing():
    found = opened(SAMPLES / MAIL)
    assert found.complete
    assert [papers(one) for one in found.cases] == [
        [WORD, "", SCAN],
        ["案例02_小厂大门口的专利门诊.docx", "", "报送表02_扫描件.jpg"],
        ["案例03_用数据说话一座小镇水泵企业的.docx", "", "报送表03_扫描件.pdf"],
    ]
    assert found.summary_scan is not None
    assert found.summary_scan.name == "案例汇总表_示例省_第一阶段_盖章扫描件.pdf"


def test_the_faulty_mail_is_told_its_subject_and_the_form_that_is_missing():
    found = opened(SAMPLES / FAULTY_MAIL)
    assert [(one.rule, one.clause) for one in found.lacks] == [("subject_names_call_and_office", "四")]
    assert rules_broken(found) == [set(), {"every_form_attached"}]


def test_a_mail_that_came_twice_is_told_of_once(tmp_path):
    for name in ("一.eml", "二.eml"):
        (tmp_path / name).write_bytes((SAMPLES / FAULTY_MAIL).read_bytes())
    assert [one.rule for one in opened(tmp_path).lacks] == ["subject_names_call_and_office"]


def test_a_folder_is_matched_to_the_lines_of_its_summary_table(tmp_path):
    found = opened(folder(tmp_path / "材料", WORD, FORM, SCAN, TABLE))
    first, second, third = found.cases
    assert papers(first) == [WORD, FORM, SCAN]
    assert (first.line.number, first.lacks) == ("1", [])
    assert found.office == "示例省知识产权局"
    assert [papers(one) for one in (second, third)] == [["", "", ""], ["", "", ""]]
    assert rules_broken(found)[1] == {"every_case_document_attached", "every_form_attached"}
    assert [one.rule for one in found.lacks] == ["summary_sealed"]


@pytest.mark.parametrize(
    ("number", "rule"),
    [
        ("07_沉睡的秸秆专利是怎样醒来的.wps", "template_complete"),
        ("08_把知识产权课堂搬进夜市和乡村.docx", "length_within_limit"),
    ],
)
def test_what_is_wrong_in_a_text_is_told_with_its_clause(tmp_path, number, rule):
    found = opened(folder(tmp_path / "材料", f"案例{number}"))
    [case] = found.cases
    assert {one.rule: one.clause for one in case.lacks}[rule] == "二(一)3"


def test_a_form_that_names_another_centre_is_told(tmp_path):
    at = folder(tmp_path / "材料", WORD, FORM)
    book = openpyxl.load_workbook(at / FORM)
    [cell] = [
        one for row in book.active.iter_rows() for one in row if str(one.value).startswith("示例大学知识产权信息服务")
    ]
    cell.value = "另一所大学知识产权信息服务中心"
    book.save(at / FORM)
    [case] = opened(at).cases
    assert papers(case) == [WORD, FORM, ""]
    assert [one.text.zh for one in case.lacks if not one.rule] == [
        "机构名称：报送表写“另一所大学知识产权信息服务中心”，案例正文写“示例大学知识产权信息服务中心”。请改为一致。"
    ]


def test_names_in_gbk_are_read_in_an_archive():
    found = matched(received("材料.zip", _in_gbk(WORD, FORM, SCAN)), call_2021())
    assert [papers(one) for one in found.cases] == [[WORD, FORM, SCAN]]


def _in_gbk(*names: str) -> bytes:
    """An archive as Windows writes it: names in GBK, no mark that they are UTF-8."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for at, name in enumerate(names):
            archive.writestr("x" * (len(name.encode("gbk")) - 1) + str(at), sample(name))
    raw = packed.getvalue()
    for at, name in enumerate(names):
        coded = name.encode("gbk")
        raw = raw.replace(b"x" * (len(coded) - 1) + str(at).encode(), coded)
    return raw


def test_the_same_papers_have_the_same_key_however_they_are_packed(tmp_path):
    loose = arrived([folder(tmp_path / "材料", WORD, FORM)])
    packed = received("材料.zip", _in_gbk(WORD, FORM))
    mailed = received("来件.eml", a_mail((WORD, sample(WORD)), (FORM, sample(FORM))).as_bytes())
    assert loose.key == packed.key == mailed.key
    assert arrived([folder(tmp_path / "别的", WORD)]).key != loose.key


def test_what_is_bad_does_not_keep_the_rest_out():
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("案例.docx", b"\0" * (limits.ZIP_INFLATED // 4))
    made = a_mail(
        ("winmail.dat", b"\x78\x9f\x3e\x22" * 9),
        ("案例09.docx", b"MZ" + b"\0" * 99),
        ("炸弹.zip", bomb.getvalue()),
        ("不认识.exe", b"MZ"),
        (WORD, sample(WORD)),
        (SCAN, sample(SCAN)),
    )
    found = matched(received("来件.eml", made.as_bytes()), call_2021())
    assert [papers(one) for one in found.cases] == [[WORD, "", SCAN]]
    assert [(item.name, item.verdict.code) for item, _ in found.refused] == [
        ("winmail.dat", "winmail_dat"),
        ("案例09.docx", "not_a_word_file"),
        ("炸弹.zip", "inflates_too_far"),
        ("不认识.exe", "unknown_paper"),
    ]


def test_a_mail_in_a_mail_in_a_mail_is_opened_down_to_a_limit():
    made = a_mail((WORD, sample(WORD)))
    for _ in range(3):
        around = a_mail((SCAN, sample(SCAN)))
        around.add_attachment(made)
        made = around
    found = matched(received("来件.eml", made.as_bytes()), call_2021())
    assert [papers(one) for one in found.cases] == [[WORD, "", SCAN]]
    for _ in range(limits.MAIL_DEPTH):
        around = a_mail((FORM, sample(FORM)))
        around.add_attachment(made)
        made = around
    found = matched(received("来件.eml", made.as_bytes()), call_2021())
    assert [papers(one) for one in found.cases] == [["", FORM, ""]]
    assert {item.verdict.code for item, _ in found.refused} == {"mail_too_deep"}


def test_attachments_beyond_the_limit_are_refused_and_the_first_are_taken():
    many = [(f"附言{at}.txt", b"a%d" % at) for at in range(limits.MAIL_FILES + 5)]
    found = matched(received("来件.eml", a_mail((WORD, sample(WORD)), *many).as_bytes()), call_2021())
    assert len(found.cases) == 1
    assert [item.verdict.code for item, _ in found.refused] == ["too_many_attachments"]


def test_ten_thousand_attachments_are_refused_as_a_whole():
    part = b"--b\r\nContent-Type: text/plain; name=a.txt\r\n\r\na\r\n"
    raw = (
        b"From: a@b.cn\r\nSubject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        + part * 10_000
        + b"--b--\r\n"
    )
    found = matched(received("来件.eml", raw), call_2021())
    assert [item.verdict.code for item, _ in found.refused] == ["too_many_attachments"]


def test_a_mail_with_raw_gbk_and_hardly_any_header_is_read():
    subject = "优秀案例征集".encode("gbk")
    raw = b"From: a@b.cn\nSubject: " + subject + b"\nContent-Type: multipart/mixed; boundary=b\n\n--b\n"
    raw += b'Content-Type: text/plain; name="' + "附言.txt".encode("gbk") + b'"\n\nhello\n--b--\n'
    arrival = received("来件.eml", raw)
    assert [(one.sender, one.subject, one.message_id) for one in arrival.letters] == [("a@b.cn", "优秀案例征集", "")]
    assert [one.name for one in arrival.items] == ["附言.txt"]


def test_no_more_files_are_opened_than_the_limit(tmp_path):
    at = folder(tmp_path / "材料", WORD)
    for number in range(MOST_FILES):
        (at / f"空{number}.docx").touch()
    found = opened(at)
    assert [one.text.en for one in found.lacks if not one.rule] == [
        f"At most {MOST_FILES} files are taken in at once; 1 were left out. Send those apart."
    ]


def test_a_link_in_a_folder_is_not_followed(tmp_path):
    at = folder(tmp_path / "材料", WORD)
    (at / "链接.docx").symlink_to(SAMPLES / "案例02_小厂大门口的专利门诊.docx")
    assert [one.name for one in arrived([at]).items] == [WORD]


def test_the_answer_names_each_case_with_what_it_lacks_and_is_the_same_mail_each_time():
    arrival = arrived([SAMPLES / FAULTY_MAIL])
    found = matched(arrival, call_2021())
    body = reply.text(found, call_2021())
    assert (
        "《为一项产业政策装上“专利罗盘”》（示例省科学技术情报研究所技术与创新支持中心）\n  1. 没有收到《案例报送表》"
        in body
    )
    assert "（通知第四条）" in body
    letter = arrival.letters[0]
    values = {
        "sender": "cases@cnipa.example",
        "to": letter.sender,
        "subject": letter.subject,
        "key": arrival.key,
        "at": datetime(2021, 6, 20, tzinfo=BEIJING),
    }
    made = reply.as_mail(body, **values)
    assert made == reply.as_mail(body, **values)
    read = email.message_from_bytes(made, policy=email.policy.default)
    assert (read["to"], read["subject"]) == ("联系人子 <zi@ip-office.example>", "Re: 报送材料")
    assert read.get_body().get_content().replace("\r\n", "\n") == body
