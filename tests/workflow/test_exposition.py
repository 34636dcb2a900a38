"""What Prometheus is told: attempts once they are committed, refusals by rule, and how the installation stands."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import insert, text, update

from states.reach import SYSTEM
from tests.worlds import World
from workflow import failpoints
from workflow.audit import log
from workflow.jobs.queue import enqueue
from workflow.operation.exposition import exposition
from workflow.settings import from_environment
from workflow.store import steps, trail
from workflow.store.database import Database
from workflow.store.figures import NEEDED, migrated
from workflow.store.migrations import Kind
from workflow.store.models import Job, SchemaStep


def said(database: Database) -> dict[str, float]:
    """Sample with its labels → value, as Prometheus reads what it is told."""
    families = text_string_to_metric_families(exposition(database).decode())
    return {
        " ".join([one.name, *(f"{name}={value}" for name, value in sorted(one.labels.items()))]): one.value
        for family in families
        for one in family.samples
    }


def counted(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0


def stamps(outcome: str) -> float:
    return counted("zhengji_transitions_total", lifecycle="case", step="stamp", outcome=outcome)


def test_an_attempt_counts_once_it_is_committed_and_by_its_outcome(world: World) -> None:
    ready, unsealed = world.case(), world.draft()
    done, refused = stamps("done"), stamps("refused")
    missing = counted("zhengji_refusals_total", rule="unit_seal_present")
    attempt = world.act(unsealed, "stamp")
    rules = [one.rule for one in attempt.findings]
    assert [rules.count("unit_seal_present"), len(rules)] == [1, len(set(rules))]
    with failpoints.armed("transaction.before_commit", failpoints.fail), pytest.raises(failpoints.Struck):
        world.act(ready, "stamp")
    assert (stamps("done"), stamps("refused")) == (done, refused + 1)
    world.act(ready, "stamp")
    assert (stamps("done"), stamps("refused")) == (done + 1, refused + 1)
    assert counted("zhengji_refusals_total", rule="unit_seal_present") == missing + 1


def test_a_form_sent_twice_counts_once(world: World) -> None:
    case, done = world.case(), stamps("done")
    for _ in range(2):
        world.act(case, "stamp", op="1.same")
    assert stamps("done") == done + 1


def test_work_that_waits_is_counted_by_queue_with_the_age_of_the_oldest(world: World) -> None:
    before = said(world.database)
    with world.database.transaction() as session:
        enqueue(session, "mail_batch", "mail_batch/7", 7)
        enqueue(session, "mail_notice", "a-notice", 8)
        enqueue(session, "deliver_push", "deliver_push/7/1", 7)
        long_ago = datetime.now(UTC) - timedelta(hours=2)
        session.execute(update(Job).where(Job.key == "mail_batch/7").values(queued_at=long_ago))
    found = said(world.database)
    mails = "queue=zhengji-mail state=waiting"
    assert f"zhengji_jobs {mails}" not in before
    assert found[f"zhengji_jobs {mails}"] == 2
    assert found["zhengji_jobs queue=zhengji state=waiting"] == 1
    assert 7200 <= found[f"zhengji_jobs_oldest_seconds {mails}"] < 7300


def test_work_of_a_kind_that_only_a_later_version_knows_is_counted_under_no_queue(world: World) -> None:
    new = {"key": "new/1", "name": "new_work", "arguments": [], "state": "queued", "queued_at": datetime.now(UTC)}
    with world.database.transaction() as session:
        session.execute(insert(Job).values(new))
    assert said(world.database)["zhengji_jobs queue= state=waiting"] == 1


def test_entries_without_a_place_and_without_a_checkpoint_are_counted(world: World, tmp_path: Path) -> None:
    log.sequence(world.database)
    with world.database.reading() as session:
        events = session.scalar(text("select count(*) from audit_event"))
    assert [said(world.database)[f"zhengji_log_{one}_entries"] for one in ("unplaced", "unsigned")] == [0, events]
    signed_by = log.signer(world.database, tmp_path / "key", datetime.now(UTC))
    log.sequence(world.database)
    log.checkpoint(world.database, signed_by, datetime.now(UTC) - timedelta(minutes=3))
    with world.database.transaction() as session:
        trail.append(session, [trail.Entry("test/1", "test.happen", "done", world.at, SYSTEM)])
    found = said(world.database)
    waits = 0 if world.database.embedded else 1
    assert (found["zhengji_log_unplaced_entries"], found["zhengji_log_unsigned_entries"]) == (waits, 1 - waits)
    assert 180 <= found["zhengji_log_checkpoint_age_seconds"] < 240


def test_connections_in_use_are_counted_while_they_are(world: World) -> None:
    url = world.database.engine.url.render_as_string(hide_password=False)
    database = Database.for_pages(from_environment({"ZHENGJI_DATABASE_URL": url}))
    before = counted("zhengji_connections_in_use")
    with database.reading() as one, database.reading() as other:
        one.connection(), other.connection()
        held = counted("zhengji_connections_in_use")
    assert (held - before, counted("zhengji_connections_in_use")) == (2, before)
    database.close()


@pytest.fixture
def gone(tmp_path: Path) -> Iterator[Database]:
    """A database that cannot be reached."""
    made = Database("postgresql+psycopg://nobody@/nothing?host=/nowhere")
    yield made
    made.close()


@pytest.mark.once
def test_a_database_that_is_away_is_told_with_everything_else(gone: Database) -> None:
    found = said(gone)
    assert (found["zhengji_database_up"], "zhengji_log_unplaced_entries" in found) == (0, False)
    assert any(name.startswith("process_") for name in found)


@pytest.mark.once
def test_the_last_migration_that_is_needed_is_known_without_the_library_that_runs_them() -> None:
    assert [one.revision for one in steps.steps() if one.kind is not Kind.CONTRACT][-1] == NEEDED


@pytest.mark.parametrize(
    ("number", "recorded", "fits"),
    [
        (NEEDED, "", True),
        ("0001", "", False),
        ("9999", "", False),
        ("9999", "expand", True),
        ("9999", "migrate", True),
        ("9999", "contract", False),
    ],
)
def test_tables_of_this_version_or_ones_added_to_will_do(number: str, recorded: str, fits: bool, world: World) -> None:
    owner = Database(world.database.owner_url)
    with owner.transaction() as session:
        session.execute(text("update alembic_version set version_num = :number"), {"number": number})
        if recorded:
            session.add(SchemaStep(revision=number, kind=recorded, at=world.at))
    owner.close()
    with world.database.reading() as session:
        assert migrated(session) is fits
        standing = steps.standing(session.connection())
    assert standing.serves is fits
