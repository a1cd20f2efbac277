"""The model that all hosts use."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select

from service.storage.records import ChosenModel, columns, row_of
from service.storage.tables import ModelChoice
from service.storage.upserts import upsert

ONLY = 1  # the id of the one row


def chosen(connection: Connection) -> ChosenModel | None:
    """Return what was chosen; None before the first choice."""
    return row_of(ChosenModel, connection.execute(select(*columns(ChosenModel, ModelChoice))))


def choose(connection: Connection, current: str, history: Sequence[str]) -> None:
    """Put a choice in the place of the one before."""
    named = {"current": current, "history": list(history)}
    upsert(
        connection,
        ModelChoice,
        {"id": ONLY, "number": 1, **named},
        {"number": ModelChoice.number + 1, **named},
    )
