"""Every row of the API's error table, byte for byte."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.service.api.perspective.parts import (
    ANALYZE,
    ENGLISH,
    RUSSIAN,
    UNDETECTABLE,
    MarkedScorer,
    application,
    request_body,
)

ANALYZER = "type.googleapis.com/google.commentanalyzer.v1alpha1.Error"
BOTH = {"entries": [{"text": "x"}], "articleAndParentComment": {"article": {"text": "y"}}}


def comment(**entry: Any) -> dict[str, Any]:
    return request_body() | {"comment": entry}


def attribute(name: str, **how: Any) -> dict[str, Any]:
    return request_body() | {"requestedAttributes": {name: how}}


# What is sent, the message, the errorType, and the detail that only one kind has.
REFUSALS: dict[str, tuple[Any, str, str, str]] = {
    "empty": (request_body(""), "Comment must be non-empty.", "COMMENT_EMPTY", ""),
    "blank": (request_body(" \n\t\u2003"), "Comment must be non-empty.", "COMMENT_EMPTY", ""),
    "no comment": (
        {"requestedAttributes": {"TOXICITY": {}}}, "Comment must be non-empty.", "COMMENT_EMPTY", "",
    ),
    "no body": (b"", "Comment must be non-empty.", "COMMENT_EMPTY", ""),
    "too long": (request_body("한" * 6827), "Comment text too long.", "COMMENT_TOO_LONG", ""),
    "detected language": (
        request_body(RUSSIAN), "Attribute TOXICITY does not support request languages: ru",
        "LANGUAGE_NOT_SUPPORTED_BY_ATTRIBUTE", "detectedLanguages:ru",
    ),
    "given language": (
        request_body(languages=["en", "om"]), "Attribute TOXICITY does not support request languages: om",
        "LANGUAGE_NOT_SUPPORTED_BY_ATTRIBUTE", "requestedLanguages:om",
    ),
    "no language": (
        request_body(UNDETECTABLE), "Unable to detect language", "LANGUAGE_DETECTION_FAILED", "",
    ),
    "no attributes": (
        {"comment": {"text": ENGLISH}}, "Missing requested_attributes", "NO_REQUESTED_ATTRIBUTES", "",
    ),
    "empty attributes": (
        request_body() | {"requestedAttributes": {}}, "Missing requested_attributes",
        "NO_REQUESTED_ATTRIBUTES", "",
    ),
    "unknown attribute": (
        attribute("FLIRTATION"), "Unknown requested attribute: FLIRTATION", "INVALID_REQUEST", "",
    ),
    "score type": (
        attribute("TOXICITY", scoreType="STD_DEV_SCORE"),
        "Requested score type STD_DEV_SCORE is not supported by attribute TOXICITY", "INVALID_REQUEST", "",
    ),
    "score type by number": (
        attribute("TOXICITY", scoreType=3),
        "Requested score type PERCENTILE is not supported by attribute TOXICITY", "INVALID_REQUEST", "",
    ),
    "HTML": (
        comment(text=ENGLISH, type="HTML"), "Currently, only 'PLAIN_TEXT' comments are supported",
        "INVALID_REQUEST", "",
    ),
    "bad type": (comment(text=ENGLISH, type="MARKDOWN"), "Unknown text type", "INVALID_REQUEST", ""),
    "both contexts": (
        request_body(context=BOTH),
        "Context can have either entries or article_and_parent_comment, but both fields were populated.",
        "INVALID_REQUEST", "",
    ),
    "too many languages": (
        request_body(languages=["en"] * 33), "A request has at most 32 languages of 35 characters",
        "INVALID_REQUEST", "",
    ),
    "a language that is none": (
        request_body(languages=["e" * 36]), "A request has at most 32 languages of 35 characters",
        "INVALID_REQUEST", "",
    ),
    "too many attributes": (
        request_body(ENGLISH, *(f"TOXICITY@{n}" for n in range(33))), "Too many requested attributes: 33",
        "INVALID_REQUEST", "",
    ),
}  # fmt: skip
PAYLOADS: dict[str, tuple[bytes, str]] = {
    "malformed": (b"{'a': 1}", "expecting property name enclosed in double quotes at line 1, column 2."),
    "truncated": (b'{"comment": ', "expecting value at line 1, column 13."),
    "not UTF-8": (b'{"comment": {"text": "\xff"}}', "the body is not UTF-8."),
    "twice": (b'{"comment": {}, "comment": {}}', "the name 'comment' stands twice in one object."),
}  # fmt: skip
VIOLATIONS: dict[str, tuple[Any, list[tuple[str, str]]]] = {
    "unknown field": (
        request_body(x=1), [("", 'Invalid JSON payload received. Unknown name "x": Cannot find field.')],
    ),
    "unknown field below": (
        comment(text=ENGLISH, textType=1),
        [("comment", "Invalid JSON payload received. Unknown name \"textType\" at 'comment': "
          "Cannot find field.")],
    ),
    "unknown parameter": (
        attribute("TOXICITY", threshold=1),
        [("requested_attributes[0].value", "Invalid JSON payload received. Unknown name \"threshold\" at "
          "'requested_attributes[0].value': Cannot find field.")],
    ),
    "no object": (
        [], [("", 'Invalid JSON payload received. Unknown name "": Root element must be a message.')],
    ),
    "two mistakes": (
        {"comment": {"text": 5}, "doNotStore": "yes"},
        [("comment.text", "Invalid value at 'comment.text' (TYPE_STRING), 5"),
         ("do_not_store", "Invalid value at 'do_not_store' (TYPE_BOOL), \"yes\"")],
    ),
    "a text for a message": (
        {"comment": "hello"},
        [("comment", "Invalid value at 'comment' "
          '(type.googleapis.com/google.commentanalyzer.v1alpha1.TextEntry), "hello"')],
    ),
    "an object for a text": (
        comment(text={}),
        [("comment", "Invalid value at 'comment' (text), Starting an object on a scalar field")],
    ),
    "a list for a text": (
        comment(text=["a"]),
        [("comment", "Invalid JSON payload received. Unknown name \"text\" at 'comment': "
          "Proto field is not repeating, cannot start list.")],
    ),
    "a threshold that is none": (
        attribute("TOXICITY", scoreThreshold="high"),
        [("requested_attributes[0].value.score_threshold",
          "Invalid value at 'requested_attributes[0].value.score_threshold' (TYPE_FLOAT), \"high\"")],
    ),
    "a map that is none": (
        request_body() | {"requestedAttributes": "TOXICITY"},
        [("requested_attributes", "Invalid value at 'requested_attributes' (Map), \"TOXICITY\"")],
    ),
}  # fmt: skip


@pytest.fixture
def client(tmp_path: Path) -> FlaskClient:
    """A client of an application without a database."""
    return application(MarkedScorer(), tmp_path).test_client()


def send(client: FlaskClient, body: Any) -> tuple[int, str]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = client.post(f"{ANALYZE}?key=K", data=data)
    assert answer.content_type == "application/json; charset=UTF-8"
    return answer.status_code, answer.data.decode()


def quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


@pytest.mark.parametrize("case", REFUSALS)
def test_what_the_analyzer_refuses(client: FlaskClient, case: str) -> None:
    body, message, kind, languages = REFUSALS[case]
    more = ""
    if languages:
        name, code = languages.split(":")
        more = f""",
        "languageNotSupportedByAttributeError": {{
          "attribute": "TOXICITY",
          "{name}": [
            "{code}"
          ]
        }}"""

    assert send(client, body) == (400, f"""{{
  "error": {{
    "code": 400,
    "message": {quoted(message)},
    "status": "INVALID_ARGUMENT",
    "details": [
      {{
        "@type": "{ANALYZER}",
        "errorType": "{kind}"{more}
      }}
    ]
  }}
}}
""")  # fmt: skip


@pytest.mark.parametrize("case", PAYLOADS)
def test_what_is_no_json(client: FlaskClient, case: str) -> None:
    body, reason = PAYLOADS[case]

    assert send(client, body) == (400, f"""{{
  "error": {{
    "code": 400,
    "message": {quoted("Invalid JSON payload received. " + reason)},
    "status": "INVALID_ARGUMENT"
  }}
}}
""")  # fmt: skip


@pytest.mark.parametrize("case", VIOLATIONS)
def test_what_is_no_such_message(client: FlaskClient, case: str) -> None:
    body, violations = VIOLATIONS[case]
    told = ",\n".join(
        "          {\n"
        + (f'            "field": {quoted(at)},\n' if at else "")
        + f'            "description": {quoted(sentence)}\n          }}'
        for at, sentence in violations
    )

    assert send(client, body) == (400, f"""{{
  "error": {{
    "code": 400,
    "message": {quoted(chr(10).join(sentence for _, sentence in violations))},
    "status": "INVALID_ARGUMENT",
    "details": [
      {{
        "@type": "type.googleapis.com/google.rpc.BadRequest",
        "fieldViolations": [
{told}
        ]
      }}
    ]
  }}
}}
""")  # fmt: skip


def test_the_first_fault_that_counts_is_that_of_the_comment(client: FlaskClient) -> None:
    status, text = send(
        client, {"comment": {"text": ""}, "requestedAttributes": {"NO": {}}, "languages": ["om"]}
    )

    assert status == 400
    assert json.loads(text)["error"]["details"][0]["errorType"] == "COMMENT_EMPTY"


def test_no_more_than_fifty_mistakes_are_looked_for(client: FlaskClient) -> None:
    status, text = send(client, request_body(languages=[1] * 50_000))

    assert status == 400
    assert len(json.loads(text)["error"]["details"][0]["fieldViolations"]) == 50
