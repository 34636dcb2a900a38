"""The mark that a paper carries, a print as a QR code: which paper it is, of which case or batch, and for which content."""

from __future__ import annotations

import re
from dataclasses import dataclass

from workflow.documents.receipt import qr_png


@dataclass(frozen=True)
class Mark:
    """What a paper says about itself. `kind`: "form", "summary", or "case" for a Word file; `number`: of the case or
    batch; `revision`: of the content (0 for a batch); `digest`: SHA-256 of the content on it, in hexadecimal."""

    kind: str
    number: str
    revision: int
    digest: str

    @property
    def text(self) -> str:
        """Capitals, digits, “-” and “:” only: a QR code holds these in little more than five bits each."""
        return f"ZHENGJI:1:{self.kind}:{self.number}:{self.revision}:{self.digest}".upper()


def code(mark: Mark) -> bytes:
    """The mark as a QR code (PNG), the same bytes each time."""
    return qr_png(mark.text, scale=6)


def understood(text: str) -> Mark | None:
    """The mark that a code holds; None for a code of anybody else."""
    found = _MARK.fullmatch(text)
    if found is None:
        return None
    return Mark(found["kind"].lower(), found["number"], int(found["revision"]), found["digest"].lower())


_MARK = re.compile(
    r"ZHENGJI:1:(?P<kind>FORM|SUMMARY|CASE):(?P<number>[A-Z0-9-]{1,60}):(?P<revision>\d{1,9}):(?P<digest>[0-9A-F]{64})"
)
