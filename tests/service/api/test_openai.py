"""OpenAI's moderation endpoint, in shape; and only what our scores can honestly say.

Proves `service/scoring/openai.py` too.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from werkzeug.test import TestResponse

import models
from tests.fakes import FakeReading
from tests.service.api.odd_bodies import BODIES
from tests.service.api.perspective.parts import GERMAN, RUSSIAN, MarkedScorer, application
from tests.service.api.perspective.test_fuzz import anything

CATEGORIES = ["harassment", "harassment/threatening", "hate"]


class Speaking(MarkedScorer):
    """Knows Russian when it sees it, and reads German as a beta language."""

    def _read(self, text: str, code: str) -> FakeReading:
        code = "ru" if text == RUSSIAN else "de" if GERMAN in text else "en"
        scores = {**super()._read(text, "en").scores}
        if "doubtful" in text:
            scores |= {"INSULT": 0.5, "THREAT": 0.4999}
        if code != "en":
            scores = {"TOXICITY": 0.1} if "gar" in text else {"INSULT": 0.1}
        return FakeReading(scores, text, code, supported=code == "en", is_beta=code == "de")


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """The web application without a database."""
    return application(Speaking(), tmp_path_factory.mktemp("openai"))


@pytest.fixture(scope="module")
def client(app: Flask) -> FlaskClient:
    """A client of it."""
    return app.test_client()


def ask(client: FlaskClient, given: Any, **more: Any) -> TestResponse:
    headers = {"Authorization": "Bearer sk-anything"}
    return client.post("/v1/moderations", json={"input": given, **more}, headers=headers)


def test_a_text_is_answered_in_the_known_shape(client: FlaskClient) -> None:
    answer = ask(client, "You vile thing", model="omni-moderation-latest")

    assert answer.status_code == 200, answer.text
    assert answer.json["id"].startswith("modr-")
    assert answer.json["model"] == "marked-1"
    [result] = answer.json["results"]
    assert result == {
        "flagged": True,
        "categories": {"harassment": True, "harassment/threatening": True, "hate": True},
        "category_scores": {
            "harassment": 0.9 + 3 / 128, "harassment/threatening": 0.9 + 5 / 128, "hate": 0.9 + 2 / 128,
        },
        "category_applied_input_types": {name: ["text"] for name in CATEGORIES},
    }  # fmt: skip


def test_a_category_is_flagged_where_it_is_at_least_as_likely_as_not(client: FlaskClient) -> None:
    [result] = ask(client, "A doubtful thing").json["results"]

    assert result["flagged"]
    assert result["categories"] == {"harassment": True, "harassment/threatening": False, "hate": False}


def test_several_texts_are_read_in_one_call(app: Flask, client: FlaskClient) -> None:
    scorer = app.extensions["parley"].scorer()
    scorer.asked.clear()
    answer = ask(client, ["fine", "You vile thing", "good"])

    assert [result["flagged"] for result in answer.json["results"]] == [False, True, False]
    assert [texts for texts, _, _ in scorer.asked] == [["fine", "You vile thing", "good"]]


def test_parts_are_one_text(client: FlaskClient) -> None:
    answer = ask(client, [{"type": "text", "text": "You"}, {"type": "text", "text": "vile thing"}])

    assert [result["flagged"] for result in answer.json["results"]] == [True]


def test_what_a_language_has_no_scores_for_is_left_out(client: FlaskClient) -> None:
    [result] = ask(client, GERMAN).json["results"]

    assert list(result["categories"]) == list(result["category_scores"]) == ["harassment"]


def test_a_language_with_no_score_for_any_category_is_refused(client: FlaskClient) -> None:
    answer = ask(client, f"Das geht gar nicht. {GERMAN}")

    assert answer.status_code == 400
    assert answer.json["error"]["code"] == "language_not_supported"


def test_a_language_without_a_model_is_refused_rather_than_passed(client: FlaskClient) -> None:
    answer = ask(client, ["fine", RUSSIAN])

    assert answer.status_code == 400
    assert answer.json["error"] == {
        "message": "The text at index 1 is in a language that no model reads: Russian.",
        "type": "invalid_request_error", "param": "input", "code": "language_not_supported",
    }  # fmt: skip


SHAPE = "input must be a string, or a list of strings or of text parts."


@pytest.mark.parametrize(("given", "message"), [
    (None, SHAPE), (5, SHAPE), ([], SHAPE), ({}, SHAPE), ([1], SHAPE), (["a", 1], SHAPE),
    ([{"type": "text"}], SHAPE),
    ([{"type": "image_url", "image_url": {"url": "x"}}], "Images cannot be scored here."),
    ("한" * 6827, "A text has more than 20480 bytes."),
    (["a"] * 257, "input has more than 256 texts."),
])  # fmt: skip
def test_what_is_refused(client: FlaskClient, given: Any, message: str) -> None:
    answer = ask(client, given)

    assert answer.status_code == 400
    assert answer.json["error"] == {
        "message": message, "type": "invalid_request_error", "param": "input", "code": None,
    }  # fmt: skip


def test_a_text_of_the_greatest_length(client: FlaskClient) -> None:
    assert ask(client, "한" * 6826 + "aa").status_code == 200


def test_without_a_model_it_is_unavailable_for_now(tmp_path: Path) -> None:
    answer = ask(application(None, tmp_path).test_client(), "x")

    assert answer.status_code == 503
    assert answer.json["error"]["type"] == "server_error"
    assert int(answer.headers["Retry-After"]) > 0


def test_bodies_that_cannot_be_read(client: FlaskClient) -> None:
    for raw, _ in BODIES.values():
        answer = client.post("/v1/moderations", data=raw)
        assert answer.status_code == 400, raw[:50]
        assert set(answer.json["error"]) == {"message", "type", "param", "code"}
    answer = client.post("/v1/moderations", data=b" " * (4 * 1024 * 1024 + 1))
    assert answer.status_code == 400


@examples(max_examples=200, suppress_health_check=list(HealthCheck))
@given(anything)
def test_any_input_has_an_answer(client: FlaskClient, given: Any) -> None:
    answer = client.post("/v1/moderations", data=json.dumps({"input": given}).encode())

    assert answer.status_code in (200, 400), answer.text


def test_the_model_itself(tmp_path: Path) -> None:
    real = application(models.load_scorer(careful="off"), tmp_path).test_client()
    rude, kind = ask(real, ["You are a stupid fool, go away!", "Thank you, what a fine day."]).json["results"]

    assert rude["flagged"]
    assert rude["categories"]["harassment"]
    assert not kind["flagged"]
    assert set(rude["category_scores"]) == set(CATEGORIES)
