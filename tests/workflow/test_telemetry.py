"""Traces are sent where somebody asks for them, and cost nothing where nobody does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from workflow.operation import telemetry

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.once
ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}


@pytest.mark.parametrize(
    ("environ", "wanted"),
    [
        ({}, False),
        ({"OTEL_SERVICE_NAME": "zhengji"}, False),
        (ENDPOINT, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:9/v1/traces"}, True),
        (ENDPOINT | {"OTEL_SDK_DISABLED": "true"}, False),
        (ENDPOINT | {"OTEL_TRACES_EXPORTER": "none"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, False),
    ],
)
def test_its_own_variables_say_whether_traces_are_wanted(environ: dict[str, str], wanted: bool) -> None:
    assert telemetry.wanted(environ) is wanted


def said(program: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=os.environ | environ,
        capture_output=True,
        text=True,
        check=True,
    )


SET_UP = """
import sys
{before}
import web.wsgi
from workflow.operation import logs, telemetry
from workflow.store.database import Database
logs.set_up()
telemetry.set_up("web", Database("sqlite:////nowhere/never-opened.db").engine)
print(telemetry.on(), any(one.startswith("opentelemetry.sdk") for one in sys.modules))
telemetry.stop()
"""


def test_where_nobody_asks_nothing_is_loaded() -> None:
    assert said(SET_UP.format(before="")).stdout == "False False\n"


def test_where_somebody_asks_traces_are_on() -> None:
    assert said(SET_UP.format(before=""), **ENDPOINT).stdout == "True True\n"


def test_without_the_libraries_the_log_says_so_and_the_site_serves() -> None:
    done = said(SET_UP.format(before="sys.modules['opentelemetry'] = None"), **ENDPOINT)
    assert (done.stdout, "OpenTelemetry is not installed" in done.stderr) == ("False False\n", True)
