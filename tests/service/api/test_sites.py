"""The host sites' door to their threads.

Proves `service/api/schemas/sites.py` too.
"""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from service.context import utcnow
from service.domain.access import OPERATOR
from service.sites import sites
from service.storage.database import Database
from tests.service.api.parts import assert_problem, bearer, decide, draft, hire


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
        "closed": True, "premoderate": True, "count": 0, "pinned": [],
    }  # fmt: skip
    thread = {"url": "http://news.example/a"}
    assert_problem(client.post("/api/v1/comments", json=draft() | {"thread": thread}), 403)

    answer = client.put("/api/v1/threads", json=wanted | {"closed": False}, headers=olga)
    assert (answer.json["closed"], answer.json["premoderate"]) == (False, True)
    assert client.post("/api/v1/comments", json=draft() | {"thread": thread}).status_code == 202


@pytest.mark.parametrize("change", [
    {"thread": "undefined"}, {"thread": ""}, {"thread": "https://["}, {"thread": "x" * 301}, {"closed": 1},
    {"closed": "true"}, {"site": "DEMO"}, {"title": "x"}, {"pin": "x"}, {"pin": {"key": "x"}},
    {"pin": {"title": 1}}, {"pin": {"url": "javascript:x"}},
])  # fmt: skip
def test_an_odd_wish_is_refused(client: FlaskClient, olga: dict[str, str], change: dict[str, object]) -> None:
    wanted: dict[str, object] = {"site": "demo", "thread": "a", "closed": True}

    assert_problem(client.put("/api/v1/threads", json=wanted | change, headers=olga), 422)


def test_a_host_pins_title_and_link_and_lets_them_go_again(
    client: FlaskClient, olga: dict[str, str], db: Database
) -> None:
    def pin(**names: str | None) -> Any:
        wanted = {"site": "demo", "thread": "a", "pin": names}
        return client.put("/api/v1/threads", json=wanted, headers=olga).json

    def post_as(title: str, number: int) -> Any:
        thread = {"key": "a", "url": f"https://news.example/{number}", "title": title}
        client.post("/api/v1/comments", json=draft(f"Remark number {number}.") | {"thread": thread})
        decide(db)
        return client.get("/api/v1/comments?site=demo&thread=a").json["thread"]

    sites.set_origins(db, OPERATOR, "demo", ["https://news.example"], None, utcnow())
    made = pin(title="The talks", url="https://news.example/talks?utm_source=x")
    assert (made["title"], made["url"], made["pinned"]) == (
        "The talks", "https://news.example/talks", ["url", "title"],
    )  # fmt: skip
    kept = post_as("Draft", 1)
    assert (kept["title"], kept["url"]) == ("The talks", "https://news.example/talks")
    assert pin(url=None)["pinned"] == ["title"]
    kept = post_as("Draft", 2)
    assert (kept["title"], kept["url"]) == ("The talks", "https://news.example/2")
    assert pin(title=None)["title"] == "The talks"
    assert post_as("News", 3)["title"] == "News"


def test_no_link_is_pinned_that_leads_elsewhere(
    client: FlaskClient, olga: dict[str, str], db: Database
) -> None:
    sites.set_origins(db, OPERATOR, "demo", ["https://news.example"], None, utcnow())
    wanted = {"site": "demo", "thread": "a", "pin": {"url": "https://phish.example/"}}

    problem = assert_problem(client.put("/api/v1/threads", json=wanted, headers=olga), 422)
    assert problem["errors"][0]["pointer"] == "/pin/url"
