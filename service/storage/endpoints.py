"""The rows of webhook endpoints."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import (
    Connection,
    delete,
    insert,
    select,
    update,
)

from service.storage.records import Record, every, first
from service.storage.tables import WebhookEndpoint


def add_endpoint(connection: Connection, endpoint: Mapping[str, Any]) -> None:
    """Insert a webhook endpoint."""
    connection.execute(insert(WebhookEndpoint), endpoint)


def find_endpoint(connection: Connection, endpoint_id: str) -> Record | None:
    """Return one endpoint with its secrets."""
    query = select(*WebhookEndpoint.__table__.c).where(WebhookEndpoint.id == endpoint_id)
    return first(connection.execute(query))


def endpoints(connection: Connection, site: str) -> list[Record]:
    """Return the endpoints of a site, oldest first."""
    query = select(*WebhookEndpoint.__table__.c).where(WebhookEndpoint.site_id == site)
    return every(connection.execute(query.order_by(WebhookEndpoint.id)))


def active_endpoints(connection: Connection, sites: Collection[str]) -> list[Record]:
    """Return id, site_id and types of the endpoints that take events; none is removed before the commit."""
    return every(
        connection.execute(
            select(WebhookEndpoint.id, WebhookEndpoint.site_id, WebhookEndpoint.types)
            .where(WebhookEndpoint.site_id.in_(sites), WebhookEndpoint.disabled_at.is_(None))
            .order_by(WebhookEndpoint.id)
            .with_for_update(read=True, key_share=True)
        )
    )


def change_endpoint(connection: Connection, endpoint_id: str, **columns: Any) -> bool:
    """Set columns of an endpoint; False if there is none."""
    change = update(WebhookEndpoint).where(WebhookEndpoint.id == endpoint_id).values(**columns)
    return connection.execute(change).rowcount > 0


def remove_endpoint(connection: Connection, endpoint_id: str) -> None:
    """Delete an endpoint with its deliveries and their attempts."""
    connection.execute(delete(WebhookEndpoint).where(WebhookEndpoint.id == endpoint_id))
