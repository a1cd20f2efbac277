"""The ledger: whatever happens to a subject is one audit row and one event, written with the change itself.

Comments keep the head of their own chain and have `moves`; every other subject has a row in ``subjects``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, insert, select, update

from service.domain import audit, events
from service.domain.ids import new_id
from service.storage.records import SubjectHead, columns, rows_of
from service.storage.tables import AuditRow, Event, Subject
from service.storage.upserts import upsert

INSERT_AUDIT, INSERT_EVENT = insert(AuditRow), insert(Event)
SEALED_COLUMNS = tuple(one.name for one in fields(audit.Entry))


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to one subject: its row in the audit log, the hash of the row before, and its event."""

    site_id: str
    entry: audit.Entry
    previous: str
    event: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Happening:
    """What happened to a subject that is no comment: a thread, a policy, an endpoint, a moderator's role.

    ``event`` is the event's type, named by what happened; ``subject`` is what the event tells of it, at least
    ``id`` and ``site``; ``detail`` is what the audit log keeps of the change.
    """

    kind: str
    id: str
    site_id: str
    action: str
    event: str
    actor_kind: str
    actor: str
    subject: Mapping[str, object]
    detail: Mapping[str, Any] | None = None
    note: str | None = None


def write(connection: Connection, changes: Sequence[Change]) -> list[str]:
    """Add audit rows and events, in the caller's transaction; return the hash each subject is to keep."""
    hashes = [audit.seal(change.previous, change.entry) for change in changes]
    connection.execute(INSERT_AUDIT, [
        {name: getattr(change.entry, name) for name in SEALED_COLUMNS} | {"hash": seal}
        for change, seal in zip(changes, hashes, strict=True)
    ])  # fmt: skip
    connection.execute(INSERT_EVENT, [_event_row(change) for change in changes])
    return hashes


def _event_row(change: Change) -> dict[str, Any]:
    entry = change.entry
    return {
        "id": "evt_" + new_id(entry.created_at).replace("-", ""),
        "site_id": change.site_id,
        "subject_kind": entry.subject_kind,
        "subject_id": entry.subject_id,
        "sequence": entry.sequence,
        "type": change.event["type"],
        "payload": orjson.dumps(change.event).decode(),
        "created_at": entry.created_at,
    }


def record(connection: Connection, what: Happening, now: datetime) -> int:
    """Add what happened to a subject that is no comment; return its number in the subject's life."""
    head = _head(connection, what)
    sequence = head.sequence + 1
    entry = audit.Entry(
        what.kind, what.id, sequence, what.actor_kind, what.actor, what.action, None, None, None, None, None,
        None, what.note, what.detail, now,
    )  # fmt: skip
    actor = {"kind": what.actor_kind, "name": what.actor}
    event = events.subject_event(what.event, what.subject, actor, sequence, now)
    (kept,) = write(connection, [Change(what.site_id, entry, head.audit_head, event)])
    connection.execute(
        update(Subject)
        .where(Subject.kind == what.kind, Subject.id == what.id)
        .values(sequence=sequence, audit_head=kept)
    )
    return sequence


def _head(connection: Connection, what: Happening) -> SubjectHead:
    """Return how far the subject's log has come, held until the transaction ends; made if it is new."""
    site = None if what.kind == "moderator" else what.site_id  # people are of no one site
    values = {
        "kind": what.kind,
        "id": what.id,
        "site_id": site,
        "sequence": 0,
        "audit_head": audit.START,
    }
    upsert(connection, Subject, values)
    query = select(*columns(SubjectHead, Subject)).where(Subject.kind == what.kind, Subject.id == what.id)
    return rows_of(SubjectHead, connection.execute(query.with_for_update()))[0]
