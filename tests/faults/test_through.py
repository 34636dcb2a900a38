"""From a click to the job that it causes, whichever process runs it: one number in every line, one trace of it all."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.attacks.forms import forms
from tests.faults.country import Country
from tests.faults.serving import Serving, Started, running
from tests.faults.site import Browser, Site, free_port
from tests.faults.waiting import until
from tests.web.conftest import HASHED
from tests.workflow.receivers import Mailbox, Web, web_server
from workflow.store import people as stored


@dataclass(frozen=True)
class Span:
    """One span as the receiver heard it."""

    service: str
    name: str
    trace: bytes
    number: bytes
    parent: bytes
    told: dict[str, str]


def spans(receiver: Web) -> list[Span]:
    found = []
    for heard in receiver.heard:
        assert (heard.method, heard.path) == ("POST", "/v1/traces")
        packed = heard.headers.get("Content-Encoding") == "gzip"
        sent = ExportTraceServiceRequest.FromString(gzip.decompress(heard.body) if packed else heard.body)
        for resource in sent.resource_spans:
            service = next(one.value.string_value for one in resource.resource.attributes if one.key == "service.name")
            for scope in resource.scope_spans:
                for one in scope.spans:
                    told = {each.key: each.value.string_value or str(each.value.int_value) for each in one.attributes}
                    found.append(Span(service, one.name, one.trace_id, one.span_id, one.parent_span_id, told))
    return found


@pytest.fixture
def receiver() -> Iterator[Web]:
    with web_server() as made:
        yield made


@dataclass(frozen=True)
class Installation:
    """A web process, and the process that runs its jobs: on SQLite the same one."""

    web: Serving
    jobs: Started
    batch: int

    def send_the_batch(self) -> str:
        """Somebody sends a batch, which queues its mail; gives the number of that request."""
        leader = Browser(self.web.address, "leader")
        leader.sign_in()
        address = f"/batches/{self.batch}/send"
        [form] = [one for one in forms(leader.open(f"/batches/{self.batch}").text) if one.action == address]
        answer = leader.send(address, form.fields)
        assert answer.status_code == 302, answer.text
        return answer.headers["X-Request-Id"]

    def lines(self) -> list[dict[str, str]]:
        """What the log says of the mail's job."""
        return [one for one in self.jobs.lines if one.get("job", "").startswith(f"mail_batch/{self.batch}/")]


Install = Callable[..., Installation]


@pytest.fixture
def install(here: Country, mailbox: Mailbox) -> Install:
    """`install(ZHENGJI_…="")`: the country's installation with a mail server that is not there, and these settings."""
    with here.world.database.transaction() as session:
        for person in here.world.people.values():
            stored.set_password(session, person.id, HASHED, end_sessions=False)

    def installed(**more: str) -> Installation:
        environ = Site(here, mailbox).environ | {"ZHENGJI_SMTP_URL": f"smtp://127.0.0.1:{free_port()}"} | more
        folder = here.world.folder
        web = Serving((), environ, folder / "web.log")
        jobs = web if here.world.database.embedded else Started(("worker",), environ, folder / "worker.log")
        return Installation(web, jobs, here.batches[0])

    return installed


def test_every_line_about_a_job_names_the_request_that_queued_it(install: Install) -> None:
    one = install()
    with running(one.web, one.jobs):
        number = one.send_the_batch()
        until(one.lines)
    assert {line["request"] for line in one.lines()} == {number}
    assert all("failed" in line["says"] for line in one.lines())


def test_one_trace_holds_the_request_its_statements_and_the_job(install: Install, receiver: Web) -> None:
    collector = receiver.url.removesuffix("/cases")
    one = install(OTEL_EXPORTER_OTLP_ENDPOINT=collector)
    with running(one.web, one.jobs):
        number = one.send_the_batch()
        until(one.lines)
    heard = spans(receiver)  # what was not sent before was sent at the end
    [request] = [span for span in heard if span.told.get("zhengji.request") == number]
    assert (request.name, request.service, request.parent) == (
        "POST /batches/<int:batch_id>/<trigger>",
        "zhengji-web",
        b"",
    )
    assert (request.told["http.response.status_code"], "batches/1" in str(request.told)) == ("302", False)
    within = [span for span in heard if span.trace == request.trace and span is not request]
    statements = [span for span in within if span.parent == request.number and "db.query.text" in span.told]
    assert any("INSERT INTO audit_event" in span.told["db.query.text"] for span in statements)
    job = next(span for span in within if span.name == "mail_batch")
    assert (job.parent, job.service) == (request.number, "zhengji-web" if one.jobs is one.web else "zhengji-worker")
    assert any(span.parent == job.number and "db.query.text" in span.told for span in within)
    names = {"leader", "示例省知识产权局"}
    assert [value for span in heard for value in span.told.values() if any(name in value for name in names)] == []


def test_what_the_program_asks_by_itself_all_day_is_no_trace(install: Install, receiver: Web) -> None:
    one = install(OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url.removesuffix("/cases"))
    with running(one.web, one.jobs):
        until(lambda: one.web.figures()["zhengji_log_unsigned_entries"] == 0)  # the sequencer was at it
    roots = {span.name for span in spans(receiver) if not span.parent}
    work = {"by_the_clock", "mail_checkpoints"}  # what comes by the clock, and once a day with a checkpoint, is work
    assert roots <= {"GET /readyz", "GET /metrics", *work}


def test_a_collector_that_is_not_there_keeps_nobody_from_working(install: Install) -> None:
    one = install(OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{free_port()}")
    with running(one.web, one.jobs):
        one.send_the_batch()
        until(one.lines)
        assert (one.web.stop(), one.jobs.stop()) == (0, 0)
