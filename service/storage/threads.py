"""Queries on threads themselves: making them, closing them, naming them, having people read first."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, case, select, update

from service.domain.ids import new_id
from service.storage import ledger
from service.storage.records import ThreadHead, ThreadRow, columns, row_of, rows_of
from service.storage.tables import Thread
from service.storage.upserts import upsert

HEAD = columns(ThreadHead, Thread, wanted=Thread.key)


def make(
    connection: Connection, site: str, key: str, url: str | None, title: str | None, now: datetime
) -> ThreadHead:
    """Insert a thread, or find the one that another writer made in the same moment."""
    values = {"id": new_id(now), "site_id": site, "key": key, "url": url, "title": title, "created_at": now,
              "premoderate": False, "approved_count": 0, "version": 0}  # fmt: skip
    upsert(connection, Thread, values)
    query = select(*HEAD).where(Thread.site_id == site, Thread.key == key)
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


def lock(connection: Connection, site: str, key: str, before: str | None = None) -> ThreadRow | None:
    """Return one thread, held until the transaction ends; ``before`` is its key in the earlier spelling."""
    first = key if before is None else before
    query = select(*columns(ThreadRow, Thread)).where(Thread.site_id == site, Thread.key.in_((key, first)))
    found = query.order_by(case((Thread.key == first, 0), else_=1)).with_for_update()
    return row_of(ThreadRow, connection.execute(found))


def change(connection: Connection, thread: str, values: Mapping[str, Any]) -> None:
    """Change columns of a thread; its version grows, so that what was cached is not shown any more."""
    connection.execute(update(Thread).where(Thread.id == thread).values(version=Thread.version + 1, **values))


def rename(
    connection: Connection,
    thread: str,
    url: str | None,
    title: str | None,
    actor: tuple[str, str],
    now: datetime,
) -> None:
    """Give a thread another link and title, with its audit row and event; ``actor`` is kind and name."""
    query = select(*columns(ThreadRow, Thread)).where(Thread.id == thread).with_for_update()
    stood = rows_of(ThreadRow, connection.execute(query))[0]
    values = {"url": url, "title": title}
    change(connection, thread, values)
    ledger.record(connection, happening(stood, "rename", "thread.renamed", actor, values), now)


def happening(
    stood: ThreadRow, action: str, event: str, actor: tuple[str, str], values: Mapping[str, object]
) -> ledger.Happening:
    """Return what happened to a thread that stood so, for the ledger; ``values`` are what changed."""
    before = {
        "id": stood.id,
        "site": stood.site_id,
        "key": stood.key,
        "url": stood.url,
        "title": stood.title,
        "closed_at": stood.closed_at,
        "premoderate": stood.premoderate,
    }
    return ledger.Happening(
        kind="thread",
        id=stood.id,
        site_id=stood.site_id,
        action=action,
        event=event,
        actor_kind=actor[0],
        actor=actor[1],
        subject=before | dict(values),
        detail={"key": stood.key},
    )


def of_site(connection: Connection, site: str) -> list[ThreadRow]:
    """Return a site's threads, the newest first."""
    query = select(*columns(ThreadRow, Thread)).where(Thread.site_id == site)
    found = connection.execute(query.order_by(Thread.created_at.desc(), Thread.id.desc()))
    return rows_of(ThreadRow, found)
