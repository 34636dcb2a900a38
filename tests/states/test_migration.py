"""A case moves to another version only where it can live on, and else is told why and what to do first."""

from dataclasses import replace
from itertools import product

from rules.call import Leg, Route
from rules.words import Text
from states.case import CASE, EDITABLE, CaseState
from states.migration import Placed, strands, to_be_written_anew
from states.route import lifecycle_of
from tests.make import call_2021
from tests.states.test_route import routes

S = CaseState
CALL = call_2021()


def under(route: Route):
    return replace(CALL, route=route)


def test_whatever_is_moved_stands_in_a_state_of_its_new_lifecycle() -> None:
    for before, after in product(routes(), repeat=2):
        for state in lifecycle_of(before).states:
            stuck = strands(Placed(str(state)), under(before), under(after))
            assert bool(stuck) is (state not in lifecycle_of(after).states), (before, after, state)
            assert all(one.why.zh and one.why.en and one.do.zh and one.do.en for one in stuck)


def test_the_same_version_strands_nothing() -> None:
    phase = CALL.phases[0]
    written = [part.id for part in CALL.sections]
    for state in CaseState:
        assert strands(Placed(str(state), phase.id, phase.themes[0], written), CALL, CALL) == []


def test_what_would_help_is_the_first_step_of_the_shortest_way() -> None:
    phase = CALL.phases[0]
    without = replace(CALL, phases=tuple(replace(one, id=f"new-{one.id}") for one in CALL.phases))
    [stamped] = strands(Placed(S.CENTRE_STAMPED, phase.id), CALL, without)
    [submitted] = strands(Placed(S.SUBMITTED, phase.id), CALL, without)
    assert ("退回中心修改" in stamped.do.zh or "撤销盖章" in stamped.do.zh, "退回省级" in submitted.do.zh) == (
        True,
        True,
    )
    [shortlisted] = strands(Placed(S.SHORTLISTED, phase.id), CALL, without)
    [published] = strands(Placed(S.PUBLISHED, phase.id), CALL, without)
    assert ("撤销入选" in shortlisted.do.zh, published.do.zh) == (True, "它可以留在原来的版本办理。")


def test_what_the_author_can_still_change_never_bars_a_case() -> None:
    phase = CALL.phases[0]
    theme = phase.themes[0]
    without = replace(CALL, themes={name: one for name, one in CALL.themes.items() if name != theme}, sections=())
    written = [CALL.sections[0].id]
    for state in map(str, CASE.states):
        case = Placed(state, phase.id, theme, written)
        places = [one.place for one in strands(case, CALL, without)]
        assert places == ([] if state in EDITABLE else ["themes", "sections"])
        assert len(to_be_written_anew(case, CALL, without)) == (2 if state in EDITABLE else 0)


def test_a_case_whose_push_is_under_way_stays_where_pushes_are_known() -> None:
    full, without = Route(), Route(tuple(one for one in Route().legs if one is not Leg.PUSH))
    [stuck] = strands(Placed(S.PUBLISHED, pushing=True), under(full), under(without))
    assert stuck.do == Text("等推送办结或撤回之后再转。", "Move it once the push is done or recalled.")
    assert strands(Placed(S.PUBLISHED), under(full), under(without)) == []
