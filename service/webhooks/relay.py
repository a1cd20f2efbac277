"""From the outbox to deliveries."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from service.domain.clock import Clock
from service.domain.ids import new_id
from service.storage import deliveries, endpoints, outbox
from service.storage.database import Database

RELAY_BATCH = 500
# PostgreSQL counts positions when a row is written, not when it is committed, so the newest positions may
# still have holes. No transaction of ours lasts this long.
SETTLED_AFTER = timedelta(seconds=10)


def relay(db: Database, clock: Clock, limit: int = RELAY_BATCH) -> int:
    """Turn events of the outbox into deliveries, oldest first; return how many events, 0 when none is left.

    One transaction: an event is either marked and has a delivery for each active endpoint that wants it,
    or neither.
    """
    with db.read() as connection:
        if not outbox.unrelayed(connection, 1):
            return 0
    now = clock()
    with db.write() as connection:
        outbox.lock_relay(connection)
        events = outbox.unrelayed(connection, limit)
        if not events:
            return 0
        active = endpoints.active_endpoints(connection, {event["site_id"] for event in events})
        deliveries.add_deliveries(connection, [
            delivery_of(event, endpoint["id"], now)
            for event in events
            for endpoint in active
            if endpoint["site_id"] == event["site_id"]
            and (not endpoint["types"] or event["type"] in endpoint["types"])
        ])  # fmt: skip
        outbox.mark_relayed(connection, [event["position"] for event in events], now)
    return len(events)


def delivery_of(event: Mapping[str, Any], endpoint_id: str, now: datetime) -> dict[str, Any]:
    """Return the delivery of an event to an endpoint, due at once."""
    return {
        "id": new_id(now),
        "endpoint_id": endpoint_id,
        "event_id": event["id"],
        "comment_id": event["comment_id"],
        "sequence": event["sequence"],
        "next_attempt_at": now,
    }
