"""The application on a small country, as for the screens."""

from __future__ import annotations

from tests.web.conftest import app, settings, sign_in, world

__all__ = ["app", "settings", "sign_in", "world"]
