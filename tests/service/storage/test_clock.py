"""The time is the database's, on whichever machine it is asked for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from service.domain.errors import Unavailable
from service.storage.clock import AGAIN_S, LOOK_S, DatabaseClock
from service.storage.database import Database

NEAR = timedelta(seconds=30)  # a machine may be slow, and is wrong by a day in these tests
DAY = timedelta(days=1)


class Machine:
    """A machine whose clock is off, and whose steady clock the test moves."""

    def __init__(self, off: timedelta) -> None:
        self.off, self.passed = off, 1000.0

    def own(self) -> datetime:
        return datetime.now(UTC) + self.off

    def steady(self) -> float:
        return self.passed


class Counted(Database):
    """A database that counts how often it is asked."""

    asked = 0
    is_away = False

    def read(self):  # type: ignore[no-untyped-def]
        if self.is_away:
            raise Unavailable("It is away.")
        self.asked += 1
        return super().read()


@pytest.fixture
def counted(postgres_db: Database) -> Counted:
    return Counted(postgres_db.url)


def now_of(db: Database) -> datetime:
    with db.read() as connection:
        found: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    return found


@pytest.mark.parametrize("off", [DAY, -DAY, timedelta(seconds=45)])
def test_a_machine_whose_clock_is_off_shows_the_databases_time(counted: Counted, off: timedelta) -> None:
    machine = Machine(off)
    clock = DatabaseClock(counted, machine.own, machine.steady)

    assert abs(clock() - now_of(counted)) < NEAR
    assert abs(clock.ahead() - off) < NEAR
    counted.close()


def test_the_database_is_asked_now_and_then_alone(counted: Counted) -> None:
    machine = Machine(DAY)
    moment = datetime.now(UTC)
    clock = DatabaseClock(counted, lambda: moment + machine.off, machine.steady)
    for _ in range(50):
        clock()
    assert counted.asked == 1

    machine.passed, moment = machine.passed + LOOK_S, moment + timedelta(seconds=LOOK_S)
    clock()
    clock()

    assert counted.asked == 2
    counted.close()


def test_a_clock_that_is_set_is_noticed_at_once(counted: Counted) -> None:
    machine = Machine(timedelta())
    clock = DatabaseClock(counted, machine.own, machine.steady)
    clock()
    machine.off = DAY

    assert abs(clock() - now_of(counted)) < NEAR
    counted.close()


def test_while_the_database_is_away_the_last_look_counts(counted: Counted) -> None:
    machine = Machine(DAY)
    clock = DatabaseClock(counted, machine.own, machine.steady)
    clock()
    counted.is_away = True
    machine.passed += LOOK_S

    assert abs(clock() - datetime.now(UTC)) < NEAR
    with pytest.raises(Unavailable):
        clock.ahead()
    counted.close()


def test_a_database_that_comes_later_is_asked_soon(counted: Counted) -> None:
    machine = Machine(DAY)
    clock = DatabaseClock(counted, machine.own, machine.steady)
    counted.is_away = True
    assert abs(clock() - machine.own()) < NEAR
    counted.is_away = False
    machine.passed += AGAIN_S

    assert abs(clock() - now_of(counted)) < NEAR
    counted.close()


def test_a_database_of_this_machine_has_its_clock(sqlite_database: Database) -> None:
    machine = Machine(DAY)
    clock = DatabaseClock(sqlite_database, machine.own, machine.steady)

    assert abs(clock() - machine.own()) < NEAR
    assert clock.ahead() == timedelta()
