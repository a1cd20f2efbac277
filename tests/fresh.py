"""A database as every test finds it: two sites and nothing else, put back in a few milliseconds.

The rows are made once, by our own code, and copied from then on: some thousands of tests begin with them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import cast

from sqlalchemy import text

from service.storage.database import Database
from service.storage.tables import Base


def keeper(database: Database, fill: Callable[[], object]) -> Callable[[], None]:
    """Fill an empty database, keep what is in it, and return what puts it back to that."""
    fill()
    return _keep_sqlite(database) if database.is_sqlite else _keep_postgres(database)


def _keep_sqlite(database: Database) -> Callable[[], None]:
    """Keep a copy of the file in memory; SQLite's own way of copying fits open connections."""
    kept = sqlite3.connect(":memory:", check_same_thread=False)
    with closing(database.engine.raw_connection()) as raw:
        cast(sqlite3.Connection, raw.driver_connection).backup(kept)

    def put_back() -> None:
        with closing(database.engine.raw_connection()) as raw:
            kept.backup(cast(sqlite3.Connection, raw.driver_connection))

    return put_back


def _keep_postgres(database: Database) -> Callable[[], None]:
    """Keep the rows in a schema beside, and one function that empties, fills and sets the counters back."""
    with database.write() as connection:
        connection.execute(text("CREATE SCHEMA kept"))
        steps = []
        for table in Base.metadata.sorted_tables:
            steps.append(f"DELETE FROM {table.name};")
            if connection.scalar(text(f"SELECT exists(SELECT FROM {table.name})")):
                connection.execute(text(f"CREATE TABLE kept.{table.name} AS SELECT * FROM {table.name}"))
                steps.append(
                    f"INSERT INTO {table.name} OVERRIDING SYSTEM VALUE SELECT * FROM kept.{table.name};"
                )
        sequences = connection.execute(
            text("SELECT sequencename, coalesce(last_value, 0) FROM pg_sequences WHERE schemaname = 'public'")
        )
        steps += [f"PERFORM setval('{name}', {last or 1}, {last > 0});" for name, last in sequences]
        connection.execute(
            text(
                "CREATE FUNCTION kept.put_back() RETURNS void LANGUAGE plpgsql SET session_replication_role"
                f" = replica AS $$ BEGIN {' '.join(steps)} END $$"
            )
        )

    def put_back() -> None:
        with database.write() as connection:
            connection.execute(text("SELECT kept.put_back()"))

    return put_back
