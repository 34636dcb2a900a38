"""One text changed by two people who began with the same: part by part, and nothing of either is overwritten."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rules.call import Call
from rules.words import Text
from workflow.content import Content
from workflow.documents.template import tidy
from workflow.revisions import pieces

MINE, THEIRS = "mine", "theirs"
"""What somebody chooses where both changed one part differently."""

TITLE = "title"


@dataclass(frozen=True)
class Part:
    """The title or a section of a case, three ways. `name`: "title", or the section's id."""

    name: str
    label: Text
    base: str
    """What both began with."""
    theirs: str
    """What the case says now."""
    mine: str
    """What the file says."""

    @property
    def theirs_changed(self) -> bool:
        return tidy(self.theirs) != tidy(self.base)

    @property
    def mine_changed(self) -> bool:
        return tidy(self.mine) != tidy(self.base)

    @property
    def clash(self) -> bool:
        """Both changed it, and not to the same."""
        return self.theirs_changed and self.mine_changed and tidy(self.theirs) != tidy(self.mine)

    def taken(self, choice: str) -> str:
        """What it says in the end: whatever was changed; where both changed it, `choice`, and without one what stands."""
        if self.clash:
            return self.mine if choice == MINE else self.theirs
        return self.mine if self.mine_changed else self.theirs

    @property
    def change_of_theirs(self) -> tuple[tuple[str, str], ...]:
        return pieces(tidy(self.base), tidy(self.theirs))

    @property
    def change_of_mine(self) -> tuple[tuple[str, str], ...]:
        return pieces(tidy(self.base), tidy(self.mine))


def parts(call: Call, base: Content, theirs: Content, mine: Content) -> tuple[Part, ...]:
    """Title and sections in the order of the template."""
    return (
        Part(TITLE, Text("案例名称", "Title"), base.title, theirs.title, mine.title),
        *(
            Part(one.id, one.label, *(content.sections.get(one.id, "") for content in (base, theirs, mine)))
            for one in call.sections
        ),
    )


def merged(parts: tuple[Part, ...], theirs: Content, choices: Mapping[str, str]) -> Content:
    """What the case says now, with title and sections as the parts come out. `choices`: part → MINE or THEIRS."""
    texts = {one.name: one.taken(choices.get(one.name, "")) for one in parts}
    title = texts.pop(TITLE)
    return theirs.changed(title=title, sections={**theirs.sections, **texts})


def open_clashes(parts: tuple[Part, ...], choices: Mapping[str, str]) -> frozenset[str]:
    """The parts of which it is not said yet whose change counts."""
    return frozenset(one.name for one in parts if one.clash and choices.get(one.name) not in (MINE, THEIRS))
