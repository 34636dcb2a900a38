"""What each application of a process would make anew although it comes out the same: kept, so that thousands can be made.

An application is made for almost every test of a page. Most of what that took went to compiling its templates and its routes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from werkzeug.routing import Rule


class _Compiled(BytecodeCache):
    """Templates by their name and text."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], Any] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._known.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._known[bucket.key, bucket.checksum] = bucket.code


def keep() -> None:
    """From now on, for every application of this process."""
    Flask.jinja_options = {**Flask.jinja_options, "bytecode_cache": _Compiled()}
    Rule._compile_builder = _once(Rule._compile_builder)  # type: ignore[method-assign]


def _once(compiled: Callable[..., Callable[..., Any]]) -> Callable[..., Callable[..., Any]]:
    """How addresses are built from a rule: that depends on nothing but the rule as it is written."""
    known: dict[tuple[Any, ...], Callable[..., Any]] = {}

    def made(rule: Rule, append_unknown: bool = True) -> Callable[..., Any]:
        written = (rule.rule, rule.host, rule.subdomain, repr(rule.defaults), append_unknown)
        if written not in known:
            known[written] = compiled(rule, append_unknown)
        return known[written]

    return made
