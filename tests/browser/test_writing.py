"""Writing and steps in Chromium: the live count, warnings before words are lost, dialogs, and the keyboard."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from rules.call import Counted
from rules.length import measured, shortest
from states.case import CaseState
from tests.browser.conftest import Visit
from tests.worlds import World
from workflow.content import Content


def test_characters_are_counted_while_one_types(visit: Visit, world: World):
    case = world.draft(Content())
    page = visit("author")
    page.goto(f"/cases/{case}/edit")
    first = world.call.sections[0].id
    page.fill(f"#section-{first}", "三个字ABC def。")
    expect(page.locator(f"[data-counts=section-{first}]")).to_have_text("6 字")
    page.fill(f"#section-{first}", "字" * 1501)
    expect(page.locator("[data-counts-all]")).to_have_text("1501 / 1500 字 · 超出 1 字")


def test_the_browser_counts_as_the_rules_do_however_a_call_counts(visit: Visit):
    page = visit("author")
    texts = ["", "三个字ABC def。", "甲 乙\n丙\r\n丁\u3000戊", "“好”——……𠮷", " a\u00a0b\tc "]
    counted = page.evaluate(
        """async (texts) => {
          const { COUNTS } = await import("/static/wordcount.js");
          return Object.entries(COUNTS).map(([how, both]) => [how, texts.map((text) => both.map((one) => one(text)))]);
        }""",
        texts,
    )
    assert counted == [[str(how), [[measured(one, how), shortest(one, how)] for one in texts]] for how in Counted]


def test_themes_that_the_phase_does_not_ask_for_are_not_offered(visit: Visit, world: World):
    page = visit("author")
    page.goto(f"/cases/{world.draft(Content())}/edit")
    page.select_option("#phase", "first")
    offered = page.locator("#theme option:not([hidden])").evaluate_all("all => all.map(one => one.value)")
    assert offered == ["", *world.call.phases[0].themes]


def test_leaving_with_unsaved_words_asks_first(visit: Visit, world: World):
    case = world.draft(Content())
    page = visit("author")
    page.goto(f"/cases/{case}/edit")
    page.locator("#title").press_sequentially("新")
    asked: list[str] = []

    def stay(dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.evaluate("setTimeout(() => location.assign('/cases'), 0)")
    page.wait_for_event("dialog") if not asked else None
    assert (asked, page.url.endswith(f"/cases/{case}/edit")) == (["beforeunload"], True)


def test_saving_does_not_ask(visit: Visit, world: World):
    case = world.draft(Content())
    page = visit("author")
    page.goto(f"/cases/{case}/edit")
    page.fill("#title", "新的名称")
    page.click(".save-bar button")
    expect(page.locator("h1")).to_have_text("新的名称")


def test_a_step_back_is_confirmed_in_a_dialog_with_its_reason(visit: Visit, world: World):
    case = world.case(CaseState.CENTRE_STAMPED)
    page = visit("reviewer")
    page.goto(f"/cases/{case}")
    page.click("[data-dialog=step-return_to_centre]")
    dialog = page.locator("#step-return_to_centre")
    expect(dialog).to_contain_text("改动后原盖章失效")
    dialog.locator("textarea").fill("请补充数字。")
    dialog.locator("button.btn-danger").click()
    expect(page.locator(".flash-done")).to_contain_text("退回中心修改：已办理")
    assert world.state(case) == CaseState.RETURNED


def test_everything_goes_without_scripts_too(visit: Visit, world: World, site: str):
    case = world.case(CaseState.CENTRE_STAMPED)
    kept = visit("reviewer").context.storage_state()
    browser = visit(None).context.browser
    assert browser is not None
    context = browser.new_context(java_script_enabled=False, storage_state=kept, base_url=site)
    page = context.new_page()
    page.goto(f"/cases/{case}")
    page.click("[data-dialog=step-review]")
    for box in page.locator("[name=confirmed]").all():
        box.check()
    page.click(".step-form .btn-primary")
    expect(page.locator(".flash-done")).to_contain_text("审核通过：已办理")
    context.close()


def test_the_keyboard_reaches_the_content_first_and_sees_where_it_is(visit: Visit):
    page = visit("author")
    page.goto("/cases")
    page.keyboard.press("Tab")
    assert _focused(page) == ("#content", True)


def _focused(page: Page) -> tuple[str, bool]:
    """Where the focused link leads, and whether its outline is drawn."""
    link, outline = page.evaluate(
        "[document.activeElement.getAttribute('href'), getComputedStyle(document.activeElement).outlineStyle]"
    )
    return link, outline != "none"


def test_a_demo_account_is_one_click_away(visit: Visit):
    page = visit(None)
    page.click("[data-login=reviewer]")
    assert page.input_value("#login") == "reviewer"
