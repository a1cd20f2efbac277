"""The page of a comment: whose pages a site takes, what they are called, where they lead, what is mended.

Proves `service/domain/origins.py` and `service/domain/threads.py` too.
"""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from service.context import utcnow
from service.domain.access import OPERATOR
from service.sites import sites
from service.storage.database import Database
from tests.service.api.parts import assert_problem, decide, draft, post


def read(client: FlaskClient, thread: str) -> Any:
    answer = client.get("/api/v1/comments", query_string={"site": "demo", "thread": thread})
    assert answer.status_code == 200, answer.text
    return answer.json


@pytest.mark.parametrize("page", [
    {"title": "\u200fשלום עולם – חדשות"}, {"title": "\u200eNews\u202b"}, {"title": "It\u0092s"},
    {"title": ""},
    {"title": "two\nlines\u2028and\x01 more"}, {"title": "x" * 5000}, {"title": "é" * 1201},
    {"title": "\u200b"},
    {"title": None}, {"title": "a" + "\u0316" * 50}, {"key": "\u200fa"},
    {"url": "https://news.example/" + "a" * 1980}, {"url": "https://news.example/?q=" + "漢" * 600},
    {"url": "https://news.example/" + "漢" * 700}, {"url": "https://news.example/\u200ea\u0092b"},
    {"url": "https://news.example/a b"}, {"url": "https://news.example/?q=\\"},
])  # fmt: skip
def test_what_the_reader_cannot_change_is_mended(
    client: FlaskClient, db: Database, page: dict[str, Any]
) -> None:
    thread = {"url": "https://news.example/a", "title": "News"} | page
    answer = client.post("/api/v1/comments", json={"site": "demo", "thread": thread, "body": "x"})

    assert answer.status_code == 202, answer.text
    decide(db)
    kept = read(client, thread.get("key") or thread["url"])["thread"]
    assert kept["url"]
    assert kept["title"] is None or (kept["title"].isprintable() and len(kept["title"]) <= 300)


@pytest.mark.parametrize("key", ["undefined", "null", "None", "NaN", "[object Object]"])
def test_a_word_that_says_nothing_is_no_key(client: FlaskClient, key: str) -> None:
    problem = assert_problem(client.post("/api/v1/comments", json=draft(thread=key)), 422)

    assert problem["errors"][0]["pointer"] == "/thread/key"
    assert_problem(client.get(f"/api/v1/comments?site=demo&thread={key}"), 422)


def test_only_pages_of_its_origins_make_name_and_link_threads(client: FlaskClient, db: Database) -> None:
    site, good = "https://news.example", {"key": "a", "url": "https://news.example/a", "title": "News"}
    sites.set_origins(db, OPERATOR, "demo", [site], None, utcnow())

    for thread, origin in (
        (good | {"url": "https://phish.example/login", "title": "Log in"}, None),
        (good | {"url": "https://news.example.evil.example/a"}, site),
        (good | {"url": "http://news.example/a"}, None),
        (good | {"url": "https://news.example:8443/a"}, None),
        (good, "https://clone.example"), (good, "null"), (good, ""),
        (good, "https://news.example@evil.example"),
    ):  # fmt: skip
        headers = {} if origin is None else {"Origin": origin}
        answer = client.post("/api/v1/comments", json=draft() | {"thread": thread}, headers=headers)
        problem = assert_problem(answer, 403)
        assert problem["type"] == "/problems/foreign-page"
        assert "parley site origins demo" in problem["detail"]
    assert read(client, "a")["thread"] | {"version": 0} == {
        "key": "a", "url": None, "title": None, "count": 0, "closed": False, "version": 0,
    }  # fmt: skip

    answer = client.post("/api/v1/comments", json=draft() | {"thread": good}, headers={"Origin": site})
    assert answer.status_code == 202
    decide(db)
    assert (read(client, "a")["thread"]["url"], read(client, "a")["thread"]["title"]) == (good["url"], "News")


def test_link_and_title_follow_the_newest_page_of_the_site(client: FlaskClient, db: Database) -> None:
    post(client)
    assert read(client, "a")["thread"]["title"] is None
    post(client, "Another remark.", thread="a")
    sites.set_origins(db, OPERATOR, "demo", ["https://www.example.org"], None, utcnow())
    assert read(client, "a")["thread"]["url"] is None  # what is outside is not shown

    for number, title in enumerate(("Draft", "News", None)):
        thread = {"key": "a", "url": f"https://www.example.org/{number}", "title": title}
        answer = client.post("/api/v1/comments", json=draft(f"Remark {number}.") | {"thread": thread})
        assert answer.status_code == 202
    decide(db)
    kept = read(client, "a")["thread"]
    assert (kept["url"], kept["title"]) == ("https://www.example.org/2", "News")


def test_a_key_that_is_an_address_is_that_of_the_page(client: FlaskClient) -> None:
    for key, status in (
        ("https://www.news.example/a/#top", 202), ("HTTP://news.example/a?utm_source=x", 202),
        ("https://news.example/b", 422), ("https://evil.example/a", 422),
    ):  # fmt: skip
        thread = {"key": key, "url": "https://news.example/a"}
        answer = client.post("/api/v1/comments", json=draft(f"On {key}") | {"thread": thread})
        assert answer.status_code == status, answer.text


def test_an_article_is_one_thread_whatever_its_address_looks_like_today(client: FlaskClient) -> None:
    for number, url in enumerate((
        "https://wp.example/%e4%bd%a0/", "http://www.wp.example/你", "https://wp.example/%E4%BD%A0/index.html?amp=1",
    )):  # fmt: skip
        thread = {"url": url}
        answer = client.post("/api/v1/comments", json=draft(f"Remark {number}.") | {"thread": thread})
        assert answer.status_code == 202
        kept = read(client, url)["thread"]
        assert kept["key"] == "https://wp.example/%E4%BD%A0"
        assert kept["url"] == "https://wp.example/%E4%BD%A0/"  # as the first page gave it
