"""Deliveries: claimed by lease, sent in the order of their subject, and their log."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    and_,
    bindparam,
    exists,
    insert,
    literal_column,
    select,
    update,
)
from sqlalchemy.orm import aliased

from service.domain.turns import AtEndpoint, has_room
from service.storage.records import (
    AttemptRow,
    DeliveryOutcome,
    DeliveryRow,
    DeliveryToReplay,
    DeliveryToSend,
    NewDelivery,
    columns,
    row_of,
    rows_of,
    values_of,
)
from service.storage.tables import Attempt, Delivery, Event, Site, WebhookEndpoint

NOW: Any = bindparam("now", type_=Delivery.next_attempt_at.type)
LEASED_UNTIL: Any = bindparam("leased_until", type_=Delivery.next_attempt_at.type)


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


def _is_due_at(delivery: type[Delivery], endpoint: Any) -> ColumnElement[bool]:
    return and_(
        delivery.endpoint_id == endpoint,
        delivery.status == "due",
        delivery.next_attempt_at <= NOW,
        _is_first_of_its_subject(delivery),
    )


def _is_under_way(endpoint: Any) -> ColumnElement[bool]:
    held = aliased(Delivery)
    return exists().where(
        held.endpoint_id == endpoint,
        held.status == "due",
        held.next_attempt_at > NOW,
        held.next_attempt_at <= LEASED_UNTIL,
        held.claimed_by.is_not(None),
    )


# Made once: to put them together takes longer than to run them, and the relay asks after every comment.
AT_ENDPOINT = select(WebhookEndpoint.id, WebhookEndpoint.site_id, WebhookEndpoint.slow_turns > 0)
UNDER_WAY = AT_ENDPOINT.where(_is_under_way(WebhookEndpoint.id))
ACTIVE = AT_ENDPOINT.where(
    WebhookEndpoint.disabled_at.is_(None),
    WebhookEndpoint.paused_until.is_(None) | (WebhookEndpoint.paused_until <= NOW),
)
WAITING = ACTIVE.where(
    exists().where(_is_due_at(aliased(Delivery), WebhookEndpoint.id)), ~_is_under_way(WebhookEndpoint.id)
).order_by(WebhookEndpoint.id)
WANTED: Any = bindparam("endpoint", type_=Delivery.endpoint_id.type)
FREE = ACTIVE.where(WebhookEndpoint.id == WANTED).with_for_update(skip_locked=True, key_share=True)
OWN_SITE = select(WebhookEndpoint.site_id).where(WebhookEndpoint.id == WANTED).scalar_subquery()
SITE = select(Site.id).where(Site.id == OWN_SITE).with_for_update(key_share=True)
DUE = (
    select(Delivery.id)
    .where(_is_due_at(Delivery, WANTED))
    .order_by(Delivery.next_attempt_at)
    .limit(bindparam("most", type_=Integer))
    .with_for_update(skip_locked=True)
)


def add_deliveries(connection: Connection, deliveries: Sequence[NewDelivery]) -> None:
    """Insert deliveries."""
    if deliveries:
        connection.execute(insert(Delivery), [values_of(one) for one in deliveries])


def waiting_endpoints(connection: Connection, now: datetime, lease: timedelta) -> list[AtEndpoint]:
    """Return the active endpoints with something to send now, that do not rest and to which nobody sends."""
    rows = connection.execute(WAITING, {"now": now, "leased_until": now + lease})
    return [AtEndpoint(*row) for row in rows]


def endpoints_under_way(connection: Connection, now: datetime, lease: timedelta) -> list[AtEndpoint]:
    """Return the endpoints to which somebody sends just now."""
    rows = connection.execute(UNDER_WAY, {"now": now, "leased_until": now + lease})
    return [AtEndpoint(*row) for row in rows]


def claim_due(
    connection: Connection, endpoint_id: str, owner: str, now: datetime, lease: timedelta, limit: int
) -> int:
    """Claim up to ``limit`` due deliveries of one endpoint; return how many.

    Of each subject only the first undelivered event is taken, and nothing while another worker sends to
    the same endpoint, too many send to its site or to slow ones, it rests, or it is disabled: one slow
    receiver never holds more than one worker, and one site never all of them.
    """
    if (endpoint := _taken_for_a_turn(connection, endpoint_id, now)) is None:
        return 0
    # After the locks, in a statement of its own: only so does it see what the last holder committed.
    others = endpoints_under_way(connection, now, lease)
    if any(one.id == endpoint_id for one in others) or not has_room(endpoint, others):
        return 0
    # As a subquery of the update, PostgreSQL may run this more than once and claim more than the limit.
    chosen = connection.scalars(DUE, {"endpoint": endpoint_id, "now": now, "most": limit}).all()
    claim = (
        update(Delivery)
        .where(Delivery.id.in_(chosen), Delivery.status == "due")
        .values(claimed_by=owner, claimed_until=now + lease, next_attempt_at=now + lease)
    )
    return connection.execute(claim).rowcount


def _taken_for_a_turn(connection: Connection, endpoint_id: str, now: datetime) -> AtEndpoint | None:
    """Lock an endpoint that may be sent to; None if it may not be, or another worker has it.

    Its site is locked before it: else two workers could each see room for one more of the same site.
    """
    connection.execute(SITE, {"endpoint": endpoint_id})
    row = connection.execute(FREE, {"endpoint": endpoint_id, "now": now}).first()
    return AtEndpoint(*row) if row else None


def claimed(connection: Connection, owner: str) -> list[DeliveryToSend]:
    """Return the deliveries that ``owner`` holds, each with event, address and secrets."""
    query = (
        select(*columns(DeliveryToSend, Delivery, Event, WebhookEndpoint))
        .join(Event, Event.id == Delivery.event_id)
        .join(WebhookEndpoint, WebhookEndpoint.id == Delivery.endpoint_id)
        .where(Delivery.claimed_by == owner, Delivery.status == "due")
        .order_by(Delivery.id)
    )
    return rows_of(DeliveryToSend, connection.execute(query))


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


def add_attempts(connection: Connection, attempts: Sequence[AttemptRow]) -> None:
    """Insert what was tried."""
    if attempts:
        connection.execute(insert(Attempt), [values_of(one) for one in attempts])


def finish(connection: Connection, outcomes: Sequence[DeliveryOutcome]) -> None:
    """Write how deliveries stand after an attempt and end their claims."""
    names = ("status", "attempts", "next_attempt_at", "delivered_at")
    change = (
        update(Delivery)
        .where(Delivery.id == bindparam("b_id"))
        .values(claimed_by=None, claimed_until=None, **{name: bindparam(f"b_{name}") for name in names})
    )
    if outcomes:
        rows = [values_of(one) for one in outcomes]
        connection.execute(change, [{f"b_{name}": value for name, value in row.items()} for row in rows])


def hold_back_later(
    connection: Connection, endpoint_id: str, waiting: Sequence[tuple[DeliveryToSend, datetime]]
) -> None:
    """Let the later events of each waiting delivery's subject wait until the same time.

    They could not go earlier anyway; this keeps them out of the search for what is due.
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
        {"b_kind": one.subject_kind, "b_id": one.subject_id, "b_sequence": one.sequence, "b_until": at}
        for one, at in waiting
        if one.sequence > 0
    ]
    if rows:
        connection.execute(change, rows)


def deliveries(
    connection: Connection, endpoint_id: str, before: str | None, limit: int, status: str | None
) -> list[DeliveryRow]:
    """Return deliveries of an endpoint with their event's type, newest first, below the id ``before``."""
    query = (
        select(*columns(DeliveryRow, Delivery, Event))
        .join(Event, Event.id == Delivery.event_id)
        .where(Delivery.endpoint_id == endpoint_id)
        .order_by(Delivery.id.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(Delivery.id < before)
    if status is not None:
        query = query.where(Delivery.status == status)
    return rows_of(DeliveryRow, connection.execute(query))


def attempts(connection: Connection, delivery_ids: Collection[str]) -> list[AttemptRow]:
    """Return the attempts of deliveries, oldest first."""
    query = select(*columns(AttemptRow, Attempt)).where(Attempt.delivery_id.in_(delivery_ids))
    return rows_of(AttemptRow, connection.execute(query.order_by(Attempt.id)))


def find_delivery(connection: Connection, delivery_id: str) -> DeliveryToReplay | None:
    """Return one delivery, with whose endpoint it is for."""
    query = (
        select(*columns(DeliveryToReplay, Delivery, WebhookEndpoint))
        .join(WebhookEndpoint, WebhookEndpoint.id == Delivery.endpoint_id)
        .where(Delivery.id == delivery_id)
    )
    return row_of(DeliveryToReplay, connection.execute(query))


def give_back_far(connection: Connection, now: datetime, lease: timedelta) -> int:
    """Give back what was claimed until a time that no claim can have: by a clock that was ahead."""
    far = (
        update(Delivery)
        .where(Delivery.status == literal_column("'due'"), Delivery.claimed_until > now + lease)
        .values(claimed_by=None, claimed_until=None, next_attempt_at=now)
    )
    return connection.execute(far).rowcount


def make_due(connection: Connection, delivery: DeliveryToReplay, now: datetime) -> None:
    """Let a delivery start anew, and what waits behind it with it; one that is being sent is left alone."""
    unclaimed = Delivery.claimed_until.is_(None) | (Delivery.claimed_until < now)
    connection.execute(
        update(Delivery)
        .where(Delivery.id == delivery.id, unclaimed)
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
            Delivery.endpoint_id == delivery.endpoint_id,
            Delivery.subject_kind == delivery.subject_kind,
            Delivery.subject_id == delivery.subject_id,
            Delivery.sequence > 0,
            Delivery.status == "due",
            Delivery.next_attempt_at > now,
            unclaimed,
        )
        .values(next_attempt_at=now)
    )
