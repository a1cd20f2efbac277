"""The door to the database: connections to read, transactions to write."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, nullcontext
from typing import Any

import orjson
from sqlalchemy import Connection, Select, create_engine, event
from sqlalchemy.exc import DatabaseError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from service.domain.errors import Damaged, Unavailable
from service.domain.sealing import SealKey
from service.storage.running_heads import Seals

BUSY_TIMEOUT_S = 10
NOT_AS_WRITTEN = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
NOT_AS_WRITTEN_THERE = ("XX001", "XX002")  # PostgreSQL's: of data, of an index
MAX_PACKED = 64 * 1024 * 1024  # bytes: about a second in which nobody else can write
# A number that SQLite keeps in a file's head for whoever uses it. Ours: 1 says that something was erased.
ERASED, PACKED = "PRAGMA user_version=1", "PRAGMA user_version=0"


class Database:
    """One pool of connections, for one process; safe to share between threads.

    SQLite takes one writer at a time. Its own way to wait is to sleep and try again, so threads of
    one process queue on a lock instead, and a write begins with ``BEGIN IMMEDIATE``.

    What is written into the audit log is sealed with ``seal_key``. Whoever only reads needs none.
    """

    def __init__(self, url: str, pool_size: int = 10, seal_key: SealKey | None = None) -> None:
        self.url, self.seal_key = url, seal_key
        self.is_sqlite = url.startswith("sqlite")
        options: dict[str, Any] = {"pool_size": pool_size, "max_overflow": pool_size, "pool_timeout": 5}
        if self.is_sqlite:
            options["connect_args"] = {"timeout": BUSY_TIMEOUT_S}
        else:
            options["connect_args"] = {"connect_timeout": 3}
        self.engine = create_engine(
            url,
            json_serializer=lambda value: orjson.dumps(value).decode(),
            json_deserializer=orjson.loads,
            hide_parameters=True,  # an error in the log must not hold a comment's text
            **options,
        )
        self._sql: dict[Select[*tuple[Any, ...]], tuple[str, Sequence[str], Sequence[str]]] = {}
        self._lock = threading.Lock() if self.is_sqlite else nullcontext()
        if self.is_sqlite:
            event.listen(self.engine, "connect", _prepare_sqlite)
            self._reader = self.engine
        else:
            self._reader = self.engine.execution_options(isolation_level="AUTOCOMMIT")

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection for queries; each sees what is committed when it starts."""
        with _in_our_words(), self._reader.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Give a connection inside one transaction: committed at the end, rolled back on any error."""
        with _in_our_words(), self._lock, self.engine.begin() as connection:
            if self.is_sqlite:
                _say(connection, "BEGIN IMMEDIATE")
            seals = Seals(self.seal_key)
            yield connection.execution_options(parley_seals=seals)
            seals.write(connection)

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """Give a connection for many queries that all see one moment, however long they take."""
        options = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"}
        with _in_our_words(), self.engine.execution_options(**options).begin() as connection:
            if self.is_sqlite:
                _say(connection, "BEGIN")
            yield connection

    def first(self, query: Select[*tuple[Any, ...]], values: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return a query's first row by the shortest way there is: for what every reader's poll asks.

        On SQLite that is the driver itself, a third of the time; columns then come as the driver
        gives them, so a moment is a text.
        """
        if not self.is_sqlite:
            with self.read() as connection:
                row = connection.execute(query, values).mappings().first()
            return None if row is None else dict(row)
        sql, names, order = self._compiled(query)
        with _in_our_words(), closing(self.engine.raw_connection()) as raw, closing(raw.cursor()) as cursor:
            cursor.execute(sql, [values[name] for name in order])
            found = cursor.fetchone()
        return None if found is None else dict(zip(names, found, strict=True))

    def _compiled(self, query: Select[*tuple[Any, ...]]) -> tuple[str, Sequence[str], Sequence[str]]:
        if query not in self._sql:
            compiled = query.compile(self.engine)
            order = compiled.positiontup or ()
            self._sql[query] = str(compiled), [column.name for column in query.selected_columns], order
        return self._sql[query]

    def empty_log(self) -> bool:
        """Empty SQLite's write-ahead log, which still holds what was deleted; return whether it is empty.

        Whoever reads an older state keeps it from being emptied, so a few tries are made, each a little
        later; nobody who writes waits for them. PostgreSQL sees to its rows itself, in its own time.
        """
        if not self.is_sqlite:
            return True
        for wait_s in (0.0, 0.1, 0.2, 0.4):
            time.sleep(wait_s)
            with (
                _in_our_words(),
                closing(self.engine.raw_connection()) as raw,
                closing(raw.cursor()) as cursor,
            ):
                cursor.execute("PRAGMA busy_timeout=100")
                try:
                    is_busy = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
                finally:
                    cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_S * 1000}")
            if not is_busy:
                return True
        return False

    def pack(self) -> bool:
        """Write SQLite's file anew, if something was erased in it; return whether nothing is left to do.

        What is deleted is overwritten, but not the copy in a gap that a row leaves behind when it is moved to
        another page. A file beyond `MAX_PACKED` stays as it is: everybody who writes would wait too long.
        """
        if not self.is_sqlite:
            return True
        with (
            _in_our_words(),
            self._lock,
            closing(self.engine.raw_connection()) as raw,
            closing(raw.cursor()) as cursor,
        ):
            was_erased = cursor.execute("PRAGMA user_version").fetchone()[0]
            pages = cursor.execute("PRAGMA page_count").fetchone()[0]
            is_small = pages * cursor.execute("PRAGMA page_size").fetchone()[0] <= MAX_PACKED
            if was_erased and is_small:
                cursor.execute(PACKED)  # first: what is erased from now on counts for the next time
                cursor.execute("VACUUM")
        return is_small or not was_erased

    def close(self) -> None:
        """Close all connections; for the end of a process, and after a fork."""
        self.engine.dispose()


def note_erased(connection: Connection) -> None:
    """Remember, in the caller's transaction, that `Database.pack` has something to do."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(ERASED)


@contextmanager
def _in_our_words() -> Iterator[None]:
    """Turn "no answer" and "no such table" of any driver into `Unavailable`; all else is ours to mend."""
    try:
        yield
    except (DatabaseError, PoolTimeout, sqlite3.DatabaseError) as error:
        cause = getattr(error, "orig", error)
        if is_damage(cause):
            raise Damaged("The database is damaged: restore a backup.", retry_after=30) from error
        if not isinstance(error, (ProgrammingError, OperationalError, PoolTimeout, sqlite3.OperationalError)):
            raise
        if "no such table" in str(cause) or type(cause).__name__ == "UndefinedTable":
            reason = "The database is not prepared: run `parley db upgrade`."
            raise Unavailable(reason, retry_after=30) from error
        if isinstance(error, ProgrammingError):
            raise
        raise Unavailable("The database does not answer.") from error


def is_damage(cause: object) -> bool:
    """Whether a driver's error says that a file of the database is not as it was written."""
    code = getattr(cause, "sqlite_errorcode", None) or 0  # its low byte is the kind, the others say more
    return code & 0xFF in NOT_AS_WRITTEN or getattr(cause, "sqlstate", None) in NOT_AS_WRITTEN_THERE


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    # FULL: a 202 must survive a power cut, not only a crash of ours. The write-ahead log grows to 16 MB
    # before it is copied back, so that few commits have to wait for that. What is deleted is overwritten with
    # zeros: somebody may have asked for it.
    connection.executescript(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
        "PRAGMA temp_store=MEMORY; PRAGMA wal_autocheckpoint=4000; PRAGMA secure_delete=ON;"
    )


def _say(connection: Connection, sql: str) -> None:
    """Say something to SQLite itself.

    Not as a listener to the engine's beginnings: an engine with one asks for more at each statement.
    """
    driver: Any = connection.connection.dbapi_connection
    driver.execute(sql)
