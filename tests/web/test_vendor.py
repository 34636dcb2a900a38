"""The front-end files that others wrote are the ones we took, and everything the browser needs is among them."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCREENS = ROOT / "web" / "static" / "vendor"
BROWSER_TESTS = ROOT / "tests" / "browser"
FACES = ROOT / "workflow" / "documents" / "compiling" / "faces"


def digests(folder: Path) -> dict[str, str]:
    """File name → SHA-256 as SHA256SUMS says."""
    lines = (folder / "SHA256SUMS").read_text().splitlines()
    return {name: digest for digest, name in (line.split("  ", 1) for line in lines)}


@pytest.mark.parametrize("folder", [SCREENS, BROWSER_TESTS, FACES], ids=["screens", "browser tests", "faces"])
def test_every_file_taken_from_others_has_the_digest_it_came_with(folder):
    stated = digests(folder)
    assert stated == {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in stated}


def test_no_file_stands_among_them_without_a_digest():
    for folder in (SCREENS, FACES):
        assert {path.name for path in folder.iterdir()} - {"SHA256SUMS"} == set(digests(folder))


def test_the_licence_of_the_faces_lies_beside_them():
    assert "SIL OPEN FONT LICENSE Version 1.1" in (FACES / "OFL.txt").read_text(encoding="utf-8")


def test_each_icon_of_the_list_is_drawn_once():
    drawn = re.findall(r'<symbol id="tabler-([a-z0-9-]+)"', (SCREENS / "icons.svg").read_text())
    assert drawn == (SCREENS / "icons.txt").read_text().split()


def test_each_icon_that_a_template_shows_is_in_the_list():
    templates = [path.read_text(encoding="utf-8") for path in (ROOT / "web" / "templates").rglob("*.html")]
    shown = {name for text in templates for name in re.findall(r"#tabler-([a-z0-9-]+)\"", text)}
    assert shown - set((SCREENS / "icons.txt").read_text().split()) == set()


def test_the_licence_of_each_script_and_style_sheet_is_told():
    licences = (SCREENS / "LICENSES.txt").read_text(encoding="utf-8")
    assert [name for name in digests(SCREENS) if name.endswith((".js", ".css", ".svg")) and name not in licences] == []
