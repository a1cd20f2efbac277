"""What is done to policies, threads, roles and endpoints leaves an audit row and an event."""

from __future__ import annotations

from collections.abc import Callable

import orjson
import pytest
from sqlalchemy import select, update

from service.domain.access import OPERATOR, Caller
from service.domain.errors import Forbidden, Invalid, NotFound
from service.domain.policy_document import complete
from service.sites import moderators, sites, threads
from service.storage import audit
from service.storage.database import Database
from service.storage.tables import Event, Policy
from service.upkeep.audit import verify
from service.webhooks import endpoints
from tests.fakes import MO, FakeClock
from tests.service.moderation.test_deciding import post

OLGA = Caller("token", "olga", {"demo": "owner"})


def told(db: Database) -> list[tuple[str, str, int, dict[str, object]]]:
    """Type, subject's kind, sequence and data of the events that are not a comment's."""
    with db.read() as connection:
        rows = connection.execute(
            select(Event.type, Event.subject_kind, Event.sequence, Event.payload)
            .where(Event.subject_kind != "comment")
            .order_by(Event.position)
        ).all()
    return [(row[0], row[1], row[2], orjson.loads(row[3])["data"]) for row in rows]


def test_a_changed_policy_is_a_version_an_audit_row_and_an_event(db: Database) -> None:
    clock = FakeClock()
    sites.set_policy(db, OLGA, "demo", {"max_links": 0}, clock())
    sites.set_policy(db, OPERATOR, "demo", {"max_links": 1}, clock())

    with db.read() as connection:
        entries = audit.entries(connection, "policy", ["demo"])
        kept = connection.execute(
            select(Policy.version, Policy.author, Policy.document)
            .where(Policy.site_id == "demo")
            .order_by(Policy.version)
        ).all()
    assert [(one.actor_kind, one.actor, one.action) for one in entries] == [
        ("moderator", "olga", "change"),
        ("operator", "operator", "change"),
    ]
    assert [tuple(row) for row in kept] == [
        (1, "operator", complete({})),
        (2, "olga", complete({"max_links": 0})),
        (3, "operator", complete({"max_links": 1})),
    ]
    events = told(db)
    assert [event[:3] for event in events] == [
        ("policy.changed", "policy", 1),
        ("policy.changed", "policy", 2),
    ]
    assert (events[0][3]["version"], events[0][3]["policy"]["max_links"]) == (2, 0)  # type: ignore[index]
    assert verify(db) == (0, [])


def test_a_policy_whose_meaning_a_release_changed_becomes_a_new_version(db: Database) -> None:
    now = FakeClock()()
    sites.keep_policies(db, now)
    with db.write() as connection:
        connection.execute(update(Policy).where(Policy.site_id == "demo").values(document={"max_links": 9}))
    for _ in range(2):
        sites.keep_policies(db, now)

    with db.read() as connection:
        kept = connection.execute(
            select(Policy.site_id, Policy.version, Policy.author).order_by(Policy.site_id, Policy.version)
        ).all()
    assert [tuple(row) for row in kept] == [
        ("demo", 1, "operator"), ("demo", 2, "upgrade"), ("other", 1, "operator")
    ]  # fmt: skip


def test_a_policy_that_is_refused_leaves_nothing(db: Database) -> None:
    with pytest.raises(Invalid):
        sites.set_policy(db, OLGA, "demo", {"max_links": "many"}, FakeClock()())
    with pytest.raises(Forbidden, match="Only an owner"):
        sites.set_policy(db, MO, "demo", {}, FakeClock()())
    with pytest.raises(NotFound, match="of yours"):
        sites.set_policy(db, OLGA, "other", {}, FakeClock()())
    with pytest.raises(NotFound, match="no site 'nowhere'"):
        sites.set_policy(db, OPERATOR, "nowhere", {}, FakeClock()())

    assert told(db) == []


def test_what_is_done_to_a_thread_is_told_once_and_only_if_something_changed(db: Database) -> None:
    clock = FakeClock()
    post(db, clock, "A fine remark.")
    for _ in range(2):
        threads.close(db, OLGA, "demo", "a", clock())
        clock.forward(seconds=1)
    threads.reopen(db, OLGA, "demo", "a", clock())
    threads.premoderate(db, OPERATOR, "demo", "a", clock())
    threads.premoderate(db, OPERATOR, "demo", "a", clock(), on=False)

    events = told(db)
    assert [(event[0], event[2], event[3]["premoderate"]) for event in events] == [
        ("thread.closed", 1, False),
        ("thread.reopened", 2, False),
        ("thread.premoderated", 3, True),
        ("thread.premoderated", 4, False),
    ]
    assert events[0][3]["closed_at"] is not None
    assert events[1][3]["closed_at"] is None
    assert events[0][3]["key"] == "a"
    assert verify(db) == (1, [])


def test_roles_given_and_taken_are_told_to_the_site(db: Database) -> None:
    now = FakeClock()()
    moderators.add_moderator(db, "ann", "correct horse battery", {"demo": "moderator"}, now)
    moderators.grant(db, "ann", "demo", "owner", now)
    moderators.revoke(db, "ann", "demo", now)

    events = told(db)
    assert [(event[0], event[2], event[3]["role"]) for event in events] == [
        ("moderator.role_changed", 1, "moderator"),
        ("moderator.role_changed", 2, "owner"),
        ("moderator.role_changed", 3, None),
    ]
    assert {event[3]["name"] for event in events} == {"ann"}


STEPS: list[tuple[str, str, Callable[[Database, str], object]]] = [
    ("enable", "endpoint.changed", lambda db, key: endpoints.enable_endpoint(db, OLGA, key, FakeClock()())),
    ("rotate", "endpoint.changed", lambda db, key: endpoints.rotate_secret(db, OLGA, key, FakeClock()())),
    ("remove", "endpoint.removed", lambda db, key: endpoints.remove_endpoint(db, OLGA, key, FakeClock()())),
]


def test_what_is_done_to_an_endpoint_is_told_and_no_secret_is(db: Database) -> None:
    now = FakeClock()()
    url = "https://hooks.example/T0/B0/SECRETPATH?token=abc"
    made = endpoints.add_endpoint(db, OLGA, "demo", url, [], now, check=lambda _: None)
    with db.write() as connection:
        endpoints.disable_endpoint(connection, made.id, "the receiver answered 410", now)
    secrets = {made.secret}
    for _, _, step in STEPS:
        secrets.add(getattr(step(db, made.id), "secret", made.secret))

    with db.read() as connection:
        entries = audit.entries(connection, "endpoint", [made.id])
        payloads = " ".join(connection.scalars(select(Event.payload)))
    assert [(one.actor_kind, one.action) for one in entries] == [
        ("moderator", "add"),
        ("receiver", "disable"),
        *(("moderator", action) for action, _, _ in STEPS),
    ]
    assert [event[0] for event in told(db)] == [
        "endpoint.added", "endpoint.changed", *(event for _, event, _ in STEPS)
    ]  # fmt: skip
    assert len(secrets) == 2
    assert not [secret for secret in (*secrets, "SECRETPATH", "token=abc") if secret in payloads]
    assert "SECRETPATH" not in str([one.detail for one in entries])
    assert verify(db) == (0, [])
