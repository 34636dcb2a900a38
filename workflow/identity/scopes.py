"""What a token may be used for; what is declared with it needs nothing else of tokens."""

from __future__ import annotations

from rules.words import Labelled


class Scope(Labelled):
    """What a token may be used for, of what its person may."""

    READ = "read", "查看", "Read"
    ACT = "act", "办理", "Act"
    GRAVE = "grave", "盖章、报送和发布", "Stamp, send and publish"
