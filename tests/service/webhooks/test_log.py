"""The log to pull while many write: nothing is missed, nothing comes twice."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

from sqlalchemy import Connection, delete, insert, select, text, update

from service.domain.access import OPERATOR
from service.domain.ids import new_id
from service.storage.database import Database
from service.storage.tables import Event
from service.webhooks import endpoints, log
from service.webhooks.relay import relay as relay_events
from tests.fakes import FakeClock

WRITERS, EACH = 6, 40
EMPTY = '{"type": "comment.received", "timestamp": "2026-11-01T12:00:00.000000Z", "data": {}}'


def write(connection: Connection, name: str, site: str = "demo") -> None:
    row = {
        "id": name, "site_id": site, "subject_kind": "comment", "subject_id": name, "sequence": 1,
        "type": "comment.received", "payload": EMPTY, "created_at": FakeClock().now,
    }  # fmt: skip
    connection.execute(insert(Event), row)


@contextmanager
def open_write(db: Database) -> Iterator[Connection]:
    """A transaction that the test ends when it wants; SQLite has but one writer."""
    connection = db.engine.connect()
    try:
        yield connection
    finally:
        connection.close()  # what was not committed is rolled back


def relay(db: Database) -> None:
    while relay_events(db, FakeClock(), limit=7):
        pass


def pull(db: Database, after: int, limit: int = 5) -> tuple[list[str], int]:
    """Read on to the end of the log, page by page."""
    found = []
    while page := log.events_after(db, OPERATOR, "demo", after, limit).events:
        found += [event.id for event in page]
        after = page[-1].position
    return found, after


def test_an_event_that_is_committed_late_comes_later_in_the_log(postgres_db: Database) -> None:
    db = postgres_db
    with open_write(db) as late, open_write(db) as early:
        write(late, "first written")
        write(early, "second written")
        early.commit()
        relay(db)
        seen, after = pull(db, 0)
        late.commit()
        relay(db)

    assert seen == ["second written"]
    assert pull(db, after)[0] == ["first written"]
    assert pull(db, 0)[0] == ["second written", "first written"]


def test_neither_a_stalled_transaction_nor_one_rolled_back_holds_the_log_up(postgres_db: Database) -> None:
    db = postgres_db
    with open_write(db) as stalled, open_write(db) as undone:
        write(stalled, "stalled")
        write(undone, "undone")
        undone.rollback()
        after, seen = 0, []
        for number in range(3):
            with db.write() as connection:
                write(connection, f"event {number}")
            relay(db)
            news, after = pull(db, after)
            seen += news
        stalled.commit()
    relay(db)

    assert seen == ["event 0", "event 1", "event 2"]
    assert pull(db, after)[0] == ["stalled"]


def post(db: Database, writer: int) -> set[str]:
    """Write events in transactions of odd lengths, some of them rolled back; return which were committed."""
    kept = set()
    for number in range(EACH):
        name = f"{writer}-{number}"
        with suppress(InterruptedError), db.write() as connection:
            write(connection, name)
            if not db.is_sqlite:
                connection.execute(text("SELECT pg_sleep(random() * 0.02)"))
            if number % 9 == 8:
                raise InterruptedError
            kept.add(name)
    return kept


def test_readers_beside_many_writers_miss_nothing_and_get_nothing_twice(db: Database) -> None:
    done = threading.Event()

    def keep_relaying() -> None:
        while not done.is_set():
            relay(db)

    def read() -> list[str]:
        after, seen = 0, []
        while True:
            is_last = done.is_set()
            news, after = pull(db, after)
            seen += news
            if is_last:
                return seen

    with ThreadPoolExecutor(WRITERS + 4) as pool:
        relays = [pool.submit(keep_relaying) for _ in range(2)]
        readers = [pool.submit(read) for _ in range(2)]
        written = set().union(*pool.map(lambda writer: post(db, writer), range(WRITERS)))
        relay(db)
        done.set()
        seen = [reader.result() for reader in readers]
        for one in relays:
            one.result()

    assert len(written) == WRITERS * (EACH - EACH // 9)
    for one in seen:
        assert (len(written - set(one)), len(one) - len(set(one))) == (0, 0)
    assert seen[0] == seen[1] == pull(db, 0)[0]


def test_whoever_read_by_positions_goes_on_from_there(db: Database) -> None:
    """As an older release numbered the log, and may still relay beside this one."""
    with db.write() as connection:
        for number in range(6):
            write(connection, f"event {number}")
        connection.execute(update(Event).where(Event.id == "event 2").values(relayed_at=FakeClock().now))
        positions = list(connection.scalars(select(Event.position).order_by(Event.position)))
    relay(db)

    assert pull(db, positions[3])[0] == ["event 4", "event 5"]
    assert pull(db, 0)[0] == [f"event {number}" for number in range(6)]


def test_what_was_relayed_by_an_older_release_is_not_sent_again(db: Database) -> None:
    clock = FakeClock()
    endpoints.add_endpoint(db, OPERATOR, "demo", "https://h.example/", [], clock(), check=lambda _: None)
    with db.write() as connection:
        connection.execute(delete(Event))
        write(connection, new_id(clock()))
        connection.execute(update(Event).values(relayed_at=clock()))
    relay(db)

    assert len(pull(db, 0)[0]) == 1
    with db.read() as connection:
        assert connection.scalar(text("SELECT count(*) FROM deliveries")) == 0


def test_a_page_of_a_small_site_costs_no_look_at_the_large_one(db: Database) -> None:
    """A site's log is found by site and place, however much the others have written in between."""
    statement = (
        "SELECT id FROM events WHERE site_id = 'other' AND place > 0 AND type != 'x' ORDER BY place LIMIT 5"
    )
    with db.write() as connection:
        for number in range(3000):
            write(connection, f"event {number}", "demo" if number % 1000 else "other")
    while relay_events(db, FakeClock()):
        pass
    with db.write() as connection:
        connection.execute(text("ANALYZE"))
    with db.read() as connection:
        explain = "EXPLAIN QUERY PLAN " if db.is_sqlite else "EXPLAIN "
        plan = " ".join(str(row) for row in connection.execute(text(explain + statement)))
    found = [event.id for event in log.events_after(db, OPERATOR, "other", 0, 5).events]

    assert "ix_events_of_site" in plan
    assert found == ["event 0", "event 1000", "event 2000"]
