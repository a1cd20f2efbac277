"""Host sites and their policies."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from service.domain.access import OPERATOR, Caller
from service.domain.addresses import Spelling
from service.domain.errors import Invalid
from service.domain.origins import MAX_ORIGINS, Origins, read_origin
from service.domain.policy_document import complete, policy_from
from service.storage import comments, ledger, threads
from service.storage import sites as queries
from service.storage.database import Database
from service.storage.records import PolicyRow, SitePages, SiteRow

UPGRADE = Caller("upgrade", "upgrade", {})  # a release that reads policies otherwise
SITE_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


def add_site(
    db: Database, site_id: str, name: str, *, now: datetime, origins: Sequence[str] | None = None
) -> None:
    """Add a host site with the default policy; raise `Invalid` if the id is odd or taken.

    Only pages of its ``origins`` may name, link and make its threads; None lets any page.
    """
    listed = _read_origins(origins)
    if not SITE_ID.fullmatch(site_id):
        raise Invalid([("/id", "must be lower-case letters, digits and hyphens, at most 63")])
    try:
        with db.write() as connection:
            queries.add(connection, site_id, name, {}, complete({}), OPERATOR.name, now, listed)
            # Its policy is the default one, which needs no entry of its own.
            ledger.record(connection, ledger.untold("site", site_id, "add", site_id=site_id), now)
    except IntegrityError:
        raise Invalid([("/id", f"{site_id!r} is taken")]) from None


def list_sites(db: Database) -> list[SiteRow]:
    """Return all sites."""
    with db.read() as connection:
        return queries.all_sites(connection)


def pages_of(db: Database, caller: Caller, site_id: str) -> SitePages:
    """Return which pages a site takes comments from, and how it spells their addresses."""
    caller.must("own", site_id)
    with db.read() as connection:
        queries.existing(connection, site_id)
        return queries.pages(connection, [site_id])[site_id]


def set_origins(
    db: Database, caller: Caller, site_id: str, origins: Sequence[str] | None, own: str | None, now: datetime
) -> SitePages:
    """Let only pages of these origins name, link and make a site's threads; None lets any page.

    The links and titles that other pages gave are dropped. ``own`` is the origin of Parley itself.
    """
    caller.must("own", site_id)
    listed = _read_origins(origins)
    with db.write() as connection:
        queries.existing(connection, site_id)
        pages = _change_pages(connection, caller, site_id, {"origins": listed}, now)
        holds = Origins(listed, own).hold
        comments.forget_pages(connection, site_id, holds)
        for thread in threads.of_site(connection, site_id):
            if thread.url and not holds(thread.url):
                actor = (caller.actor_kind, caller.name)
                values = {"url": None, "title": None, "url_pinned": False, "title_pinned": False}
                threads.rename(connection, thread, values, actor, now)
        return pages


def set_spelling(db: Database, caller: Caller, site_id: str, spelling: Spelling, now: datetime) -> SitePages:
    """Say what a site holds apart although it is one page nearly everywhere; see `threads.respell`."""
    caller.must("own", site_id)
    values = {"www_apart": spelling.www_apart, "slash_apart": spelling.slash_apart}
    with db.write() as connection:
        queries.existing(connection, site_id)
        return _change_pages(connection, caller, site_id, values, now)


def _change_pages(
    connection: Connection, caller: Caller, site_id: str, values: Mapping[str, Any], now: datetime
) -> SitePages:
    stood = queries.pages(connection, [site_id])[site_id]
    pages = replace(stood, **values)
    if pages != stood:
        queries.change(connection, site_id, values)
        subject: dict[str, object] = {"id": site_id, "site": site_id, "origins": pages.origins}
        subject |= {"www_apart": pages.www_apart, "slash_apart": pages.slash_apart}
        ledger.record(connection, ledger.Happening(
            kind="site", id=site_id, site_id=site_id, action="change", event="site.changed",
            actor_kind=caller.actor_kind, actor=caller.name, subject=subject, detail=dict(values),
        ), now)  # fmt: skip
    return pages


def _read_origins(origins: Sequence[str] | None) -> list[str] | None:
    if origins is None:
        return None
    found = list(dict.fromkeys(read_origin(one) for one in origins))
    if not 1 <= len(found) <= MAX_ORIGINS:
        raise Invalid([("/origins", f"must be 1 to {MAX_ORIGINS}")])
    return found


def policy_of(db: Database, caller: Caller, site_id: str) -> dict[str, Any]:
    """Return a site's whole policy document, defaults filled in."""
    caller.must("see", site_id)
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
                made = queries.set_policy(connection, site.id, site.policy, means, UPGRADE.name, now)
                ledger.record(connection, replace(_changed(UPGRADE, made), event=None), now)


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
