"""An older database put back: the verifier names what is missing, by what people hold."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from states.case import CaseState
from tests.faults.conftest import Start
from tests.faults.country import Country
from tests.faults.players import Wish
from tests.faults.waiting import until
from workflow.audit import log, verification
from workflow.store import log as stored_log


def signed(here: Country) -> str:
    """The newest checkpoint, once it covers everything."""
    database = here.world.database

    def whole() -> bool:
        with database.reading() as session:
            newest = log.newest(session)
            return (
                newest is not None and newest.size == stored_log.head(session).size and not stored_log.waiting(session)
            )

    until(whole)
    with database.reading() as session:
        newest = log.newest(session)
    assert newest is not None
    return newest.note


def test_what_an_older_database_lacks_is_named_by_anchor_and_receipt(
    database_kind: str, here: Country, start: Start, tmp_path: Path
) -> None:
    if database_kind != "sqlite":
        pytest.skip("a file that is copied back; what a restored backup lacks is tested with the backup")
    database, case = here.world.database, here.drafts[0]
    database.close()
    name = Path(str(database.engine.url.database))
    older = [shutil.copyfile(path, tmp_path / path.name) for path in name.parent.glob(f"{name.name}*")]
    player = start(works=True)
    told = player.ask(Wish("1.1", "act", "sealer", case, {"trigger": "stamp"}))
    anchor = signed(here)
    player.leave()
    [(stream, seq, hashed)] = told.receipts
    with database.reading() as session:
        receipt = log.receipt(session, stream, seq, hashed)
        key = log.public_key(session)
    assert key is not None
    assert verification.verify(
        database, demo=True, key=key.text, anchors=[anchor], receipts=[json.dumps(receipt)]
    ).holds

    database.close()
    for path in name.parent.glob(f"{name.name}*"):
        path.unlink()
    for one in older:
        shutil.copyfile(one, name.parent / Path(one).name)
    stored_log.forget()
    assert here.world.state(case) is CaseState.DRAFT
    assert verification.verify(database, demo=True, key=key.text).holds  # by itself an older log is whole
    found = verification.verify(database, demo=True, key=key.text, anchors=[anchor], receipts=[json.dumps(receipt)])
    said = {(one.code, one.where) for one in found.problems}
    assert said == {
        ("tail_cut", f"anchor {anchor.splitlines()[1]}"),
        ("tail_cut", f"receipt {stream}#{seq}"),
        ("receipt_not_found", f"receipt {stream}#{seq}"),
    }
    with database.reading() as session, pytest.raises(log.OlderDatabase):
        log.check_seen(session, anchor)
