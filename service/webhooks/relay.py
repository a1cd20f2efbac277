"""From the outbox to deliveries."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from service.domain.clock import Clock
from service.domain.ids import new_id
from service.storage import deliveries, endpoints, outbox
from service.storage.database import Database
from service.storage.records import ActiveEndpoint, EventToRelay, NewDelivery, NewEvent

RELAY_BATCH = 500


def relay(db: Database, clock: Clock, limit: int = RELAY_BATCH) -> int:
    """Turn events of the outbox into deliveries, oldest first; return how many events, 0 when none is left.

    One transaction: an event either is marked, stands in the log to pull and has a delivery for each active
    endpoint that wants it, or nothing of that. One relay runs at a time and sees committed events alone, so
    places in the log become visible in their order, whatever writers still have open: an event that is
    committed late stands later in the log, and a transaction that was rolled back left no hole to wait for.
    """
    with db.read() as connection:
        if not outbox.unplaced(connection, 1):
            return 0
    now = clock()
    with db.write() as connection:
        outbox.lock_relay(connection)
        events = outbox.unplaced(connection, limit)
        if not events:
            return 0
        active = endpoints.active_endpoints(connection, {event.site_id for event in events})
        deliveries.add_deliveries(connection, [
            delivery_of(event, endpoint.id, now)
            for event in events
            if event.relayed_at is None
            for endpoint in active
            if _wants(endpoint, event)
        ])  # fmt: skip
        positions = [event.position for event in events]
        outbox.mark_relayed(connection, positions, _before(positions, outbox.last_place(connection)), now)
    return len(events)


def _wants(endpoint: ActiveEndpoint, event: EventToRelay) -> bool:
    """Whether an endpoint is to be told. Of what is done to itself it is not: it is the messenger."""
    itself = (event.subject_kind, event.subject_id) == ("endpoint", endpoint.id)
    if endpoint.site_id != event.site_id or itself:
        return False
    return not endpoint.types or event.type in endpoint.types


def _before(positions: Sequence[int], last: int) -> int:
    """Return after which place to put events, so that none stands below its position.

    Whoever read the log when it went by positions goes on from one of them. With no late commits and no
    numbers lost to rollbacks, places are positions.

    >>> _before([7, 8, 9], last=6), _before([5, 8, 9], last=7), _before([7, 20], last=6)
    (6, 7, 18)
    """
    return max(last, *(position - number for number, position in enumerate(positions, start=1)))


def delivery_of(event: EventToRelay | NewEvent, endpoint_id: str, now: datetime) -> NewDelivery:
    """Return the delivery of an event to an endpoint, due at once."""
    return NewDelivery(
        id=new_id(now),
        endpoint_id=endpoint_id,
        event_id=event.id,
        subject_kind=event.subject_kind,
        subject_id=event.subject_id,
        sequence=event.sequence,
        next_attempt_at=now,
    )
