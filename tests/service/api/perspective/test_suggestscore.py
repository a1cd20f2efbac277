"""What a call of `suggestscore` leaves behind, and what it never does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from service.scoring import keys, suggestions
from service.settings import Settings
from service.storage.database import Database
from service.storage.records import StoredSuggestion
from service.storage.tables import Base
from tests.conftest import NOW
from tests.service.api.naughty import STRINGS
from tests.service.api.perspective.parts import ANALYZE, SUGGEST, MarkedScorer, request_body, served
from tests.service.api.perspective.test_fuzz import SUGGESTION, anything, assert_documented, places, replaced

NO_SCORES: list[dict[str, Any]] = [
    {"summaryScore": {"value": 2}},
    {"summaryScore": {"value": 0.7, "type": "RAW"}},
    {"summaryScore": {"value": 0.7, "type": "ANYTHING"}},
    *(
        {"spanScores": [{"begin": begin, "end": end, "score": {"value": 1}}]}
        for begin, end in ((-1, 1), (1, 0), (0, 0), (0, 2))
    ),
    {"spanScores": [{"begin": 0, "end": 1, "score": {"value": 1, "type": "PERCENTILE"}}]},
]


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    """The web application with a scorer of marked texts."""
    with served(settings, MarkedScorer()) as made:
        yield made


def kept(db: Database) -> list[StoredSuggestion]:
    return list(suggestions.every(db))


def test_a_suggestion_is_kept_as_it_was_sent(client: FlaskClient, db: Database) -> None:
    body = {
        "comment": {"text": " Quite a 😀 remark.\n"}, "languages": ["de-AT", "en"], "sessionId": "s",
        "context": {"entries": [{"text": "What it answers."}]},
        "communityId": "Coral:Täglich", "clientToken": "comment:7",
        "attributeScores": {
            "TOXICITY": {"summaryScore": {"value": 1},
                         "spanScores": [{"begin": 1, "end": 6, "score": {"value": 0.25}}]},
            "INSULT_EXPERIMENTAL": {"summaryScore": {}},
        },
    }  # fmt: skip
    assert client.post(SUGGEST, json=body).status_code == 200
    [row] = kept(db)

    assert row.body == " Quite a 😀 remark.\n"
    assert (row.community, row.token, row.sender, row.language) == (
        "Coral:Täglich", "comment:7", None, "de-AT",
    )  # fmt: skip
    assert row.scores == {
        "TOXICITY": {"summary": 1.0, "spans": [[1, 6, 0.25]]},
        "INSULT_EXPERIMENTAL": {"summary": 0.0, "spans": []},
    }
    assert "What it answers." not in repr(row)


def test_whoever_shows_a_key_is_noted_by_its_name(settings: Settings, db: Database) -> None:
    key = keys.add_key(db, "The Gazette", 60, NOW)
    with served(settings, MarkedScorer(), perspective_keys="required") as app:
        refused = app.test_client().post(SUGGEST, json=SUGGESTION)
        taken = app.test_client().post(f"{SUGGEST}?key={key}", json=SUGGESTION)

    assert (refused.status_code, taken.status_code) == (403, 200)
    assert [row.sender for row in kept(db)] == ["The Gazette"]


def test_nothing_is_kept_where_storing_is_switched_off(settings: Settings, db: Database) -> None:
    with served(settings, MarkedScorer(), suggestion_days=0) as app:
        answer = app.test_client().post(SUGGEST, json=SUGGESTION)

    assert answer.json == {"clientToken": "t", "detectedLanguages": ["und"]}
    assert kept(db) == []


def test_what_is_refused_is_not_kept(client: FlaskClient, db: Database) -> None:
    for changed in (
        {"comment": {"text": ""}}, {"attributeScores": {}}, {"communityId": "c" * 201},
        {"clientToken": "t" * 201}, *({"attributeScores": {"TOXICITY": scores}} for scores in NO_SCORES),
    ):  # fmt: skip
        assert client.post(SUGGEST, json={**SUGGESTION, **changed}).status_code == 400, changed

    assert kept(db) == []


def test_what_is_analysed_is_never_kept(client: FlaskClient, db: Database) -> None:
    tables = _counts(db)
    for store in (True, False):
        body = request_body(doNotStore=store, communityId="c", clientToken="t")
        assert client.post(ANALYZE, json=body).status_code == 200

    assert _counts(db) == tables


def _counts(db: Database) -> dict[str, int]:
    with db.read() as connection:
        return {
            name: connection.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar_one()
            for name in Base.metadata.tables
        }


def test_anything_is_kept_or_refused_and_never_a_failure(client: FlaskClient, db: Database) -> None:
    @examples(max_examples=150, suppress_health_check=list(HealthCheck))
    @given(way=st.sampled_from(list(places(SUGGESTION))), value=anything)
    def try_one(way: tuple[Any, ...], value: Any) -> None:
        before = len(kept(db))
        answer = client.post(SUGGEST, data=json.dumps(replaced(SUGGESTION, way, value)).encode())
        assert_documented(answer)
        assert len(kept(db)) == before + (answer.status_code == 200)

    try_one()


def test_odd_strings_are_kept_exactly_or_refused(client: FlaskClient, db: Database) -> None:
    exact = 0
    for text in STRINGS:
        body = {**SUGGESTION, "comment": {"text": text}, "communityId": text[:200], "languages": [text]}
        answer = client.post(SUGGEST, data=json.dumps(body).encode())
        assert_documented(answer)
        if answer.status_code == 200:
            row = kept(db)[-1]
            assert (row.body, row.community) == (text, text[:200])
            exact += 1

    assert exact > len(STRINGS) / 2
