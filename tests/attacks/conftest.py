"""The application on a small country, as for the screens."""

from __future__ import annotations

from tests.web.conftest import app, program, settings, sign_in, world

__all__ = ["app", "program", "settings", "sign_in", "world"]
