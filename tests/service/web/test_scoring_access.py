"""Where keys are asked for: who is let in, how much they may ask, and how it is said to them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from flask import Flask
from flask.testing import FlaskClient

from service.scoring import keys
from service.settings import Settings
from service.storage.database import Database
from service.web.scoring_access import Access, BadKey
from tests.conftest import NOW
from tests.service.api.perspective.parts import ANALYZE, ENGLISH, SUGGEST, MarkedScorer, request_body, served
from tests.service.api.perspective.test_batch import MIXED, packed, unpacked

NO_KEY = """{
  "error": {
    "code": 403,
    "message": "Method doesn't allow unregistered callers (callers without established identity). \
Please use API Key or other form of API consumer identity to call this API.",
    "status": "PERMISSION_DENIED"
  }
}
"""
BAD_KEY = """{
  "error": {
    "code": 400,
    "message": "API key not valid. Please pass a valid API key.",
    "status": "INVALID_ARGUMENT",
    "details": [
      {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "API_KEY_INVALID",
        "domain": "googleapis.com",
        "metadata": {
          "service": "commentanalyzer.googleapis.com"
        }
      }
    ]
  }
}
"""
OVER_QUOTA = """{
  "error": {
    "code": 429,
    "message": "Quota exceeded for quota metric 'Analysis requests (AnalyzeComment)' and limit \
'Analysis requests (AnalyzeComment) per minute' of service 'commentanalyzer.googleapis.com' \
for consumer 'project_number:%(number)d'.",
    "status": "RESOURCE_EXHAUSTED",
    "details": [
      {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "RATE_LIMIT_EXCEEDED",
        "domain": "googleapis.com",
        "metadata": {
          "consumer": "projects/%(number)d",
          "quota_limit": "AnalyzeRequestsPerMinutePerProject",
          "quota_limit_value": "3",
          "quota_location": "global",
          "quota_metric": "commentanalyzer.googleapis.com/analyze_requests",
          "service": "commentanalyzer.googleapis.com"
        }
      },
      {
        "@type": "type.googleapis.com/google.rpc.Help",
        "links": [
          {
            "description": "Ask the operator for a higher quota.",
            "url": "http://localhost/api/docs/perspective"
          }
        ]
      }
    ]
  }
}
"""
LABELLED = {"comment": {"text": ENGLISH}, "attributeScores": {"TOXICITY": {"summaryScore": {"value": 1}}}}
DISCOVERY = "/$discovery/rest?version=v1alpha1"


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    """The web application, which asks for keys."""
    with served(settings, MarkedScorer(), perspective_keys="required") as made:
        yield made


@pytest.fixture
def key(db: Database, redis_url: str) -> str:
    """A key with a quota of three requests a minute, none of them used."""
    with redis.Redis.from_url(redis_url) as counts:
        counts.flushdb()
    return keys.add_key(db, "The Gazette", 3, NOW)


def asked(client: FlaskClient, path: str, **more: Any) -> tuple[int, str]:
    answer = client.post(path, json=request_body(), **more)
    return answer.status_code, answer.text


def in_a_batch(client: FlaskClient, path: str, targets: list[str]) -> list[int]:
    body = json.dumps(request_body()).encode()
    raw = packed(*((f"POST {target}", body) for target in targets))
    answer = client.post(path, data=raw, content_type=MIXED)
    assert answer.status_code == 200, answer.text
    return [status for _, status, _ in unpacked(answer.content_type, answer.data)]


def test_without_a_key(client: FlaskClient) -> None:
    assert asked(client, ANALYZE) == (403, NO_KEY)
    assert asked(client, f"{ANALYZE}?key=") == (403, NO_KEY)
    assert client.post(SUGGEST, json=LABELLED).text == NO_KEY


def test_with_a_key_of_somebody_else_s(client: FlaskClient) -> None:
    assert asked(client, f"{ANALYZE}?key=AIza-of-google") == (400, BAD_KEY)
    assert asked(client, ANALYZE, headers={"Authorization": "Bearer of-google"}) == (400, BAD_KEY)
    assert client.post(f"{SUGGEST}?key=x", json=LABELLED).text == BAD_KEY


PLACES: dict[str, Callable[[str], tuple[str, dict[str, str]]]] = {
    "the query": lambda key: (f"?key={key}", {}),
    "Google's header": lambda key: ("", {"X-Goog-Api-Key": key}),
    "a bearer token": lambda key: ("", {"Authorization": f"Bearer {key}"}),
}


@pytest.mark.parametrize("place", PLACES)
def test_a_key_is_seen_in(client: FlaskClient, key: str, place: str) -> None:
    query, headers = PLACES[place](key)

    assert asked(client, ANALYZE + query, headers=headers)[0] == 200
    assert client.post(SUGGEST + query, json=LABELLED, headers=headers).status_code == 200


def test_beyond_the_quota(db: Database, client: FlaskClient, key: str) -> None:
    caller = keys.caller_of(db, key)
    assert caller is not None
    allowed = [asked(client, f"{ANALYZE}?key={key}")[0] for _ in range(3)]
    refused = client.post(f"{ANALYZE}?key={key}", json=request_body())

    assert allowed == [200] * 3
    assert (refused.status_code, refused.text) == (429, OVER_QUOTA % {"number": caller.id})
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    other = keys.add_key(db, "Another", 3, NOW)
    assert asked(client, f"{ANALYZE}?key={other}")[0] == 200


def test_a_request_counts_once_whatever_it_asks_for(client: FlaskClient, key: str) -> None:
    names = ("TOXICITY", "INSULT", "THREAT", "PROFANITY")
    body = request_body("One. Two. Three.", *names, spanAnnotations=True)
    found = [client.post(f"{ANALYZE}?key={key}", json=body).status_code for _ in range(4)]

    assert found == [200, 200, 200, 429]


def test_each_request_of_a_batch_shows_its_key_and_counts(client: FlaskClient, key: str) -> None:
    paths = [f"{ANALYZE}?key={key}", ANALYZE, f"{ANALYZE}?key=bad", *[f"{ANALYZE}?key={key}"] * 3]

    assert in_a_batch(client, "/batch", paths) == [200, 403, 400, 200, 200, 429]


def test_a_request_of_a_batch_may_show_its_key_in_a_header(client: FlaskClient, key: str) -> None:
    paths = [
        f"{ANALYZE} HTTP/1.1\r\nAuthorization: Bearer {key}",
        f"{ANALYZE} HTTP/1.1\r\nx-goog-api-key: {key}",
    ]

    assert in_a_batch(client, "/batch", paths) == [200, 200]


def test_the_key_of_the_whole_batch_is_that_of_its_parts(client: FlaskClient, key: str) -> None:
    assert in_a_batch(client, f"/batch?key={key}", [ANALYZE] * 4) == [200, 200, 200, 429]


def test_the_description_is_anybody_s_but_a_bad_key_is_said_to_be_one(client: FlaskClient, key: str) -> None:
    assert client.get(DISCOVERY).status_code == 200
    assert client.get(f"{DISCOVERY}&key={key}").status_code == 200
    bad = client.get(f"{DISCOVERY}&key=bad")

    assert (bad.status_code, bad.text) == (400, BAD_KEY)


def test_a_dropped_key_is_refused_after_a_moment(app: Flask, db: Database, key: str) -> None:
    now = 100.0
    access = Access(app.extensions["parley"], clock=lambda: now)
    with app.test_request_context():
        access.identify(key)
        keys.drop_key(db, "The Gazette", NOW)
        access.identify(key)
        now += 5.0

        with pytest.raises(BadKey):
            access.identify(key)


def test_without_a_database_a_known_key_still_opens_and_others_wait(app: Flask, key: str) -> None:
    client = app.test_client()
    assert asked(client, f"{ANALYZE}?key={key}")[0] == 200
    app.extensions["parley"].scoring_access._db = Database("sqlite:////nowhere/at-all.db")

    assert asked(client, f"{ANALYZE}?key={key}")[0] == 200
    status, text = asked(client, f"{ANALYZE}?key=other")
    assert (status, '"UNAVAILABLE"' in text) == (503, True)


def test_without_redis_the_quota_holds_in_this_process(settings: Settings, key: str, tmp_path: Path) -> None:
    nowhere = f"unix://{tmp_path}/none.sock"
    with served(settings, MarkedScorer(), perspective_keys="required", redis_url=nowhere) as app:
        found = [asked(app.test_client(), f"{ANALYZE}?key={key}")[0] for _ in range(4)]

    assert found == [200, 200, 200, 429]


def test_the_moderations_endpoint_asks_for_the_same_keys(client: FlaskClient, key: str) -> None:
    def moderate(given: Any, secret: str = "") -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {secret}"} if secret else {}
        answer = client.post("/v1/moderations", json={"input": given}, headers=headers)
        return answer.status_code, answer.json.get("error")

    shape = {"type": "invalid_request_error", "param": None, "code": "invalid_api_key"}
    nobody = {"message": "You didn't provide an API key. Send it as Authorization: Bearer.", **shape}
    assert moderate("x") == (401, nobody)
    assert moderate("x", "sk-x") == (401, {"message": "Incorrect API key provided.", **shape})
    assert moderate(["x", "y"], key)[0] == 200
    assert moderate(["x", "y"], key) == (429, {
        "message": "Rate limit reached: 3 texts a minute.", "type": "requests", "param": None,
        "code": "rate_limit_exceeded",
    })  # fmt: skip
    assert moderate("x", key)[0] == 200


def test_more_texts_than_the_quota_are_refused_for_good(client: FlaskClient, key: str) -> None:
    headers = {"Authorization": f"Bearer {key}"}
    answer = client.post("/v1/moderations", json={"input": ["x"] * 4}, headers=headers)

    assert answer.status_code == 400
    assert answer.json["error"]["message"] == "input has more texts than the key's quota of 3 a minute."
    assert client.post("/v1/moderations", json={"input": ["x"] * 3}, headers=headers).status_code == 200


def test_who_shows_no_key_is_not_told_what_is_wrong_with_a_body(client: FlaskClient) -> None:
    assert client.post(ANALYZE, data=b"{").text == NO_KEY


FROM_HERE = [
    {},
    {"base_url": "http://127.0.0.1:8080"},
    {"base_url": "http://[::1]:8080"},
    {"base_url": "http://demo.localhost:8080"},
    {"headers": {"Origin": "http://localhost:3000"}},
    {"base_url": "http://127.8.9.1", "headers": {"Origin": "http://127.0.0.1:8080"}},
]
FROM_ELSEWHERE = [
    {"headers": {"Origin": "https://evil.example"}},
    {"headers": {"Origin": "https://localhost.evil.example"}},
    {"headers": {"Origin": "http://127.0.0.1@evil.example"}},
    {"headers": {"Origin": "null"}},
    {"headers": {"Origin": "file://"}},
    {"base_url": "http://rebound.example:8080"},
    {"base_url": "http://192.0.2.7:8080"},
    {"base_url": "http://127.0.0.1.nip.example"},
    {"headers": {"X-Forwarded-For": "127.0.0.1"}},
    {"headers": {"Forwarded": "for=127.0.0.1"}},
]


BODIES = {ANALYZE: request_body(), SUGGEST: LABELLED, "/v1/moderations": {"input": ENGLISH}}


@pytest.mark.parametrize("door", BODIES)
@pytest.mark.parametrize("sent", FROM_HERE + FROM_ELSEWHERE, ids=str)
def test_a_parley_of_one_s_own_asks_what_comes_from_elsewhere_for_a_key(
    settings: Settings, key: str, door: str, sent: dict[str, Any]
) -> None:
    body = BODIES[door]
    with served(settings, MarkedScorer(), perspective_keys="local") as app:
        client = app.test_client()
        # As text a browser sends it without asking first.
        without = client.post(door, data=json.dumps(body), content_type="text/plain", **sent).status_code
        with_key = client.post(f"{door}?key={key}", json=body, **sent).status_code

    assert with_key == 200
    assert (without == 200) == (sent in FROM_HERE)
    assert without in (200, 401, 403)
