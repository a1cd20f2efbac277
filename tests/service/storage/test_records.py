"""Rows by name: a record is filled by the columns of its fields, in their order.

Proves `service/storage/records/` too.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from sqlalchemy import func, select

from service.storage.database import Database
from service.storage.records import columns, row_of, rows_of
from service.storage.tables import Site, Thread


@dataclass(frozen=True, slots=True)
class Shown:
    """A site as these tests ask for it."""

    name: str
    id: str
    letters: int


ASKED = select(*columns(Shown, Site, letters=func.length(Site.name))).order_by(Site.id)


def test_a_field_is_the_column_of_its_name_or_the_one_named_for_it(db: Database) -> None:
    with db.read() as connection:
        assert rows_of(Shown, connection.execute(ASKED)) == [
            Shown("Demo", "demo", 4),
            Shown("Other", "other", 5),
        ]
        assert row_of(Shown, connection.execute(ASKED)) == Shown("Demo", "demo", 4)
        assert row_of(Shown, connection.execute(ASKED.where(Site.id == "none"))) is None


def test_the_first_table_that_has_a_name_gives_the_column() -> None:
    name, identity, _ = columns(Shown, Thread, Site, letters=Site.id)

    assert (str(name), str(identity)) == ("sites.name", "threads.id")


def test_a_field_without_a_column_is_a_mistake() -> None:
    with pytest.raises(KeyError, match="no table has a column 'letters'"):
        columns(Shown, Site)
