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
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError, InternalError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from service.domain.errors import Damaged, Unavailable
from service.domain.sealing import SealKey
from service.storage.patience import NO_ANSWER, WITHOUT_END, Gate, Patience
from service.storage.running_heads import Seals

NOT_AS_WRITTEN = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
NOT_AS_WRITTEN_THERE = ("XX001", "XX002")  # PostgreSQL's: of data, of an index
MAX_PACKED = 64 * 1024 * 1024  # bytes: about a second in which nobody else can write
# A number that SQLite keeps in a file's head for whoever uses it. Ours: 1 says that something was erased.
ERASED, PACKED = "PRAGMA user_version=1", "PRAGMA user_version=0"


class Database:
    """One pool of connections, for one process; safe to share between threads.

    SQLite takes one writer at a time. Its own way to wait is to sleep and try again, so threads of
    one process queue on a lock instead, and a write begins with ``BEGIN IMMEDIATE``.

    What is written into the audit log is sealed with ``seal_key``. Whoever only reads needs none. How long
    anybody waits is a matter of ``patience``; beyond it, and for a moment after, all get `Unavailable`.
    """

    def __init__(
        self,
        url: str,
        pool_size: int = 10,
        seal_key: SealKey | None = None,
        patience: Patience = WITHOUT_END,
    ) -> None:
        self.url, self.seal_key, self.patience = url, seal_key, patience
        self.is_sqlite = url.startswith("sqlite")
        self.engine = create_engine(
            url,
            json_serializer=lambda value: orjson.dumps(value).decode(),
            json_deserializer=orjson.loads,
            hide_parameters=True,  # an error in the log must not hold a comment's text
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_timeout=min(patience.own, 5.0),
            connect_args=_connect_args(url, patience),
        )
        self._sql: dict[Select[*tuple[Any, ...]], tuple[str, Sequence[str], Sequence[str]]] = {}
        self._lock = threading.Lock()
        self._gate = Gate()
        if self.is_sqlite:
            event.listen(self.engine, "connect", _prepare_sqlite)
            self._reader = self.engine
        else:
            from service.storage import postgres

            postgres.bound(self.engine, patience)
            self._reader = self.engine.execution_options(isolation_level="AUTOCOMMIT")

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection for queries; each sees what is committed when it starts."""
        with self._asked(), self._reader.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Give a connection inside one transaction: committed at the end, rolled back on any error."""
        with self._alone(), self._asked(to_write=True), self.engine.begin() as connection:
            if self.is_sqlite:
                _say(connection, "BEGIN IMMEDIATE")
            seals = Seals(self.seal_key)
            yield connection.execution_options(parley_seals=seals)
            seals.write(connection)

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """Give a connection for many queries that all see one moment, however long they take."""
        options = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"}
        with self._asked(), self.engine.execution_options(**options).begin() as connection:
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
        with self._asked(), closing(self.engine.raw_connection()) as raw, closing(raw.cursor()) as cursor:
            cursor.execute(sql, [values[name] for name in order])
            found = cursor.fetchone()
        return None if found is None else dict(zip(names, found, strict=True))

    def _compiled(self, query: Select[*tuple[Any, ...]]) -> tuple[str, Sequence[str], Sequence[str]]:
        if query not in self._sql:
            compiled = query.compile(self.engine)
            order = compiled.positiontup or ()
            self._sql[query] = str(compiled), [column.name for column in query.selected_columns], order
        return self._sql[query]

    @property
    def is_silent(self) -> bool:
        """Whether somebody found it so, and nobody has had an answer since."""
        return self._gate.is_shut

    @contextmanager
    def _asked(self, *, to_write: bool = False) -> Iterator[None]:
        """Ask the database, unless others have just found it silent; say in our words what goes wrong."""
        with self._gate.passed() if to_write or not self.is_sqlite else nullcontext():
            try:
                yield
            except DRIVERS as error:
                if _is_silence(error, to_write=to_write):
                    self._gate.shut()
                if (told := _in_our_words(error)) is None:
                    raise
                raise told from error

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Be the only one of this process who writes, on SQLite."""
        if not self.is_sqlite:
            yield
            return
        if not self._lock.acquire(timeout=self.patience.own):
            raise Unavailable(NO_ANSWER)
        try:
            yield
        finally:
            self._lock.release()

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
                self._asked(),
                closing(self.engine.raw_connection()) as raw,
                closing(raw.cursor()) as cursor,
            ):
                cursor.execute("PRAGMA busy_timeout=100")
                try:
                    is_busy = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
                finally:
                    cursor.execute(f"PRAGMA busy_timeout={round(self.patience.own * 1000)}")
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
            self._alone(),
            self._asked(to_write=True),
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


def _connect_args(url: str, patience: Patience) -> dict[str, Any]:
    if url.startswith("sqlite"):
        return {"timeout": patience.own}
    from service.storage import postgres

    return postgres.connect_args(make_url(url))


DRIVERS = (DatabaseError, PoolTimeout, sqlite3.DatabaseError)
ANSWERED = (ProgrammingError, OperationalError, InternalError, PoolTimeout, sqlite3.OperationalError)
UNPREPARED = "The database is not prepared: run `parley db upgrade`."
# What keeps a database that answers from writing, by a driver's kind of error or a piece of its words.
NO_WRITING = {
    "DiskFull": "The database cannot write: its disk is full.",
    "database or disk is full": "The database cannot write: its disk is full.",
    "disk I/O error": "The database cannot write: its disk fails, or is full.",
    "ReadOnlySqlTransaction": "The database cannot write: it is set to be read only.",
    "readonly database": "The database cannot write: its file is read only.",
}


def _in_our_words(error: Exception) -> Unavailable | None:
    """Say that no answer comes, nothing can be written or it is damaged; None for all else, a bug."""
    cause = getattr(error, "orig", error)
    kind, said = type(cause).__name__, str(cause)
    if is_damage(cause):
        return Damaged("The database is damaged: restore a backup.", retry_after=30)
    if not isinstance(error, ANSWERED):
        return None
    if "no such table" in said or kind == "UndefinedTable":
        return Unavailable(UNPREPARED, retry_after=30)
    for sign, reason in NO_WRITING.items():
        if sign == kind or sign in said:
            return Unavailable(reason, retry_after=30)
    if isinstance(error, ProgrammingError | InternalError):
        return None
    return Unavailable(NO_ANSWER)


def _is_silence(error: Exception, *, to_write: bool) -> bool:
    """Whether a database was asked and said nothing, or somebody else writes to it without end."""
    cause = getattr(error, "orig", error)
    is_locked = to_write and "database is locked" in str(cause)
    return is_locked or type(cause).__name__ in ("Silent", "ConnectionTimeout")


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
