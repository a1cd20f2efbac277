"""Connections to PostgreSQL that do not wait for ever. Imported only where there is one."""

from __future__ import annotations

import time
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.waiting import Ready
from sqlalchemy import URL, Engine, event

from service.storage.patience import Patience

RV = TypeVar("RV")
CONNECT_S = 3
LOOK_S = 0.1  # between looks how long nothing has come
# A path that is gone is noticed by the system itself, also by a connection that only waits.
ON_THE_PATH = {
    "connect_timeout": CONNECT_S,
    "tcp_user_timeout": 10_000,  # milliseconds until what was sent must have arrived
    "keepalives_idle": 10,
    "keepalives_interval": 3,
    "keepalives_count": 3,
}
IDLE_IN_TRANSACTION_S = 60  # a process that was stopped holds its locks no longer


class Silent(psycopg.OperationalError):
    """The database was asked and gave no sign of life."""


class Connection(psycopg.Connection[Any]):
    """A connection that gives up, and is closed, when the database has been silent for some seconds."""

    silence: float | None = None

    def wait(self, gen: PQGen[RV], interval: float = LOOK_S, timeout: float | None = None) -> RV:
        """Wait for an answer, as the driver does."""
        if self.silence is None:
            return super().wait(gen, interval, timeout)
        try:
            return super().wait(_heard(gen, self.silence), interval, timeout)
        except Silent:
            self.close()
            raise


def _heard(gen: PQGen[RV], silence: float) -> PQGen[RV]:
    """Pass on what a generator of the driver waits for, as long as anything comes.

    The driver hands in `Ready.NONE` every tenth of a second in which nothing has.
    """
    try:
        wanted, heard_at = next(gen), time.monotonic()
        while True:
            ready = yield wanted
            if ready != Ready.NONE:
                heard_at = time.monotonic()
            elif time.monotonic() - heard_at > silence:
                raise Silent(f"no answer for {silence:g} s")
            wanted = gen.send(ready)
    except StopIteration as end:
        found: RV = end.value
        return found


def connect_args(url: URL) -> dict[str, Any]:
    """Return what a connection begins with, but for what its address says otherwise."""
    return {name: value for name, value in ON_THE_PATH.items() if name not in url.query}


def bound(engine: Engine, patience: Patience) -> None:
    """Let all connections of an engine be made with some patience."""

    @event.listens_for(engine, "do_connect")
    def connect(_dialect: Any, _record: Any, arguments: list[Any], options: dict[str, Any]) -> Connection:
        made = Connection.connect(*arguments, **options)
        made.silence = patience.silence
        made.autocommit = True  # or the first rollback would take the limits back
        made.execute(*_limits(patience))
        made.autocommit = False
        return made


def _limits(patience: Patience) -> tuple[str, list[str]]:
    """Return the statement that tells a session its limits, with its values in milliseconds; 0 is none.

    It is sent once there is a connection: a pooler in between might refuse them as options of the start.
    """
    given = {
        "statement_timeout": patience.statement,
        "lock_timeout": patience.lock,
        "idle_in_transaction_session_timeout": IDLE_IN_TRANSACTION_S,
    }
    calls = ", ".join(f"set_config('{name}', %s, false)" for name in given)
    return f"SELECT {calls}", [str(round((seconds or 0) * 1000)) for seconds in given.values()]
