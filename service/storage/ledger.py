"""Writing what happened to comments: status, audit row, event and public counts, always together."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Boolean, Connection, Integer, and_, bindparam, insert, or_, update
from sqlalchemy.dialects import postgresql, sqlite

from service.domain import audit, events
from service.domain.comment import Status
from service.domain.ids import new_id
from service.storage.tables import AuditRow, Comment, DecisionCount, Event, Thread

NEW = (
    "id", "site_id", "thread_id", "parent_id", "root_id", "author_id", "author_name", "body", "created_at",
)  # fmt: skip
INSERT_COMMENT, INSERT_AUDIT, INSERT_EVENT = insert(Comment), insert(AuditRow), insert(Event)


@dataclass(frozen=True, slots=True)
class Change:
    """One move of one comment. ``comment`` is its row before the move, joined with its thread.

    ``columns`` are further columns of the comment to set in the same write.
    """

    comment: Mapping[str, Any]
    to: Status
    action: str
    actor_kind: str
    actor: str
    outcome: str | None = None
    reasons: Sequence[Mapping[str, object]] | None = None
    scores: Mapping[str, float] | None = None
    model_id: str | None = None
    note: str | None = None
    columns: Mapping[str, Any] = field(default_factory=dict)

    @property
    def sequence(self) -> int:
        """The number of this change in the comment's life; the first is 1."""
        return int(self.comment["version"]) + 1

    @property
    def public_delta(self) -> int:
        """+1 if the comment becomes public, -1 if it stops being so, else 0."""
        return int(self.to is Status.APPROVED) - int(self.comment["status"] == Status.APPROVED)


def record(connection: Connection, changes: Sequence[Change], now: datetime) -> None:
    """Carry out changes whose rows the caller holds: all of it in the caller's transaction."""
    if not changes:
        return
    sealed = [_audit_row(change, now) for change in changes]
    connection.execute(_update_comment(tuple(changes[0].columns)), [
        _comment_values(change, row, now) for change, row in zip(changes, sealed, strict=True)
    ])  # fmt: skip
    connection.execute(INSERT_AUDIT, sealed)
    connection.execute(INSERT_EVENT, [_event_row(change, now) for change in changes])
    _update_public_counts(connection, changes)
    _count_decisions(connection, changes)


def record_new(connection: Connection, comments: Sequence[Mapping[str, Any]]) -> None:
    """Insert comments that were just received, with their first audit rows and events.

    Each has the columns of a new comment and thread_key, thread_url and thread_title.
    """
    if not comments:
        return
    changes = [
        Change(
            comment={**comment, "version": 0, "audit_head": audit.START, "status": None},
            to=Status.RECEIVED,
            action="post",
            actor_kind="author",
            actor=comment["author_id"] or "anonymous",
        )
        for comment in comments
    ]
    sealed = [_audit_row(change, change.comment["created_at"]) for change in changes]
    new = {"status": Status.RECEIVED.value, "version": 1}
    rows = [
        {name: comment[name] for name in NEW} | new | {"audit_head": row["hash"]}
        for comment, row in zip(comments, sealed, strict=True)
    ]
    connection.execute(INSERT_COMMENT, rows)
    connection.execute(INSERT_AUDIT, sealed)
    connection.execute(INSERT_EVENT, [_event_row(change, change.comment["created_at"]) for change in changes])


def _audit_row(change: Change, now: datetime) -> dict[str, Any]:
    row = {
        "comment_id": change.comment["id"],
        "sequence": change.sequence,
        "actor_kind": change.actor_kind,
        "actor": change.actor,
        "action": change.action,
        "from_status": change.comment["status"],
        "to_status": str(change.to),
        "body_hash": hashlib.sha256(change.comment["body"].encode()).hexdigest(),
        "reasons": change.reasons,
        "scores": change.scores,
        "model_id": change.model_id,
        "note": change.note,
        "created_at": now,
    }
    return row | {"hash": audit.seal(change.comment["audit_head"], row)}


def _update_comment(columns: tuple[str, ...]) -> Any:
    approved = bindparam("b_approved", type_=Boolean)
    return (
        update(Comment)
        .where(Comment.id == bindparam("b_id"))
        .values(
            status=bindparam("b_status"),
            version=bindparam("b_version"),
            audit_head=bindparam("b_audit_head"),
            decided_at=bindparam("b_decided_at"),
            decided_by=bindparam("b_decided_by"),
            claimed_by=None,
            claimed_until=None,
            shown=and_(Comment.root_id.is_(None), or_(approved, Comment.reply_count > 0)),
            **{name: bindparam(f"b_{name}") for name in columns},
        )
    )


def _comment_values(change: Change, row: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    return {
        "b_id": change.comment["id"],
        "b_status": str(change.to),
        "b_version": change.sequence,
        "b_audit_head": row["hash"],
        "b_decided_at": now,
        "b_decided_by": change.actor,
        "b_approved": change.to is Status.APPROVED,
        **{f"b_{name}": value for name, value in change.columns.items()},
    }


def _event_row(change: Change, now: datetime) -> dict[str, Any]:
    comment = change.comment
    decision = None
    if change.outcome is not None:
        actor = {"kind": change.actor_kind, "name": change.actor}
        decision = {"outcome": change.outcome, "reasons": list(change.reasons or ()), "actor": actor}
    snapshot = {
        "id": comment["id"],
        "site": comment["site_id"],
        "thread": {
            "key": comment["thread_key"],
            "url": comment["thread_url"],
            "title": comment["thread_title"],
        },
        "parent_id": comment["parent_id"],
        "author_name": comment["author_name"],
        "body": comment["body"],
        "status": change.to,
        "created_at": comment["created_at"],
        "sequence": change.sequence,
    }
    payload = events.comment_event(snapshot, decision, now)
    return {
        "id": "evt_" + new_id(now).replace("-", ""),
        "site_id": comment["site_id"],
        "comment_id": comment["id"],
        "sequence": change.sequence,
        "type": payload["type"],
        "payload": orjson.dumps(payload).decode(),
        "created_at": now,
    }


def _update_public_counts(connection: Connection, changes: Sequence[Change]) -> None:
    threads: dict[str, int] = defaultdict(int)
    roots: dict[str, int] = defaultdict(int)
    for change in changes:
        if change.public_delta:
            threads[change.comment["thread_id"]] += change.public_delta
            if change.comment["root_id"]:
                roots[change.comment["root_id"]] += change.public_delta
    if roots:
        delta = bindparam("b_delta", type_=Integer)
        connection.execute(
            update(Comment)
            .where(Comment.id == bindparam("b_id"))
            .values(
                reply_count=Comment.reply_count + delta,
                rank=Comment.rank + delta,
                shown=or_(Comment.status == "approved", Comment.reply_count + delta > 0),
            ),
            [{"b_id": key, "b_delta": roots[key]} for key in sorted(roots)],
        )
    if threads:
        connection.execute(
            update(Thread)
            .where(Thread.id == bindparam("b_id"))
            .values(
                approved_count=Thread.approved_count + bindparam("b_delta", type_=Integer),
                version=Thread.version + 1,
            ),
            [{"b_id": key, "b_delta": threads[key]} for key in sorted(threads)],
        )


def _count_decisions(connection: Connection, changes: Sequence[Change]) -> None:
    counts: dict[tuple[str, str], int] = defaultdict(int)
    for change in changes:
        if change.outcome is not None:
            counts[change.actor_kind, change.outcome] += 1
    make = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    for (kind, outcome), count in sorted(counts.items()):
        statement = make(DecisionCount).values(actor_kind=kind, outcome=outcome, count=count)
        total = DecisionCount.count + count
        connection.execute(
            statement.on_conflict_do_update(index_elements=["actor_kind", "outcome"], set_={"count": total})
        )
