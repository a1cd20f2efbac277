"""The rows of webhook endpoints."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from service.domain.turns import Standing
from service.storage.records import (
    ActiveEndpoint,
    Endpoint,
    EndpointWithSecret,
    columns,
    row_of,
    rows_of,
    values_of,
)
from service.storage.tables import WebhookEndpoint


def add_endpoint(connection: Connection, endpoint: EndpointWithSecret) -> None:
    """Insert a webhook endpoint."""
    connection.execute(insert(WebhookEndpoint), values_of(endpoint))


def find_endpoint(connection: Connection, endpoint_id: str, *, lock: bool = False) -> Endpoint | None:
    """Return one endpoint; with ``lock`` nobody else changes it until the transaction ends."""
    query = select(*columns(Endpoint, WebhookEndpoint)).where(WebhookEndpoint.id == endpoint_id)
    if lock:
        query = query.with_for_update(key_share=True)
    return row_of(Endpoint, connection.execute(query))


def endpoints(connection: Connection, site: str) -> list[Endpoint]:
    """Return the endpoints of a site, oldest first."""
    query = select(*columns(Endpoint, WebhookEndpoint)).where(WebhookEndpoint.site_id == site)
    return rows_of(Endpoint, connection.execute(query.order_by(WebhookEndpoint.id)))


def active_endpoints(connection: Connection, sites: Collection[str]) -> list[ActiveEndpoint]:
    """Return the endpoints of some sites that take events; none is removed before the commit."""
    query = (
        select(*columns(ActiveEndpoint, WebhookEndpoint))
        .where(WebhookEndpoint.site_id.in_(sites), WebhookEndpoint.disabled_at.is_(None))
        .order_by(WebhookEndpoint.id)
        .with_for_update(read=True, key_share=True)
    )
    return rows_of(ActiveEndpoint, connection.execute(query))


def change_endpoint(connection: Connection, endpoint_id: str, **values: Any) -> None:
    """Set columns of an endpoint."""
    connection.execute(update(WebhookEndpoint).where(WebhookEndpoint.id == endpoint_id).values(**values))


def replace_secret(connection: Connection, endpoint_id: str, secret: str, old_until: datetime) -> None:
    """Give an endpoint a new secret; the one it had signs beside it until a time. It is not read for that."""
    change_endpoint(
        connection,
        endpoint_id,
        secret=secret,
        old_secret=WebhookEndpoint.secret,
        old_secret_until=old_until,
    )


def standing(connection: Connection, endpoint_id: str) -> Standing:
    """Return how an endpoint has done; one that is gone has done well."""
    query = select(WebhookEndpoint.slow_turns, WebhookEndpoint.paused_until)
    row = connection.execute(query.where(WebhookEndpoint.id == endpoint_id)).first()
    return Standing(*row) if row else Standing()


def remove_endpoint(connection: Connection, endpoint_id: str) -> None:
    """Delete an endpoint with its deliveries and their attempts."""
    connection.execute(delete(WebhookEndpoint).where(WebhookEndpoint.id == endpoint_id))
