"""Queries on sketches of texts, by which nearly the same text is found."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from service.storage.records import LikeText
from service.storage.tables import Likeness

MOST = 4096  # rows that are looked at for a batch, the newest; what many texts share tells little
KEEP = insert(Likeness)


def find(connection: Connection, hashes: set[tuple[str, int]], since: datetime) -> list[LikeText]:
    """Return the texts of one site or another that share a hash with a batch; newest first."""
    if not hashes:
        return []
    rows = connection.execute(
        select(Likeness.comment_id, Likeness.site_id, Likeness.thread_id, Likeness.author_id, Likeness.hash)
        .where(
            Likeness.site_id.in_({site for site, _ in hashes}),
            Likeness.hash.in_({one for _, one in hashes}),
            Likeness.created_at >= since,
        )
        .order_by(Likeness.created_at.desc())
        .limit(MOST)
    )
    found: dict[tuple[str, str, str, str | None], list[int]] = defaultdict(list)
    for comment, site, thread, author, one in rows:
        found[comment, site, thread, author].append(one)
    return [LikeText(*whose, tuple(shared)) for whose, shared in found.items()]


def keep(connection: Connection, texts: Sequence[LikeText], now: datetime) -> None:
    """Keep the sketches of texts that are like no other yet."""
    rows = [
        {"site_id": text.site_id, "hash": one, "comment_id": text.comment_id, "thread_id": text.thread_id,
         "author_id": text.author_id, "created_at": now}
        for text in texts
        for one in text.hashes
    ]  # fmt: skip
    if rows:
        connection.execute(KEEP, rows)


def forget(connection: Connection, before: datetime, limit: int) -> int:
    """Delete up to ``limit`` hashes that were kept before a time; return how many."""
    old = select(Likeness.site_id, Likeness.hash, Likeness.comment_id).where(Likeness.created_at < before)
    gone = connection.execute(old.order_by(Likeness.created_at).limit(limit)).all()
    for site in {row[0] for row in gone}:
        ids = {row[2] for row in gone if row[0] == site}
        connection.execute(delete(Likeness).where(Likeness.site_id == site, Likeness.comment_id.in_(ids)))
    return len(gone)
