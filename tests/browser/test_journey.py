"""The main job, by the README's own command: a sample Word file from upload to acknowledged push, as each role."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import grave
from workflow.identity.passwords import DEMO_PASSWORD

SAMPLES = Path(__file__).parents[1] / "samples"
DOCUMENT = next(SAMPLES.glob("案例01_*.docx"))
FORM = next(SAMPLES.glob("报送表01_*.xlsx"))
SCAN = SAMPLES / "报送表01_扫描件.pdf"
SUMMARY = SAMPLES / "案例汇总表_示例省_第一阶段_盖章扫描件.pdf"
TITLE = "一份检索报告，让一条产线少走三年弯路"
CHINESE = re.compile(r"[\u4e00-\u9fff]")
QUOTED = re.compile(r"“[^“”]*(“[^”]*”)?[^”]*”|(case document|report form|the summary table|picture): .*$")
"""What an English sentence may say in Chinese: a name in quotation marks, or a file."""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """`zhengji run` on an empty folder, as `make run` calls it: its address and its folder."""
    home = tmp_path / "demo"
    home.mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {
        "ZHENGJI_HOME": str(home),
        "ZHENGJI_DEMO": "1",
        "ZHENGJI_ARGON2_TIME": "1",
        "ZHENGJI_ARGON2_MEMORY": "1024",
    }
    command = [sys.executable, "-m", "web.cli", "run", "--port", str(port)]
    log = (home / "log").open("wb")
    running = subprocess.Popen(command, env=os.environ | settings, stdout=log, stderr=subprocess.STDOUT)
    try:
        _wait_for(port, running, home / "log")
        yield f"http://127.0.0.1:{port}", home
    finally:
        running.terminate()
        running.wait(30)
        log.close()


def _wait_for(port: int, running: subprocess.Popen[bytes], log: Path) -> None:
    """Until the port answers; at most two minutes."""
    for _ in range(1200):
        if running.poll() is not None:
            raise AssertionError(f"the server ended: {log.read_text('utf-8')}")
        with socket.socket() as asking:
            if asking.connect_ex(("127.0.0.1", port)) == 0:
                return
        Event().wait(0.1)
    raise AssertionError("the server does not answer")


@dataclass
class Journey:
    """Somebody at the browser, in one language; every screen they see is looked over."""

    browser: Browser
    base: str
    language: str
    seen: set[str] = field(default_factory=set)
    errors: list[str] = field(default_factory=list)
    _context: BrowserContext | None = None
    page: Page = field(init=False)

    def sign_in(self, login: str | None) -> None:
        """Sign in as somebody, in a browser of their own."""
        if self._context:
            self._context.close()
        self._context = self.browser.new_context(base_url=self.base, viewport={"width": 1280, "height": 900})
        self._context.set_default_timeout(15_000)
        self.page = self._context.new_page()
        self.page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)
        self.page.goto(f"/sign-in?lang={self.language}")
        self.look()
        if login:
            self.page.fill("#login", login)
            self.page.fill("#password", DEMO_PASSWORD)
            self.page.click("#sign-in button")
            self.look()

    def open(self, path: str) -> None:
        answered = self.page.goto(path)
        assert answered is not None
        assert (path, answered.status) == (path, 200)
        self.look()

    def post(self, action: str) -> None:
        """Send the form whose address ends so."""
        with self.page.expect_navigation():
            self.page.locator(f"form[action$='{action}'] button.btn-primary").first.click()
        self.look()
        self.confirm_again()

    def confirm_again(self) -> None:
        """Say once more who one is, where that is asked."""
        if self.page.locator("#again-form").count():
            self.errors.pop()  # the browser notes that the page came with a 422
            self.page.fill("#again", DEMO_PASSWORD)
            with self.page.expect_navigation():
                self.page.click("#again-form button")
            self.look()

    def step(self, case: str, trigger: str, *, confirm: bool = False, remark: str = "") -> None:
        """Take a step of a case or batch: on its page where that is one click, else where it is confirmed."""
        self.open(f"{case}/{trigger}" if confirm or remark else case)
        if confirm:
            for box in self.page.locator("main form.step-form input[type=checkbox]").all():
                box.check()
        if remark:
            self.page.locator("main textarea[name=remark]").first.fill(remark)
        with self.page.expect_navigation():
            self.page.locator(f"main form[action$='{case}/{trigger}'] button:not([data-close])").first.click()
        self.look()
        self.confirm_again()

    def look(self) -> None:
        """Nothing serious for axe; on an English page no Chinese but what is marked as Chinese."""
        shape = re.sub(r"\d+", "N", self.page.url.removeprefix(self.base))
        if shape in self.seen:
            return
        self.seen.add(shape)
        assert (shape, grave(self.page)) == (shape, [])
        if self.language == "en":
            assert (shape, self.unmarked_chinese()) == (shape, [])

    def unmarked_chinese(self) -> list[str]:
        """Texts with Chinese letters that stand in no element marked `lang="zh-CN"` and are no quotation or name."""
        texts = self.page.evaluate(
            """() => {
              const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), found = [];
              while (walk.nextNode()) {
                const at = walk.currentNode.parentElement, marked = at.closest('[lang]');
                if (at.closest('.citation')) continue;
                if (['SCRIPT', 'STYLE', 'OPTION', 'TEXTAREA'].includes(at.tagName)) continue;
                if (marked && marked.lang === 'en') found.push(walk.currentNode.textContent.trim());
              }
              return found.filter(text => text);
            }"""
        )
        return [text for text in texts if CHINESE.search(QUOTED.sub("", text))]

    def badge(self, *words: str) -> None:
        """The state that the page shows."""
        expect(self.page.locator("main .state").first).to_have_text(words[self.language == "en"])


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_word_file_becomes_an_acknowledged_push(served: tuple[str, Path], chromium: Browser, language: str):
    base, home = served
    journey = Journey(chromium, base, language)
    case = _written_and_stamped(journey)
    _reviewed_and_sent(journey, case)
    _selected_and_published(journey, case)
    number = _pushed(journey, case)
    _seen_by_everybody(journey, number)
    _on_record(journey, case)
    _taken_back(journey, case, home / "outbox" / "wipo", number)
    assert journey.errors == []


def _written_and_stamped(journey: Journey) -> str:
    journey.sign_in("author")
    page = journey.page
    journey.open("/cases/new")
    with page.expect_navigation():
        page.click("button[value=upload]")
    journey.look()
    case = page.url.removeprefix(journey.base).removesuffix("/upload")
    page.set_input_files("#file-case", DOCUMENT)
    page.set_input_files("#file-form", FORM)
    journey.post("/upload")
    expect(page.locator("main .length b").first).to_have_text("1120")
    journey.post("/take-over")
    expect(page.locator("h1")).to_have_text(TITLE)
    journey.badge("草稿", "Draft")
    journey.open(f"{case}/edit")
    journey.sign_in("sealer")
    page = journey.page
    journey.open(case)
    expect(page.locator("main .offer-blocked h3").first).to_be_visible()
    journey.open(f"{case}/seal")
    page.set_input_files("#file-scan", SCAN)
    journey.post("/seal")
    page.check("input[name=reads][value=host]")
    journey.post("/seal/confirm")
    journey.step(case, "stamp")
    journey.badge("中心已盖章", "Stamped by the centre")
    return case


def _reviewed_and_sent(journey: Journey, case: str) -> None:
    journey.sign_in("reviewer")
    journey.step(case, "review", confirm=True)
    journey.badge("省级已审核", "Reviewed by the province")
    journey.open("/batches")
    with journey.page.expect_navigation():
        journey.page.locator("form[action$='/batches/new'] button").first.click()
    journey.look()
    batch = journey.page.url.removeprefix(journey.base)
    journey.page.check(f"#case-{case.rpartition('/')[2]}")
    journey.post("/lines")
    journey.sign_in("leader")
    journey.open(f"{batch}/seal-scan")
    journey.page.set_input_files("#scan", SUMMARY)
    with journey.page.expect_navigation():
        journey.page.click("main form button.btn-primary")
    journey.look()
    journey.page.check("input[name=reads][value=unit]")
    journey.page.fill("input[name=unit]", "示例省知识产权局")
    journey.post("/seal-scan/confirm")
    journey.step(batch, "seal")
    journey.badge("已盖章", "Sealed")
    journey.open(f"{batch}/mail")
    journey.step(batch, "send")
    journey.badge("已报送", "Sent")
    journey.sign_in("desk")
    journey.open("/desk")
    journey.open("/desk/batches")
    journey.open("/desk/select")
    journey.step(batch, "receive")
    journey.badge("已接收", "Received")


def _selected_and_published(journey: Journey, case: str) -> None:
    journey.step(case, "shortlist")
    journey.badge("已入选", "Shortlisted")
    editorial = f"{case}/editorial"
    journey.sign_in("author")
    journey.open(editorial)
    journey.page.fill("#consent-words", "示例新材料有限公司周某，2021年3月18日书面同意公开")
    journey.post("/consent")
    journey.page.fill("#abroad-words", "同一函件同意向国外推送")
    journey.post("/consent-abroad")
    for box in journey.page.locator("input[name^='rights:']").all():
        box.fill("图片由本中心制作")
    if journey.page.locator("input[name^='rights:']").count():
        journey.post("/pictures")
    journey.sign_in("director")
    journey.open("/desk/grants")
    journey.open(editorial)
    journey.post("/sign-off")
    journey.sign_in("editor")
    journey.step(case, "publish")
    journey.badge("已发布", "Published")


def _pushed(journey: Journey, case: str) -> str:
    journey.sign_in("liaison")
    journey.open(f"{case}/push")
    expect(journey.page.locator("main .finding")).to_have_count(4)
    journey.sign_in("translator")
    journey.open("/glossary")
    journey.open(f"{case}/english")
    for at, box in enumerate(journey.page.locator(".bench textarea").all()):
        box.fill(f"English of paragraph {at}.")
    journey.post("/english")
    journey.sign_in("checker")
    journey.open(f"{case}/english")
    journey.post("/english/check")
    journey.sign_in("liaison")
    journey.open(f"{case}/editorial")
    journey.page.fill("#effect-words", "半年内签下首份年度合同，五件申请中两件授权")
    journey.post("/effect")
    journey.sign_in("director")
    journey.open(f"{case}/editorial")
    journey.post("/effect/second-look")
    journey.sign_in("liaison")
    journey.open(f"{case}/push")
    journey.post("/push")
    expect(journey.page.locator("#progress .flash-done")).to_be_visible(timeout=30_000)
    journey.open(case)
    journey.badge("已推送 WIPO", "Pushed to WIPO")
    journey.open("/pushes")
    journey.open(case)
    return journey.page.locator("main .case-facts .number").first.inner_text()


def _seen_by_everybody(journey: Journey, number: str) -> None:
    journey.sign_in(None)
    journey.open("/public")
    expect(journey.page.locator(f"a[href*='{number}']").first).to_be_visible()
    journey.open(f"/public/{number}")
    assert "13800000001" not in journey.page.content()


def _on_record(journey: Journey, case: str) -> None:
    """Who looks after whom: each list and board, and the trail of the case."""
    journey.sign_in("auditor")
    journey.open("/trail")
    entry = journey.page.locator("main a.entry-receipt").first.get_attribute("href")
    journey.open(f"{entry}/receipt")
    assert f"{journey.base}/receipts?" in journey.page.inner_text("main")  # where the code on a demo's receipt leads
    journey.open("/cases")
    journey.open("/calls")
    journey.open("/calls/2021-205")
    journey.open("/calls/2021-205/rulebook")
    journey.open(case)
    done = journey.page.locator("main ol.timeline li.entry-done").count()
    assert done >= 15
    journey.sign_in("administrator")
    for path in (
        "/admin",
        "/admin/backups",
        "/admin/offices",
        "/admin/centres",
        "/admin/import",
        "/admin/calls",
        "/admin/people/new",
    ):
        journey.open(path)
    assert journey.page.request.get(case).status == 404


def _taken_back(journey: Journey, case: str, sent: Path, number: str) -> None:
    """What was sent holds both languages and no contact; recalled, the case is “published” again."""
    [package] = sent.glob(f"{number}-*.zip")
    with zipfile.ZipFile(package) as opened:
        manifest = json.loads(opened.read("manifest.json"))
        assert {"case.zh.docx", "case.en.docx"} <= set(opened.namelist())
    assert (manifest["zh"]["title"], manifest["case"]["number"]) == (TITLE, number)
    assert "13800000001" not in json.dumps(manifest)
    journey.sign_in("liaison")
    journey.open(case)
    push = journey.page.locator("main a[href*='/pushes/']").first.get_attribute("href")
    assert push is not None
    journey.open(push)
    form = journey.page.locator("main form[action$='/recall']")
    form.locator("textarea, input[type=text]").first.fill("补充授权文件后重新推送")
    with journey.page.expect_navigation():
        form.locator("button:not([data-close])").first.click()
    journey.confirm_again()
    expect(journey.page.locator("main .state").first).to_have_text(
        {"zh": "已撤回", "en": "Recalled"}[journey.language], timeout=30_000
    )
    journey.open(case)
    journey.badge("已发布", "Published")
    assert not package.exists()
    journey.sign_in("editor")
    journey.step(case, "retract", remark="演示结束")
    journey.badge("已撤下", "Retracted")
