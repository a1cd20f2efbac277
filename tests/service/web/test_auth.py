"""Who may pass which door: every route of the application, asked by everybody there is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from service.context import utcnow
from service.domain.access import OPERATOR
from service.sites import moderators
from service.storage.database import Database
from service.storage.tables import Moderator
from service.web.auth import CSRF_HEADER, csrf_token
from service.webhooks import endpoints
from tests.service.api.parts import STAFF, bearer, begin_session, decide, draft, hire, post

PEOPLE = ("anonymous", "author", "other author", "moderator", "other site's moderator", "owner")
NAMES = {"moderator": "mo", "other site's moderator": "eve", "owner": "olga"}

ALL = (200,) * 6
NOBODY = (404,) * 6
STAFF_ONLY = (401, 401, 401, 200, 404, 200)
OWNER_ONLY = (401, 401, 401, 403, 404, 200)


def owner_gets(status: int) -> tuple[int, ...]:
    return (*OWNER_ONLY[:5], status)


# What each of PEOPLE is answered. The comment that it is about is pending, on the site "demo".
EXPECTED: dict[str, tuple[int, ...]] = {
    # readers
    "POST /api/v1/comments": (202,) * 6,
    "GET /api/v1/comments": ALL,
    "GET /api/v1/comments/<uuid:comment_id>": (404, 200, 404, 404, 404, 404),
    "DELETE /api/v1/comments/<uuid:comment_id>": (404, 204, 404, 404, 404, 404),
    "GET /api/v1/counts": ALL,
    "GET /api/v1/form-token": ALL,
    # moderators
    "GET /api/v1/moderation/comments": STAFF_ONLY,
    "POST /api/v1/moderation/actions": STAFF_ONLY,
    "GET /api/v1/moderation/policies": STAFF_ONLY,
    "PUT /api/v1/moderation/policies": OWNER_ONLY,
    "GET /api/v1/moderation/audit": STAFF_ONLY,
    # host sites
    "GET /api/v1/webhook-endpoints": OWNER_ONLY,
    "POST /api/v1/webhook-endpoints": owner_gets(201),
    "GET /api/v1/webhook-endpoints/<uuid:endpoint_id>": OWNER_ONLY,
    "DELETE /api/v1/webhook-endpoints/<uuid:endpoint_id>": owner_gets(204),
    "POST /api/v1/webhook-endpoints/<uuid:endpoint_id>/test": owner_gets(202),
    "POST /api/v1/webhook-endpoints/<uuid:endpoint_id>/rotate-secret": OWNER_ONLY,
    "POST /api/v1/webhook-endpoints/<uuid:endpoint_id>/enable": OWNER_ONLY,
    "GET /api/v1/webhook-endpoints/<uuid:endpoint_id>/deliveries": OWNER_ONLY,
    "POST /api/v1/webhook-deliveries/<uuid:delivery_id>/replay": owner_gets(202),
    "GET /api/v1/events": OWNER_ONLY,
    "PUT /api/v1/threads": OWNER_ONLY,
    # the API of Perspective and that of OpenAI, for everybody
    "POST /v1alpha1/comments:analyze": ALL,
    "POST /<path:prefix>/v1alpha1/comments:analyze": ALL,
    "POST /v1alpha1/comments:suggestscore": ALL,
    "POST /<path:prefix>/v1alpha1/comments:suggestscore": ALL,
    "POST /batch": (400,) * 6,  # nothing is in it
    "POST /<path:prefix>/batch": (400,) * 6,
    "GET /$discovery/rest": ALL,
    "GET /<path:prefix>/$discovery/rest": ALL,
    "GET /discovery/v1/apis/commentanalyzer/v1alpha1/rest": ALL,
    "GET /<path:prefix>/discovery/v1/apis/commentanalyzer/v1alpha1/rest": ALL,
    "POST /v1/moderations": ALL,
    # operators, documents
    "GET /healthz": ALL,
    "GET /readyz": (503,) * 6,  # no worker runs here
    "GET /metrics": ALL,
    "GET /api/v1/openapi.json": ALL,
    "GET /api/docs": ALL,
    "GET /api/docs/perspective": ALL,
    "GET /api/docs.css": ALL,
    # the moderators' pages, with a session
    "GET /review/static/<path:filename>": ALL,
    "GET /review/login": (200, 200, 200, 303, 303, 303),
    "POST /review/login": (403,) * 6,  # without the form that it gave out
    "GET /review/login/code": (303,) * 6,  # nobody gave half a login
    "POST /review/login/code": (403,) * 6,  # as that of the password
    "POST /review/logout": (303,) * 6,
    "GET /review/": (303, 303, 303, 200, 404, 200),
    "GET /review/news": (401, 401, 401, 200, 404, 200),
    "GET /review/undo": (401, 401, 401, 200, 200, 200),  # one's own, and nothing else
    "GET /review/comments/<uuid:comment_id>": (303, 303, 303, 200, 404, 200),
    "POST /review/comments/<uuid:comment_id>/actions": (401, 401, 401, 303, 404, 303),
    "GET /review/account": (303, 303, 303, 200, 200, 200),  # everybody has one of their own
    "POST /review/account/password": (401, 401, 401, 422, 422, 422),  # no new one stands in the form
    "POST /review/account/sessions": (401, 401, 401, 303, 303, 303),
    "POST /review/account/second-factor": (401, 401, 401, 403, 403, 403),  # no password stands in the form
    "POST /review/account/second-factor/confirm": (401, 401, 401, 403, 403, 403),  # nothing was begun
    "POST /review/account/second-factor/change": (401, 401, 401, 422, 422, 422),  # no button was pressed
    "GET /review/<path:rest>": NOBODY,
    "POST /review/<path:rest>": NOBODY,
    "PUT /review/<path:rest>": NOBODY,
    "PATCH /review/<path:rest>": NOBODY,
    "DELETE /review/<path:rest>": NOBODY,
    # pages
    "GET /embed/<path:name>": ALL,
    "GET /demo": ALL,
    "GET /": (302,) * 6,
}
SCORED = {"comment": {"text": "A fine remark."}}
QUERIES = {
    "/api/v1/comments": {"site": "demo", "thread": "a"},
    "/api/v1/counts": {"site": "demo", "thread": "a"},
    "/api/v1/form-token": {"site": "demo", "thread": "a"},
    "/api/v1/moderation/comments": {"site": "demo"},
    "/api/v1/moderation/policies": {"site": "demo"},
    "/api/v1/webhook-endpoints": {"site": "demo"},
    "/api/v1/events": {"site": "demo"},
    "/review/": {"site": "demo"},
    "/review/news": {"site": "demo"},
}
FILES = {"filename": "queue.css", "name": "parley-comments.js", "rest": "nothing/here", "prefix": "sub"}


@dataclass(frozen=True)
class Case:
    """A fresh comment with its author's receipt and another's, and a fresh endpoint with a delivery."""

    comment: str
    receipts: dict[str, str]
    endpoint: str
    delivery: str


@dataclass(frozen=True)
class Door:
    """One route and method, ready to be asked."""

    method: str
    rule: str

    def path(self, case: Case) -> str:
        there = {
            "comment_id": case.comment,
            "endpoint_id": case.endpoint,
            "delivery_id": case.delivery,
            **FILES,
        }
        path = self.rule
        for name, value in there.items():
            path = path.replace(f"<uuid:{name}>", value).replace(f"<path:{name}>", value)
        return path

    def query(self, case: Case) -> dict[str, str]:
        if self.rule == "/api/v1/moderation/audit":
            return {"comment": case.comment}
        return QUERIES.get(self.rule, {}) if self.method in ("GET", "PUT") else {}

    def body(self, case: Case) -> Any:
        return {
            "POST /api/v1/comments": draft(),
            "POST /api/v1/moderation/actions": {
                "comment_id": case.comment,
                "action": "approve",
                "version": 2,
            },
            "PUT /api/v1/moderation/policies": {"max_links": 1},
            "PUT /api/v1/threads": {"site": "demo", "thread": "a", "premoderate": False},
            "POST /api/v1/webhook-endpoints": {"site": "demo", "url": "https://8.8.8.8/hooks"},
            "POST /v1alpha1/comments:analyze": {**SCORED, "requestedAttributes": {"INSULT": {}}},
            "POST /v1alpha1/comments:suggestscore": {
                **SCORED,
                "attributeScores": {"INSULT": {"summaryScore": {"value": 0}}},
            },
            "POST /v1/moderations": {"input": "A fine remark."},
        }.get(f"{self.method} {self.rule.removeprefix('/<path:prefix>')}")


def routes(app: Flask) -> Iterator[str]:
    for rule in app.url_map.iter_rules():
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            yield f"{method} {rule.rule}"


@pytest.fixture
def tokens(db: Database) -> dict[str, str]:
    """A token of each member of the staff."""
    return {name: hire(db, name, roles) for name, roles in STAFF.items()}


@pytest.fixture
def sessions(db: Database, tokens: dict[str, str]) -> dict[str, str]:
    """The secret of a session of each of them."""
    return {name: begin_session(db, name) for name in tokens}


def new_case(client: FlaskClient, db: Database, number: int) -> Case:
    mine, other = post(client, f"You vile thing {number}."), post(client, f"Another vile thing {number}.")
    decide(db)
    made = endpoints.add_endpoint(
        db, OPERATOR, "demo", "https://8.8.8.8/in", [], utcnow(), check=lambda _: None
    )
    delivery = endpoints.send_test(db, OPERATOR, made.id, utcnow())
    receipts = {"author": mine["receipt"], "other author": other["receipt"]}
    return Case(mine["id"], receipts, made.id, delivery)


def ask(
    app: Flask, door: Door, case: Case, person: str, tokens: dict[str, str], sessions: dict[str, str]
) -> TestResponse:
    """Send the request of a person who does everything right, by the means that this door knows."""
    client, headers, form = app.test_client(), {}, None
    if person in case.receipts:
        headers["Parley-Receipt"] = case.receipts[person]
    by_session = door.rule.startswith("/review/")
    if by_session:
        form = {"action": "approve", "version": "2"}
    if name := NAMES.get(person):
        if by_session:
            key = app.extensions["parley"].settings.secret_key
            client.set_cookie("parley_session", sessions[name])
            form = {"action": "approve", "version": "2", "csrf": csrf_token(key, sessions[name])}
        else:
            headers |= bearer(tokens[name])
    sent: dict[str, Any] = {"data": form} if by_session else {"json": door.body(case)}
    if door.method == "GET" or sent == {"json": None}:
        sent = {}
    return client.open(
        door.path(case), method=door.method, query_string=door.query(case), headers=headers, **sent
    )


def test_every_route_has_an_expectation(app: Flask) -> None:
    assert set(routes(app)) == set(EXPECTED)


@pytest.mark.parametrize("route", EXPECTED)
def test_everybody_gets_what_is_theirs(
    app: Flask,
    client: FlaskClient,
    db: Database,
    tokens: dict[str, str],
    sessions: dict[str, str],
    route: str,
) -> None:
    door, got = Door(*route.split(" ", 1)), []
    case = new_case(client, db, 0)
    for number, person in enumerate(PEOPLE, 1):
        with ask(app, door, case, person, tokens, sessions) as answer:
            got.append(answer.status_code)
        if answer.status_code < 400 and door.method != "GET":
            case = new_case(client, db, number)

    assert tuple(got) == EXPECTED[route]


DECIDING = {
    "POST /api/v1/moderation/actions",
    "POST /review/comments/<uuid:comment_id>/actions",
}


@pytest.mark.parametrize("route", EXPECTED)
def test_a_viewer_sees_what_a_moderator_sees_and_changes_nothing(
    app: Flask,
    client: FlaskClient,
    db: Database,
    tokens: dict[str, str],
    sessions: dict[str, str],
    route: str,
) -> None:
    moderators.grant(db, "mo", "demo", "viewer", utcnow())
    method, rule = route.split(" ")
    case = new_case(client, db, 0)
    with ask(app, Door(method, rule), case, "moderator", tokens, sessions) as answer:
        status = answer.status_code
    as_it_was = app.test_client().get("/api/v1/moderation/comments?site=demo", headers=bearer(tokens["olga"]))

    assert status == (403 if route in DECIDING else EXPECTED[route][3])
    assert case.comment in {one["id"] for one in as_it_was.json["comments"]}


def remove_endpoints(db: Database) -> None:
    """There may only be twenty."""
    for endpoint in endpoints.list_endpoints(db, OPERATOR, "demo"):
        endpoints.remove_endpoint(db, OPERATOR, endpoint.id, utcnow())


def guarded(app: Flask) -> Iterator[Door]:
    """The routes of the JSON API that ask who is calling."""
    for rule in app.url_map.iter_rules():
        declared = getattr(app.view_functions[rule.endpoint], "door", None)
        if declared is not None and declared.auth in ("moderator", "owner"):
            yield from (Door(method, rule.rule) for method in (rule.methods or set()) - {"HEAD", "OPTIONS"})


def test_a_session_changes_nothing_without_its_csrf_header(
    app: Flask, client: FlaskClient, db: Database, sessions: dict[str, str]
) -> None:
    client.set_cookie("parley_session", sessions["olga"])
    key = app.extensions["parley"].settings.secret_key
    tried = 0
    for door in guarded(app):
        case = new_case(client, db, tried)
        sent = {"query_string": door.query(case), "json": door.body(case), "method": door.method}
        wrong = {CSRF_HEADER: csrf_token(key, sessions["oscar"])}
        for headers in ({}, wrong):
            answer = client.open(door.path(case), headers=headers, **sent)
            assert answer.status_code == (200 if door.method == "GET" else 403), door
        right = client.open(door.path(case), headers={CSRF_HEADER: csrf_token(key, sessions["olga"])}, **sent)
        assert right.status_code < 300, (door, right.text)
        remove_endpoints(db)
        tried += door.method != "GET"

    assert tried >= 8


def test_who_was_let_go_is_nobody_at_once(
    app: Flask, client: FlaskClient, db: Database, tokens: dict[str, str], sessions: dict[str, str]
) -> None:
    """Disabled, logged out, taken off the site, and a session that has run out."""
    case = new_case(client, db, 0)
    doors = list(guarded(app))
    moderators.disable(db, "olga", utcnow())
    moderators.revoke(db, "mo", "demo", utcnow())

    for door in doors:
        sent = {"query_string": door.query(case), "json": door.body(case), "method": door.method}
        assert client.open(door.path(case), headers=bearer(tokens["olga"]), **sent).status_code == 401, door
        assert client.open(door.path(case), headers=bearer(tokens["mo"]), **sent).status_code == 404, door
        assert client.open(door.path(case), headers=bearer("parley_" + "x" * 43), **sent).status_code == 401
    moderators.log_out(db, sessions["eve"])
    client.set_cookie("parley_session", sessions["eve"])
    assert client.get("/api/v1/moderation/comments?site=other").status_code == 401


def test_a_disabled_account_has_no_way_in_even_if_its_token_was_kept(
    client: FlaskClient, db: Database, tokens: dict[str, str]
) -> None:
    with db.write() as connection:
        connection.execute(update(Moderator).where(Moderator.name == "mo").values(disabled_at=utcnow()))
        assert connection.scalar(select(Moderator.disabled_at).where(Moderator.name == "mo")) is not None

    answer = client.get("/api/v1/moderation/comments?site=demo", headers=bearer(tokens["mo"]))
    assert answer.status_code == 401


def test_a_foreign_site_answers_like_one_that_is_not_there(
    client: FlaskClient, tokens: dict[str, str]
) -> None:
    for path in ("moderation/comments", "moderation/policies", "webhook-endpoints", "events"):
        foreign = client.get(f"/api/v1/{path}?site=demo", headers=bearer(tokens["eve"]))
        nowhere = client.get(f"/api/v1/{path}?site=nowhere", headers=bearer(tokens["eve"]))

        assert foreign.status_code == nowhere.status_code == 404
        assert foreign.json["detail"].replace("demo", "") == nowhere.json["detail"].replace("nowhere", "")
