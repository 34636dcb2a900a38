"""The public site in Chromium: narrow, enlarged, dark, without script and on paper, in both languages."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from playwright.sync_api import Browser, Page

from states.case import CaseState
from tests.browser.conftest import grave, overflow
from tests.web.test_public import picture_of
from tests.worlds import World
from workflow.store.files import Files

SHOTS = os.environ.get("ZHENGJI_SHOTS", "")
TITLE = "检索报告让产线少走弯路：https://a.example/an/address/never/ends"

LOOKS: dict[str, dict[str, Any]] = {
    "narrow": {"viewport": {"width": 320, "height": 700}},
    "enlarged": {"viewport": {"width": 320, "height": 225}, "device_scale_factor": 4},
    "dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
    "plain": {"viewport": {"width": 1280, "height": 900}, "java_script_enabled": False},
}
"""`enlarged`: a window of 1280 by 900 at 400 % (WCAG 2.2, 1.4.10). `plain`: no script at all."""


@pytest.fixture
def number(world: World) -> str:
    """A case with a wide picture, English and a long word in its title."""
    case = world.case(CaseState.WIPO_PUSHED, world.content(title=TITLE))
    picture_of(world, case, Files((world.folder / "documents").as_uri()), (1800, 500))
    return world.row(case).number


@pytest.fixture
def looking(site: str, chromium: Browser) -> Iterator[Any]:
    contexts = []

    def look(**more: Any) -> Page:
        context = chromium.new_context(base_url=site, **more)
        contexts.append(context)
        return context.new_page()

    yield look
    for one in contexts:
        one.close()


@pytest.mark.parametrize("look", LOOKS)
def test_the_site_is_read_however_it_is_looked_at(look: str, number: str, looking: Any) -> None:
    page = looking(**LOOKS[look])
    for way in ("", "/en"):
        for rest in ("", "/browse", "/collections", f"/{number}"):
            page.goto(f"/public{way}{rest}")
            if SHOTS:
                page.screenshot(
                    path=Path(SHOTS) / f"{look}{way}{rest.replace(number, 'case')}.png".replace("/", "-"),
                    full_page=True,
                )
            assert page.locator("h1").is_visible()
            assert (page.url, overflow(page)) == (page.url, 0)
            assert page.locator("[data-print]:visible, [data-copy]:visible").count() == (
                0 if look == "plain" or rest != f"/{number}" else page.locator("[data-print], [data-copy]").count()
            )
            if look != "plain":  # axe is a script itself
                assert (page.url, grave(page)) == (page.url, [])


@pytest.mark.parametrize("way", ["", "/en"])
def test_a_case_is_printed_on_a4_without_what_is_only_clicked(way: str, number: str, looking: Any) -> None:
    page = looking(viewport={"width": 1280, "height": 900})
    page.goto(f"/public{way}/{number}", wait_until="networkidle")
    made = page.pdf(format="A4")
    if SHOTS:
        (Path(SHOTS) / f"print{way.replace('/', '-')}.pdf").write_bytes(made)
    with pypdfium2.PdfDocument(io.BytesIO(made)) as paper:
        words = "".join(one.get_textpage().get_text_bounded() for one in paper).replace("\r\n", "")
        assert paper[0].get_size() == pytest.approx((595, 842), abs=1.5)  # points of an A4 page
    assert "[EB/OL]" in words
    assert not [one for one in ("全部案例", "All cases", "跳到正文", "BibTeX", "工作人员登录") if one in words]
