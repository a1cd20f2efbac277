"""What was delivered: the log, one delivery once more, and the same events to pull."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import orjson

from service.domain.errors import IllegalMove
from service.storage import deliveries, endpoints, outbox
from service.storage.database import Database
from service.storage.records import Record
from service.webhooks.endpoints import TEST, own


def list_deliveries(
    db: Database,
    endpoint_id: str,
    *,
    sites_allowed: Collection[str] | None,
    before: str | None = None,
    limit: int = 50,
    status: str | None = None,
) -> list[Record]:
    """Return an endpoint's deliveries, newest first, each with its ``log``: all attempts, oldest first.

    ``before`` is the id of the last delivery of the page before. The numbers of attempts start again
    after a replay.
    """
    with db.read() as connection:
        own(endpoints.find_endpoint(connection, endpoint_id), sites_allowed)
        found = deliveries.deliveries(connection, endpoint_id, before, limit, status)
        tried = deliveries.attempts(connection, [delivery["id"] for delivery in found])
    logs: dict[str, list[Record]] = {delivery["id"]: [] for delivery in found}
    for attempt in tried:
        logs[attempt["delivery_id"]].append(attempt)
    return [{**delivery, "log": logs[delivery["id"]]} for delivery in found]


def find_delivery(db: Database, delivery_id: str, *, sites_allowed: Collection[str] | None) -> Record:
    """Return one delivery of the given sites (None: of any), with its event's type and its ``site_id``."""
    with db.read() as connection:
        return own(deliveries.find_delivery(connection, delivery_id), sites_allowed, "delivery")


def replay(db: Database, delivery_id: str, now: datetime, *, sites_allowed: Collection[str] | None) -> None:
    """Send a delivery again from the first attempt on, whatever became of it; with the same id and bytes.

    If it is being sent just now, it stays as it is. Raises `IllegalMove` while its endpoint is disabled.
    """
    with db.write() as connection:
        delivery = own(deliveries.find_delivery(connection, delivery_id), sites_allowed, "delivery")
        endpoint = own(endpoints.find_endpoint(connection, delivery["endpoint_id"]), sites_allowed)
        if endpoint["disabled_at"] is not None:
            raise IllegalMove("Its endpoint is disabled. Enable it first.")
        deliveries.make_due(connection, delivery, now)


def events_after(db: Database, site: str, position: int, limit: int) -> list[Record]:
    """Return a site's events after a position in the log, in order: position, id, the event as it was sent.

    Whoever asks again with the last position misses nothing and gets nothing twice. An event stands in the
    log as soon as it was relayed, when its deliveries begin too.
    """
    with db.read() as connection:
        found = outbox.events_after(connection, site, position, limit, TEST)
    return [
        {"position": event["place"], "id": event["id"], **orjson.loads(event["payload"])} for event in found
    ]
