"""The Perspective doors, request by request as its clients send them.

Proves `service/api/perspective/fields.py`, `service/api/perspective/messages.py`,
`service/api/perspective/methods.py` and `service/scoring/perspective.py` too.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from service import observability
from service.domain.word_lists import utf16
from service.scoring.perspective import MAX_SPANS
from tests.service.api.perspective.parts import (
    ANALYZE,
    ENGLISH,
    GERMAN,
    PRODUCTION,
    RUSSIAN,
    SUGGEST,
    MarkedScorer,
    application,
    request_body,
)
from tests.service.test_observability import forget_loggers


@pytest.fixture
def scorer() -> MarkedScorer:
    """The model of the application."""
    return MarkedScorer()


@pytest.fixture
def app(scorer: MarkedScorer, tmp_path: Path) -> Flask:
    """The web application without a database."""
    return application(scorer, tmp_path)


def ask(client: FlaskClient, *attributes: str, text: str = ENGLISH, **more: Any) -> Any:
    """Return the answer to a request that is fine."""
    answer = client.post(ANALYZE, json=request_body(text, *attributes, **more))
    assert answer.status_code == 200, answer.text
    return answer.json


def assert_error(answer: TestResponse, message: str, code: int = 400) -> None:
    assert answer.status_code == code, answer.text
    assert answer.json["error"]["message"] == message


# --- scores


def test_a_plain_request_is_answered_as_the_live_api_did(client: FlaskClient) -> None:
    answer = client.post(f"{ANALYZE}?key=anything&alt=json", json=request_body(text="You vile thing"))

    assert answer.status_code == 200
    assert answer.content_type == "application/json; charset=UTF-8"
    assert answer.headers["Parley-Model"] == "marked-1"
    assert answer.json == {
        "attributeScores": {
            "TOXICITY": {
                "spanScores": [{"begin": 0, "end": 14, "score": {"value": 0.9, "type": "PROBABILITY"}}],
                "summaryScore": {"value": 0.9, "type": "PROBABILITY"},
            }
        },
        "languages": ["en"],
        "detectedLanguages": ["en"],
    }


def test_all_production_attributes_and_their_experimental_names(client: FlaskClient) -> None:
    aliases = [f"{name}_EXPERIMENTAL" for name in PRODUCTION]

    scores = ask(client, *PRODUCTION, *aliases)["attributeScores"]

    assert list(scores) == [*PRODUCTION, *aliases]
    for name in PRODUCTION:
        assert scores[name] == scores[f"{name}_EXPERIMENTAL"]
    assert len({scores[name]["summaryScore"]["value"] for name in PRODUCTION}) == len(PRODUCTION)


def test_a_version_behind_a_name_is_tolerated_and_comes_back(client: FlaskClient) -> None:
    assert list(ask(client, "TOXICITY@6")["attributeScores"]) == ["TOXICITY@6"]


@pytest.mark.parametrize(
    "name", ["FLIRTATION", "FLIRTATION_EXPERIMENTAL", "OBSCENE", "SEXUALLY_EXPLICIT", "toxicity", ""]
)
def test_what_has_no_honest_model_is_unknown(client: FlaskClient, name: str) -> None:
    answer = client.post(ANALYZE, json=request_body(ENGLISH, "TOXICITY", name))

    assert_error(answer, f"Unknown requested attribute: {name}")


def test_another_attribute_is_known_once_the_model_has_it(client: FlaskClient, scorer: MarkedScorer) -> None:
    scorer.attributes = (*scorer.attributes, "SEXUALLY_EXPLICIT")

    assert list(ask(client, "SEXUALLY_EXPLICIT")["attributeScores"]) == ["SEXUALLY_EXPLICIT"]


def test_a_score_has_the_digits_of_a_32_bit_number(tmp_path: Path) -> None:
    class Third(MarkedScorer):
        def _read(self, text: str, code: str) -> Any:
            reading = super()._read(text, code)
            return type(reading)(dict.fromkeys(reading.scores, 1 / 3), text)

    found = ask(application(Third(), tmp_path).test_client())

    assert found["attributeScores"]["TOXICITY"]["summaryScore"]["value"] == 0.3333333


# --- spans


def test_every_sentence_has_a_span_and_all_are_read_in_one_call(
    client: FlaskClient, scorer: MarkedScorer
) -> None:
    text = "😀 You vile thing! I did not mean it. "
    found = ask(client, text=text, spanAnnotations=True)["attributeScores"]["TOXICITY"]

    places = [(span["begin"], span["end"]) for span in found["spanScores"]]
    assert places == [(0, 18), (19, 37)]
    assert [span["score"]["value"] for span in found["spanScores"]] == [0.9, 0.1]
    assert found["summaryScore"]["value"] == 0.9
    [(texts, languages, within)] = scorer.asked
    assert texts == [text, "😀 You vile thing!", "I did not mean it."]
    assert languages == ["en"] * 3
    assert within is not None
    assert 0 < within <= 0.4


def test_without_being_asked_for_sentences_one_span_covers_the_text(client: FlaskClient) -> None:
    text = " 😀😀 One. Two. "
    [span] = ask(client, text=text)["attributeScores"]["TOXICITY"]["spanScores"]

    assert (span["begin"], span["end"]) == (0, utf16(text))


def test_very_many_sentences_share_spans(client: FlaskClient) -> None:
    text = "a! " * 6_000
    spans = ask(client, text=text, languages=["en"], spanAnnotations=True)["attributeScores"]["TOXICITY"][
        "spanScores"
    ]

    assert MAX_SPANS / 2 <= len(spans) <= MAX_SPANS
    assert (spans[0]["begin"], spans[-1]["end"]) == (0, len(text) - 1)
    for one, following in pairwise(spans):
        assert following["begin"] == one["end"] + 1


# --- thresholds


def test_what_is_below_its_threshold_is_left_out(client: FlaskClient) -> None:
    wanted = {"TOXICITY": {"scoreThreshold": 0.5}, "INSULT": {"scoreThreshold": 0.05}}
    found = client.post(ANALYZE, json=request_body() | {"requestedAttributes": wanted}).json

    assert list(found["attributeScores"]) == ["INSULT"]


def test_with_everything_below_there_is_no_key_at_all(client: FlaskClient) -> None:
    wanted = {"TOXICITY": {"scoreThreshold": 0.5}}
    found = client.post(ANALYZE, json=request_body() | {"requestedAttributes": wanted}).json

    assert found == {"languages": ["en"], "detectedLanguages": ["en"]}


def test_a_score_on_its_threshold_is_given(client: FlaskClient) -> None:
    wanted = {"TOXICITY": {"scoreThreshold": 0.1, "scoreType": "PROBABILITY"}}
    found = client.post(ANALYZE, json=request_body() | {"requestedAttributes": wanted}).json

    assert found["attributeScores"]["TOXICITY"]["summaryScore"]["value"] == 0.1


def test_sentences_have_the_threshold_too(client: FlaskClient) -> None:
    wanted = {"TOXICITY": {"scoreThreshold": 0.5}}
    body = request_body("You vile thing! I did not mean it.", spanAnnotations=True)
    found = client.post(ANALYZE, json=body | {"requestedAttributes": wanted}).json["attributeScores"]

    assert [span["begin"] for span in found["TOXICITY"]["spanScores"]] == [0]


# --- languages


def test_a_given_language_wins_over_the_detected_one(client: FlaskClient, scorer: MarkedScorer) -> None:
    found = ask(client, text=GERMAN, languages=["en"])

    assert (found["languages"], found["detectedLanguages"]) == (["en"], ["de"])
    assert scorer.asked[0][1] == ["en"]


def test_of_several_given_the_detected_one_is_read(client: FlaskClient, scorer: MarkedScorer) -> None:
    found = ask(client, text=GERMAN, languages=["en-US", "de-CH"])

    assert found["languages"] == ["en-US", "de-CH"]
    assert scorer.asked[0][1] == ["de"]


def test_a_language_is_detected_where_none_is_given(client: FlaskClient, scorer: MarkedScorer) -> None:
    found = ask(client, text=GERMAN)

    assert (found["languages"], found["detectedLanguages"]) == (["de"], ["de"])


@pytest.mark.parametrize("text", ["+1", "😀", "lol"])
def test_what_is_too_short_to_tell_is_read_as_english(client: FlaskClient, text: str) -> None:
    found = ask(client, text=text)

    assert (found["languages"], found["detectedLanguages"]) == (["en"], ["und"])


def test_an_attribute_that_a_language_has_no_scores_for_is_an_error(client: FlaskClient) -> None:
    answer = client.post(ANALYZE, json=request_body(GERMAN, "TOXICITY", "THREAT"))

    assert_error(answer, "Attribute THREAT does not support request languages: de")


def test_unsupported_attributes_are_dropped_on_demand(client: FlaskClient) -> None:
    found = ask(client, "TOXICITY", "THREAT", text=GERMAN, dropUnsupportedAttributes=True)
    nothing = ask(client, text=RUSSIAN, dropUnsupportedAttributes=True)

    assert list(found["attributeScores"]) == ["TOXICITY"]
    assert nothing["languages"] == nothing["detectedLanguages"][:1] == ["ru"]
    assert "attributeScores" not in nothing


# --- the ways to send it


def test_snake_case_is_read_as_well(client: FlaskClient) -> None:
    body = {
        "comment": {"text": "You vile thing! Go."},
        "requested_attributes": {"TOXICITY": {"score_type": "PROBABILITY", "score_threshold": 0.5}},
        "do_not_store": True, "client_token": "ct", "session_id": "s", "span_annotations": True,
        "community_id": "c", "context": {"article_and_parent_comment": {"parent_comment": {"text": "x"}}},
    }  # fmt: skip
    found = client.post(ANALYZE, json=body)

    assert found.status_code == 200, found.text
    assert found.json["clientToken"] == "ct"
    assert len(found.json["attributeScores"]["TOXICITY"]["spanScores"]) == 1


def test_everything_a_request_may_hold(client: FlaskClient) -> None:
    more = {
        "context": {"entries": [{"text": "x" * 1_000_000, "type": "PLAIN_TEXT"}]},
        "spanAnnotations": False, "languages": "en", "doNotStore": True, "clientToken": "a\u2028b",
        "sessionId": "s", "communityId": "c", "dropUnsupportedAttributes": None,
    }  # fmt: skip
    found = ask(client, **more)

    assert found["clientToken"] == "a\u2028b"
    assert found["attributeScores"] == ask(client)["attributeScores"]


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "text/plain;charset=UTF-8", "application/x-www-form-urlencoded", "x/y", "", None],
)
def test_any_content_type(client: FlaskClient, content_type: str | None) -> None:
    answer = client.post(ANALYZE, data=json.dumps(request_body()), content_type=content_type)

    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("path", [
    ANALYZE, "/v1alpha1/comments%3Aanalyze", f"/sub{ANALYZE}", f"/a/b/c{ANALYZE}",
    f"/.googleapis.com{ANALYZE}",
])  # fmt: skip
def test_any_prefix_and_an_escaped_colon(client: FlaskClient, path: str) -> None:
    assert client.post(path, json=request_body()).status_code == 200


@pytest.mark.parametrize("query", [
    "key=K", "key=", "key=a&key=b", "alt=json", "alt=media", "alt=proto", "alt=x", "%24.xgafv=2",
    "$.xgafv=9", "quotaUser=u", "quotaUser=" + "u" * 500, "access_token=t", "oauth_token=t", "callback=f",
    "uploadType=media", "upload_protocol=raw", "prettyPrint=maybe", "fields=((", "fields=" + "a(" * 400,
    "unknown=1", "%ff=%ff", "=",
])  # fmt: skip
def test_no_parameter_is_refused(client: FlaskClient, query: str) -> None:
    answer = client.post(f"{ANALYZE}?{query}", json=request_body())

    assert answer.status_code == 200
    assert answer.content_type == "application/json; charset=UTF-8"
    assert "TOXICITY" in answer.text


def test_answers_are_indented_unless_asked_otherwise(client: FlaskClient) -> None:
    pretty = client.post(ANALYZE, json=request_body())
    terse = client.post(f"{ANALYZE}?prettyPrint=false", json=request_body())

    assert pretty.data.startswith(b'{\n  "attributeScores": {\n    "TOXICITY"')
    assert terse.data == json.dumps(pretty.json, separators=(",", ":")).encode()


@pytest.mark.parametrize(("selector", "expected"), [
    ("languages", {"languages": ["en"]}),
    ("attributeScores/*/summaryScore/value",
     {"attributeScores": {"TOXICITY": {"summaryScore": {"value": 0.1}}}}),
    ("languages,attributeScores(TOXICITY(spanScores(begin,end)))",
     {"attributeScores": {"TOXICITY": {"spanScores": [{"begin": 0, "end": 24}]}}, "languages": ["en"]}),
    ("nothing", {}),
])  # fmt: skip
def test_fields_cut_the_answer(client: FlaskClient, selector: str, expected: Any) -> None:
    answer = client.post(ANALYZE, query_string={"fields": selector}, json=request_body())

    assert answer.json == expected


def test_fields_leave_an_error_whole(client: FlaskClient) -> None:
    answer = client.post(f"{ANALYZE}?fields=languages", json=request_body(" "))

    assert_error(answer, "Comment must be non-empty.")


@pytest.mark.parametrize("path", [ANALYZE, SUGGEST, "/batch", f"/sub{ANALYZE}", "/$discovery/rest"])
def test_pages_of_any_origin_may_call(client: FlaskClient, path: str) -> None:
    asks = {
        "Origin": "https://page.example", "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type,x-goog-api-key",
    }  # fmt: skip
    preflight = client.options(path, headers=asks)

    assert preflight.status_code == 200
    assert preflight.headers["Access-Control-Allow-Origin"] == "*"
    assert "POST" in preflight.headers["Access-Control-Allow-Methods"]
    assert preflight.headers["Access-Control-Allow-Headers"] == "*, Authorization"
    answer = client.open(path, method="GET" if "discovery" in path else "POST", headers={"Origin": "null"})
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


# --- limits


@pytest.mark.parametrize("filling", ["a", "é", "한", "😀"])
def test_the_limit_is_exact_in_bytes_whatever_the_alphabet(client: FlaskClient, filling: str) -> None:
    size = len(filling.encode())
    full = filling * (20_480 // size) + "a" * (20_480 % size)
    assert len(full.encode()) == 20_480

    more = {"languages": ["en"]}
    assert client.post(ANALYZE, json=request_body(full, **more)).status_code == 200
    assert_error(client.post(ANALYZE, json=request_body(full + "a", **more)), "Comment text too long.")
    one_over = filling * (20_480 // size + 1)
    assert_error(client.post(ANALYZE, json=request_body(one_over, **more)), "Comment text too long.")


def test_a_body_beyond_all_measure_is_an_error_of_the_sender(client: FlaskClient) -> None:
    answer = client.post(ANALYZE, data=b" " * (4 * 1024 * 1024 + 1))

    assert_error(answer, "Request payload size exceeds the limit: 4194304 bytes.")


def test_a_text_of_a_megabyte_is_too_long_and_no_more(client: FlaskClient) -> None:
    assert_error(client.post(ANALYZE, json=request_body("x" * 1_000_000)), "Comment text too long.")


# --- suggestscore


def test_a_suggested_score_as_coral_sends_it(client: FlaskClient) -> None:
    body = {
        "comment": {"text": GERMAN}, "context": {"entries": [{"text": '{"url":"https://x.example"}'}]},
        "attributeScores": {"TOXICITY": {"summaryScore": {"value": 1}}}, "languages": ["de"],
        "communityId": "Coral:http://coral", "clientToken": "comment:c1",
    }  # fmt: skip
    answer = client.post(f"{SUGGEST}?key=K", json=body)

    assert answer.status_code == 200
    assert answer.json == {
        "clientToken": "comment:c1", "detectedLanguages": ["de"], "requestedLanguages": ["de"],
    }  # fmt: skip


@pytest.mark.parametrize(("scores", "message"), [
    ({}, "Missing attribute_scores"),
    ({"TOXICITY": {}}, "Missing scores for attribute: TOXICITY"),
    ({"TOXICITY": {"spanScores": []}}, "Missing scores for attribute: TOXICITY"),
    ({"TOXICITY": {"spanScores": [{"begin": 0, "score": {"value": 1}}]}},
     "Span scores need begin and end: TOXICITY"),
    ({"TOXICITY": {"summaryScore": {"value": 1.5}}}, "Scores must be between 0 and 1: TOXICITY"),
])  # fmt: skip
def test_a_malformed_suggestion(client: FlaskClient, scores: Any, message: str) -> None:
    answer = client.post(SUGGEST, json={"comment": {"text": ENGLISH}, "attributeScores": scores})

    assert_error(answer, message)
    assert answer.json["error"]["status"] == "INVALID_ARGUMENT"


def test_suggested_spans_with_both_ends(client: FlaskClient) -> None:
    spans = {"spanScores": [{"begin": 0, "end": 4, "score": {"value": "0.5", "type": "PROBABILITY"}}]}
    answer = client.post(SUGGEST, json={"comment": {"text": ENGLISH}, "attributeScores": {"INSULT": spans}})

    assert answer.status_code == 200, answer.text


# --- when there is no model, and what is written down


def test_without_a_model_it_is_unavailable_for_now(tmp_path: Path) -> None:
    answer = application(None, tmp_path).test_client().post(ANALYZE, json=request_body())

    assert_error(answer, "The service is currently unavailable.", 503)
    assert answer.json["error"]["status"] == "UNAVAILABLE"
    assert int(answer.headers["Retry-After"]) > 0


def test_a_fault_of_ours_tells_nothing_of_it(tmp_path: Path) -> None:
    class Broken(MarkedScorer):
        def read(self, *_: Any, **__: Any) -> Any:
            raise RuntimeError("planted")

    answer = application(Broken(), tmp_path).test_client().post(ANALYZE, json=request_body())

    assert_error(answer, "Internal error encountered.", 500)


class PoisonedScorer(MarkedScorer):
    """Fails on "poison", with the text in the error."""

    def read(self, texts: Any, **more: Any) -> Any:
        if "poison" in texts[0]:
            raise RuntimeError(texts[0])
        return super().read(texts, **more)


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[tuple[FlaskClient, io.StringIO]]:
    """A client of an application that writes down as much as it ever does, and what it writes."""
    stream = io.StringIO()
    app = application(PoisonedScorer(), tmp_path)
    monkeypatch.setattr(sys, "stderr", stream)
    forget_loggers()
    observability.configure_logging("debug")
    yield app.test_client(), stream
    monkeypatch.undo()
    forget_loggers()
    observability.configure_logging("error")


def test_neither_a_key_nor_a_text_is_ever_logged(written: tuple[FlaskClient, io.StringIO]) -> None:
    client, stream = written
    headers = {"X-Goog-Api-Key": "planted", "Authorization": "Bearer planted", "User-Agent": "planted"}
    for text, more in (("planted", {}), ("planted poison", {}), ("planted", {"planted": "planted"})):
        body = request_body(text, clientToken="planted", communityId="planted", **more)
        for path in (ANALYZE, f"/planted{ANALYZE}"):
            client.post(f"{path}?key=planted&fields=planted", json=body, headers=headers)

    assert stream.getvalue().count('"event":"request"') == 6
    assert stream.getvalue().count("unexpected error") == 2
    assert "planted" not in stream.getvalue()


@pytest.mark.parametrize("odd", ["\\u0000", "\\ud83d", "\\udc00"])
def test_a_character_that_is_none_lets_nobody_through_unread(
    client: FlaskClient, scorer: MarkedScorer, odd: str
) -> None:
    raw = json.dumps(request_body("You@ vile thing")).replace("@", odd)
    found = client.post(ANALYZE, data=raw.encode())

    assert found.status_code == 200, found.text
    [span] = found.json["attributeScores"]["TOXICITY"]["spanScores"]
    assert (span["begin"], span["end"], span["score"]["value"]) == (0, len("You. vile thing"), 0.9)
    assert scorer.asked[0][0] == ["You\ufffd vile thing"]


def test_several_languages_are_told_by_likelihood(client: FlaskClient) -> None:
    found = ask(client, text="salut toata lumea my friend", languages=["en"])

    assert (found["languages"], found["detectedLanguages"]) == (["en"], ["ro", "en"])


def test_an_answer_says_where_a_careful_reading_was_missing(tmp_path: Path) -> None:
    class Hurried(MarkedScorer):
        def _read(self, text: str, code: str) -> Any:
            return replace(super()._read(text, code), is_unsure="subtle" in text)

    hurried = application(Hurried(), tmp_path).test_client()
    sure, unsure = (
        hurried.post(ANALYZE, json=request_body(f"A {word} thing. So.", spanAnnotations=True))
        for word in ("plain", "subtle")
    )

    assert "Parley-Unsure" not in sure.headers
    assert unsure.headers["Parley-Unsure"] == "true"
    assert sure.headers["Parley-Model"] == unsure.headers["Parley-Model"] == "marked-1"
