"""Webhook endpoints: where a host site wants to be told, and the secrets that sign it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

import orjson
from sqlalchemy import Connection

from service.domain.access import Caller
from service.domain.errors import IllegalMove, Invalid, NotFound
from service.domain.events import REGISTRY, TEST, TYPES, endpoint_test
from service.domain.ids import new_id
from service.domain.signing import show_secret
from service.domain.turns import Standing
from service.outbound import Refused
from service.storage import deliveries, endpoints, ledger, outbox, sites
from service.storage.database import Database
from service.storage.records import Endpoint, EndpointWithSecret, NewEvent, values_of
from service.webhooks.relay import delivery_of

MAX_ENDPOINTS = 20  # of one site: each event is sent once to every one of them
OLD_SECRET_FOR = timedelta(hours=24)
RECEIVER = Caller("receiver", "receiver", {})  # an endpoint that answered 410 is disabled by itself


def add_endpoint(
    db: Database,
    caller: Caller,
    site: str,
    url: str,
    types: Sequence[str],
    now: datetime,
    *,
    check: Callable[[str], None],
) -> EndpointWithSecret:
    """Add an endpoint to a site and return it with its secret, which is never shown again.

    ``types`` are the event types it wants; none means all. ``check`` is `Outbound.check`. Raises `NotFound`
    for an unknown site, `Invalid` for a URL that may not be called, unknown types, or one endpoint too many.
    """
    caller.must("own", site)
    unknown = sorted(set(types) - set(TYPES))
    if unknown:
        raise Invalid([("/types", f"{', '.join(unknown)[:200]} is unknown; there are {', '.join(TYPES)}")])
    try:
        check(url)
    except Refused as refusal:
        raise Invalid([("/url", f"cannot be called: {refusal}")]) from None
    endpoint = EndpointWithSecret(
        id=new_id(now),
        site_id=site,
        url=url,
        types=sorted(set(types)),
        created_at=now,
        disabled_at=None,
        disabled_because=None,
        old_secret_until=None,
        paused_until=None,
        secret=_new_secret(),
    )
    with db.write() as connection:
        sites.existing(connection, site)
        if len(endpoints.endpoints(connection, site)) >= MAX_ENDPOINTS:
            raise Invalid([("/site", f"has {MAX_ENDPOINTS} webhook endpoints already")])
        endpoints.add_endpoint(connection, endpoint)
        _tell(connection, caller, "add", "endpoint.added", endpoint, now)
    return endpoint


def _tell(
    connection: Connection, caller: Caller, action: str, event: str, endpoint: Endpoint, now: datetime
) -> None:
    """Write what was done to an endpoint into the audit log and the events, in the same transaction."""
    happening = ledger.Happening(
        kind="endpoint",
        id=endpoint.id,
        site_id=endpoint.site_id,
        action=action,
        event=event,
        actor_kind=caller.actor_kind,
        actor=caller.name,
        subject=endpoint.snapshot(),
        detail={"host": endpoint.host},
    )
    ledger.record(connection, happening, now)


def _new_secret() -> str:
    return show_secret(secrets.token_bytes(32))


def list_endpoints(db: Database, caller: Caller, site: str) -> list[Endpoint]:
    """Return the endpoints of a site, oldest first, without their secrets."""
    caller.must("own", site)
    with db.read() as connection:
        return endpoints.endpoints(connection, site)


def find_endpoint(db: Database, caller: Caller, endpoint_id: str) -> Endpoint:
    """Return one endpoint, without its secrets."""
    with db.read() as connection:
        return owned(caller, endpoints.find_endpoint(connection, endpoint_id))


class OfSite(Protocol):
    """A row that belongs to a site."""

    @property
    def site_id(self) -> str:
        """The site."""


Found = TypeVar("Found", bound=OfSite)


def owned(caller: Caller, found: Found | None, what: str = "webhook endpoint") -> Found:
    """Return what was found if the caller owns its site; what others have is as good as not there.

    Raises `NotFound`, or `Forbidden` where the caller moderates the site and does not own it.
    """
    if found is None or not caller.may("see", found.site_id):
        raise NotFound(f"There is no such {what} on a site of yours.")
    caller.must("own", found.site_id)
    return found


def _taken(connection: Connection, caller: Caller, endpoint_id: str) -> Endpoint:
    """Return an endpoint to change; nobody else changes it until the transaction ends."""
    return owned(caller, endpoints.find_endpoint(connection, endpoint_id, lock=True))


def remove_endpoint(db: Database, caller: Caller, endpoint_id: str, now: datetime) -> None:
    """Remove an endpoint with its deliveries and their log."""
    with db.write() as connection:
        endpoint = _taken(connection, caller, endpoint_id)
        endpoints.remove_endpoint(connection, endpoint_id)
        _tell(connection, caller, "remove", "endpoint.removed", endpoint, now)


def rotate_secret(db: Database, caller: Caller, endpoint_id: str, now: datetime) -> EndpointWithSecret:
    """Give an endpoint a new secret and return it; for a day, attempts are signed with the old one too."""
    secret, until = _new_secret(), now + OLD_SECRET_FOR
    with db.write() as connection:
        endpoint = replace(_taken(connection, caller, endpoint_id), old_secret_until=until)
        endpoints.replace_secret(connection, endpoint_id, secret, until)
        _tell(connection, caller, "rotate", "endpoint.changed", endpoint, now)
    return EndpointWithSecret(**values_of(endpoint), secret=secret)


def enable_endpoint(db: Database, caller: Caller, endpoint_id: str, now: datetime) -> Endpoint:
    """Let a disabled endpoint take events again, or one that rests at once; deliveries that waited go on."""
    with db.write() as connection:
        endpoint = _taken(connection, caller, endpoint_id)
        enabled = replace(endpoint, disabled_at=None, disabled_because=None, paused_until=None)
        if endpoint.paused_until is not None:
            endpoints.change_endpoint(connection, endpoint_id, **asdict(Standing()))
        if endpoint.disabled_at is not None:
            endpoints.change_endpoint(connection, endpoint_id, disabled_at=None, disabled_because=None)
            _tell(connection, caller, "enable", "endpoint.changed", enabled, now)
    return enabled


def disable_endpoint(connection: Connection, endpoint_id: str, because: str, now: datetime) -> None:
    """Send nothing more to an endpoint, in the transaction that writes what its receiver answered.

    Nothing happens if it is disabled already, or gone.
    """
    endpoint = endpoints.find_endpoint(connection, endpoint_id, lock=True)
    if endpoint is not None and endpoint.disabled_at is None:
        endpoints.change_endpoint(connection, endpoint_id, disabled_at=now, disabled_because=because)
        disabled = replace(endpoint, disabled_at=now, disabled_because=because)
        _tell(connection, RECEIVER, "disable", "endpoint.changed", disabled, now)


def send_test(db: Database, caller: Caller, endpoint_id: str, now: datetime) -> str:
    """Queue an event of type ``webhook.test`` for one endpoint; return the delivery's id.

    It is signed, tried again and logged like any other, and stands in no log of events. It has no place in
    the order of the endpoint's own events: it waits for none of them and holds none back. Raises
    `IllegalMove` while the endpoint is disabled.
    """
    with db.write() as connection:
        endpoint = _taken(connection, caller, endpoint_id)
        if endpoint.disabled_at is not None:
            raise IllegalMove("This endpoint is disabled. Enable it first.")
        payload = endpoint_test(endpoint_id, endpoint.site_id, now)
        event = NewEvent(
            id="evt_" + new_id(now).replace("-", ""),
            site_id=endpoint.site_id,
            subject_kind=REGISTRY[TEST].subject,
            subject_id=endpoint_id,
            sequence=0,
            type=TEST,
            payload=orjson.dumps(payload).decode(),
            created_at=now,
            relayed_at=now,
        )
        delivery = delivery_of(event, endpoint_id, now)
        outbox.add_event(connection, event)
        deliveries.add_deliveries(connection, [delivery])
    return delivery.id
