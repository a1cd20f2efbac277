"""Google's own Python library, unmodified, against a running Parley: only the address is another."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
import requests
from googleapiclient.discovery import build, build_from_document
from googleapiclient.errors import HttpError, UnknownApiNameOrVersion

from service.redis_server import private_redis_url
from tests.running import ROOT, Parley, parley_command, wait_until

NEWER = "/$discovery/rest?version=v1alpha1"
OLDER = "/discovery/v1/apis/commentanalyzer/v1alpha1/rest"
ANALYZE = "/v1alpha1/comments:analyze"
RUDE, KIND = "You are a stupid fool, go away!", "Thank you, this was a pleasure to read."
PRODUCTION = ("TOXICITY", "SEVERE_TOXICITY", "IDENTITY_ATTACK", "INSULT", "PROFANITY", "THREAT")
PLANTED = "zebrafinch-quartz-7401"


def connect(parley: Parley, where: str = NEWER, **more: Any) -> Any:
    """Return the library's client, made from Parley's own document."""
    return build(
        "commentanalyzer", "v1alpha1", discoveryServiceUrl=parley.base + where, static_discovery=False,
        cache_discovery=False, **more,
    )  # fmt: skip


@pytest.fixture
def service(parley: Parley) -> Iterator[Any]:
    """A client with a key that nobody gave out. The library does not mend a connection that idled away."""
    with connect(parley, developerKey=PLANTED) as made:
        yield made


def asking(text: str, *attributes: str, **more: Any) -> dict[str, Any]:
    names = attributes or ("TOXICITY",)
    return {"comment": {"text": text}, "requestedAttributes": {name: {} for name in names}, **more}


def toxicity(answer: Any) -> float:
    return float(answer["attributeScores"]["TOXICITY"]["summaryScore"]["value"])


def test_analyze(service: Any) -> None:
    rude, kind = (
        service.comments().analyze(body=asking(text, *PRODUCTION)).execute() for text in (RUDE, KIND)
    )

    assert set(rude["attributeScores"]) == set(PRODUCTION)
    assert 0 <= toxicity(kind) < 0.5 < toxicity(rude) <= 1
    assert rude["languages"] == rude["detectedLanguages"] == ["en"]


def test_neither_a_key_nor_credentials_are_needed(parley: Parley) -> None:
    with connect(parley) as keyless:
        assert toxicity(keyless.comments().analyze(body=asking(RUDE)).execute()) > 0.5


def test_the_older_place_of_the_document(parley: Parley) -> None:
    with connect(parley, OLDER, developerKey="K") as older:
        assert toxicity(older.comments().analyze(body=asking(RUDE)).execute()) > 0.5


def test_another_version_is_unknown(parley: Parley) -> None:
    with pytest.raises(UnknownApiNameOrVersion):
        connect(parley, "/$discovery/rest?version=v9", developerKey="K")


@pytest.mark.parametrize("prefix", ["", "/sub", "/a/b"])
def test_a_kept_document_and_another_address(parley: Parley, prefix: str) -> None:
    document = parley.call("GET", NEWER).json | {"rootUrl": "https://commentanalyzer.googleapis.com/"}
    options = {"api_endpoint": parley.base + prefix}

    with build_from_document(document, developerKey="K", client_options=options) as made:
        assert toxicity(made.comments().analyze(body=asking(RUDE)).execute()) > 0.5


def test_parameters_that_the_library_knows(service: Any) -> None:
    known = {"x__xgafv": "2", "prettyPrint": False, "quotaUser": "u", "alt": "json", "uploadType": "media"}
    whole = service.comments().analyze(body=asking(RUDE), **known).execute()
    part = service.comments().analyze(body=asking(RUDE), fields="languages").execute()

    assert set(whole) == {"attributeScores", "languages", "detectedLanguages"}
    assert part == {"languages": ["en"]}


def test_spans(service: Any) -> None:
    text = f"😀 {RUDE} {KIND}"
    found = service.comments().analyze(body=asking(text, spanAnnotations=True)).execute()
    spans = found["attributeScores"]["TOXICITY"]["spanScores"]

    units = text.encode("utf-16-le")
    parts = [units[2 * span["begin"] : 2 * span["end"]].decode("utf-16-le") for span in spans]
    assert parts == [f"😀 {RUDE}", KIND]
    assert spans[0]["score"]["value"] > spans[1]["score"]["value"]


@pytest.mark.parametrize(("body", "reason", "kind"), [
    (asking(""), "Comment must be non-empty.", "COMMENT_EMPTY"),
    (asking("x" * 20_481), "Comment text too long.", "COMMENT_TOO_LONG"),
    (asking(RUDE, "FLIRTATION"), "Unknown requested attribute: FLIRTATION", "INVALID_REQUEST"),
    (asking(RUDE, languages=["om"]), "Attribute TOXICITY does not support request languages: om",
     "LANGUAGE_NOT_SUPPORTED_BY_ATTRIBUTE"),
    ({"comment": {"text": RUDE}}, "Missing requested_attributes", "NO_REQUESTED_ATTRIBUTES"),
])  # fmt: skip
def test_an_error_is_read_as_google_s(service: Any, body: Any, reason: str, kind: str) -> None:
    with pytest.raises(HttpError, match="400") as caught:
        service.comments().analyze(body=body).execute()

    assert caught.value.reason == reason
    assert caught.value.error_details[0]["errorType"] == kind


def test_an_unknown_field(service: Any) -> None:
    with pytest.raises(HttpError, match="400") as caught:
        service.comments().analyze(body=asking(RUDE, nonsense=1)).execute()

    said = 'Invalid JSON payload received. Unknown name "nonsense": Cannot find field.'
    assert caught.value.reason == said
    assert caught.value.error_details[0]["fieldViolations"] == [{"description": said}]


def test_suggestscore(service: Any) -> None:
    body = {
        "comment": {"text": RUDE}, "attributeScores": {"TOXICITY": {"summaryScore": {"value": 1}}},
        "clientToken": "comment:1", "communityId": "c",
    }  # fmt: skip
    found = service.comments().suggestscore(body=body).execute()

    assert found == {"clientToken": "comment:1", "detectedLanguages": ["en"]}


def test_a_suggestion_is_kept_until_the_operator_deletes_it(parley: Parley, service: Any) -> None:
    def operate(*words: str) -> str:
        environment = os.environ | {"PARLEY_DATA_DIR": str(parley.data)}
        command = parley_command("perspective", "suggestion", *words, "--community", "Coral:a")
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout

    body = {
        "comment": {"text": "A line that a moderator\nturned down 😀"}, "communityId": "Coral:a",
        "attributeScores": {"TOXICITY": {"summaryScore": {"value": 1}}}, "clientToken": "comment:77",
    }  # fmt: skip
    service.comments().suggestscore(body=body).execute()
    assert holds(parley.data, b"a moderator\nturned down")
    [kept] = csv.DictReader(io.StringIO(operate("export")))
    deleted = operate("delete", "--token", "comment:77")
    left = operate("export", "--json")
    wait_until(
        lambda: not holds(parley.data, b"a moderator\nturned down"),
        20,
        "what was deleted is in the data folder",
    )

    assert (kept["text"], kept["toxicity"]) == ("A line that a moderator\nturned down 😀", "1.0")
    assert (kept["source"], kept["insult"]) == ("suggestions:Coral:a", "")
    assert "1" in deleted
    assert left == ""


def test_batch(service: Any) -> None:
    found: dict[str, Any] = {}

    def keep(name: str, answer: Any, error: HttpError | None) -> None:
        found[name] = error or answer

    batch = service.new_batch_http_request(callback=keep)
    for name, text in (("rude", RUDE), ("empty", ""), ("kind", KIND)):
        batch.add(service.comments().analyze(body=asking(text)), request_id=name)
    batch.execute()

    assert toxicity(found["rude"]) > 0.5 > toxicity(found["kind"])
    assert isinstance(found["empty"], HttpError)
    assert found["empty"].status_code == 400
    assert found["empty"].reason == "Comment must be non-empty."


# What other clients were seen to send, word for word but for the texts.
RECORDED: dict[str, tuple[str, dict[str, str], str]] = {
    "npm perspective-api-client": (
        f"{ANALYZE}?key=KEY1",
        {"Content-Type": "application/json;charset=utf-8", "User-Agent": "axios/0.18.1"},
        '{"comment":{"text":"you empty-headed animal"},"requestedAttributes":{"TOXICITY":{}},'
        '"doNotStore":true}',
    ),
    "PyPI perspective": (
        f"{ANALYZE}?key=K", {"Content-Type": "application/x-www-form-urlencoded", "Connection": "close"},
        '{"comment":{"text":"a","type":"PLAIN_TEXT"},"requestedAttributes":{"TOXICITY":{}},"context":{"entries":'
        '[{"text":"parent","type":"PLAIN_TEXT"}]},"spanAnnotations":true,"languages":["en"],"doNotStore":true,'
        '"clientToken":"ct","sessionId":"s","communityId":"c"}',
    ),
    "Coral": (
        f"{ANALYZE}?key=KEY", {"Content-Type": "application/json", "User-Agent": "Coral Perspective/9.11.8"},
        '{"comment":{"text":"You are an idiot"},"doNotStore":true,"requestedAttributes":{"TOXICITY":{}},'
        '"languages":["en"]}',
    ),
    "Google's demo server, through an old googleapis": (
        f"/.googleapis.com{ANALYZE}?key=K", {"Content-Type": "application/json", "Accept-Encoding": "gzip"},
        '{"comment":{"text":"a"},"requested_attributes":{"TOXICITY":{"score_type":"PROBABILITY"}},'
        '"do_not_store":true,"client_token":"ct","session_id":"s","span_annotations":true}',
    ),
    "a browser": (
        f"/sub{ANALYZE}?%24.xgafv=2&key=K&alt=json",
        {"Content-Type": "text/plain;charset=UTF-8", "Origin": "http://localhost:3000"},
        '{"comment":{"text":"a"},"requestedAttributes":{"TOXICITY":{}}}',
    ),
    "an OAuth client": (
        ANALYZE, {"Authorization": "Bearer x", "Content-Type": "application/json"},
        '{"comment":{"text":"a"},"requestedAttributes":{"TOXICITY":{}}}',
    ),
}  # fmt: skip


@pytest.mark.parametrize("client", RECORDED)
def test_requests_as_other_clients_send_them(parley: Parley, client: str) -> None:
    path, headers, body = RECORDED[client]
    answer = requests.post(parley.base + path, data=body, headers=headers, allow_redirects=False, timeout=20)

    assert answer.status_code == 200, answer.text
    scores = answer.json()["attributeScores"]["TOXICITY"]
    assert 0 <= scores["summaryScore"]["value"] <= 1
    assert len(scores["spanScores"]) == 1


@pytest.mark.parametrize("size", [5, 40])
def test_a_body_that_is_too_large_is_answered(parley: Parley, size: int) -> None:
    """Though its sender looks at no answer before it has sent all."""
    answer = parley.call("POST", ANALYZE, b" " * (size << 20))

    assert answer.status == 400
    assert answer.json["error"]["message"] == "Request payload size exceeds the limit: 4194304 bytes."


def test_nothing_that_was_sent_is_left_anywhere(parley: Parley, service: Any) -> None:
    """No text, no token and no key: not in the data folder, not in the log, not in Redis.

    Suggested scores alone are stored, and not under the words of this test.
    """
    marked = f"You are a fool, {PLANTED}."
    for store in (True, False):
        body = asking(marked, doNotStore=store, clientToken=PLANTED, sessionId=PLANTED, communityId=PLANTED)
        assert service.comments().analyze(body=body).execute()["clientToken"] == PLANTED
    parley.call("POST", f"{ANALYZE}?key={PLANTED}", json.dumps(asking(marked, PLANTED)).encode())
    made = parley.post_comment(f"Not {PLANTED[:10]}", thread="kept")
    wait_until(lambda: holds(parley.data, made["id"].encode()), 20, "a comment is not in the data folder")

    assert not holds(parley.data, PLANTED.encode())
    assert PLANTED not in parley.log.read_text()
    with redis.Redis.from_url(private_redis_url(parley.data)) as client:
        assert client.ping()
        assert not [key for key in client.scan_iter() if PLANTED.encode() in key + (client.dump(key) or b"")]


def holds(folder: Path, planted: bytes) -> bool:
    """Whether any file of a folder has these bytes in it."""
    return any(planted in path.read_bytes() for path in folder.rglob("*") if path.is_file())
