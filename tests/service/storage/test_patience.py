"""A database that hangs is given up, and then asked by one caller alone.

Proves `service/storage/postgres.py` too.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from service.app import create_app
from service.comments.intake import Intake
from service.domain.errors import Unavailable
from service.running.watchdog import LOOK_S, Watchdog
from service.settings import Settings
from service.sites import sites
from service.storage import migrate
from service.storage.database import Database
from service.storage.patience import PAUSE_S, Gate, Patience
from tests.conftest import NOW
from tests.fakes import FakeClock
from tests.frozen import Lane, Stoppable, own_postgres
from tests.running import wait_until
from tests.service.api.parts import assert_problem, draft
from tests.service.comments.test_intake import KEY
from tests.service.comments.test_intake import draft as draft_of
from tests.service.running.test_watchdog import Keeper

SHORT = Patience(statement=0.3, lock=0.2, silence=0.5, own=0.5)
MANY = 12


@pytest.fixture(scope="module")
def stoppable(folder: Path) -> Iterator[Stoppable]:
    with own_postgres(folder / "stoppable") as server:
        db = Database(server.url)
        migrate.upgrade(db)
        sites.add_site(db, "demo", "Demo", now=NOW)
        db.close()
        yield server


@pytest.fixture
def through(stoppable: Stoppable) -> Iterator[tuple[Lane, str]]:
    """A path to the database, and its address by that."""
    lane = Lane(stoppable.socket_file)
    yield lane, f"postgresql+psycopg://postgres@127.0.0.1:{lane.port}/postgres"
    lane.close()


@contextlib.contextmanager
def client_of(settings: Settings, url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[FlaskClient]:
    """A client of an application that has opened its connections."""
    monkeypatch.setattr("service.wiring.FOR_REQUESTS", SHORT)  # or the test would wait
    app = create_app(replace(settings, log_level="error", database_url=url))
    client = app.test_client()
    assert client.post("/api/v1/comments", json=draft("Before.")).status_code == 202
    yield client
    app.extensions["parley"].db.close()


def answers(client: FlaskClient, *calls: Callable[[FlaskClient], object]) -> list[int]:
    """What many callers get at the same time; each has an end."""

    def ask(number: int) -> int:
        answer = calls[number % len(calls)](client.application.test_client())
        if answer.status_code == 503:  # type: ignore[attr-defined]
            assert int(answer.headers["Retry-After"]) > 0  # type: ignore[attr-defined]
        return int(answer.status_code)  # type: ignore[attr-defined]

    with ThreadPoolExecutor(MANY) as pool:
        return list(pool.map(ask, range(MANY)))


def write(client: FlaskClient) -> object:
    return client.post("/api/v1/comments", json=draft("Meanwhile."))


def read(client: FlaskClient) -> object:
    return client.get("/api/v1/counts?site=demo&thread=a")


def look(client: FlaskClient) -> object:
    return client.get("/readyz")


def works_again(client: FlaskClient) -> bool:
    return client.post("/api/v1/comments", json=draft("After.")).status_code == 202


@pytest.fixture
def settings(tmp_path: Path, redis_url: str) -> Settings:
    return Settings(tmp_path, "", redis_url, b"a key for tests only, of 32 bytes or more")


def test_whoever_asks_a_stopped_database_is_answered_503(
    settings: Settings, stoppable: Stoppable, monkeypatch: pytest.MonkeyPatch
) -> None:
    with client_of(settings, stoppable.url, monkeypatch) as client:
        with stoppable.stopped():
            first = answers(client, write, read, look)
            then = answers(client, write, read, look)
            problem = assert_problem(read(client), 503)  # type: ignore[arg-type]
            alive = client.get("/healthz").status_code
        wait_until(lambda: works_again(client), 20, "the database was not asked again")

    assert set(first) == set(then) == {503}
    assert "does not answer" in problem["detail"]
    assert alive == 200


def test_whoever_asks_on_a_path_that_swallows_everything_is_answered_503(
    settings: Settings, through: tuple[Lane, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lane, url = through
    with client_of(settings, url, monkeypatch) as client:
        lane.swallows.set()
        during = answers(client, write, read, look)
        lane.swallows.clear()
        wait_until(lambda: works_again(client), 20, "the database was not asked again")

    assert set(during) == {503}


def test_a_statement_and_a_lock_have_their_ends_in_the_database_itself(postgres_db: Database) -> None:
    db = Database(postgres_db.url, patience=SHORT)
    with pytest.raises(Unavailable, match="does not answer"), db.read() as connection:
        connection.execute(text("SELECT pg_sleep(60)"))
    with postgres_db.write() as holder:
        holder.execute(text("LOCK TABLE sites"))
        with pytest.raises(Unavailable, match="does not answer"), db.write() as connection:
            connection.execute(text("UPDATE sites SET name = 'x'"))
    with db.read() as connection:  # the database is not silent: nobody is turned away
        found = connection.execute(text("SELECT count(*) FROM sites")).scalar_one()

    assert found == 2
    db.close()


def test_work_that_may_take_hours_has_no_end_of_its_own(postgres_db: Database) -> None:
    with postgres_db.read() as connection:
        found = connection.execute(text("SHOW statement_timeout")).scalar_one()
        idle = connection.execute(text("SHOW idle_in_transaction_session_timeout")).scalar_one()

    assert (found, idle) == ("0", "1min")


def test_what_an_address_says_of_the_path_is_left_alone(postgres_db: Database) -> None:
    sign = "&" if "?" in postgres_db.url else "?"
    db = Database(f"{postgres_db.url}{sign}keepalives_idle=77")
    with db.read() as connection:
        raw = connection.connection.dbapi_connection
        assert raw is not None
        told = raw.info.get_parameters()  # type: ignore[attr-defined]

    assert (told["keepalives_idle"], told["tcp_user_timeout"]) == ("77", "10000")
    db.close()


def test_a_database_that_is_read_only_is_no_mistake_of_ours(postgres_db: Database) -> None:
    with (
        pytest.raises(Unavailable, match="cannot write: it is set to be read only"),
        postgres_db.write() as connection,
    ):
        connection.execute(text("SET TRANSACTION READ ONLY; UPDATE sites SET name = 'x'"))


def test_whoever_writes_waits_for_no_stranger_for_long_and_readers_not_at_all(tmp_path: Path) -> None:
    db = Database(f"sqlite:///{tmp_path / 'own.db'}", patience=SHORT)
    migrate.upgrade(db)
    sites.add_site(db, "demo", "Demo", now=NOW)
    with contextlib.closing(sqlite3.connect(tmp_path / "own.db", isolation_level=None)) as stranger:
        stranger.execute("BEGIN IMMEDIATE")
        with ThreadPoolExecutor(MANY) as pool:
            intake = Intake(db, KEY)
            tried = list(pool.map(lambda _: _refused(intake), range(MANY)))
        with db.read() as connection:
            assert connection.execute(text("SELECT count(*) FROM comments")).scalar_one() == 0
        stranger.execute("ROLLBACK")

    assert tried == [True] * MANY
    db.close()


def _refused(intake: Intake) -> bool:
    with pytest.raises(Unavailable):
        intake.submit(draft_of(), FakeClock()())
    return True


class Steady:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_gate_turns_all_away_but_one_who_tries() -> None:
    clock = Steady()
    gate = Gate(clock)
    with gate.passed():
        gate.shut()
    with pytest.raises(Unavailable), gate.passed():
        pass
    clock.now += PAUSE_S

    with gate.passed():
        with pytest.raises(Unavailable), gate.passed():
            pass
        gate.shut()  # it is silent still
    with pytest.raises(Unavailable), gate.passed():
        pass
    clock.now += PAUSE_S
    with gate.passed():
        pass

    with gate.passed(), gate.passed():
        pass


def test_a_mistake_of_the_caller_opens_a_gate_as_well_as_an_answer() -> None:
    clock = Steady()
    gate = Gate(clock)
    gate.shut()
    clock.now += PAUSE_S

    with contextlib.suppress(KeyError), gate.passed():
        raise KeyError
    with gate.passed(), gate.passed():
        pass


def test_whoever_watches_programs_is_not_held_up_and_blames_nobody(
    settings: Settings, stoppable: Stoppable
) -> None:
    """It has to restart what ends, and to stop when it is told to."""
    db, keeper, now = Database(stoppable.url, 1, patience=SHORT), Keeper(), [0.0]
    dog = Watchdog(settings, db, keeper, lambda: None, clock=lambda: now[0])
    dog.look()
    with stoppable.stopped():
        for _ in range(100):  # most of them do not ask any more
            now[0] += LOOK_S
            dog.look()

    assert keeper.killed == []
    db.close()
