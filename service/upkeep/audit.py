"""Checking that nobody tampered with what was done, nor with what it was done to."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby
from typing import cast

from sqlalchemy import Connection

from service.domain.audit import COMMENT, FOLDED, STANDS, differences, first_break, part_of
from service.domain.errors import Misconfigured
from service.domain.sealing import RunningHead, SealKey, key_of
from service.storage import audit as queries
from service.storage import ledger, running_heads, standing
from service.storage.database import Database
from service.storage.records import AuditEntry, Sealed, SubjectHead

BATCH = 500
MOST_LOST = 1000  # subjects that are gone: so many are named
LOG = "log"  # what a break of a whole part of the log is called


@dataclass(frozen=True, slots=True)
class Break:
    """Where a subject's log does not hold: from which ``sequence`` on, or in how the subject stands (None).

    ``what`` says it in words. Of a whole part of the log ``kind`` is `LOG` and ``subject_id`` its site.
    """

    kind: str
    subject_id: str
    sequence: int | None
    what: str = field(default="", compare=False)


@dataclass(slots=True)
class _Part:
    """What was found of a part of the log; ``missing`` are entries that breaks found so far tell of."""

    sum: RunningHead
    missing: int = 0
    is_broken: bool = False


class _Check:
    """One look at everything, as it was at one moment."""

    def __init__(self, connection: Connection, key: SealKey | None) -> None:
        self.connection, self.key = connection, key
        self.heads = running_heads.every(connection) if key else {}
        self.count = 0
        self._parts: dict[str, _Part] = {}

    def comments(self) -> Iterator[Break]:
        after = ""
        while batch := queries.comments_after(self.connection, after, BATCH):
            rows = queries.entries(self.connection, COMMENT, [comment.id for comment in batch])
            of = {key: list(group) for key, group in groupby(rows, key=lambda row: row.subject_id)}
            for comment in batch:
                if found := self._of_comment(comment, of.get(comment.id, [])):
                    yield found
            self.count += len(batch)
            after = batch[-1].id

    def _of_comment(self, comment: Sealed, rows: list[AuditEntry]) -> Break | None:
        part = self._part(part_of(COMMENT, comment.site_id))
        self._add(part, rows)
        sequence = first_break(rows, comment.audit_head, self.key, self._since(part))
        if sequence is not None or not rows:
            folded = rows[0].sequence - 1 if rows and rows[0].action == FOLDED else 0
            part.missing += max(comment.version - folded - len(rows), 0)
            return self._broken(part, COMMENT, comment.id, sequence or 1, rows)
        if found := differences(comment, rows, self.key):
            return Break(COMMENT, comment.id, None, f"changed without an entry: {', '.join(found)}")
        return None

    def others(self) -> Iterator[Break]:
        kind, after, marks = "", "", dict[tuple[str, str], str | None]()
        while heads := queries.subjects_after(self.connection, kind, after, BATCH):
            for head in heads:
                found, marks[head.kind, head.id] = self._of_subject(head)
                if found:
                    yield found
                    del marks[head.kind, head.id]
            kind, after = heads[-1].kind, heads[-1].id
            yield from self._of_standing(marks)
            marks = {}
        yield from self._unlogged()

    def _of_subject(self, head: SubjectHead) -> tuple[Break | None, str | None]:
        """Return what does not hold in a subject's log, and the mark of how it stands after it."""
        part = self._part(part_of(head.kind, head.site_id))
        before, mark = part.sum.entries, None

        def rows() -> Iterator[AuditEntry]:
            nonlocal mark
            for row in queries.trail(self.connection, head.kind, head.id, BATCH):
                self._add(part, [row])
                mark = (row.detail or {}).get(STANDS)
                yield row

        trail = rows()
        sequence = first_break(trail, head.audit_head, self.key, self._since(part))
        deque(trail, maxlen=0)  # all count, also those after a break
        if sequence is None:
            return None, cast("str | None", mark)
        part.missing += max(head.sequence - (part.sum.entries - before), 0)
        return self._broken(part, head.kind, head.id, sequence, ()), None

    def _of_standing(self, marks: dict[tuple[str, str], str | None]) -> Iterator[Break]:
        if self.key is None:
            return
        ids = defaultdict(list)
        for (kind, subject), mark in marks.items():
            if mark is not None:
                ids[kind].append(subject)
        for kind, subjects in ids.items():
            stands = standing.of(self.connection, kind, subjects)
            for subject in subjects:
                if self.key.mark(kind, subject, stands.get(subject)) != marks[kind, subject]:
                    yield Break(kind, subject, None, "changed without an entry")

    def _unlogged(self) -> Iterator[Break]:
        """Find what nobody is said to have added."""
        if self.key is None:
            return
        for kind in standing.LOGGED_FROM_THE_START:
            there = sorted(standing.of(self.connection, kind))
            for at in range(0, len(there), BATCH):
                known = queries.known(self.connection, kind, there[at : at + BATCH])
                for subject in there[at : at + BATCH]:
                    if subject not in known:
                        yield Break(kind, subject, None, "added without an entry")
        for site, policy in sorted(standing.of(self.connection, "policy").items()):
            if not standing.is_untouched(policy) and not queries.known(self.connection, "policy", [site]):
                yield Break("policy", site, None, "changed without an entry")

    def lost(self) -> Iterator[Break]:
        for kind, subject in queries.without_subject(self.connection, MOST_LOST):
            yield Break(kind, subject, None, "removed without an entry")

    def parts(self) -> Iterator[Break]:
        """Compare what was found with the running heads."""
        if self.key is None:
            return
        for name in sorted(self.heads.keys() | self._parts.keys()):
            head, found = self.heads.get(name), self._part(name)
            if what := self._of_part(head, found, self.key):
                yield Break(LOG, name, None, what)

    def _of_part(self, head: RunningHead | None, found: _Part, key: SealKey) -> str | None:
        if head is None:
            return "its running head is missing" if found.sum.entries else None
        if not head.holds(key):
            if key_of(head.proof) != key.name:
                return "its running head was sealed with another key (`parley audit seal` takes this one)"
            return "its running head was changed"
        entries = found.sum.entries + found.missing
        if entries != head.entries:
            return f"it has {found.sum.entries} entries and should have {head.entries}"
        if found.sum.total != head.total and not found.is_broken:
            return "entries were put in the place of others"
        return None

    def _broken(
        self, part: _Part, kind: str, subject: str, sequence: int, rows: Iterable[AuditEntry]
    ) -> Break:
        part.is_broken = True
        what = f"broken from entry {sequence} on"
        other = {key_of(row.hash) for row in rows if row.sequence == sequence}
        if self.key and other and other - {None, self.key.name}:
            what += " (sealed with another key)"
        return Break(kind, subject, sequence, what)

    def _part(self, name: str) -> _Part:
        if name not in self._parts:
            # Of the sum only figures are used: when it began does not matter.
            self._parts[name] = _Part(RunningHead.empty(name, datetime.min))
        return self._parts[name]

    def _add(self, part: _Part, rows: Iterable[AuditEntry]) -> None:
        if self.key is not None:
            part.sum = part.sum.summed([row.hash for row in rows], self.key)

    def _since(self, part: _Part) -> datetime | None:
        head = self.heads.get(part.sum.part)
        return head.since if head else None


def verify(db: Database) -> tuple[int, list[Break]]:
    """Check the log of every subject, that each stands as its log says, and that no entry is missing.

    Returns how many comments there are, and what does not hold. It is one look at one moment, in batches:
    what is written meanwhile is not seen, and the time it takes is in proportion to the log.
    """
    with db.snapshot() as connection:
        check = _Check(connection, db.seal_key)
        steps = (check.comments, check.others, check.lost, check.parts)
        breaks = [found for step in steps for found in step()]
    return check.count, breaks


def heads(db: Database) -> list[RunningHead]:
    """Return the running heads: what to note elsewhere, for only there an older state shows as one."""
    with db.read() as connection:
        return sorted(running_heads.every(connection).values(), key=lambda head: head.part)


def newest(db: Database, kind: str | None, limit: int) -> list[AuditEntry]:
    """Return what was done last to what is no comment, the newest first."""
    with db.read() as connection:
        return queries.newest(connection, kind, limit)


def seal_anew(db: Database, now: datetime) -> list[RunningHead]:
    """Seal everything as it stands with the installation's key, and return the heads from before it.

    For after an upgrade to the release that brought the key, and after another key. Whatever was changed
    before is taken as it is, so it is done on demand alone, and it stands in the log.
    """
    if db.seal_key is None:
        raise Misconfigured("There is no key to seal the log with.")
    with db.write() as connection:
        made = _sums(connection, db.seal_key, now)
        running_heads.begin(connection, made)
        for kind in standing.BY_KIND:
            ids = queries.with_a_log(connection, kind) if kind == "thread" else None
            for subject, stands in sorted(standing.of(connection, kind, ids).items()):
                told = ledger.untold(kind, subject, "seal", site_id=stands.get("site_id"))
                ledger.record(connection, told, now)
    return made


def _sums(connection: Connection, key: SealKey, now: datetime) -> list[RunningHead]:
    found = {"": RunningHead.empty("", now)}
    after = 0
    while batch := queries.seals_after(connection, after, BATCH):
        of: dict[str, list[str]] = defaultdict(list)
        for row in batch:
            of[part_of(row.subject_kind, row.site_id)].append(row.hash)
        for part, seals in of.items():
            found[part] = found.get(part, RunningHead.empty(part, now)).summed(seals, key)
        after = batch[-1].id
    return [replace(head, before=head.entries).proven(key) for head in found.values()]
