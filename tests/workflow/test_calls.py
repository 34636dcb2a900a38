"""Reading a call: what is taken over, and what is refused with its place and what is allowed."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from rules.batch import province_recommends_enough, subject_names_call_and_office
from rules.call import PACKAGE_PLACES, Leg, Package, Strength
from rules.catalogue import CATALOGUE
from rules.roles import Level
from rules.selection import consent_given
from rules.text import length_within_limit
from tests.make import CALLS, batch_facts, call_2021, case_facts, judgement_facts, objection_facts, other_call
from workflow.calls import CallProblem, CallRefused, digest, parse_call, read_call, shipped_calls, stored_call

SHIPPED = next(path for path in shipped_calls() if path.stem == "2021-205")
TOML = SHIPPED.read_text("utf-8")
NOTICE = call_2021().text


def refused(old: str, new: str, text: str = NOTICE) -> list[CallProblem]:
    """The problems of the shipped call with one passage changed everywhere."""
    assert old in TOML
    with pytest.raises(CallRefused) as caught:
        parse_call(TOML.replace(old, new), text)
    return caught.value.problems


def places(old: str, new: str) -> list[str]:
    return [one.place for one in refused(old, new)]


def line_of(passage: str) -> int:
    return TOML[: TOML.index(passage)].count("\n") + 1


@pytest.mark.parametrize("path", [*shipped_calls(), *sorted(CALLS.glob("*.toml"))], ids=lambda path: path.stem)
def test_every_call_file_reads(path: Path) -> None:
    assert read_call(path).number == path.stem


def test_the_shipped_call_holds_what_the_notice_says() -> None:
    call = call_2021()
    assert [phase.closes for phase in call.phases] == [date(2021, 3, 26), date(2021, 6, 25)]
    assert [phase.minimum_per_office for phase in call.phases] == [2, 2]
    assert (call.length.minimum, call.length.maximum, call.minimum_per_centre) == (None, 1500, 2)
    assert call.themes["other"].needs_name is True
    assert [len(phase.themes) for phase in call.phases] == [1, 7]
    assert call.text.startswith("## 国家知识产权局办公室")
    in_principle = [rule for rule, asked in call.rules.items() if asked.strength is Strength.IN_PRINCIPLE]
    assert in_principle == ["centre_reports_enough"]


def test_one_sentence_may_stand_where_several_are_allowed() -> None:
    assert call_2021().rules["length_within_limit"].says == ("篇幅控制在1500字以内，可包含必要的图表、标注等",)


def test_another_call_has_its_own_phases_themes_limits_clauses_and_rules() -> None:
    call = other_call()
    assert [phase.id for phase in call.phases] == ["spring", "autumn", "winter"]
    assert call.phases[1].opens == date(2023, 8, 1)
    assert call.phases[0].closes_for == {Level.CENTRE: date(2023, 4, 20), Level.OFFICE: date(2023, 4, 26)}
    assert (call.length.minimum, call.length.maximum) == (300, 800)
    assert (call.push, Leg.PUSH in call.route.legs) == (None, False)
    assert call.rules["before_phase_deadline"].clause == "第三条"
    assert "consent_given" not in call.rules


def test_rules_examine_by_the_call_they_are_given() -> None:
    long = case_facts(other_call(), length=801)
    finding = length_within_limit.examine(long)
    assert finding is not None
    assert finding.message.zh == "正文 801 字，超过 800 字的上限 1 字。请删减后再试。"
    assert (finding.clause, finding.says) == ("第二条", ("正文不少于300字、不超过800字",))
    assert length_within_limit.examine(case_facts(call_2021(), length=801)) is None
    assert consent_given.examine(case_facts(other_call(), consent="")) is None
    few = province_recommends_enough.examine(batch_facts(other_call(), cases=2))
    assert few is not None
    assert (few.strength, few.blocks) == (Strength.IN_PRINCIPLE, True)
    assert (
        subject_names_call_and_office.examine(batch_facts(other_call(), subject="数据案例（示例省知识产权局）")) is None
    )


def test_valid_facts_of_either_call_breach_no_rule() -> None:
    for call in (call_2021(), other_call(), *(read_call(path) for path in shipped_calls())):
        for phase in call.phases:
            case, batch = case_facts(call, phase=phase.id), batch_facts(call, phase=phase.id)
            of = {"rules.batch": batch, "rules.quotas": batch, "rules.judging": judgement_facts(call)}
            of["rules.objections"] = objection_facts(call)
            for rule in CATALOGUE.values():
                facts = of.get(rule.module, case)
                assert rule.examine(facts) is None, rule.id


@pytest.mark.parametrize(
    ("old", "new", "place", "near"),
    [
        ("sign_offs = 1", "sing_offs = 1", "sing_offs", "sign_offs"),
        ("closes = 2021-06-25", "closs = 2021-06-25", "phases[1].closs", "closes"),
        ('issuer = { zh = "国家知识产权局", en', 'issuer = { zh = "国家知识产权局", eng', "issuer.eng", "en"),
        ("needs_name = true", "need_name = true", "themes.other.need_name", "needs_name"),
        ('themes = ["smes"]', 'themes = ["sme"]', "phases[0].themes[0]", "smes"),
        ("[rules.consent_given]", "[rules.consent_givn]", "rules.consent_givn", "consent_given"),
        ('"in_principle"', '"in_princple"', "rules.centre_reports_enough.strength", "in_principle"),
        ('"university"', '"universty"', "centre_kinds[1]", "university"),
        ('type = "email"', 'type = "mail"', "report_form[13].type", "email"),
        ('subject = "优秀案例征集-{addressee}"', 'subject = "优秀-{adressee}"', "mail.subject", "{addressee}"),
    ],
)
def test_a_misspelt_word_is_refused_with_its_place_and_the_nearest_right_one(
    old: str, new: str, place: str, near: str
) -> None:
    problems = refused(old, new)
    assert [one.place for one in problems] == [place]
    assert problems[0].line == line_of(old)
    assert f"第 {line_of(old)} 行 {place}：" in problems[0].text.zh
    assert f"line {line_of(old)}, {place}:" in problems[0].text.en
    assert f"“{near}”" in problems[0].text.zh
    assert f"did you mean “{near}”?" in problems[0].text.en


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("maximum = 1500", 'maximum = "1500"', "length.maximum"),
        ("maximum = 1500", "maximum = -1", "length.maximum"),
        ("maximum = 1500", "maximum = true", "length.maximum"),
        ("maximum = 1500", "maximum = 0", "length.maximum"),
        ("maximum = 1500", "maximum = 1500\nminimum = 1501", "length.minimum"),
        ("closes = 2021-03-26", 'closes = "2021-03-26"', "phases[0].closes"),
        ("closes = 2021-03-26", "closes = 2021-03-26T12:00:00", "phases[0].closes"),
        ("closes = 2021-03-26", "closes = 2021-03-11", "phases[0].closes"),
        ("closes = 2021-03-26", "closes = 2021-03-26\nopens = 2021-03-27", "phases[0].closes"),
        ("closes = 2021-03-26", "", "phases[0].closes"),
        ("closes = 2021-03-26", "closes = 2021-03-26\ncloses_for = { province = 2021-03-20 }",
         "phases[0].closes_for.province"),
        ("closes = 2021-03-26", "closes = 2021-03-26\ncloses_for = { system = 2021-03-20 }",
         "phases[0].closes_for.system"),
        ("closes = 2021-03-26", "closes = 2021-03-26\ncloses_for = { centre = 2021-03-11 }",
         "phases[0].closes_for.centre"),
        ("closes = 2021-03-26", "closes = 2021-03-26\ncloses_for = { centre = 2021-03-27 }", "phases[0].closes_for"),
        ("closes = 2021-03-26", "closes = 2021-03-26\nasks_for = { centre = 2021-03-26 }",
         "phases[0].asks_for.centre"),
        ("closes = 2021-03-26", "closes = 2021-03-26\nasks_for = { office = 2021-03-11 }",
         "phases[0].asks_for.office"),
        ("closes = 2021-03-26", "closes = 2021-03-26\nasks_for = { system = 2021-03-20 }",
         "phases[0].asks_for.system"),
        ("service_from = 2020-01-01", "service_from = 2020-01-01\nservice_to = 2019-12-31", "eligible.service_to"),
        ("closes = 2021-06-25", "closes = 2021-03-20", "phases[1].closes"),
        ("closes = 2021-06-25", "closes = 2021-06-25\nopens = 2021-03-26", "phases[1].opens"),
        ("closes = 2021-06-25", "closes = 2021-06-25\nany_theme = true", "phases[1].any_theme"),
        ("closes = 2021-06-25", 'closes = 2021-06-25\nthemes_for = { tisc = ["smes", "nothing"] }',
         "phases[1].themes_for.tisc[1]"),
        ("closes = 2021-06-25", 'closes = 2021-06-25\nthemes_for = { other = ["smes"] }', "phases[1].themes_for.other"),
        ("service_from = 2020-01-01", "", "eligible"),
        ("service_from = 2020-01-01", "service_from = 2020-01-01\nlast_years = 3", "eligible.last_years"),
        ("service_from = 2020-01-01", "last_years = 0", "eligible.last_years"),
        ("service_from = 2020-01-01", 'service_from = 2020-01-01\nhonours_field = "prizes"', "eligible.honours_field"),
        ("[mail]", '[[quotas]]\nid = "a"\nper = "office"\n[mail]', "quotas[0]"),
        ("[mail]", '[[quotas]]\nid = "a"\nper = "office"\nminimum = 6\nmaximum = 5\n'
         '[rules.quotas_reached]\nclause = "系统"\ndecision = 5\n[rules.quotas_not_exceeded]\nclause = "系统"\ndecision = 5\n'
         '[mail]', "quotas[0].minimum"),
        ("[mail]", '[[quotas]]\nid = "a"\nper = "office"\nmaximum = 1\nphases = ["second"]\n'
         '[rules.quotas_not_exceeded]\nclause = "系统"\ndecision = 5\n[mail]', "phases[1].minimum_per_office"),
        ("[mail]", '[[quotas]]\nid = "a"\nper = "centre"\nover = "call"\nmaximum = 1\n'
         '[rules.quotas_not_exceeded]\nclause = "系统"\ndecision = 5\n[mail]', "minimum_per_centre"),
        ("[mail]", '[[quotas]]\nid = "a"\nper = "centre"\nminimum = 1\n'
         '[rules.quotas_reached]\nclause = "系统"\ndecision = 5\n[mail]', "quotas[0].over"),
        ("[mail]", '[[quotas]]\nid = "a"\nper = "office"\nmaximum = 5\nexempt_themes = ["sme"]\n'
         '[rules.quotas_not_exceeded]\nclause = "系统"\ndecision = 5\n[mail]', "quotas[0].exempt_themes[0]"),
        ("[mail]", '[[quotas]]\nid = "a"\nper = "office"\nmaximum = 5\n[mail]', "rules"),
        ("[mail]", '[rules.quotas_not_exceeded]\nclause = "系统"\ndecision = 5\n[mail]', "rules.quotas_not_exceeded"),
        ("[mail]", '[public_notice]\ndays = 5\ndays_off = [2027-01-01]\ndays_worked = [2027-01-01]\n'
         '[rules.public_notice_has_ended]\nclause = "系统"\ndecision = 5\n[mail]', "public_notice.days_off"),
        ("[mail]", '[public_notice]\ndays = 0\n[rules.public_notice_has_ended]\nclause = "系统"\ndecision = 5\n[mail]',
         "public_notice.days"),
        ("[mail]", '[[papers]]\nid = "a"\nlabel = { zh = "一", en = "a" }\nowner = "national"\n[mail]', "papers[0].owner"),
        ("[mail]", '[[papers]]\nid = "a"\nlabel = { zh = "一", en = "a" }\nowner = "office"\nformats = [".PDF"]\n[mail]',
         "papers[0].formats[0]"),
        ("[mail]", '[[papers]]\nid = "a"\nlabel = { zh = "一", en = "a" }\nowner = "centre"\nformats = ["avi"]\n[rules.attachments_complete]\nclause = "系统"\ndecision = 96\n[mail]', "papers[0].formats[0]"),
        ("[mail]", '[[papers]]\nid = "a"\nlabel = { zh = "一", en = "a" }\nowner = "centre"\nmost = 0\n[rules.attachments_complete]\nclause = "系统"\ndecision = 96\n[mail]', "papers[0].most"),
        ("[mail]", '[[papers]]\nid = "a"\nlabel = { zh = "一", en = "a" }\nowner = "centre"\nlargest = 301\n[rules.attachments_complete]\nclause = "系统"\ndecision = 96\n[mail]', "papers[0].largest"),
        ("[mail]", '[[papers]]\nid = "a"\nlabel = { zh = "一", en = "a" }\nowner = "centre"\n[mail]', "rules"),
        ("[mail]", '[rules.attachments_complete]\nclause = "系统"\ndecision = 96\n[mail]', "rules.attachments_complete"),
        ("[mail]", '[[publicity]]\nid = "a"\nlabel = { zh = "一", en = "a" }\nfrom_day = 2021-05-02\nto_day = 2021-05-01\n'
         "[mail]", "publicity[0].to_day"),
        ("[mail]", '[judging]\njudges = 3\nwinners = 5\n[[judging.criteria]]\nid = "a"\n'
         'label = { zh = "一", en = "a" }\nweight = 90\n[mail]', "judging.criteria"),
        ("[mail]", '[judging]\njudges = 3\n[[judging.criteria]]\nid = "a"\n'
         'label = { zh = "一", en = "a" }\nweight = 100\n[mail]', "judging"),
        ("[mail]", '[judging]\njudges = 3\nwinners_percent = 101\n[[judging.criteria]]\nid = "a"\n'
         'label = { zh = "一", en = "a" }\nweight = 100\n[mail]', "judging.winners_percent"),
        ("[mail]", '[judging]\njudges = 0\nwinners = 5\n[[judging.criteria]]\nid = "a"\n'
         'label = { zh = "一", en = "a" }\nweight = 100\n[mail]', "judging.judges"),
        ("sign_offs = 1", "sign_offs = 4", "sign_offs"),
        ('number = "2021-205"', 'number = "2021/205"', "number"),
        ('text = "2021-205.zh.md"', 'text = "../2021-205.zh.md"', "text"),
        ('centre_kinds = ["tisc", "university", "both"]', "centre_kinds = []", "centre_kinds"),
        ('id = "second"', 'id = "first"', "phases[1].id"),
        ('id = "effect"', 'id = "service"', "sections[2].id"),
        ('id = "effect"', 'id = "the effect"', "sections[2].id"),
        ('name = "abstract"', 'name = "contact"', "report_form[11].name"),
        ('id = "relevant"', 'id = "form_matches"', "confirmations[3].id"),
        ('en = "Another theme", needs_name', 'needs_name', "themes.other.en"),
        ('en = "Another theme", needs', 'en = "", needs', "themes.other.en"),
        ('title = { zh = "知识产权信息公共服务优秀案例征集", en', 'title = { zh = "  ", en', "title.zh"),
        ('limit = 60', 'limit = 60\nchoices = ["一"]', "report_form[0].choices"),
        ('step = "review"\nclause = "一"', 'step = "submit"\nclause = "一"', "confirmations[2].step"),
        ('subject = "优秀案例征集-{addressee}"', 'subject = "优秀案例征集-{addressee"', "mail.subject"),
        ("[push]", '[package]\ncase = "案例{titel}{position}"\n\n[push]', "package.case"),
        ("[push]", '[package]\nform = "{title}"\n\n[push]', "package.form"),
        ("[push]", '[package]\nform = "{position}/{title}"\n\n[push]', "package.form"),
        ("[push]", '[package]\nattachment = "{label}"\n\n[push]', "package.attachment"),
        ("[push]", '[package]\nattachment = "附件{position}"\n\n[push]', "package.attachment"),
        ("[push]", '[package]\nsummary = "{position}"\n\n[push]', "package.summary"),
        ("[push]", '[package]\nsummary = "{region:>999999999}"\n\n[push]', "package.summary"),
        ("[push]", '[package]\nfolder = "../{number}"\n\n[push]', "package.folder"),
        ("[push]", '[package]\nfolder = "{number}/"\n\n[push]', "package.folder"),
        ("[push]", '[package]\nfolder = "{number"\n\n[push]', "package.folder"),
        ('says = "按照模板格式（附件1）要求进行编辑"', "", "rules.template_complete.says"),
        ('says = "按照模板格式（附件1）要求进行编辑"', 'says = "按照模板编写"', "rules.template_complete.says"),
        ('says = "按照模板格式（附件1）要求进行编辑"', 'says = "按照模板格式"\ndecision = 3',
         "rules.template_complete.decision"),
        ("decision = 12", "", "rules.another_person_acts.decision"),
        ("decision = 12", 'decision = "12"', "rules.another_person_acts.decision"),
        ('[rules.another_person_acts]\nclause = "系统"', "[rules.another_person_acts]",
         "rules.another_person_acts.clause"),
    ],
)  # fmt: skip
def test_what_a_call_cannot_mean_is_refused_by_place(old: str, new: str, place: str) -> None:
    problems = refused(old, new)
    assert [one.place for one in problems] == [place]
    assert problems[0].line is not None
    assert place in problems[0].text.zh
    assert place in problems[0].text.en


ROUTE = '[route]\nlegs = ["centre_seal", "review", "selection", "publication", "push"]'


@pytest.mark.parametrize(
    ("route", "places"),
    [
        (ROUTE.replace('"review", ', ""), ["route.legs"]),
        (ROUTE.replace('"selection", ', ""), ["route.legs"]),
        (ROUTE.replace('"publication", ', ""), ["route.legs"]),
        (ROUTE.replace('"review", "selection"', '"selection", "review"'), ["route.legs"]),
        (ROUTE.replace('"review"', '"review", "review"'), ["route.legs"]),
        (ROUTE.replace('"publication"', '"public_notice", "publication"'), ["route.legs"]),
        (ROUTE.replace(', "push"', ""), ["route.legs"]),
        (ROUTE.replace('"centre_seal", ', ""), ["rules.unit_seal_present", "rules.seal_names_the_unit",
                                                "rules.seal_unbroken"]),
        (ROUTE.replace("legs", "leg"), ["route.leg"]),
        (ROUTE.replace('"selection"', '"selektion"'), ["route.legs[2]"]),
        (ROUTE + '\nrecommended_by = "ministries"', ["route.recommended_by"]),
        (ROUTE + '\nrecommended_by = "self"',
         ["confirmations[0].step", "confirmations[1].step", "confirmations[2].step", "confirmations[3].step",
          "rules.province_recommends_enough", "rules.centre_reports_enough", "rules.summary_sealed",
          "rules.every_form_attached", "rules.every_case_document_attached", "rules.subject_names_call_and_office"]),
    ],
)  # fmt: skip
def test_a_way_that_cannot_be_gone_is_refused_by_place_and_with_the_reason(route: str, places: list[str]) -> None:
    problems = refused("[push]", f"{route}\n\n[push]")
    assert sorted(one.place for one in problems) == sorted(places)


def test_a_route_without_review_or_end_says_why_there_must_be_one() -> None:
    [review] = refused("[push]", ROUTE.replace('"review", ', "") + "\n\n[push]")
    assert "没有审核，就没有人为案例负责" in review.text.zh
    [selection] = refused("[push]", ROUTE.replace('"selection", ', "") + "\n\n[push]")
    assert "一直停在“已报送”" in selection.text.zh


def test_a_missing_table_is_named() -> None:
    mail = TOML[TOML.index("[mail]") : TOML.index("[push]")]
    assert places(mail, "") == ["mail"]


def test_a_call_without_phases_is_refused() -> None:
    whole = TOML[TOML.index("[[phases]]") : TOML.index("[themes]")]
    assert places(whole, "") == ["phases"]


def test_a_phase_without_themes_is_refused_while_themes_are_asked() -> None:
    assert places('themes = ["smes"]', "") == ["phases[0].themes"]


def test_all_problems_are_told_at_once_in_the_order_of_the_file() -> None:
    spoilt = TOML.replace("sign_offs = 1", "sign_offs = 9").replace("maximum", "maxmum").replace('"other"]', '"othr"]')
    with pytest.raises(CallRefused) as caught:
        parse_call(spoilt.replace("decision = 18", "decision = 18.5"), NOTICE)
    assert [one.place for one in caught.value.problems] == [
        "sign_offs",
        "length.maxmum",
        "phases[1].themes[6]",
        "rules.recall_confirmed.decision",
    ]
    assert str(caught.value).count("\n") == 3


def test_words_ascribed_to_the_notice_are_refused_with_the_nearest_passage() -> None:
    [problem] = refused("篇幅控制在1500字以内", "篇幅控制在1600字以内")
    assert problem.place == "rules.length_within_limit.says"
    assert "最相近的原文是“3. 按照模板格式（附件1）要求进行编辑，篇幅控制在1500字以内" in problem.text.zh


def test_words_of_the_notice_are_found_across_spaces_lines_and_widths() -> None:
    spread = NOTICE.replace("篇幅控制在1500字以内", "篇幅 控制在\n１５００字以内")
    assert parse_call(TOML, spread).number == "2021-205"


def test_what_is_no_toml_is_refused_with_its_line() -> None:
    [problem] = refused('number = "2021-205"', 'number = "2021-205')
    assert problem.line == 2
    assert problem.text.zh.startswith("第 2 行不是合格的 TOML")


def test_brackets_without_end_are_no_toml() -> None:
    with pytest.raises(CallRefused) as caught:
        parse_call("a = " + "[" * 100_000, "")
    [problem] = caught.value.problems
    assert "nested too deeply" in problem.text.en


def test_a_call_whose_notice_is_missing_says_where_to_put_it(tmp_path: Path) -> None:
    (tmp_path / "call.toml").write_text(TOML, "utf-8")
    with pytest.raises(CallRefused) as caught:
        read_call(tmp_path / "call.toml")
    [problem] = caught.value.problems
    assert problem.place == "text"
    assert "2021-205.zh.md" in problem.text.zh


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "latin.toml").write_bytes(b"\xff\xfe\x00")
    for name in ("absent.toml", "latin.toml"):
        with pytest.raises(CallRefused) as caught:
            read_call(tmp_path / name)
        assert [one.place for one in caught.value.problems] == [name]


def test_a_mark_of_byte_order_at_the_start_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "call.toml").write_bytes(b"\xef\xbb\xbf" + TOML.encode())
    (tmp_path / "2021-205.zh.md").write_text(NOTICE, "utf-8")
    assert read_call(tmp_path / "call.toml") == call_2021()


def test_the_digest_changes_with_either_text_and_with_where_one_ends() -> None:
    assert digest("a", "b") == digest("a", "b")
    assert len({digest("a", "b"), digest("a", "c"), digest("c", "b"), digest("ab", ""), digest("", "ab")}) == 5


@pytest.mark.parametrize("path", [*shipped_calls(), *sorted(CALLS.glob("*.toml"))], ids=lambda path: path.stem)
def test_every_rule_of_our_own_names_a_decision_that_is_written_down(path: Path) -> None:
    decisions = (Path(__file__).parents[2] / "docs" / "decisions.md").read_text("utf-8")
    named = [asked.decision for asked in read_call(path).rules.values() if asked.decision is not None]
    assert [number for number in named if f"\n### {number}. " not in decisions] == []


def test_decisions_are_numbered_without_gap() -> None:
    decisions = (Path(__file__).parents[2] / "docs" / "decisions.md").read_text("utf-8")
    numbers = [int(line[4:].split(".")[0]) for line in decisions.splitlines() if line.startswith("### ")]
    assert numbers == list(range(1, len(numbers) + 1))


def test_whoever_writes_a_call_is_told_every_name_of_a_file_and_what_it_may_hold() -> None:
    told = (Path(__file__).parents[2] / "docs" / "calls.md").read_text("utf-8")
    for key, places in PACKAGE_PLACES.items():
        assert f"| `{key}` |" in told
        assert f"`{getattr(Package(), key)}`" in told
        assert all(f"`{{{place}}}`" in told for place in places)


# ---- versions that were loaded by an earlier program -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[push]", "[push]\nenabled = false"),
        ("[push]", "[push]\nenabled = true"),
        ("[push]", 'something = "that nobody reads any more"\n\n[push]'),
        ("closes = 2021-06-25", "closes = 2021-03-20"),
        ("sign_offs = 1", "sign_offs = 9"),
        ('says = "按照模板格式（附件1）要求进行编辑"', 'says = "别的话"'),
    ],
)
def test_a_version_that_was_loaded_once_is_still_read(old: str, new: str) -> None:
    assert refused(old, new)
    source = TOML.replace(old, new, 1)
    call = stored_call(source, NOTICE)
    assert (call.number, Leg.PUSH in call.route.legs) == ("2021-205", "enabled = false" not in new)


def test_a_version_whose_needed_parts_cannot_be_read_is_refused() -> None:
    with pytest.raises(CallRefused, match="phases"):
        stored_call(TOML.replace("[[phases]]", "[[fases]]"), NOTICE)
