"""A review queue with comments in it, and browsers without a screen."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from service.comments.intake import Draft, Intake
from service.moderation import deciding
from service.moderation.marking import Marks
from service.sites import moderators
from service.storage import moderators as queries
from service.storage.database import Database
from service.web import login_limits
from tests.conftest import NOW
from tests.fakes import FakeClock, FakeScorer

PASSWORD = "correct horse battery"
PEOPLE = (("ben", "demo", "owner"), ("cleo", "demo", "moderator"), ("olga", "other", "moderator"))


CLOCK = FakeClock(NOW)


def post(
    db: Database, body: str, *, site: str = "demo", key: object = "article", drain: bool = True, **more: str
) -> str:
    """Post a comment and have all that wait decided by the fake model; return its id."""
    draft = Draft(site, f"https://{site}.example/a", body, key=str(key), **more)
    comment_id = Intake(db, b"k" * 32).submit(draft, CLOCK()).id
    scorer, marks = FakeScorer(), Marks()
    while drain and deciding.drain(db, scorer=scorer, clock=CLOCK, marks=marks):
        pass
    while marks.mark_next(db, scorer):
        pass
    return comment_id


def add_people(db: Database) -> None:
    """Ben owns demo, Cleo moderates demo, Olga moderates the other site; all with one hash, to save time."""
    with db.write() as connection:
        for name, site, role in PEOPLE:
            queries.add(connection, f"id-{name}", name, _password_hash(), NOW)
            queries.set_roles(connection, f"id-{name}", {site: role})


@cache
def _password_hash() -> str:
    return moderators.HASHER.hash(PASSWORD)


@dataclass
class Desk:
    """A moderator at work: follows forms as a browser without scripts would."""

    client: FlaskClient

    def open(self, path: str = "/review/") -> TestResponse:
        """Load a page."""
        return self.client.get(path)

    def log_in(self, name: str = "ben", password: str = PASSWORD, **more: object) -> TestResponse:
        """Load the login form and send it."""
        form = {"csrf": token(self.client.get("/review/login")), "name": name, "password": password}
        return self.client.post("/review/login", data=form | more)

    def act(self, comment_id: str, action: str, **changes: object) -> TestResponse:
        """Press a button on a comment's own page."""
        page = self.open(f"/review/comments/{comment_id}")
        seen = re.search(r'name="version" value="(\d+)"', page.text)
        form = {"csrf": token(page), "version": seen[1] if seen else "", "action": action}
        return self.client.post(f"/review/comments/{comment_id}/actions", data=form | changes)


def token(page: TestResponse) -> str:
    """Return the CSRF token of a page's first form."""
    found = re.search(r'name="csrf" value="([0-9a-f]{64})"', page.text)
    return found[1] if found else ""


@pytest.fixture
def _people(app: Flask, db: Database) -> None:
    """Moderators of both sites; what other tests typed wrong from the same address is forgotten."""
    app.extensions["parley"].login_limits._limits.clear(login_limits.PER_ADDRESS, "address:127.0.0.1")
    add_people(db)


@pytest.fixture
def stranger(app: Flask, _people: None) -> Desk:
    """Somebody who is not logged in."""
    return Desk(app.test_client())


def _logged_in(app: Flask, name: str) -> Desk:
    desk = Desk(app.test_client())
    assert desk.log_in(name).status_code == 303
    return desk


@pytest.fixture
def ben(app: Flask, _people: None) -> Desk:
    """A moderator of demo."""
    return _logged_in(app, "ben")


@pytest.fixture
def cleo(app: Flask, _people: None) -> Desk:
    """Another moderator of demo."""
    return _logged_in(app, "cleo")


@pytest.fixture
def olga(app: Flask, _people: None) -> Desk:
    """A moderator of another site."""
    return _logged_in(app, "olga")
