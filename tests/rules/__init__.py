"""Tests of rules: every rule on both sides of its boundary."""
