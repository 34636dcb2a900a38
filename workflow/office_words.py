"""What the unit between the centres and the national office is called: the call's own word, or one that fits all calls."""

from __future__ import annotations

from dataclasses import dataclass

from rules.call import Call, Recommender
from rules.roles import Level
from rules.words import Labelled, Text


@dataclass(frozen=True)
class OfficeWords:
    """`name`: as a heading says it; `short`: within a sentence; `own`: as it calls itself; `batch`: what it sends."""

    name: Text
    short: Text
    own: Text
    batch: Text

    @property
    def each(self) -> Text:
        """As counted: each of them."""
        return Text(self.name.zh, self.short.en)


NEUTRAL = OfficeWords(
    Text("主管部门", "Office"), Text("主管部门", "office"), Text("本单位", "office"), Text("汇总报送", "Batch")
)
"""For pages on several calls, and where centres recommend themselves."""
_OF = {
    Recommender.OFFICE: OfficeWords(
        Recommender.OFFICE.label, Text("省级", "office"), Text("本省", "office"), Text("省级汇总报送", "Batch")
    ),
    Recommender.MINISTRY: OfficeWords(
        Recommender.MINISTRY.label, Text("部门", "ministry"), Text("本部门", "ministry"), Text("部门汇总报送", "Batch")
    ),
}


def office_words(call: Call | None = None) -> OfficeWords:
    """Of one call, or of all."""
    return NEUTRAL if call is None else _OF.get(call.route.recommended_by, NEUTRAL)


def level_word(level: Labelled, call: Call | None = None) -> Text:
    """What a level, or a party to which a level belongs, is called under a call."""
    return office_words(call).name if level == Level.OFFICE else level.label
