"""The log: one line for each entry whatever is in it, its request, and no secret."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from tests.attacks.sent import BREAKING
from tests.worlds import World
from workflow.operation import logs

pytestmark = pytest.mark.once


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What is written to a log that is set up as in service."""
    written = io.StringIO()
    root = logging.getLogger()
    before = (root.level, list(root.handlers), sys.stderr)
    monkeypatch.setattr(sys, "stderr", written)
    logs.set_up()
    yield written
    logging.captureWarnings(False)
    root.setLevel(before[0])
    root.handlers[:] = before[1]


def entries(log: io.StringIO) -> list[dict[str, str]]:
    return [json.loads(line) for line in log.getvalue().split("\n")[:-1]]


EVERY_SIGN = "".join(chr(number) for number in range(0x3000)) + "\ud800\ufeff\U000e0001中文"


@pytest.mark.parametrize("words", [EVERY_SIGN, *BREAKING])
def test_an_entry_is_one_line_that_gives_its_words_back(words: str):
    record = logging.LogRecord("zhengji.test", logging.WARNING, "", 0, "said: %s", (words,), None)
    written = logs.JsonLines().format(record)
    assert (len(written.splitlines()), json.loads(written)["says"]) == (1, f"said: {words}")
    assert [sign for sign in written if not sign.isprintable()] == []


def test_words_that_look_like_an_entry_make_no_second_one(log: io.StringIO):
    forged = 'x\n{"at": "2021-03-20T00:00:00+00:00", "level": "ERROR", "logger": "root", "says": "forged"}'
    logging.getLogger("zhengji.test").warning(forged)
    assert [one["level"] for one in entries(log)] == ["WARNING"]


def test_an_error_keeps_its_trace_in_the_same_line(log: io.StringIO):
    try:
        raise ValueError("first\nsecond\x1b[2J")
    except ValueError:
        logging.getLogger("zhengji.test").exception("broken")
    [entry] = entries(log)
    assert "ValueError: first\nsecond\x1b[2J" in entry["error"]


def test_an_entry_names_the_request_that_it_belongs_to(log: io.StringIO):
    token = logs.request_id.set("7f3a")
    logging.getLogger("zhengji.test").warning("inside")
    logs.request_id.reset(token)
    logging.getLogger("zhengji.test").warning("outside")
    assert [one.get("request") for one in entries(log)] == ["7f3a", None]


@pytest.mark.parametrize(
    ("words", "secret"),
    [
        ("password=hunter-2", "hunter-2"),
        ("{'csrf_token': 'IjNhZ', 'title': 'x'}", "IjNhZ"),
        ("GET /cases/1/seal/pages/1.png?ticket=eyJh.b-c&x=1", "eyJh.b-c"),
        ("Authorization: Bearer abc.def", "abc.def"),
        ("Authorization: Basic dXNlcg==", "dXNlcg"),
        ("Cookie: zhengji=.eJwlz; other=1", "eJwlz"),
        ("zhengji=.eJwlz", "eJwlz"),
        ("ZHENGJI_SECRET_KEY=abcdef", "abcdef"),
        ("smtp://mailer:hunter-2@mail.example:25", "hunter-2"),
        ("postgresql+psycopg://z:hunter-2@db/zhengji", "hunter-2"),
        ("tel 13812345678", "13812345678"),
        ("11010119900101123X", "11010119900101123X"),
    ],
)
def test_secrets_and_full_numbers_of_persons_stay_out(words: str, secret: str, log: io.StringIO):
    try:
        raise ValueError(words)
    except ValueError:
        logging.getLogger("zhengji.test").exception("%s", words)
    assert (secret in log.getvalue(), len(entries(log))) == (False, 1)


def test_receipts_days_and_digests_stay_readable(log: io.StringIO):
    words = f"case/7#3 2021-03-20T09:00:00 {'0123456789abcdef' * 4} 案例 2021-205-SF-0001"
    logging.getLogger("zhengji.test").warning(words)
    assert [one["says"] for one in entries(log)] == [words]


def test_what_was_written_to_the_database_is_not_in_the_message_of_its_error(world: World):
    with (
        pytest.raises(OperationalError if world.database.embedded else Exception) as failed,
        world.database.reading() as session,
    ):
        session.execute(text("select :words from nowhere"), {"words": "a sentence of a person"})
    assert "a sentence of a person" not in str(failed.value)
