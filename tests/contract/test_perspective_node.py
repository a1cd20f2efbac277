"""The Perspective API's clients for Node.js, unmodified from npm, against a running Parley.

Google's library is told another address. Two more have Google's built in: to them the name leads here, and
the certificate is from an authority that they are told to trust, as where an operator sees to both.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.contract.test_perspective_google import (
    ANALYZE,
    KIND,
    NEWER,
    OLDER,
    PRODUCTION,
    RUDE,
    asking,
    toxicity,
)
from tests.contract.tls_front import NAME, Front
from tests.node import node_modules
from tests.running import Parley

HERE = Path(__file__).parent / "node"
AT_GOOGLE = f"https://{NAME}"
EMPTY = "Comment must be non-empty."


@pytest.fixture(scope="module", autouse=True)
def clients() -> None:
    """The packages, as the lock file has them."""
    node_modules(HERE)


def ask(calls: list[Any], program: str, *arguments: str, **environment: str) -> list[dict[str, Any]]:
    """Make calls with a client, in a process of its own; return the value or the error of each.

    With ``FRONT_PORT`` among the variables, Google's name leads there.
    """
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("NODE_") and not name.lower().endswith("_proxy")
    }
    preload = ["--require", "./lead-here.cjs"] if "FRONT_PORT" in environment else []
    done = subprocess.run(
        ["node", *preload, program, *arguments], cwd=HERE, env=clean | environment, input=json.dumps(calls),
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    answers: list[dict[str, Any]] = json.loads(done.stdout)
    return answers


def ask_through(front: Front, calls: list[Any], program: str, *arguments: str) -> list[dict[str, Any]]:
    """Make calls with a client that takes the front for Google."""
    trusting = {"FRONT_PORT": str(front.port), "NODE_EXTRA_CA_CERTS": str(front.authority)}
    return ask(calls, program, *arguments, **trusting)


def analyzing(*bodies: Any, **more: Any) -> list[Any]:
    return [{"method": "analyze", "resource": body, **more} for body in bodies]


def values(answers: list[dict[str, Any]]) -> list[Any]:
    assert [one["error"] for one in answers if "error" in one] == []
    return [one["value"] for one in answers]


def test_every_locked_package_has_a_hash_and_no_address() -> None:
    lock = (HERE / "package-lock.json").read_text()
    packages = json.loads(lock)["packages"]
    del packages[""]

    assert "://" not in lock
    assert packages
    for name, package in packages.items():
        assert package["integrity"].startswith("sha512-"), name
        assert "resolved" not in package, name


@pytest.mark.parametrize("where", [NEWER, OLDER])
def test_googleapis(parley: Parley, where: str) -> None:
    calls = analyzing(asking(RUDE, *PRODUCTION, clientToken="t"), asking(KIND))
    rude, kind = values(ask(calls, "googleapis.mjs", parley.base + where))

    assert rude["status"] == kind["status"] == 200
    assert rude["url"] == kind["url"] == f"{parley.base}{ANALYZE}?key=any"
    assert not rude["redirected"]
    assert set(rude["data"]["attributeScores"]) == set(PRODUCTION)
    assert 0 <= toxicity(kind["data"]) < 0.5 < toxicity(rude["data"]) <= 1
    assert rude["data"]["languages"] == rude["data"]["detectedLanguages"] == ["en"]
    assert rude["data"]["clientToken"] == "t"


def test_googleapis_finds_spans_in_javascript_s_own_units(parley: Parley) -> None:
    text = f"😀 {RUDE} {KIND}"
    calls = analyzing(asking(text, spanAnnotations=True))
    (found,) = values(ask(calls, "googleapis.mjs", parley.base + NEWER))

    spans = found["data"]["attributeScores"]["TOXICITY"]["spanScores"]
    first = len("😀") + 1 + 1 + len(RUDE)  # the emoji is two units, and one code point
    assert [(one["begin"], one["end"]) for one in spans] == [(0, first), (first + 1, first + 1 + len(KIND))]
    assert spans[0]["score"]["value"] > spans[1]["score"]["value"]


def test_googleapis_suggests_a_score(parley: Parley) -> None:
    suggestion = {
        "comment": {"text": RUDE}, "attributeScores": {"TOXICITY": {"summaryScore": {"value": 1}}},
        "clientToken": "comment:1", "communityId": "c",
    }  # fmt: skip
    calls = [{"method": "suggestscore", "resource": suggestion}]
    (found,) = values(ask(calls, "googleapis.mjs", parley.base + NEWER))

    assert found["status"] == 200
    assert found["data"] == {"clientToken": "comment:1", "detectedLanguages": ["en"]}


def test_googleapis_reads_an_error_as_google_s(parley: Parley) -> None:
    bodies = asking(""), asking(RUDE, "FLIRTATION"), asking(RUDE, languages=["om"])
    errors = [one["error"] for one in ask(analyzing(*bodies), "googleapis.mjs", parley.base + NEWER)]

    assert [int(one["code"]) for one in errors] == [400, 400, 400]
    assert [one["message"] for one in errors] == [
        EMPTY,
        "Unknown requested attribute: FLIRTATION",
        "Attribute TOXICITY does not support request languages: om",
    ]
    assert errors[0]["body"]["error"]["status"] == "INVALID_ARGUMENT"
    assert errors[0]["body"]["error"]["details"][0]["errorType"] == "COMMENT_EMPTY"


def test_an_old_googleapis_with_an_address_for_each_call(parley: Parley) -> None:
    calls = analyzing(asking(RUDE), asking(KIND), asking(""), ofCall={"rootUrl": parley.base})
    *scored, empty = ask(calls, "googleapis44.cjs")
    rude, kind = values(scored)

    assert rude["url"] == f"{parley.base}{ANALYZE}?key=any"
    assert toxicity(kind["data"]) < 0.5 < toxicity(rude["data"])
    assert empty["error"]["message"] == EMPTY


@pytest.mark.parametrize(("slash", "prefix"), [("", "/r.googleapis.com"), ("/", "/.googleapis.com")])
def test_an_old_googleapis_with_an_address_for_the_client(parley: Parley, slash: str, prefix: str) -> None:
    """It cuts the address that it knows at the wrong place, and asks for a path that nobody meant."""
    calls = analyzing(asking(RUDE), ofClient={"rootUrl": parley.base + slash})
    (found,) = values(ask(calls, "googleapis44.cjs"))

    assert found["url"] == f"{parley.base}{prefix}{ANALYZE}?key=any"
    assert toxicity(found["data"]) > 0.5


def test_googleapis_with_google_s_own_address(front: Front) -> None:
    """As in Google's sample: not even the address of the discovery document is another."""
    calls = analyzing(asking(RUDE), asking(""))
    rude, empty = ask_through(front, calls, "googleapis.mjs", AT_GOOGLE + NEWER)

    assert toxicity(values([rude])[0]["data"]) > 0.5
    assert rude["value"]["url"] == f"{AT_GOOGLE}{ANALYZE}?key=any"
    assert empty["error"]["message"] == EMPTY
    assert [(one.host, one.path, one.status) for one in front.passed] == [
        (NAME, NEWER, 200),
        (NAME, f"{ANALYZE}?key=any", 200),
        (NAME, f"{ANALYZE}?key=any", 400),
    ]


def test_an_old_googleapis_with_google_s_own_address(front: Front) -> None:
    (found,) = values(ask_through(front, analyzing(asking(RUDE)), "googleapis44.cjs"))

    assert toxicity(found["data"]) > 0.5
    assert [one.status for one in front.passed] == [200]


def test_perspective_api_client(front: Front) -> None:
    """It returns the body as it is, and strips tags from what it sends."""
    every = {"attributes": [name.lower() for name in PRODUCTION]}
    texts = {"text": f"<b>{RUDE}</b>"}, {"text": RUDE, "options": every}, {"text": KIND}
    tagged, rude, kind = values(ask_through(front, list(texts), "perspective-api-client.cjs"))

    assert set(tagged) == {"attributeScores", "languages", "detectedLanguages"}
    assert set(rude["attributeScores"]) == set(PRODUCTION)
    assert toxicity(kind) < 0.5 < toxicity(rude) == toxicity(tagged)
    (span,) = tagged["attributeScores"]["TOXICITY"]["spanScores"]
    assert (span["begin"], span["end"]) == (0, len(RUDE))
    assert {(one.host, one.path) for one in front.passed} == {(NAME, f"{ANALYZE}?key=any")}
    assert all(one.agent.startswith("axios/0.18.") for one in front.passed)


def test_perspective_api_client_tells_our_message(front: Front) -> None:
    calls = [
        {"text": "", "options": {"validate": False}},
        {"text": "é" * 10_241, "options": {"validate": False}},  # 20,482 bytes
        {"text": RUDE, "options": {"attributes": ["flirtation"]}},
    ]
    errors = [one["error"] for one in ask_through(front, calls, "perspective-api-client.cjs")]

    assert {one["name"] for one in errors} == {"ResponseError"}
    assert [one["message"] for one in errors] == [
        EMPTY,
        "Comment text too long.",
        "Unknown requested attribute: FLIRTATION",
    ]
    assert [one.status for one in front.passed] == [400, 400, 400]


def test_perspectiveapi_js_client(front: Front) -> None:
    """It asks for SPAM and TOXICITY if it is told nothing, and reads the summary of every answer."""
    every = {"attributes": PRODUCTION, "context": {"entries": [{"text": KIND}]}}
    calls = [{"text": RUDE}, {"text": KIND}, {"text": RUDE, "options": every}]
    rude, kind, full = values(ask_through(front, calls, "perspectiveapi-js-client.cjs"))

    assert set(rude) == {"SPAM", "TOXICITY"}
    assert kind["TOXICITY"] < 0.5 < rude["TOXICITY"] == full["TOXICITY"]
    assert set(full) == set(PRODUCTION)
    assert all(0 <= score <= 1 for scores in (rude, kind, full) for score in scores.values())
    assert {(one.host, one.path) for one in front.passed} == {(NAME, f"{ANALYZE}?key=any")}
    assert all(one.agent.startswith("axios/0.16.") for one in front.passed)


def test_perspectiveapi_js_client_is_refused_as_by_google(front: Front) -> None:
    calls = [{"text": RUDE, "options": {"attributes": ["FLIRTATION"]}}]
    (refused,) = ask_through(front, calls, "perspectiveapi-js-client.cjs")

    assert refused["error"]["message"].endswith("Request failed with status code 400")  # all that it tells


@pytest.mark.parametrize("program", ["perspective-api-client.cjs", "perspectiveapi-js-client.cjs"])
def test_a_client_that_does_not_trust_our_authority_sends_nothing(front: Front, program: str) -> None:
    (refused,) = ask([{"text": RUDE}], program, FRONT_PORT=str(front.port))

    assert "certificate" in refused["error"]["message"]
    assert front.passed == []
