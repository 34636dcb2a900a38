"""Tests of rules: every rule on both sides of its boundary."""

from typing import Any

from rules.rule import Finding, Rule


def found(rule: Rule[Any], facts: Any) -> Finding:
    """What a rule finds; the test fails where the rule holds."""
    finding = rule.examine(facts)
    assert finding is not None, f"{rule.id} holds"
    return finding
