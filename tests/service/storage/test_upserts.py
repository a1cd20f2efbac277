"""Rows that may be there already, on both databases."""

from __future__ import annotations

from sqlalchemy import select

from service.storage.database import Database
from service.storage.tables import DecisionCount, Site
from service.storage.upserts import upsert
from tests.conftest import NOW


def test_a_row_is_inserted_once_and_then_changed(db: Database) -> None:
    for count in (2, 3):
        with db.write() as connection:
            row = {"actor_kind": "policy", "outcome": "approve", "count": count}
            upsert(connection, DecisionCount, row, {"count": DecisionCount.count + count})
    with db.read() as connection:
        found = connection.execute(select(DecisionCount.outcome, DecisionCount.count)).all()

    assert [tuple(row) for row in found] == [("approve", 5)]


def test_without_changes_the_row_that_is_there_stays(db: Database) -> None:
    with db.write() as connection:
        upsert(connection, Site, {"id": "demo", "name": "Another", "policy": {}, "created_at": NOW})
        upsert(connection, Site, {"id": "new", "name": "New", "policy": {}, "created_at": NOW})
    with db.read() as connection:
        names = dict(tuple(row) for row in connection.execute(select(Site.id, Site.name)))

    assert names["demo"] != "Another"
    assert names["new"] == "New"
