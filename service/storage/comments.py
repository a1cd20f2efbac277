"""Queries on comments and threads. Each function is one statement, or as few as it takes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import JSON, Connection, and_, bindparam, func, insert, literal_column, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from service.domain.ids import new_id
from service.storage.records import Record, every, first
from service.storage.tables import AuditRow, Comment, IdempotencyKey, Thread

COMMENT_WITH_THREAD = (
    *Comment.__table__.c,
    Thread.key.label("thread_key"),
    Thread.url.label("thread_url"),
    Thread.title.label("thread_title"),
    Thread.premoderate.label("thread_premoderate"),
)
# What an outbox event and an audit row need: less to read than a whole row.
FOR_LEDGER = (
    *(Comment.__table__.c[name] for name in (
        "id", "site_id", "thread_id", "parent_id", "root_id", "author_id", "author_name", "body", "status",
        "version", "audit_head", "created_at", "tries",
    )),
    Thread.key.label("thread_key"),
    Thread.url.label("thread_url"),
    Thread.title.label("thread_title"),
    Thread.premoderate.label("thread_premoderate"),
)  # fmt: skip

# Built once: putting a statement together costs as much as running it.
ANSWERED = (
    select(IdempotencyKey.key_hash, IdempotencyKey.request_hash, Comment.id, Comment.status)
    .join(Comment, Comment.id == IdempotencyKey.comment_id)
    .where(IdempotencyKey.key_hash.in_(bindparam("key_hashes", expanding=True)))
)
KEEP_KEY = insert(IdempotencyKey)
SUSPECT_TRIES = 2
# Written out, not bound: only then may a prepared statement use the small index of what waits.
IS_RECEIVED = Comment.status == literal_column("'received'")
OWN_CLAIM = and_(Comment.claimed_by == bindparam("owner"), IS_RECEIVED)
CLAIMED = (
    select(*FOR_LEDGER).join(Thread, Thread.id == Comment.thread_id).where(OWN_CLAIM).order_by(Comment.id)
)
HELD = select(Comment.id).where(OWN_CLAIM).order_by(Comment.id).with_for_update()


def make_thread(
    connection: Connection, site: str, key: str, url: str, title: str | None, now: datetime
) -> Record:
    """Insert a thread, or find the one that another writer made in the same moment."""
    values = {"id": new_id(now), "site_id": site, "key": key, "url": url, "title": title, "created_at": now,
              "premoderate": False, "approved_count": 0, "version": 0}  # fmt: skip
    make = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    connection.execute(make(Thread).values(values).on_conflict_do_nothing())
    found = connection.execute(select(*Thread.__table__.c).where(Thread.site_id == site, Thread.key == key))
    return every(found)[0]


def find_idempotent(connection: Connection, key_hashes: Sequence[str]) -> dict[str, Record]:
    """Return request_hash, id and status of the requests that were answered under these keys."""
    found = every(connection.execute(ANSWERED, {"key_hashes": list(key_hashes)}))
    return {row.pop("key_hash"): row for row in found}


def keep_idempotent(connection: Connection, rows: Sequence[Record]) -> None:
    """Remember answered requests; raises IntegrityError when another writer was faster."""
    if rows:
        connection.execute(KEEP_KEY, rows)


def find_comment(connection: Connection, comment_id: str, *, lock: bool = False) -> Record | None:
    """Return one comment with its thread; ``lock`` holds the row until the transaction ends."""
    query = (
        select(*COMMENT_WITH_THREAD)
        .join(Thread, Thread.id == Comment.thread_id)
        .where(Comment.id == comment_id)
    )
    return first(connection.execute(query.with_for_update(of=Comment) if lock else query))


def claim_received(connection: Connection, owner: str, now: datetime, until: datetime, limit: int) -> int:
    """Claim up to ``limit`` comments that wait to be scored, oldest first; return how many.

    A claim is a lease: it ends at ``until`` by itself, so a dead worker holds nothing for long. A comment
    that failed twice is claimed alone, so that one that kills the scorer is soon found and takes no
    others along.
    """
    free = and_(IS_RECEIVED, or_(Comment.claimed_until.is_(None), Comment.claimed_until < now))
    oldest = connection.execute(select(Comment.tries).where(free).order_by(Comment.id).limit(1)).scalar()
    if oldest is None:
        return 0
    alone = oldest >= SUSPECT_TRIES
    chosen = (
        select(Comment.id)
        .where(free, Comment.tries >= SUSPECT_TRIES if alone else Comment.tries < SUSPECT_TRIES)
        .order_by(Comment.id)
        .limit(1 if alone else limit)
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


def claimed(connection: Connection, owner: str) -> list[Record]:
    """Return the comments that ``owner`` claimed, in order of id."""
    return every(connection.execute(CLAIMED, {"owner": owner}))


def hold(connection: Connection, owner: str) -> set[str]:
    """Return the ids of the comments that ``owner`` still holds, locked until the transaction ends."""
    return set(connection.execute(HELD, {"owner": owner}).scalars())


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
            Comment.status == "approved",
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


def backlog(connection: Connection) -> tuple[int, datetime | None]:
    """Return how many comments wait to be scored, and since when the oldest does."""
    row = connection.execute(select(func.count(), func.min(Comment.created_at)).where(IS_RECEIVED)).one()
    return row[0], row[1]


def last_audit_row(connection: Connection, comment_id: str) -> Record | None:
    """Return the latest thing done to a comment."""
    query = select(*AuditRow.__table__.c).where(AuditRow.comment_id == comment_id)
    return first(connection.execute(query.order_by(AuditRow.sequence.desc()).limit(1)))


def audit_rows(connection: Connection, comment_id: str) -> list[Record]:
    """Return everything done to a comment, oldest first."""
    query = select(*AuditRow.__table__.c).where(AuditRow.comment_id == comment_id)
    return every(connection.execute(query.order_by(AuditRow.sequence)))


def by_status(connection: Connection, site: str, status: str, after: str | None, limit: int) -> list[Record]:
    """Return a site's comments of one status with their threads, oldest first, by keyset."""
    query = (
        select(*COMMENT_WITH_THREAD)
        .join(Thread, Thread.id == Comment.thread_id)
        .where(Comment.site_id == site, Comment.status == status, Comment.id > (after or ""))
        .order_by(Comment.id)
        .limit(limit)
    )
    return every(connection.execute(query))
