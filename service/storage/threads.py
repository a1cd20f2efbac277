"""Queries on threads themselves: making them, closing them, having people read first."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from service.domain.ids import new_id
from service.storage.records import ThreadHead, ThreadRow, columns, row_of, rows_of
from service.storage.tables import Thread
from service.storage.upserts import upsert


def make(
    connection: Connection, site: str, key: str, url: str, title: str | None, now: datetime
) -> ThreadHead:
    """Insert a thread, or find the one that another writer made in the same moment."""
    values = {"id": new_id(now), "site_id": site, "key": key, "url": url, "title": title, "created_at": now,
              "premoderate": False, "approved_count": 0, "version": 0}  # fmt: skip
    upsert(connection, Thread, values)
    query = select(*columns(ThreadHead, Thread)).where(Thread.site_id == site, Thread.key == key)
    return rows_of(ThreadHead, connection.execute(query))[0]


def stays_open(connection: Connection, thread: str | None) -> bool:
    """Whether a thread is open, and stays so until the transaction ends.

    On PostgreSQL the thread could be closed between reading its head and the commit. Posts do not wait for
    each other by this lock, nor for decisions; only whoever closes the thread waits for them.
    """
    if connection.dialect.name == "sqlite":
        return True  # one writer at a time: what was read holds
    query = select(Thread.closed_at).where(Thread.id == thread).with_for_update(read=True, key_share=True)
    return connection.execute(query).scalar_one() is None


def lock(connection: Connection, site: str, key: str) -> ThreadRow | None:
    """Return one thread, held until the transaction ends."""
    query = select(*columns(ThreadRow, Thread)).where(Thread.site_id == site, Thread.key == key)
    return row_of(ThreadRow, connection.execute(query.with_for_update()))


def change(connection: Connection, thread: str, values: Mapping[str, Any]) -> None:
    """Change columns of a thread; its version grows, so that what was cached is not shown any more."""
    connection.execute(update(Thread).where(Thread.id == thread).values(version=Thread.version + 1, **values))


def of_site(connection: Connection, site: str) -> list[ThreadRow]:
    """Return a site's threads, the newest first."""
    query = select(*columns(ThreadRow, Thread)).where(Thread.site_id == site)
    found = connection.execute(query.order_by(Thread.created_at.desc(), Thread.id.desc()))
    return rows_of(ThreadRow, found)
