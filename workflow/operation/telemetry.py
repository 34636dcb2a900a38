"""Traces for OpenTelemetry: requests, the statements they send, and the jobs they cause.

Its own variables (OTEL_EXPORTER_OTLP_ENDPOINT …) say where to; without them nothing of it is imported. A trace names
addresses by their template and statements without their values, and no person.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, event

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

_log = logging.getLogger("zhengji.telemetry")
_WHERE = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_provider: list[TracerProvider] = []
"""The one of this process, once it is set up."""


def wanted(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether somebody said where traces go, and did not turn them off."""
    off = environ.get("OTEL_SDK_DISABLED", "").lower() == "true" or environ.get("OTEL_TRACES_EXPORTER") == "none"
    return not off and any(environ.get(one) for one in _WHERE)


def on() -> bool:
    """Whether this process sends traces."""
    return bool(_provider)


def set_up(part: str, engine: Engine) -> None:
    """Send traces from now on, where that is wanted; `part` of the installation this process is, for its name.

    Whoever asks for traces without having installed the library is told in the log, and served nevertheless.
    """
    if on() or not wanted():
        return
    try:
        from opentelemetry import trace
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import SERVICE_NAME, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as missing:
        _log.error("traces are wanted (OTEL_…), but OpenTelemetry is not installed: %s", missing)
        return
    found = Resource.create()
    if str(found.attributes.get(SERVICE_NAME, "")).startswith("unknown_service"):  # nobody gave it a name
        found = found.merge(Resource({SERVICE_NAME: f"zhengji-{part}"}))
    provider = TracerProvider(resource=found, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    _provider.append(provider)
    _watch(engine)
    logging.getLogger("dbos").addFilter(_says_nothing_new)


def stop() -> None:
    """Send what was not sent yet."""
    while _provider:
        _provider.pop().shutdown()


def _says_nothing_new(record: logging.LogRecord) -> bool:
    """DBOS warns at each start that it sends no log: it is not to, the log goes to standard error."""
    return "logger provider not set" not in record.getMessage()


class Served:
    """The span of one request, current in this thread until it ends."""

    def __init__(self) -> None:
        from opentelemetry import context, trace

        self._span = trace.get_tracer("zhengji").start_span("request", kind=trace.SpanKind.SERVER)
        self._token = context.attach(trace.set_span_in_context(self._span))

    def answered(self, method: str, route: str, status: int, request: str) -> None:
        """What it came to. `request`: its number in the log."""
        from opentelemetry.trace import StatusCode

        self._span.update_name(f"{method} {route}")
        self._span.set_attribute("http.request.method", method)
        self._span.set_attribute("http.response.status_code", status)
        self._span.set_attribute("zhengji.request", request)
        if route:
            self._span.set_attribute("http.route", route)
        if status >= 500:
            self._span.set_status(StatusCode.ERROR)

    def end(self) -> None:
        from opentelemetry import context

        context.detach(self._token)
        self._span.end()


def current() -> Any:
    """What is being traced in this thread, for a job that it causes."""
    from opentelemetry import context

    return context.get_current()


def _watch(engine: Engine) -> None:
    """A span for each statement that is part of something traced; what the program asks by itself all day is not."""
    from opentelemetry import trace

    tracer = trace.get_tracer("zhengji")
    system = "sqlite" if engine.dialect.name == "sqlite" else "postgresql"

    @event.listens_for(engine, "before_cursor_execute")
    def _before(_connection: Any, _cursor: Any, statement: str, _values: Any, execution: Any, _many: bool) -> None:
        if execution is None or not trace.get_current_span().is_recording():
            return
        span = tracer.start_span(statement.split(None, 1)[0].upper(), kind=trace.SpanKind.CLIENT)
        span.set_attributes({"db.system.name": system, "db.query.text": statement})
        execution.zhengji_span = span

    @event.listens_for(engine, "after_cursor_execute")
    def _after(_connection: Any, _cursor: Any, _statement: str, _values: Any, execution: Any, _many: bool) -> None:
        if span := getattr(execution, "zhengji_span", None):
            span.end()

    @event.listens_for(engine, "handle_error")
    def _failed(failure: Any) -> None:
        if span := getattr(failure.execution_context, "zhengji_span", None):
            span.set_status(trace.StatusCode.ERROR, type(failure.original_exception).__name__)
            span.end()
