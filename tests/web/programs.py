"""Programs that ask through the API with a token of somebody's."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.worlds import World
from workflow.identity import people, tokens
from workflow.identity.sign_in import Visitor
from workflow.settings import Settings

_KEYS = count(1)


def made(world: World, settings: Settings, login: str, scopes: Iterable[str] = ("read", "act", "grave")) -> str:
    """A token of that person, for a year from now."""
    with world.database.transaction() as session:
        person = people.by_login(session, login)
        assert person is not None
        return tokens.make(
            session,
            settings,
            person,
            name="测试程序",
            scopes=list(scopes),
            days=365,
            at=datetime.now(UTC),
            visitor=Visitor(),
        )


@dataclass
class Program:
    """One that asks. `proof`: sent with whatever is written, as a program would that was told the password."""

    client: FlaskClient
    token: str
    proof: str = "right horse"
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, app: Flask, token: str) -> Program:
        return cls(app.test_client(use_cookies=False), token)

    def _sent(self, **more: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}", **self.headers, **{k: v for k, v in more.items() if v}}

    def get(self, path: str, **query: Any) -> TestResponse:
        return self.client.get(f"/api/v1{path}", headers=self._sent(), query_string=query)

    def post(self, path: str, body: Any = None, *, key: str | None = None) -> TestResponse:
        """A request that writes, under a key of its own unless one is given ("" for none)."""
        key = f"test-{next(_KEYS)}" if key is None else key
        headers = self._sent(**{"Idempotency-Key": key, "Zhengji-Proof": self.proof})
        return self.client.post(f"/api/v1{path}", json=body, headers=headers)


Asks = Callable[..., Program]
