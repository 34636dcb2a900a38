"""Every kind of forgery is found, and found where it is; and the two that cannot be, without an anchor, are not."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import random
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from tests.trail.conftest import Lived
from tests.trail.forging import Export, Found, verified
from workflow.audit import notes
from workflow.audit.canonical import canonical
from workflow.audit.notes import Checkpoint
from workflow.audit.verifier import zhengji_verify

pytestmark = pytest.mark.once

Forge = Callable[[Export], object]


@pytest.fixture
def judged(lived: Lived, tmp_path: Path) -> Callable[..., Found]:
    """`judged(forge)`: what is found, with the key pinned, when an export was forged; `anchored`: with the last anchor."""

    def judge(forge: Forge, *, anchored: bool = False, receipt: bool = False) -> Found:
        export = lived.export()
        forge(export)
        anchors = [lived.notes[-1].note] if anchored else []
        return verified(export.write(), tmp_path, lived.key, anchors, [lived.receipt] if receipt else [])

    return judge


def test_what_was_lived_holds(lived: Lived, tmp_path: Path) -> None:
    whole = [one.note for one in lived.notes]
    assert verified(lived.data, tmp_path, lived.key, whole, [lived.receipt]).all == []
    assert lived.export().write() == lived.data
    plain = f"{lived.notes[0].size}:{lived.notes[0].root}"
    assert verified(lived.data, tmp_path, lived.key, [plain]).all == []


def test_what_is_not_checked_is_said(lived: Lived, tmp_path: Path) -> None:
    told = "".join(zh for zh, _ in verified(lived.data, tmp_path).unchecked)
    assert "--key" in told
    assert "--anchor" in told
    told = "".join(zh for zh, _ in verified(lived.data, tmp_path, lived.key, [lived.notes[0].note]).unchecked)
    assert "--key" not in told
    assert "--anchor" not in told


# ---- entries ---------------------------------------------------------------------------------------------------------


def place(export: Export) -> int:
    """The entry that is forged: the review of the case that went all the way."""
    return export.at("case.review")


def test_a_changed_entry_is_found(lived: Lived, judged: Callable[..., Found]) -> None:
    at = place(lived.export())
    found = judged(lambda export: export.entries[at].change(remark="另一个理由"))
    assert found.codes == {"entry_changed"}
    assert f"entry {at}," in found.at("entry_changed")[0]


def test_a_changed_entry_with_its_own_hash_breaks_chain_and_tree(lived: Lived, judged: Callable[..., Found]) -> None:
    at = place(lived.export())

    def forge(export: Export) -> None:
        export.entries[at].change(remark="另一个理由")
        export.rehash(at)
        export.header["root"] = export.root()

    found = judged(forge)
    assert found.codes == {"chain_broken", "root_differs"}
    after = next(
        number
        for number, one in enumerate(lived.export().entries)
        if number > at and one.stream == lived.export().entries[at].stream
    )
    assert [f"entry {after}," in one for one in found.at("chain_broken")] == [True]


def forgeries() -> dict[str, Forge]:
    """Forgeries in which all that needs no key is computed anew."""

    def edited(export: Export) -> None:
        export.entries[place(export)].change(remark="另一个理由")

    def back_dated(export: Export) -> None:
        at = place(export)
        export.entries[at].change(at="2021-03-01T00:00:00+00:00")

    def deleted(export: Export) -> None:
        del export.entries[export.at("case.pass_over")]

    def deleted_and_renumbered(export: Export) -> None:
        del export.entries[export.at("case.return_to_centre")]
        export.renumber()

    def added(export: Export) -> None:
        at = export.at("case.pass_over")
        export.entries.insert(at, export.entries[export.at("document.attach")])
        export.renumber()

    def reordered(export: Export) -> None:
        at = place(export)
        export.entries[at], export.entries[at - 1] = export.entries[at - 1], export.entries[at]
        export.renumber()

    def swapped(export: Export) -> None:
        names = {"case/1": "case/2", "case/2": "case/1"}
        for one in export.entries:
            head, _, rest = one.stream.partition("/content")
            if head in names:
                one.change(stream=names[head] + ("/content" + rest if "/content" in one.stream else ""))
        export.renumber()

    def another_actor(export: Export) -> None:
        export.entries[place(export)].change(actor={"id": 99, "name": "某人"})

    return {
        one.__name__: one
        for one in (edited, back_dated, deleted, deleted_and_renumbered, added, reordered, swapped, another_actor)
    }


@pytest.mark.parametrize("name", forgeries())
def test_a_forgery_that_is_consistent_but_for_signatures_is_found(
    lived: Lived, judged: Callable[..., Found], name: str
) -> None:
    first = []

    def forge(export: Export) -> None:
        forgeries()[name](export)
        export.rechain()
        true = lived.export().entries
        forged = [one.hash for one in export.entries]
        first.append(next(at for at, one in enumerate(true) if forged[at : at + 1] != [one.hash]))

    found = judged(forge)
    wrong = [one.size for one in lived.notes if one.size > first[0]]
    assert f"checkpoint {wrong[0]}" in [*found.at("root_differs"), *found.at("tail_cut")][0]


def test_an_entry_left_out_of_the_middle_is_located(lived: Lived, judged: Callable[..., Found]) -> None:
    at = place(lived.export())

    def forge(export: Export) -> None:
        for number, one in enumerate(export.entries):
            one.index = number
        del export.entries[at]

    found = judged(forge)
    assert {"order_broken", "chain_gap", "tail_cut", "root_differs"} <= found.codes
    assert f"entry {at + 1}," in found.at("order_broken")[0]


def test_entries_that_changed_places_are_located(lived: Lived, judged: Callable[..., Found]) -> None:
    at = place(lived.export())

    def forge(export: Export) -> None:
        for number, one in enumerate(export.entries):
            one.index = number
        export.entries[at], export.entries[at - 1] = export.entries[at - 1], export.entries[at]

    found = judged(forge)
    assert f"entry {at}," in found.at("order_broken")[0]
    assert "root_differs" in found.codes


def test_another_number_in_the_chain_is_located(lived: Lived, judged: Callable[..., Found]) -> None:
    at = place(lived.export())

    def forge(export: Export) -> None:
        export.entries[at].change(seq=9)
        export.rehash(at)

    found = judged(forge)
    assert f"entry {at}," in found.at("chain_gap")[0]


def test_two_cases_cannot_change_trails(lived: Lived, judged: Callable[..., Found]) -> None:
    def forge(export: Export) -> None:
        for one in export.entries:
            if one.stream in ("case/1", "case/2"):
                one.change(stream={"case/1": "case/2", "case/2": "case/1"}[one.stream])

    found = judged(forge)
    true = lived.export().entries
    changed = [number for number, one in enumerate(true) if one.stream in ("case/1", "case/2")]
    assert [int(where.partition("entry ")[2].partition(",")[0]) for where in found.at("entry_changed")] == changed


# ---- the tail --------------------------------------------------------------------------------------------------------


def cut_neatly(lived: Lived, export: Export) -> None:
    """As if the last of it had never been: entries, checkpoints, tables and head all fit each other."""
    size = lived.notes[1].size
    del export.entries[size:]
    del export.notes[2:]
    export.rechain()


def test_a_cut_tail_is_found(lived: Lived, judged: Callable[..., Found]) -> None:
    found = judged(lambda export: export.entries.pop())
    assert {"tail_cut", "root_differs"} & found.codes
    assert "state_differs" in found.codes or "tail_cut" in found.codes
    size = lived.notes[-1].size
    assert any(f"checkpoint {size}" in where for where in found.at("tail_cut"))


def test_limit_a_neatly_cut_tail_passes_without_an_anchor(lived: Lived, judged: Callable[..., Found]) -> None:
    found = judged(lambda export: cut_neatly(lived, export))
    assert found.all == []
    assert any("--anchor" in zh for zh, _ in found.unchecked)


def test_an_anchor_finds_the_neatly_cut_tail(lived: Lived, judged: Callable[..., Found]) -> None:
    found = judged(lambda export: cut_neatly(lived, export), anchored=True)
    assert found.all == [("tail_cut", f"anchor {lived.notes[-1].size}")]


def test_a_receipt_finds_an_entry_that_is_gone(lived: Lived, judged: Callable[..., Found]) -> None:
    def forge(export: Export) -> None:
        del export.entries[export.at("case.stamp") :]
        export.notes.clear()
        export.rechain()

    found = judged(forge, receipt=True)
    held = json.loads(lived.receipt)
    called = f"receipt {held['stream']}#{held['seq']}"
    assert ("receipt_not_found", called) in found.all
    assert ("tail_cut", called) in found.all


@pytest.mark.parametrize("part", range(8))
def test_a_truncated_export_is_found_wherever_it_ends(lived: Lived, tmp_path: Path, part: int) -> None:
    ends = [place for place, sign in enumerate(lived.data, 1) if sign == 10][:-1]
    some = random.Random(part)
    ends += some.sample(range(1, len(lived.data) - 1), 200)
    for end in sorted(ends)[part::8]:
        found = verified(lived.data[:end], tmp_path, lived.key)
        assert found.codes & {"truncated", "no_header"}, end


# ---- checkpoints -----------------------------------------------------------------------------------------------------


def signed(lived: Lived, change: Callable[[bytes], bytes]) -> str:
    """The last checkpoint with another signature."""
    note = lived.notes[-1].note
    text, mark, encoded = note.rpartition(" ")
    return text + mark + base64.b64encode(change(base64.b64decode(encoded))).decode() + "\n"


L = 2**252 + 27742317777372353535851937790883648493


def malleated(raw: bytes) -> bytes:
    """The same signature with S + L: it satisfies the equation, and is another text."""
    s = int.from_bytes(raw[36:], "little") + L
    return raw[:36] + s.to_bytes(32, "little")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda raw: raw[:4] + bytes(64), "signature_wrong"),
        (lambda raw: raw[:-1] + bytes([raw[-1] ^ 1]), "signature_wrong"),
        (lambda raw: bytes(4) + raw[4:], "signature_wrong"),
        (malleated, "signature_wrong"),
        (lambda raw: raw[:-1], "signature_wrong"),
        (lambda raw: raw + b"\0", "signature_wrong"),
        (lambda raw: b"", "checkpoint_malformed"),
    ],
    ids=["nothing", "one bit", "another key's", "malleated", "short", "long", "empty"],
)
def test_a_forged_signature_is_found(
    lived: Lived, judged: Callable[..., Found], change: Callable[[bytes], bytes], code: str
) -> None:
    def forge(export: Export) -> None:
        export.notes[-1] = signed(lived, change)

    found = judged(forge)
    assert found.codes == {code}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda note: note.partition("\n\n")[0] + "\n\n", "checkpoint_malformed"),
        (lambda note: note.replace("=\ntime", "\ntime"), "checkpoint_malformed"),
        (lambda note: note.replace("zhengji/", "andere/"), "checkpoint_of_another_log"),
        (lambda note: note.replace("time 2021", "time 2020"), "signature_wrong"),
        (lambda note: note.replace("time 2021-0", "time 2021-9"), "checkpoint_malformed"),
        (lambda note: note + note, "checkpoint_malformed"),
        (lambda note: note + note.rpartition("\n\n")[2], "checkpoint_malformed"),
        (lambda note: note.strip() + "\n\n", "checkpoint_malformed"),
    ],
    ids=["stripped", "irregular", "another log's", "another time", "no time", "doubled", "signed twice", "spaced"],
)
def test_a_changed_checkpoint_is_found(judged: Callable[..., Found], change: Callable[[str], str], code: str) -> None:
    def forge(export: Export) -> None:
        export.notes[-1] = change(export.notes[-1])

    assert judged(forge).codes == {code}


def test_all_checkpoints_stripped_is_found_when_the_key_is_known(judged: Callable[..., Found]) -> None:
    assert judged(lambda export: export.notes.clear()).codes == {"no_checkpoint"}


def test_a_properly_signed_checkpoint_of_another_log_is_found(lived: Lived, tmp_path: Path) -> None:
    notes.make_key(tmp_path / "other.pem")
    other = notes.signer(tmp_path / "other.pem", "zhengji/other")
    export = lived.export()
    last = lived.notes[-1]
    export.notes.append(other.sign(Checkpoint("zhengji/other", last.size, last.root, last.at)))
    found = verified(export.write(), tmp_path, lived.key)
    assert found.codes == {"checkpoint_of_another_log"}
    assert verified(lived.data, tmp_path, other.key.text).codes >= {"another_log"}


def test_a_fork_is_found(lived: Lived, judged: Callable[..., Found]) -> None:
    last = lived.notes[-1]
    note = lived.signer.sign(Checkpoint(lived.signer.origin, last.size, "ab" * 32, last.at))
    found = judged(lambda export: export.notes.append(note))
    assert found.codes == {"fork"}
    assert f"checkpoint {last.size}" in found.at("fork")[0]


def resigned(lived: Lived, export: Export) -> None:
    """With the stolen key: another history, all of it signed anew."""
    export.entries[place(export)].change(remark="另一个理由")
    export.rechain()
    export.notes = [
        lived.signer.sign(Checkpoint(lived.signer.origin, one.size, export.root(one.size), one.at))
        for one in lived.notes
    ]


def test_limit_a_log_signed_anew_with_the_stolen_key_passes_without_an_anchor(
    lived: Lived, judged: Callable[..., Found]
) -> None:
    found = judged(lambda export: resigned(lived, export))
    assert found.all == []
    assert any("--anchor" in zh for zh, _ in found.unchecked)


def test_an_anchor_finds_a_log_signed_anew(lived: Lived, judged: Callable[..., Found]) -> None:
    found = judged(lambda export: resigned(lived, export), anchored=True)
    assert found.all == [("root_differs", f"anchor {lived.notes[-1].size}")]


def test_a_receipt_finds_that_its_entry_became_another(lived: Lived, judged: Callable[..., Found]) -> None:
    def forge(export: Export) -> None:
        held = json.loads(lived.receipt)
        at = next(one for one in export.entries if (one.stream, one.body["seq"]) == (held["stream"], held["seq"]))
        at.change(remark="另一个理由")
        export.rechain()
        export.notes = [
            lived.signer.sign(Checkpoint(lived.signer.origin, len(export.entries), export.root(), lived.notes[-1].at))
        ]

    found = judged(forge, receipt=True)
    assert {"receipt_differs", "root_differs"} == found.codes


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"origin": "zhengji/other"}, "another_log"),
        ({"hash": "ab" * 32}, "receipt_differs"),
        ({"seq": 4000}, "receipt_not_found"),
        ({"index": 0}, "proof_wrong"),
        ({"proof": []}, "proof_wrong"),
        ({"proof": None}, "proof_wrong"),
        ({"checkpoint": "nothing"}, "checkpoint_malformed"),
        ({"index": float("inf")}, "proof_wrong"),
        ({"seq": float("inf")}, "receipt_malformed"),
        ({"hash": None, "stream": None}, "receipt_not_found"),
    ],
)
def test_a_forged_receipt_is_found(lived: Lived, tmp_path: Path, change: dict[str, object], code: str) -> None:
    held = {**json.loads(lived.receipt), **change}
    assert code in verified(lived.data, tmp_path, lived.key, (), [json.dumps(held)]).codes


@pytest.mark.parametrize("text", ["", "[]", "no json", "{}", "null", "[" * 9999])
def test_what_is_no_receipt_is_said(lived: Lived, tmp_path: Path, text: str) -> None:
    assert verified(lived.data, tmp_path, lived.key, (), [text]).codes == {"receipt_malformed"}


# ---- times -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("days", [-1, 1])
def test_an_entry_properly_signed_at_an_impossible_time_is_found(
    lived: Lived, judged: Callable[..., Found], days: int
) -> None:
    at = lived.notes[1].size + 2

    def forge(export: Export) -> None:
        export.entries[at].change(at=(lived.notes[0].at + timedelta(days=days)).isoformat())
        export.rechain()
        export.notes[-1] = lived.signer.sign(
            Checkpoint(lived.signer.origin, len(export.entries), export.root(), lived.notes[-1].at)
        )

    found = judged(forge)
    assert found.all == [("time_impossible", f"entry {at}")]


def test_a_demos_times_are_not_checked_and_that_is_said(lived: Lived, judged: Callable[..., Found]) -> None:
    found = judged(lambda export: export.header.update(demo=True))
    assert found.all == []
    assert any("演示" in zh for zh, _ in found.unchecked)


# ---- lifecycles and tables -------------------------------------------------------------------------------------------


def properly(lived: Lived, forge: Forge) -> Forge:
    """The forgery, with everything computed and signed anew by the holder of the key."""

    def whole(export: Export) -> None:
        forge(export)
        export.rechain()
        export.notes = [
            lived.signer.sign(Checkpoint(lived.signer.origin, len(export.entries), export.root(), lived.notes[-1].at))
        ]

    return whole


@pytest.mark.parametrize(
    ("action", "change"),
    [
        ("case.review", {"role": "author"}),
        ("case.review", {"role": None}),
        ("case.review", {"from_state": "draft"}),
        ("case.review", {"to_state": "published"}),
        ("case.review", {"action": "case.publish"}),
        ("case.review", {"action": "case.invented"}),
        ("case.review", {"action": "batch.send"}),
        ("case.review", {"outcome": "refused"}),
        ("case.create", {"to_state": "submitted"}),
        ("case.create", {"action": "case.stamp"}),
        ("batch.send", {"role": "reviewer"}),
        ("push.acknowledge", {"from_state": "queued"}),
        ("case.migrate", {"role": "sealer"}),
        ("case.migrate", {"to_state": "published"}),
        ("case.migrate", {"action": "push.migrate"}),
    ],
)
def test_a_forbidden_move_is_found_though_properly_signed(
    lived: Lived, judged: Callable[..., Found], action: str, change: dict[str, object]
) -> None:
    at = lived.export().at(action)
    found = judged(properly(lived, lambda export: export.entries[at].change(**change)))
    assert "forbidden_move" in found.codes
    assert f"entry {at}," in found.at("forbidden_move")[0]


def test_a_step_left_out_is_a_forbidden_move(lived: Lived, judged: Callable[..., Found]) -> None:
    at = lived.export().at("case.review")

    def forge(export: Export) -> None:
        del export.entries[at]
        export.renumber()

    found = judged(properly(lived, forge))
    assert found.codes == {"forbidden_move"}


@pytest.mark.parametrize("change", [{"state": "published"}, {"version": 9}, {"head": "ab" * 32}])
def test_a_state_changed_in_the_table_only_is_found(judged: Callable[..., Found], change: dict[str, object]) -> None:
    found = judged(lambda export: export.things[0].update(change))
    assert found.codes == {"state_differs"}
    assert "case/1" in found.at("state_differs")[0]


def test_a_case_without_trail_and_a_trail_without_case_are_found(judged: Callable[..., Found]) -> None:
    def forge(export: Export) -> None:
        export.things[0]["stream"] = "case/99"

    found = judged(forge)
    assert found.codes == {"no_trail", "no_thing"}
    assert "case/99" in found.at("no_trail")[0]
    assert found.at("no_thing") == ["case/1"]


def test_a_state_that_is_told_twice_is_found(judged: Callable[..., Found]) -> None:
    """The last would count; a reader of the file may take the first for it."""
    found = judged(lambda export: export.things.insert(0, {**export.things[0], "state": "published"}))
    assert found.codes == {"thing_twice"}
    assert found.at("thing_twice")[0].endswith(", case/1")


@pytest.mark.parametrize("often", [1, 10**9], ids=["by patterns", "the long way"])
def test_an_entry_of_another_case_in_a_cases_chain_is_found_though_properly_signed(
    lived: Lived, judged: Callable[..., Found], monkeypatch: pytest.MonkeyPatch, often: int
) -> None:
    """It would stand in the one's receipts and be read in the other's course."""
    monkeypatch.setattr(zhengji_verify, "READER", zhengji_verify.Reader(often))
    at = lived.export().at("case.seal", 2)
    stream = lived.export().entries[at].stream
    found = judged(properly(lived, lambda export: export.entries[at].change(case_id=77)))
    assert found.codes == {"stray_entry"}
    assert f"entry {at}, {stream}#" in found.at("stray_entry")[0]


# ---- how it is written -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: raw.replace('":', '": ', 1),
        lambda raw: raw.replace('"seq":', '"seq":0', 1),
        lambda raw: '{"seq":1,' + raw[1:],
        lambda raw: raw.replace("理", "\\u7406", 1),
        lambda raw: raw.replace('"seq":', '"seq":1e0,"x":', 1),
        lambda raw: "{" + raw[1:-1] + ',"zz":NaN}',
        lambda raw: "{" + raw[1:-1] + ',"zz":1.0,"zz":1.0}',
        lambda raw: raw.replace("/", "\\/", 1),
        lambda raw: raw[:-1],
        lambda raw: "[" * 5000,
        lambda raw: '{"a":' * 3000 + "1" + "}" * 3000,
        lambda raw: raw.replace('"seq":', '"seq":' + "7" * 5000, 1),
        lambda raw: raw.replace('"remark":"', '"remark":"\\ud800', 1),
        lambda raw: raw.replace('"remark":"', '"remark":"' + "x" * 10_000_000 + "\\/", 1),
        lambda raw: raw.replace('"remark":"', '"remark":"\r\n', 1),
    ],
)
def test_an_entry_that_is_not_canonical_is_found(
    lived: Lived, judged: Callable[..., Found], change: Callable[[str], str]
) -> None:
    at = lived.export().at("case.stamp")

    def forge(export: Export) -> None:
        one = export.entries[at]
        assert change(one.raw) != one.raw
        one.raw = change(one.raw)

    found = judged(forge)
    assert found.codes & {"entry_not_canonical", "line_unreadable"}
    line = (found.at("entry_not_canonical") or found.at("line_unreadable"))[0]
    assert line.startswith("line ")


@pytest.mark.parametrize(
    "change",
    [
        lambda data: b"\xef\xbb\xbf" + data,
        lambda data: data.replace(b"\n", b"\r\n"),
        lambda data: data + b"\n",
        lambda data: data + data.splitlines(keepends=True)[1],
        lambda data: data.replace(b"\n", b"\n\n", 3),
        lambda data: b"",
        lambda data: b"\n",
        lambda data: b"{}\n",
        lambda data: b"\xff" * 100,
    ],
)
def test_a_file_that_is_written_otherwise_is_found(
    lived: Lived, tmp_path: Path, change: Callable[[bytes], bytes]
) -> None:
    assert verified(change(lived.data), tmp_path, lived.key).all


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (gzip.compress, "gzip"),
        (lambda data: b"\xef\xbb\xbf" + data, "encoding"),
        (lambda data: data.decode().encode("utf-16"), "encoding"),
        (lambda data: data.replace(b"\n", b"\r\n"), "CRLF"),
    ],
)
def test_what_programs_on_the_way_do_to_a_file_is_called_by_its_name(
    lived: Lived, tmp_path: Path, change: Callable[[bytes], bytes], said: str
) -> None:
    path = tmp_path / "export.jsonl"
    path.write_bytes(change(lived.data))
    [found] = zhengji_verify.Verification().file(str(path)).findings
    assert (found.code, found.where) == ("no_header", "line 1")
    assert said in found.en


def test_lines_of_ten_megabytes_are_read_and_judged(lived: Lived, judged: Callable[..., Found]) -> None:
    at = lived.export().at("case.stamp")
    found = judged(lambda export: export.entries[at].change(remark="}" * 10_000_000))
    assert found.codes == {"entry_changed"}
    assert f"entry {at}," in found.at("entry_changed")[0]


EMPTY = '{"body":{},"hash":"' + "ab" * 32 + '","index":INDEX,"kind":"event","prev":null,"priv":null}'


@pytest.mark.parametrize(
    "line",
    [
        '{"kind":"checkpoint","note":' + "[" * 5000,
        canonical({"kind": "checkpoint", "note": {"a": 1}}),
        canonical({"kind": "checkpoint"}),
        canonical({"kind": "thing", "stream": []}),
        canonical({"kind": "missing"}),
        canonical({"kind": "missing", "hash": 5, "index": "x"}),
        canonical({"hash": "", "index": 0, "kind": "private", "payload": 5, "salt": ""}),
        canonical({"hash": "", "index": [], "kind": "private", "payload": "", "salt": None}),
        canonical({"kind": "end", "lines": 3}),
        canonical({"kind": "event"}),
        canonical({"kind": ["log"]}),
        canonical({"kind": "log"}),
        EMPTY.replace("INDEX", "5"),
        EMPTY.replace("INDEX", "9" * 5000),
        "[]",
        "5",
        "",
    ],
)
def test_a_line_that_is_none_of_an_export_is_found_and_stops_nothing(lived: Lived, tmp_path: Path, line: str) -> None:
    lines = lived.data.splitlines(keepends=True)
    lines[5:5] = [line.encode() + b"\n"]
    found = verified(b"".join(lines), tmp_path, lived.key)
    assert any(where.startswith("line 6") for _, where in found.all), found.all
    assert found.at("file_changed")


def test_a_private_part_is_held_against_its_entry(lived: Lived, judged: Callable[..., Found]) -> None:
    places = [at for at, one in enumerate(lived.export().entries) if one.private]
    assert len(places) > 1

    def altered(export: Export) -> None:
        one = json.loads(export.entries[places[0]].private or "")
        one["payload"] = one["payload"].replace("{", "{ ", 1)
        export.entries[places[0]].private = canonical(one)

    def swapped(export: Export) -> None:
        first, second = (export.entries[at] for at in places[:2])
        first.private, second.private = second.private, first.private

    def rehashed(export: Export) -> None:
        one = json.loads(export.entries[places[0]].private or "")
        one["payload"], one["salt"] = "{}", "00" * 32
        one["hash"] = hashlib.sha256(bytes(32) + b"{}").hexdigest()
        export.entries[places[0]].private = canonical(one)

    def erased(export: Export) -> None:
        for at in places:
            export.entries[at].private = None

    def salted_less(export: Export) -> None:
        """The last of the salt passes for the first of the payload: what is hashed is the same."""
        place, salt = next((at, salt) for at in places if (salt := _salt(export, at))[-2:] < "80")
        one = json.loads(export.entries[place].private or "")
        one["salt"], one["payload"] = salt[:-2], chr(int(salt[-2:], 16)) + one["payload"]
        export.entries[place].private = canonical(one)

    def salted_more(export: Export) -> None:
        """The first of the payload passes for the last of the salt."""
        one = json.loads(export.entries[places[0]].private or "")
        one["salt"], one["payload"] = one["salt"] + one["payload"][0].encode().hex(), one["payload"][1:]
        export.entries[places[0]].private = canonical(one)

    found = judged(altered)
    assert found.codes == {"private_changed"}
    assert f"entry {places[0]}" in found.at("private_changed")[0]
    assert judged(salted_less).codes == {"private_changed"}
    assert judged(salted_more).codes == {"private_changed"}
    assert judged(rehashed).codes == {"private_changed"}
    assert judged(swapped).codes == {"private_changed"}
    assert judged(erased).all == []


def _salt(export: Export, place: int) -> str:
    return str(json.loads(export.entries[place].private or "")["salt"])


FLIPS = 2000


@pytest.mark.parametrize("often", [1, 10**9], ids=["by patterns", "the long way"])
@pytest.mark.parametrize("part", range(4))
def test_no_byte_can_be_flipped(
    lived: Lived, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: int, often: int
) -> None:
    """Neither where entries are read by patterns nor where each is read the long way."""
    monkeypatch.setattr(zhengji_verify, "READER", zhengji_verify.Reader(often))
    some = random.Random(205 + part + 4 * (often == 1))
    for _ in range(FLIPS // 8):
        data = bytearray(lived.data)
        at = some.randrange(len(data))
        data[at] ^= some.randrange(1, 256)
        assert verified(bytes(data), tmp_path, lived.key, [lived.notes[-1].note]).all, at
    assert bool(zhengji_verify.READER.patterns["case.stamp"]) is (often == 1)
