"""Queries behind public reading: pages of a thread by keyset, never by offset or count."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    Connection,
    Integer,
    Row,
    Text,
    and_,
    bindparam,
    case,
    false,
    func,
    literal_column,
    select,
    text,
    true,
    tuple_,
)
from sqlalchemy.orm import aliased

from service.domain.addresses import Spelling
from service.domain.threads import SPELLINGS, Keys
from service.storage.records import ThreadHead, row_of
from service.storage.tables import Comment, Site, Thread

PUBLIC = tuple(
    Comment.__table__.c[name]
    for name in (
        "id", "parent_id", "root_id", "author_name", "body", "status", "created_at", "edited_at",
        "reply_count", "rank",
    )
)  # fmt: skip
PublicRow = Row[*tuple[Any, ...]]


def values_of_keys(keys: Keys) -> dict[str, str]:
    """Return the keys of a thread as the values of `HEAD`."""
    return {f"key_{n}": form for n, form in enumerate(keys.forms)} | {"before": keys.before}


def _spells(spelling: Spelling) -> Any:
    return and_(*(
        getattr(Site, name) == (true() if getattr(spelling, name) else false())
        for name in ("www_apart", "slash_apart")
    ))  # fmt: skip


ASKED = aliased(Thread)  # which has the key that was asked for; where its comments are now, `Thread` says
LEADS_TO = Thread.id == func.coalesce(ASKED.moved_to, ASKED.id)
KEY = case(*((_spells(one), bindparam(f"key_{n}", type_=Text)) for n, one in enumerate(SPELLINGS)))
HEAD = (
    select(
        Site.id.label("site_id"),
        Thread.id,
        KEY.label("wanted"),
        Thread.key,
        Thread.url,
        Thread.title,
        Thread.approved_count,
        Thread.version,
        Thread.closed_at,
        Thread.url_pinned,
        Thread.title_pinned,
    )
    .select_from(Site)
    .outerjoin(ASKED, and_(ASKED.site_id == Site.id, ASKED.key.in_((KEY, bindparam("before")))))
    .outerjoin(Thread, LEADS_TO)
    .where(Site.id == bindparam("site"))
    # A thread that an earlier release made under its own spelling is found by that as it was.
    .order_by(case((ASKED.key == bindparam("before"), literal_column("0")), else_=literal_column("1")))
)
ROOTS = select(*PUBLIC).where(Comment.thread_id == bindparam("thread"), Comment.shown == true())
ORDERS = {
    "newest": (ROOTS.order_by(Comment.id.desc()), Comment.id < bindparam("after_id")),
    "oldest": (ROOTS.order_by(Comment.id), Comment.id > bindparam("after_id")),
    "top": (
        ROOTS.order_by(Comment.rank.desc(), Comment.id.desc()),
        tuple_(Comment.rank, Comment.id) < tuple_(bindparam("after_rank"), bindparam("after_id")),
    ),
}
LIMIT = bindparam("page_size", type_=Integer)
FIRST_PAGE = {name: query.limit(LIMIT) for name, (query, _) in ORDERS.items()}
NEXT_PAGE = {name: query.where(after).limit(LIMIT) for name, (query, after) in ORDERS.items()}
NAMES = ", ".join(column.name for column in PUBLIC)
REPLIES_OF = (
    # Our own column names; every value is bound.
    "SELECT * FROM (SELECT " + NAMES + " FROM comments WHERE root_id = :r{n} AND status = 'approved' "  # noqa: S608
    "AND thread_id = :thread AND id > :after_id ORDER BY id LIMIT :page_size) AS q{n}"
)


def head(connection: Connection, site: str, keys: Keys) -> ThreadHead | None:
    """Return a thread's head, with id None where nobody has made the thread yet; None without the site."""
    return row_of(ThreadHead, connection.execute(HEAD, {"site": site} | values_of_keys(keys)))


def roots(
    connection: Connection, thread: str, sort: str, after: tuple[int, str] | None, limit: int
) -> Sequence[PublicRow]:
    """Return one page of top-level comments; ``after`` is rank and id of the page's predecessor."""
    values: dict[str, Any] = {"thread": thread, "page_size": limit}
    if after is None:
        return connection.execute(FIRST_PAGE[sort], values).all()
    return connection.execute(NEXT_PAGE[sort], values | {"after_rank": after[0], "after_id": after[1]}).all()


def replies(
    connection: Connection, thread: str, root_ids: Sequence[str], limit: int, after: str = ""
) -> Sequence[PublicRow]:
    """Return the first ``limit`` approved replies below each of a thread's top-level comments.

    One limited look into the index per comment, so that a comment with 100,000 replies costs what
    one with ``limit`` replies does.
    """
    if not root_ids:
        return []
    parts = [REPLIES_OF.format(n=n) for n in range(len(root_ids))]
    values = {f"r{n}": root for n, root in enumerate(root_ids)}
    values |= {"thread": thread, "after_id": after}
    statement = text(" UNION ALL ".join(parts)).columns(*PUBLIC)
    return connection.execute(statement, values | {"page_size": limit}).all()


def counts(connection: Connection, site: str, keys: Sequence[str]) -> dict[str, int]:
    """Return how many comments are public on each thread that exists, by the keys that lead to it."""
    rows = connection.execute(
        select(ASKED.key, Thread.approved_count)
        .join_from(ASKED, Thread, LEADS_TO)
        .where(ASKED.site_id == site, ASKED.key.in_(keys))
    )
    return {row[0]: row[1] for row in rows}
