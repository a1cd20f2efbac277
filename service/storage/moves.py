"""Moves of comments: status, decision, audit row, event and public counts, always together."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Connection, Integer, and_, bindparam, insert, or_, update

from service.domain import audit, events
from service.domain.comment import Status
from service.domain.sealing import SealKey
from service.storage import erasing, ledger, threads
from service.storage.health import UNSURE
from service.storage.records import CommentForLedger
from service.storage.running_heads import seals_of
from service.storage.tables import Comment, Decision, DecisionCount, Thread
from service.storage.upserts import upsert

NEW = (
    "id", "site_id", "thread_id", "parent_id", "root_id", "author_id", "author_name", "body", "created_at",
    "pressure", "page_title", "page_url", "page_key",
)  # fmt: skip
INSERT_COMMENT, INSERT_DECISION = insert(Comment), insert(Decision)


@dataclass(frozen=True, slots=True)
class Move:
    """One move of one comment. ``comment`` is its row before the move, joined with its thread.

    ``columns`` are further columns of the comment to set in the same write. ``evidence`` is what the policy
    of ``policy_version`` decided from; a person's decision has neither.
    """

    comment: CommentForLedger
    to: Status
    action: str
    actor_kind: str
    actor: str
    outcome: str | None = None
    reasons: Sequence[Mapping[str, object]] | None = None
    scores: Mapping[str, float] | None = None
    model_id: str | None = None
    note: str | None = None
    evidence: Mapping[str, object] | None = None
    policy_version: int | None = None
    columns: Mapping[str, Any] = field(default_factory=dict)

    @property
    def sequence(self) -> int:
        """The number of this change in the comment's life; the first is 1."""
        return self.comment.version + 1

    @property
    def public_delta(self) -> int:
        """+1 if the comment becomes public, -1 if it stops being so, else 0."""
        return int(self.to is Status.APPROVED) - int(self.comment.status == Status.APPROVED)


def record(connection: Connection, moves: Sequence[Move], now: datetime) -> None:
    """Carry out moves whose comments the caller holds: all of it in the caller's transaction.

    A thread is named by what is published: link and title that came with a comment are read like it.
    """
    if not moves:
        return
    moves = _named(connection, moves, now)
    key = seals_of(connection).key
    heads = ledger.write(connection, [_change(move, now, key) for move in moves])
    _update_comments(connection, moves, heads, now)
    _keep_decisions(connection, moves, now)
    _update_public_counts(connection, moves)
    _count_decisions(connection, moves)
    # Whoever deletes, and for whatever reason: what is gone is gone with the same commit.
    if deleted := [move.comment.id for move in moves if move.to is Status.DELETED]:
        erasing.erase(connection, deleted)


def _named(connection: Connection, moves: Sequence[Move], now: datetime) -> Sequence[Move]:
    """Name threads by those comments that are published now; what is told of these has the new names."""
    published = [move.comment for move in moves if move.to is Status.APPROVED]
    changed = {move.comment.thread_id for move in moves if move.public_delta}
    named = threads.name(connection, published, changed | {one.thread_id for one in published}, now)
    return [
        replace(move, comment=replace(move.comment, thread_url=names[0], thread_title=names[1]))
        if (names := named.get(move.comment.thread_id))
        else move
        for move in moves
    ]


def record_new(connection: Connection, comments: Sequence[CommentForLedger]) -> None:
    """Insert comments that were just received, with their first audit rows and events.

    Each stands as before its first move: version 0, no status, and the start of a chain.
    """
    if not comments:
        return
    key = seals_of(connection).key
    changes = [
        _change(
            Move(one, Status.RECEIVED, "post", "author", one.author_id or "anonymous"), one.created_at, key
        )
        for one in comments
    ]
    new = {"status": Status.RECEIVED.value, "version": 1}
    heads = ledger.write(connection, changes)
    connection.execute(INSERT_COMMENT, [
        {name: getattr(one, name) for name in NEW} | new | {"audit_head": head}
        for one, head in zip(comments, heads, strict=True)
    ])  # fmt: skip


def _change(move: Move, now: datetime, key: SealKey | None) -> ledger.Change:
    comment = move.comment
    entry = audit.Entry(
        subject_kind=audit.COMMENT,
        subject_id=comment.id,
        sequence=move.sequence,
        actor_kind=move.actor_kind,
        actor=move.actor,
        action=move.action,
        from_status=comment.status,
        to_status=str(move.to),
        body_hash=hashlib.sha256(comment.body.encode()).hexdigest(),
        reasons=move.reasons,
        scores=move.scores,
        model_id=move.model_id,
        note=move.note,
        detail={audit.NAME: key.mark(comment.id, comment.author_name)} if key else None,
        created_at=now,
    )
    return ledger.Change(comment.site_id, entry, comment.audit_head, _event(move, now))


def _event(move: Move, now: datetime) -> dict[str, object]:
    comment, decision = move.comment, None
    if move.outcome is not None:
        actor = {"kind": move.actor_kind, "name": move.actor}
        decision = {"outcome": move.outcome, "reasons": list(move.reasons or ()), "actor": actor}
    snapshot = events.Snapshot(
        id=comment.id,
        site=comment.site_id,
        thread={"key": comment.thread_key, "url": comment.thread_url, "title": comment.thread_title},
        parent_id=comment.parent_id,
        author_name=comment.author_name,
        body=comment.body,
        status=str(move.to),
        created_at=comment.created_at,
        sequence=move.sequence,
    )
    event = events.comment_event(snapshot, decision, now)
    return events.without_text(event) if move.to is Status.DELETED else event


def _update_comments(
    connection: Connection, moves: Sequence[Move], heads: Sequence[str], now: datetime
) -> None:
    """Write how comments stand now; those that set the same columns together."""
    groups: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for move, head in zip(moves, heads, strict=True):
        values = {
            "b_id": move.comment.id,
            "b_status": str(move.to),
            "b_version": move.sequence,
            "b_audit_head": head,
            "b_decided_at": now,
            "b_decided_by": move.actor,
            "b_approved": move.to is Status.APPROVED,
        }
        values |= {f"b_{name}": value for name, value in move.columns.items()}
        groups[tuple(sorted(move.columns))].append(values)
    for names, group in groups.items():
        connection.execute(_update(names), group)


def _update(names: tuple[str, ...]) -> Any:
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
            **{name: bindparam(f"b_{name}") for name in names},
        )
    )


def _keep_decisions(connection: Connection, moves: Sequence[Move], now: datetime) -> None:
    rows = [
        {
            "site_id": move.comment.site_id,
            "subject_kind": audit.COMMENT,
            "subject_id": move.comment.id,
            "sequence": move.sequence,
            "outcome": move.outcome,
            "actor_kind": move.actor_kind,
            "actor": move.actor,
            "policy_version": move.policy_version,
            "model_id": move.model_id,
            "evidence": move.evidence,
            "reasons": move.reasons,
            "created_at": now,
        }
        for move in moves
        if move.outcome is not None
    ]
    if rows:
        connection.execute(INSERT_DECISION, rows)


def _update_public_counts(connection: Connection, moves: Sequence[Move]) -> None:
    threads: dict[str, int] = defaultdict(int)
    roots: dict[str, int] = defaultdict(int)
    for move in moves:
        if move.public_delta:
            threads[move.comment.thread_id] += move.public_delta
            if move.comment.root_id:
                roots[move.comment.root_id] += move.public_delta
    delta = bindparam("b_delta", type_=Integer)
    if roots:
        connection.execute(
            update(Comment)
            .where(Comment.id == bindparam("b_id"))
            .values(
                reply_count=Comment.reply_count + delta,
                rank=Comment.rank + delta,
                shown=or_(Comment.status == Status.APPROVED.value, Comment.reply_count + delta > 0),
            ),
            [{"b_id": key, "b_delta": roots[key]} for key in sorted(roots)],
        )
    if threads:
        connection.execute(
            update(Thread)
            .where(Thread.id == bindparam("b_id"))
            .values(approved_count=Thread.approved_count + delta, version=Thread.version + 1),
            [{"b_id": key, "b_delta": threads[key]} for key in sorted(threads)],
        )


def _count_decisions(connection: Connection, moves: Sequence[Move]) -> None:
    counts: dict[tuple[str, str], int] = defaultdict(int)
    for move in moves:
        if move.outcome is not None:
            counts[move.actor_kind, move.outcome] += 1
        if move.evidence and move.evidence.get("is_unsure"):
            counts[UNSURE] += 1
    for (kind, outcome), count in sorted(counts.items()):
        values = {"actor_kind": kind, "outcome": outcome, "count": count}
        upsert(connection, DecisionCount, values, {"count": DecisionCount.count + count})
