"""The stand-alone verifier: its own arithmetic, and that it stands alone."""

from __future__ import annotations

import ast
import base64
import hashlib
import json
import multiprocessing
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.trail.conftest import Lived
from workflow.audit import merkle
from workflow.audit.canonical import canonical
from workflow.audit.notes import Key as OurKey
from workflow.audit.verifier import zhengji_verify
from workflow.audit.verifier.zhengji_verify import Key, Reader, Tree, WrongUse, digest, sm3

pytestmark = pytest.mark.once

FILE = Path(zhengji_verify.__file__)


def run(folder: Path, *words: str, python: str = sys.executable) -> subprocess.CompletedProcess[str]:
    """The verifier as an office runs it: another folder, no installed package, nothing of ours importable."""
    alone = folder / "zhengji_verify.py"
    alone.write_bytes(FILE.read_bytes())
    command = [python, "-I", "-S", str(alone), *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, encoding="utf-8", check=False)


# ---- it stands alone ----


def test_it_is_python_of_long_ago_and_needs_no_library() -> None:
    tree = ast.parse(FILE.read_text("utf-8"), feature_version=(3, 8))
    asked = {one.names[0].name for one in ast.walk(tree) if isinstance(one, ast.Import)}
    asked |= {str(one.module) for one in ast.walk(tree) if isinstance(one, ast.ImportFrom)}
    assert asked <= sys.stdlib_module_names | {"__future__"}


@pytest.mark.parametrize("name", ["python3.8", "python3.9", "python3.10"])
def test_an_older_python_runs_it(lived: Lived, tmp_path: Path, name: str) -> None:
    found = shutil.which(name)
    if found is None or run(tmp_path, "--help", python=found).returncode == 127:
        pytest.skip(f"no {name} here")
    (tmp_path / "trail.jsonl").write_bytes(lived.data)
    done = run(tmp_path, "trail.jsonl", "--key", lived.key, python=found)
    assert (done.returncode, done.stderr) == (0, "")


def test_an_office_verifies_an_export_with_key_anchor_and_receipt(lived: Lived, tmp_path: Path) -> None:
    (tmp_path / "trail.jsonl").write_bytes(lived.data)
    (tmp_path / "anchor.txt").write_text(lived.notes[-1].note, "utf-8")
    (tmp_path / "receipt.json").write_text(lived.receipt, "utf-8")
    held = ("--key", lived.key, "--anchor", "anchor.txt", "--receipt", "receipt.json")
    done = run(tmp_path, "trail.jsonl", *held, "--json")
    said = json.loads(done.stdout)
    assert (done.returncode, said["findings"], said["checkpoints"]) == (0, [], len(lived.notes))
    assert said["entries"] == len(lived.export().entries)
    shown = run(tmp_path, "trail.jsonl", *held)
    assert "成立 / holds" in shown.stdout


def test_it_says_what_is_wrong_in_both_languages_and_by_its_exit_code(lived: Lived, tmp_path: Path) -> None:
    export = lived.export()
    export.entries[3].change(remark="x")
    (tmp_path / "trail.jsonl").write_bytes(export.write())
    done = run(tmp_path, "trail.jsonl", "--key", lived.key)
    assert done.returncode == 1
    assert "[entry_changed]" in done.stdout
    assert "entry 3," in done.stdout
    assert "内容与哈希不符" in done.stdout
    assert "it was changed" in done.stdout


def test_a_file_cannot_write_its_own_verdict_on_the_screen(lived: Lived, tmp_path: Path) -> None:
    """Signs that clear the screen, go back, end a line or turn its direction stand there as numbers."""
    export = lived.export()
    export.entries[3].change(stream="x\x1b[2J\x1b[H\n成立 / holds：9 条\r\u202e\u2028")
    (tmp_path / "trail.jsonl").write_bytes(export.write())
    done = run(tmp_path, "trail.jsonl", "--key", lived.key)
    assert done.returncode == 1
    assert "x\\u001b[2J\\u001b[H\\u000a成立 / holds：9 条\\u000d\\u202e\\u2028#" in done.stdout
    assert not set("\x1b\r\u202e\u2028") & set(done.stdout)
    assert not [line for line in done.stdout.splitlines() if line.startswith("成立")]


def test_a_receipt_of_half_characters_is_told_and_ends_nothing(lived: Lived, tmp_path: Path) -> None:
    held = {**json.loads(lived.receipt), "stream": "case/\ud800", "origin": "\udfff"}
    (tmp_path / "trail.jsonl").write_bytes(lived.data)
    (tmp_path / "receipt.json").write_text(json.dumps(held), "ascii")
    for more in ((), ("--json",)):
        done = run(tmp_path, "trail.jsonl", "--key", lived.key, "--receipt", "receipt.json", *more)
        assert (done.returncode, done.stderr) == (1, "")
        assert "another_log" in done.stdout


@pytest.mark.parametrize("encoding", ["gbk", "ascii"])
def test_it_speaks_where_the_screen_lacks_a_sign(lived: Lived, tmp_path: Path, encoding: str) -> None:
    """Redirected on a Chinese Windows, Python writes GBK, which has no ✗."""
    export = lived.export()
    export.entries[3].change(remark="x")
    (tmp_path / "trail.jsonl").write_bytes(export.write())
    alone = tmp_path / "zhengji_verify.py"
    alone.write_bytes(FILE.read_bytes())
    done = subprocess.run(
        [sys.executable, str(alone), "trail.jsonl"],
        cwd=tmp_path,
        capture_output=True,
        check=False,
        env={"PYTHONIOENCODING": encoding},
    )
    assert (done.returncode, done.stderr) == (1, b"")
    assert b"\\u2717 [entry_changed]" in done.stdout


@pytest.mark.parametrize(
    "words",
    [
        ("nowhere.jsonl",),
        (),
        ("trail.jsonl", "--key", "no key"),
        ("trail.jsonl", "--key", "\udcff+\udcff+"),
        ("trail.jsonl", "--nonsense"),
    ],
)
def test_wrong_use_is_told_apart(lived: Lived, tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / "trail.jsonl").write_bytes(lived.data)
    done = run(tmp_path, *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_many_processes_find_what_one_finds(
    lived: Lived, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    """Also where a process starts from nothing, as on Windows."""
    export = lived.export()
    export.entries[3].change(remark="x")
    del export.entries[40]
    data = export.write()
    (tmp_path / "trail.jsonl").write_bytes(data + data.splitlines(keepends=True)[-1])
    monkeypatch.setattr(zhengji_verify, "multiprocessing", multiprocessing.get_context(method))
    monkeypatch.setattr(zhengji_verify, "PIECE", 1000)
    monkeypatch.setattr(zhengji_verify, "WORTHWHILE", 2)
    alone, together = (
        zhengji_verify.Verification(Key(lived.key)).file(str(tmp_path / "trail.jsonl"), processes=many).as_json()
        for many in (1, 3)
    )
    assert {"entry_changed", "chain_gap", "after_the_end"} <= {one["code"] for one in alone["findings"]}
    assert alone == together


def test_a_killed_process_is_no_verification(lived: Lived, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "trail.jsonl").write_bytes(lived.data)
    monkeypatch.setattr(zhengji_verify, "multiprocessing", multiprocessing.get_context("fork"))
    monkeypatch.setattr(zhengji_verify, "PIECE", 1000)
    monkeypatch.setattr(zhengji_verify, "WORTHWHILE", 2)
    monkeypatch.setattr(zhengji_verify, "_send", lambda *_: os._exit(9))
    with pytest.raises(WrongUse):
        zhengji_verify.Verification(Key(lived.key)).file(str(tmp_path / "trail.jsonl"), processes=2)


# ---- what is read by a pattern is canonical ----

SCALARS = ("", "理由", "a/b", "\x7f\u2028𠮷", 'a"b\\c\n', 0, -7, 10**17, 10**20, 1.5, True, False, None)


def some_value(some: random.Random, depth: int = 0) -> object:
    kind = some.randrange(8) if depth < 3 else 7
    if kind == 0:
        return {some.choice(SCALARS[1:5]): some_value(some, depth + 1) for _ in range(some.randrange(4))}
    if kind == 1:
        return [some_value(some, depth + 1) for _ in range(some.randrange(4))]
    if kind == 2:
        return [some.choice(SCALARS[:3] + SCALARS[5:9]) for _ in range(some.randrange(4))]
    return some.choice(SCALARS)


def some_line(some: random.Random) -> str:
    told = {"action": "case.edit", "at": "2021-03-20", "outcome": "done", "seq": some.randrange(1, 99), "to_state": ""}
    more = {one: some_value(some) for one in ("facts", "remark", "from_state", "role", "case_id") if some.randrange(3)}
    rest = canonical({"hash": "ab" * 32, "index": some.randrange(99), "kind": "event", "prev": None, "priv": "cd" * 32})
    return f'{{"body":{canonical({**told, **more, "stream": "case/1/content"})},{rest[1:]}'


PARTS = [
    '"',
    "\\",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    " ",
    "0",
    "-",
    "9" * 19,
    "1.0",
    "1e5",
    "null",
    "true",
    "\\u7406",
    "\\/",
    "\x1f",
]


def damaged(some: random.Random, line: str) -> str:
    at, kind = some.randrange(len(line)), some.randrange(3)
    if kind == 0:
        return line[:at] + some.choice(PARTS) + line[at:]
    if kind == 1:
        return line[:at] + line[at + some.randrange(1, 9) :]
    end = at + some.randrange(1, 30)
    return line[:at] + line[end : 2 * end - at] + line[at:end] + line[2 * end - at :]


def told(reader: Reader, line: str) -> object:
    try:
        return reader.fields(line)
    except (ValueError, KeyError, TypeError):
        return "refused"


@pytest.mark.parametrize("seed", range(4))
def test_patterns_tell_what_the_long_way_tells(seed: int) -> None:
    some = random.Random(seed)
    quick, long_way = Reader(often=1), Reader(often=10**9)
    fitted = 0
    for _ in range(80):
        line = some_line(some)
        quick.patterns.clear()
        for one in [line, line, *(some_line(some) for _ in range(3)), *(damaged(some, line) for _ in range(40))]:
            fitted += any(pattern.fullmatch(one) for known in quick.patterns.values() for pattern in known)
            assert told(quick, one) == told(long_way, one), one
    assert fitted > 200


def test_a_pattern_is_made_when_it_pays_and_few_are_kept() -> None:
    some = random.Random(1)
    reader = Reader(often=10)
    lines = [some_line(some) for _ in range(300)]
    for line in lines[:9]:
        reader.fields(line)
    assert reader.patterns == {"case.edit": []}
    for line in lines:
        reader.fields(line)
    assert len(reader.patterns["case.edit"]) == 8


# ---- Ed25519 (RFC 8032, section 7.1) ----

VECTORS = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
]


def key(raw: bytes) -> Key:
    return Key(OurKey("log/1", raw).text)


@pytest.mark.parametrize(("public", "message", "signature"), VECTORS)
def test_the_signatures_of_the_rfc(public: str, message: str, signature: str) -> None:
    found = key(bytes.fromhex(public))
    assert found.signed(bytes.fromhex(message), bytes.fromhex(signature))
    assert not found.signed(bytes.fromhex(message) + b"\0", bytes.fromhex(signature))


def test_it_agrees_with_a_library_on_random_signatures() -> None:
    some = random.Random(7)
    for _ in range(12):
        private = Ed25519PrivateKey.from_private_bytes(some.randbytes(32))
        found, message = key(private.public_key().public_bytes_raw()), some.randbytes(some.randrange(200))
        signature = private.sign(message)
        assert found.signed(message, signature)
        flipped = bytearray(signature)
        flipped[some.randrange(64)] ^= 1 << some.randrange(8)
        assert not found.signed(message, bytes(flipped))


def test_a_key_that_has_checked_many_signatures_still_tells_them_apart() -> None:
    some = random.Random(8)
    private = Ed25519PrivateKey.from_private_bytes(some.randbytes(32))
    found = key(private.public_key().public_bytes_raw())
    for number in range(100):
        message = b"%d" % number
        assert found.signed(message, private.sign(message))
        assert not found.signed(message, private.sign(b"x" + message))


def test_only_the_smallest_form_of_a_signature_counts() -> None:
    public, message, signature = (bytes.fromhex(one) for one in VECTORS[1])
    s = int.from_bytes(signature[32:], "little")
    for more in (zhengji_verify.L, 2 * zhengji_verify.L):
        assert not key(public).signed(message, signature[:32] + (s + more).to_bytes(32, "little"))


@pytest.mark.parametrize(
    "raw",
    [
        (zhengji_verify.P).to_bytes(32, "little"),
        (zhengji_verify.P + 1).to_bytes(32, "little"),
        (2).to_bytes(32, "little"),
        bytes([1]) + bytes(30) + bytes([0x80]),
        b"\xff" * 32,
    ],
    ids=["zero written large", "one written large", "on no curve", "minus nothing", "too large"],
)
def test_a_key_that_is_no_point_in_its_one_form_is_refused(raw: bytes) -> None:
    with pytest.raises(WrongUse):
        key(raw)


def test_a_key_that_anybody_can_sign_for_is_refused() -> None:
    """Points of small order: a signature of zeros would satisfy the equation for many texts."""
    for raw in (
        (1).to_bytes(32, "little"),
        (zhengji_verify.P - 1).to_bytes(32, "little"),
        bytes(32),
        bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
        bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
    ):
        with pytest.raises(WrongUse):
            key(raw)


@pytest.mark.parametrize(
    "text", ["", "a+b+c", "log/1+00000000+" + base64.b64encode(b"\1" + bytes(32)).decode(), "log/1"]
)
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(WrongUse):
        Key(text)


# ---- hashes ----


@pytest.mark.parametrize(
    ("text", "hashed"),
    [
        ("abc", "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"),
        ("abcd" * 16, "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"),
    ],
)
def test_sm3_is_that_of_the_standard(text: str, hashed: str) -> None:
    assert sm3(text.encode()).hex() == hashed


def test_sm3_agrees_with_openssl_at_every_length_of_a_block() -> None:
    for length in range(130):
        data = bytes(range(length))
        assert sm3(data) == hashlib.new("sm3", data).digest()


def test_an_unknown_hash_is_refused() -> None:
    with pytest.raises(WrongUse):
        digest("md5")


def test_its_tree_is_ours() -> None:
    leaves = [hashlib.sha256(bytes([one])).digest() for one in range(70)]
    for size in range(71):
        root = merkle.root(merkle.digest("sha256"), leaves[:size])
        for first in range(size + 1):
            tree = Tree(digest("sha256"))
            tree.add(leaves[:first])
            tree.add(leaves[first:size])
            assert (tree.size, tree.root()) == (size, root)
    for index in range(70):
        path = merkle.inclusion(merkle.digest("sha256"), merkle.of_leaves(merkle.digest("sha256"), leaves), index, 70)
        assert zhengji_verify.includes(digest("sha256"), leaves[index], index, 70, path, tree.root())
        assert not zhengji_verify.includes(digest("sha256"), leaves[index], index + 1, 70, path, tree.root())
