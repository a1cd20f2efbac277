"""How a query fills a record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any, TypeVar, cast

from sqlalchemy import ColumnElement, Result

Row = TypeVar("Row")


def columns(kind: type[Any], *tables: type[Any], **named: Any) -> tuple[ColumnElement[Any], ...]:
    """Return the columns that fill a record, in the order of its fields.

    A field is the column ``named`` for it, else the first of that name in one of the ``tables``.
    """
    return tuple(
        named[one.name].label(one.name) if one.name in named else _column(one.name, tables)
        for one in fields(kind)
    )


def _column(name: str, tables: Sequence[type[Any]]) -> ColumnElement[Any]:
    for table in tables:
        if name in table.__table__.c:
            return cast(ColumnElement[Any], table.__table__.c[name])
    raise KeyError(f"no table has a column {name!r}")


def rows_of(kind: type[Row], result: Result[*tuple[Any, ...]]) -> list[Row]:
    """Return all rows of a query on `columns` of ``kind``."""
    return [kind(*row) for row in result]


def row_of(kind: type[Row], result: Result[*tuple[Any, ...]]) -> Row | None:
    """Return the first row of a query on `columns` of ``kind``, or None."""
    row = result.first()
    return None if row is None else kind(*row)


def values_of(row: Any) -> dict[str, Any]:
    """Return a record as the values of an insert."""
    return {one.name: getattr(row, one.name) for one in fields(row)}
