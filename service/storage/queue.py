"""Queries behind the review queue: pages by keyset on (site, status, id), and what stands on a card."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from itertools import islice

from sqlalchemy import Connection, Select, func, literal, select, union_all

from service.domain.comment import Status
from service.domain.ids import new_id
from service.domain.reasons import FLOOD
from service.storage.comments import WITH_THREAD
from service.storage.records import CommentRow, Excerpt, columns, rows_of
from service.storage.tables import Comment, Site, Thread

SITES_AT_ONCE = 200  # parts of one UNION; SQLite allows 500
LOOKED_AT = 200  # comments in which floods are looked for
EXCERPT = 240  # characters of a parent's text


def page_ids(
    connection: Connection,
    sites: Collection[str],
    status: str,
    after: str | None,
    limit: int,
    *,
    newest_first: bool = False,
) -> list[str]:
    """Return the ids of one page; ``after`` is the last id of the page before.

    Every site gives at most ``limit`` ids from the end of its own stretch of the index, so a page costs
    the same at any depth of any backlog.
    """
    found: list[str] = []
    for part in _parts(sites):
        pieces = []
        for site in part:
            query = select(Comment.id).where(Comment.site_id == site, Comment.status == status)
            if after is not None:
                query = query.where(Comment.id < after if newest_first else Comment.id > after)
            pieces.append(query.order_by(Comment.id.desc() if newest_first else Comment.id).limit(limit))
        found += _united(connection, pieces)
    return sorted(found, reverse=newest_first)[:limit]


def comments_by_id(connection: Connection, ids: Sequence[str]) -> list[CommentRow]:
    """Return comments with their threads, in the order of ``ids``."""
    found = rows_of(CommentRow, connection.execute(WITH_THREAD.where(Comment.id.in_(ids))))
    rows = {row.id: row for row in found}
    return [rows[key] for key in ids if key in rows]


def excerpts(connection: Connection, ids: Collection[str]) -> dict[str, Excerpt]:
    """Return the beginnings of comments, by id."""
    start = func.substr(Comment.body, 1, EXCERPT)
    cut = func.length(Comment.body) > EXCERPT
    query = select(*columns(Excerpt, Comment, body=start, is_cut=cut)).where(Comment.id.in_(ids))
    return {row.id: row for row in rows_of(Excerpt, connection.execute(query))}


def flooded(connection: Connection, sites: Collection[str] | None, since: datetime) -> list[str]:
    """Return the titles of pages of which comments were held for a flood since a time.

    One without a title has its address or key. ``sites`` None means all. Only the newest comments are looked
    at, so a page costs the same in any flood.
    """
    query = (
        select(func.coalesce(Thread.title, Thread.url, Thread.key), Comment.reasons)
        .join(Thread, Thread.id == Comment.thread_id)
        .where(Comment.id > new_id(since), Comment.status == Status.PENDING.value)
    )
    if sites is not None:
        query = query.where(Comment.site_id.in_(sites))
    rows = connection.execute(query.order_by(Comment.id.desc()).limit(LOOKED_AT)).all()
    held = [title for title, why in rows if any(one.get("code") == FLOOD for one in why or ())]
    return list(dict.fromkeys(held))


def author_records(
    connection: Connection, authors: Collection[tuple[str, str]]
) -> dict[tuple[str, str], dict[str, int]]:
    """Return how many comments of each status the (site, author) pairs have."""
    if not authors:
        return {}
    rows = connection.execute(
        select(Comment.site_id, Comment.author_id, Comment.status, func.count())
        .where(  # not pairs: SQLite finds those only by reading the whole index
            Comment.site_id.in_({site for site, _ in authors}),
            Comment.author_id.in_({author for _, author in authors}),
        )
        .group_by(Comment.site_id, Comment.author_id, Comment.status)
    )
    found: dict[tuple[str, str], dict[str, int]] = {}
    for site, author, status, total in rows:
        found.setdefault((site, str(author)), {})[status] = total
    return found


def count(
    connection: Connection, sites: Collection[str], status: str, most: int, after: str | None = None
) -> int:
    """Return how many comments of a status there are, up to ``most``; only after an id, if one is given.

    Counting stops at ``most``, so that a tab costs the same beside ten and beside a million comments.
    """
    total = 0
    for part in _parts(sites):
        query = select(literal(1)).where(Comment.site_id.in_(part), Comment.status == status)
        if after is not None:
            query = query.where(Comment.id > after)
        within = query.limit(most).subquery()
        total += connection.execute(select(func.count()).select_from(within)).scalar_one()
    return min(total, most)


def site_names(connection: Connection, sites: Collection[str]) -> dict[str, str]:
    """Return the names of sites by id, in order of id."""
    query = select(Site.id, Site.name).where(Site.id.in_(sites)).order_by(Site.id)
    return {row[0]: row[1] for row in connection.execute(query)}


def _parts(sites: Collection[str]) -> Iterator[list[str]]:
    left = iter(sorted(sites))
    while part := list(islice(left, SITES_AT_ONCE)):
        yield part


def _united(connection: Connection, pieces: Sequence[Select[str]]) -> list[str]:
    boxed = [select(piece.subquery().c.id) for piece in pieces]
    return [row[0] for row in connection.execute(union_all(*boxed))]
