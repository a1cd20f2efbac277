"""What was delivered: the log, one delivery once more, and the same events to pull."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson

from service.domain.access import Caller
from service.domain.errors import IllegalMove, Pruned
from service.domain.events import TEST
from service.storage import deliveries, endpoints, outbox
from service.storage.database import Database
from service.storage.records import AttemptRow, DeliveryRow, values_of
from service.webhooks.endpoints import owned


@dataclass(frozen=True, slots=True)
class LoggedDelivery(DeliveryRow):
    """A delivery with all its attempts, oldest first. Their numbers start again after a replay."""

    log: Sequence[AttemptRow]


@dataclass(frozen=True, slots=True)
class DeliveryPage:
    """Some of an endpoint's deliveries; ``next_cursor`` is None where the page is not full."""

    deliveries: Sequence[LoggedDelivery]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class PulledEvent:
    """An event as it was sent, with its position in the log."""

    position: int
    id: str
    type: str
    timestamp: str
    data: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class EventPage:
    """A stretch of a site's log; ``next`` is the position to ask with again."""

    events: Sequence[PulledEvent]
    next: int


def list_deliveries(
    db: Database,
    caller: Caller,
    endpoint_id: str,
    *,
    cursor: str | None = None,
    limit: int = 50,
    status: str | None = None,
) -> DeliveryPage:
    """Return an endpoint's deliveries, newest first. ``cursor`` is the ``next_cursor`` of the page before."""
    with db.read() as connection:
        owned(caller, endpoints.find_endpoint(connection, endpoint_id))
        found = deliveries.deliveries(connection, endpoint_id, cursor, limit, status)
        tried = deliveries.attempts(connection, [delivery.id for delivery in found])
    logs: dict[str, list[AttemptRow]] = {delivery.id: [] for delivery in found}
    for attempt in tried:
        logs[attempt.delivery_id].append(attempt)
    page = [LoggedDelivery(**values_of(delivery), log=logs[delivery.id]) for delivery in found]
    return DeliveryPage(page, page[-1].id if len(page) == limit else None)


def replay(db: Database, caller: Caller, delivery_id: str, now: datetime) -> None:
    """Send a delivery again from the first attempt on, whatever became of it; with the same id and bytes.

    If it is being sent just now, it stays as it is. Raises `IllegalMove` while its endpoint is disabled.
    """
    with db.write() as connection:
        delivery = owned(caller, deliveries.find_delivery(connection, delivery_id), "delivery")
        if delivery.disabled_at is not None:
            raise IllegalMove("Its endpoint is disabled. Enable it first.")
        deliveries.make_due(connection, delivery, now)


def events_after(db: Database, caller: Caller, site: str, after: int, limit: int) -> EventPage:
    """Return a site's events after a position in the log, in order.

    Whoever asks again with the last position misses nothing and gets nothing twice. An event stands in the
    log as soon as it was relayed, when its deliveries begin too. Raises `Pruned` where events after that
    position are no longer kept: a silent gap would be taken for nothing new.
    """
    caller.must("own", site)
    with db.read() as connection:
        found = outbox.events_after(connection, site, after, limit, TEST)
        # After the events: what is pruned while they are read shows.
        if after < (pruned := outbox.pruned_until(connection, site)):
            raise _pruned(after, pruned, outbox.oldest_place(connection, site, pruned, TEST))
    page = [PulledEvent(event.place, event.id, **orjson.loads(event.payload)) for event in found]
    return EventPage(page, page[-1].position if page else after)


def _pruned(after: int, pruned: int, oldest: int | None) -> Pruned:
    told = f"the oldest event that is has position {oldest}" if oldest else "no event is at the moment"
    return Pruned(
        f"Events after position {after} are no longer kept; {told}."
        f" Compare your copy by other means, then ask with after={pruned}.",
        oldest=oldest,
        after=pruned,
    )
