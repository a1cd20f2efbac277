"""Queries on comments. Each function is one statement, or as few as it takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    JSON,
    ColumnElement,
    Connection,
    Select,
    Subquery,
    and_,
    bindparam,
    func,
    insert,
    literal_column,
    or_,
    select,
    union,
    update,
)

from service.domain.audit import COMMENT
from service.domain.comment import Status
from service.domain.policy_members import PACE
from service.storage.records import Answered, CommentForLedger, CommentRow, columns, row_of, rows_of
from service.storage.tables import Comment, IdempotencyKey, Thread

OF_THREAD = {
    "thread_key": Thread.key,
    "thread_url": Thread.url,
    "thread_title": Thread.title,
    "thread_premoderate": Thread.premoderate,
}
# Built once: putting a statement together costs as much as running it.
WITH_THREAD = select(*columns(CommentRow, Comment, **OF_THREAD)).join(Thread, Thread.id == Comment.thread_id)
ANSWERED = (
    select(IdempotencyKey.key_hash, IdempotencyKey.request_hash, Comment.id, Comment.status)
    .join(Comment, Comment.id == IdempotencyKey.subject_id)
    .where(
        IdempotencyKey.subject_kind == COMMENT,
        IdempotencyKey.key_hash.in_(bindparam("key_hashes", expanding=True)),
    )
)
KEEP_KEY = insert(IdempotencyKey)
SUSPECT_TRIES = 2
LONGEST_CLAIM = timedelta(minutes=2)  # more than any lease or rest
LOOKED_AT = 2048  # comments at either end of a backlog among which turns are taken: a claim costs no more
# Of those beyond their own pace: alone, for whoever comes meanwhile waits for these, and beside others.
PRESSED_AT_ONCE, PRESSED_BESIDE = 4, 1
IS_PRESSED = or_(
    *(func.coalesce(Comment.pressure[axis].as_integer(), 0) > pace for axis, pace in PACE.items())
)
# Written out, not bound: only then may a prepared statement use the small index of what waits.
IS_RECEIVED = Comment.status == literal_column("'received'")
OWN_CLAIM = and_(Comment.claimed_by == bindparam("owner"), IS_RECEIVED)
CLAIMED = (
    select(*columns(CommentForLedger, Comment, **OF_THREAD))
    .join(Thread, Thread.id == Comment.thread_id)
    .where(OWN_CLAIM)
    .order_by(Comment.id)
)
HELD = select(Comment.id, Comment.thread_id).where(OWN_CLAIM).order_by(Comment.id).with_for_update()


def find_idempotent(connection: Connection, key_hashes: Sequence[str]) -> dict[str, Answered]:
    """Return what was answered under these keys."""
    found = connection.execute(ANSWERED, {"key_hashes": list(key_hashes)})
    return {row[0]: Answered(*row[1:]) for row in found}


def keep_idempotent(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Remember answered requests; raises IntegrityError when another writer was faster."""
    if rows:
        connection.execute(KEEP_KEY, rows)


def find_comment(connection: Connection, comment_id: str, *, lock: bool = False) -> CommentRow | None:
    """Return one comment with its thread; ``lock`` holds the row until the transaction ends."""
    query = WITH_THREAD.where(Comment.id == comment_id)
    if lock:  # first alone: while it is waited for, it may go to another thread
        connection.execute(select(Comment.id).where(Comment.id == comment_id).with_for_update())
    return row_of(CommentRow, connection.execute(query))


def claim_received(connection: Connection, owner: str, now: datetime, until: datetime, limit: int) -> int:
    """Claim up to ``limit`` comments that wait to be scored; return how many.

    A claim is a lease: it ends at ``until`` by itself, so a dead worker holds nothing for long. A comment
    that failed twice is claimed alone, so that one that kills the scorer is soon found and takes no
    others along. Who waits longest is first, unless more wait than are claimed: then sites take turns, in
    each its threads, and in each its authors, so that a flood holds up itself and hardly anybody else.
    Those that came faster than their author or network should post are claimed a few at a time when no others
    wait, and else one beside the others: a decision is written with its whole batch.
    """
    free = _is_free(now)
    oldest = connection.execute(select(Comment.tries).where(free).order_by(Comment.id).limit(1)).scalar()
    if oldest is None:
        return 0
    if oldest >= SUSPECT_TRIES:
        return _claim(connection, owner, until, and_(free, Comment.tries >= SUSPECT_TRIES), 1)
    free = and_(free, Comment.tries < SUSPECT_TRIES)
    pressed = _first_pressed(connection, free, min(limit - 1, PRESSED_BESIDE))
    beside = _claim(connection, owner, until, and_(free, Comment.id.in_(pressed)), limit) if pressed else 0
    calm, limit, count = and_(free, ~IS_PRESSED), limit - beside, 0
    if fair := _in_turns(connection, calm, limit):
        count = _claim(connection, owner, until, and_(free, Comment.id.in_(fair)), limit)
    if count < limit:  # few wait, or another worker chose the same
        count += _claim(connection, owner, until, calm, limit - count)
    if not count:
        count = _claim(connection, owner, until, free, min(limit, PRESSED_AT_ONCE - beside))
    return count + beside


def any_wait(connection: Connection, now: datetime) -> bool:
    """Whether any comment waits that nobody has claimed."""
    return connection.execute(select(Comment.id).where(_is_free(now)).limit(1)).first() is not None


def _is_free(now: datetime) -> ColumnElement[bool]:
    """Whether nobody has claimed a comment, and it does not rest.

    A claim to an end that none can have is that of a clock that was ahead: it holds nothing.
    """
    is_held = and_(Comment.claimed_until >= now, Comment.claimed_until <= now + LONGEST_CLAIM)
    return and_(IS_RECEIVED, or_(Comment.claimed_until.is_(None), ~is_held))


def _first_pressed(connection: Connection, free: ColumnElement[bool], count: int) -> list[str]:
    """Return who waits longest of those beyond their pace, as far as a claim looks."""
    pressed = IS_PRESSED.label("pressed")
    first = select(Comment.id, pressed).where(free).order_by(Comment.id).limit(LOOKED_AT).subquery()
    return list(connection.scalars(select(first.c.id).where(first.c.pressed).limit(count)))


def _in_turns(connection: Connection, free: ColumnElement[bool], limit: int) -> list[str]:
    """Return whose turn it is among those who wait longest and those who just came; none if it is all's."""
    waits = select(Comment.id).where(free)
    if len(connection.execute(waits.order_by(Comment.id).limit(limit + 1)).all()) <= limit:
        return []
    ends = [waits.order_by(end).limit(LOOKED_AT).subquery() for end in (Comment.id, Comment.id.desc())]
    seen = union(*(select(end.c.id) for end in ends)).subquery()
    by_author = _ranked(
        select(Comment.id, Comment.site_id, Comment.thread_id, Comment.author_id).join(
            seen, seen.c.id == Comment.id
        ),
        ["site_id", "thread_id", "author_id"],
    )
    by_thread = _ranked(select(by_author), ["site_id", "thread_id"], is_turned=True)
    by_site = _ranked(select(by_thread), ["site_id"], is_turned=True)
    order = by_site.c.turn, by_site.c.id
    return list(connection.scalars(select(by_site.c.id).order_by(*order).limit(limit)))


def _ranked(rows: Select[*tuple[Any, ...]], names: Sequence[str], *, is_turned: bool = False) -> Subquery:
    """Number the rows that have the named columns in common, by their turn until now and their age."""
    source = rows.subquery()
    order = [source.c.turn, source.c.id] if is_turned else [source.c.id]
    number = func.row_number().over(partition_by=[source.c[name] for name in names], order_by=order)
    kept = [source.c[name] for name in ("id", "site_id", "thread_id", "author_id")]
    return select(*kept, number.label("turn")).subquery()


def _claim(
    connection: Connection, owner: str, until: datetime, which: ColumnElement[bool], limit: int
) -> int:
    chosen = (
        select(Comment.id)
        .where(which)
        .order_by(Comment.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("chosen")  # computed once; PostgreSQL may run a plain subquery, and its limit, again per row
    )
    claim = (
        update(Comment)
        .where(Comment.id.in_(select(chosen.c.id)), IS_RECEIVED)
        .values(claimed_by=owner, claimed_until=until, tries=Comment.tries + 1)
        .returning(Comment.id)
    )
    return len(connection.execute(claim).all())


def claimed(connection: Connection, owner: str) -> list[CommentForLedger]:
    """Return the comments that ``owner`` claimed, in order of id."""
    return rows_of(CommentForLedger, connection.execute(CLAIMED, {"owner": owner}))


def hold(connection: Connection, owner: str) -> dict[str, str]:
    """Return the comments that ``owner`` still holds, each with the thread where it is now.

    They are locked until the transaction ends. Since they were claimed, their thread may have been merged.
    """
    return {row.id: row.thread_id for row in connection.execute(HELD, {"owner": owner})}


def release(connection: Connection, owner: str, comment_ids: Sequence[str], until: datetime) -> None:
    """Give comments back unscored; they rest until the given time."""
    connection.execute(
        update(Comment)
        .where(Comment.id.in_(comment_ids), Comment.claimed_by == owner)
        .values(claimed_by=None, claimed_until=until)
    )


def mark_words(connection: Connection, found: Sequence[tuple[str, int, list[list[float]]]]) -> None:
    """Store marked words by (id, version, spans); nothing where a comment has moved on since."""
    marked = (
        update(Comment)
        .where(Comment.id == bindparam("b_id"), Comment.version == bindparam("b_version"))
        .values(spans=bindparam("b_spans", type_=JSON))
    )
    names = ("b_id", "b_version", "b_spans")
    connection.execute(marked, [dict(zip(names, one, strict=True)) for one in found])


def approved_by_author(connection: Connection, authors: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return which of the (site, author) pairs have an approved comment."""
    if not authors:
        return set()
    rows = connection.execute(
        select(Comment.site_id, Comment.author_id)
        .where(
            Comment.site_id.in_({site for site, _ in authors}),
            Comment.author_id.in_({author for _, author in authors}),
            Comment.status == Status.APPROVED.value,
        )
        .distinct()
    )
    return {(str(row[0]), str(row[1])) for row in rows}


def earlier_texts(
    connection: Connection, thread_ids: set[str], authors: set[str], hashes: set[str]
) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    """Return the (thread, text hash) and the (author, text hash) pairs that stand in the database."""
    in_threads = connection.execute(
        select(Comment.thread_id, Comment.text_hash).where(
            Comment.thread_id.in_(thread_ids), Comment.text_hash.in_(hashes)
        )
    )
    threads = {(str(row[0]), str(row[1])) for row in in_threads}
    if not authors:
        return threads, set()
    by_authors = connection.execute(
        select(Comment.author_id, Comment.text_hash).where(
            Comment.author_id.in_(authors), Comment.text_hash.in_(hashes)
        )
    )
    return threads, {(str(row[0]), str(row[1])) for row in by_authors}


def forget_pages(connection: Connection, site: str, holds: Callable[[str], bool]) -> None:
    """Forget what posts said of pages of which a site takes none any more, before it is published."""
    said = select(Comment.page_url).where(Comment.site_id == site, Comment.page_url.is_not(None)).distinct()
    for url in [one for one in connection.scalars(said) if one and not holds(one)]:
        connection.execute(
            update(Comment)
            .where(Comment.site_id == site, Comment.page_url == url)
            .values(page_title=None, page_url=None, page_key=None)
        )


def backlog(connection: Connection) -> tuple[int, datetime | None]:
    """Return how many comments wait to be scored, and since when the oldest does."""
    row = connection.execute(select(func.count(), func.min(Comment.created_at)).where(IS_RECEIVED)).one()
    return row[0], row[1]
