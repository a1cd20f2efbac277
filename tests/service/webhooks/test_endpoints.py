"""Endpoints, the way from the outbox to deliveries, and the log to pull.

Proves `service/webhooks/relay.py`, `service/storage/endpoints.py` and `service/storage/outbox.py` too.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import delete, func, select

from service.comments.intake import Draft, Intake
from service.domain.access import OPERATOR, Caller
from service.domain.clock import Clock
from service.domain.errors import Forbidden, IllegalMove, Invalid, NotFound
from service.domain.events import subject_event
from service.domain.signing import read_secret
from service.moderation import deciding
from service.outbound import Refused
from service.storage import endpoints as storage
from service.storage.database import Database
from service.storage.records import EndpointWithSecret
from service.storage.tables import Delivery, Event
from service.webhooks import endpoints, relay, sending
from service.webhooks import log as delivery_log
from tests.fakes import FakeClock, FakeScorer

KEY = b"k" * 32
URL = "https://hooks.example.com/in"
OWNER = Caller("token", "olga", {"demo": "owner"})
MODERATOR = Caller("token", "mo", {"demo": "moderator"})


def add(
    db: Database, clock: FakeClock, site: str = "demo", types: tuple[str, ...] = ()
) -> EndpointWithSecret:
    """Add an endpoint, and forget that it was told of: these tests look at what comes after."""
    made = endpoints.add_endpoint(db, OPERATOR, site, URL, types, clock(), check=lambda _: None)
    forget(db)
    return made


def forget(db: Database) -> None:
    with db.write() as connection:
        connection.execute(delete(Event).where(Event.subject_kind != "comment"))


def relay_all(db: Database, clock: Clock) -> None:
    """Have every event taken up for delivery."""
    while relay.relay(db, clock):
        pass


def happen(db: Database, clock: FakeClock, *bodies: str, site: str = "demo") -> list[str]:
    """Post comments and let the policy decide: two events for each."""
    posted = [
        Intake(db, KEY).submit(Draft(site, "https://news.example/a", body, key="a"), clock()).id
        for body in bodies
    ]
    deciding.drain(db, scorer=FakeScorer(), clock=clock)
    return posted


def waiting(db: Database) -> list[tuple[str, str]]:
    """Return endpoint and event type of each delivery, in the order of events."""
    query = select(Delivery.endpoint_id, Event.type).join(Event, Event.id == Delivery.event_id)
    with db.read() as connection:
        rows = connection.execute(query.order_by(Event.position, Delivery.endpoint_id))
        return [(row[0], row[1]) for row in rows]


def test_a_secret_is_shown_once_and_is_long_enough(db: Database) -> None:
    clock = FakeClock()
    made = add(db, clock)

    assert len(read_secret(made.secret)) == 32
    for shown in (
        endpoints.list_endpoints(db, OPERATOR, "demo")[0],
        endpoints.find_endpoint(db, OWNER, made.id),
    ):
        assert not hasattr(shown, "secret")
        assert not hasattr(shown, "old_secret")
        assert made.secret not in repr(shown)
    told = subject_event("endpoint.added", made.snapshot(), {"kind": "operator", "name": "op"}, 1, clock())
    assert made.secret not in repr(made) + repr(told)


def test_an_endpoint_needs_a_known_site_good_types_and_an_address_that_may_be_called(db: Database) -> None:
    def refuse(_url: str) -> None:
        raise Refused("10.0.0.1 is not a public address")

    now = FakeClock()()
    with pytest.raises(NotFound, match="nowhere"):
        endpoints.add_endpoint(db, OPERATOR, "nowhere", URL, [], now, check=lambda _: None)
    with pytest.raises(Invalid, match=r"/types: comment\.exploded is unknown"):
        endpoints.add_endpoint(db, OPERATOR, "demo", URL, ["comment.exploded"], now, check=lambda _: None)
    with pytest.raises(Invalid, match=r"/url: cannot be called: 10\.0\.0\.1 is not a public address"):
        endpoints.add_endpoint(db, OPERATOR, "demo", URL, [], now, check=refuse)
    assert endpoints.list_endpoints(db, OPERATOR, "demo") == []


def test_a_site_has_a_limited_number_of_endpoints(db: Database) -> None:
    clock = FakeClock()
    for _ in range(endpoints.MAX_ENDPOINTS):
        add(db, clock)
    with pytest.raises(Invalid, match="20 webhook endpoints already"):
        add(db, clock)

    assert add(db, clock, "other").site_id == "other"


def test_another_sites_endpoint_is_as_good_as_not_there(db: Database) -> None:
    clock = FakeClock()
    theirs = add(db, clock, "other").id
    for act in (
        lambda: endpoints.find_endpoint(db, OWNER, theirs),
        lambda: endpoints.remove_endpoint(db, OWNER, theirs, clock()),
        lambda: endpoints.rotate_secret(db, OWNER, theirs, clock()),
        lambda: endpoints.enable_endpoint(db, OWNER, theirs, clock()),
        lambda: endpoints.send_test(db, OWNER, theirs, clock()),
        lambda: delivery_log.list_deliveries(db, OWNER, theirs),
    ):
        with pytest.raises(NotFound, match="no such webhook endpoint"):
            act()

    assert endpoints.find_endpoint(db, OPERATOR, theirs).id == theirs


def test_who_moderates_a_site_may_not_touch_its_endpoints(db: Database) -> None:
    clock = FakeClock()
    endpoint = add(db, clock).id
    delivery = endpoints.send_test(db, OWNER, endpoint, clock())
    for act in (
        lambda: endpoints.add_endpoint(db, MODERATOR, "demo", URL, [], clock(), check=lambda _: None),
        lambda: endpoints.list_endpoints(db, MODERATOR, "demo"),
        lambda: endpoints.find_endpoint(db, MODERATOR, endpoint),
        lambda: endpoints.remove_endpoint(db, MODERATOR, endpoint, clock()),
        lambda: endpoints.rotate_secret(db, MODERATOR, endpoint, clock()),
        lambda: endpoints.enable_endpoint(db, MODERATOR, endpoint, clock()),
        lambda: endpoints.send_test(db, MODERATOR, endpoint, clock()),
        lambda: delivery_log.list_deliveries(db, MODERATOR, endpoint),
        lambda: delivery_log.replay(db, MODERATOR, delivery, clock()),
        lambda: delivery_log.events_after(db, MODERATOR, "demo", 0, 10),
    ):
        with pytest.raises(Forbidden, match="Only an owner"):
            act()

    assert endpoints.list_endpoints(db, OWNER, "demo")[0].id == endpoint


def test_each_active_endpoint_of_the_site_gets_the_events_it_asked_for(db: Database) -> None:
    clock = FakeClock()
    every, some = add(db, clock).id, add(db, clock, types=("comment.approved",)).id
    add(db, clock, "other")
    happen(db, clock, "A fine remark.", "You vile thing.")

    assert relay.relay(db, clock) == 4
    assert relay.relay(db, clock) == 0
    assert waiting(db) == [
        (every, "comment.received"),
        (every, "comment.received"),
        (every, "comment.approved"),
        (some, "comment.approved"),
        (every, "comment.pending"),
    ]
    assert set(sending.due_endpoints(db, clock())) == {every, some}


def test_events_from_before_an_endpoint_are_not_sent_to_it(db: Database) -> None:
    clock = FakeClock()
    happen(db, clock, "Early.")
    relay.relay(db, clock)
    add(db, clock)

    assert relay.relay(db, clock) == 0
    assert waiting(db) == []


def test_a_disabled_endpoint_gets_no_deliveries(db: Database) -> None:
    clock = FakeClock()
    endpoint = add(db, clock).id
    with db.write() as connection:
        storage.change_endpoint(connection, endpoint, disabled_at=clock(), disabled_because="test")
    happen(db, clock, "A fine remark.")

    assert relay.relay(db, clock) == 2
    assert waiting(db) == []
    with pytest.raises(IllegalMove, match="disabled"):
        endpoints.send_test(db, OPERATOR, endpoint, clock())

    endpoints.enable_endpoint(db, OPERATOR, endpoint, clock())
    happen(db, clock, "Another remark.")
    relay.relay(db, clock)

    assert len(waiting(db)) == 2


def test_many_relays_at_once_make_each_delivery_once(db: Database) -> None:
    clock = FakeClock()
    for _ in range(3):
        add(db, clock)
    happen(db, clock, *(f"Remark number {number}." for number in range(40)))
    with ThreadPoolExecutor(4) as pool:
        relayed = list(pool.map(lambda _: relay.relay(db, clock, limit=7), range(16)))

    assert sum(relayed) == 80
    assert len(waiting(db)) == len(set(waiting(db))) * 40 == 240


def test_removing_an_endpoint_removes_its_deliveries(db: Database) -> None:
    clock = FakeClock()
    endpoint = add(db, clock).id
    happen(db, clock, "A fine remark.")
    relay.relay(db, clock)
    endpoints.remove_endpoint(db, OWNER, endpoint, clock())

    with db.read() as connection:
        assert connection.scalar(select(func.count()).select_from(Delivery)) == 0


def test_whoever_pulls_gets_every_event_of_the_site_once_and_in_order(db: Database) -> None:
    clock = FakeClock()
    happen(db, clock, *(f"Remark number {number}." for number in range(5)))
    happen(db, clock, "Elsewhere.", site="other")
    endpoints.send_test(db, OPERATOR, add(db, clock).id, clock())
    while relay.relay(db, clock, limit=4):
        pass
    position, pulled = 0, []
    while page := delivery_log.events_after(db, OWNER, "demo", position, 3).events:
        pulled += page
        position = page[-1].position

    assert len({event.id for event in pulled}) == len(pulled) == 10
    assert [event.position for event in pulled] == sorted(event.position for event in pulled)
    assert {event.data["site"] for event in pulled} == {"demo"}
    assert {event.type for event in pulled} == {"comment.received", "comment.approved"}


def test_an_endpoint_is_told_of_the_others_and_not_of_itself(db: Database) -> None:
    clock = FakeClock()
    first, second = (
        endpoints.add_endpoint(db, OPERATOR, "demo", URL, (), clock(), check=lambda _: None).id
        for _ in range(2)
    )
    relay_all(db, clock)

    with db.read() as connection:
        told = connection.execute(select(Delivery.endpoint_id, Delivery.subject_id)).all()
    assert {tuple(one) for one in told} == {(first, second), (second, first)}
