"""Templates that were compiled are found again by the next process."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from web import compiled

pytestmark = pytest.mark.once


def _app(templates: Path, kept: Path) -> Flask:
    app = Flask("compiled", template_folder=str(templates))
    app.jinja_env.bytecode_cache = compiled.Compiled(kept)
    return app


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "page.html").write_text("<p>{{ word }}</p>")
    return folder


def _shown(app: Flask) -> str:
    return app.jinja_env.get_template("page.html").render(word="案例")


def test_the_next_process_does_not_compile_what_is_kept(
    templates: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "here" / "kept"
    assert compiled.compile_all(_app(templates, kept)) == 1
    again = _app(templates, kept)
    monkeypatch.setattr(type(again.jinja_env), "compile", None)
    assert _shown(again) == "<p>案例</p>"


def test_a_template_that_changed_is_compiled_anew(templates: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    assert _shown(_app(templates, kept)) == "<p>案例</p>"
    (templates / "page.html").write_text("<b>{{ word }}</b>")
    assert _shown(_app(templates, kept)) == "<b>案例</b>"


def test_where_nothing_can_be_kept_pages_are_shown_all_the_same(templates: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert _shown(_app(templates, tmp_path / "file" / "kept")) == "<p>案例</p>"
