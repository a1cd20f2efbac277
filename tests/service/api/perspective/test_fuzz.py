"""Anything at all at the Perspective doors: an answer that is documented, and never a 5xx."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from werkzeug.test import TestResponse

import models
from service.domain.word_lists import utf16
from tests.service.api.naughty import STRINGS
from tests.service.api.odd_bodies import BODIES
from tests.service.api.perspective.parts import ANALYZE, SUGGEST, MarkedScorer, application, request_body

TOKENS = 1000  # characters of a text that hypothesis makes up
DETAILS = {
    "type.googleapis.com/google.commentanalyzer.v1alpha1.Error": "errorType",
    "type.googleapis.com/google.rpc.BadRequest": "fieldViolations",
}
WHOLE: dict[str, Any] = request_body(
    "You vile thing! Go.", "TOXICITY",
    context={"entries": [{"text": "x", "type": "PLAIN_TEXT"}], "articleAndParentComment": None},
    languages=["en"], spanAnnotations=True, doNotStore=True, clientToken="t", sessionId="s", communityId="c",
    dropUnsupportedAttributes=False,
) | {"requestedAttributes": {"TOXICITY": {"scoreType": "PROBABILITY", "scoreThreshold": 0.1}}}  # fmt: skip
SUGGESTION: dict[str, Any] = {
    "comment": {"text": "x"}, "clientToken": "t",
    "attributeScores": {"TOXICITY": {
        "summaryScore": {"value": 1, "type": "PROBABILITY"},
        "spanScores": [{"begin": 0, "end": 1, "score": {"value": 0.5}}],
    }},
}  # fmt: skip
anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(codec=None), max_size=40)
    | st.sampled_from(["HTML", "RAW", "true", "1e999", "-1", "NaN", "TOXICITY", "en", "om"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    """A client of an application without a database."""
    return application(MarkedScorer(), tmp_path_factory.mktemp("fuzz")).test_client()


def assert_documented(answer: TestResponse) -> None:
    """Check that an answer is scores, or an error in the API's own shape."""
    assert answer.content_type == "application/json; charset=UTF-8"
    assert answer.status_code in (200, 400), (answer.status_code, answer.text)
    if answer.status_code == 200:
        assert set(answer.json) <= {
            "attributeScores", "languages", "detectedLanguages", "requestedLanguages", "clientToken",
        }  # fmt: skip
        return
    assert set(answer.json) == {"error"}
    error = answer.json["error"]
    assert set(error) - {"details"} == {"code", "message", "status"}
    assert (error["code"], error["status"]) == (400, "INVALID_ARGUMENT")
    assert error["message"]
    for detail in error.get("details", ()):
        assert DETAILS[detail["@type"]] in detail
    assert len(answer.data) < 100_000


def places(part: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield way
    inner = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
    for name, value in inner:
        yield from places(value, (*way, name))


def replaced(body: Any, way: tuple[Any, ...], value: Any) -> Any:
    if not way:
        return value
    changed = at = deepcopy(body)
    for name in way[:-1]:
        at = at[name]
    at[way[-1]] = value
    return changed


@pytest.mark.parametrize(("path", "whole"), [(ANALYZE, WHOLE), (SUGGEST, SUGGESTION)])
def test_any_json_at_any_place(client: FlaskClient, path: str, whole: Any) -> None:
    seen: set[int] = set()

    @examples(max_examples=400, suppress_health_check=list(HealthCheck))
    @given(way=st.sampled_from(list(places(whole))), value=anything, name=st.none() | st.text(max_size=5))
    def try_one(way: tuple[Any, ...], value: Any, name: str | None) -> None:
        body = replaced(whole, way, value if name is None else {name: value})
        answer = client.post(path, data=json.dumps(body).encode())
        seen.add(answer.status_code)
        assert_documented(answer)

    try_one()
    assert seen == {200, 400}


@pytest.mark.parametrize("path", [ANALYZE, SUGGEST])
def test_any_bytes(client: FlaskClient, path: str) -> None:
    @examples(max_examples=200)
    @given(st.binary())
    def try_one(raw: bytes) -> None:
        assert_documented(client.post(path, data=raw))

    try_one()


@pytest.mark.parametrize("path", [ANALYZE, SUGGEST])
def test_bodies_that_broke_others(client: FlaskClient, path: str) -> None:
    for raw, _ in BODIES.values():
        assert_documented(client.post(path, data=raw))


def test_texts_that_broke_others(client: FlaskClient) -> None:
    for text in STRINGS:
        for body in (
            request_body(text, clientToken=text, languages=["en"], spanAnnotations=True),
            request_body(text, text, communityId=text),
            request_body(languages=[text]),
            replaced(WHOLE, ("comment", "type"), text),
            replaced(WHOLE, ("requestedAttributes", "TOXICITY", "scoreType"), text),
        ):
            assert_documented(client.post(ANALYZE, data=json.dumps(body).encode()))


@examples(max_examples=300)
@given(st.text(max_size=TOKENS) | st.lists(st.sampled_from([*'.!?。 \n"😀é', "a", "Dr."])).map("".join))
def test_spans_cover_any_text_in_utf_16(client: FlaskClient, text: str) -> None:
    """In order, without an overlap, white space alone between them; and one span is the text itself."""
    body = request_body(text, languages=["en"])
    answer = client.post(ANALYZE, data=json.dumps(body).encode())
    assert_documented(answer)
    if answer.status_code == 400:
        assert (
            not text.strip() or "\x00" in text or answer.json["error"]["message"] == "Comment text too long."
        )
        return
    [span] = answer.json["attributeScores"]["TOXICITY"]["spanScores"]
    assert (span["begin"], span["end"]) == (0, utf16(text))

    found = client.post(ANALYZE, data=json.dumps(body | {"spanAnnotations": True}).encode()).json
    units, at = text.encode("utf-16-le"), 0
    for span in found["attributeScores"]["TOXICITY"]["spanScores"]:
        assert at <= span["begin"] < span["end"]
        assert not units[2 * at : 2 * span["begin"]].decode("utf-16-le").strip()
        inside = units[2 * span["begin"] : 2 * span["end"]].decode("utf-16-le")
        assert inside == inside.strip()
        at = span["end"]
    assert not units[2 * at :].decode("utf-16-le").strip()


def test_the_model_itself_answers_every_text(tmp_path: Path) -> None:
    real = application(models.load_scorer(careful="off"), tmp_path).test_client()
    asked = 0
    for text in STRINGS:
        answer = real.post(ANALYZE, data=json.dumps(request_body(text, spanAnnotations=True)).encode())
        assert_documented(answer)
        if answer.status_code == 200:
            asked += 1
            score = answer.json["attributeScores"]["TOXICITY"]["summaryScore"]["value"]
            assert 0 <= score <= 1

    assert asked > len(STRINGS) / 3
