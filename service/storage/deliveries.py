"""Deliveries: claimed by lease, sent in the order of their subject, and their log."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    bindparam,
    exists,
    insert,
    select,
    update,
)
from sqlalchemy.orm import aliased

from service.storage.records import Record, every, first
from service.storage.tables import Attempt, Delivery, Event, WebhookEndpoint


def add_deliveries(connection: Connection, deliveries: Sequence[Mapping[str, Any]]) -> None:
    """Insert deliveries."""
    if deliveries:
        connection.execute(insert(Delivery), deliveries)


def _is_first_of_its_subject(delivery: type[Delivery]) -> ColumnElement[bool]:
    earlier = aliased(Delivery)
    return ~exists().where(
        earlier.endpoint_id == delivery.endpoint_id,
        earlier.subject_kind == delivery.subject_kind,
        earlier.subject_id == delivery.subject_id,
        earlier.status == "due",
        earlier.sequence > 0,  # what has no place in the order holds nothing back
        earlier.sequence < delivery.sequence,
    )


def due_endpoints(connection: Connection, now: datetime, lease: timedelta) -> list[str]:
    """Return the ids of active endpoints with something to send now and nobody sending."""
    waiting = aliased(Delivery)
    due = exists().where(
        waiting.endpoint_id == WebhookEndpoint.id,
        waiting.status == "due",
        waiting.next_attempt_at <= now,
        _is_first_of_its_subject(waiting),
    )
    query = select(WebhookEndpoint.id).where(
        WebhookEndpoint.disabled_at.is_(None), due, ~_is_under_way(WebhookEndpoint.id, now, lease)
    )
    return list(connection.scalars(query.order_by(WebhookEndpoint.id)))


def _is_under_way(endpoint: Any, now: datetime, lease: timedelta) -> ColumnElement[bool]:
    held = aliased(Delivery)
    return exists().where(
        held.endpoint_id == endpoint,
        held.status == "due",
        held.next_attempt_at > now,
        held.next_attempt_at <= now + lease,
        held.claimed_by.is_not(None),
    )


def claim_due(
    connection: Connection, endpoint_id: str, owner: str, now: datetime, lease: timedelta, limit: int
) -> int:
    """Claim up to ``limit`` due deliveries of one endpoint; return how many.

    Of each subject only the first undelivered event is taken, and nothing while another worker sends to
    the same endpoint or the endpoint is disabled: one slow receiver never holds more than one worker.
    """
    free = (
        select(WebhookEndpoint.id)
        .where(WebhookEndpoint.id == endpoint_id, WebhookEndpoint.disabled_at.is_(None))
        .with_for_update(skip_locked=True, key_share=True)
    )
    if connection.execute(free).first() is None:
        return 0
    # After the lock, in a statement of its own: only so does it see what the last holder committed.
    if connection.scalar(select(_is_under_way(endpoint_id, now, lease))):
        return 0
    # As a subquery of the update, PostgreSQL may run this more than once and claim more than the limit.
    chosen = (
        select(Delivery.id)
        .where(
            Delivery.endpoint_id == endpoint_id,
            Delivery.status == "due",
            Delivery.next_attempt_at <= now,
            _is_first_of_its_subject(Delivery),
        )
        .order_by(Delivery.next_attempt_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    claim = (
        update(Delivery)
        .where(Delivery.id.in_(list(connection.scalars(chosen))), Delivery.status == "due")
        .values(claimed_by=owner, claimed_until=now + lease, next_attempt_at=now + lease)
    )
    return connection.execute(claim).rowcount


def claimed(connection: Connection, owner: str) -> list[Record]:
    """Return the deliveries that ``owner`` holds, each with event, address and secrets."""
    query = (
        select(
            *(
                Delivery.__table__.c[name]
                for name in ("id", "event_id", "subject_kind", "subject_id", "sequence", "attempts")
            ),
            Event.payload,
            WebhookEndpoint.url,
            WebhookEndpoint.secret,
            WebhookEndpoint.old_secret,
            WebhookEndpoint.old_secret_until,
        )
        .join(Event, Event.id == Delivery.event_id)
        .join(WebhookEndpoint, WebhookEndpoint.id == Delivery.endpoint_id)
        .where(Delivery.claimed_by == owner, Delivery.status == "due")
        .order_by(Delivery.id)
    )
    return every(connection.execute(query))


def still_held(connection: Connection, owner: str, ids: Collection[str]) -> set[str]:
    """Return which of the deliveries ``owner`` still holds, and lock them until the transaction ends."""
    query = (
        select(Delivery.id)
        .where(Delivery.id.in_(ids), Delivery.claimed_by == owner, Delivery.status == "due")
        .order_by(Delivery.id)
        .with_for_update()
    )
    return set(connection.scalars(query))


def release(connection: Connection, owner: str, ids: Collection[str], now: datetime) -> None:
    """Give deliveries back that were not begun: they are due again."""
    connection.execute(
        update(Delivery)
        .where(Delivery.id.in_(ids), Delivery.claimed_by == owner, Delivery.status == "due")
        .values(claimed_by=None, claimed_until=None, next_attempt_at=now)
    )


def add_attempts(connection: Connection, attempts: Sequence[Mapping[str, Any]]) -> None:
    """Insert what was tried."""
    if attempts:
        connection.execute(insert(Attempt), attempts)


def finish(connection: Connection, outcomes: Sequence[Mapping[str, Any]]) -> None:
    """Write how deliveries stand after an attempt and end their claims.

    Each outcome has id, status, attempts, next_attempt_at and delivered_at.
    """
    names = ("status", "attempts", "next_attempt_at", "delivered_at")
    change = (
        update(Delivery)
        .where(Delivery.id == bindparam("b_id"))
        .values(claimed_by=None, claimed_until=None, **{name: bindparam(f"b_{name}") for name in names})
    )
    if outcomes:
        connection.execute(
            change, [{"b_id": one["id"], **{f"b_{n}": one[n] for n in names}} for one in outcomes]
        )


def hold_back_later(
    connection: Connection, endpoint_id: str, waiting: Sequence[tuple[str, str, int, datetime]]
) -> None:
    """Let what stands behind each waiting delivery wait as long: (kind, id, sequence, until) of a subject.

    It could not go earlier anyway; this keeps it out of the search for what is due.
    """
    until: Any = bindparam("b_until", type_=Delivery.next_attempt_at.type)
    change = (
        update(Delivery)
        .where(
            Delivery.endpoint_id == endpoint_id,
            Delivery.subject_kind == bindparam("b_kind"),
            Delivery.subject_id == bindparam("b_id"),
            Delivery.status == "due",
            Delivery.sequence > bindparam("b_sequence"),
            Delivery.claimed_by.is_(None),
            Delivery.next_attempt_at < until,
        )
        .values(next_attempt_at=until)
    )
    rows = [
        {"b_kind": kind, "b_id": subject, "b_sequence": sequence, "b_until": at}
        for kind, subject, sequence, at in waiting
        if sequence > 0
    ]
    if rows:
        connection.execute(change, rows)


def deliveries(
    connection: Connection, endpoint_id: str, before: str | None, limit: int, status: str | None
) -> list[Record]:
    """Return deliveries of an endpoint with their event's type, newest first, below the id ``before``."""
    query = (
        select(*(c for c in Delivery.__table__.c if not c.name.startswith("claimed")), Event.type)
        .join(Event, Event.id == Delivery.event_id)
        .where(Delivery.endpoint_id == endpoint_id)
        .order_by(Delivery.id.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(Delivery.id < before)
    if status is not None:
        query = query.where(Delivery.status == status)
    return every(connection.execute(query))


def attempts(connection: Connection, delivery_ids: Collection[str]) -> list[Record]:
    """Return the attempts of deliveries, oldest first."""
    query = select(*Attempt.__table__.c).where(Attempt.delivery_id.in_(delivery_ids)).order_by(Attempt.id)
    return every(connection.execute(query))


def find_delivery(connection: Connection, delivery_id: str) -> Record | None:
    """Return one delivery with its event's type and its endpoint's site_id."""
    query = (
        select(*Delivery.__table__.c, Event.type, WebhookEndpoint.site_id)
        .join(Event, Event.id == Delivery.event_id)
        .join(WebhookEndpoint, WebhookEndpoint.id == Delivery.endpoint_id)
        .where(Delivery.id == delivery_id)
    )
    return first(connection.execute(query))


def make_due(connection: Connection, delivery: Mapping[str, Any], now: datetime) -> None:
    """Let a delivery start anew, and what waits behind it with it; one that is being sent is left alone."""
    unclaimed = Delivery.claimed_until.is_(None) | (Delivery.claimed_until < now)
    connection.execute(
        update(Delivery)
        .where(Delivery.id == delivery["id"], unclaimed)
        .values(
            status="due",
            attempts=0,
            next_attempt_at=now,
            delivered_at=None,
            claimed_by=None,
            claimed_until=None,
        )
    )
    connection.execute(
        update(Delivery)
        .where(
            Delivery.endpoint_id == delivery["endpoint_id"],
            Delivery.subject_kind == delivery["subject_kind"],
            Delivery.subject_id == delivery["subject_id"],
            Delivery.sequence > 0,
            Delivery.status == "due",
            Delivery.next_attempt_at > now,
            unclaimed,
        )
        .values(next_attempt_at=now)
    )
