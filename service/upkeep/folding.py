"""Folding the old end of the audit log: of each subject one sealed entry stays of what was done long ago."""

from __future__ import annotations

from datetime import datetime
from itertools import takewhile

from sqlalchemy import Connection

from service.domain.audit import FOLDED, first_break, folded, part_of
from service.domain.sealing import SealKey
from service.storage import audit, running_heads


def fold(connection: Connection, before: datetime, limit: int) -> int:
    """Fold what was done before a time to up to ``limit`` subjects; return to how many, 0 without a key.

    A log that does not hold is left as it is: folded, it would look as if it did.
    """
    seals = running_heads.seals_of(connection)
    if seals.key is None:
        return 0
    return sum(
        _fold(connection, seals, seals.key, kind, subject, before)
        for kind, subject in audit.with_entries_before(connection, before, limit)
    )


def _fold(
    connection: Connection,
    seals: running_heads.Seals,
    key: SealKey,
    kind: str,
    subject: str,
    before: datetime,
) -> bool:
    head = audit.held_head(connection, kind, subject)
    if head is None:
        return False
    part = part_of(kind, head.site_id)
    known = running_heads.find(connection, part)
    rows = audit.entries(connection, kind, [subject])
    if first_break(rows, head.audit_head, key, known.since if known else None) is not None:
        return False
    old = list(takewhile(lambda row: row.created_at < before, rows))
    if all(row.action == FOLDED for row in old):
        return False
    entry = folded(old, key)
    audit.fold(connection, entry)
    seals.fold(part, old, entry)
    return True
