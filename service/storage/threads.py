"""Queries behind looking after threads: closing them, and reading comments before they are published."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select, update

from service.storage.records import Record, every, first
from service.storage.tables import Thread


def lock(connection: Connection, site: str, key: str) -> Record | None:
    """Return one thread, held until the transaction ends."""
    query = select(*Thread.__table__.c).where(Thread.site_id == site, Thread.key == key)
    return first(connection.execute(query.with_for_update()))


def change(connection: Connection, thread: str, values: dict[str, Any]) -> None:
    """Change columns of a thread; its version grows, so that what was cached is not shown any more."""
    connection.execute(update(Thread).where(Thread.id == thread).values(version=Thread.version + 1, **values))


def of_site(connection: Connection, site: str) -> list[Record]:
    """Return a site's threads, the newest first."""
    query = select(*Thread.__table__.c).where(Thread.site_id == site)
    return every(connection.execute(query.order_by(Thread.created_at.desc(), Thread.id.desc())))
