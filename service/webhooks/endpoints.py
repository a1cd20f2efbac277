"""Webhook endpoints: where a host site wants to be told, and the secrets that sign it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson

from service.domain.errors import IllegalMove, Invalid, NotFound
from service.domain.events import TYPES, timestamp
from service.domain.ids import new_id
from service.domain.signing import show_secret
from service.outbound import Refused
from service.storage import deliveries, endpoints, outbox, sites
from service.storage.database import Database
from service.storage.records import Record
from service.webhooks.relay import delivery_of

TEST = "webhook.test"
MAX_ENDPOINTS = 20  # of one site: each event is sent once to every one of them
OLD_SECRET_FOR = timedelta(hours=24)


def add_endpoint(
    db: Database, site: str, url: str, types: Sequence[str], now: datetime, *, check: Callable[[str], None]
) -> Record:
    """Add an endpoint to a site and return it with its ``secret``, which is never shown again.

    ``types`` are the event types it wants; none means all. ``check`` is `Outbound.check`. Raises `NotFound`
    for an unknown site, `Invalid` for a URL that may not be called, unknown types, or one endpoint too many.
    """
    unknown = sorted(set(types) - set(TYPES))
    if unknown:
        raise Invalid([("/types", f"{', '.join(unknown)[:200]} is unknown; there are {', '.join(TYPES)}")])
    try:
        check(url)
    except Refused as refusal:
        raise Invalid([("/url", f"cannot be called: {refusal}")]) from None
    endpoint = {
        "id": new_id(now),
        "site_id": site,
        "url": url,
        "secret": _new_secret(),
        "old_secret": None,
        "old_secret_until": None,
        "types": sorted(set(types)),
        "disabled_at": None,
        "disabled_because": None,
        "created_at": now,
    }
    with db.write() as connection:
        if sites.find(connection, site) is None:
            raise NotFound(f"There is no site {site!r}.")
        if len(endpoints.endpoints(connection, site)) >= MAX_ENDPOINTS:
            raise Invalid([("/site", f"has {MAX_ENDPOINTS} webhook endpoints already")])
        endpoints.add_endpoint(connection, endpoint)
    return {**_shown(endpoint), "secret": endpoint["secret"]}


def _new_secret() -> str:
    return show_secret(secrets.token_bytes(32))


def _shown(endpoint: Mapping[str, Any]) -> Record:
    return {name: value for name, value in endpoint.items() if name not in ("secret", "old_secret")}


def list_endpoints(db: Database, site: str) -> list[Record]:
    """Return the endpoints of a site, oldest first, without their secrets."""
    with db.read() as connection:
        return [_shown(endpoint) for endpoint in endpoints.endpoints(connection, site)]


def find_endpoint(db: Database, endpoint_id: str, *, sites_allowed: Collection[str] | None) -> Record:
    """Return one endpoint of the given sites (None: of any), without its secrets; else raise `NotFound`."""
    with db.read() as connection:
        return _shown(own(endpoints.find_endpoint(connection, endpoint_id), sites_allowed))


def own(
    found: Record | None, sites_allowed: Collection[str] | None, what: str = "webhook endpoint"
) -> Record:
    """Return what was found if it belongs to one of the sites; else raise `NotFound`."""
    if found is None or (sites_allowed is not None and found["site_id"] not in sites_allowed):
        raise NotFound(f"There is no such {what} on a site of yours.")
    return found


def remove_endpoint(db: Database, endpoint_id: str, *, sites_allowed: Collection[str] | None) -> None:
    """Remove an endpoint with its deliveries and their log."""
    with db.write() as connection:
        own(endpoints.find_endpoint(connection, endpoint_id), sites_allowed)
        endpoints.remove_endpoint(connection, endpoint_id)


def rotate_secret(
    db: Database, endpoint_id: str, now: datetime, *, sites_allowed: Collection[str] | None
) -> Record:
    """Give an endpoint a new secret and return it; for a day, attempts are signed with the old one too."""
    secret, until = _new_secret(), now + OLD_SECRET_FOR
    with db.write() as connection:
        endpoint = own(endpoints.find_endpoint(connection, endpoint_id), sites_allowed)
        changed = {"old_secret": endpoint["secret"], "old_secret_until": until, "secret": secret}
        endpoints.change_endpoint(connection, endpoint_id, **changed)
    return {**_shown(endpoint), "secret": secret, "old_secret_until": until}


def enable_endpoint(db: Database, endpoint_id: str, *, sites_allowed: Collection[str] | None) -> Record:
    """Let a disabled endpoint take events again; deliveries that waited go on."""
    with db.write() as connection:
        endpoint = own(endpoints.find_endpoint(connection, endpoint_id), sites_allowed)
        endpoints.change_endpoint(connection, endpoint_id, disabled_at=None, disabled_because=None)
    return _shown({**endpoint, "disabled_at": None, "disabled_because": None})


def send_test(db: Database, endpoint_id: str, now: datetime, *, sites_allowed: Collection[str] | None) -> str:
    """Queue an event of type ``webhook.test`` for one endpoint; return the delivery's id.

    It is signed, tried again and logged like any other, and stands in no log of events. Raises
    `IllegalMove` while the endpoint is disabled.
    """
    delivery_id = new_id(now)
    with db.write() as connection:
        endpoint = own(endpoints.find_endpoint(connection, endpoint_id), sites_allowed)
        if endpoint["disabled_at"] is not None:
            raise IllegalMove("This endpoint is disabled. Enable it first.")
        payload = {
            "type": TEST,
            "timestamp": timestamp(now),
            "data": {"endpoint": endpoint_id, "site": endpoint["site_id"]},
        }
        event = {
            "id": "evt_" + new_id(now).replace("-", ""),
            "site_id": endpoint["site_id"],
            "subject_kind": "endpoint",
            "subject_id": endpoint_id,
            "sequence": 0,  # each test stands for itself and holds nothing back
            "type": TEST,
            "payload": orjson.dumps(payload).decode(),
            "created_at": now,
            "relayed_at": now,
        }
        outbox.add_event(connection, event)
        row = {**delivery_of(event, endpoint_id, now), "id": delivery_id}
        deliveries.add_deliveries(connection, [row])
    return delivery_id
