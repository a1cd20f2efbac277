"""The host sites' door to their threads.

Proves `service/api/schemas/sites.py` too.
"""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from service.storage.database import Database
from tests.service.api.parts import assert_problem, bearer, draft, hire


@pytest.fixture
def olga(db: Database) -> dict[str, str]:
    """The header of an owner of the site ``demo``."""
    return bearer(hire(db, "olga", {"demo": "owner"}))


def test_a_page_is_closed_and_opened_before_its_first_comment(
    client: FlaskClient, olga: dict[str, str]
) -> None:
    wanted = {"site": "demo", "thread": "https://www.news.example/a/", "closed": True, "premoderate": True}
    answer = client.put("/api/v1/threads", json=wanted, headers=olga)

    assert answer.json == {
        "site": "demo", "key": "https://news.example/a", "url": "https://www.news.example/a/", "title": None,
        "closed": True, "premoderate": True, "count": 0,
    }  # fmt: skip
    thread = {"url": "http://news.example/a"}
    assert_problem(client.post("/api/v1/comments", json=draft() | {"thread": thread}), 403)

    answer = client.put("/api/v1/threads", json=wanted | {"closed": False}, headers=olga)
    assert (answer.json["closed"], answer.json["premoderate"]) == (False, True)
    assert client.post("/api/v1/comments", json=draft() | {"thread": thread}).status_code == 202


@pytest.mark.parametrize("change", [
    {"thread": "undefined"}, {"thread": ""}, {"thread": "https://["}, {"thread": "x" * 301}, {"closed": 1},
    {"closed": "true"}, {"site": "DEMO"}, {"title": "x"},
])  # fmt: skip
def test_an_odd_wish_is_refused(client: FlaskClient, olga: dict[str, str], change: dict[str, object]) -> None:
    wanted: dict[str, object] = {"site": "demo", "thread": "a", "closed": True}

    assert_problem(client.put("/api/v1/threads", json=wanted | change, headers=olga), 422)
