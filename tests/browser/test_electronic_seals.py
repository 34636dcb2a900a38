"""Sealing electronically in Chromium: the certificate chosen, the seal seen, and what voided it told, on phones too."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser.conftest import NARROW, PASSWORD, WIDE, Visit, grave, overflow
from tests.certificates import PASSWORD as KEY_PASSWORD
from tests.certificates import seal_of
from tests.worlds import World


@pytest.mark.parametrize(("language", "width"), [("zh", NARROW), ("en", WIDE)])
def test_a_sealer_seals_with_a_certificate_and_sees_later_what_voided_the_seal(
    visit: Visit, world: World, tmp_path: Path, language: str, width: int
) -> None:
    case, file = world.draft(), tmp_path / "印章.p12"
    file.write_bytes(seal_of("示例大学").pkcs12())
    page = visit("sealer", language, width)
    page.goto(f"/cases/{case}/seal")
    assert (grave(page), overflow(page)) == ([], 0)
    page.set_input_files("#certificate", file)
    page.fill("#key_password", KEY_PASSWORD)
    page.fill("#again-here", PASSWORD)
    page.click("form[action$='/seal/electronic'] button", timeout=60_000)  # several processes work on it
    page.wait_for_selector(".seal-box.seal-good", timeout=60_000)
    assert (grave(page), overflow(page)) == ([], 0)
    world.edit(case, world.content_of(case).changed(title="改过的案例名称"))
    page.reload()
    changed = page.inner_text(".voided")
    assert ("案例名称" in changed or "Title" in changed, grave(page), overflow(page)) == (True, [], 0)
    page.click(".voided a")
    page.wait_for_selector("ins")
