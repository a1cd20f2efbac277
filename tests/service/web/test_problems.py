"""One exit for errors: problem details, whatever went wrong, and nothing of our insides in them.

Proves `service/domain/errors.py` too.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

import pytest
from flask import Flask, abort, redirect
from flask.testing import FlaskClient
from werkzeug.exceptions import default_exceptions

import service
from service import observability
from service.domain import errors
from service.domain.errors import ParleyError
from service.web import problems
from tests.service.api.parts import assert_problem

EXAMPLES: list[ParleyError] = [
    errors.Invalid([("/a", "is wrong")]),
    errors.NotFound("none"),
    errors.Unauthorised("who?"),
    errors.Forbidden("no"),
    errors.IllegalMove("not now"),
    errors.AlreadyDecided("late", status="approved", version=3, by="mo", body="x"),
    errors.ThreadClosed("closed"),
    errors.KeyReused("again"),
    errors.TooManyRequests("slowly", retry_after=7),
    errors.Unavailable("gone", retry_after=3),
    errors.Damaged("spoilt", retry_after=30),
    errors.Pruned("too old", oldest=8, after=7),
    problems.NotJson("no JSON"),
    problems.BadText("half"),
]


def kinds(above: type[ParleyError] = ParleyError) -> Iterator[type[ParleyError]]:
    """Every kind of error of ours, in any module of the service."""
    for kind in above.__subclasses__():
        yield kind
        yield from kinds(kind)


def import_everything() -> None:
    for module in pkgutil.walk_packages(service.__path__, "service."):
        if "migrations" not in module.name and not module.name.endswith("__main__"):
            importlib.import_module(module.name)


@pytest.fixture
def broken() -> FlaskClient:
    """An application in which every kind of thing goes wrong at its own address."""
    app = Flask("broken")
    observability.watch(app)
    problems.install(app)
    for number, error in enumerate(EXAMPLES):
        app.add_url_rule(f"/ours/{number}", f"ours{number}", lambda error=error: _throw(error))
    app.add_url_rule("/http/<int:status>", "http", lambda status: abort(status))
    app.add_url_rule("/moved", "moved", lambda: redirect("/elsewhere"))
    app.add_url_rule("/bug", "bug", lambda: _throw(RuntimeError("SELECT secret FROM planted")))
    app.add_url_rule("/key", "key", lambda: {}["planted"])
    return app.test_client()


def _throw(error: Exception) -> None:
    raise error


def test_every_error_of_ours_has_a_status_and_words() -> None:
    import_everything()

    for kind in kinds():
        assert kind in problems.STATUS, kind
        assert kind.code != ParleyError.code, f"{kind} has no code of its own"
        assert kind.title != ParleyError.title, f"{kind} has no title of its own"
    codes = [kind.code for kind in kinds()]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_an_error_of_ours_is_answered_in_full(broken: FlaskClient, number: int) -> None:
    error = EXAMPLES[number]

    answer = broken.get(f"/ours/{number}")
    problem = assert_problem(answer, problems.STATUS[type(error)])
    assert (problem["type"], problem["title"]) == (f"/problems/{error.code}", error.title)
    assert problem["detail"] == str(error)
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_members_that_only_some_errors_have(broken: FlaskClient) -> None:
    found = {type(error): broken.get(f"/ours/{number}") for number, error in enumerate(EXAMPLES)}

    assert found[errors.Invalid].json["errors"] == [{"pointer": "/a", "detail": "is wrong"}]
    assert found[errors.AlreadyDecided].json["current"]["by"] == "mo"
    assert found[errors.Unauthorised].headers["WWW-Authenticate"] == "Bearer"
    assert found[errors.TooManyRequests].headers["Retry-After"] == "7"
    assert found[errors.Unavailable].headers["Retry-After"] == "3"


@pytest.mark.parametrize("status", sorted(default_exceptions))
def test_every_error_of_the_protocol_is_a_problem_too(broken: FlaskClient, status: int) -> None:
    assert_problem(broken.get(f"/http/{status}"), status)


def test_an_unforeseen_error_says_nothing_of_our_insides(
    broken: FlaskClient, capsys: pytest.CaptureFixture[str]
) -> None:
    for place in ("/bug", "/key"):
        answer = broken.get(place)

        assert_problem(answer, 500)
        assert "planted" not in answer.text
        assert "RuntimeError" not in answer.text


def test_a_redirect_is_no_error(broken: FlaskClient) -> None:
    assert broken.get("/moved").status_code == 302


def test_a_method_that_is_not_taken_says_which_are(client: FlaskClient) -> None:
    for method in ("PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "BREW"):
        answer = client.open("/api/v1/comments", method=method)

        assert_problem(answer, 405)
        assert {name.strip() for name in answer.headers["Allow"].split(",")} == {
            "GET",
            "HEAD",
            "OPTIONS",
            "POST",
        }


def test_a_method_cannot_be_overridden(client: FlaskClient) -> None:
    for name in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"):
        answer = client.post("/api/v1/counts?site=demo&thread=a", headers={name: "GET"})

        assert_problem(answer, 405)


@pytest.mark.parametrize("place", ["/api", "/api/v1", "/api/v1/nothing", "/.env", "/api/v2/comments", "/%00",
                                   "/api/v1//comments", "//evil.example/", "/api/v1/comments/",
                                   "/x" * 1000])  # fmt: skip
def test_an_address_that_is_not_there_is_a_problem(client: FlaskClient, place: str) -> None:
    answer = client.open("/", environ_overrides={"PATH_INFO": place})

    assert_problem(answer, 404)


def test_a_body_is_refused_by_its_length_and_by_its_type(client: FlaskClient) -> None:
    large = {"CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(10**12)}

    assert_problem(client.post("/api/v1/comments", environ_overrides=large), 413)
    assert_problem(client.post("/api/v1/comments", data=b"{}", content_type="text/plain"), 415)


def test_no_redirect_is_built_from_the_host_header(client: FlaskClient) -> None:
    answer = client.get("/review", headers={"Host": "evil.example"})

    assert answer.status_code == 308
    assert answer.headers["Location"] == "/review/"
