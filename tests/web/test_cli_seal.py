"""`zhengji seal verify` as a script runs it: what it prints, and how it ends."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.certificates import UNIT, authority, revoked_list, roots_file, seal_of, signed
from tests.workflow.documents.test_signatures import MARK, flipped, good, paper
from web.cli import main

SAMPLES = Path(__file__).parents[1] / "samples"
SCAN = SAMPLES / "报送表01_扫描件.pdf"


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ZHENGJI_SEAL_ROOTS", "ZHENGJI_SEAL_CRLS", "ZHENGJI_TIMESTAMP_ROOTS"):
        monkeypatch.delenv(name, raising=False)


def verify(*words: str | Path) -> Result:
    result = CliRunner().invoke(main, ["seal", "verify", *(str(word) for word in words)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def told(*words: str | Path) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(verify("--json", *words).stdout)
    return made


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    path = tmp_path / "报送表.pdf"
    path.write_bytes(good())
    return path


def test_a_script_reads_whose_seal_it_is_and_what_it_covers(sealed: Path, tmp_path: Path) -> None:
    one = told("--roots", roots_file(tmp_path, authority()), sealed)
    assert (one["file"], one["kind"], one["valid"], one["unit"], one["covers_digest"]) == (
        str(sealed),
        "electronic",
        True,
        UNIT,
        MARK.digest,
    )
    assert one["covers"] == {"paper": "form", "number": MARK.number, "revision": 3}
    assert [(problem["code"], problem["voids"]) for problem in one["problems"]] == [("revocation_not_checked", False)]
    assert {"code", "zh", "en"} <= one["problems"][0].keys()


def test_exit_codes_tell_good_files_from_bad_ones_and_from_wrong_use(sealed: Path, tmp_path: Path) -> None:
    changed, nothing = tmp_path / "改过.pdf", tmp_path / "空白.pdf"
    changed.write_bytes(flipped(good()))
    nothing.write_bytes(paper())
    assert [verify(one).exit_code for one in (sealed, SCAN, changed, nothing)] == [0, 0, 1, 1]
    assert verify(sealed, changed).exit_code == 1
    assert verify().exit_code == 2
    assert verify(tmp_path / "没有.pdf").exit_code == 2
    assert verify("--roots", sealed, sealed).exit_code == 2


def test_roots_come_from_the_setting_where_none_are_named(
    sealed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [one["code"] for one in told(sealed)["problems"]] == ["issuer_not_checked"]
    monkeypatch.setenv("ZHENGJI_SEAL_ROOTS", str(roots_file(tmp_path, authority("别的机构"))))
    assert [one["code"] for one in told(sealed)["problems"] if one["voids"]] == ["unknown_issuer"]


def test_several_files_are_a_list_and_words_come_in_both_languages(sealed: Path, tmp_path: Path) -> None:
    other = tmp_path / "自签.pdf"
    other.write_bytes(signed(paper(), seal_of(self_signed=True)))
    roots = roots_file(tmp_path, authority())
    many = json.loads(verify("--json", "--roots", roots, sealed, other, SCAN).stdout)
    assert [(one["kind"], one["valid"]) for one in many] == [
        ("electronic", True),
        ("electronic", False),
        ("scan", True),
    ]
    said = verify("--roots", roots, other).stdout
    assert "证书是自己签发的" in said
    assert "issued by itself" in said
    assert "Example" in verify("--help").stdout


def test_revocation_lists_come_from_an_option_or_from_the_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, path, listed = seal_of(UNIT), tmp_path / "报送表.pdf", tmp_path / "颁发机构.crl"
    path.write_bytes(signed(paper(), key))
    listed.write_bytes(revoked_list(key))
    roots = roots_file(tmp_path, authority())
    one = told("--roots", roots, "--crls", listed, path)
    assert (one["valid"], [problem["code"] for problem in one["problems"]]) == (False, ["revoked"])
    monkeypatch.setenv("ZHENGJI_SEAL_CRLS", str(listed))
    assert verify("--roots", roots, path).exit_code == 1
    assert verify("--roots", roots, "--crls", path, path).exit_code == 2
