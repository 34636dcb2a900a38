"""Who is meant by the words of the features."""

from __future__ import annotations

from states.reach import Actor
from tests.worlds import World

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
}


def person(world: World, who: str) -> Actor:
    return world.people[WHO[who]]
