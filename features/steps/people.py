"""Who is meant by the words of the features."""

from __future__ import annotations

from typing import Any

from pytest_bdd import given, parsers

from rules.roles import Level, Role
from rules.words import Labelled
from states.reach import Actor
from tests.worlds import World
from workflow.identity import people

WHO = {
    "撰稿人": "author",
    "盖章人": "sealer",
    "另一位盖章人": "second_sealer",
    "撰稿兼盖章人": "author_and_sealer",
    "另一中心的撰稿人": "institute_author",
    "审核人": "reviewer",
    "负责人": "leader",
    "审核兼负责人": "reviewer_and_leader",
    "邻省的审核人": "neighbour_reviewer",
    "邻省的负责人": "neighbour_leader",
    "受理人": "desk",
    "受理兼编辑": "desk_and_editor",
    "主管": "director",
    "编辑": "editor",
    "国际联络人": "liaison",
    "评审专家": "judge",
    "审计员": "auditor",
    "管理员": "administrator",
    "盖章人代撰稿兼盖章人": "sealer for author_and_sealer",
    "撰稿人代撰稿兼盖章人": "author for author_and_sealer",
}


def person(world: World, who: str) -> Actor:
    return world.people[WHO[who]]


@given(parsers.re("(?P<who>.*)(?P<how>调任|兼任)(?P<role>.*)"))
def _moves(world: World, who: str, how: str, role: str) -> None:
    """Another role at its own level, in the first office: instead of the present ones, or beside them."""
    key, given_by, wanted = WHO[who], world.people["administrator"], named(Role, role)
    unit = world.offices["first"] if wanted.level is Level.OFFICE else None
    with world.database.transaction() as session:
        for held in world.people[key].grants if how == "调任" else ():
            people.revoke(session, world.people[key].id, held.role, held.unit, actor=given_by, at=world.at)
        people.grant(session, world.people[key].id, wanted, unit, actor=given_by, at=world.at)
        found = people.by_id(session, world.people[key].id)
        assert found is not None
        world.people = {**world.people, key: people.actor_of(found)}


def named(kind: type[Labelled], label: str) -> Any:
    """The member of that Chinese label."""
    return next(one for one in kind if one.label.zh == label)
