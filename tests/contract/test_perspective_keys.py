"""A Parley that asks for keys, as its operator and a client of Google's library meet it."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
import redis
from googleapiclient.errors import HttpError
from httplib2 import Http

from service.redis_server import private_redis_url
from tests.contract.test_perspective_google import (
    ANALYZE,
    KIND,
    NEWER,
    RUDE,
    asking,
    connect,
    holds,
    toxicity,
)
from tests.running import ROOT, Parley, parley_command, start_embedded

PLANTED = "zebrafinch-quartz-9913"  # as a key


@pytest.fixture(scope="module")
def guarded() -> Iterator[Parley]:
    """A Parley that asks for keys and logs all it can."""
    with start_embedded(PARLEY_PERSPECTIVE_KEYS="required", PARLEY_LOG_LEVEL="debug") as running:
        yield running


@pytest.fixture(scope="module")
def key(guarded: Parley) -> str:
    """A key with a quota of twenty a minute."""
    return operate(guarded, "key", "add", "The Gazette", "--per-minute", "20").strip()


def operate(parley: Parley, *words: str) -> str:
    environment = os.environ | {"PARLEY_DATA_DIR": str(parley.data), "PARLEY_PERSPECTIVE_KEYS": "required"}
    command = parley_command("perspective", *words)
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def refusal(client: Any) -> HttpError:
    with pytest.raises(HttpError) as caught:
        client.comments().analyze(body=asking(RUDE)).execute()
    return caught.value


def test_the_key_opens(guarded: Parley, key: str) -> None:
    with connect(guarded, developerKey=key) as client:
        assert toxicity(client.comments().analyze(body=asking(RUDE)).execute()) > 0.5
    assert "The Gazette\t20/minute" in operate(guarded, "key", "list")
    assert key not in operate(guarded, "key", "list")


def test_a_bad_key_is_said_to_be_one_where_the_description_is_fetched(guarded: Parley) -> None:
    with closing(Http()) as http, pytest.raises(HttpError, match="API key not valid"):
        connect(guarded, developerKey=PLANTED, http=http)


def test_no_key_and_a_bad_key_are_read_as_google_s(guarded: Parley) -> None:
    with connect(guarded) as keyless:
        nobody = refusal(keyless)
        keyless._developerKey = PLANTED
        stranger = refusal(keyless)

    assert nobody.status_code == 403
    assert nobody.reason.startswith("Method doesn't allow unregistered callers")
    assert (stranger.status_code, stranger.error_details[0]["reason"]) == (400, "API_KEY_INVALID")


def test_the_quota_is_read_as_google_s(guarded: Parley) -> None:
    small = operate(guarded, "key", "add", "small", "--per-minute", "2").strip()
    with connect(guarded, developerKey=small) as client:
        for _ in range(2):
            client.comments().analyze(body=asking(KIND)).execute()
        refused = refusal(client)

    assert refused.status_code == 429
    assert refused.reason.startswith("Quota exceeded for quota metric")
    assert refused.error_details[0]["metadata"]["quota_limit_value"] == "2"


def test_no_key_is_left_in_a_log_or_anywhere_else(guarded: Parley, key: str) -> None:
    """Whatever the request was: fine, refused, for what is not there, too long, or hardly HTTP."""
    for secret in (key, PLANTED):
        shown = {"X-Goog-Api-Key": secret}
        guarded.call("POST", f"{ANALYZE}?key={secret}", asking(KIND))
        guarded.call("POST", ANALYZE, asking(KIND), shown)
        guarded.call("POST", ANALYZE, b"{", {"Authorization": f"Bearer {secret}"})
        guarded.call("POST", "/v1/moderations", {"input": KIND}, {"Authorization": f"Bearer {secret}"})
        for path in (ANALYZE, NEWER, "/nowhere", "/v1alpha1/comments:nothing", "/api/v1/comments"):
            guarded.call("GET", f"{path}{'&' if '?' in path else '?'}key={secret}", headers=shown)
        send_raw(guarded, f"POST {ANALYZE}?key={secret}&more={'x' * 9000} HTTP/1.1\r\nHost: x\r\n\r\n")
        send_raw(guarded, f"POST {ANALYZE}?key={secret} HTTP/9.9\r\nHost: x\r\n\r\n")
        send_raw(guarded, f"POST {ANALYZE}?key={secret} HTTP/1.1\r\nContent-Length: 5, 6\r\n\r\n")
        send_raw(
            guarded, f"POST {ANALYZE}?key={secret} HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\nhalf"
        )
    logged = [path for path in guarded.data.rglob("*.log") if b'"route"' in path.read_bytes()]

    assert logged, "no request was logged"
    assert any(b'"key_id"' in path.read_bytes() for path in logged)
    for secret in (key, PLANTED):
        assert not holds(guarded.data, secret.encode())
        assert secret not in guarded.log.read_text()
        with redis.Redis.from_url(private_redis_url(guarded.data)) as client:
            assert not [name for name in client.scan_iter() if secret.encode() in name]


def send_raw(parley: Parley, text: str) -> None:
    """Send what an HTTP library would not, and read whatever is said to it."""
    host, port = parley.base.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(text.encode())
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass
