"""The ledger: whatever happens to a subject is one audit row and one event, written with the change itself.

Comments keep the head of their own chain and have `moves`; every other subject has a row in ``subjects``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, insert, select, update

from service.domain import audit, events
from service.domain.access import OPERATOR, Caller
from service.domain.ids import new_id
from service.storage import standing
from service.storage.records import SubjectHead, columns, rows_of
from service.storage.running_heads import seals_of
from service.storage.tables import AuditRow, Event, Subject
from service.storage.upserts import upsert

INSERT_AUDIT, INSERT_EVENT = insert(AuditRow), insert(Event)
SEALED_COLUMNS = tuple(one.name for one in fields(audit.Entry))


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to one subject: its audit row, the hash of the row before, and its event, if any."""

    site_id: str | None
    entry: audit.Entry
    previous: str
    event: Mapping[str, object] | None


@dataclass(frozen=True, slots=True)
class Happening:
    """What happened to a subject that is no comment: a thread, a policy, an endpoint, a moderator's role.

    ``event`` is the event's type, named by what happened, None where no host site is told; ``subject`` is
    what the event tells of it, at least ``id`` and ``site``; ``detail`` is what the audit log keeps of it.
    """

    kind: str
    id: str
    site_id: str | None
    action: str
    event: str | None
    actor_kind: str
    actor: str
    subject: Mapping[str, object] = field(default_factory=dict)
    detail: Mapping[str, Any] | None = None
    note: str | None = None


def untold(
    kind: str,
    subject: str,
    action: str,
    *,
    site_id: str | None = None,
    caller: Caller = OPERATOR,
    detail: Mapping[str, Any] | None = None,
) -> Happening:
    """Return what happened to a subject, for the audit log alone: no host site is told."""
    return Happening(
        kind=kind,
        id=subject,
        site_id=site_id,
        action=action,
        event=None,
        actor_kind=caller.actor_kind,
        actor=caller.name,
        detail=detail,
    )


def write(connection: Connection, changes: Sequence[Change]) -> list[str]:
    """Add audit rows and events, in the caller's transaction; return the hash each subject is to keep."""
    seals = seals_of(connection)
    hashes = [audit.seal(change.previous, change.entry, seals.key) for change in changes]
    for change, seal in zip(changes, hashes, strict=True):
        part = audit.part_of(change.entry.subject_kind, change.site_id)
        seals.note(part, seal, change.entry.created_at)
    connection.execute(INSERT_AUDIT, [
        {name: getattr(change.entry, name) for name in SEALED_COLUMNS} | {"hash": seal}
        for change, seal in zip(changes, hashes, strict=True)
    ])  # fmt: skip
    if told := [_event_row(change, change.event) for change in changes if change.event is not None]:
        connection.execute(INSERT_EVENT, told)
    return hashes


def _event_row(change: Change, event: Mapping[str, object]) -> dict[str, Any]:
    entry = change.entry
    return {
        "id": "evt_" + new_id(entry.created_at).replace("-", ""),
        "site_id": change.site_id,
        "subject_kind": entry.subject_kind,
        "subject_id": entry.subject_id,
        "sequence": entry.sequence,
        "type": event["type"],
        "payload": orjson.dumps(event).decode(),
        "created_at": entry.created_at,
    }


def record(connection: Connection, what: Happening, now: datetime) -> int:
    """Add what happened to a subject that is no comment; return its number in the subject's life.

    The change itself is made before: how the subject stands after it is marked in the log.
    """
    head = _head(connection, what)
    detail, key = what.detail, seals_of(connection).key
    if key is not None:
        stands = standing.of(connection, what.kind, [what.id]).get(what.id)
        detail = {**(detail or {}), audit.STANDS: key.mark(what.kind, what.id, stands)}
    sequence = head.sequence + 1
    entry = audit.Entry(
        what.kind, what.id, sequence, what.actor_kind, what.actor, what.action, None, None, None, None, None,
        None, what.note, detail, now,
    )  # fmt: skip
    actor = {"kind": what.actor_kind, "name": what.actor}
    event = what.event and events.subject_event(what.event, what.subject, actor, sequence, now)
    (kept,) = write(connection, [Change(what.site_id, entry, head.audit_head, event or None)])
    connection.execute(
        update(Subject)
        .where(Subject.kind == what.kind, Subject.id == what.id)
        .values(sequence=sequence, audit_head=kept)
    )
    return sequence


def _head(connection: Connection, what: Happening) -> SubjectHead:
    """Return how far the subject's log has come, held until the transaction ends; made if it is new."""
    # People and the like are of no one site; of what is a site's, the head goes when the site does.
    site = what.site_id if audit.part_of(what.kind, what.site_id) or what.kind == "site" else None
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
