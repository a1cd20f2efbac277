"""Forms: a token for each that is opened, good for its page however the page is spelt."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from service.comments.forms import form_of, open_form
from service.comments.intake import Draft
from service.domain.errors import Invalid
from service.domain.form_tokens import FORGED, GOOD, NONE
from tests.conftest import NOW
from tests.service.api import parts

KEY = b"k" * 32
LATER = NOW + timedelta(minutes=1)
PAGE = "https://news.example/talks"


def shown(token: str | None, url: str, key: str | None = None, site: str = "demo") -> str:
    draft = Draft(site, url, "Good news.", key=key, form_token=token)
    return form_of(draft, secret_key=KEY, now=LATER)


def test_one_token_is_good_for_every_spelling_of_its_page() -> None:
    token = open_form("demo", f"{PAGE}?utm_source=x", secret_key=KEY, now=NOW)

    assert shown(token, "http://www.news.example/talks/") == GOOD
    assert shown(token, "https://news.example/other") == FORGED
    assert shown(token, PAGE, site="other") == FORGED
    assert shown(None, PAGE) == NONE


def test_a_key_goes_before_the_address() -> None:
    token = open_form("demo", "talks", secret_key=KEY, now=NOW)

    assert shown(token, PAGE, key="talks") == GOOD
    assert shown(token, PAGE) == FORGED


def test_two_readers_of_a_moment_have_two_tokens() -> None:
    assert len({open_form("demo", PAGE, secret_key=KEY, now=NOW) for _ in range(100)}) == 100


def test_an_address_that_is_none_has_no_form() -> None:
    with pytest.raises(Invalid):
        open_form("demo", "https://", secret_key=KEY, now=NOW)


def test_the_door_gives_one_that_no_cache_keeps_and_sets_no_cookie(client: FlaskClient) -> None:
    answers = [client.get("/api/v1/form-token?site=demo&thread=talks") for _ in range(2)]

    assert len({answer.json["token"] for answer in answers}) == 2
    for answer in answers:
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "Set-Cookie" not in answer.headers
        assert "ETag" not in answer.headers


@pytest.mark.parametrize(
    "query", ["", "site=demo", "thread=talks", "site=NO&thread=a", "site=demo&thread=https://"]
)
def test_the_door_says_what_is_wrong(client: FlaskClient, query: str) -> None:
    answer = client.get(f"/api/v1/form-token?{query}")

    assert answer.status_code == 422
    assert answer.content_type == "application/problem+json"


@pytest.mark.parametrize(
    "form",
    [
        None,
        {},
        {"token": None},
        {"token": ""},
        {"token": "x"},
        {"token": "ü" * 300},
        {"topic": ""},
        {"topic": "Buy!"},
    ],
)
def test_no_token_stops_a_post(client: FlaskClient, form: object) -> None:
    sent = parts.draft("A calm remark.") | ({} if form is None else {"form": form})

    assert client.post("/api/v1/comments", json=sent).status_code == 202


@pytest.mark.parametrize("form", [[], "x", {"token": 5}, {"token": "x" * 301}, {"colour": "red"}])
def test_what_is_no_form_is_named(client: FlaskClient, form: object) -> None:
    answer = client.post("/api/v1/comments", json=parts.draft("A calm remark.") | {"form": form})

    assert answer.status_code == 422
    assert answer.json["errors"][0]["pointer"].startswith("/form")


def test_the_list_of_a_thread_is_cached_as_ever(client: FlaskClient) -> None:
    client.post("/api/v1/comments", json=parts.draft("A calm remark."))
    address = "/api/v1/comments?site=demo&thread=a"
    first = client.get(address)
    client.get("/api/v1/form-token?site=demo&thread=a")
    again = client.get(address, headers={"If-None-Match": first.headers["ETag"]})

    assert again.status_code == 304
    assert "token" not in first.get_data(as_text=True)
