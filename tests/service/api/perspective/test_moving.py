"""The page on moving from the Perspective API says what is true of this installation."""

from __future__ import annotations

import contextlib
import re
import shutil
import ssl
import subprocess
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from service.api.perspective.moving import thresholds
from service.settings import ScoringSettings, Settings
from tests.service.api.perspective.parts import MarkedScorer, served

PAGE = "/api/docs/perspective"


def words_of(app: Flask, **more: Any) -> str:
    """Return the page's text, in one line."""
    answer = app.test_client().get(PAGE, **more)
    assert answer.status_code == 200
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", "", answer.text)))


def test_addresses_are_those_at_which_the_page_was_asked_for(settings: Settings) -> None:
    with served(settings, MarkedScorer()) as app:
        words = words_of(app, base_url="http://parley.internal:8080")

    assert 'discoveryServiceUrl="http://parley.internal:8080/$discovery/rest?version=v1alpha1"' in words
    assert "google.discoverAPI( 'http://parley.internal:8080/$discovery/rest?version=v1alpha1' )" in words
    assert 'client.api_client.url = "http://parley.internal:8080/v1alpha1/{endpoint}"' in words


def test_the_public_address_is_shown_where_there_is_one(settings: Settings) -> None:
    with served(settings, MarkedScorer(), public_url="https://comments.example.org/talk") as app:
        words = words_of(app)

    assert "https://comments.example.org/talk/v1alpha1" in words
    assert "localhost/" not in words


def test_every_row_of_the_table_is_shown(settings: Settings) -> None:
    with served(settings, MarkedScorer()) as app:
        table = re.search(r"<tbody>(.*?)</tbody>", app.test_client().get(PAGE).text, re.DOTALL)
    assert table is not None
    shown = [float(number) for number in re.findall(r"<strong>([\d.e-]+)</strong>", table[1])]
    made = thresholds()["convertible"]
    olds = next(iter(made.values()))["by_old"]

    assert shown == [
        one["by_old"][old]["new"]
        for old in olds
        for one in made.values()
        if not one["by_old"][old]["problem"]
    ]
    assert len(shown) > 20
    assert table[1].count("<abbr title=") == len(olds) * len(made) - len(shown)


@pytest.mark.parametrize(("chosen", "said"), [
    ({"perspective_keys": "none"}, "This Parley asks for no key"),
    ({"perspective_keys": "required"}, "This Parley asks for a key of its own"),
    ({"suggestion_days": 30}, "are kept for 30 days"),
    ({"suggestion_days": 0}, "are answered here and not stored"),
    ({"scoring": ScoringSettings(prior=0.02)}, "PARLEY_TOXICITY_PRIOR=0.02, so compare on comments"),
])  # fmt: skip
def test_the_page_tells_the_settings(settings: Settings, chosen: dict[str, Any], said: str) -> None:
    with served(settings, MarkedScorer(), **chosen) as app:
        assert said in words_of(app)


def test_a_model_that_the_table_was_not_made_for_is_named(settings: Settings) -> None:
    shipped = MarkedScorer(model_id=thresholds()["model"])
    with served(settings, shipped) as same, served(settings, MarkedScorer()) as other:
        assert "this Parley uses marked-1" in words_of(other)
        assert "this Parley uses" not in words_of(same)
        assert "in beta, with fewer attributes: de" in words_of(same)


def test_without_a_model_the_page_still_stands(settings: Settings) -> None:
    with served(settings, None) as app:
        assert "none, for there is no model" in words_of(app)


def test_the_certificate_s_recipe_holds_before_a_strict_client(settings: Settings, tmp_path: Path) -> None:
    """As newer Pythons check by default: the usage of the authority's key, and whose key it is."""
    if not shutil.which("openssl"):
        pytest.skip("no openssl on this machine: the page's recipe is not tried")
    with served(settings, MarkedScorer()) as app:
        text = unescape(app.test_client().get(PAGE).text)
    [recipe] = [block for block in re.findall(r"<pre>(.*?)</pre>", text, re.DOTALL) if "openssl" in block]
    made = subprocess.run(
        ["sh", "-eu", "-c", recipe], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert made.returncode == 0, made.stderr

    trusting = ssl.create_default_context(cafile=tmp_path / "ca.pem")
    trusting.verify_flags |= ssl.VERIFY_X509_STRICT
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(tmp_path / "tls.pem", tmp_path / "tls.key")
    shake_hands(trusting, serving, "commentanalyzer.googleapis.com")
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(trusting, serving, "somebody.example")


def shake_hands(client: ssl.SSLContext, server: ssl.SSLContext, name: str) -> None:
    """Let both sides meet in memory until the client is content; raise what it objects to."""
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(back, there, server_hostname=name)
    theirs = server.wrap_bio(there, back, server_side=True)
    for _ in range(4):
        try:
            ours.do_handshake()
        except ssl.SSLWantReadError:
            with contextlib.suppress(ssl.SSLWantReadError):
                theirs.do_handshake()
        else:
            return
    raise AssertionError("the two never met")
