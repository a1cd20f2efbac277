"""What the tests of the doors share: people with tokens, comments in each status, a look at an answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from service.context import utcnow
from service.domain.ids import fingerprint, new_id
from service.moderation import deciding
from service.moderation.marking import Marks
from service.sites import moderators
from service.storage import moderators as queries
from service.storage.database import Database
from service.storage.records import NewCredential
from tests.fakes import FakeScorer

PROBLEM = {"type", "title", "status", "detail", "instance"}
JSON = {"Content-Type": "application/json"}
STAFF: dict[str, dict[str, str]] = {
    "mo": {"demo": "moderator"},
    "olga": {"demo": "owner"},
    "eve": {"other": "moderator"},
    "oscar": {"other": "owner"},
}


def hire(db: Database, name: str, roles: Mapping[str, str]) -> str:
    """Add a moderator who never logs in by password, and return a token of theirs."""
    moderator = new_id(utcnow())
    with db.write() as connection:
        queries.add(connection, moderator, name, "no hash", utcnow())
        queries.set_roles(connection, moderator, roles)
    return moderators.add_token(db, name, "tests", utcnow())


def begin_session(db: Database, name: str) -> str:
    """Return the secret of a session, as a login with the right password would."""
    secret = f"session-of-{name}"
    with db.write() as connection:
        found = queries.find(connection, name)
        assert found is not None
        expires = utcnow() + moderators.SESSION_LIFE
        queries.add_credential(
            connection, NewCredential(fingerprint(secret), "session", found.id, utcnow(), expires)
        )
    return secret


def bearer(token: str) -> dict[str, str]:
    """Return the header that shows a token."""
    return {"Authorization": f"Bearer {token}"}


def draft(body: str = "A fine remark.", thread: str = "a", **more: Any) -> dict[str, Any]:
    """Return a post that is accepted."""
    return {
        "site": "demo",
        "thread": {"key": thread, "url": f"https://news.example/{thread}"},
        "body": body,
        **more,
    }


def post(client: FlaskClient, body: str = "A fine remark.", thread: str = "a", **more: Any) -> dict[str, Any]:
    """Post a comment and return what it was answered with."""
    answer = client.post("/api/v1/comments", json=draft(body, thread, **more))
    assert answer.status_code == 202, answer.text
    found: dict[str, Any] = answer.json
    return found


def decide(db: Database) -> None:
    """Let the fake model decide everything that was received, and mark words: "vile" waits for a person."""
    scorer, marks = FakeScorer(), Marks()
    while deciding.drain(db, scorer=scorer, clock=utcnow, marks=marks):
        pass
    while marks.mark_next(db, scorer):
        pass


def assert_problem(answer: TestResponse, *statuses: int) -> dict[str, Any]:
    """Check that an answer is a problem document of one of these statuses, and return it."""
    assert answer.status_code in statuses, (answer.status_code, answer.text[:500])
    assert answer.content_type == "application/problem+json", answer.content_type
    found: dict[str, Any] = answer.json
    assert set(found) >= PROBLEM, found
    assert found["status"] == answer.status_code
    assert found["instance"] == f"urn:request:{answer.headers['X-Request-Id']}"
    assert found["detail"], "a problem says what is wrong"
    assert "Traceback" not in answer.text
    for mistake in found.get("errors", []):
        assert set(mistake) == {"pointer", "detail"}, mistake
    return found
