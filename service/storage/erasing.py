"""Erasing what a reader wrote wherever it is kept: in the comment, its events, and receivers' answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import orjson
from sqlalchemy import Connection, bindparam, delete, select, text, update

from service.domain.audit import COMMENT
from service.domain.comment import Status
from service.domain.events import without_text
from service.storage.database import note_erased
from service.storage.tables import Attempt, Comment, Delivery, Event, Likeness, WebhookEndpoint
from service.storage.tables.comments import TO_ERASE

# The hash of the words and the places of some of them would tell of a short text what it was. What the post
# said of its page is its author's choice too; a title that was published is its thread's.
NOTHING: Mapping[str, str | None] = {"body": "", **dict.fromkeys(
    ("author_name", "text_hash", "spans", "page_title", "page_url", "page_key")
)}  # fmt: skip
REDACT = (
    update(Event)
    .where(Event.position == bindparam("b_position"))
    .values(payload=bindparam("b_payload", type_=Event.payload.type))
)


def erase(connection: Connection, comment_ids: Sequence[str]) -> None:
    """Blank body and name of comments wherever they stand, in the caller's transaction.

    1. The comments themselves, whose rows the caller holds, and their sketches.
    2. Their events, whether sent or not: each keeps its id, its place and all else that it tells, so what
       still has to be sent goes out as before, signed over what is left.
    3. What receivers answered to those events: many repeat what they were sent.

    The audit log has only the hash of a text, and keeps it.
    """
    connection.execute(update(Comment).where(Comment.id.in_(comment_ids)).values(NOTHING))
    connection.execute(delete(Likeness).where(Likeness.comment_id.in_(comment_ids)))
    told = select(Event.position, Event.site_id, Event.payload).where(
        Event.subject_id.in_(comment_ids), Event.subject_kind == COMMENT
    )
    # In the order in which the relay takes them, so that the two never wait for each other.
    found = connection.execute(told.order_by(Event.position).with_for_update()).all()
    redacted = [
        {"b_position": position, "b_payload": orjson.dumps(without_text(orjson.loads(payload))).decode()}
        for position, _, payload in found
    ]
    if redacted:
        connection.execute(REDACT, redacted)
    ours = select(WebhookEndpoint.id).where(WebhookEndpoint.site_id.in_({row.site_id for row in found}))
    sent = select(Delivery.id).where(
        Delivery.endpoint_id.in_(ours), Delivery.subject_kind == COMMENT, Delivery.subject_id.in_(comment_ids)
    )
    connection.execute(update(Attempt).where(Attempt.delivery_id.in_(sent)).values(answer=None))
    note_erased(connection)


def erased_since(connection: Connection, sent: Mapping[str, str]) -> set[str]:
    """Return which events lost their text since they were read: ``sent`` is what was sent, by event's id."""
    now = (
        select(Event.id, Event.payload)
        .join(Comment, Comment.id == Event.subject_id)
        .where(Event.id.in_(sent), Event.subject_kind == COMMENT, Comment.body == "")
    )
    return {row.id for row in connection.execute(now) if row.payload != sent[row.id]}


def hold_old(connection: Connection, status: Status, before: datetime, limit: int) -> list[str]:
    """Return comments that came to a status before a time and have their text; locked, oldest first."""
    query = (
        select(Comment.id)
        # Written out, not bound: only then is the small index of these used.
        .where(text(TO_ERASE), Comment.status == status, Comment.decided_at < before)
        .order_by(Comment.decided_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return list(connection.scalars(query))
