"""What is deleted, what is kept, and how much at a time.

Proves `service/storage/retention.py` too.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, insert, select, update

from service.comments.intake import Draft, Intake
from service.storage.database import Database
from service.storage.tables import Attempt, Base, Delivery, IdempotencyKey
from service.upkeep.retention import BATCH
from service.upkeep.retention import tidy as tidy_all
from service.webhooks import relay
from tests.fakes import FakeClock
from tests.service.scoring.test_suggestions import bodies, suggest
from tests.service.webhooks.test_endpoints import KEY, add, happen


def tidy(db: Database, now: datetime, *, suggestion_days: int = 30, batch: int = BATCH) -> int:
    """Tidy with a time for suggestions that most of these tests have none of."""
    return tidy_all(db, now, suggestion_days=suggestion_days, batch=batch)


def count(db: Database, table: type[Base]) -> int:
    with db.read() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def answer(db: Database, clock: FakeClock, number: int) -> str:
    draft = Draft("demo", "https://news.example/a", "A remark.", key="a", idempotency_key=f"key {number}")
    return Intake(db, KEY).submit(draft, clock()).id


def deliver(db: Database, clock: FakeClock, *bodies: str) -> None:
    """Let things happen, and note them all as delivered at the first attempt."""
    happen(db, clock, *bodies)
    while relay.relay(db, clock):
        pass
    with db.write() as connection:
        due = connection.execute(select(Delivery.id).where(Delivery.status == "due")).scalars().all()
        connection.execute(
            insert(Attempt),
            [{"delivery_id": one, "number": 1, "started_at": clock(), "duration_ms": 5} for one in due],
        )
        connection.execute(update(Delivery).values(status="delivered", delivered_at=clock()))


def test_idempotency_keys_are_kept_for_a_week(db: Database) -> None:
    clock = FakeClock()
    first = answer(db, clock, 1)
    clock.forward(days=6)
    answer(db, clock, 2)

    assert tidy(db, clock()) == 0
    assert answer(db, clock, 1) == first
    clock.forward(days=2)

    assert tidy(db, clock()) == 1
    assert count(db, IdempotencyKey) == 1


def test_what_arrived_a_month_ago_goes_with_its_attempts(db: Database) -> None:
    clock = FakeClock()
    add(db, clock)
    deliver(db, clock, "A fine remark.")
    clock.forward(days=29)
    assert tidy(db, clock()) == 0

    clock.forward(days=2)

    assert (count(db, Delivery), count(db, Attempt)) == (2, 2)
    assert tidy(db, clock()) == 2
    assert (count(db, Delivery), count(db, Attempt)) == (0, 0)


def test_what_waits_or_failed_or_arrived_lately_is_kept(db: Database) -> None:
    clock = FakeClock()
    add(db, clock)
    deliver(db, clock, "A fine remark.", "Another.")
    with db.write() as connection:
        first, second, third, _ = connection.execute(select(Delivery.id).order_by(Delivery.id)).scalars()
        for one, status in ((first, "due"), (second, "failed")):
            change = update(Delivery).where(Delivery.id == one)
            connection.execute(change.values(status=status, delivered_at=None))
    clock.forward(days=31)
    with db.write() as connection:
        connection.execute(update(Delivery).where(Delivery.id == third).values(delivered_at=clock()))

    assert tidy(db, clock()) == 1

    with db.read() as connection:
        kept = connection.execute(select(Delivery.id).order_by(Delivery.id)).scalars().all()
    assert list(kept) == [first, second, third]


def test_suggestions_are_kept_for_as_long_as_is_said(db: Database) -> None:
    clock = FakeClock()
    suggest(db, "An old remark.", now=clock())
    clock.forward(days=9)
    suggest(db, "A new remark.", now=clock())

    assert tidy(db, clock(), suggestion_days=10) == 0
    clock.forward(days=2)

    assert tidy(db, clock(), suggestion_days=10) == 1
    assert bodies(db) == ["A new remark."]


def test_where_no_suggestion_is_to_be_kept_those_that_are_go(db: Database) -> None:
    clock = FakeClock()
    suggest(db, "A remark.", now=clock())
    clock.forward(seconds=1)

    assert tidy(db, clock(), suggestion_days=0) == 1
    assert bodies(db) == []


def test_a_transaction_deletes_no_more_than_a_batch_of_a_kind(db: Database) -> None:
    clock = FakeClock()
    add(db, clock)
    deliver(db, clock, "One.", "Two.")
    for number in range(5):
        answer(db, clock, number)
        suggest(db, f"Remark {number}.", now=clock())
    clock.forward(days=40)

    assert [tidy(db, clock(), batch=2) for _ in range(4)] == [6, 6, 2, 0]
