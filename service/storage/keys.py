"""Queries on the keys for scoring from outside."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from service.storage.records import Key, columns, row_of, rows_of
from service.storage.tables import PerspectiveKey


def add(connection: Connection, name: str, secret_hash: str, per_minute: int, now: datetime) -> int:
    """Insert a key and return its number; raises IntegrityError when the name is taken."""
    values = {"name": name, "secret_hash": secret_hash, "per_minute": per_minute, "created_at": now}
    made = insert(PerspectiveKey).values(values).returning(PerspectiveKey.id)
    return connection.execute(made).scalar_one()


def find(connection: Connection, secret_hash: str) -> Key | None:
    """Return one key by the hash of its secret."""
    query = select(*columns(Key, PerspectiveKey)).where(PerspectiveKey.secret_hash == secret_hash)
    return row_of(Key, connection.execute(query))


def every_key(connection: Connection) -> list[Key]:
    """Return all keys by name."""
    query = select(*columns(Key, PerspectiveKey)).order_by(PerspectiveKey.name)
    return rows_of(Key, connection.execute(query))


def drop(connection: Connection, name: str) -> int | None:
    """Delete a key; return its number, None where there was none of this name."""
    gone = delete(PerspectiveKey).where(PerspectiveKey.name == name).returning(PerspectiveKey.id)
    return connection.execute(gone).scalar_one_or_none()
