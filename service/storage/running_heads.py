"""The running heads of the audit log: written at the end of each transaction that added to it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from service.domain.audit import Sealed
from service.domain.sealing import RunningHead, SealKey
from service.storage.records import columns, row_of, rows_of, values_of
from service.storage.tables import AuditHead
from service.storage.upserts import upsert

EVERY = select(*columns(RunningHead, AuditHead))
WRITTEN = ("entries", "total", "before", "proof")
# Made once: each post needs both, and putting a statement together costs more than running it.
HELD = EVERY.where(AuditHead.part == bindparam("b_part")).with_for_update()
WRITE = (
    update(AuditHead)
    .where(AuditHead.part == bindparam("b_part"))
    .values({name: bindparam(f"b_{name}") for name in WRITTEN})
)


class Seals:
    """The key of one transaction, and what it adds to the running heads.

    They are written last: all writers of a site meet at its head, so nobody may wait for anything else while
    holding it, and whoever takes several takes them in the same order.
    """

    def __init__(self, key: SealKey | None) -> None:
        self.key = key
        self._noted: dict[str, list[str]] = defaultdict(list)
        self._gone: dict[str, list[Sealed]] = defaultdict(list)
        self._at: datetime | None = None

    def note(self, part: str, seal: str, at: datetime) -> None:
        """Remember an entry that was added to a part of the log."""
        self._noted[part].append(seal)
        self._at = min(at, self._at or at)

    def fold(self, part: str, gone: Iterable[Sealed], entry: Sealed) -> None:
        """Remember that an entry stands for some of a part of the log now."""
        self._gone[part] += gone
        self.note(part, entry.hash, entry.created_at)

    def write(self, connection: Connection) -> None:
        """Write what was remembered; for the end of the transaction."""
        if self.key is None or self._at is None:
            return
        for part in sorted(self._noted):
            head, gone = _held(connection, part, self.key, self._at), self._gone[part]
            before = sum(row.created_at < head.since for row in gone)
            head = head.without([row.hash for row in gone], before, self.key) if gone else head
            _write(connection, head.plus(self._noted[part], self.key))


def seals_of(connection: Connection) -> Seals:
    """Return the seals of the transaction that a connection is in."""
    found: Seals = connection.get_execution_options()["parley_seals"]
    return found


def every(connection: Connection) -> dict[str, RunningHead]:
    """Return all running heads by their part."""
    return {head.part: head for head in rows_of(RunningHead, connection.execute(EVERY))}


def find(connection: Connection, part: str) -> RunningHead | None:
    """Return the head of one part of the log."""
    return row_of(RunningHead, connection.execute(EVERY.where(AuditHead.part == part)))


def begin(connection: Connection, heads: Iterable[RunningHead]) -> None:
    """Put other heads in the place of all that there are."""
    connection.execute(delete(AuditHead))
    connection.execute(insert(AuditHead), [values_of(head) for head in heads])


def _held(connection: Connection, part: str, key: SealKey, now: datetime) -> RunningHead:
    """Return the head of a part, held until the transaction ends; made if it is new."""
    found = row_of(RunningHead, connection.execute(HELD, {"b_part": part}))
    if found is None:
        upsert(connection, AuditHead, values_of(RunningHead.empty(part, now).proven(key)))
        found = rows_of(RunningHead, connection.execute(HELD, {"b_part": part}))[0]
    return found


def _write(connection: Connection, head: RunningHead) -> None:
    values = {f"b_{name}": getattr(head, name) for name in ("part", *WRITTEN)}
    connection.execute(WRITE, values)
