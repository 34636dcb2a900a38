"""What all peers share: the steps, the demands, and the audit row's words."""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Callable
from typing import Any

STATES = (
    "draft",
    "centre_stamped",
    "province_reviewed",
    "submitted",
    "shortlisted",
    "published",
    "wipo_pushed",
)
STEPS = ("stamp", "review", "submit", "shortlist", "publish", "push")
AT = "2021-03-20T10:00:00+08:00"
CLOSES = "2021-03-27T00:00:00+08:00"


def unmet(facts: dict[str, Any]) -> list[str]:
    """The demands that do not hold."""
    demands = {
        "open": facts["opens"] <= AT,
        "in time": (facts["last_day"] or CLOSES) > AT,
        "theme": bool(facts["theme"]),
        "length": 0 < facts["length"] <= 1500,
        "title": bool(facts["title"].strip()),
        "sections": all(text.strip() for text in facts["sections"].values()),
        "recipient": bool(facts["recipient"].strip()),
        "period": bool(facts["service_to"]),
        "form": len(facts["form"]) > 0 and all(value is not None for value in facts["form"].values()),
        "eligible": bool(facts["eligible"]),
        "sealed": bool(facts["seal_unit"].strip()),
        "seal names the unit": facts["seal_unit"] == facts["host_unit"],
        "seal unbroken": facts["seal_content"] == facts["content"],
        "not reported before": not facts["similar"],
    }
    return [name for name, holds in demands.items() if not holds]


def entry(case: int, step: str, previous: str, facts: dict[str, Any]) -> tuple[str, str]:
    """(Body, hash) of one audit row."""
    body = json.dumps(
        {"case": case, "action": step, "at": AT, "actor": 1, "facts": facts},
        ensure_ascii=False,
        sort_keys=True,
        default=str,
    )
    return body, hashlib.sha256(previous.encode() + body.encode()).hexdigest()


def measured(steps: Callable[[int, int], None], cases: int) -> None:
    """Takes the first cases through as a warm-up, then the others, and prints the seconds that one step takes."""
    warm = cases // 4
    for case in range(1, warm + 1):
        for place in range(len(STEPS)):
            steps(case, place)
    began = time.perf_counter()
    for case in range(warm + 1, cases + 1):
        for place in range(len(STEPS)):
            steps(case, place)
    sys.stdout.write(f"{(time.perf_counter() - began) / ((cases - warm) * len(STEPS))}\n")
