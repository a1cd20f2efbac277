"""Queries on suggested scores."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select

from service.storage.records import Community, StoredSuggestion, columns, rows_of
from service.storage.tables import Suggestion

OUT_AT_ONCE = 100  # rows that one insert deletes at most, where very many are to go


def add(connection: Connection, row: Mapping[str, Any], most: int) -> None:
    """Insert a suggestion, and delete what now lies ``most`` ids back: the table is a ring.

    Looked up by primary key, however many there are. Of ids that were never used or are deleted there is
    nothing to find, so fewer may be kept, never more.
    """
    number = connection.execute(insert(Suggestion).returning(Suggestion.id), row).scalar_one()
    # A row that is locked is being deleted by another: nobody waits for it here, and nobody deadlocks.
    behind = select(Suggestion.id).where(Suggestion.id <= number - most).order_by(Suggestion.id)
    out = list(connection.scalars(behind.limit(OUT_AT_ONCE).with_for_update(skip_locked=True)))
    if out:
        connection.execute(delete(Suggestion).where(Suggestion.id.in_(out)))


def batch_after(
    connection: Connection, number: int, limit: int, community: str | None
) -> list[StoredSuggestion]:
    """Return up to ``limit`` suggestions after an id, by id; of one community, or of all (None)."""
    wanted = select(*columns(StoredSuggestion, Suggestion))
    wanted = wanted.where(Suggestion.id > number, *_conditions(community))
    return rows_of(StoredSuggestion, connection.execute(wanted.order_by(Suggestion.id).limit(limit)))


def communities(connection: Connection) -> list[Community]:
    """Return each community with how much it suggested, by its name."""
    times = {"first": func.min(Suggestion.created_at), "last": func.max(Suggestion.created_at)}
    counted = select(*columns(Community, Suggestion, count=func.count(), **times))
    counted = counted.group_by(Suggestion.community).order_by(Suggestion.community)
    return rows_of(Community, connection.execute(counted))


def drop(
    connection: Connection, limit: int, *, community: str | None, token: str | None, before: datetime | None
) -> int:
    """Delete up to ``limit`` suggestions for which all that is not None holds; return how many."""
    wanted = select(Suggestion.id).where(*_conditions(community, token, before))
    # The order that an index gives: SQLite would read every text to find out that nothing is old.
    by_age = community is None and token is None
    ordered = wanted.order_by(Suggestion.created_at if by_age else Suggestion.id)
    chosen = ordered.limit(limit).with_for_update().cte("chosen")
    gone = delete(Suggestion).where(Suggestion.id.in_(select(chosen.c.id)))
    return len(connection.execute(gone.returning(Suggestion.id)).all())


def _conditions(
    community: str | None, token: str | None = None, before: datetime | None = None
) -> list[ColumnElement[bool]]:
    conditions = []
    if community is not None:
        conditions.append(Suggestion.community == community)
    if token is not None:
        conditions.append(Suggestion.token == token)
    if before is not None:
        conditions.append(Suggestion.created_at < before)
    return conditions
