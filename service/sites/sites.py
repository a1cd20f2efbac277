"""Host sites and their policies."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.exc import IntegrityError

from service.domain.access import OPERATOR, Caller
from service.domain.errors import Invalid
from service.domain.policy_document import complete, policy_from
from service.storage import ledger
from service.storage import sites as queries
from service.storage.database import Database
from service.storage.records import PolicyRow, SiteRow

SITE_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


def add_site(db: Database, site_id: str, name: str, *, now: datetime) -> None:
    """Add a host site with the default policy; raise `Invalid` if the id is odd or taken."""
    if not SITE_ID.fullmatch(site_id):
        raise Invalid([("/id", "must be lower-case letters, digits and hyphens, at most 63")])
    try:
        with db.write() as connection:
            queries.add(connection, site_id, name, {}, complete({}), OPERATOR.name, now)
    except IntegrityError:
        raise Invalid([("/id", f"{site_id!r} is taken")]) from None


def list_sites(db: Database) -> list[SiteRow]:
    """Return all sites."""
    with db.read() as connection:
        return queries.all_sites(connection)


def policy_of(db: Database, caller: Caller, site_id: str) -> dict[str, Any]:
    """Return a site's whole policy document, defaults filled in."""
    caller.must("decide", site_id)
    with db.read() as connection:
        return complete(queries.existing(connection, site_id).policy)


def set_policy(
    db: Database, caller: Caller, site_id: str, document: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    """Put a new version of a site's policy in force; what it leaves out goes back to its default.

    Applies to comments that are decided from now on. Raises `Invalid` with every mistake named.
    """
    caller.must("own", site_id)
    policy_from(document)
    with db.write() as connection:
        queries.existing(connection, site_id)
        made = queries.set_policy(connection, site_id, document, complete(document), caller.name, now)
        ledger.record(connection, _changed(caller, made), now)
    return complete(document)


def keep_policies(db: Database, now: datetime) -> None:
    """Make a new version of each policy whose meaning a release changed, by new defaults or new members.

    For after an upgrade: a decision names the version that made it, so a version must mean one thing.
    """
    with db.write() as connection:
        for site in queries.all_sites(connection):
            kept = queries.policy_version(connection, site.id, site.policy_version)
            try:
                means = complete(site.policy)
            except Invalid:
                continue  # deciding says what to do with one that cannot be read
            if kept is None or kept.document != means:
                queries.set_policy(connection, site.id, site.policy, means, "upgrade", now)


def _changed(caller: Caller, made: PolicyRow) -> ledger.Happening:
    return ledger.Happening(
        kind="policy",
        id=made.site_id,
        site_id=made.site_id,
        action="change",
        event="policy.changed",
        actor_kind=caller.actor_kind,
        actor=caller.name,
        subject={
            "id": made.site_id,
            "site": made.site_id,
            "version": made.version,
            "policy": made.document,
        },
        detail={"version": made.version},  # the document itself stands with its version
    )
