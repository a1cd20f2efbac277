"""Keys for those who have texts scored from outside: who they are, and how much they may ask."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from service.domain.errors import Invalid, NotFound
from service.domain.ids import fingerprint
from service.storage import keys as queries
from service.storage import ledger
from service.storage.database import Database
from service.storage.records import Key

PREFIX = "parley_key_"  # lets secret scanners recognise a leaked key
MAX_NAME = 120


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose key it is; ``per_minute`` is the quota of requests."""

    id: int
    name: str
    per_minute: int


def add_key(db: Database, name: str, per_minute: int, now: datetime) -> str:
    """Make a key and return it; it cannot be shown again. Raises `Invalid` if the name is taken or odd."""
    if not (0 < len(name) <= MAX_NAME and name.isprintable() and name == name.strip()):
        raise Invalid([("/name", f"must be 1 to {MAX_NAME} printable characters without spaces around them")])
    secret = PREFIX + secrets.token_urlsafe(24)
    try:
        with db.write() as connection:
            number = queries.add(connection, name, fingerprint(secret), per_minute, now)
            _tell(connection, number, name, "add", now)
    except IntegrityError:
        raise Invalid([("/name", f"{name!r} is taken; drop that key first")]) from None
    return secret


def list_keys(db: Database) -> list[Key]:
    """Return every key by its name."""
    with db.read() as connection:
        return queries.every_key(connection)


def drop_key(db: Database, name: str, now: datetime) -> None:
    """Refuse a key from now on; raise `NotFound`."""
    with db.write() as connection:
        number = queries.drop(connection, name)
        if number is None:
            raise NotFound(f"There is no key named {name!r}.")
        _tell(connection, number, name, "drop", now)


def _tell(connection: Connection, number: int, name: str, action: str, now: datetime) -> None:
    """Write what was done to a key into the audit log."""
    happening = ledger.untold("key", str(number), action, detail={"name": name})
    ledger.record(connection, happening, now)


def caller_of(db: Database, secret: str) -> Caller | None:
    """Return whose key a secret is."""
    with db.read() as connection:
        found = queries.find(connection, fingerprint(secret))
    return None if found is None else Caller(found.id, found.name, found.per_minute)
