"""Every screen of cases in Chromium: nothing serious for axe, nothing too wide, no script refused, in both languages."""

from __future__ import annotations

import pytest

from states.case import CaseState
from tests.browser.conftest import NARROW, WIDE, Visit, grave, overflow
from tests.worlds import World

LOOKS = [("zh", WIDE), ("en", NARROW)]

SCREENS = {
    "my work of an author": ("author", "/"),
    "my work of a reviewer": ("reviewer", "/"),
    "a list": ("author", "/cases"),
    "a list with nothing in it": ("author", "/cases?text=none"),
    "a new case": ("author", "/cases/new"),
    "a draft, to its author and sealer": ("author_and_sealer", "/cases/{draft}"),
    "a stamped case, to its reviewer": ("reviewer", "/cases/{stamped}"),
    "a returned case, to its author": ("author", "/cases/{returned}"),
    "a case at WIPO, to the auditor": ("auditor", "/cases/{pushed}"),
    "a review to be confirmed": ("reviewer", "/cases/{stamped}/review"),
    "a return to be confirmed": ("reviewer", "/cases/{stamped}/return_to_centre"),
    "the editor": ("author", "/cases/{draft}/edit"),
    "an upload": ("author", "/cases/{draft}/upload"),
    "a seal": ("sealer", "/cases/{draft}/seal"),
    "a revision": ("author", "/cases/{draft}/revisions/1"),
    "a comparison": ("author", "/cases/{twin}/compare/c{stamped}"),
}


@pytest.mark.parametrize(("language", "width"), LOOKS)
def test_screens_are_sound(language: str, width: int, visit: Visit, world: World):
    content = world.content()
    cases = {
        "stamped": world.case(CaseState.SUBMITTED, content),
        "twin": world.draft(content.changed(title="换了名称的同一案例")),
        "draft": world.draft(world.content(recipient="", length=1600)),
        "returned": world.case(CaseState.RETURNED),
        "pushed": world.case(CaseState.WIPO_PUSHED),
    }
    world.act(cases["stamped"], "return_to_office")
    world.act(cases["stamped"], "reopen")
    pages = {None: visit(None, language, width)}
    found = {"signing in": (grave(pages[None]), overflow(pages[None]))}
    refused: list[str] = []
    for name, (login, address) in SCREENS.items():
        if login not in pages:
            pages[login] = visit(login, language, width)
            pages[login].on("console", lambda one: refused.append(one.text) if "Policy" in one.text else None)
        answer = pages[login].goto(address.format(**cases))
        assert (name, answer.status if answer else 0) == (name, 200)
        found[name] = (grave(pages[login]), overflow(pages[login]))
    assert (found, refused) == (dict.fromkeys(found, ([], 0)), [])
