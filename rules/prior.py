"""What has been reported before."""

from rules.facts import CaseFacts, Match, Ruling
from rules.roles import Level, Role
from rules.rule import Breach, rule
from rules.words import Text

_RANK = {Level.CENTRE: 0, Level.OFFICE: 1, Level.NATIONAL: 2}
_DECIDES = {Level.CENTRE: Role.REVIEWER, Level.OFFICE: Role.REVIEWER, Level.NATIONAL: Role.DESK}
_ELSEWHERE = Text(
    "与其他单位已报送的案例相近，正在比对，须由{decides}裁定。",
    "Close to a case reported elsewhere; the comparison is pending and the {decides} must rule.",
)
"""Says nothing of the other case: these words are also read by those who do not reach it."""


@rule(
    zh="与已报送的案例 {number}《{title}》相同或相近，尚未裁定。须由{decides}比对后裁定为“后续进展”或“不同案例”。",
    en="Same as or close to {number} “{title}”, already reported; the {decides} must compare the two and rule first.",
    lifted_by=(Role.REVIEWER, Role.DESK),
)
def not_reported_before(case: CaseFacts) -> Breach | None:
    """期间已报送过的案例不再重复报送；由有权比对的一级裁定。"""
    if case.matching:
        say = Text(
            "正在与已报送的案例比对，请稍候再试。", "Still being compared with earlier reports; try again shortly."
        )
        return Breach(say=say, mend="matches")
    due = [match for match in case.matches if _RANK[match.level] <= _RANK[case.level]]
    duplicates = [match for match in due if match.ruling is Ruling.DUPLICATE]
    if duplicates:
        say = Text(
            "已裁定与 {number}《{title}》重复，不再重复报送。如有异议，请由{decides}重新裁定。",
            "Ruled a duplicate of {number} “{title}”. The {decides} can reconsider the ruling.",
        )
        return _about(duplicates[0], say)
    undecided = [match for match in due if match.ruling is None]
    if not undecided:
        return None
    return _about(undecided[0], _ELSEWHERE if undecided[0].level is Level.NATIONAL else None)


def _about(match: Match, say: Text | None = None) -> Breach:
    role = _DECIDES[match.level]
    return Breach(
        say=say, number=match.number, title=match.title, decides=role.label, mend="matches", lifted_by=(role,)
    )
