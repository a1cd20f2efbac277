"""Host sites and their policies."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.exc import IntegrityError

from service.domain.errors import Invalid, NotFound
from service.domain.policy_document import complete, policy_from
from service.storage import sites as queries
from service.storage.database import Database
from service.storage.records import Record

SITE_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


def add_site(db: Database, site_id: str, name: str, *, now: datetime) -> None:
    """Add a host site with the default policy; raise `Invalid` if the id is odd or taken."""
    if not SITE_ID.fullmatch(site_id):
        raise Invalid([("/id", "must be lower-case letters, digits and hyphens, at most 63")])
    try:
        with db.write() as connection:
            queries.add(connection, site_id, name, {}, "operator", now)
    except IntegrityError:
        raise Invalid([("/id", f"{site_id!r} is taken")]) from None


def list_sites(db: Database) -> list[Record]:
    """Return all sites."""
    with db.read() as connection:
        return queries.all_sites(connection)


def policy_of(db: Database, site_id: str) -> dict[str, Any]:
    """Return a site's whole policy document, defaults filled in."""
    with db.read() as connection:
        site = queries.find(connection, site_id)
    if site is None:
        raise NotFound(f"There is no site {site_id!r}.")
    return complete(site["policy"])


def set_policy(
    db: Database, site_id: str, document: Mapping[str, Any], *, now: datetime | None = None
) -> dict[str, Any]:
    """Replace a site's policy; what the document leaves out goes back to its default.

    Applies to comments that are decided from now on. Raises `Invalid` with every mistake named.
    """
    policy_from(document)
    now = now or datetime.now(UTC)
    with db.write() as connection:
        if queries.set_policy(connection, site_id, document, "operator", now) is None:
            raise NotFound(f"There is no site {site_id!r}.")
    return complete(document)
