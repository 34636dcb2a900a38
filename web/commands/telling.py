"""How commands tell what they do: refusals in both languages, JSON, progress on standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from workflow.engine import CannotServe
from workflow.store.files import StoreAway


class Refusal(click.ClickException):
    """What was asked for is refused, with the reason; exit code 1."""

    exit_code = 1


@contextmanager
def refusals() -> Iterator[None]:
    """What the program cannot serve becomes a sentence in both languages, and exit code 1."""
    try:
        yield
    except CannotServe as problem:
        raise Refusal(f"{problem.message.zh}\n{problem.message.en}") from problem
    except StoreAway as problem:
        raise Refusal(f"材料库没有应答 / the document store does not answer:\n{problem}") from problem
    except Exception as problem:
        from workflow.store.trouble import Trouble, trouble

        if trouble(problem) is not Trouble.AWAY:
            raise
        said = getattr(problem, "orig", problem)
        raise Refusal(f"连不上数据库 / the database cannot be reached:\n{said}") from problem


def print_json(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


class Progress:
    """One line on standard error that moves on; where that is no terminal, one line for each stage."""

    def __init__(self) -> None:
        self._stage = ""
        self._told = -1

    def __call__(self, what: Any, done: int, total: int) -> None:
        share = done * 100 // total if total else 0
        if what.zh == self._stage and (share == self._told or not sys.stderr.isatty()):
            return
        if what.zh != self._stage:
            click.echo(f"{'' if not self._stage else chr(10)}{what.zh} / {what.en} …", err=True, nl=False)
        elif total:
            click.echo(f"\r{what.zh} / {what.en} … {share}%", err=True, nl=False)
        self._stage, self._told = what.zh, share

    def end(self) -> None:
        if self._stage:
            click.echo("", err=True)


def call_from(file: Path | None) -> Any:
    """The call in a file, by default the one shipped as 2021-205. Raises Refusal, with each of its problems."""
    from workflow.calls import CallRefused, current_call, read_call

    file = file or current_call()
    try:
        return read_call(file)
    except CallRefused as refused:
        told = "\n".join(f"{one.place}：{one.text.zh} / {one.text.en}" for one in refused.problems)
        raise Refusal(f"{file} 不能用 / cannot be used:\n{told}") from refused
