"""Proofs of collections: comments, sign-offs, the web edition, errata; and honours."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pytest_bdd import given, parsers, then, when

from states.case import CaseState
from tests.worlds import World, went
from workflow.engine import CannotServe
from workflow.publishing import collection, editorial, proofing
from workflow.publishing.collection import NoSuchCollection
from workflow.publishing.public import Shown
from workflow.store import collection as stored
from workflow.store.living import Overtaken
from workflow.store.models import Case, Collection

SECOND = "desk_and_editor"
TITLE = "优秀案例集"


def _ordered(world: World, *cases: int) -> int:
    with world.database.transaction() as session:
        wanted = collection.Wanted(TITLE, cases, "原来的前言")
        made, _ = collection.order(session, wanted, actor=world.people["editor"], at=world.at)
    _made(world, made)
    return made


def _made(world: World, number: int) -> None:
    """Its files are made, as its background work leaves it; how they are is tried elsewhere."""
    with world.database.transaction() as session:
        for line in session.get_one(Collection, number).lines:
            stored.finish_line(session, number, line.position, session.get_one(Case, line.case_id).content, [])
        stored.finish(session, number, made_at=world.at)


def _version(world: World, number: int) -> int:
    with world.database.reading() as session:
        return session.get_one(Collection, number).version


def _sign(world: World, number: int, by: str) -> None:
    with world.database.transaction() as session:
        seen = session.get_one(Collection, number).version
        proofing.sign_off(session, number, seen, actor=world.people[by], at=world.at)


def _change(world: World, number: int, foreword: str, by: str = "editor", seen: int | None = None) -> None:
    with world.database.transaction() as session:
        version = session.get_one(Collection, number).version if seen is None else seen
        edit = proofing.Edit(TITLE, foreword)
        proofing.change(session, number, edit, version, actor=world.people[by], at=world.at)


def _comment(world: World, number: int) -> None:
    with world.database.transaction() as session:
        proofing.comment(session, number, "第三段漏字", None, actor=world.people["editor"], at=world.at)


def _settle(world: World, number: int) -> None:
    with world.database.transaction() as session:
        [open_] = proofing.find(session, number, actor=world.people["editor"]).comments
        proofing.settle(session, number, open_.id, "已补", actor=world.people["editor"], at=world.at)


def _release(world: World, number: int) -> None:
    with world.database.transaction() as session:
        proofing.release(session, number, actor=world.people["editor"], at=world.at)


def _tried(act: Callable[[], None]) -> CannotServe | None:
    try:
        act()
    except CannotServe as refusal:
        return refusal
    return None


@given("一本编成的案例集", target_fixture="book")
@given("一本没有公开的案例集", target_fixture="book")
def _book(world: World) -> int:
    return _ordered(world, world.case(CaseState.PUBLISHED))


@given("一本已公开的案例集", target_fixture="book")
def _released(world: World) -> int:
    return _out(world, world.case(CaseState.PUBLISHED))


def _out(world: World, *cases: int) -> int:
    made = _ordered(world, *cases)
    for one in ("editor", SECOND):
        _sign(world, made, one)
    _release(world, made)
    return made


@given(parsers.re("(?P<how>两位编辑.*|只有一位编辑.*|同一位编辑.*|提出的意见.*)"))
def _signed(world: World, book: int, how: str) -> None:
    if how.startswith("提出的意见"):
        _comment(world, book)
        _settle(world, book)
    _sign(world, book, "editor")
    if how == "同一位编辑签了两遍":
        assert _tried(lambda: _sign(world, book, "editor")) is not None
    if how.startswith(("两位编辑", "提出的意见")):
        _sign(world, book, SECOND)
    if how.endswith("被暗改"):  # past the proof, as by a hand in the database
        with world.database.transaction() as session:
            stored.finish(session, book, foreword="暗改的前言")
    if how.endswith("改了前言"):
        _change(world, book, "改过的前言")
        _made(world, book)
    if how.endswith("提了意见"):
        _comment(world, book)


@when("编辑公开网络版", target_fixture="refusal")
def _tried_to_release(world: World, book: int) -> CannotServe | None:
    return _tried(lambda: _release(world, book))


@then(parsers.re("网络版(?P<result>已经公开|没有公开)"))
def _out_or_not(world: World, book: int, refusal: CannotServe | None, result: str) -> None:
    with world.database.reading() as session:
        there = [one.id for one in proofing.editions(session)] == [book]
    assert (there, refusal is None) == (result == "已经公开", result == "已经公开")


@given("另一位编辑先改了前言", target_fixture="seen")
def _other_first(world: World, book: int) -> int:
    seen = _version(world, book)
    _change(world, book, "另一位编辑的前言", SECOND)
    return seen


@when("编辑按先前所见改前言", target_fixture="refusal")
def _late(world: World, book: int, seen: int) -> CannotServe | None:
    return _tried(lambda: _change(world, book, "后一位的前言", seen=seen))


@then("告知校样已有改动，校样上是另一位编辑的前言")
def _kept(world: World, book: int, refusal: CannotServe | None) -> None:
    assert isinstance(refusal, Overtaken)
    with world.database.reading() as session:
        assert session.get_one(Collection, book).foreword == "另一位编辑的前言"


@given(parsers.re("一条关于前言的意见，其后(?P<how>前言没有改动|前言有改动)"))
def _on_foreword(world: World, book: int, how: str) -> None:
    with world.database.transaction() as session:
        editor = world.people["editor"]
        proofing.comment(session, book, "语气再平实些", None, on_foreword=True, actor=editor, at=world.at)
    if how == "前言有改动":
        _change(world, book, "改过的前言")


@when("编辑查看校样", target_fixture="proof")
def _looked(world: World, book: int) -> proofing.Proof:
    with world.database.reading() as session:
        return proofing.find(session, book, actor=world.people["editor"])


@then(parsers.re("这条意见(?P<how>没有注明前言已改|注明前言已改)"))
def _marked(proof: proofing.Proof, how: str) -> None:
    assert [proof.outdated(one) for one in proof.comments] == [how == "注明前言已改"]


def _withdraw(world: World, number: int) -> None:
    with world.database.transaction() as session:
        proofing.withdraw(session, number, "版权有争议", actor=world.people["editor"], at=world.at)


@given("一本已撤下的案例集", target_fixture="book")
def _gone(world: World) -> int:
    made = _released(world)
    _withdraw(world, made)
    return made


@when("编辑撤下网络版", target_fixture="refusal")
def _tried_to_withdraw(world: World, book: int) -> CannotServe | None:
    return _tried(lambda: _withdraw(world, book))


@then(parsers.re("读者在原处(?P<result>读到撤下说明|什么也读不到)"))
def _notice(world: World, book: int, refusal: CannotServe | None, result: str) -> None:
    with world.database.reading() as session:
        gone = proofing.withdrawn(session, book)
        assert proofing.editions(session) == []
        with pytest.raises(NoSuchCollection):
            proofing.edition(session, book)
    told = (gone.withdrawn_why if gone else None, refusal is None)
    assert told == (("版权有争议", True) if result == "读到撤下说明" else (None, False))


@when("编辑登一条勘误", target_fixture="refusal")
def _correct(world: World, book: int) -> CannotServe | None:
    def act() -> None:
        with world.database.transaction() as session:
            proofing.correct(session, book, "“三件”应为“四件”", None, actor=world.people["editor"], at=world.at)

    return _tried(act)


@then(parsers.re("勘误(?P<result>登在网络版上|没有登出)"))
def _corrected(world: World, book: int, refusal: CannotServe | None, result: str) -> None:
    with world.database.reading() as session:
        try:
            said = [note.words for note, _ in proofing.edition(session, book).errata]
        except NoSuchCollection:
            said = []
    assert (said, refusal is None) == ((["“三件”应为“四件”"], True) if result == "登在网络版上" else ([], False))


@given(parsers.re("一本已公开的案例集，其中一件案例(?P<state>已发布|还没有发布|发布后又撤下)"), target_fixture="book")
def _with(world: World, state: str) -> int:
    other = world.case(CaseState.SHORTLISTED if state == "还没有发布" else CaseState.PUBLISHED)
    made = _out(world, world.case(CaseState.PUBLISHED), other)
    if state == "发布后又撤下":
        went(world.act(other, "retract"))
    return made


@when("读者打开网络版", target_fixture="edition")
def _read(world: World, book: int) -> proofing.Edition:
    with world.database.reading() as session:
        return proofing.edition(session, book)


@then(parsers.re("那件案例(?P<result>列有题目|只计入件数)"))
def _shown(edition: proofing.Edition, result: str) -> None:
    assert (len(edition.book.chapters), edition.hidden) == ((2, 0) if result == "列有题目" else (1, 1))


@given(parsers.re("编辑(?P<how>登记了一项荣誉|登记了两项荣誉|登记了两项荣誉又撤销一项|没有登记荣誉)"))
def _honoured(world: World, case: int, how: str) -> None:
    names = [] if how == "没有登记荣誉" else ["十佳案例"] if "一项荣誉" in how else ["十佳案例", "最受欢迎案例"]
    editor = world.people["editor"]
    with world.database.transaction() as session:
        for name in names:
            editorial.give_honour(session, case, name, None, actor=editor, at=world.at)
        if how.endswith("撤销一项"):
            first = editorial.honours(session, case)[0].id
            editorial.end_honour(session, case, first, actor=editor, at=world.at)


@then(parsers.re("公开页面(?P<result>列有一项荣誉|列有两项荣誉|没有列荣誉)"))
def _honours(page: Shown | None, result: str) -> None:
    assert page is not None
    assert len(page.honours) == {"列有一项荣誉": 1, "列有两项荣誉": 2, "没有列荣誉": 0}[result]
