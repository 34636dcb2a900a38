"""The facts that rules look at: plain values, gathered once per attempt by `workflow.store.facts`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from rules.call import Call, Phase, Window
from rules.roles import Level
from rules.words import Labelled, Text


class Ruling(Labelled):
    """What somebody decided about a case that looks like an earlier one."""

    DUPLICATE = "duplicate", "重复报送", "Duplicate"
    CONTINUATION = "continuation", "后续进展", "Continuation"
    DIFFERENT = "different", "不同案例", "Different case"


@dataclass(frozen=True)
class Match:
    """An earlier report that looks like this case. `level`: who decides about it, by whose report it is.

    An undecided match with another office's report bears neither number nor title (docs/decisions.md 6).
    """

    number: str
    title: str
    level: Level
    ruling: Ruling | None = None


@dataclass(frozen=True)
class CentreFacts:
    name: str
    host_unit: str
    kind: str
    eligible: bool = True
    preparing: bool = False
    """筹建: counts, and is shown as such."""
    id: str = ""


@dataclass(frozen=True)
class Attachment:
    """A file that an author put to a case for a paper of its call. `format`: by content, as the ending that we write."""

    paper: str
    name: str
    format: str
    size: int
    """In bytes."""
    digest: str = ""
    """SHA-256."""


GOOD = "good"
"""Of a signature that verifies."""
AWAITING = "awaiting"
"""Of one that is being verified anew, because who may issue certificates was changed."""
REVOKED = "revoked"
"""Of one whose certificate had been revoked when it was made."""


@dataclass(frozen=True)
class SealFacts:
    """A seal as a person confirmed it: `unit` is what it reads, empty when the scan bears none.

    `signature`: of an electronic seal, "good" or what is wrong with its signature; "" on paper.
    """

    unit: str
    content: str
    """Digest of the content that was sealed."""
    signature: str = ""

    @property
    def signature_holds(self) -> bool:
        return self.signature in ("", GOOD)


@dataclass(frozen=True)
class EnglishFacts:
    """The English version: `of` is the digest of the Chinese content that it translates."""

    of: str
    missing: tuple[str, ...] = ()
    open: int = 0
    """Paragraphs without English, or with that of an earlier wording."""
    captions_open: int = 0
    """Of the captions of the present pictures, how many have no English. No content holds them, so they are counted apart."""
    checker: int | None = None
    """Who read exactly this version against the Chinese, and passed it; None when nobody has."""


@dataclass(frozen=True)
class Tally:
    """How many cases of one phase, centre and theme an office has reported, this batch or case included."""

    phase: str
    centre: str
    kind: str
    theme: str
    count: int


@dataclass(frozen=True)
class CaseFacts:
    """Everything that a rule may look at about one case and one attempt."""

    call: Call
    at: datetime
    window: Window | None
    """The window of the level that reports, or would send again what is returned, extensions included; None where the
    case has no phase yet."""
    level: Level
    phase: Phase | None
    title: str
    theme: str
    theme_name: str
    """The theme written out, where the theme is the open end of the list."""
    sections: Mapping[str, str]
    length: int
    """字 of the body, as we count them."""
    least_length: int
    """字 of the body as the most lenient common program counts them; this is compared with the limit."""
    recipient: str
    service_from: date | None
    service_to: date | None
    form: Mapping[str, str]
    centre: CentreFacts
    content: str
    """Digest of text, fields and form: what seals and approvals are bound to."""
    seal: SealFacts | None = None
    matches: tuple[Match, ...] = ()
    matching: bool = False
    """A comparison with earlier reports is under way."""
    consent: str = ""
    """Who agreed to publication, in writing; empty when nobody has."""
    consent_abroad: str = ""
    """Who agreed that it goes abroad, in writing."""
    english: EnglishFacts | None = None
    effect: str = ""
    """Why the effect is outstanding, in the words of whoever judged it."""
    effect_confirmed_by: int | None = None
    """Who confirmed exactly these words, of exactly this content; nobody where the newest word on them is no."""
    sign_offs: tuple[int, ...] = ()
    """Persons who signed this content off for publication."""
    recall_confirmed: bool = False
    public_notice: Window | None = None
    """When the list that holds it stands in public, where that began since it was shortlisted."""
    hands: Mapping[str, frozenset[int]] = field(default_factory=dict)
    """Who had a hand in it: "author", "reviewer", "selector" … → persons."""
    actor: int = 0
    absent: int = 0
    """Whom the one who acts stands in for; 0 for nobody."""
    step: str = ""
    """The transition being examined."""
    remark: str = ""
    confirmed: frozenset[str] = frozenset()
    reasons: Mapping[str, str] = field(default_factory=dict)
    new_day: date | None = None
    """The last day for sending again that a return gives along."""
    pictures: int = 0
    """How many pictures its author's own Word file holds."""
    open_objections: int = 0
    """Objections to the list that holds it that are not answered yet."""
    upheld_objections: int = 0
    """Those upheld with the decision to take it off the shortlist."""
    decision_signers: tuple[int, ...] = ()
    """Who signed the decision that is being announced; nobody where a step is taken outside an announcement."""
    pictures_not_cleared: int = 0
    """Of these, how many of which it is not on record who allows them to be published."""
    attachments: tuple[Attachment, ...] = ()
    tally: tuple[Tally, ...] = ()
    """What its office's centres have reported, this case included, where centres report by themselves."""


@dataclass(frozen=True)
class LineFacts:
    """One case of a batch."""

    number: str
    title: str
    centre: str
    has_form_scan: bool
    has_document: bool


@dataclass(frozen=True)
class CentreCount:
    """How many cases a centre has reported over all phases, this batch included."""

    centre: str
    name: str
    count: int
    kind: str = ""


@dataclass(frozen=True)
class BatchFacts:
    """Everything that a rule may look at about one office's batch and one attempt."""

    call: Call
    at: datetime
    window: Window
    phase: Phase
    addressee: str
    seal_name: str
    """The name in the office's seal."""
    lines: tuple[LineFacts, ...]
    submitted_before: int
    """Cases of this office and phase, submitted and not since returned or withdrawn, outside this batch."""
    waived: bool
    """The director waived the minimum for this office and phase, on record."""
    final: bool
    """末批: the office's last batch of the last phase."""
    centres: tuple[CentreCount, ...]
    subject: str
    content: str
    seal: SealFacts | None = None
    hands: Mapping[str, frozenset[int]] = field(default_factory=dict)
    actor: int = 0
    absent: int = 0
    """Whom the one who acts stands in for; 0 for nobody."""
    step: str = ""
    remark: str = ""
    confirmed: frozenset[str] = frozenset()
    reasons: Mapping[str, str] = field(default_factory=dict)
    new_day: date | None = None
    tally: tuple[Tally, ...] = ()


@dataclass(frozen=True)
class CallFacts:
    """Everything that a rule may look at about a call as a whole."""

    call: Call
    at: datetime
    actor: int = 0
    step: str = ""
    remark: str = ""
    confirmed: frozenset[str] = frozenset()
    reasons: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class PushFacts:
    """Everything that a rule may look at about one delivery."""

    call: Call
    at: datetime
    acknowledged: bool = False
    recall_confirmed: bool = False
    actor: int = 0
    absent: int = 0
    """Whom the one who acts stands in for; 0 for nobody."""
    step: str = ""
    remark: str = ""
    confirmed: frozenset[str] = frozenset()
    reasons: Mapping[str, str] = field(default_factory=dict)


class Conflict(Labelled):
    """Why somebody must not judge a case."""

    INSTITUTION = "institution", "同一单位", "Same institution"
    PROVINCE = "province", "同一省份", "Same province"
    HAND = "hand", "经手过本案", "Had a hand in the case"
    NAMED = "named", "案例写到本人", "Named in the case"


@dataclass(frozen=True)
class Score:
    """What a judge says of a case by one criterion. `points`: None where none was given."""

    points: int | None
    reason: str = ""


@dataclass(frozen=True)
class JudgementFacts:
    """Everything that a rule may look at about one judge, one case and one attempt."""

    call: Call
    at: datetime
    in_selection: bool
    case_state: Text
    """As people call it."""
    conflicts: frozenset[Conflict] = frozenset()
    """As they were detected."""
    blind: bool = False
    showing: tuple[Text, ...] = ()
    """Where in the blind reading it can still be told whose case it is."""
    unseen: int = 0
    """Its pictures at which nobody has looked, to tell whether they name anybody."""
    scores: Mapping[str, Score] = field(default_factory=dict)
    """Criterion → what was given."""
    actor: int = 0
    step: str = ""
    remark: str = ""
    confirmed: frozenset[str] = frozenset()
    reasons: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ObjectionFacts:
    """Everything that a rule may look at about one objection and one attempt."""

    call: Call
    at: datetime
    notice: Window
    """When the list that it is about stood in public."""
    received_at: datetime
    known: bool
    """Whether it bears a name, or a unit's, and a way to reach it."""
    by_unit: bool = False
    sealed: bool = False
    evidence: int = 0
    """How many files."""
    complaint: bool = False
    """It came after the case was published."""
    actor: int = 0
    step: str = ""
    remark: str = ""
    confirmed: frozenset[str] = frozenset()
    reasons: Mapping[str, str] = field(default_factory=dict)
