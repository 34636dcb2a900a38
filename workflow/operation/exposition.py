"""What is told to Prometheus: the counts of processes, and how the whole installation stands at that moment."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from prometheus_client import REGISTRY, CollectorRegistry, generate_latest, multiprocess
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from workflow.operation.processes import COUNTS
from workflow.store.database import Database
from workflow.store.figures import Figures, figures
from workflow.store.trouble import trouble

TYPE = "text/plain; version=0.0.4; charset=utf-8"


def exposition(database: Database) -> bytes:
    """Everything, in Prometheus' text format."""
    installation = CollectorRegistry()
    installation.register(Installation(database))
    return generate_latest(_counts()) + generate_latest(installation)


def _counts() -> CollectorRegistry:
    """This process's counts, or those of all processes that share a folder of them."""
    folder = os.environ.get(COUNTS)
    if not folder:
        return REGISTRY
    _forget_the_dead(Path(folder))
    shared = CollectorRegistry()
    multiprocess.MultiProcessCollector(shared, folder)
    return shared


def _forget_the_dead(folder: Path) -> None:
    """What a killed process had in use is in use no longer; what it counted stays."""
    for path in folder.glob("gauge_live*_*.db"):
        number = int(path.stem.rpartition("_")[2])
        if not Path(f"/proc/{number}").exists():
            multiprocess.mark_process_dead(number, str(folder))


class Installation(Collector):
    """How the installation stands now; where the database does not answer, only that."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def collect(self) -> Iterator[GaugeMetricFamily]:
        found = self._figures()
        yield GaugeMetricFamily("zhengji_database_up", "Whether the database answers", 1 if found else 0)
        if found:
            yield from _told(found, datetime.now(UTC))

    def _figures(self) -> Figures | None:
        try:
            with self._database.reading() as session:
                return figures(session)
        except Exception as error:
            if trouble(error) is None:
                raise
            return None


def _told(found: Figures, now: datetime) -> Iterator[GaugeMetricFamily]:
    where = ("queue", "state")
    jobs = GaugeMetricFamily("zhengji_jobs", "Jobs in a queue", labels=where)
    oldest = GaugeMetricFamily("zhengji_jobs_oldest_seconds", "Age of the oldest job in a queue", labels=where)
    for place, queued in sorted(found.jobs.items()):
        jobs.add_metric(place, queued.count)
        oldest.add_metric(place, max(0.0, (now - queued.oldest).total_seconds()))
    yield from (jobs, oldest)
    yield GaugeMetricFamily("zhengji_log_unplaced_entries", "Entries without a place in the log", found.unplaced)
    yield GaugeMetricFamily("zhengji_log_unsigned_entries", "Entries under no checkpoint", found.unsigned)
    if found.signed_at:
        age = (now - found.signed_at).total_seconds()
        yield GaugeMetricFamily("zhengji_log_checkpoint_age_seconds", "Age of the last checkpoint", age)
