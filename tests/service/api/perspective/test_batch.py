"""Several requests in one, as Google's Python library packs them, and as nobody should."""

from __future__ import annotations

import json
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from service.api.perspective.batch import MAX_ANSWER_BYTES
from service.api.perspective.routes import READ_WITHIN_S
from tests.service.api.perspective.parts import (
    ANALYZE,
    PRODUCTION,
    SUGGEST,
    MarkedScorer,
    application,
    request_body,
)

MIXED = "multipart/mixed; boundary=B"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    """A client of an application without a database."""
    return application(MarkedScorer(), tmp_path_factory.mktemp("batch")).test_client()


def packed(*requests: tuple[str, bytes], line: bytes = b"\r\n") -> bytes:
    """Return a batch of requests with these lines and bodies."""
    parts = [
        line.join(
            (
                b"--B", b"Content-Type: application/http", b"MIME-Version: 1.0",
                b"Content-Transfer-Encoding: binary", b"Content-ID: <id + %d>" % number, b"",
                head.encode(), b"Content-Type: application/json", b"Host: x", b"", body, b"",
            )
        )
        for number, (head, body) in enumerate(requests)
    ]  # fmt: skip
    return b"".join(parts) + b"--B--"


def unpacked(content_type: str, raw: bytes) -> list[tuple[str, int, Message]]:
    whole = message_from_bytes(f"Content-Type: {content_type}\r\n\r\n".encode() + raw)
    assert not whole.defects
    found = []
    for part in whole.get_payload():
        assert part.get_content_type() == "application/http"
        status_line, _, rest = part.get_payload().partition("\r\n")
        found.append((part["Content-ID"], int(status_line.split()[1]), message_from_bytes(rest.encode())))
    return found


@pytest.mark.parametrize("line", [b"\r\n", b"\n"])
@pytest.mark.parametrize("path", ["/batch", "/sub/batch"])
def test_every_request_has_its_own_answer_in_order(client: FlaskClient, line: bytes, path: str) -> None:
    suggestion = {"comment": {"text": "x"}, "attributeScores": {"INSULT": {"summaryScore": {"value": 0}}}}
    raw = packed(
        (f"POST {ANALYZE}?key=K&alt=json HTTP/1.1", json.dumps(request_body("You vile thing")).encode()),
        (f"POST {ANALYZE}?key=K HTTP/1.1", json.dumps(request_body("")).encode()),
        ("POST http://h.example/sub/v1alpha1/comments%3Asuggestscore HTTP/1.1",
         json.dumps(suggestion).encode()),
        ("GET /v1alpha1/comments:analyze HTTP/1.1", b""),
        ("POST /v1alpha1/comments:nothing HTTP/1.1", b"{}"),
        ("POST /healthz HTTP/1.1", b"{}"),
        line=line,
    )  # fmt: skip
    answer = client.post(path, data=raw, content_type=MIXED)

    assert answer.status_code == 200, answer.text
    found = unpacked(answer.content_type, answer.data)
    assert [name for name, _, _ in found] == [f"<response-id + {number}>" for number in range(6)]
    assert [status for _, status, _ in found] == [200, 400, 200, 404, 404, 404]
    bodies = [json.loads(message.get_payload()) for _, _, message in found]
    assert bodies[0]["attributeScores"]["TOXICITY"]["summaryScore"]["value"] == 0.9
    assert bodies[1]["error"]["message"] == "Comment must be non-empty."
    assert bodies[2] == {"detectedLanguages": ["und"]}


def test_each_answer_alone_is_what_the_door_itself_says(client: FlaskClient) -> None:
    body = json.dumps(request_body("😀 You vile thing", spanAnnotations=True)).encode()
    answer = client.post("/batch", data=packed((f"POST {ANALYZE} HTTP/1.1", body)), content_type=MIXED)

    [(_, _, message)] = unpacked(answer.content_type, answer.data)
    assert json.loads(message.get_payload()) == client.post(ANALYZE, data=body).json


def test_a_hundred_requests(client: FlaskClient) -> None:
    body = json.dumps(request_body()).encode()
    answer = client.post(
        "/batch", data=packed(*[(f"POST {ANALYZE} HTTP/1.1", body)] * 100), content_type=MIXED
    )

    assert [status for _, status, _ in unpacked(answer.content_type, answer.data)] == [200] * 100


FINE = packed((f"POST {SUGGEST} HTTP/1.1", b"{}"))


@pytest.mark.parametrize(("content_type", "raw", "reason"), [
    ("application/json", b"{}", "it is no multipart/mixed with a boundary"),
    ("", b"", "it is no multipart/mixed with a boundary"),
    ("multipart/mixed", FINE, "it is no multipart/mixed with a boundary"),
    ("multipart/mixed; boundary=", FINE, "it is no multipart/mixed with a boundary"),
    ("multipart/form-data; boundary=B", FINE, "it is no multipart/mixed with a boundary"),
    ("multipart/mixed; boundary=C", FINE, "a boundary is missing"),
    (MIXED, b"", "a boundary is missing"),
    (MIXED, FINE.removesuffix(b"--"), "a boundary is missing"),
    (MIXED, FINE + b"\r\n" + FINE, "a boundary is missing"),
    (MIXED, b"--B\r\n\r\n--B--", "a part has no request line"),
    (MIXED, b"--B\r\nContent-Type: application/http\r\n\r\nPOST\r\n--B--", "a part has no request line"),
    (MIXED, b"--B\r\n\r\nPOST /x\r\n" * 1001 + b"--B--", "it has more than 1000 requests"),
    (MIXED, b"--B\r\n" * 500_000, "it has more than 1000 requests"),
    (MIXED, b"--B\r\n\r\nPOST /x\r\n" + b"a:\r\n" * 101 + b"--B--", "a part has more than 100 headers"),
    (MIXED, b"--B\r\n" + b"a:\r\n" * 101 + b"\r\nPOST /x\r\n\r\n--B--", "a part has more than 100 headers"),
    (MIXED, packed(*[(f"POST {ANALYZE}", b"[" + b"{}," * 900 + b"0]")] * 50),
     "its bodies have more than 100000 strings, brackets and commas"),
])  # fmt: skip
def test_what_is_no_batch(client: FlaskClient, content_type: str, raw: bytes, reason: str) -> None:
    answer = client.post("/batch", data=raw, content_type=content_type)

    assert answer.status_code == 400
    assert answer.json["error"]["message"] == f"Failed to parse batch request: {reason}"


LATIN = st.text(
    st.characters(codec="latin-1", exclude_characters="\r\n"), max_size=5
)  # what a header may hold
ENDS = st.sampled_from([b"\r\n--B--", b"--B--", b"", b"\n--B\n\nPOST /x\n--B--"])


@given(st.binary(), LATIN, ENDS)
def test_any_bytes_are_a_batch_or_none(client: FlaskClient, raw: bytes, boundary: str, end: bytes) -> None:
    for content_type in (MIXED, f"multipart/mixed; boundary={boundary}"):
        answer = client.post("/batch", data=b"--B\r\n" + raw + end, headers={"Content-Type": content_type})

        assert answer.status_code in (200, 400), answer.text
        if answer.status_code == 200:
            assert [status for _, status, _ in unpacked(answer.content_type, answer.data)][-1] == 404
        else:
            assert answer.json["error"]["message"].startswith("Failed to parse batch request: ")


def test_every_request_has_the_time_that_it_would_have_alone(tmp_path: Path) -> None:
    scorer = MarkedScorer()
    body = json.dumps(request_body()).encode()
    raw = packed(*((f"POST {ANALYZE} HTTP/1.1", body) for _ in range(50)))
    answer = application(scorer, tmp_path).test_client().post("/batch", data=raw, content_type=MIXED)
    parts = unpacked(answer.content_type, answer.data)

    assert [within for _, _, within in scorer.asked] == [READ_WITHIN_S] * 50
    assert {message["Parley-Model"] for _, _, message in parts} == {"marked-1"}


def test_a_query_with_very_many_fields_is_read(client: FlaskClient) -> None:
    body = json.dumps(request_body()).encode()
    raw = packed((f"POST {ANALYZE}?{'a=1&' * 5000} HTTP/1.1", body))
    answer = client.post("/batch", data=raw, content_type="Multipart/Mixed; boundary=B")

    assert [status for _, status, _ in unpacked(answer.content_type, answer.data)] == [200]


def test_what_would_make_a_batch_s_answer_too_large_is_told_to_come_again(client: FlaskClient) -> None:
    body = json.dumps(
        request_body("a! " * 1000, *PRODUCTION, languages=["en"], spanAnnotations=True)
    ).encode()
    raw = packed(*((f"POST {ANALYZE} HTTP/1.1", body) for _ in range(100)))
    answer = client.post("/batch", data=raw, content_type=MIXED)
    statuses = [status for _, status, _ in unpacked(answer.content_type, answer.data)]

    assert len(statuses) == 100
    assert statuses == sorted(statuses)
    assert (statuses[0], statuses[-1]) == (200, 400)
    assert MAX_ANSWER_BYTES < len(answer.data) < 1.1 * MAX_ANSWER_BYTES
