"""Queries on the keys for scoring from outside."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from service.storage.records import Record, every, first
from service.storage.tables import PerspectiveKey


def add(connection: Connection, name: str, secret_hash: str, per_minute: int, now: datetime) -> None:
    """Insert a key; raises IntegrityError when the name is taken."""
    values = {"name": name, "secret_hash": secret_hash, "per_minute": per_minute, "created_at": now}
    connection.execute(insert(PerspectiveKey), values)


def find(connection: Connection, secret_hash: str) -> Record | None:
    """Return id, name and per_minute of one key."""
    query = select(PerspectiveKey.id, PerspectiveKey.name, PerspectiveKey.per_minute)
    return first(connection.execute(query.where(PerspectiveKey.secret_hash == secret_hash)))


def every_key(connection: Connection) -> list[Record]:
    """Return id, name, per_minute and created_at of all keys, by name."""
    columns = [column for column in PerspectiveKey.__table__.c if column.name != "secret_hash"]
    return every(connection.execute(select(*columns).order_by(PerspectiveKey.name)))


def drop(connection: Connection, name: str) -> int:
    """Delete a key; return how many that were."""
    return connection.execute(delete(PerspectiveKey).where(PerspectiveKey.name == name)).rowcount
