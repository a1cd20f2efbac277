"""The old end of the audit log is folded, and what is left proves as much as before."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import func, select, text

from service.domain import days
from service.domain.access import OPERATOR
from service.domain.audit import FOLDED
from service.domain.days import KeptFor
from service.domain.sealing import SealKey
from service.moderation import acting, deciding, history
from service.sites import threads
from service.storage.database import Database
from service.storage.tables import AuditRow
from service.upkeep.audit import seal_anew, verify
from service.upkeep.retention import tidy
from tests.fakes import MO, FakeClock, FakeScorer
from tests.service.webhooks.test_endpoints import add, happen

KEPT = KeptFor({days.AUDIT: 30, days.EVENTS: 0, days.WITHDRAWN: 0})


def fold(db: Database, now: datetime) -> None:
    while tidy(db, now, KEPT):
        pass


def entries(db: Database) -> int:
    with db.read() as connection:
        return connection.scalar(select(func.count()).select_from(AuditRow)) or 0


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def old(db: Database, clock: FakeClock) -> list[str]:
    """Three comments that were decided long ago, one of them by a person too; and an endpoint."""
    made = happen(db, clock, "A fine remark.", "You vile thing.", "Another fine one.")
    acting.act(db, MO, acting.Act(made[1], "reject", 2), clock())
    add(db, clock)
    threads.close(db, OPERATOR, "demo", "a", clock())
    threads.reopen(db, OPERATOR, "demo", "a", clock())
    clock.forward(days=40)
    return made


def test_one_entry_of_each_subject_stays_and_the_log_holds(
    db: Database, clock: FakeClock, old: list[str]
) -> None:
    before = entries(db)
    fold(db, clock())

    assert verify(db) == (3, [])
    assert entries(db) < before
    with db.read() as connection:
        assert set(connection.scalars(select(AuditRow.action))) == {FOLDED}
        assert connection.scalar(select(func.count(AuditRow.subject_id.distinct()))) == entries(db)
    kept = history.history(db, MO, old[1])
    assert (kept.intact, kept.entries[0].actor, kept.entries[0].to_status) == (True, "mo", "rejected")


def test_the_log_goes_on_from_there_and_is_folded_again(
    db: Database, clock: FakeClock, old: list[str]
) -> None:
    fold(db, clock())
    acting.act(db, MO, acting.Act(old[1], "approve", 3), clock())
    young = happen(db, clock, "You vile young thing.")
    threads.close(db, OPERATOR, "demo", "a", clock())
    fold(db, clock())

    assert verify(db) == (4, [])
    assert len(history.history(db, MO, old[1]).entries) == 2
    assert len(history.history(db, MO, young[0]).entries) == 2

    clock.forward(days=40)
    fold(db, clock())

    assert verify(db) == (4, [])
    assert len(history.history(db, MO, old[1]).entries) == 1


TAMPERED = [
    "UPDATE comments SET status = 'approved', shown = true WHERE id = :vile",
    "UPDATE comments SET body = 'Another text.' WHERE id = :vile",
    "UPDATE comments SET author_name = 'Somebody' WHERE id = :vile",
    "UPDATE comments SET author_id = 'somebody' WHERE id = :vile",
    "UPDATE comments SET created_at = decided_at WHERE id = :vile",
    "UPDATE comments SET decided_by = 'olga' WHERE id = :vile",
    "UPDATE comments SET scores = '{\"TOXICITY\": 0.1}' WHERE id = :vile",
    "UPDATE comments SET reasons = NULL WHERE id = :vile",
    "UPDATE comments SET model_id = 'another' WHERE id = :vile",
    "UPDATE audit SET to_status = 'approved' WHERE subject_id = :vile",
    "UPDATE audit SET detail = NULL WHERE subject_id = :vile",
    "UPDATE audit SET sequence = 2 WHERE subject_id = :vile",
    "DELETE FROM audit WHERE subject_id = :vile",
    "UPDATE webhook_endpoints SET url = 'https://thief.example/'",
    "UPDATE threads SET premoderate = true",
]


@pytest.mark.parametrize("statement", TAMPERED)
def test_what_is_changed_after_it_was_folded_is_found(
    db: Database, clock: FakeClock, old: list[str], statement: str
) -> None:
    clock.forward(seconds=5)
    fold(db, clock())
    with db.write() as connection:
        connection.execute(text(statement), {"vile": old[1]} if ":vile" in statement else {})

    assert verify(db)[1]


def test_a_comment_that_is_cut_out_with_its_folded_entry_is_missed(
    db: Database, clock: FakeClock, old: list[str]
) -> None:
    fold(db, clock())
    with db.write() as connection:
        for table, column in (("audit", "subject_id"), ("comments", "id")):
            connection.execute(text(f"DELETE FROM {table} WHERE {column} = :id"), {"id": old[1]})

    assert [found.kind for found in verify(db)[1]] == ["log"]


def test_a_log_that_does_not_hold_is_not_folded(db: Database, clock: FakeClock, old: list[str]) -> None:
    with db.write() as connection:
        connection.execute(
            text("UPDATE audit SET actor = 'olga' WHERE subject_id = :id AND sequence = 2"), {"id": old[1]}
        )
    found = verify(db)[1]
    fold(db, clock())

    assert verify(db)[1] == found
    with db.read() as connection:
        query = select(func.count()).where(AuditRow.subject_id == old[1])
        assert connection.scalar(query) == 3


def test_without_a_key_nothing_is_folded_and_by_default_nothing_ever(
    db: Database, clock: FakeClock, old: list[str]
) -> None:
    before = entries(db)
    while tidy(db, clock(), KeptFor({days.EVENTS: 0})):
        pass
    key, db.seal_key = db.seal_key, None
    fold(db, clock())
    db.seal_key = key

    assert entries(db) == before


def test_what_another_key_folded_is_taken_as_it_stands(
    db: Database, clock: FakeClock, old: list[str]
) -> None:
    fold(db, clock())
    db.seal_key = SealKey.of(b"another key, as after a leak of the first")
    assert verify(db)[1]
    seal_anew(db, clock())

    assert verify(db) == (3, [])
    clock.forward(days=40)
    fold(db, clock())
    assert verify(db) == (3, [])


def test_the_text_of_what_was_refused_may_go_after_its_log_was_folded(
    db: Database, clock: FakeClock, old: list[str]
) -> None:
    fold(db, clock())
    clock.forward(days=400)
    fold(db, clock())

    assert history.history(db, MO, old[1]).intact
    assert verify(db) == (3, [])


def test_what_comes_after_is_decided_as_ever(db: Database, clock: FakeClock) -> None:
    """A comment that is received before the log is folded and decided after it."""
    happen(db, clock, "A fine remark.")
    from service.comments.intake import Draft, Intake

    Intake(db, b"k" * 32).submit(Draft("demo", "https://news.example/a", "Late.", key="a"), clock())
    clock.forward(days=40)
    fold(db, clock())
    deciding.drain(db, scorer=FakeScorer(), clock=clock)

    assert verify(db) == (2, [])
