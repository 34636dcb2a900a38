"""Bad input and bad luck through the real screens: whatever is sent, a clear sentence, and nothing half done."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from rules.roles import Level
from states.case import CaseState
from tests.web.conftest import As, hidden, post, send, send_fields
from tests.web.test_cases import page, typed
from tests.web.test_papers import CASE, SCAN, sealed, upload
from tests.worlds import CALL_2021, World
from workflow.documents.limits import MIB

pytestmark = pytest.mark.database

both_languages = pytest.mark.parametrize("language", ["zh", "en"])


def plain(shown: str) -> str:
    return re.sub(r"<[^>]+>", "", shown)


def as_it_was(world: World, case: int) -> tuple[object, ...]:
    row = world.row(case)
    return row.state, row.version, row.revision, row.content, row.title


def refusals(world: World, case: int) -> list[str]:
    return [event.action for event in world.events(case) if event.outcome == "refused"]


# ---- what a rule forbids ---------------------------------------------------------------------------------------------

BREACHES = {
    "no phase": ({"phase": "_none"}, "阶段", "phase"),
    "wrong theme": ({"theme": "_other"}, "主题", "theme"),
    "missing section": ({"sections": "_short"}, "案例模板中的“", "still empty"),
    "over length": ({"length": 1600}, "超过 1500 字的上限 100 字", "100"),
}


@both_languages
@pytest.mark.parametrize("breach", BREACHES)
def test_content_against_a_rule_is_refused_by_name_and_the_refusal_is_kept(
    breach: str, language: str, sign_in: As, world: World
):
    changes, zh, en = BREACHES[breach]
    content = world.content(**{name: value for name, value in changes.items() if not str(value).startswith("_")})
    if breach == "no phase":
        content = content.changed(phase="")
    if breach == "wrong theme":
        other = next(one for one in world.call.themes if one not in world.phase.themes)
        content = content.changed(theme=other)
    if breach == "missing section":
        content = content.changed(sections={**content.sections, world.call.sections[0].id: ""})
    case = world.draft(content)
    world.seal(case)
    before = as_it_was(world, case)
    client = sign_in("sealer", language)
    answer = post(client, f"/cases/{case}/stamp", page(client, f"/cases/{case}"))
    said = plain(answer.get_data(as_text=True))
    assert (answer.status_code, {"zh": zh, "en": en}[language] in said, as_it_was(world, case)) == (422, True, before)
    assert refusals(world, case) == ["case.stamp"]


@both_languages
def test_a_phase_that_is_over_is_refused_with_its_last_day(language: str, sign_in: As, world: World):
    case = world.case(CaseState.DRAFT)
    client = sign_in("sealer", language)
    close = world.window(world.phase, Level.CENTRE).last_day
    send(client, "/", "/demo/clock", day="2021-06-20")
    answer = post(client, f"/cases/{case}/stamp", page(client, f"/cases/{case}"))
    said = plain(answer.get_data(as_text=True))
    assert (answer.status_code, f"{close.month}月{close.day}日" in said or f"{close:%Y-%m-%d}" in said) == (422, True)
    assert (world.state(case), refusals(world, case)) == (CaseState.DRAFT, ["case.stamp"])


def test_an_unknown_phase_or_theme_in_a_form_is_kept_as_none(sign_in: As, world: World):
    case = world.draft()
    fields = {**typed(world.content()), "phase": "fifth", "theme": "<b>"}
    send(sign_in("author"), f"/cases/{case}/edit", **fields)
    assert (world.row(case).phase, world.row(case).theme) == ("", "")


@both_languages
def test_the_seal_of_another_unit_is_refused_naming_both_units(language: str, sign_in: As, world: World):
    case = world.draft()
    world.seal(case, "别的单位")
    client = sign_in("sealer", language)
    answer = post(client, f"/cases/{case}/stamp", page(client, f"/cases/{case}"))
    said = plain(answer.get_data(as_text=True))
    told = ["别的单位" in said, world.row(case).centre.host_unit in said]
    assert (answer.status_code, told, world.state(case)) == (422, [True, True], CaseState.DRAFT)
    assert refusals(world, case) == ["case.stamp"]


# ---- what is somebody else's -----------------------------------------------------------------------------------------


@both_languages
@pytest.mark.parametrize("login", ["neighbour_author", "institute_author", "neighbour_reviewer"])
def test_somebody_elses_case_is_nowhere_to_be_found(login: str, language: str, sign_in: As, world: World):
    case = world.draft()
    before = as_it_was(world, case)
    client = sign_in(login, language)
    shown = page(client, "/")
    asked = ["", "/edit", "/upload", "/seal", "/stamp", "/push", "/editorial", "/document.docx", "/form.xlsx"]
    sent = ["/edit", "/upload", "/seal", "/stamp", "/push", "/editorial/consent", "/english", "/compare/c1"]
    answers = [client.get(f"/cases/{case}{one}") for one in [*asked, "/revisions/1", "/compare/c1"]]
    answers += [post(client, f"/cases/{case}{one}", shown, ruling="different", reason="x") for one in sent]
    words = {"zh": "职责范围", "en": "within your reach"}[language]
    assert {one.status_code for one in answers} == {404}
    assert [words in one.get_data(as_text=True) for one in answers] == [True] * len(answers)
    assert (as_it_was(world, case), refusals(world, case)) == (before, [])


def test_another_provinces_papers_batches_and_pairs_cannot_be_probed(sign_in: As, world: World):
    content = world.content()
    earlier = world.case(CaseState.SUBMITTED, content)
    case = world.case(CaseState.CENTRE_STAMPED)
    twin = world.draft(content.changed(title="换了名称"))
    batch = world.batch([world.case(CaseState.PROVINCE_REVIEWED)])
    own = world.draft(centre="neighbour")
    places = [f"/cases/{case}/papers/1", f"/cases/{own}/papers/1", f"/cases/{own}/papers/1/picture.png"]
    places += [f"/cases/{own}/papers/1/pages", f"/cases/{own}/papers/1/pages/1.png"]
    places += [f"/cases/{twin}/compare/c{earlier}", f"/batches/{batch}", f"/batches/{batch}/mail.eml"]
    places += [f"/batches/{batch}/summary.xlsx", f"/batches/{batch}/papers/1", f"/batches/{batch}/send"]
    clients = [sign_in(login) for login in ("neighbour_author", "neighbour_reviewer", "neighbour_leader")]
    assert {client.get(place).status_code for client in clients for place in places} == {404}


def test_a_batch_takes_no_case_of_another_office(sign_in: As, world: World):
    case = world.case(CaseState.PROVINCE_REVIEWED)
    batch = world.batch([], office="second")
    client = sign_in("neighbour_reviewer")
    answer = post(client, f"/batches/{batch}/lines", page(client, f"/batches/{batch}"), case=case)
    assert (answer.status_code, world.lines(batch)) == (404, [])


# ---- twice, late, and out of turn ------------------------------------------------------------------------------------


@both_languages
def test_of_two_at_once_the_second_reads_who_was_faster_and_the_trail_keeps_it(
    language: str, sign_in: As, world: World
):
    case = world.draft(world.content(title="原来的名称"))
    client = sign_in("author", language)
    shown = page(client, f"/cases/{case}/edit")
    world.edit(case, world.content(title="别人改的名称"), by="second_author")
    before = as_it_was(world, case)
    answer = post(client, f"/cases/{case}/edit", shown, **typed(world.content(title="我改的名称")))
    both = answer.get_data(as_text=True)
    assert (answer.status_code, "钱文" in both, 'value="我改的名称"' in both) == (409, True, True)
    assert (as_it_was(world, case), refusals(world, case)) == (before, ["case.turn_away"])


def test_what_was_turned_away_is_told_on_the_page_of_the_case(sign_in: As, world: World):
    case = world.draft()
    upload(sign_in("author"), f"/cases/{case}/upload", case=("空的.docx", b""))
    shown = [plain(page(sign_in("author", language), f"/cases/{case}")) for language in ("zh", "en")]
    assert ["“空的.docx”是空文件" in shown[0], "“空的.docx” is empty" in shown[1]] == [True, True]


def test_the_same_edit_twice_is_one_revision_with_one_receipt(sign_in: As, world: World):
    case = world.draft()
    client = sign_in("author")
    shown = page(client, f"/cases/{case}/edit")
    fields = typed(world.content(title="改过的名称"))
    receipts = []
    for _ in range(2):
        post(client, f"/cases/{case}/edit", shown, **fields)
        receipts += re.findall(r'回执 <a href="[^"]*">(\S+?)</a> · <code>\w+', page(client, "/"))
    assert (len(receipts), len(set(receipts)), world.row(case).revision) == (2, 1, 2)


def test_a_form_without_its_key_or_with_a_key_of_another_person_still_has_its_own_effect(sign_in: As, world: World):
    first, second = world.case(CaseState.DRAFT), world.case(CaseState.DRAFT)
    sealer, other = sign_in("sealer"), sign_in("second_sealer")
    fields = hidden(page(sealer, f"/cases/{first}"), f"/cases/{first}/stamp")
    send_fields(sealer, f"/cases/{first}/stamp", fields)
    borrowed = {**hidden(page(other, f"/cases/{second}"), f"/cases/{second}/stamp"), "form_key": fields["form_key"]}
    send_fields(other, f"/cases/{second}/stamp", borrowed)
    third = world.case(CaseState.DRAFT)
    bare = hidden(page(sealer, f"/cases/{third}"), f"/cases/{third}/stamp")
    del bare["form_key"]
    send_fields(sealer, f"/cases/{third}/stamp", bare)
    assert [world.state(case) for case in (first, second, third)] == [CaseState.CENTRE_STAMPED] * 3


@both_languages
@pytest.mark.parametrize("trigger", ["submit", "recall_push", "nonsense"])
def test_a_step_that_is_part_of_another_act_or_none_at_all_is_told(
    trigger: str, language: str, sign_in: As, world: World
):
    case = world.case(CaseState.PROVINCE_REVIEWED)
    before = as_it_was(world, case)
    client = sign_in("reviewer_and_leader", language)
    answer = post(client, f"/cases/{case}/{trigger}", page(client, "/"))
    titled = {"zh": "情况已有变化", "en": "Things have changed"}[language]
    assert (answer.status_code, titled in answer.get_data(as_text=True)) == (409, True)
    assert (as_it_was(world, case), refusals(world, case)) == (before, ["case.turn_away"])


def test_a_ticket_for_one_kind_of_paper_is_none_for_another(sign_in: As, world: World):
    case = world.draft()
    client = sign_in("author_and_sealer")
    scan = upload(client, f"/cases/{case}/seal", scan=SCAN).get_data(as_text=True)
    word = upload(client, f"/cases/{case}/upload", case=CASE).get_data(as_text=True)
    before = as_it_was(world, case)
    tickets = {
        f"/cases/{case}/take-over": hidden(scan, f"/cases/{case}/seal/confirm")["ticket"],
        f"/cases/{case}/seal/confirm": hidden(word, f"/cases/{case}/take-over")["ticket"],
    }
    shown = page(client, "/")
    codes = [post(client, url, shown, ticket=one, reads="host").status_code for url, one in tickets.items()]
    assert (codes, as_it_was(world, case)) == ([409, 409], before)


def test_only_a_sealer_uploads_a_scan_and_only_while_the_case_is_with_its_centre(sign_in: As, world: World):
    draft, sent = world.draft(), world.case(CaseState.CENTRE_STAMPED)
    answers = [upload(sign_in("author"), f"/cases/{draft}/seal", scan=SCAN)]
    answers += [upload(sign_in("sealer"), f"/cases/{sent}/seal", scan=SCAN)]
    assert [one.status_code for one in answers] == [403, 409]


# ---- files -----------------------------------------------------------------------------------------------------------


@both_languages
@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("空的.docx", b""),
        ("文字.docx", b"plain words"),
        ("../../坏的.docx", b"PK\x03\x04 broken"),
        ("反\u202excod.exe", b"MZ\x90\x00"),
    ],
)
def test_a_bad_file_is_named_cleanly_changes_nothing_and_is_on_record(
    name: str, data: bytes, language: str, sign_in: As, world: World
):
    case = world.draft()
    before = as_it_was(world, case)
    answer = upload(sign_in("author", language), f"/cases/{case}/upload", case=(name, data))
    shown = answer.get_data(as_text=True)
    advice = {"zh": "重新上传", "en": "upload"}[language]
    assert (answer.status_code, advice in shown, "../" in plain(shown), "\u202e" in shown) == (422, True, False, False)
    assert (as_it_was(world, case), refusals(world, case)) == (before, ["document.refuse"])


@pytest.mark.parametrize("name", ["../../etc/案例.docx", "案\u202e例.docx", "案\0例.docx"])
def test_a_good_file_with_a_hostile_name_is_kept_under_a_clean_one(name: str, sign_in: As, world: World):
    case = world.draft()
    client = sign_in("author")
    word = client.get(f"/cases/{case}/document.docx").data
    shown = upload(client, f"/cases/{case}/upload", case=(name, word)).get_data(as_text=True)
    post(client, f"/cases/{case}/take-over", shown)
    names = re.findall(r'href="/cases/\d+/papers/\d+"[^>]*>([^<]*)<', page(client, f"/cases/{case}"))
    assert [one.strip() for one in names if one.strip()] == ["案例.docx"]


class Unread(io.RawIOBase):
    """A body that nobody may read."""

    def readable(self) -> bool:
        return True

    def readinto(self, _into: object) -> int:
        raise AssertionError("the body was read")


@both_languages
def test_200_megabytes_are_refused_by_their_announcement_and_never_read(language: str, sign_in: As, world: World):
    case = world.draft()
    client = sign_in("author", language)
    announced = {
        "wsgi.input": io.BufferedReader(Unread()),
        "CONTENT_LENGTH": str(200 * MIB),
        "CONTENT_TYPE": "multipart/form-data; boundary=x",
    }
    answer = client.post(f"/cases/{case}/upload", environ_overrides=announced)
    words = {"zh": "超过 40 MB，没有接收", "en": "larger than 40 MB and was not taken"}[language]
    assert (answer.status_code, words in answer.get_data(as_text=True)) == (413, True)
    assert refusals(world, case) == ["case.turn_away"]


def test_a_word_file_above_its_own_limit_is_refused_naming_both_sizes(sign_in: As, world: World):
    case = world.draft()
    answer = upload(sign_in("author"), f"/cases/{case}/upload", case=("大.docx", b"PK\x03\x04" + b"x" * 21 * MIB))
    assert (answer.status_code, "21.0 MB，超过 20 MB 上限" in answer.get_data(as_text=True)) == (422, True)


@both_languages
def test_a_call_with_a_misspelt_key_names_line_key_and_the_right_word(language: str, sign_in: As, world: World):
    source = CALL_2021.read_text("utf-8").replace("[eligible]", "[eligable]")
    client = sign_in("administrator", language)
    answer = send(client, "/admin/calls", source=source, notice="x", then="load")
    said = plain(answer.get_data(as_text=True))
    line = source.splitlines().index("[eligable]") + 1
    where = {"zh": f"第 {line} 行", "en": f"line {line}"}[language]
    assert (answer.status_code, where in said, "eligible" in said) == (422, True, True)


# ---- hostile text ----------------------------------------------------------------------------------------------------

HOSTILE = ("0" * 30 + "9" * 500, "9999-12-31", "\0", "\ud800\u202e../", "<script>alert(1)</script>")
FIELDS = (
    *("call", "centre", "then", "office", "phase", "reason", "last_day", "subject", "final", "case", "remark"),
    *("confirmed", "new_day", "ticket", "reads", "unit", "ruling", "note", "words", "title", "summary", "text"),
    *("theme", "theme_name", "recipient", "service_from", "service_to", "form_key", "mark", "day", "login", "name"),
    *("email", "role", "kind", "source", "notice", "list", "scan", "form", "state", "after", "sort", "person"),
    *("number", "action", "outcome", "first", "last", "receipt", "version", "show", "seen", "next", "password"),
    *("reason:x", "section:x", "place:1", "code", "region", "addressee", "ip_office", "seal_name", "host_unit"),
    *("endpoint", "_scheme", "_external", "_anchor", "_method", "case_id", "batch_id", "trigger", "key", "lang"),
)
"""Every name that some form or address of ours brings, and those that url_for itself knows."""
WITHOUT_BYTES = {"papers.original", "papers.picture", "papers.pages", "batches.paper", "batches.pages", "batches.mail"}
WITHOUT_BYTES |= {"batches.preview"}
"""The scans of the small country are names without bytes: these say that a file is lost."""


@pytest.mark.parametrize("login", ["author_and_sealer", "reviewer_and_leader", "director"])
def test_no_screen_breaks_on_what_a_hostile_browser_sends(login: str, app: Flask, sign_in: As, world: World):
    world.draft()
    world.case(CaseState.CENTRE_STAMPED)
    world.batch()
    client = sign_in(login)
    app.config["WTF_CSRF_ENABLED"] = False
    assert list(broken(app, client)) == []


def broken(app: Flask, client: FlaskClient) -> Iterator[tuple[str, str, str]]:
    """Screens that answer with a fault of ours, or with markup as it was sent: (method, endpoint, value)."""
    for rule in app.url_map.iter_rules():
        if rule.endpoint in {"static", "auth.sign_out", "auth.enter", *WITHOUT_BYTES}:
            continue
        for value in HOSTILE:
            sent = {name: value.encode("utf-8", "surrogatepass") for name in FIELDS}
            address = re.sub(r"<int:\w+>", "1", rule.rule)
            address = re.sub(r"<any\(([^,]+),[^>]*>", r"\1", address)
            address = re.sub(
                r"<\w+>", (value.replace("\0", "%00").replace("\ud800", "%ED%A0%80")[:200]) or "x", address
            )
            if "POST" in rule.methods:
                answer = client.post(address, data=sent)
            elif len(value) < 100:
                answer = client.get(address, query_string=sent)
            else:
                continue
            bad = answer.status_code >= 500 or (
                answer.mimetype == "text/html" and "<script>alert" in answer.get_data(as_text=True)
            )
            if bad:
                yield str(answer.status_code), rule.endpoint, ascii(value[:20])


def test_a_query_cannot_bend_the_link_to_the_other_language(sign_in: As):
    shown = page(sign_in("author"), "/cases?_scheme=javascript&_external=1&endpoint=x")
    assert re.findall(r'href="([^"]*lang=en)"', shown) == [
        "/cases?_scheme=javascript&amp;_external=1&amp;endpoint=x&amp;lang=en"
    ]


@pytest.mark.parametrize("day", ["0000-00-00", "0001-01-01", "9999-12-31", "2021-02-30", "٢٠٢١-٠٣-٢٠", "x" * 5000])
def test_a_day_that_nobody_can_mean_is_refused_and_pages_go_on_working(day: str, sign_in: As, world: World):
    director = sign_in("director")
    fields = {"call": world.call_version, "phase": world.phase.id, "reason": "理由", "office": "all", "last_day": day}
    answer = post(director, "/desk/extensions", page(director, "/desk/grants"), **fields)
    send(director, "/", "/demo/clock", day=day)
    assert (answer.status_code, "请选择一个日期" in answer.get_data(as_text=True)) == (422, True)
    assert [director.get(one).status_code for one in ("/", "/desk", "/calls", "/public")] == [200] * 4


@both_languages
def test_what_is_too_long_for_the_register_is_told_and_shown_again(language: str, sign_in: As, world: World):
    case = world.draft()
    before = as_it_was(world, case)
    answer = send(sign_in("author", language), f"/cases/{case}/edit", **typed(world.content(title="长" * 10_000)))
    shown = answer.get_data(as_text=True)
    words = {"zh": "最多 300 个字符，现在是 10000 个", "en": "at most 300 characters; there are 10000"}[language]
    assert (answer.status_code, words in shown, "长" * 10_000 in shown) == (422, True, True)
    assert as_it_was(world, case) == before


def test_markup_in_every_text_of_a_case_is_shown_as_text_everywhere(sign_in: As, world: World):
    bad = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{ 7*7 }}"
    content = world.content(title=bad, recipient=bad, theme_name=bad)
    sections = {one.id: bad for one in world.call.sections}
    case = world.draft(content.changed(sections=sections, form=dict.fromkeys(content.form, bad)))
    sealer = sign_in("sealer")
    sealed(sealer, case, reads="other", unit=bad[:150])
    author = sign_in("author")
    places = [f"/cases/{case}", f"/cases/{case}/edit", f"/cases/{case}/revisions/1", "/cases", "/", "/trail"]
    shown = [page(client, place) for client in (author, sealer) for place in places]
    assert [("<script>alert" in one, "<img src=x" in one, "&lt;script&gt;" in one) for one in shown[:3]] == [
        (False, False, True)
    ] * 3
    assert [one for one in shown if "<script>alert" in one or "<img src=x" in one] == []
