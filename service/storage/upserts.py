"""Inserting a row that may be there already."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

from service.storage.tables.base import Base


def upsert(
    connection: Connection,
    table: type[Base],
    values: Mapping[str, Any],
    changes: Mapping[str, Any] | None = None,
) -> None:
    """Insert a row, or make the ``changes`` to the one of the same primary key that is there.

    Without changes, a row that has anything unique in common stays as it is.
    """
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    made = insert(table).values(values)
    if changes is None:
        connection.execute(made.on_conflict_do_nothing())
    else:
        key = [column.name for column in table.__table__.primary_key]
        connection.execute(made.on_conflict_do_update(index_elements=key, set_=changes))
