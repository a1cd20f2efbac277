"""The readers' doors: post, look, read, take back, count.

Proves `service/api/schemas/comments.py` and `service/domain/threads.py` too.
"""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from service.context import utcnow
from service.storage.database import Database
from service.storage.tables import Thread
from service.web.fields import GAP, Text
from tests.growth import LINEAR, growth
from tests.service.api.parts import assert_problem, decide, draft, post

PUBLIC = {
    "id", "parent_id", "author", "body", "status", "created_at", "edited_at", "reply_count", "replies",
    "next_replies",
}  # fmt: skip
FAMILY = "👩‍👩‍👧‍👦"  # one character to a reader, seven code points, 25 bytes


def read(client: FlaskClient, thread: str = "a", **query: Any) -> dict[str, Any]:
    answer = client.get("/api/v1/comments", query_string={"site": "demo", "thread": thread, **query})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json
    return found


def test_a_post_is_accepted_with_its_place_and_a_receipt(client: FlaskClient) -> None:
    answer = client.post("/api/v1/comments", json=draft())

    assert answer.status_code == 202
    assert set(answer.json) == {"id", "status", "receipt"}
    assert answer.json["status"] == "received"
    assert answer.headers["Location"] == f"/api/v1/comments/{answer.json['id']}"
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_comment_is_public_only_after_a_decision(client: FlaskClient, db: Database) -> None:
    fine, vile = post(client), post(client, "You vile thing.")

    assert read(client)["comments"] == []
    assert read(client)["thread"]["count"] == 0
    decide(db)
    assert [comment["id"] for comment in read(client)["comments"]] == [fine["id"]]
    assert client.get(f"/api/v1/comments/{vile['id']}").status_code == 404


def test_what_is_public_says_nothing_private(client: FlaskClient, db: Database) -> None:
    post(client, author={"name": "Ada"})
    decide(db)

    found = read(client)["comments"][0]
    assert set(found) == PUBLIC
    assert found["author"] == {"name": "Ada"}


def test_an_author_sees_their_own_comment_with_the_reasons(client: FlaskClient, db: Database) -> None:
    vile, other = post(client, "You vile thing."), post(client)
    decide(db)
    place = f"/api/v1/comments/{vile['id']}"

    by_header = client.get(place, headers={"Parley-Receipt": vile["receipt"]})
    by_query = client.get(place, query_string={"receipt": vile["receipt"]})
    assert by_header.json == by_query.json
    assert by_header.json["status"] == "pending"
    assert by_header.json["reasons"][0]["code"] == "score"
    assert set(by_header.json["reasons"][0]) == {"code", "text"}
    assert by_header.headers["Cache-Control"] == "no-store"
    assert_problem(client.get(place), 404)
    assert_problem(client.get(place, headers={"Parley-Receipt": other["receipt"]}), 404)
    assert_problem(client.get(place, headers={"Parley-Receipt": "é" * 24}), 404)


def test_an_author_is_told_that_it_is_the_name(client: FlaskClient, db: Database) -> None:
    held = post(client, author={"name": "vile www.spam.example"})
    decide(db)
    answer = client.get(f"/api/v1/comments/{held['id']}", headers={"Parley-Receipt": held["receipt"]})

    assert answer.json["status"] == "pending"
    assert answer.json["reasons"] == [
        {"code": "score", "field": "author_name",
         "text": "Your name was found likely to hurt or drive others away."},
        {"code": "links", "field": "author_name", "text": "Your name contains a link."},
    ]  # fmt: skip


def test_a_comment_taken_back_is_gone_at_once(client: FlaskClient, db: Database) -> None:
    fine = post(client)
    decide(db)
    place, receipt = f"/api/v1/comments/{fine['id']}", {"Parley-Receipt": fine["receipt"]}

    assert_problem(client.delete(place), 404)
    assert client.delete(place, headers=receipt).status_code == 204
    assert read(client)["comments"] == []
    assert client.get(place).status_code == 404
    assert_problem(client.delete(place, headers=receipt), 409)


def test_an_etag_holds_until_the_thread_changes(client: FlaskClient, db: Database) -> None:
    post(client)
    decide(db)
    place = "/api/v1/comments?site=demo&thread=a"
    first = client.get(place)

    again = client.get(place, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    assert first.headers["Cache-Control"] == "no-cache"
    post(client, "Another remark.")
    decide(db)
    changed = client.get(place, headers={"If-None-Match": first.headers["ETag"]})
    assert (changed.status_code, len(changed.json["comments"])) == (200, 2)


def test_a_weak_or_listed_etag_counts_too(client: FlaskClient) -> None:
    etag = client.get("/api/v1/comments?site=demo&thread=a").headers["ETag"]

    for known in (f"W/{etag}", f'"other", {etag}'):
        answer = client.get("/api/v1/comments?site=demo&thread=a", headers={"If-None-Match": known})
        assert answer.status_code == 304


def test_head_gives_the_headers_alone(client: FlaskClient) -> None:
    place = "/api/v1/comments?site=demo&thread=a"
    full, head = client.get(place), client.head(place)

    assert head.data == b""
    for name in ("ETag", "Cache-Control", "Content-Type", "Content-Length"):
        assert head.headers[name] == full.headers[name]


def test_the_same_key_gives_the_same_comment(client: FlaskClient) -> None:
    key = {"Idempotency-Key": "once", "Parley-Author": "a" * 22}
    first, again = (client.post("/api/v1/comments", json=draft(), headers=key) for _ in range(2))

    assert first.json == again.json
    assert_problem(client.post("/api/v1/comments", json=draft("Other words."), headers=key), 422)
    stranger = key | {"Parley-Author": "x" * 22}
    other = client.post("/api/v1/comments", json=draft(), headers=stranger)
    assert other.json["id"] != first.json["id"], "nobody fetches a receipt with another's key"


def test_a_stranger_who_guesses_a_key_can_delete_nothing(client: FlaskClient) -> None:
    key = {"Idempotency-Key": "1"}
    first = client.post("/api/v1/comments", json=draft(), headers=key).json
    guessed = client.post("/api/v1/comments", json=draft(), headers=key)

    assert guessed.status_code == 202
    assert guessed.json == {"id": first["id"], "status": "received", "receipt": None}
    assert client.post("/api/v1/comments", json=draft("Other words."), headers=key).status_code == 202
    assert client.delete(f"/api/v1/comments/{first['id']}").status_code == 404


def test_a_retry_gets_through_when_only_the_pages_title_and_address_changed(client: FlaskClient) -> None:
    headers = {"Idempotency-Key": "again", "Parley-Author": "a" * 22}
    page = {"url": "https://news.example/a", "title": "An article"}
    changed = {"url": "https://news.example/a?utm_campaign=x#c", "title": "(1) An article"}
    first, again = (
        client.post("/api/v1/comments", json=draft(thread="a") | {"thread": one}, headers=headers)
        for one in (page, changed)
    )

    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json == again.json


GAPS = [
    ("a\n\n\n\nb", "a\n\nb"),
    ("a\r\n\r\n\r\nb", "a\n\nb"),
    ("a\r\r\rb", "a\n\nb"),
    ("a\n \t\n\u3000\u00a0\n  b", "a\n\n  b"),
    ("a\n\u200b\n\u2800\ufe0f\n\u00ad\n\u3164\nb", "a\n\nb"),
    ("a\u2028\u2029\x85b", "a\n\nb"),
    ("a\n\v\f\nb", "a\n\nb"),
    ("a \n\n\n\n b\n\n\n\nc", "a \n\n b\n\nc"),
    ("a\n" * 4, "a\na\na\na"),
    ("a\n\nb", "a\n\nb"),
    ("a\r\n\r\nb", "a\n\nb"),
    ("Two\rThree", "Two\nThree"),
    ("a\r\n\rb\n\rc", "a\n\nb\n\nc"),
    ("a\u2028\u2028b", "a\u2028\u2028b"),
    ("a\r\n \r\nb", "a\n \nb"),
    ("a\n\n.\n\nb", "a\n\n.\n\nb"),
    ("1.\n\n\u0301\n\n2", "1.\n\n\u0301\n\n2"),
]


@pytest.mark.parametrize(("typed", "kept"), GAPS)
def test_of_empty_lines_in_a_row_one_is_kept(client: FlaskClient, typed: str, kept: str) -> None:
    own = post(client, typed)

    place = f"/api/v1/comments/{own['id']}"
    assert client.get(place, headers={"Parley-Receipt": own["receipt"]}).json["body"] == kept
    assert Text(max_graphemes=99, max_bytes=999).deserialize(kept) == kept


def test_a_retry_with_other_empty_lines_is_the_same_comment(client: FlaskClient) -> None:
    key = {"Idempotency-Key": "gaps"}
    answers = [
        client.post("/api/v1/comments", json=draft(body=body), headers=key)
        for body in ("a\n\n\n\n\nb", "a\n\n\n\n\nb", "a\n\nb")
    ]

    assert [answer.status_code for answer in answers] == [202, 202, 202]
    assert len({answer.json["id"] for answer in answers}) == 1


def test_a_retry_with_other_line_ends_is_the_same_comment(client: FlaskClient) -> None:
    key = {"Idempotency-Key": "ends"}
    bodies = ("one\ntwo", "one\r\ntwo", "one\rtwo")
    answers = [client.post("/api/v1/comments", json=draft(body=body), headers=key) for body in bodies]

    assert len({answer.json["id"] for answer in answers}) == 1


def test_empty_lines_that_are_not_kept_count_for_nothing(client: FlaskClient) -> None:
    answer = client.post("/api/v1/comments", json=draft(body="a" * 4_000 + "\n" * 2_000 + "b" * 990))

    assert answer.status_code == 202


@pytest.mark.parametrize("unit", ["\n", "\r\n", "\n ", "\n\n ", "\n \u200bx", "\r\n\t\r\n\u2028x", " "])
def test_closing_gaps_takes_time_linear_in_the_text(unit: str) -> None:
    small, large = ("a" + unit * (size // len(unit)) + "b" for size in (25_000, 100_000))

    assert growth(lambda text: GAP.sub("\n\n", text), small, large) < LINEAR


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 129, "x" * 1000, "schlüssel", "a\tb"])
def test_an_odd_idempotency_key_is_refused(client: FlaskClient, key: str) -> None:
    answer = client.post("/api/v1/comments", json=draft(), headers={"Idempotency-Key": key})

    problem = assert_problem(answer, 422)
    assert problem["errors"][0]["pointer"] == "/Idempotency-Key"


@pytest.mark.parametrize("body", ["a" * 5000, "𝒳" * 5000, FAMILY * 800, "e\u0301" * 5000, "  a  ", "\u200dx"])
def test_a_body_at_its_limits_is_taken(client: FlaskClient, body: str) -> None:
    made = post(client, body)

    own = client.get(f"/api/v1/comments/{made['id']}", query_string={"receipt": made["receipt"]})
    assert own.json["body"] == unicodedata.normalize("NFC", body).strip()


@pytest.mark.parametrize(
    "body", ["a" * 5001, "𝒳" * 5000 + "a", FAMILY * 801, "🇫🇷" * 5001, "a" + "\u0301" * 9999]
)
def test_a_body_over_its_limits_is_refused(client: FlaskClient, body: str) -> None:
    problem = assert_problem(client.post("/api/v1/comments", json=draft(body)), 422)

    assert problem["errors"][0]["pointer"] == "/body"


@pytest.mark.parametrize(("name", "status"), [
    ("x" * 60, 202), ("x" * 61, 422), ("𝒳" * 60, 202), (FAMILY * 9, 202), (FAMILY * 10, 422),
    ("two\nlines", 422), ("a\u2028b", 422), ("a\x1b[31m", 422), ("\u202edaolnwod", 422), ("a\u2066b", 422),
    (None, 202),
])  # fmt: skip
def test_a_name_is_one_short_line(client: FlaskClient, name: str | None, status: int) -> None:
    answer = client.post("/api/v1/comments", json=draft(author={"name": name}))

    assert answer.status_code == status


@pytest.mark.parametrize(("body", "status"), [
    ("a" + "\u0301\u0316" * 4, 202),  # the first one melts into the letter
    ("x" + "\u0316" * 8, 202),
    ("x" + "\u0316" * 9, 422),
    ("x" + ("\u0316" * 8 + "\u200d") * 30, 422),
])  # fmt: skip
def test_a_tower_of_marks_is_refused(client: FlaskClient, body: str, status: int) -> None:
    assert client.post("/api/v1/comments", json=draft(body)).status_code == status


def test_all_forms_of_a_key_and_an_address_are_one_thread(client: FlaskClient, db: Database) -> None:
    for url in ("https://news.example/cafe\u0301", "https://news.example/caf\u00e9?utm_source=x#top"):
        answer = client.post(
            "/api/v1/comments", json={"site": "demo", "thread": {"url": url}, "body": f"On {url}"}
        )
        assert answer.status_code == 202
    post(client, thread="re\u0301sume\u0301")
    decide(db)

    assert read(client, "HTTPS://news.example/cafe\u0301".replace("HTTPS", "https"))["thread"]["count"] == 2
    assert read(client, "r\u00e9sum\u00e9")["thread"]["count"] == 1
    assert read(client, " re\u0301sume\u0301 ")["thread"]["count"] == 1


@pytest.mark.parametrize("url", [
    "javascript:alert(1)", "file:///etc/passwd", "data:text/html,x", "//news.example/a", "/a", "news.example",
    "https://", "https:///a", "https://user@news.example/", "https://user:pw@news.example/", "ftp://a/",
    "https://news.example:0x50/", "https://news.example:99999/", "https://a\\b/", "https://a b/",
    "https://[::1", "https://ex..ample/é", "https://" + "é" * 300 + ".example/",
    "https://<script>/", "https://a%00b/",
])  # fmt: skip
def test_an_address_that_is_no_page_is_refused(client: FlaskClient, url: str) -> None:
    answer = client.post("/api/v1/comments", json={"site": "demo", "thread": {"url": url}, "body": "x"})

    problem = assert_problem(answer, 422)
    assert problem["errors"][0]["pointer"] == "/thread/url"


@pytest.mark.parametrize(("url", "canonical"), [
    ("HTTPS://News.Example:443/a?utm_source=x&b=1#top", "https://news.example/a?b=1"),
    ("http://bücher.example:8080/", "http://xn--bcher-kva.example:8080/"),
    ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example/"),
    ("https://[2001:db8::1]/a", "https://[2001:db8::1]/a"),
])  # fmt: skip
def test_an_address_gets_its_canonical_form(
    client: FlaskClient, db: Database, url: str, canonical: str
) -> None:
    client.post("/api/v1/comments", json={"site": "demo", "thread": {"url": url}, "body": "x"})
    decide(db)

    assert read(client, canonical)["thread"] | {"version": 0} == {
        "key": canonical, "url": canonical, "title": None, "count": 1, "closed": False, "version": 0,
    }  # fmt: skip


def test_only_a_published_comment_of_the_same_page_can_be_answered(client: FlaskClient, db: Database) -> None:
    fine, vile, elsewhere = post(client), post(client, "You vile thing."), post(client, thread="b")
    decide(db)

    post(client, "I agree.", parent_id=fine["id"])
    for parent in (vile["id"], elsewhere["id"], "019b76da-a800-7000-8000-000000000000"):
        answer = client.post("/api/v1/comments", json=draft("No.", parent_id=parent))
        assert assert_problem(answer, 422)["errors"][0]["pointer"] == "/parent_id"


def test_a_closed_thread_takes_no_more(client: FlaskClient, db: Database) -> None:
    post(client)
    with db.write() as connection:
        connection.execute(update(Thread).values(closed_at=utcnow()))

    assert_problem(client.post("/api/v1/comments", json=draft()), 403)


def test_an_unknown_site_is_not_found(client: FlaskClient) -> None:
    assert_problem(client.post("/api/v1/comments", json=draft() | {"site": "nobody"}), 404)
    assert_problem(client.get("/api/v1/comments?site=nobody&thread=a"), 404)
    assert_problem(client.get("/api/v1/counts?site=nobody&thread=a"), 404)


def test_many_threads_are_counted_at_once(client: FlaskClient, db: Database) -> None:
    for number, thread in enumerate(("a", "a", "b")):
        post(client, f"Remark {number}.", thread)
    post(client, "vile", "b")
    decide(db)

    answer = client.get("/api/v1/counts?site=demo&thread=a&thread=b&thread=c&thread=a")
    assert answer.json == {"counts": {"a": 2, "b": 1, "c": 0}}
    assert answer.headers["Cache-Control"] == "public, max-age=10"
    assert_problem(client.get("/api/v1/counts?site=demo" + "&thread=x" * 101), 422)


@pytest.mark.parametrize("query", [
    "", "site=demo", "thread=a", "site=demo&thread=", "site=&thread=a", "site=DEMO&thread=a",
    "site=demo&thread=a&site=demo", "site=demo&thread=a&thread=b", "site[]=demo&thread=a",
    "site=demo&thread[]=a", "site=demo&thread[0]=a", "site=demo&thread=a&x=1", "site=demo%00&thread=a",
    "site=demo&thread=a%00", "site=demo&thread=%ff", "site=demo&thread=%ed%a0%80", "site=demo&thread=a&%ff=1",
    "site=demo&thread=a&limit=0", "site=demo&thread=a&limit=-1", "site=demo&thread=a&limit=101",
    "site=demo&thread=a&limit=1000000000", "site=demo&thread=a&limit=1.5", "site=demo&thread=a&limit=1_0",
    "site=demo&thread=a&limit=%D9%A3", "site=demo&thread=a&limit=+1", "site=demo&thread=a&limit=0x10",
    "site=demo&thread=a&limit=" + "9" * 4000, "site=demo&thread=a&limit=", "site=demo&thread=a&limit=true",
    "site=demo&thread=a&sort=best", "site=demo&thread=a&sort=newest;DROP TABLE", "site=demo&thread=a&sort=",
    "site=demo&thread=a&cursor=", "site=demo&thread=a&cursor=x", "site=demo&thread=a&cursor=bnVsbA",
    "site=demo&thread=a&cursor=WzEsMiwzXQ", "site=demo&thread=a&cursor=e30",
    "site=demo&thread=a&cursor=%C3%A9",
    "site=demo&thread=a&cursor=WyJuZXdlc3QiLDFlOTksIngiXQ", "site=demo&thread=a&cursor=W10",
    "site=demo&thread=a&parent=x", "site=demo&thread=a&parent=", "site=demo&thread=javascript:a&thread=b",
    "site=demo&thread=https://[", "site=demo%26thread=a", "site=demo;thread=a", "&&&", "=", "%", "%zz=%zz",
])  # fmt: skip
def test_an_odd_query_is_refused(client: FlaskClient, query: str) -> None:
    assert_problem(client.get(f"/api/v1/comments?{query}"), 422)


@pytest.mark.parametrize("place", [
    "10000000000000000000000", "-1", "%00", "٣", "019b76da-a800-7000-8000-00000000000", "..%2f..%2fetc",
    "019b76da-a800-7000-8000-000000000000%0a", "019b76da-a800-7000-8000-00000000000٣", "{id}", "%2e%2e",
    "019b76da-a800-7000-8000-000000000000/", "urn:uuid:019b76da-a800-7000-8000-000000000000", "' OR 1=1 --",
])  # fmt: skip
def test_an_odd_id_is_not_found(client: FlaskClient, place: str) -> None:
    problem = assert_problem(client.get(f"/api/v1/comments/{place}"), 404)

    assert place not in problem["detail"]


def test_pages_of_any_origin_may_use_the_readers_doors_alone(client: FlaskClient) -> None:
    origin = {"Origin": "https://news.example"}
    asked = origin | {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }

    for place in (
        "/api/v1/comments?site=demo&thread=a",
        "/api/v1/counts?site=demo&thread=a",
        "/api/v1/counts",
    ):
        answer = client.get(place, headers=origin)
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in answer.headers
    before = client.options("/api/v1/comments", headers=asked)
    assert before.status_code < 300
    assert "content-type" in before.headers["Access-Control-Allow-Headers"].lower()
    assert "authorization" not in before.headers["Access-Control-Allow-Headers"].lower()
    for place in (
        "/api/v1/moderation/comments?site=demo",
        "/api/v1/webhook-endpoints",
        "/review/",
        "/metrics",
    ):
        for answer in (client.get(place, headers=origin), client.options(place, headers=asked)):
            assert not [name for name, _ in answer.headers if name.startswith("Access-Control")], place
