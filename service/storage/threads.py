"""Queries on threads themselves: making them, closing them, naming them, having people read first."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, case, delete, select, update

from service.domain.ids import new_id
from service.storage import ledger, sites
from service.storage.reading import ASKED, LEADS_TO
from service.storage.records import CommentForLedger, ThreadHead, ThreadRow, columns, row_of, rows_of
from service.storage.tables import Thread
from service.storage.upserts import upsert

HEAD = select(*columns(ThreadHead, Thread, wanted=ASKED.key)).join_from(ASKED, Thread, LEADS_TO)
ROW = select(*columns(ThreadRow, Thread))


def make(
    connection: Connection, site: str, key: str, url: str | None, title: str | None, now: datetime
) -> ThreadHead:
    """Insert a thread, or find the one that another writer made in the same moment, or put in its place."""
    values = {"id": new_id(now), "site_id": site, "key": key, "url": url, "title": title, "created_at": now,
              "premoderate": False, "approved_count": 0, "version": 0}  # fmt: skip
    upsert(connection, Thread, values)
    return rows_of(ThreadHead, connection.execute(HEAD.where(ASKED.site_id == site, ASKED.key == key)))[0]


def hold(connection: Connection, head: ThreadHead) -> ThreadHead | None:
    """Return a thread as it stands until the transaction ends; None if its comments went elsewhere meanwhile.

    On PostgreSQL the thread could be closed or merged between reading its head and the commit. Posts do not
    wait for each other by this lock, nor for decisions; only whoever closes or merges it waits for them.
    """
    if connection.dialect.name == "sqlite":
        return head  # one writer at a time: what was read holds
    query = select(Thread.closed_at, Thread.moved_to).where(Thread.id == head.id)
    closed_at, moved_to = connection.execute(query.with_for_update(read=True, key_share=True)).one()
    return None if moved_to is not None else replace(head, closed_at=closed_at)


def lock(connection: Connection, site: str, key: str, before: str | None = None) -> ThreadRow | None:
    """Return the thread that a key leads to, held until the transaction ends.

    ``before`` is the key in the earlier spelling.
    """
    first = key if before is None else before
    asked = (
        ROW.join_from(ASKED, Thread, LEADS_TO)
        .where(ASKED.site_id == site, ASKED.key.in_((key, first)))
        .order_by(case((ASKED.key == first, 0), else_=1))
        .with_for_update(of=Thread)
    )
    while (found := row_of(ThreadRow, connection.execute(asked))) and found.moved_to:
        pass  # somebody put another in its place while we waited for it: that is found next
    return found


def lock_by_id(connection: Connection, ids: Collection[str]) -> dict[str, ThreadRow]:
    """Return threads by id, aliases as they are; held until the transaction ends, in everybody's order."""
    query = ROW.where(Thread.id.in_(ids)).order_by(Thread.id).with_for_update()
    return {row.id: row for row in rows_of(ThreadRow, connection.execute(query))}


def change(connection: Connection, thread: str, values: Mapping[str, Any]) -> None:
    """Change columns of a thread; its version grows, so that what was cached is not shown any more."""
    connection.execute(update(Thread).where(Thread.id == thread).values(version=Thread.version + 1, **values))


def rename(
    connection: Connection,
    stood: ThreadRow,
    values: Mapping[str, Any],
    actor: tuple[str, str],
    now: datetime,
) -> None:
    """Give a thread that the caller holds another link or title, with its audit row and event.

    ``actor`` is kind and name.
    """
    change(connection, stood.id, values)
    ledger.record(connection, happening(stood, "rename", "thread.renamed", actor, values), now)


def name(
    connection: Connection, published: Sequence[CommentForLedger], threads: Collection[str], now: datetime
) -> dict[str, tuple[str | None, str | None]]:
    """Give threads the links and titles that came with comments which are published now; return those.

    They follow the newest page, as long as only pages of the site's own origins can post. Where any page may,
    the first to give them is not overruled: the next may be anybody's. What is pinned stays.
    All ``threads`` that the caller will write to are held first, in one order by everybody.
    """
    naming = [one for one in published if one.page_title or one.page_url]
    if not naming:
        return {}
    held = lock_by_id(connection, threads)
    pages = sites.pages(connection, {one.site_id for one in naming})
    named: dict[str, tuple[str | None, str | None]] = {}
    for comment in sorted(naming, key=lambda one: one.id):
        stood = held[comment.thread_id]
        values = _names(stood, comment, follows=pages[comment.site_id].origins is not None)
        if values:
            if stood.url or stood.title:
                rename(connection, stood, values, ("author", comment.author_id or "anonymous"), now)
            else:  # its first names: the comment's own event tells them
                change(connection, stood.id, values)
            stood = held[stood.id] = replace(stood, **values)
            named[stood.id] = stood.url, stood.title
    return named


def _names(stood: ThreadRow, comment: CommentForLedger, *, follows: bool) -> dict[str, Any]:
    is_newer = follows and (stood.named_by is None or stood.named_by < comment.id)
    found = {
        name: said
        for name, said, stands, is_pinned in (
            ("url", comment.page_url, stood.url, stood.url_pinned),
            ("title", comment.page_title, stood.title, stood.title_pinned),
        )
        if said and said != stands and not is_pinned and (is_newer or not stands)
    }
    return found | {"named_by": comment.id} if found else {}


def happening(
    stood: ThreadRow,
    action: str,
    event: str,
    actor: tuple[str, str],
    values: Mapping[str, object],
    more: Mapping[str, object] | None = None,
) -> ledger.Happening:
    """Return what happened to a thread that stood so, for the ledger; ``values`` are what changed.

    Event and audit log tell ``more`` beside that, such as which other thread had to do with it.
    """
    before = {
        "id": stood.id,
        "site": stood.site_id,
        "key": stood.key,
        "url": stood.url,
        "title": stood.title,
        "closed_at": stood.closed_at,
        "premoderate": stood.premoderate,
    }
    told = {name: value for name, value in values.items() if name in before}
    return ledger.Happening(
        kind="thread",
        id=stood.id,
        site_id=stood.site_id,
        action=action,
        event=event,
        actor_kind=actor[0],
        actor=actor[1],
        subject=before | told | dict(more or {}),
        detail={"key": stood.key} | dict(more or {}),
    )


def of_site(connection: Connection, site: str, *, aliases: bool = False) -> list[ThreadRow]:
    """Return a site's threads, the newest first; with their ``aliases`` if wanted."""
    query = ROW.where(Thread.site_id == site)
    if not aliases:
        query = query.where(Thread.moved_to.is_(None))
    found = connection.execute(query.order_by(Thread.created_at.desc(), Thread.id.desc()))
    return rows_of(ThreadRow, found)


def add_alias(connection: Connection, site: str, key: str, leads_to: str, now: datetime) -> None:
    """Let a key that no thread has lead to one."""
    made = make(connection, site, key, None, None, now)
    connection.execute(update(Thread).where(Thread.id == made.id).values(moved_to=leads_to))


def drop_alias(connection: Connection, site: str, key: str) -> bool:
    """Let a key lead nowhere any more; return whether it was an alias."""
    is_alias = (Thread.site_id == site) & (Thread.key == key) & Thread.moved_to.is_not(None)
    return bool(connection.execute(delete(Thread).where(is_alias)).rowcount)


def aliases_of(connection: Connection, thread: str) -> list[str]:
    """Return the ids of the aliases that lead to a thread."""
    return list(connection.scalars(select(Thread.id).where(Thread.moved_to == thread).order_by(Thread.id)))


def turn_aliases(connection: Connection, ids: Collection[str], leads_to: str | None) -> None:
    """Let aliases lead to a thread, or be threads of their own again."""
    connection.execute(update(Thread).where(Thread.id.in_(ids)).values(moved_to=leads_to))
