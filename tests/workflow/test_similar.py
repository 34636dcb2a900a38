"""How well likeness is told: measured on the sample cases, rewritten, shuffled and set beside neighbours."""

import json
import random
import re
import subprocess
import sys
import unicodedata
from hashlib import sha256
from itertools import combinations, pairwise
from pathlib import Path
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rensa import RMinHash

from workflow.finding.similar import (
    PARAMETERS,
    SHORTEST_PASSAGE,
    Likeness,
    Titles,
    bands,
    compare_files,
    likeness,
    passages,
    resemblance,
    same_party,
    same_title,
    signature,
)

ROOT = Path(__file__).parents[2]
CASES = json.loads((ROOT / "tests/samples/truth.json").read_text("utf-8"))["cases"]
BODIES = [case["body_text"] for case in CASES]
ORIGINALS = [signature(body) for body in BODIES]
SEEDS = range(10)
SENTENCE = "本中心为示例企业提供专利检索与分析服务，帮助企业明确研发方向，避免重复投入，取得了良好的效果。"

WHO = ("企业负责人", "研发人员", "中心团队", "主管部门", "技术骨干", "志愿者", "代理师", "课题组")
DID = ("反复讨论", "逐项核对", "重新梳理", "先后调整", "共同确认", "现场走访", "持续跟踪", "系统评估")
WHAT = ("专利布局", "商标注册", "检索报告", "风险预警", "培训课程", "转化许可", "质押融资", "专题数据库")
SO = ("明确了下一步方向", "节省了大量时间", "形成了书面意见", "得到了各方认可", "降低了侵权风险", "积累了可用的经验")
PATIENCE = 3  # seconds: many times what it takes, so that only another order of growth fails


def sentences(paragraph: str) -> list[str]:
    return re.findall(r"[^。]+。?", paragraph)


def written_anew(chance: random.Random, length: int) -> str:
    text = ""
    while len(text) < length:
        text += (
            f"{chance.choice(WHO)}{chance.choice(DID)}{chance.choice(WHAT)}{chance.randint(2, 99)}项，"
            f"{chance.choice(SO)}，"
        )
    return text[:-1] + "。"


def replaced(body: str, share: float, chance: random.Random, anew) -> list[str]:
    """The paragraphs of a body with a share of all its sentences put anew."""
    paragraphs = [sentences(paragraph) for paragraph in body.split("\n")]
    places = [(p, s) for p, paragraph in enumerate(paragraphs) for s in range(len(paragraph))]
    for p, s in chance.sample(places, round(share * len(places))):
        paragraphs[p][s] = anew(paragraphs[p][s])
    return ["".join(paragraph) for paragraph in paragraphs]


def rewritten(body: str, share: float, chance: random.Random) -> str:
    paragraphs = replaced(body, share, chance, lambda old: written_anew(chance, len(old) - 6))
    chance.shuffle(paragraphs)
    return "\n".join(paragraphs)


def neighbour(which: int, kept: float, chance: random.Random) -> str:
    """Another case from the same template: a share of the sentences word for word, the rest from other cases."""
    pool = [s for other, body in enumerate(BODIES) if other != which for p in body.split("\n") for s in sentences(p)]
    return "\n".join(replaced(BODIES[which], 1 - kept, chance, lambda _: chance.choice(pool)))


def resemblances(make) -> list[float]:
    return [
        resemblance(original, signature(make(which, random.Random(f"{seed}-{which}"))))
        for which, original in enumerate(ORIGINALS)
        for seed in SEEDS
    ]


def found_as_near(share: float) -> float:
    """The share of rewritten cases that share a band with the original and then are judged near or same."""
    found = 0
    for which, (body, original) in enumerate(zip(BODIES, ORIGINALS, strict=True)):
        for seed in SEEDS:
            again = signature(rewritten(body, share, random.Random(f"{seed}-{which}")))
            candidate = not set(bands(original)).isdisjoint(bands(again))
            found += candidate and likeness(resemblance(original, again)) is not Likeness.NONE
    return found / (len(BODIES) * len(SEEDS))


@pytest.mark.parametrize(("share", "at_least"), [(0.1, 1.0), (0.2, 1.0), (0.3, 0.95), (0.4, 0.75)])
def test_a_rewritten_and_shuffled_case_is_found(share, at_least):
    assert found_as_near(share) >= at_least


def test_rewriting_a_third_is_not_called_the_same():
    assert {likeness(score) for score in resemblances(lambda n, chance: rewritten(BODIES[n], 0.33, chance))} <= {
        Likeness.NEAR,
        Likeness.NONE,
    }


def test_shuffled_paragraphs_alone_stay_the_same():
    scores = resemblances(lambda n, chance: rewritten(BODIES[n], 0, chance))
    assert {likeness(score) for score in scores} == {Likeness.SAME}


@pytest.mark.parametrize("kept", [0.1, 0.2, 0.3])
def test_neighbours_from_one_template_raise_no_alarm(kept):
    scores = resemblances(lambda n, chance: neighbour(n, kept, chance))
    assert {likeness(score) for score in scores} == {Likeness.NONE}


def test_the_sample_cases_are_far_from_one_another():
    scores = [resemblance(a, b) for a, b in combinations(ORIGINALS, 2)]
    assert max(scores) < 0.1


def test_the_signature_is_the_one_that_was_stored():
    assert PARAMETERS == "alnum-nfkc/3-gram/42x3/seed-205/rensa-2"
    assert RMinHash.ALGORITHM_VERSION == 2
    assert len(signature(SENTENCE)) == 504
    assert sha256(signature(SENTENCE)).hexdigest() == "d29e9d8d2890a17b8c4df02aa1e15cccca11d547d34eda23f3130302b744d036"
    assert bands(signature(SENTENCE))[:3] == [1334173444848191421, 7940139260800163998, 3722091374479907641]


def test_another_process_makes_the_same_signature():
    program = f"from workflow.finding.similar import bands, signature; print(bands(signature({SENTENCE!r})))"
    for seed in ("1", "2"):
        run = subprocess.run(
            [sys.executable, "-X", "utf8", "-c", program],
            cwd=ROOT,
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=True,
        )
        assert run.stdout.strip() == str(bands(signature(SENTENCE)))


def test_band_keys_fit_a_signed_bigint_and_know_their_band():
    keys = [key for original in ORIGINALS for key in bands(original)]
    assert len(keys) == 42 * len(BODIES)
    assert min(keys) >= 0
    assert max(keys) < 2**63
    assert len(set(bands(b"\0" * 504))) == 42


def test_width_spaces_case_and_punctuation_do_not_count():
    written = "中心完成PCT申请12件，服务企业30家；覆盖全省11个市，培训技术人员400余人次。"
    otherwise = "中心 完成 ＰＣＴ 申请１２件,服务企业30家\n覆盖全省11个市、培训技术人员 400 余人次!\u200b"
    assert signature(written) == signature(otherwise)


def test_a_text_too_short_has_no_signature_and_resembles_nothing():
    assert signature("太短的文本") == b""
    assert signature("，。" * 40) == b""
    assert bands(b"") == []
    assert resemblance(b"", b"") == 0
    assert resemblance(b"", signature(SENTENCE)) == 0


def test_bytes_that_are_no_signature_are_refused():
    with pytest.raises(ValueError, match="504 bytes, not 504 and 3"):
        resemblance(signature(SENTENCE), b"abc")


def test_likeness_has_both_languages():
    assert [(kind.value, kind.label.zh, kind.label.en) for kind in Likeness] == [
        ("same", "相同", "Same"),
        ("near", "相近", "Near"),
        ("none", "不相近", "Not alike"),
    ]


CHINESE = st.text(st.sampled_from("专利导航服务企业检索分析一二三ABＡ１Ⅲ㎡，。 \n\u0301é"), max_size=120)


@settings(max_examples=60)
@given(CHINESE)
def test_identical_texts_are_the_same(tail):
    text = SENTENCE + tail
    assert likeness(resemblance(signature(text), signature(text))) is Likeness.SAME


@settings(max_examples=80)
@given(CHINESE, CHINESE, CHINESE)
def test_passages_are_apart_long_enough_and_really_in_both(before, shared, after):
    a, b = before + shared + after, after + shared + before
    found = passages(a, b)
    for passage in found:
        assert passage.text == a[passage.start_a : passage.end_a]
        assert letters(passage.text) == letters(b[passage.start_b : passage.end_b])
        assert len(letters(passage.text)) >= SHORTEST_PASSAGE
    for spans in (sorted((p.start_a, p.end_a) for p in found), sorted((p.start_b, p.end_b) for p in found)):
        assert all(end <= start for (_, end), (start, _) in pairwise(spans))
    assert found == passages(a, b)


def letters(text: str) -> str:
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text).casefold()))


def test_passages_are_marked_in_the_texts_as_written():
    a = "开头。中心为企业完成专利检索报告，并提出绕道设计方案！结尾甲"
    b = "另一段话：中心为企业 完成专利检索报告——并提出绕道设计方案。别的"
    (passage,) = passages(a, b)
    assert passage.text == "中心为企业完成专利检索报告，并提出绕道设计方案"
    assert b[passage.start_b : passage.end_b] == "中心为企业 完成专利检索报告——并提出绕道设计方案"


def test_passages_come_longest_first_across_shuffled_paragraphs():
    first, second, third = BODIES[0].split("\n")[:3]
    found = passages("\n".join((first, second, third)), "\n".join((third, second, first)))
    assert [p.text for p in found] == [text.rstrip("。”") for text in sorted((first, second, third), key=len)[::-1]]


def test_passages_keep_to_the_limit():
    again = rewritten(BODIES[7], 0.5, random.Random(1))
    every = passages(BODIES[7], again)
    assert passages(BODIES[7], again, limit=2) == every[:2]
    assert passages(BODIES[7], again, limit=0) == []


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("甲" * 10_000, "甲" * 9_999),
        ("甲乙丙" * 3_333, "乙丙甲丁" * 2_500),
        ("".join(random.Random(1).choices("甲乙", k=10_000)), "".join(random.Random(2).choices("甲乙", k=10_000))),
    ],
)
def test_repetitive_texts_of_ten_thousand_characters_take_no_longer(a, b):
    began = process_time()
    passages(a, b)
    assert process_time() - began < PATIENCE


TITLE = "一份检索报告，让一条产线少走三年弯路"


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (TITLE, True),
        ("一份检索报告让一条产线少走三年弯路", True),
        ("一份检索报告，让产线少走三年弯路", True),
        ("一份专利检索报告，让一条产线少走三年弯路", True),
        ("一份检索报告，让一条产线少走三年弯路——示例新材料专利服务纪实", True),
        ("一次专利导航，让一家企业少走三年弯路", False),
        ("用数据说话：一座小镇水泵企业的突围记", False),
        ("", False),
    ],
)
def test_titles_are_the_same_when_nearly_equal(other, same):
    assert same_title(TITLE, other) is same
    assert same_title(other, TITLE) is same


def test_titles_from_one_template_differ():
    assert same_title("以专利导航助力水泵产业高质量发展", "以专利导航助力轮胎产业高质量发展") is False


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("示例新材料有限公司", "示例新材料 有限公司", True),
        ("示例新材料有限公司", "示例新材料股份有限公司", True),
        ("示例新材料有限公司", "示例省示例市示例新材料有限公司", True),
        ("示例（北方）轴承有限公司", "示例(北方)轴承有限公司", True),
        ("示例新材料有限公司", "示例泵业有限公司", False),
        ("山东示例科技有限公司", "山西示例科技有限公司", False),
        ("示例市第一中学", "示例市第二中学", False),
        ("有限公司", "有限公司", False),
        ("", "", False),
    ],
)
def test_served_parties_are_the_same_but_for_form_and_place(a, b, same):
    assert same_party(a, b) is same
    assert same_party(b, a) is same


def test_one_among_many_is_the_same_as_one_beside_another():
    some = random.Random(205)
    stems = [TITLE, "以专利导航助力水泵产业高质量发展", "短题", "", "八个字的案例题目"]
    cut = [(title, some.randint(0, len(title))) for title in stems for _ in range(8)]
    titles = [
        *stems,
        *(title[:at] for title, at in cut),
        *(title[at:] for title, at in cut),
        *(f"{one}——纪实" for one in stems),
    ]
    many = Titles(titles)
    for title in titles:
        assert many.same(title) == [place for place, other in enumerate(titles) if same_title(title, other)]


@pytest.mark.parametrize(("field", "same"), [("title", same_title), ("recipient", same_party)])
def test_no_two_sample_cases_share_title_or_party(field, same):
    assert [pair for pair in combinations([case[field] for case in CASES], 2) if same(*pair)] == []


def test_files_are_compared_with_one_another():
    again = rewritten(BODIES[0], 0.2, random.Random(3))
    report = compare_files([("a", BODIES[0]), ("b", BODIES[1]), ("c", again)], [])
    assert [(r["file"], [(m["file"], m["likeness"]) for m in r["matches"]]) for r in report] == [
        ("a", [("c", "near"), ("b", "none")]),
        ("b", [("a", "none"), ("c", "none")]),
        ("c", [("a", "near"), ("b", "none")]),
    ]
    assert report[1]["matches"][0]["passages"] == []
    longest = report[0]["matches"][0]["passages"][0]
    assert longest["text"] == BODIES[0][longest["start_a"] : longest["end_a"]]
    assert json.loads(json.dumps(report)) == report


def test_files_are_compared_with_another_folder():
    report = compare_files([("new", BODIES[0])], [("far", BODIES[1]), ("copy", BODIES[0])])
    assert [(m["file"], m["likeness"]) for m in report[0]["matches"]] == [("copy", "same"), ("far", "none")]
    assert report[0]["matches"][0]["score"] == 1


def test_short_files_match_only_when_equal():
    report = compare_files([("a", "很短的一段。")], [("b", "很短的 一段"), ("c", "很短的两段")])
    assert [(m["file"], m["score"], m["likeness"]) for m in report[0]["matches"]] == [
        ("b", 1.0, "same"),
        ("c", 0.0, "none"),
    ]
    assert compare_files([("a", ""), ("b", "")], [])[0]["matches"][0]["likeness"] == "none"
