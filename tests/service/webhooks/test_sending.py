"""At least once, in order per comment, with one id and the same bytes; whatever the receiver does.

Proves `service/domain/events.py`, `service/domain/retries.py`, `service/domain/signing.py` and
`service/storage/deliveries.py` too.
"""

from __future__ import annotations

import ipaddress
import random
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from standardwebhooks import Webhook, WebhookVerificationError

from service.domain.access import OPERATOR, Caller
from service.domain.errors import IllegalMove, NotFound
from service.domain.ids import new_id
from service.domain.turns import BATCH, LONGEST_REST, PER_SITE, SLOW_IN_ALL
from service.outbound import Answer, Outbound
from service.sites import sites
from service.storage import deliveries, outbox
from service.storage import endpoints as storage
from service.storage.database import Database
from service.storage.records import DeliveryToSend, EndpointWithSecret, NewEvent
from service.storage.tables import Event
from service.webhooks import endpoints, relay, sending
from service.webhooks import log as delivery_log
from tests.fakes import FakeClock
from tests.receiver import Hook, Receiver, Reply, receiver
from tests.service.webhooks.test_endpoints import forget, happen, relay_all
from tests.service.webhooks.test_log import EMPTY

OUT = Outbound([ipaddress.ip_network("127.0.0.0/8")], total_s=5)
OWNER = Caller("token", "olga", {"demo": "owner"})
STRANGER = Caller("token", "eve", {"other": "owner"})
SOME = DeliveryToSend("d", "evt_1", "comment", "c", 1, 0, "{}", "https://h.example/", "", None, None)
OF_ENDPOINT = NewEvent(
    "", "demo", "endpoint", "", 1, "endpoint.changed", EMPTY, datetime(2026, 11, 1, tzinfo=UTC), None
)


@pytest.fixture
def clock() -> FakeClock:
    """A clock that starts now: the public verifier compares with the real time."""
    return FakeClock(datetime.now(UTC))


@pytest.fixture
def ours() -> Iterator[Receiver]:
    """A receiver that takes everything, until the test sets another ``reply``."""
    with receiver() as running:
        yield running


def add(db: Database, clock: FakeClock, url: str) -> EndpointWithSecret:
    made = endpoints.add_endpoint(db, OPERATOR, "demo", url, [], clock(), check=OUT.check)
    forget(db)
    return made


def send_all(db: Database, clock: FakeClock, endpoint: str, send: sending.Send = OUT.post) -> int:
    """Relay and deliver until nothing is due now; return how many attempts were begun."""
    relay_all(db, clock)
    total = 0
    while taken := sending.deliver(db, endpoint, send=send, clock=clock, chance=lambda: 0.5):
        total += taken
    return total


def log_of(db: Database, endpoint: str) -> list[delivery_log.LoggedDelivery]:
    """Return the deliveries, oldest event first."""
    found = delivery_log.list_deliveries(db, OPERATOR, endpoint, limit=500).deliveries
    return sorted(found, key=lambda one: (one.subject_id, one.sequence))


def in_order(hooks: list[Hook]) -> bool:
    """Whether the first arrivals of each comment's events are in the order of their sequence."""
    seen: dict[str, list[int]] = defaultdict(list)
    for hook in hooks:
        comment, sequence = hook.place
        if sequence not in seen[comment]:
            seen[comment].append(sequence)
    return all(places == sorted(places) for places in seen.values())


def test_every_event_arrives_once_signed_and_in_order(db: Database, clock: FakeClock, ours: Receiver) -> None:
    endpoint = add(db, clock, ours.url)
    happen(db, clock, *(f"Remark number {number}." for number in range(20)))

    assert send_all(db, clock, endpoint.id) == 40

    assert len({hook.id for hook in ours.hooks}) == len(ours.hooks) == 40
    assert in_order(ours.hooks)
    for hook in ours.hooks:
        assert Webhook(endpoint.secret).verify(hook.body, dict(hook.headers)) == hook.event
        assert hook.headers["content-type"] == "application/json"
        assert hook.headers["user-agent"] == "Parley-Webhooks/0.1.0"
    with db.read() as connection:
        kept = {row[0]: row[1] for row in connection.execute(select(Event.id, Event.payload))}
    assert {hook.id: hook.body.decode() for hook in ours.hooks} == kept
    assert sending.due_endpoints(db, clock()) == []


def test_a_changed_body_or_id_is_not_verified(db: Database, clock: FakeClock, ours: Receiver) -> None:
    endpoint = add(db, clock, ours.url)
    happen(db, clock, "A fine remark.")
    send_all(db, clock, endpoint.id)
    hook = ours.hooks[0]
    for body, headers in (
        (hook.body + b" ", hook.headers),
        (hook.body, {**hook.headers, "webhook-id": "evt_other"}),
        (hook.body, {**hook.headers, "webhook-timestamp": str(int(hook.headers["webhook-timestamp"]) + 1)}),
    ):
        with pytest.raises(WebhookVerificationError):
            Webhook(endpoint.secret).verify(body, dict(headers))


def test_a_failed_attempt_is_repeated_with_the_same_id_and_bytes(
    db: Database, clock: FakeClock, ours: Receiver
) -> None:
    replies: Iterator[Reply] = iter([(500, {}, b"out of order " * 500), None, 204, 204])
    ours.reply = lambda _: next(replies)
    endpoint = add(db, clock, ours.url).id
    happen(db, clock, "A fine remark.")
    for seconds in (0, 5, 300):
        clock.forward(seconds=seconds)
        send_all(db, clock, endpoint)

    assert len({(hook.id, hook.body) for hook in ours.hooks[:3]}) == 1
    assert len({hook.headers["webhook-timestamp"] for hook in ours.hooks[:3]}) == 3
    first, second = log_of(db, endpoint)
    assert [(one.number, one.status_code) for one in first.log] == [(1, 500), (2, None), (3, 204)]
    assert len(first.log[0].answer) == sending.MAX_ANSWER
    assert first.log[1].error == "the connection broke"
    assert (first.status, first.attempts, second.attempts) == ("delivered", 3, 1)


def test_a_later_event_never_overtakes_an_earlier_one_of_the_same_comment(
    db: Database, clock: FakeClock, ours: Receiver
) -> None:
    endpoint = add(db, clock, ours.url).id
    stuck, fine = happen(db, clock, "The stuck one.", "The fine one.")
    ours.reply = lambda hook: 503 if hook.place == (stuck, 1) else 204
    for _ in range(3):
        send_all(db, clock, endpoint)
        clock.forward(seconds=4)

    assert {hook.place for hook in ours.hooks} == {(stuck, 1), (fine, 1), (fine, 2)}

    ours.reply = lambda _: 204
    clock.forward(hours=1)
    send_all(db, clock, endpoint)

    assert [hook.place for hook in ours.hooks][-2:] == [(stuck, 1), (stuck, 2)]


def test_after_ten_attempts_an_event_is_given_up_and_the_later_ones_go_on(
    db: Database, clock: FakeClock, ours: Receiver
) -> None:
    endpoint = add(db, clock, ours.url).id
    happen(db, clock, "A fine remark.")
    ours.reply = lambda hook: 500 if hook.place[1] == 1 else 204
    for _ in range(12):
        send_all(db, clock, endpoint)
        clock.forward(days=1)

    first, second = log_of(db, endpoint)
    assert (first.status, len(first.log)) == ("failed", 10)
    assert (second.status, len(second.log)) == ("delivered", 1)
    assert sending.due_endpoints(db, clock()) == []


@pytest.mark.parametrize(("status", "outcome"), [(200, "delivered"), (299, "delivered"), (302, "due"),
                                                 (400, "due"), (404, "due")])  # fmt: skip
def test_only_2xx_is_success(db: Database, clock: FakeClock, status: int, outcome: str) -> None:
    endpoint = add(db, clock, "http://127.0.0.1:8081/").id
    happen(db, clock, "A fine remark.")
    relay.relay(db, clock)
    sending.deliver(db, endpoint, send=lambda *_: Answer(status), clock=clock)

    assert log_of(db, endpoint)[0].status == outcome


def test_410_disables_the_endpoint_and_what_waits_goes_on_when_it_is_enabled(
    db: Database, clock: FakeClock, ours: Receiver
) -> None:
    endpoint = add(db, clock, ours.url).id
    happen(db, clock, *(f"Remark number {number}." for number in range(20)))
    ours.reply = lambda _: 410
    send_all(db, clock, endpoint)
    shown = endpoints.find_endpoint(db, OPERATOR, endpoint)

    assert shown.disabled_because == "The receiver answered 410 Gone."
    assert 1 <= len(ours.hooks) <= sending.PARALLEL
    assert sending.due_endpoints(db, clock()) == []
    clock.forward(days=2)
    assert send_all(db, clock, endpoint) == 0

    ours.reply = lambda _: 204
    endpoints.enable_endpoint(db, OPERATOR, endpoint, clock())
    send_all(db, clock, endpoint)

    assert {one.status for one in log_of(db, endpoint)} == {"delivered"}
    assert in_order(ours.hooks)


def test_a_busy_receiver_is_left_alone_as_long_as_it_asks(
    db: Database, clock: FakeClock, ours: Receiver
) -> None:
    endpoint = add(db, clock, ours.url).id
    happen(db, clock, "A fine remark.")
    ours.reply = lambda _: (429, {"Retry-After": "3600"}, b"")
    send_all(db, clock, endpoint)
    clock.forward(minutes=59)

    assert send_all(db, clock, endpoint) == 0
    assert sending.due_endpoints(db, clock()) == []

    ours.reply = lambda _: 204
    clock.forward(minutes=1)

    assert send_all(db, clock, endpoint) == 2


def test_for_a_day_after_a_rotation_both_secrets_verify(
    db: Database, clock: FakeClock, ours: Receiver
) -> None:
    endpoint = add(db, clock, ours.url)
    changed = endpoints.rotate_secret(db, OPERATOR, endpoint.id, clock())
    happen(db, clock, "A fine remark.")
    send_all(db, clock, endpoint.id)
    hook = ours.hooks[0]

    assert changed.secret != endpoint.secret
    assert len(hook.headers["webhook-signature"].split(" ")) == 2
    for secret in (changed.secret, endpoint.secret):
        Webhook(secret).verify(hook.body, dict(hook.headers))

    delivery = replace(
        SOME, secret=changed.secret, old_secret=endpoint.secret, old_secret_until=changed.old_secret_until
    )
    late = sending.headers(delivery, b"{}", clock() + timedelta(hours=24))
    assert len(late["webhook-signature"].split(" ")) == 1


def test_what_a_dead_worker_had_claimed_is_sent_after_its_lease(
    db: Database, clock: FakeClock, ours: Receiver
) -> None:
    endpoint = add(db, clock, ours.url).id
    happen(db, clock, "A fine remark.")
    relay.relay(db, clock)
    now = clock()
    with db.write() as connection:
        assert deliveries.claim_due(connection, endpoint, new_id(now), now, sending.LEASE, 32) == 1

    assert send_all(db, clock, endpoint) == 0
    assert sending.due_endpoints(db, clock()) == []

    clock.forward(seconds=31)

    assert sending.due_endpoints(db, clock()) == [endpoint]
    assert send_all(db, clock, endpoint) == 2


def test_a_worker_that_comes_back_after_its_lease_writes_nothing(db: Database, clock: FakeClock) -> None:
    endpoint = add(db, clock, "http://127.0.0.1:8081/").id
    happen(db, clock, "A fine remark.")
    relay.relay(db, clock)

    def sleep_through_the_lease(*_: object) -> Answer:
        clock.forward(seconds=31)
        assert sending.deliver(db, endpoint, send=lambda *_: Answer(204), clock=clock) == 1
        return Answer(500)

    sending.deliver(db, endpoint, send=sleep_through_the_lease, clock=clock)
    first = log_of(db, endpoint)[0]

    assert (first.status, first.attempts) == ("delivered", 1)
    assert [one.status_code for one in first.log] == [204]


def test_one_worker_at_a_time_sends_to_an_endpoint(db: Database, clock: FakeClock) -> None:
    endpoint = add(db, clock, "http://127.0.0.1:8081/").id
    happen(db, clock, *(f"Remark number {number}." for number in range(40)))
    relay.relay(db, clock)
    others: list[int] = []

    def look_around(*_: object) -> Answer:
        others.append(sending.deliver(db, endpoint, send=look_around, clock=clock))
        return Answer(204)

    assert sending.deliver(db, endpoint, send=look_around, clock=clock) == BATCH
    assert others == [0] * BATCH


def test_what_was_not_begun_in_time_is_given_back(db: Database, clock: FakeClock) -> None:
    endpoint = add(db, clock, "http://127.0.0.1:8081/").id
    happen(db, clock, *(f"Remark number {number}." for number in range(20)))
    relay.relay(db, clock)

    def slow(*_: object) -> Answer:
        clock.forward(seconds=sending.BEGIN_WITHIN.total_seconds())
        time.sleep(0.05)  # so that all eight threads have begun before the clock has moved on for the rest
        return Answer(204)

    assert sending.deliver(db, endpoint, send=slow, clock=clock) == 20
    begun = [one for one in log_of(db, endpoint) if one.log]

    assert 1 <= len(begun) <= sending.PARALLEL
    assert sending.due_endpoints(db, clock()) == [endpoint]
    assert send_all(db, clock, endpoint, lambda *_: Answer(204)) == 40 - len(begun)


def test_an_error_of_ours_counts_as_a_failed_attempt(db: Database, clock: FakeClock) -> None:
    endpoint = add(db, clock, "http://127.0.0.1:8081/").id
    happen(db, clock, "A fine remark.")
    relay.relay(db, clock)

    def broken(*_: object) -> Answer:
        raise RuntimeError

    sending.deliver(db, endpoint, send=broken, clock=clock)

    assert log_of(db, endpoint)[0].log[0].error == "it could not be sent"


def test_a_receiver_that_hangs_is_logged_and_tried_again(
    db: Database, clock: FakeClock, ours: Receiver
) -> None:
    endpoint = add(db, clock, ours.url).id
    happen(db, clock, "A fine remark.")
    relay.relay(db, clock)
    ours.reply = lambda _: time.sleep(0.5)  # type: ignore[func-returns-value]
    hasty = Outbound([ipaddress.ip_network("127.0.0.0/8")], total_s=0.2)
    sending.deliver(db, endpoint, send=hasty.post, clock=clock)
    attempt = log_of(db, endpoint)[0].log[0]

    assert (attempt.status_code, attempt.error) == (None, "no answer within 0.2 s")


def test_a_slow_endpoint_does_not_keep_another_from_its_events(
    db: Database, clock: FakeClock, ours: Receiver
) -> None:
    slow, quick = add(db, clock, "http://127.0.0.1:8081/").id, add(db, clock, ours.url).id
    happen(db, clock, "A fine remark.")
    relay.relay(db, clock)

    def meanwhile(*_: object) -> Answer:
        assert sending.due_endpoints(db, clock()) == [quick]
        assert send_all(db, clock, quick) == 2
        return Answer(None, error="no answer within 15 s")

    sending.deliver(db, slow, send=meanwhile, clock=clock)

    assert log_of(db, slow)[0].log[0].error == "no answer within 15 s"


def test_one_sites_slow_receivers_never_take_the_turns_of_another(db: Database, clock: FakeClock) -> None:
    """Twenty endpoints that hang, as many as a site may have, beside one that answers."""
    slow = [add(db, clock, f"http://127.0.0.1:8081/{n}").id for n in range(20)]
    quick = endpoints.add_endpoint(
        db, OPERATOR, "other", "http://127.0.0.1:8082/", [], clock(), check=OUT.check
    )
    forget(db)
    happen(db, clock, "A fine remark.")
    happen(db, clock, "A fine remark.", site="other")
    relay.relay(db, clock)
    first = [one for one in sending.due_endpoints(db, clock()) if one != quick.id]
    now = clock()
    with db.write() as connection:
        claims = [
            deliveries.claim_due(connection, one, new_id(now), now, sending.LEASE, 1)
            for one in [*first, *slow]
        ]

    assert len(first) == PER_SITE
    assert sum(claims) == PER_SITE
    assert sending.due_endpoints(db, clock()) == [quick.id]
    assert send_all(db, clock, quick.id, lambda *_: Answer(204)) == 2


def test_slow_endpoints_of_many_sites_together_leave_room_for_quick_ones(
    db: Database, clock: FakeClock
) -> None:
    made = []
    for number in range(SLOW_IN_ALL + 3):
        sites.add_site(db, f"s{number}", "Site", now=clock())
        url = f"http://127.0.0.1:8081/{number}"
        made.append(endpoints.add_endpoint(db, OPERATOR, f"s{number}", url, [], clock(), check=OUT.check).id)
        forget(db)
        happen(db, clock, "A fine remark.", site=f"s{number}")
    relay.relay(db, clock)
    with db.write() as connection:
        for one in made[1:]:
            storage.change_endpoint(connection, one, slow_turns=1)

    assert sending.due_endpoints(db, clock())[0] == made[0]
    assert len(sending.due_endpoints(db, clock())) == SLOW_IN_ALL + 1


def test_an_endpoint_that_hangs_rests_and_is_then_asked_with_one_delivery(
    db: Database, clock: FakeClock
) -> None:
    endpoint = add(db, clock, "http://127.0.0.1:8081/").id
    happen(db, clock, *(f"Remark number {number}." for number in range(20)))
    calls: list[bytes] = []

    def hang(_: str, body: bytes, __: Mapping[str, str]) -> Answer:
        calls.append(body)
        clock.forward(seconds=15)
        return Answer(None, error="no answer within 15 s")

    send_all(db, clock, endpoint, hang)
    first = len(calls)
    shown = endpoints.find_endpoint(db, OPERATOR, endpoint)

    assert 1 <= first <= sending.PARALLEL
    assert shown.paused_until is not None
    assert shown.disabled_at is None
    assert sending.due_endpoints(db, clock()) == []
    assert send_all(db, clock, endpoint, hang) == 0

    clock.now = shown.paused_until
    send_all(db, clock, endpoint, hang)
    assert len(calls) == first + 1

    clock.forward(seconds=LONGEST_REST.total_seconds())
    assert send_all(db, clock, endpoint, lambda *_: Answer(204)) > 0
    clock.forward(days=1)
    send_all(db, clock, endpoint, lambda *_: Answer(204))

    assert {one.status for one in log_of(db, endpoint)} == {"delivered"}
    assert endpoints.find_endpoint(db, OPERATOR, endpoint).paused_until is None


def test_who_mended_a_receiver_need_not_wait_for_the_end_of_its_rest(db: Database, clock: FakeClock) -> None:
    endpoint = add(db, clock, "http://127.0.0.1:8081/").id
    happen(db, clock, "A fine remark.")
    with db.write() as connection:
        storage.change_endpoint(
            connection, endpoint, slow_turns=9, paused_until=clock() + timedelta(minutes=10)
        )
    relay.relay(db, clock)
    assert sending.due_endpoints(db, clock()) == []

    endpoints.enable_endpoint(db, OPERATOR, endpoint, clock())

    assert sending.due_endpoints(db, clock()) == [endpoint]


def test_a_slow_receiver_that_answers_does_not_rest(db: Database, clock: FakeClock) -> None:
    endpoint = add(db, clock, "http://127.0.0.1:8081/").id
    happen(db, clock, *(f"Remark number {number}." for number in range(20)))
    relay.relay(db, clock)

    def slow(*_: object) -> Answer:
        clock.forward(seconds=6)
        return Answer(204)

    sending.deliver(db, endpoint, send=slow, clock=clock)
    assert endpoints.find_endpoint(db, OPERATOR, endpoint).paused_until is None
    send_all(db, clock, endpoint, slow)

    assert {one.status for one in log_of(db, endpoint)} == {"delivered"}


def test_a_receiver_that_fails_at_random_gets_everything_in_order(db: Database, clock: FakeClock) -> None:
    chance = random.Random(7)
    endpoint = add(db, clock, "http://127.0.0.1:8081/").id
    bodies: dict[str, set[bytes]] = defaultdict(set)
    arrived: list[Hook] = []

    def unsteady(url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        hook = Hook(url, headers, body)
        bodies[hook.id].add(body)
        fate = chance.random()
        if fate < 0.1:
            return Answer(500)
        if fate < 0.2:
            return Answer(None, error="the connection broke")
        arrived.append(hook)
        return Answer(None, error="the answer was lost") if fate < 0.3 else Answer(204)

    for round_ in range(3):
        happen(db, clock, *(f"Remark {number} of round {round_}." for number in range(30)))
        send_all(db, clock, endpoint, unsteady)
        clock.forward(seconds=3)
    for _ in range(10):
        clock.forward(hours=30)
        send_all(db, clock, endpoint, unsteady)

    assert len({hook.id for hook in arrived}) == 180
    assert {len(texts) for texts in bodies.values()} == {1}
    assert in_order(arrived)
    assert {one.status for one in log_of(db, endpoint)} == {"delivered"}


def test_a_replay_sends_the_same_again_from_the_first_attempt_on(
    db: Database, clock: FakeClock, ours: Receiver
) -> None:
    endpoint = add(db, clock, ours.url).id
    happen(db, clock, "A fine remark.")
    send_all(db, clock, endpoint)
    first = log_of(db, endpoint)[0]
    delivery_log.replay(db, OWNER, first.id, clock())

    assert send_all(db, clock, endpoint) == 1
    assert (ours.hooks[0].id, ours.hooks[0].body) == (ours.hooks[2].id, ours.hooks[2].body)
    again = log_of(db, endpoint)[0]
    assert (again.status, again.attempts, len(again.log)) == ("delivered", 1, 2)
    with pytest.raises(NotFound, match="no such delivery"):
        delivery_log.replay(db, STRANGER, first.id, clock())


def test_a_replay_does_not_disturb_what_is_being_sent(db: Database, clock: FakeClock) -> None:
    endpoint = add(db, clock, "http://127.0.0.1:8081/").id
    happen(db, clock, "A fine remark.")
    relay.relay(db, clock)
    delivery = log_of(db, endpoint)[0].id

    def meanwhile(*_: object) -> Answer:
        delivery_log.replay(db, OPERATOR, delivery, clock())
        assert sending.due_endpoints(db, clock()) == []
        return Answer(204)

    sending.deliver(db, endpoint, send=meanwhile, clock=clock)

    assert log_of(db, endpoint)[0].status == "delivered"


def test_a_test_event_goes_to_one_endpoint_signed_like_any_other(
    db: Database, clock: FakeClock, ours: Receiver
) -> None:
    endpoint, other = add(db, clock, ours.url), add(db, clock, ours.url).id
    endpoints.send_test(db, OWNER, endpoint.id, clock())

    assert send_all(db, clock, other) == 0
    assert send_all(db, clock, endpoint.id) == 1
    told = Webhook(endpoint.secret).verify(ours.hooks[0].body, dict(ours.hooks[0].headers))
    assert told["type"] == "webhook.test"
    assert told["data"] == {"endpoint": endpoint.id, "site": "demo"}


def test_a_test_waits_for_nothing_and_holds_nothing_back(db: Database, clock: FakeClock) -> None:
    """Neither another test nor what happened to another endpoint."""
    endpoint = add(db, clock, "http://127.0.0.1:8081/").id
    tests = [endpoints.send_test(db, OPERATOR, endpoint, clock()) for _ in range(2)]
    with db.write() as connection:
        for sequence in (1, 2):
            event = replace(OF_ENDPOINT, id=f"evt_{sequence}", subject_id="another", sequence=sequence)
            outbox.add_event(connection, event)
    relay.relay(db, clock)

    assert sending.deliver(db, endpoint, send=lambda *_: Answer(500), clock=clock) == 3

    clock.forward(hours=30)
    first, second, *others = log_of(db, endpoint)
    assert ({first.id, second.id}, [one.sequence for one in others]) == (set(tests), [1, 2])
    delivery_log.replay(db, OPERATOR, tests[0], clock())
    assert sending.deliver(db, endpoint, send=lambda *_: Answer(204), clock=clock) == 3
    assert sending.deliver(db, endpoint, send=lambda *_: Answer(204), clock=clock) == 1


def test_the_log_comes_in_pages_newest_first(db: Database, clock: FakeClock) -> None:
    endpoint = add(db, clock, "http://127.0.0.1:8081/").id
    happen(db, clock, *(f"Remark number {number}." for number in range(5)))
    send_all(db, clock, endpoint, lambda *_: Answer(204))
    happen(db, clock, "One more.")
    relay.relay(db, clock)
    before, seen = None, []
    while page := delivery_log.list_deliveries(db, OPERATOR, endpoint, cursor=before, limit=5).deliveries:
        seen += [one.id for one in page]
        before = seen[-1]
    due = delivery_log.list_deliveries(db, OPERATOR, endpoint, status="due").deliveries

    assert seen == sorted(set(seen), reverse=True)
    assert (len(seen), len(due)) == (12, 2)


def test_a_disabled_endpoints_delivery_is_not_replayed(db: Database, clock: FakeClock) -> None:
    endpoint = add(db, clock, "http://127.0.0.1:8081/").id
    happen(db, clock, "A fine remark.")
    send_all(db, clock, endpoint, lambda *_: Answer(410))
    with pytest.raises(IllegalMove, match="disabled"):
        delivery_log.replay(db, OPERATOR, log_of(db, endpoint)[0].id, clock())


def test_nothing_is_sent_to_an_endpoint_that_is_gone(db: Database, clock: FakeClock) -> None:
    endpoint = add(db, clock, "http://127.0.0.1:8081/").id
    happen(db, clock, "A fine remark.")
    relay.relay(db, clock)

    def meanwhile(*_: object) -> Answer:
        endpoints.remove_endpoint(db, OPERATOR, endpoint, clock())
        return Answer(410)

    assert sending.deliver(db, endpoint, send=meanwhile, clock=clock) == 1
    assert sending.deliver(db, endpoint, send=meanwhile, clock=clock) == 0
