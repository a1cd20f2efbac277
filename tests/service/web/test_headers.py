"""Which doors pages of other origins may use, and where redirects lead."""

from __future__ import annotations

import pytest
from flask import Flask, Response, redirect
from flask.testing import FlaskClient

from service.web.headers import redirect_within


@pytest.mark.parametrize(("path", "methods"), [
    ("/api/v1/comments", "GET, POST, DELETE"), ("/v1alpha1/comments:analyze", "GET, POST"),
    ("/api/v1/moderation/actions", None), ("/api/v1/events", None), ("/review/login", None),
    ("/v1/moderations", None),
])  # fmt: skip
def test_only_doors_that_never_look_at_cookies_are_open_to_other_origins(
    client: FlaskClient, path: str, methods: str | None
) -> None:
    answer = client.options(path, headers={"Origin": "https://page.example"})

    assert answer.headers.get("Access-Control-Allow-Methods") == methods
    assert ("Access-Control-Allow-Origin" in answer.headers) == (methods is not None)


@pytest.mark.parametrize(("location", "sent"), [
    ("http://evil.example/review/", "/review/"),
    ("/review/", "/review/"),
    ("https://elsewhere.example/x", "https://elsewhere.example/x"),
])  # fmt: skip
def test_a_redirect_of_ours_names_no_host(app: Flask, location: str, sent: str) -> None:
    with app.test_request_context("/", headers={"Host": "evil.example"}):
        answer = redirect_within(redirect(location, Response=Response))

    assert answer.headers["Location"] == sent
