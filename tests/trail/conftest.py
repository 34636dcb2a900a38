"""One real trail, with its key, checkpoints and receipts, exported once for all tests that forge it."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from states.case import CaseState
from tests.trail.forging import Export
from tests.worlds import CALL_2021, Databases, World, world_under
from workflow.audit import log
from workflow.audit.export import export
from workflow.audit.notes import Signer
from workflow.calls import amending


@dataclass(frozen=True)
class Lived:
    """A trail as it was lived. `receipt`: of the stamp, as its holder keeps it; `notes`: its checkpoints, the oldest first."""

    data: bytes
    key: str
    signer: Signer
    notes: tuple[log.Signed, ...]
    receipt: str

    def export(self) -> Export:
        return Export.read(self.data)


def live(world: World, folder: Path) -> Lived:
    """Walk cases through their states, with refusals and ways back, signing in between."""
    signer, notes = log.signer(world.database, folder / "key.pem", world.at), []

    def sign() -> None:
        log.sequence(world.database)
        made = log.checkpoint(world.database, signer, world.at + timedelta(minutes=len(notes)))
        assert made is not None
        notes.append(made)

    first = world.case(CaseState.CENTRE_STAMPED)
    sign()
    stamp = world.events(first)[-1]
    world.case(CaseState.WIPO_PUSHED)
    sign()
    world.case(CaseState.RETURNED)
    world.case(CaseState.NOT_SELECTED)
    world.extend_by_amendment(timedelta(days=7))
    with world.database.transaction() as session:
        amending.migrate(session, world.call.number, actor=world.people["director"], at=world.at)
    with world.database.reading() as session:
        receipt = json.dumps(log.receipt(session, stamp.stream, stamp.seq, stamp.hash))
    sign()
    out = io.BytesIO()
    with world.database.reading() as session:
        export(session, out, demo=False, personal=True)
    return Lived(out.getvalue(), signer.key.text, signer, tuple(notes), receipt)


@pytest.fixture(scope="module")
def lived(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    folder = tmp_path_factory.mktemp("lived")
    with world_under(databases, CALL_2021, folder) as world:
        yield live(world, folder)
