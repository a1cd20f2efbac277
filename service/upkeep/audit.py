"""Checking that nobody tampered with what was done to comments."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from service.domain.audit import COMMENT, first_break
from service.domain.comment import Status
from service.storage import audit as queries
from service.storage.database import Database
from service.storage.records import AuditEntry, Sealed

BATCH = 500
LOOKS = 3  # a comment may be decided between reading it and reading its log


@dataclass(frozen=True, slots=True)
class Break:
    """Where a subject's log does not hold: from which ``sequence`` on, or in its text (None)."""

    kind: str
    subject_id: str
    sequence: int | None


def verify(db: Database) -> tuple[int, list[Break]]:
    """Check the chain of hashes of every comment, and that its text is the one that was decided on.

    The chains of all other subjects are checked too. Returns how many comments there are, and what does not
    hold.
    """
    count, breaks = 0, []
    for batch in _batches(db):
        count += len(batch)
        suspects = [comment for comment, rows in batch if _find_break(comment, rows)]
        breaks += [found for comment in suspects if (found := _look_again(db, comment.id))]
    return count, breaks + list(_breaks_of_others(db))


def _batches(db: Database) -> Iterator[list[tuple[Sealed, list[AuditEntry]]]]:
    after = ""
    while True:
        with db.read() as connection:
            comments = queries.comments_after(connection, after, BATCH)
            rows = queries.entries(connection, COMMENT, [comment.id for comment in comments])
        if not comments:
            return
        of = {key: list(group) for key, group in groupby(rows, key=lambda row: row.subject_id)}
        yield [(comment, of.get(comment.id, [])) for comment in comments]
        after = comments[-1].id


def _look_again(db: Database, comment_id: str) -> Break | None:
    found = None
    for _ in range(LOOKS):
        with db.read() as connection:
            comment = queries.sealed(connection, comment_id)
            rows = queries.entries(connection, COMMENT, [comment_id])
        found = _find_break(comment, rows) if comment else None
        if found is None:
            break
    return found


def _find_break(comment: Sealed, rows: list[AuditEntry]) -> Break | None:
    sequence = first_break(rows, comment.audit_head)
    if sequence is not None:
        return Break(COMMENT, comment.id, sequence)
    digest = hashlib.sha256(comment.body.encode()).hexdigest()
    # Of a deleted comment, and of one refused long ago, the text is erased; the log keeps its hash.
    is_erased = comment.status == Status.DELETED or (comment.status == Status.REJECTED and not comment.body)
    if not is_erased and rows and rows[-1].body_hash != digest:
        return Break(COMMENT, comment.id, None)
    return None


def _breaks_of_others(db: Database) -> Iterator[Break]:
    kind, after = "", ""
    while True:
        with db.read() as connection:
            heads = queries.subjects_after(connection, kind, after, BATCH)
            for head in heads:
                rows = queries.entries(connection, head.kind, [head.id])
                rows = [row for row in rows if row.sequence <= head.sequence]  # later ones came meanwhile
                if (sequence := first_break(rows, head.audit_head)) is not None:
                    yield Break(head.kind, head.id, sequence)
        if not heads:
            return
        kind, after = heads[-1].kind, heads[-1].id
