"""Queries on sites."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, literal, null, select, update

from service.domain.errors import NotFound
from service.storage.records import PolicyRow, SitePages, SiteRow, columns, row_of, rows_of
from service.storage.tables import Policy, Site

# Made once: it is asked with every comment, and to put a query together costs three times what it does.
PAGES = select(*columns(SitePages, Site)).where(Site.id == bindparam("site"))


def find(connection: Connection, site_id: str) -> SiteRow | None:
    """Return one site."""
    query = select(*columns(SiteRow, Site)).where(Site.id == site_id)
    return row_of(SiteRow, connection.execute(query))


def existing(connection: Connection, site_id: str) -> SiteRow:
    """Return one site; raise `NotFound` with its name if there is none."""
    if (found := find(connection, site_id)) is None:
        raise NotFound(f"There is no site {site_id!r}.")
    return found


def all_sites(connection: Connection) -> list[SiteRow]:
    """Return all sites by id."""
    return rows_of(SiteRow, connection.execute(select(*columns(SiteRow, Site)).order_by(Site.id)))


def pages(connection: Connection, site_ids: Collection[str]) -> dict[str, SitePages]:
    """Return which pages each site takes, by the site's id; an unknown one is left out."""
    found = (row_of(SitePages, connection.execute(PAGES, {"site": one})) for one in site_ids)
    return {row.id: row for row in found if row}


def change(connection: Connection, site_id: str, values: Mapping[str, Any]) -> None:
    """Change columns of a site."""
    connection.execute(update(Site).where(Site.id == site_id).values(**values))


def policies(connection: Connection, site_ids: Collection[str]) -> dict[str, PolicyRow]:
    """Return the policy in force on each site."""
    query = select(
        *columns(
            PolicyRow,
            site_id=Site.id,
            version=Site.policy_version,
            document=Site.policy,
            site_name=Site.name,
            origins=Site.origins,
        )
    )
    found = rows_of(PolicyRow, connection.execute(query.where(Site.id.in_(site_ids))))
    return {row.site_id: row for row in found}


def policy_version(connection: Connection, site_id: str, version: int) -> PolicyRow | None:
    """Return a site's policy as it was in one version."""
    query = select(*columns(PolicyRow, Policy, site_name=literal(""), origins=null())).where(
        Policy.site_id == site_id, Policy.version == version
    )
    return row_of(PolicyRow, connection.execute(query))


def add(
    connection: Connection,
    site_id: str,
    name: str,
    policy: Mapping[str, Any],
    means: Mapping[str, Any],
    author: str,
    now: datetime,
    origins: Sequence[str] | None = None,
) -> None:
    """Insert a site with the first version of its policy; raises IntegrityError when the id is taken.

    Without ``origins``, any page may name, link and make its threads.
    """
    site = {"id": site_id, "name": name, "policy": policy, "created_at": now}
    connection.execute(insert(Site), site | {"origins": None if origins is None else list(origins)})
    _keep_version(connection, PolicyRow(site_id, 1, dict(means)), author, now)


def set_policy(
    connection: Connection,
    site_id: str,
    policy: Mapping[str, Any],
    means: Mapping[str, Any],
    author: str,
    now: datetime,
) -> PolicyRow:
    """Put a new version of a site's policy in force and return it; the site is there.

    The site keeps the document as it was written; the version keeps what it ``means``, defaults filled in.
    """
    held = select(Site.policy_version).where(Site.id == site_id).with_for_update(key_share=True)
    made = PolicyRow(site_id, connection.execute(held).scalar_one() + 1, dict(means))
    connection.execute(
        update(Site).where(Site.id == site_id).values(policy=dict(policy), policy_version=made.version)
    )
    _keep_version(connection, made, author, now)
    return made


def _keep_version(connection: Connection, made: PolicyRow, author: str, now: datetime) -> None:
    row = {"site_id": made.site_id, "version": made.version, "document": made.document}
    connection.execute(insert(Policy), row | {"author": author, "created_at": now})
