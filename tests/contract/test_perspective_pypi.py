"""Python's hard-wired clients of the Perspective API, unmodified from PyPI, against a running Parley."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any
from urllib.error import HTTPError

import pytest
from perspective import PerspectiveAPI

from tests.contract.test_perspective_google import ANALYZE, KIND, NEWER, PRODUCTION, RUDE, toxicity
from tests.contract.tls_front import NAME, Front
from tests.running import ROOT, Parley


@pytest.fixture
def client(parley: Parley) -> PerspectiveAPI:
    """The package's client with another address, its one public attribute."""
    made = PerspectiveAPI("any")
    made.api_client.url = parley.base + "/v1alpha1/{endpoint}"
    return made


def test_perspective_with_another_address(client: PerspectiveAPI) -> None:
    rude, kind = (client.score(text, tests=list(PRODUCTION)) for text in (RUDE, KIND))

    assert set(rude) == set(PRODUCTION)
    assert 0 <= kind["TOXICITY"] < 0.5 < rude["TOXICITY"] <= 1


def test_perspective_with_all_that_it_can_send(client: PerspectiveAPI) -> None:
    found = client.analyze_comment(
        f"😀 {RUDE} {KIND}", comment_type="PLAIN_TEXT", context=[{"text": KIND, "type": "PLAIN_TEXT"}],
        requested_attributes={"TOXICITY": {"scoreType": "PROBABILITY", "scoreThreshold": 0.0}},
        span_annotations=True, languages=["en"], do_not_store=True, client_token="t", session_id="s",
        community_id="c",
    )  # fmt: skip

    assert toxicity(found) > 0.5
    assert len(found["attributeScores"]["TOXICITY"]["spanScores"]) == 2
    assert found["languages"] == ["en"]
    assert found["clientToken"] == "t"


def test_perspective_suggests_a_score(client: PerspectiveAPI) -> None:
    suggested = {"TOXICITY": {"summaryScore": {"value": 1.0, "type": "PROBABILITY"}}}
    found = client.suggest_score(RUDE, suggested, client_token="t", community_id="c")

    assert found == {"clientToken": "t", "detectedLanguages": ["en"]}


def test_perspective_hands_our_error_on(client: PerspectiveAPI) -> None:
    with pytest.raises(HTTPError, match="400") as caught:
        client.analyze_comment("")

    with caught.value as answer:
        assert json.load(answer)["error"]["message"] == "Comment must be non-empty."


def hard_wired(front: Front, *calls: dict[str, Any], **trusted: str) -> list[dict[str, Any]]:
    """Make calls in a process where Google's name leads to the front; return what came of each."""
    clean = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    done = subprocess.run(
        [sys.executable, "-m", "tests.contract.hard_wired", str(front.port)], cwd=ROOT, env=clean | trusted,
        input=json.dumps(calls), capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    answers: list[dict[str, Any]] = json.loads(done.stdout)
    return answers


@pytest.mark.parametrize(("client", "variable", "agent", "before"), [
    ("google", "HTTPLIB2_CA_CERTS", "gzip", [f"{NEWER}&key=any"]),
    ("perspective", "SSL_CERT_FILE", "Python-urllib/", []),
])  # fmt: skip
def test_the_address_is_google_s(
    front: Front, client: str, variable: str, agent: str, before: list[str]
) -> None:
    """Not a line of a program is another: the name leads here, and a variable names whom to trust."""
    calls = [{"client": client, "text": text} for text in (RUDE, KIND)]
    rude, kind = hard_wired(front, *calls, **{variable: str(front.authority)})

    assert toxicity(kind["value"]) < 0.5 < toxicity(rude["value"])
    paths = [one.path.split("&alt=")[0] for one in front.passed]
    assert paths == [*before, f"{ANALYZE}?key=any"] * 2
    assert {(one.host, one.status) for one in front.passed} == {(NAME, 200)}
    assert all(agent in one.agent for one in front.passed)


@pytest.mark.parametrize("client", ["google", "perspective"])
def test_who_does_not_trust_our_authority_sends_nothing(front: Front, client: str) -> None:
    (refused,) = hard_wired(front, {"client": client, "text": RUDE})

    assert "CERTIFICATE_VERIFY_FAILED" in refused["error"]
    assert front.passed == []
