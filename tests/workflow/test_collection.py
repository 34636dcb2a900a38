"""Collections: which cases come into one, whether their authors' own files are used, what is said, and that it is made once."""

from __future__ import annotations

import io
import re
import subprocess
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from docx import Document as WordDocument
from PIL import Image
from sqlalchemy import select, update

from states.case import CaseState
from states.reach import SYSTEM
from tests.workflow.documents.papers import picture
from tests.workflow.test_jobs import result, working
from tests.worlds import World
from workflow import papers
from workflow.documents import limits
from workflow.documents.reading import Picture
from workflow.documents.writing import CaseContent, case_document
from workflow.engine import NotPermitted
from workflow.failure import Failure
from workflow.incoming import intake
from workflow.jobs.running import Cancelled
from workflow.operation import keeping
from workflow.publishing import collecting, collection, editorial
from workflow.publishing.collection import Narrowed, Order, Wanted, WrongCollection
from workflow.store import copies
from workflow.store.models import AuditEvent, Case, Collection, Document, Job, PersonGrant
from workflow.store.papers import Kept

pytestmark = pytest.mark.database
SAMPLES = Path(__file__).parents[1] / "samples"
PHONE = "13800138000"


def each(parts: Sequence[Any], do: Callable[[Any], object]) -> None:
    for part in parts:
        do(part)


def shortlisted(world: World, title: str = "一件案例", centre: str = "university", **content: Any) -> int:
    return world.case(CaseState.SHORTLISTED, world.content(title=title, **content), centre=centre)


def uploaded(
    world: World, name: str, data: bytes, *, state: CaseState = CaseState.SHORTLISTED, rights: str = "本单位拍摄"
) -> int:
    """A case whose text was taken over from an uploaded Word file, walked to where it stands. `rights`: in its pictures."""
    case = world.draft(world.content())
    row = world.row(case)
    with world.database.reading() as session:
        read = intake.read(session, world.post.files, world.call, session.get_one(Case, case), {"case": (name, data)})
    read = replace(read, content=read.content.changed(title=read.content.title or "无题"))
    with world.database.transaction() as session:
        intake.take_over(session, row, read, actor=world.people["author"], at=world.at, seen=row.mark)
    if rights:
        world.allow_pictures(case, rights)
    world.seal(case)
    return world.walk(case, "stamp", "review", "submit", "shortlist", *(["publish"] if state == "published" else []))


def ordered(world: World, chosen: Sequence[int], by: str = "editor", **more: Any) -> int:
    with world.database.transaction() as session:
        wanted = Wanted("优秀案例集", chosen, **{"foreword": "前言一。\n\n前言二。", **more})
        return collection.order(session, wanted, actor=world.people[by], at=world.at)[0]


def compiled(world: World, number: int, do: Callable[..., None] = each) -> Collection:
    collection.compile_ordered(world.database, world.post.files, number, do, at=world.at)
    return row(world, number)


def row(world: World, number: int) -> Collection:
    with world.database.reading() as session:
        shown = collection.find(session, number, actor=world.people["editor"])
        for line in shown.row.lines:
            assert line.case.number
        return shown.row


def said(line: Any) -> str:
    return " ".join(one["zh"] for one in line.said)


def word_of(world: World, made: Collection) -> str:
    """Everything that the Word file says."""
    with zipfile.ZipFile(io.BytesIO(world.post.files.get(made.word_digest))) as parts:
        xml = "".join(parts.read(name).decode() for name in parts.namelist() if name.endswith(".xml"))
    return "".join(re.findall(r"<w:t[^>]*>([^<]*)</w:t>", xml))


def pdf_of(world: World, made: Collection, tmp_path: Path) -> str:
    path = tmp_path / "made.pdf"
    path.write_bytes(world.post.files.get(made.pdf_digest))
    read = subprocess.run(["pdftotext", str(path), "-"], check=True, capture_output=True).stdout.decode()
    return "".join(read.split())


# ---- ordering --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({"title": " \n"}, "书名"),
        ({"title": "集" * 61}, "书名最多"),
        ({"foreword": "言" * 20_001}, "前言最多"),
        ({"cases": ()}, "至少选择一件"),
        ({"formats": ()}, "请选择 Word"),
        ({"formats": ("docx", "odt")}, "请选择 Word"),
        ({"cases": (1, 999)}, "1 件已不能编印"),
    ],
)
def test_what_cannot_be_compiled_is_refused_before_anything_is_queued(
    world: World, wanted: dict[str, Any], words: str
) -> None:
    case = shortlisted(world)
    asked = replace(Wanted("优秀案例集", (case,)), **wanted)
    if asked.cases == (1, 999):
        asked = replace(asked, cases=(case, 999))
    with pytest.raises(WrongCollection) as refused, world.database.transaction() as session:
        collection.order(session, asked, actor=world.people["editor"], at=world.at)
    assert words in refused.value.message.zh
    with world.database.reading() as session:
        assert (
            session.scalars(select(Collection)).all()
            == session.scalars(select(Job).where(Job.name == "compile_collection")).all()
        )


@pytest.mark.parametrize("by", ["author", "reviewer", "desk", "director", "auditor", "administrator"])
def test_collections_are_the_editors(world: World, by: str) -> None:
    case, actor = shortlisted(world), world.people[by]
    number = ordered(world, [case])
    with world.database.reading() as session:
        for closed in (
            lambda: collection.choice(session, Narrowed(), actor=actor),
            lambda: collection.listed(session, actor=actor),
            lambda: collection.find(session, number, actor=actor),
            lambda: collection.file_of(session, number, "pdf", actor=actor),
        ):
            with pytest.raises(NotPermitted):
                closed()
    with pytest.raises(NotPermitted):
        ordered(world, [case], by=by)


def test_an_editor_chooses_among_what_is_shortlisted_or_published_narrowed(world: World) -> None:
    first, second = shortlisted(world), shortlisted(world, centre="neighbour")
    published, pushed = world.case(CaseState.PUBLISHED), world.case(CaseState.WIPO_PUSHED)
    for state in (CaseState.SUBMITTED, CaseState.RETRACTED, CaseState.NOT_SELECTED, CaseState.DRAFT):
        world.case(state)

    def ids(**narrowed: Any) -> list[int]:
        with world.database.reading() as session:
            found = collection.choice(session, Narrowed(**narrowed), actor=world.people["editor"])
            assert [one.region for one in found.offices] == ["示例省", "邻省"]
            return [one.id for one in found.cases]

    assert ids() == [first, second, published, pushed]
    assert ids(office=world.offices["second"]) == [second]
    assert ids(state="published") == [published]
    assert ids(theme=world.content().theme) == [first, second, published, pushed]
    assert ids(theme="another") == ids(call="another") == []


def test_the_same_form_twice_is_one_collection(world: World) -> None:
    case = shortlisted(world)
    made = []
    for _ in range(2):
        with world.database.transaction() as session:
            wanted = Wanted("优秀案例集", (case,))
            made.append(collection.order(session, wanted, actor=world.people["editor"], at=world.at, op="form-1"))
    assert made[0] == made[1]
    with world.database.reading() as session:
        [job] = session.scalars(select(Job).where(Job.name == "compile_collection"))
        assert (job.key, job.about) == (f"collection/{made[0][0]}", f"collection/{made[0][0]}")


# ---- making ----------------------------------------------------------------------------------------------------------


def test_both_files_are_kept_with_digests_pages_and_record(world: World, tmp_path: Path) -> None:
    chosen = [shortlisted(world, "甲案例"), world.case(CaseState.PUBLISHED, world.content(title="乙案例"))]
    made = compiled(world, ordered(world, chosen))
    assert (made.made_at, made.said, [one.said for one in made.lines]) == (world.at, [], [[], []])
    assert [one.content for one in made.lines] == [world.row(one).content for one in chosen]
    word, pdf = word_of(world, made), pdf_of(world, made, tmp_path)
    assert made.word_pages > 4
    assert made.pdf_pages == 7
    for words in ("优秀案例集", "前言二。", "甲案例", "乙案例", "送审稿：含尚未公开发布的案例", "中心索引"):
        assert words in word
        assert words in pdf
    with world.database.reading() as session:
        assert {made.word_digest, made.pdf_digest} <= copies.documents(session)
        events = {one.action: one for one in session.scalars(select(AuditEvent)) if one.action.startswith("collection")}
    assert sorted(events) == ["collection.make", "collection.order"]
    assert made.word_digest in events["collection.make"].body
    assert made.pdf_digest in events["collection.make"].body


def test_the_sweep_leaves_collections(world: World) -> None:
    made = compiled(world, ordered(world, [shortlisted(world)], formats=("pdf",)))
    swept = keeping.sweep(world.database, world.post.files, at=world.at.replace(year=2090), even_most=True)
    assert made.pdf_digest not in swept.aside
    assert (made.word_digest, made.word_pages) == ("", 0)


def test_a_case_that_left_meanwhile_or_that_its_editor_sees_no_more_is_named(world: World, tmp_path: Path) -> None:
    stays, leaves = shortlisted(world, "留下的"), shortlisted(world, "离开的")
    number = ordered(world, [leaves, stays], order=Order.HAND)
    world.act(leaves, "unshortlist")
    made = compiled(world, number)
    assert [bool(one.content) for one in made.lines] == [False, True]
    assert "没有编入" in said(made.lines[0])
    assert "离开的" not in word_of(world, made) + pdf_of(world, made, tmp_path)


def test_whoever_lost_the_role_gets_nothing(world: World) -> None:
    number = ordered(world, [shortlisted(world)])
    with world.database.transaction() as session:
        session.execute(
            update(PersonGrant).where(PersonGrant.person_id == world.people["editor"].id).values(role="judge")
        )
    collection.compile_ordered(world.database, world.post.files, number, each, at=world.at)
    with world.database.reading() as session:
        made = session.get_one(Collection, number)
        assert (made.word_digest, made.pdf_digest) == ("", "")
        assert "都没有编入" in made.said[0]["zh"]


def test_it_is_made_once(world: World) -> None:
    number = ordered(world, [shortlisted(world)], formats=("pdf",))
    compiled(world, number)
    assert collection.compile_ordered(world.database, world.post.files, number, each, at=world.at) == (
        "nothing to be made"
    )


def test_a_worker_makes_it_as_ordered(world: World) -> None:
    number = ordered(world, [shortlisted(world)], formats=("pdf",))
    with working(world):
        assert result(world, f"collection/{number}") == "1 of 1 cases"
    made = row(world, number)
    assert world.post.files.get(made.pdf_digest).startswith(b"%PDF-1.7")
    with world.database.reading() as session:
        job = session.scalars(select(Job).where(Job.name == "compile_collection")).one()
        assert (job.state, job.part, job.parts) == ("done", 2, 2)


def test_what_is_called_off_between_two_cases_keeps_nothing(world: World) -> None:
    number = ordered(world, [shortlisted(world, "甲"), shortlisted(world, "乙")])

    def called_off(parts: Sequence[Any], do: Callable[[Any], object]) -> None:
        do(parts[0])
        raise Cancelled

    with pytest.raises(Cancelled):
        compiled(world, number, called_off)
    made = row(world, number)
    assert (made.made_at, made.pdf_digest, [one.content for one in made.lines]) == (None, "", ["", ""])


# ---- the author's own file -------------------------------------------------------------------------------------------


def own_file(world: World, *, title: str = "案例题目", **sections: str) -> bytes:
    texts = {one.id: f"{one.label.zh}的内容写在这里，共同说明服务做法。" for one in world.call.sections}
    art = Picture("图1.png", "image/png", picture(300, 200), "图1 服务流程", "service")
    return case_document(
        world.call, CaseContent(title, "示例大学知识产权信息服务中心", "支撑产业发展", texts | sections, (art,))
    )


def changed(data: bytes, change: Callable[[Any], None]) -> bytes:
    document = WordDocument(io.BytesIO(data))
    change(document)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def test_an_authors_own_file_is_taken_in_as_it_is_written(world: World, tmp_path: Path) -> None:
    def underline(document: Any) -> None:
        for one in document.paragraphs:
            if "服务做法的内容" in one.text:
                one.runs[0].font.underline = True
        document.add_table(1, 2).rows[0].cells[0].text = "表里的字"
        document.core_properties.author = "某作者"

    made = compiled(world, ordered(world, [uploaded(world, "案例.docx", changed(own_file(world), underline))]))
    assert said(made.lines[0]) == ""
    with zipfile.ZipFile(io.BytesIO(world.post.files.get(made.word_digest))) as parts:
        xml = parts.read("word/document.xml").decode()
        everything = b"".join(map(parts.read, parts.namelist())).decode("utf-8", "replace")
        media = [name for name in parts.namelist() if "media" in name]
    assert '<w:u w:val="single"/>' in xml
    [holder] = re.findall(r"<w:p(?: [^>]*)?>(?:(?!</w:p>).)*<w:drawing>", xml, re.S)
    holder = holder[holder.rindex("<w:pPr>") :]  # high enough for the picture, and with its caption
    assert ('w:lineRule="auto"' in holder, "<w:keepNext/>" in holder) == (True, True)
    assert ("表里的字" in xml, len(media), "某作者" in everything) == (True, 1, False)
    assert xml.count(">案例题目<") == 0  # the title stands once, in our own heading with its number
    assert xml.count("1　案例题目") == 3
    assert "图1服务流程" in pdf_of(world, made, tmp_path)
    assert "表里的字" in pdf_of(world, made, tmp_path)
    with pikepdf.open(io.BytesIO(world.post.files.get(made.pdf_digest))) as document:
        assert sum(len(page.get_images()) for page in document.pages) == 1


def test_the_word_file_is_kept_where_the_pdf_cannot_be_made(world: World) -> None:
    case = uploaded(world, "案例.docx", own_file(world))
    with collecting.workshop(world.database, world.post.files, [case], world.people["editor"]) as shop:
        gathered = [shop.gather(case)]
        [plate] = shop.folder.glob("plate*")
        plate.unlink()
        made, _ = shop.press(gathered, Wanted("集", [case]), (), at=world.at)
        assert (set(made.files), [one.zh[:7] for one in made.whole]) == ({"docx"}, ["PDF 没有做成"[:7]])
        with pytest.raises(Failure):
            shop.press(gathered, Wanted("集", [case], formats=("pdf",)), (), at=world.at)


def test_pictures_are_drawn_the_smaller_the_more_there_are_and_no_more_than_there_is_room_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    widths = [collecting._width(many) for many in (0, 200, 600, 2000, 100_000)]
    assert widths == [1600, 1600, 942, 516, 400]
    assert all(many * width * width * 3 // 4 <= limits.COLLECTED_DOTS for many, width in ((600, 942), (2000, 516)))
    case = uploaded(world, "案例.docx", own_file(world))
    monkeypatch.setattr(limits, "COLLECTED_DOTS", 300 * 200 - 1)
    made = compiled(world, ordered(world, [case]))
    assert "只在 Word 中保留，PDF 中没有" in said(made.lines[0])


def test_what_was_deleted_hidden_or_remarked_in_it_is_in_neither_file(world: World, tmp_path: Path) -> None:
    space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"

    def meddle(document: Any) -> None:
        from docx.oxml import parse_xml

        target = next(one for one in document.paragraphs if "服务做法的内容" in one.text)._p
        for xml in (
            f'<w:del xmlns:w="{space}" w:id="1" w:author="张三"><w:r><w:delText>删去的字</w:delText></w:r></w:del>',
            f'<w:ins xmlns:w="{space}" w:id="2" w:author="张三"><w:r><w:t>插入的字。</w:t></w:r></w:ins>',
            f'<w:r xmlns:w="{space}"><w:rPr><w:vanish/></w:rPr><w:t>隐藏的字</w:t></w:r>',
        ):
            target.append(parse_xml(xml))

    made = compiled(world, ordered(world, [uploaded(world, "案例.docx", changed(own_file(world), meddle))]))
    assert said(made.lines[0]) == ""
    raw = zipfile.ZipFile(io.BytesIO(world.post.files.get(made.word_digest))).read("word/document.xml").decode()
    assert "插入的字。" in raw
    assert "插入的字。" in pdf_of(world, made, tmp_path)
    for gone in ("删去的字", "隐藏的字", "张三", "w:ins ", "w:del "):
        assert gone not in raw


def test_a_file_that_says_something_else_than_what_was_sealed_is_not_used(world: World) -> None:
    case = world.draft(world.content())
    world.seal(case)
    data = own_file(world)
    kept = papers.keep(world.post.files, "case", "旧稿.docx", data)
    with world.database.transaction() as session:
        papers.attach(session, case, "case", [kept], actor=world.people["author"], at=world.at)
    world.walk(case, "stamp", "review", "submit", "shortlist")
    made = compiled(world, ordered(world, [case], formats=("docx",)))
    assert "与盖章的内容不一致" in said(made.lines[0])
    assert "的内容写在这里" not in word_of(world, made)
    assert next(iter(world.row(case).sections.values())) in word_of(world, made)


def test_contacts_come_into_neither_file(world: World, tmp_path: Path) -> None:
    def sign(document: Any) -> None:
        document.paragraphs[1].add_run(f"　联系人：钱小明　{PHONE}")
        document.add_table(1, 1).rows[0].cells[0].text = f"联系电话：{PHONE}"

    case = uploaded(world, "案例.docx", changed(own_file(world), sign))
    other = shortlisted(world, sections={**world.content().sections, "service": f"请拨打 {PHONE}。"})
    made = compiled(world, ordered(world, [case, other]))
    assert "联系方式" in said(made.lines[0])
    assert "已遮盖" in said(made.lines[1])
    for words in (word_of(world, made), pdf_of(world, made, tmp_path)):
        assert PHONE not in words
        assert "钱小明" not in words
        assert "138****8000" in words


def test_the_samples_come_in_as_their_authors_wrote_them(world: World, tmp_path: Path) -> None:
    taken = [uploaded(world, path.name, path.read_bytes()) for path in sorted(SAMPLES.glob("案例0[1-5]*.docx"))]
    assert len(taken) == 5
    made = compiled(world, ordered(world, taken))
    assert {said(one) for one in made.lines} <= {""}
    words = word_of(world, made)
    for one in taken:
        for text in world.row(one).sections.values():
            assert text.split("\n")[0] in words


# ---- pictures that nobody allowed ------------------------------------------------------------------------------------


def test_a_picture_that_nobody_allowed_is_in_neither_file_and_both_say_so(world: World, tmp_path: Path) -> None:
    case = uploaded(world, "案例.docx", own_file(world), rights="")
    with world.database.reading() as session:
        choice = collection.choice(session, Narrowed(), actor=world.people["editor"])
    assert choice.withheld == {case: ["图1 服务流程"]}
    made = compiled(world, ordered(world, [case]))
    assert "“图1 服务流程”没有登记由谁同意公开" in said(made.lines[0])
    assert "没有登记由谁同意公开，没有收入］" in word_of(world, made)
    assert "［图片“图1服务流程”没有登记由谁同意公开，没有收入］" in pdf_of(world, made, tmp_path)
    assert (drawings(world, made), pictures_of_pdf(world, made)) == ([], 0)
    world.allow_pictures(case)
    again = compiled(world, ordered(world, [case]))
    assert (said(again.lines[0]), len(drawings(world, again)), pictures_of_pdf(world, again)) == ("", 1, 1)


def test_of_kept_pictures_only_those_allowed_come_in(world: World, tmp_path: Path) -> None:
    case = world.draft(world.content(title="有图的"))
    kept = [
        Kept(f"{name}.png", "image/png", world.post.files.put(picture(width, 100)), 1, name)
        for name, width in (("许可图", 200), ("未许可图", 210))
    ]
    with world.database.transaction() as session:
        papers.attach(session, case, "picture", kept, actor=world.people["author"], at=world.at)
        editorial.allow_pictures(
            session,
            case,
            {
                one.id: "本单位拍摄"
                for one in editorial.pictures(session, session.get_one(Case, case))
                if one.name == "许可图.png"
            },
            actor=world.people["author"],
            at=world.at,
        )
    world.seal(case)
    world.walk(case, "stamp", "review", "submit", "shortlist")
    made = compiled(world, ordered(world, [case]))
    assert "“未许可图”没有登记" in said(made.lines[0])
    assert "［图片“未许可图”没有登记由谁同意公开，没有收入］" in pdf_of(world, made, tmp_path)
    assert (len(drawings(world, made)), pictures_of_pdf(world, made)) == (1, 1)


def drawings(world: World, made: Collection) -> list[str]:
    """What the Word file draws, and every picture in its package beside that."""
    with zipfile.ZipFile(io.BytesIO(world.post.files.get(made.word_digest))) as parts:
        shown = re.findall("<(?:w:drawing|w:pict|w:object)[ >]", parts.read("word/document.xml").decode())
        media = [name for name in parts.namelist() if "media" in name]
    assert len(media) <= len(shown)
    return shown


def pictures_of_pdf(world: World, made: Collection) -> int:
    with pikepdf.open(io.BytesIO(world.post.files.get(made.pdf_digest))) as document:
        return sum(len(page.get_images()) for page in document.pages)


# ---- what is broken --------------------------------------------------------------------------------------------------


def test_a_lost_or_broken_picture_and_a_lost_file_are_named_and_the_rest_goes_on(world: World, tmp_path: Path) -> None:
    files = world.post.files
    case = world.draft(world.content(title="有图的"))
    good, bad = picture(200, 100), b"\x89PNG\r\n\x1a\n no picture at all"
    kept = [
        Kept(f"{name}.png", "image/png", digest, 1, name)
        for name, digest in (("好图", files.put(good)), ("坏图", files.put(bad)), ("丢图", "0" * 64))
    ]
    with world.database.transaction() as session:
        papers.attach(session, case, "picture", kept, actor=world.people["author"], at=world.at)
    world.allow_pictures(case)
    world.seal(case)
    world.walk(case, "stamp", "review", "submit", "shortlist")
    lost = uploaded(world, "案例.docx", own_file(world, title="丢了原件的"))
    with world.database.reading() as session:
        original = session.scalars(select(Document).where(Document.case_id == lost, Document.slot == "case")).one()
    files.drop(original.digest)
    made = compiled(world, ordered(world, [case, lost]))
    assert "“坏图”读不出" in said(made.lines[0])
    assert "“丢图”读不出" in said(made.lines[0])
    assert "好图" in pdf_of(world, made, tmp_path)
    assert "好图" in word_of(world, made)
    assert "Word 原件读不出" in said(made.lines[1])
    assert "丢了原件的" in word_of(world, made)


def test_a_camera_s_notes_stay_behind(world: World) -> None:
    exif = Image.Exif()
    exif[0x010E] = "secret place"
    out = io.BytesIO()
    Image.new("RGB", (64, 48), "red").save(out, "JPEG", exif=exif)
    case = world.draft(world.content())
    kept = [Kept("照片.jpg", "image/jpeg", world.post.files.put(out.getvalue()), 1, "照片")]
    with world.database.transaction() as session:
        papers.attach(session, case, "picture", kept, actor=world.people["author"], at=world.at)
    world.allow_pictures(case)
    world.seal(case)
    world.walk(case, "stamp", "review", "submit", "shortlist")
    made = compiled(world, ordered(world, [case]))
    for digest in (made.word_digest, made.pdf_digest):
        assert b"secret place" not in world.post.files.get(digest)


# ---- by a command ----------------------------------------------------------------------------------------------------


def test_a_command_takes_what_is_published_and_says_so_on_record(world: World, tmp_path: Path) -> None:
    shortlisted(world, "未发布的")
    world.case(CaseState.PUBLISHED, world.content(title="已发布的"))
    told: list[tuple[str, int, int]] = []
    files = world.post.files

    def build(**more: Any) -> collection.Built:
        return collection.build(
            world.database,
            files,
            Narrowed(call=world.call.number),
            Wanted("集", (), formats=("pdf",)),
            tmp_path / "集.pdf",
            actor=SYSTEM,
            at=world.at,
            tell=lambda what, done, total: told.append((what.zh, done, total)),
            **more,
        )

    made = build(shortlisted=False)
    assert (made.cases, made.said) == (1, [])
    assert told == [("读取案例", 0, 2), ("排版", 0, 1), ("排版", 1, 1)]
    assert (tmp_path / "集.pdf").read_bytes().startswith(b"%PDF-1.7")
    assert build(shortlisted=True).cases == 2
    with world.database.reading() as session:
        assert session.scalars(select(Collection)).all() == []
        [first, _] = session.scalars(select(AuditEvent).where(AuditEvent.action == "collection.make"))
    assert made.sha256 in first.body
