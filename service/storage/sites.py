"""Queries on sites."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from service.storage.records import Record, every, first
from service.storage.tables import Site


def find(connection: Connection, site_id: str) -> Record | None:
    """Return one site."""
    return first(connection.execute(select(*Site.__table__.c).where(Site.id == site_id)))


def all_sites(connection: Connection) -> list[Record]:
    """Return all sites by id."""
    return every(connection.execute(select(*Site.__table__.c).order_by(Site.id)))


def policies(connection: Connection, site_ids: Collection[str]) -> dict[str, Mapping[str, Any]]:
    """Return the policy document of each site."""
    rows = connection.execute(select(Site.id, Site.policy).where(Site.id.in_(site_ids)))
    return {row[0]: row[1] for row in rows}


def add(connection: Connection, site_id: str, name: str, policy: Mapping[str, Any], now: datetime) -> None:
    """Insert a site; raises IntegrityError when the id is taken."""
    connection.execute(insert(Site), {"id": site_id, "name": name, "policy": policy, "created_at": now})


def set_policy(connection: Connection, site_id: str, policy: Mapping[str, Any]) -> None:
    """Replace a site's policy document."""
    connection.execute(update(Site).where(Site.id == site_id).values(policy=policy))
