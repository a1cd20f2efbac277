"""Keys for scoring from outside: made, recognised, dropped.

Proves `service/storage/keys.py` too.
"""

from __future__ import annotations

import pytest

from service.domain.errors import Invalid, NotFound
from service.scoring import keys
from service.storage.database import Database
from tests.conftest import NOW


def test_a_key_is_recognised_and_no_other(db: Database) -> None:
    first = keys.add_key(db, "The Gazette", 60, NOW)
    second = keys.add_key(db, "A robot", 6000, NOW)
    callers = [keys.caller_of(db, secret) for secret in (first, second)]

    assert [caller and (caller.name, caller.per_minute) for caller in callers] == [
        ("The Gazette", 60), ("A robot", 6000),
    ]  # fmt: skip
    assert keys.caller_of(db, first[:-1]) is None
    assert keys.caller_of(db, "") is None


def test_the_database_does_not_hold_the_key(db: Database) -> None:
    secret = keys.add_key(db, "The Gazette", 60, NOW)
    with db.read() as connection:
        rows = connection.exec_driver_sql("SELECT * FROM perspective_keys").all()

    assert len(rows) == 1
    assert secret not in repr(rows)


def test_a_name_is_given_once(db: Database) -> None:
    keys.add_key(db, "The Gazette", 60, NOW)

    with pytest.raises(Invalid) as refused:
        keys.add_key(db, "The Gazette", 60, NOW)
    assert refused.value.problems == (("/name", "'The Gazette' is taken; drop that key first"),)


@pytest.mark.parametrize("name", ["", " x", "a\nb", "x" * 121, "\x00"])
def test_an_odd_name_is_refused(db: Database, name: str) -> None:
    with pytest.raises(Invalid):
        keys.add_key(db, name, 60, NOW)
    assert keys.list_keys(db) == []


def test_a_dropped_key_is_unknown(db: Database) -> None:
    secret = keys.add_key(db, "The Gazette", 60, NOW)
    keys.drop_key(db, "The Gazette", NOW)

    assert keys.caller_of(db, secret) is None
    with pytest.raises(NotFound, match="no key named 'The Gazette'"):
        keys.drop_key(db, "The Gazette", NOW)


def test_no_number_is_given_twice(db: Database) -> None:
    """It counts the quota, and stands in the log."""
    numbers = []
    for _ in range(2):
        caller = keys.caller_of(db, keys.add_key(db, "The Gazette", 60, NOW))
        assert caller is not None
        numbers.append(caller.id)
        keys.drop_key(db, "The Gazette", NOW)

    assert numbers[0] != numbers[1]
