"""Checking that nobody tampered with what was done to comments."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import groupby

from service.domain.audit import first_break
from service.storage import audit as queries
from service.storage.comments import find_comment
from service.storage.database import Database
from service.storage.records import Record

BATCH = 500
LOOKS = 3  # a comment may be decided between reading it and reading its log


@dataclass(frozen=True, slots=True)
class Break:
    """Where a comment's log does not hold: from which ``sequence`` on, or in its text (None)."""

    comment_id: str
    sequence: int | None


def verify(db: Database) -> tuple[int, list[Break]]:
    """Check the chain of hashes of every comment, and that its text is the one that was decided on.

    Returns how many comments there are, and what does not hold.
    """
    count, breaks = 0, []
    for batch in _batches(db):
        count += len(batch)
        suspects = [comment for comment, rows in batch if _find_break(comment, rows)]
        breaks += [found for comment in suspects if (found := _look_again(db, comment["id"]))]
    return count, breaks


def _batches(db: Database) -> Iterator[list[tuple[Record, list[Record]]]]:
    after = ""
    while True:
        with db.read() as connection:
            comments = queries.comments_after(connection, after, BATCH)
            rows = queries.rows_of(connection, [comment["id"] for comment in comments])
        if not comments:
            return
        yield _joined(comments, rows)
        after = comments[-1]["id"]


def _joined(comments: Collection[Record], rows: Collection[Record]) -> list[tuple[Record, list[Record]]]:
    of = {key: list(group) for key, group in groupby(rows, key=lambda row: row["comment_id"])}
    return [(comment, of.get(comment["id"], [])) for comment in comments]


def _look_again(db: Database, comment_id: str) -> Break | None:
    found = None
    for _ in range(LOOKS):
        with db.read() as connection:
            comment = find_comment(connection, comment_id)
            rows = queries.rows_of(connection, [comment_id])
        found = _find_break(comment, rows) if comment else None
        if found is None:
            break
    return found


def _find_break(comment: Record, rows: list[Record]) -> Break | None:
    sequence = first_break(rows, comment["audit_head"])
    if sequence is not None:
        return Break(comment["id"], sequence)
    digest = hashlib.sha256(comment["body"].encode()).hexdigest()
    # Of a deleted comment the text may be erased; the log keeps its hash.
    if comment["status"] != "deleted" and rows and rows[-1]["body_hash"] != digest:
        return Break(comment["id"], None)
    return None
