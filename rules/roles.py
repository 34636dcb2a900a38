"""Who works with cases, and at which level; the bare list, so that a rule can name who lifts it."""

from rules.words import Labelled


class Level(Labelled):
    """Where a role sits: each level sees and does other things."""

    CENTRE = "centre", "中心", "Centre"
    OFFICE = "office", "主管部门", "Office"
    NATIONAL = "national", "国家局", "National office"
    SYSTEM = "system", "系统", "System"


class Role(Labelled):
    """A grant of work; a person may hold several."""

    AUTHOR = "author", "撰稿人", "Author"
    SEALER = "sealer", "盖章人", "Sealer"
    REVIEWER = "reviewer", "审核人", "Reviewer"
    LEADER = "leader", "负责人", "Leader"
    DESK = "desk", "受理人", "Desk officer"
    DIRECTOR = "director", "主管", "Director"
    JUDGE = "judge", "评审专家", "Judge"
    EDITOR = "editor", "编辑", "Editor"
    TRANSLATOR = "translator", "翻译", "Translator"
    CHECKER = "checker", "校对", "Checker"
    LIAISON = "liaison", "国际联络人", "WIPO liaison"
    AUDITOR = "auditor", "审计员", "Auditor"
    ADMINISTRATOR = "administrator", "管理员", "Administrator"
    SYSTEM = "system", "系统", "System"

    @property
    def level(self) -> Level:
        """The level at which a grant of this role is given."""
        return _LEVELS.get(self, Level.NATIONAL)


_LEVELS = {
    Role.AUTHOR: Level.CENTRE,
    Role.SEALER: Level.CENTRE,
    Role.REVIEWER: Level.OFFICE,
    Role.LEADER: Level.OFFICE,
    Role.SYSTEM: Level.SYSTEM,
}
