"""The host sites' doors: who may do what, and what it is answered with.

Proves `service/api/schemas/webhooks.py` and `service/domain/access.py` too.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, update
from werkzeug.test import TestResponse

from service.app import create_app
from service.context import utcnow
from service.domain.access import OPERATOR
from service.domain.ids import new_id
from service.outbound import Answer
from service.settings import Settings
from service.sites import moderators
from service.storage import moderators as accounts
from service.storage.database import Database
from service.storage.tables import Event, Site
from service.webhooks import log as delivery_log
from service.webhooks import relay, sending
from tests.fakes import FakeClock
from tests.service.webhooks.test_endpoints import happen

URL = "http://127.0.0.1:8081/hooks"
Call = Callable[..., TestResponse]


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    """The web application, with the loopback network allowed for webhooks."""
    networks = (ipaddress.ip_network("127.0.0.0/8"),)
    made = create_app(replace(settings, log_level="error", webhook_private_networks=networks))
    yield made
    made.extensions["parley"].db.close()


@pytest.fixture
def tokens(db: Database) -> dict[str, str]:
    """API tokens: of the owner and a moderator of ``demo``, and of the owner of ``other``."""
    now = utcnow()
    for name, roles in (
        ("olga", {"demo": "owner"}),
        ("mo", {"demo": "moderator"}),
        ("eve", {"other": "owner"}),
    ):
        with db.write() as connection:  # without a password: hashing one is slow on purpose
            accounts.add(connection, moderator := new_id(now), name, "none", now)
            accounts.set_roles(connection, moderator, roles)
    return {name: moderators.add_token(db, name, "test", now) for name in ("olga", "mo", "eve")}


@pytest.fixture
def call(client: FlaskClient, tokens: dict[str, str]) -> Call:
    """Send a request as somebody."""

    def send(method: str, path: str, body: Any = None, who: str | None = "olga") -> TestResponse:
        headers = {"Authorization": f"Bearer {tokens[who]}"} if who else {}
        return client.open(f"/api/v1{path}", method=method, json=body, headers=headers)

    return send


def add(call: Call, **more: Any) -> dict[str, Any]:
    answer = call("POST", "/webhook-endpoints", {"site": "demo", "url": URL, **more})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json
    return found


def test_an_endpoint_is_made_with_a_secret_that_no_other_answer_has(call: Call) -> None:
    made = add(call, types=["comment.approved"])
    shown = call("GET", f"/webhook-endpoints/{made['id']}")
    listed = call("GET", "/webhook-endpoints?site=demo")

    assert made["secret"].startswith("whsec_")
    assert made["types"] == ["comment.approved"]
    assert shown.json == {name: value for name, value in made.items() if name != "secret"}
    assert listed.json == {"endpoints": [shown.json]}
    assert shown.headers["Cache-Control"] == "no-store"


def test_a_bad_endpoint_is_refused_with_a_pointer_to_the_mistake(call: Call) -> None:
    mistakes: list[tuple[dict[str, Any], str]] = [
        ({"url": "http://169.254.169.254/latest/meta-data/"}, "/url"),
        ({"url": "http://[::ffff:7f00:1]/"}, "/url"),
        ({"url": "http://2130706433/"}, "/url"),
        ({"url": "ftp://example.com/"}, "/url"),
        ({"url": ""}, "/url"),
        ({"url": 7}, "/url"),
        ({"url": "https://example.com/" + "a" * 3000}, "/url"),
        ({"types": ["comment.exploded"]}, "/types/0"),
        ({"types": "comment.approved"}, "/types"),
        ({"site": "No Site"}, "/site"),
        ({"secret": "whsec_mine"}, "/secret"),
    ]
    for change, pointer in mistakes:
        answer = call("POST", "/webhook-endpoints", {"site": "demo", "url": URL, **change})

        assert (answer.status_code, answer.content_type) == (422, "application/problem+json"), change
        assert [error["pointer"] for error in answer.json["errors"]] == [pointer]
    assert call("GET", "/webhook-endpoints?site=demo").json == {"endpoints": []}


def test_only_an_owner_of_the_site_comes_in(call: Call, db: Database) -> None:
    endpoint = add(call)["id"]
    call("POST", f"/webhook-endpoints/{endpoint}/test")
    delivery = delivery_log.list_deliveries(db, OPERATOR, endpoint).deliveries[0].id
    doors = [
        ("GET", "/webhook-endpoints?site=demo", None),
        ("POST", "/webhook-endpoints", {"site": "demo", "url": URL}),
        ("GET", f"/webhook-endpoints/{endpoint}", None),
        ("DELETE", f"/webhook-endpoints/{endpoint}", None),
        ("POST", f"/webhook-endpoints/{endpoint}/test", None),
        ("POST", f"/webhook-endpoints/{endpoint}/rotate-secret", None),
        ("POST", f"/webhook-endpoints/{endpoint}/enable", None),
        ("GET", f"/webhook-endpoints/{endpoint}/deliveries", None),
        ("POST", f"/webhook-deliveries/{delivery}/replay", None),
        ("GET", "/events?site=demo", None),
    ]
    for method, path, body in doors:
        codes = [call(method, path, body, who).status_code for who in (None, "mo", "eve")]

        assert codes == [401, 403, 404], (method, path)
    assert call("GET", f"/webhook-endpoints/{endpoint}").status_code == 200


def test_a_test_event_shows_in_the_log_with_its_attempts(call: Call, db: Database) -> None:
    endpoint = add(call)["id"]
    queued = call("POST", f"/webhook-endpoints/{endpoint}/test")
    sending.deliver(db, endpoint, send=lambda *_: Answer(500, "no"), clock=utcnow)
    page = call("GET", f"/webhook-endpoints/{endpoint}/deliveries").json
    shown = page["deliveries"][0]

    assert queued.status_code == 202
    assert (shown["id"], shown["type"], shown["status"]) == (queued.json["delivery"], "webhook.test", "due")
    assert [(one["number"], one["status_code"], one["answer"]) for one in shown["attempts"]] == [
        (1, 500, "no")
    ]
    assert (shown["subject_kind"], shown["subject_id"]) == ("endpoint", endpoint)
    assert shown["comment"] == endpoint
    assert shown["next_attempt_at"] is not None
    assert page["next_cursor"] is None


def test_the_log_is_read_page_by_page(call: Call) -> None:
    endpoint = add(call)["id"]
    made = [call("POST", f"/webhook-endpoints/{endpoint}/test").json["delivery"] for _ in range(5)]
    path, seen, cursor = f"/webhook-endpoints/{endpoint}/deliveries?limit=2", [], ""
    while cursor is not None:
        page = call("GET", path + (f"&cursor={cursor}" if cursor else "")).json
        seen += [one["id"] for one in page["deliveries"]]
        cursor = page["next_cursor"]

    assert seen == sorted(made, reverse=True)
    assert call("GET", f"{path}&status=delivered").json["deliveries"] == []
    for bad in ("cursor=x", "limit=0", "limit=1e9", "status=lost", "more=1"):
        assert call("GET", f"{path.partition('?')[0]}?{bad}").status_code == 422


def test_a_secret_is_replaced_and_the_old_one_still_holds_for_a_day(call: Call) -> None:
    made = add(call)
    changed = call("POST", f"/webhook-endpoints/{made['id']}/rotate-secret")

    assert changed.status_code == 200
    assert changed.json["secret"] not in (made["secret"], None)
    assert changed.json["old_secret_until"] is not None


def test_a_disabled_endpoint_says_why_refuses_tests_and_can_be_enabled(call: Call, db: Database) -> None:
    endpoint = add(call)["id"]
    delivery = call("POST", f"/webhook-endpoints/{endpoint}/test").json["delivery"]
    sending.deliver(db, endpoint, send=lambda *_: Answer(410), clock=utcnow)

    assert "410" in call("GET", f"/webhook-endpoints/{endpoint}").json["disabled_because"]
    assert call("POST", f"/webhook-endpoints/{endpoint}/test").status_code == 409
    assert call("POST", f"/webhook-deliveries/{delivery}/replay").status_code == 409
    assert call("POST", f"/webhook-endpoints/{endpoint}/enable").json["disabled_at"] is None
    assert call("POST", f"/webhook-deliveries/{delivery}/replay").status_code == 202


def test_a_removed_endpoint_is_gone(call: Call) -> None:
    endpoint = add(call)["id"]

    assert call("DELETE", f"/webhook-endpoints/{endpoint}").status_code == 204
    assert call("GET", f"/webhook-endpoints/{endpoint}").status_code == 404
    assert call("DELETE", f"/webhook-endpoints/{endpoint}").status_code == 404


def test_an_id_that_is_none_is_not_found(call: Call) -> None:
    for path in ("/webhook-endpoints/7", "/webhook-endpoints/..%2f", "/webhook-deliveries/x/replay"):
        answer = call("POST" if "replay" in path else "GET", path)

        assert (answer.status_code, answer.content_type) == (404, "application/problem+json"), path


def test_events_are_pulled_from_where_one_stood(call: Call, db: Database) -> None:
    happen(db, FakeClock(), "A fine remark.", "You vile thing.")
    assert call("GET", "/events?site=demo").json == {"events": [], "next": 0}
    relay.relay(db, utcnow)
    first = call("GET", "/events?site=demo&limit=3").json
    rest = call("GET", f"/events?site=demo&after={first['next']}").json
    end = call("GET", f"/events?site=demo&after={rest['next']}").json

    assert [event["type"] for event in first["events"] + rest["events"]] == [
        "comment.received", "comment.received", "comment.approved", "comment.pending",
    ]  # fmt: skip
    assert {event["data"]["site"] for event in first["events"]} == {"demo"}
    assert end == {"events": [], "next": rest["next"]}
    for bad in ("after=-1", "after=99999999999999999999", "after=x", "limit=0", "limit=501"):
        assert call("GET", f"/events?site=demo&{bad}").status_code == 422


def test_a_position_from_before_the_oldest_event_is_gone_with_what_to_ask_next(
    call: Call, db: Database
) -> None:
    happen(db, FakeClock(), "One.", "Two.")
    while relay.relay(db, FakeClock()):
        pass
    second = call("GET", "/events?site=demo&limit=2").json["next"]
    with db.write() as connection:
        connection.execute(delete(Event).where(Event.place <= second))
        connection.execute(update(Site).where(Site.id == "demo").values(events_pruned=second))

    gone = call("GET", "/events?site=demo&after=1")

    assert gone.status_code == 410
    assert gone.content_type == "application/problem+json"
    assert gone.json["type"] == "/problems/events-pruned"
    assert (gone.json["oldest"], gone.json["after"]) == (second + 1, second)
    assert len(call("GET", f"/events?site=demo&after={gone.json['after']}").json["events"]) == 2
