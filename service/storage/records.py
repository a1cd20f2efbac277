"""Rows as plain dictionaries, which is what the layers above read."""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy import Result

Record = dict[str, Any]


def first(result: Result[*tuple[Any, ...]]) -> Record | None:
    """Return the first row, or None."""
    row = result.mappings().first()
    return None if row is None else cast(Record, dict(row))


def every(result: Result[*tuple[Any, ...]]) -> list[Record]:
    """Return all rows."""
    return [cast(Record, dict(row)) for row in result.mappings()]
