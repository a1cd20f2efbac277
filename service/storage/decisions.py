"""Decisions as they were made, with their evidence. They are written by `moves`."""

from __future__ import annotations

from sqlalchemy import Connection, select

from service.storage.records import DecisionRow, columns, rows_of
from service.storage.tables import Decision


def of_subject(connection: Connection, site_id: str, kind: str, subject_id: str) -> list[DecisionRow]:
    """Return everything that was decided about one subject, oldest first."""
    query = select(*columns(DecisionRow, Decision)).where(
        Decision.site_id == site_id, Decision.subject_kind == kind, Decision.subject_id == subject_id
    )
    return rows_of(DecisionRow, connection.execute(query.order_by(Decision.sequence)))
