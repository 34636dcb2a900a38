"""The log: each entry one JSON object on one line, whatever its words hold, and never a secret in it."""

from __future__ import annotations

import json
import logging
import logging.config
import re
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""The request that this thread serves, "" outside of one. Ours; what a browser calls its request is not taken over."""

job: ContextVar[str] = ContextVar("job", default="")
"""The key of the job that this thread works at, "" outside of one. `request_id` is then that of the request that queued it."""

_HIDDEN = "***"
_SECRET = re.compile(
    r"((?:(?:pass(?:word|wd)?|secret(?:_key)?|token|ticket|cookie|authorization)[\"']?\s*[=:]\s*|\bzhengji=)[\"']?)"
    r"(?:(?:bearer|basic)\s+)?[^\s\"'&;,]+",
    re.IGNORECASE,
)
_IN_URL = re.compile(r"(://[^\s/:@]*:)[^\s/@]+@")
_PHONE = re.compile(r"(?<!\d)(1[3-9]\d)\d{4}(\d{4})(?!\d)")
_IDENTITY = re.compile(r"(?<!\d)(\d{6})\d{8}(\d{3}[\dXx])(?![\dXx])")


def without_secrets(words: str) -> str:
    """Words with passwords, tokens and cookies left out, mobile and identity numbers shown by their ends only."""
    words = _SECRET.sub(rf"\1{_HIDDEN}", words)
    words = _IN_URL.sub(rf"\1{_HIDDEN}@", words)
    words = _IDENTITY.sub(r"\1********\2", words)
    return _PHONE.sub(r"\1****\2", words)


class JsonLines(logging.Formatter):
    """One JSON object on one line. What does not print (line ends, escapes, marks of direction) is written \\uXXXX."""

    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "says": without_secrets(record.getMessage()),
        }
        if number := request_id.get():
            entry["request"] = number
        if at_work := job.get():
            entry["job"] = at_work
        if record.exc_info:
            entry["error"] = without_secrets(self.formatException(record.exc_info))
        return _printable(json.dumps(entry, ensure_ascii=False))


def _printable(line: str) -> str:
    return "".join(one if one.isprintable() else json.dumps(one)[1:-1] for one in line)


def configuration() -> dict[str, Any]:
    """The log to standard error, for `logging.config.dictConfig`; libraries with loggers of their own write to it too."""
    plain = {"level": "WARNING", "handlers": ["lines"], "propagate": False}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": "workflow.operation.logs.JsonLines"}},
        "handlers": {"lines": {"class": "logging.StreamHandler", "formatter": "json", "stream": "ext://sys.stderr"}},
        "root": {"level": "WARNING", "handlers": ["lines"]},
        "loggers": {name: dict(plain) for name in ("_granian", "granian.access", "dbos")},
    }


def set_up() -> None:
    """Write the log of this process as JSON lines from now on."""
    logging.config.dictConfig(configuration())
    logging.captureWarnings(True)
