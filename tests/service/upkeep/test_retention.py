"""What is deleted, what is kept, and how much at a time.

Proves `service/storage/retention.py` too.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.event import listen

from service.comments import own
from service.comments.intake import Draft, Intake
from service.domain import days
from service.domain.access import OPERATOR
from service.domain.days import KeptFor
from service.domain.errors import IllegalMove, Pruned
from service.domain.ids import receipt_for
from service.moderation import acting, deciding, history
from service.storage import retention as queries
from service.storage.database import Database
from service.storage.tables import Attempt, Base, Comment, Decision, Delivery, Event, IdempotencyKey, Likeness
from service.upkeep.audit import verify
from service.upkeep.retention import BATCH, overdue
from service.upkeep.retention import tidy as tidy_all
from service.webhooks import log
from service.webhooks.sending import due_endpoints
from tests.fakes import MO, FakeClock, FakeScorer
from tests.service.scoring.test_suggestions import bodies, suggest
from tests.service.webhooks.test_endpoints import KEY, add, happen, relay_all


def tidy(
    db: Database, now: datetime, *, suggestion_days: int = 30, rejected_days: int = 365, batch: int = BATCH
) -> int:
    """Tidy with times for suggestions and refused comments that most of these tests have none of.

    Sketches of texts last a day only, and are not counted here.
    """
    with db.write() as connection:
        connection.execute(delete(Likeness))
    kept = {days.SUGGESTIONS: suggestion_days, days.REJECTED: rejected_days}
    return tidy_all(db, now, KeptFor(kept), batch=batch)


def count(db: Database, table: type[Base]) -> int:
    with db.read() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def answer(db: Database, clock: FakeClock, number: int) -> str:
    draft = Draft("demo", "https://news.example/a", "A remark.", key="a", idempotency_key=f"key {number}")
    return Intake(db, KEY).submit(draft, clock()).id


def deliver(db: Database, clock: FakeClock, *bodies: str) -> None:
    """Let things happen, and note them all as delivered at the first attempt."""
    happen(db, clock, *bodies)
    relay_all(db, clock)
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


def refuse(db: Database, clock: FakeClock, body: str) -> str:
    """Let a moderator reject a comment, and return its id."""
    draft = Draft("demo", "https://news.example/a", f"vile {body}", key="a", author_name="Vic Umber")
    made = Intake(db, KEY).submit(draft, clock()).id
    deciding.drain(db, scorer=FakeScorer(), clock=clock)
    acting.act(db, MO, acting.Act(made, "reject", 2), clock())
    return made


def texts(db: Database) -> dict[str, tuple[str, str | None]]:
    with db.read() as connection:
        return {row[0]: (row[1], row[2]) for row in connection.execute(
            select(Comment.id, Comment.body, Comment.author_name)
        )}  # fmt: skip


def test_what_was_refused_long_ago_loses_its_text_and_keeps_its_reasons(db: Database) -> None:
    clock = FakeClock()
    old, approved = refuse(db, clock, "old"), happen(db, clock, "A fine remark.")[0]
    clock.forward(days=9)
    young = refuse(db, clock, "young")
    assert tidy(db, clock(), rejected_days=10) == 0
    clock.forward(days=2)

    assert tidy(db, clock(), rejected_days=10) == 1
    assert tidy(db, clock(), rejected_days=10) == 0

    assert texts(db) == {
        old: ("", None), approved: ("A fine remark.", None), young: ("vile young", "Vic Umber")
    }  # fmt: skip
    with db.read() as connection:
        told = str([*connection.scalars(select(Event.payload).where(Event.subject_id == old))])
    assert "vile" not in told
    assert "Umber" not in told
    kept = history.history(db, MO, old)
    assert kept.intact
    assert kept.decisions[0].reasons
    assert [one.body for one in history.judged(db, MO, "demo", 10)] == ["A fine remark.", "vile young"]
    assert verify(db) == (3, [])


@pytest.mark.parametrize("action", ["approve", "reopen", "undo"])
def test_a_comment_without_its_text_can_be_published_no_more(db: Database, action: str) -> None:
    clock = FakeClock()
    old = refuse(db, clock, "old")
    clock.forward(days=11)
    tidy(db, clock(), rejected_days=10)

    with pytest.raises(IllegalMove, match="no longer kept"):
        acting.act(db, MO, acting.Act(old, action, 3), clock())


def test_a_text_that_is_emptied_behind_our_back_on_a_public_comment_is_found(db: Database) -> None:
    clock = FakeClock()
    (fine,) = happen(db, clock, "A fine remark.")
    with db.write() as connection:
        connection.execute(update(Comment).values(body=""))

    assert [found.subject_id for found in verify(db)[1]] == [fine]


def test_what_an_earlier_release_deleted_and_kept_is_erased(db: Database) -> None:
    clock = FakeClock()
    gone, _ = happen(db, clock, "It stayed.", "A fine remark.")
    with db.write() as connection:
        connection.execute(update(Comment).where(Comment.id == gone).values(status="deleted"))

    assert tidy(db, clock(), rejected_days=10) == 1

    assert sorted(body for body, _ in texts(db).values()) == ["", "A fine remark."]
    with db.read() as connection:
        assert "It stayed." not in str([*connection.scalars(select(Event.payload))])


def test_texts_are_erased_a_batch_at_a_time(db: Database) -> None:
    clock = FakeClock()
    for number in range(5):
        refuse(db, clock, str(number))
    clock.forward(days=20)

    assert [tidy(db, clock(), rejected_days=10, batch=2) for _ in range(4)] == [2, 2, 1, 0]


def prune(db: Database, now: datetime, **kinds: int) -> int:
    """Tidy to the end with times for some kinds; nothing else goes."""
    never = dict.fromkeys((days.EVENTS, days.WITHDRAWN, days.AUDIT), 0)
    never |= dict.fromkeys((days.SUGGESTIONS, days.REJECTED, days.DELIVERIES), days.MOST)
    given = {kind: kinds[kind.name] for kind in days.EVERY if kind.name in kinds}
    done = 0
    with db.write() as connection:
        connection.execute(delete(Likeness))
    while some := tidy_all(db, now, KeptFor(never | given), batch=3):
        done += some
    return done


def pull(db: Database, after: int) -> tuple[list[str], int]:
    page = log.events_after(db, OPERATOR, "demo", after, 100)
    return [event.data["id"] for event in page.events], page.next


def test_events_go_after_their_time_and_a_cursor_in_the_gap_is_told(db: Database) -> None:
    clock = FakeClock()
    happen(db, clock, "One.", "Two.")
    relay_all(db, clock)
    old = pull(db, 0)[1]
    clock.forward(days=9)
    late = happen(db, clock, "Three.")
    happen(db, clock, "Elsewhere.", site="other")
    relay_all(db, clock)
    before = pull(db, old)
    clock.forward(days=2)

    assert prune(db, clock(), events=10) == 4
    assert prune(db, clock(), events=10) == 0

    assert pull(db, old) == before == (late * 2, before[1])
    for after in (0, old - 1):
        with pytest.raises(Pruned, match=f"ask with after={old}") as told:
            pull(db, after)
        assert (told.value.after, told.value.oldest) == (old, old + 1)
    assert log.events_after(db, OPERATOR, "other", 0, 100).events, "nothing of that site was pruned"


def test_when_all_events_are_gone_new_ones_stand_behind_them(db: Database) -> None:
    clock = FakeClock()
    happen(db, clock, "One.", "Two.")
    relay_all(db, clock)
    read = pull(db, 0)[1]
    clock.forward(days=20)
    prune(db, clock(), events=10)
    assert pull(db, read) == ([], read)
    with pytest.raises(Pruned, match="no event is") as told:
        pull(db, 0)
    assert told.value.oldest is None

    made = happen(db, clock, "Three.")
    relay_all(db, clock)

    assert pull(db, read)[0] == made * 2


def test_what_still_has_to_be_told_stays_however_old(db: Database) -> None:
    clock = FakeClock()
    add(db, clock)
    deliver(db, clock, "One.", "Two.")
    happen(db, clock, "Not relayed yet.")
    with db.write() as connection:
        first, second, *_ = connection.execute(select(Delivery.id).order_by(Delivery.id)).scalars()
        for one, status in ((first, "due"), (second, "failed")):
            change = update(Delivery).where(Delivery.id == one)
            connection.execute(change.values(status=status, delivered_at=None))
    clock.forward(days=400)

    prune(db, clock(), events=10, deliveries=10)

    with db.read() as connection:
        assert list(connection.scalars(select(Delivery.id))) == [first]
        kept = connection.execute(select(Event.place.is_(None), Event.type).order_by(Event.position)).all()
    assert [bool(row[0]) for row in kept] == [False, True, True]


def test_events_are_found_by_indexes(sqlite_database: Database) -> None:
    asked: list[str] = []
    with sqlite_database.read() as connection:
        listen(connection, "before_cursor_execute", lambda *call: asked.append(call[2]))
        queries.drop_events(connection, FakeClock()(), 10)
        plan = str(connection.execute(text("EXPLAIN QUERY PLAN " + asked[0].replace("?", "1"))).all())
        cascade = text("EXPLAIN QUERY PLAN SELECT 1 FROM deliveries WHERE event_id = 'a'")
        cascaded = str(connection.execute(cascade).all())

    assert "SCAN events" not in plan
    assert "ix_deliveries_due" in plan
    assert "ix_deliveries_event_id" in cascaded


def test_of_what_was_taken_back_the_decisions_go_in_the_end(db: Database) -> None:
    clock = FakeClock()
    gone, stays = happen(db, clock, "One.", "Two.")
    own.withdraw(db, gone, receipt_for(KEY, gone), secret_key=KEY, now=clock())
    clock.forward(days=9)
    assert prune(db, clock(), withdrawn=10) == 0
    clock.forward(days=2)

    assert prune(db, clock(), withdrawn=10) == 1

    with db.read() as connection:
        assert list(connection.scalars(select(Decision.subject_id))) == [stays]
    assert verify(db) == (2, [])


def test_a_report_says_how_much_there_is_and_changes_nothing(db: Database) -> None:
    clock = FakeClock()
    add(db, clock)
    refuse(db, clock, "old")
    gone = happen(db, clock, "Gone.")[0]
    own.withdraw(db, gone, receipt_for(KEY, gone), secret_key=KEY, now=clock())
    deliver(db, clock, "Schön.")
    suggest(db, "A remark.", now=clock())
    clock.forward(days=100)
    kept = KeptFor(dict.fromkeys(days.EVERY, 10))

    found = {one.kind.name: one.amount for one in overdue(db, clock(), kept)}
    again = overdue(db, clock(), kept)

    assert {one.kind.name: one.amount for one in again} == found
    assert {name: amount.rows > 0 for name, amount in found.items()} == dict.fromkeys(found, True)
    assert (found["rejected"].size, found["withdrawn"].rows) == (len("vile old"), 1)
    assert found["events"].rows == count(db, Event)
    assert found["events"].size > 100 * found["events"].rows
    assert {one.amount.rows for one in overdue(db, clock(), KeptFor(dict.fromkeys(days.EVERY, 9999)))} == {0}

    while tidy_all(db, clock(), kept):
        pass
    assert {one.amount.rows for one in overdue(db, clock(), kept)} == {0}
    assert verify(db)[1] == []


def test_what_a_clock_that_was_ahead_holds_is_given_back(db: Database) -> None:
    clock = FakeClock()
    add(db, clock)
    happen(db, clock, "A fine remark.")
    relay_all(db, clock)
    now = clock()
    with db.write() as connection:
        connection.execute(
            update(Delivery).values(
                claimed_by="ahead",
                claimed_until=now + timedelta(days=1),
                next_attempt_at=now + timedelta(days=1),
            )
        )
    assert due_endpoints(db, now) == []
    tidy(db, now)

    assert len(due_endpoints(db, now)) == 1
    with db.read() as connection:
        assert set(connection.scalars(select(Delivery.claimed_until))) == {None}


def test_a_claim_of_this_moment_and_a_pause_of_a_day_are_left_alone(db: Database) -> None:
    clock = FakeClock()
    add(db, clock)
    happen(db, clock, "A fine remark.")
    relay_all(db, clock)
    now = clock()
    with db.write() as connection:
        first = connection.scalar(select(func.min(Delivery.id)))
        connection.execute(update(Delivery).values(next_attempt_at=now + timedelta(days=1)))
        connection.execute(
            update(Delivery)
            .where(Delivery.id == first)
            .values(claimed_by="w", claimed_until=now + timedelta(seconds=30))
        )
    tidy(db, now)

    with db.read() as connection:
        kept = connection.execute(select(Delivery.claimed_by, Delivery.next_attempt_at)).all()
    assert {row[1] for row in kept} == {now + timedelta(days=1)}
    assert "w" in {row[0] for row in kept}
