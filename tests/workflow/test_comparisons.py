"""Earlier reports: who knows of a likeness, who compares and rules, and that a ruling is remembered both ways."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest
from sqlalchemy import insert

from rules.facts import Ruling
from rules.roles import Level
from states.case import CaseState
from tests.worlds import World, prose, went
from workflow import cases
from workflow.cases import NoSuchCase
from workflow.content import Content
from workflow.engine import NotPermitted, Receipt
from workflow.finding import comparisons
from workflow.finding.comparisons import Comparison, ReasonMissing
from workflow.store import prior
from workflow.store.models import Case, PriorReport
from workflow.store.prior import Similar

pytestmark = pytest.mark.not_reported_before

DRAFT, STAMPED, REVIEWED = CaseState.DRAFT, CaseState.CENTRE_STAMPED, CaseState.PROVINCE_REVIEWED
SUBMITTED = CaseState.SUBMITTED
EVERYBODY = ("author", "sealer", "reviewer", "leader", "neighbour_author", "neighbour_reviewer", "desk", "auditor")


def copied(world: World, case: int, **changes: Any) -> Content:
    """Content with the text of another case, under its own title and for its own served party."""
    return world.content(sections=world.content_of(case).sections, **changes)


def pair(world: World, centre: str, state: CaseState = DRAFT) -> tuple[int, int]:
    """A submitted case of a centre, and a copy of it by the university, as far as it gets."""
    earlier = world.case(SUBMITTED, centre=centre)
    later = world.draft(copied(world, earlier))
    world.seal(later)
    return earlier, world.walk(later, *{DRAFT: (), STAMPED: ("stamp",), REVIEWED: ("stamp", "review")}[state])


def known(world: World, case: int, person: str) -> list[Similar]:
    with world.database.reading() as session:
        return comparisons.of_case(session, session.get_one(Case, case), world.people[person])


def compare(world: World, case: int, other: int | str, person: str) -> Comparison:
    key = other if isinstance(other, str) else f"c{other}"
    with world.database.reading() as session:
        return comparisons.compare(session, case, key, actor=world.people[person])[1]


def can_compare(world: World, case: int, other: int | str, people: Sequence[str] = EVERYBODY) -> list[str]:
    """Who sees the two texts side by side; to all others there is no such comparison."""
    able = []
    for person in people:
        try:
            compare(world, case, other, person)
        except NoSuchCase:
            continue
        able.append(person)
    return able


def rule(
    world: World,
    case: int,
    other: int | str,
    ruling: Ruling,
    *,
    by: str = "reviewer",
    reason: str = "理由",
    op: str = "",
) -> Receipt:
    key = other if isinstance(other, str) else f"c{other}"
    with world.database.transaction() as session:
        return comparisons.rule(session, case, key, ruling, reason, actor=world.people[by], at=world.at, op=op)


def ask(world: World, case: int, other: int, *, by: str = "author", op: str = "") -> Receipt:
    with world.database.transaction() as session:
        return comparisons.ask(session, case, f"c{other}", "请裁定", actor=world.people[by], at=world.at, op=op)


def offered(world: World, case: int, trigger: str, person: str) -> list[str]:
    with world.database.reading() as session:
        found = cases.offers(session, session.get_one(Case, case), actor=world.people[person], at=world.at)
    [offer] = [one for one in found if one.transition.name == trigger]
    return [one.message.zh for one in offer.findings if one.rule == "not_reported_before"]


def imported(world: World, text: str, **changes: Any) -> str:
    """A report from before this system was used; gives the key of a pair with it."""
    values = {"source": "往年清单", "number": "2020-1", "title": "往年的案例", "text": text, "at": world.at}
    with world.database.transaction() as session:
        by = world.people["reviewer"].id
        made = session.execute(
            insert(PriorReport).values(**{**values, "by_id": by, **changes}).returning(PriorReport.id)
        ).scalar_one()
        prior.remember(session, text=text, prior_id=made)
    return f"p{made}"


# ---- the same centre -------------------------------------------------------------------------------------------------


def test_a_copy_of_the_centres_own_case_is_not_stamped_until_its_office_ruled(world: World) -> None:
    earlier, later = pair(world, "university")
    assert [(one.other_id, one.level, one.ruling) for one in known(world, later, "author")] == [
        (earlier, Level.CENTRE, None)
    ]
    assert [one.rule for one in world.act(later, "stamp").findings] == ["not_reported_before"]


def test_the_centre_sees_its_own_pair_in_full_and_asks_the_reviewer_who_otherwise_does_not_know(world: World) -> None:
    earlier, later = pair(world, "university")
    assert can_compare(world, later, earlier) == ["author", "sealer", "auditor"]
    ask(world, later, earlier)
    assert can_compare(world, later, earlier) == ["author", "sealer", "reviewer", "auditor"]
    with world.database.reading() as session:
        waiting = {key: len(comparisons.waiting(session, actor)) for key, actor in world.people.items()}
    assert {key for key, number in waiting.items() if number} == {"reviewer", "second_reviewer", "reviewer_and_leader"}


def test_only_the_centre_asks_and_one_form_asks_once(world: World) -> None:
    earlier, later = pair(world, "university")
    with pytest.raises(NoSuchCase):
        ask(world, later, earlier, by="reviewer")
    with pytest.raises(NotPermitted):
        ask(world, later, earlier, by="auditor")
    assert ask(world, later, earlier, op="form-1") == ask(world, later, earlier, op="form-1")
    assert len(world.events(later, "case.ask_ruling")) == 1


@pytest.mark.parametrize("ruling", [Ruling.CONTINUATION, Ruling.DIFFERENT])
def test_a_pair_ruled_no_duplicate_is_not_asked_again(world: World, ruling: Ruling) -> None:
    earlier, later = pair(world, "university")
    ask(world, later, earlier)
    rule(world, later, earlier, ruling)
    with world.database.reading() as session:
        assert comparisons.waiting(session, world.people["reviewer"]) == []
    world.walk(later, "stamp", "review", "submit", "shortlist")
    assert [(one.ruling, one.reason, one.ruled_by) for one in known(world, later, "author")] == [
        (ruling, "理由", "王审")
    ]


def test_a_pair_ruled_a_duplicate_stays_stopped_until_it_is_ruled_otherwise(world: World) -> None:
    earlier, later = pair(world, "university")
    ask(world, later, earlier)
    rule(world, later, earlier, Ruling.DUPLICATE)
    assert "已裁定与" in world.act(later, "stamp").findings[0].message.zh
    rule(world, later, earlier, Ruling.DIFFERENT)
    assert world.act(later, "stamp").done


# ---- the same office -------------------------------------------------------------------------------------------------


def test_a_copy_of_a_case_of_the_same_office_is_stamped_but_not_reviewed_until_ruled(world: World) -> None:
    earlier, later = pair(world, "institute", STAMPED)
    assert [one.rule for one in world.act(later, "review").findings] == ["not_reported_before"]
    rule(world, later, earlier, Ruling.DIFFERENT)
    assert world.act(later, "review").done


def test_the_centre_reads_number_and_title_of_its_offices_other_case_but_not_the_text(world: World) -> None:
    earlier, later = pair(world, "institute", STAMPED)
    assert [(one.number, one.level) for one in known(world, later, "author")] == [
        (world.row(earlier).number, Level.OFFICE)
    ]
    assert can_compare(world, later, earlier) == ["reviewer", "auditor"]


# ---- another office --------------------------------------------------------------------------------------------------


def across(world: World) -> tuple[int, int]:
    """A submitted case of the neighbour, and a submitted copy of it."""
    earlier, later = pair(world, "neighbour", REVIEWED)
    return earlier, world.walk(later, "submit")


def test_a_copy_from_another_office_is_submitted_but_not_shortlisted_until_the_desk_ruled(world: World) -> None:
    earlier, later = across(world)
    assert [one.rule for one in world.act(later, "shortlist").findings] == ["not_reported_before"]
    rule(world, later, earlier, Ruling.DIFFERENT, by="desk")
    assert world.act(later, "shortlist").done


def test_of_another_offices_case_the_others_learn_only_that_a_comparison_is_pending(world: World) -> None:
    earlier, later = across(world)
    assert {person: len(known(world, later, person)) for person in EVERYBODY} == {
        **dict.fromkeys(EVERYBODY, 0),
        "desk": 1,
        "auditor": 1,
    }
    with world.database.reading() as session:
        case = session.get_one(Case, later)
        pending = {key: comparisons.known(session, case, actor)[1] for key, actor in world.people.items()}
    assert [pending[person] for person in ("author", "reviewer", "leader", "desk", "auditor")] == [
        True,
        True,
        True,
        False,
        False,
    ]
    assert can_compare(world, later, earlier) == ["desk", "auditor"]
    [said] = offered(world, later, "shortlist", "reviewer")
    other = world.row(earlier)
    assert other.number not in said
    assert other.title not in said


def test_a_pending_comparison_is_nobodys_business_before_the_case_is_submitted(world: World) -> None:
    _, later = pair(world, "neighbour", REVIEWED)
    with world.database.reading() as session:
        case = session.get_one(Case, later)
        assert comparisons.known(session, case, world.people["author"])[1] is False


def test_ruled_a_duplicate_the_centre_reads_number_and_title_of_the_other_but_never_its_text(world: World) -> None:
    earlier, later = across(world)
    rule(world, later, earlier, Ruling.DUPLICATE, by="desk")
    assert [(one.number, one.title) for one in known(world, later, "author")] == [
        (world.row(earlier).number, world.row(earlier).title)
    ]
    assert can_compare(world, later, earlier) == ["desk", "auditor"]
    rule(world, later, earlier, Ruling.DIFFERENT, by="desk")
    assert known(world, later, "author") == []


def test_only_the_desk_rules_across_offices_and_only_the_office_within(world: World) -> None:
    earlier, later = across(world)
    for person in ("reviewer", "author", "neighbour_reviewer"):
        with pytest.raises(NoSuchCase):
            rule(world, later, earlier, Ruling.DIFFERENT, by=person)
    with pytest.raises(NotPermitted, match="desk officer"):
        rule(world, later, earlier, Ruling.DIFFERENT, by="auditor")
    own, copy = pair(world, "institute", STAMPED)
    with pytest.raises(NotPermitted, match="reviewer"):
        rule(world, copy, own, Ruling.DIFFERENT, by="author")
    with pytest.raises(NoSuchCase):
        rule(world, copy, own, Ruling.DIFFERENT, by="desk")


# ---- ruling ----------------------------------------------------------------------------------------------------------


def test_a_ruling_needs_a_reason_and_is_on_record_with_it(world: World) -> None:
    earlier, later = pair(world, "institute", STAMPED)
    with pytest.raises(ReasonMissing):
        rule(world, later, earlier, Ruling.DIFFERENT, reason="  ")
    rule(world, later, earlier, Ruling.DIFFERENT, reason=" 服务对象不同 ")
    [event] = world.events(later, "case.adjudicate")
    assert json.loads(event.body)["reason"] == "服务对象不同"
    assert event.person_id == world.people["reviewer"].id


def test_the_same_form_rules_once(world: World) -> None:
    earlier, later = pair(world, "institute", STAMPED)
    receipts = [rule(world, later, earlier, Ruling.DIFFERENT, op="form-1") for _ in range(2)]
    assert receipts[0] == receipts[1]
    assert len(world.events(later, "case.adjudicate")) == 1


def test_a_ruling_holds_for_the_pair_whichever_of_the_two_is_looked_at(world: World) -> None:
    """The earlier one comes back, and is then the later one of the two."""
    earlier, later = pair(world, "institute", STAMPED)
    rule(world, later, earlier, Ruling.DIFFERENT)
    world.walk(later, "review", "submit")
    again = world.draft(copied(world, earlier), centre="institute")
    assert {one.other_id: one.ruling for one in known(world, again, "institute_author")} == {
        earlier: None,
        later: None,
    }
    assert [one.ruling for one in known(world, later, "reviewer")] == [Ruling.DIFFERENT]
    with world.database.reading() as session:
        swapped = prior.find(session, [session.get_one(Case, later), session.get_one(Case, earlier)], together=True)
    assert [one.ruling for one in swapped[later]] == [Ruling.DIFFERENT]


def test_no_such_pair_is_there_for_anybody(world: World) -> None:
    one, other = world.case(SUBMITTED), world.case(STAMPED)
    for key in (f"c{one}", "c4711", "p1", "nonsense"):
        with pytest.raises(NoSuchCase):
            compare(world, other, key, "reviewer")
    with pytest.raises(NoSuchCase):
        compare(world, 4711, f"c{one}", "reviewer")


# ---- what is a match -------------------------------------------------------------------------------------------------


def test_a_draft_and_a_declined_case_were_never_reported(world: World) -> None:
    never = [world.case(DRAFT), world.case(CaseState.NOT_RECOMMENDED)]
    for case in never:
        later = world.draft(copied(world, case), centre="institute")
        assert known(world, later, "institute_author") == []


def test_a_case_that_was_not_selected_was_reported(world: World) -> None:
    earlier = world.case(CaseState.NOT_SELECTED)
    later = world.draft(copied(world, earlier), centre="institute")
    assert [one.other_id for one in known(world, later, "institute_author")] == [earlier]


def test_a_case_that_came_back_does_not_look_like_itself(world: World) -> None:
    case = world.walk(world.case(SUBMITTED), "return_to_office", "return_to_centre")
    assert known(world, case, "author") == []
    assert world.walk(case, "stamp", "review", "submit") == case


def test_the_same_centre_with_the_same_title_and_served_party_is_a_match_though_written_anew(world: World) -> None:
    earlier = world.case(SUBMITTED)
    before = world.content_of(earlier)
    same = world.content(title=before.title, recipient=before.recipient)
    assert [(one.other_id, one.why) for one in known(world, world.draft(same), "author")] == [(earlier, "title")]
    elsewhere = world.draft(same, centre="institute")
    assert known(world, elsewhere, "institute_author") == []


def test_another_text_is_no_match(world: World) -> None:
    world.case(SUBMITTED)
    assert known(world, world.draft(), "author") == []


def test_the_second_of_two_alike_in_one_batch_can_be_ruled_on_and_is_then_sent(world: World) -> None:
    first = world.case(REVIEWED)
    second = world.case(REVIEWED, copied(world, first), centre="institute")
    batch = world.batch([first, second])
    world.seal_summary(batch)
    went(world.act_on_batch(batch, "seal"))
    assert [one.rule for one in world.act_on_batch(batch, "send").findings] == ["not_reported_before"]
    assert [one.other_id for one in known(world, second, "reviewer")] == [first]
    assert known(world, first, "reviewer") == []
    rule(world, second, first, Ruling.DIFFERENT)
    assert world.act_on_batch(batch, "send").done


def test_two_alike_that_stand_in_one_list_of_drafts_are_no_earlier_reports_of_each_other(world: World) -> None:
    first = world.case(DRAFT)
    second = world.draft(copied(world, first))
    with world.database.reading() as session:
        assert prior.find(session, [session.get_one(Case, one) for one in (first, second)]) == {}


# ---- imported lists --------------------------------------------------------------------------------------------------


def test_an_imported_report_of_the_own_office_is_ruled_by_the_reviewer(world: World) -> None:
    case = world.case(STAMPED)
    key = imported(world, world.content_of(case).body, office_id=world.offices["first"])
    assert [(one.key, one.number, one.level) for one in known(world, case, "author")] == [(key, "2020-1", Level.OFFICE)]
    assert [one.rule for one in world.act(case, "review").findings] == ["not_reported_before"]
    shown = compare(world, case, key, "reviewer")
    assert (shown.other.number, shown.other.title) == ("2020-1", "往年的案例")
    rule(world, case, key, Ruling.CONTINUATION)
    assert world.act(case, "review").done


def test_an_imported_report_of_no_office_is_the_desks(world: World) -> None:
    case = world.case(SUBMITTED)
    key = imported(world, world.content_of(case).body)
    assert can_compare(world, case, key) == ["desk", "auditor"]
    assert [one.level for one in known(world, case, "desk")] == [Level.NATIONAL]


def test_an_imported_report_from_before_the_eligible_time_is_no_match(world: World) -> None:
    case = world.case(STAMPED)
    body, office = world.content_of(case).body, world.offices["first"]
    start = world.call.service_from
    imported(world, body, office_id=office, number="old", reported_on=date(start.year - 1, 12, 31))
    assert known(world, case, "author") == []
    imported(world, body, office_id=office, number="new", reported_on=start)
    assert [one.number for one in known(world, case, "author")] == ["new"]


# ---- side by side ----------------------------------------------------------------------------------------------------


def test_common_passages_carry_the_same_number_on_both_sides_and_nothing_is_lost(world: World) -> None:
    earlier = world.case(SUBMITTED)
    text = "\n".join(reversed(list(world.content_of(earlier).sections.values())))
    first = world.call.sections[0].id
    later = world.draft(world.content(sections={first: text + prose(random.Random(9), 40)}))
    shown = compare(world, later, earlier, "author")
    assert "".join(piece for piece, _ in shown.mine.pieces) == world.content_of(later).body
    assert "".join(piece for piece, _ in shown.other.pieces) == world.content_of(earlier).body
    mine, other = ({number: piece for piece, number in side.pieces if number} for side in (shown.mine, shown.other))
    assert mine == other
    assert len(mine) == len(world.call.sections)
    assert shown.common == sum(len(piece) for piece in mine.values())
