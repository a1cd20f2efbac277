"""How subjects that are no comments stand: what the audit log marks at each change, and is compared with."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from service.storage.tables import (
    Credential,
    Moderator,
    ModeratorSite,
    PerspectiveKey,
    Policy,
    RecoveryCode,
    SecondFactor,
    Site,
    Thread,
    WebhookEndpoint,
)
from service.storage.tables.base import Base

Found = dict[str, dict[str, Any]]


def of(connection: Connection, kind: str, ids: Collection[str] | None = None) -> Found:
    """Return how some subjects of a kind stand, by their id, or all that there are; what is gone is left out.

    Of a kind that stands in no table of ours nothing is found.
    """
    if kind not in BY_KIND:
        return {}
    return BY_KIND[kind](connection, ids)


def _rows(
    connection: Connection,
    table: type[Base],
    key: ColumnElement[Any],
    ids: Collection[Any] | None,
    names: Collection[str],
) -> Found:
    query = select(key.label("subject"), *(table.__table__.c[name] for name in names))
    found = connection.execute(query if ids is None else query.where(key.in_(ids)))
    return {str(row.subject): {name: getattr(row, name) for name in names} for row in found}


def _sites(connection: Connection, ids: Collection[str] | None) -> Found:
    names = ("name", "origins", "www_apart", "slash_apart")
    return _of_itself(_rows(connection, Site, Site.__table__.c.id, ids, names))


def _of_itself(found: Found) -> Found:
    """A site, and what has its id, is of that site."""
    return {site: stands | {"site_id": site} for site, stands in found.items()}


def _policies(connection: Connection, ids: Collection[str] | None) -> Found:
    """The policy in force, and every version there was, with who wrote it."""
    found = _rows(connection, Site, Site.__table__.c.id, ids, ("policy", "policy_version"))
    query = select(Policy.site_id, Policy.version, Policy.document, Policy.author)
    versions = query if ids is None else query.where(Policy.site_id.in_(ids))
    for row in connection.execute(versions.order_by(Policy.site_id, Policy.version)):
        kept = found[row.site_id].setdefault("versions", [])
        kept.append([row.version, row.document, row.author])
    return _of_itself(found)


def _threads(connection: Connection, ids: Collection[str] | None) -> Found:
    return _rows(connection, Thread, Thread.__table__.c.id, ids, ("site_id", "closed_at", "premoderate"))


def _endpoints(connection: Connection, ids: Collection[str] | None) -> Found:
    names = ("site_id", "url", "types", "secret", "disabled_at")
    return _rows(connection, WebhookEndpoint, WebhookEndpoint.__table__.c.id, ids, names)


def _keys(connection: Connection, ids: Collection[str] | None) -> Found:
    numbers = None if ids is None else [int(one) for one in ids]
    names = ("name", "secret_hash", "per_minute")
    return _rows(connection, PerspectiveKey, PerspectiveKey.__table__.c.id, numbers, names)


def _moderators(connection: Connection, ids: Collection[str] | None) -> Found:
    """People with their roles, tokens and second factor. Sessions come and go, and are not among it."""
    found = _rows(connection, Moderator, Moderator.__table__.c.id, ids, MODERATOR)
    roles: dict[str, dict[str, str]] = defaultdict(dict)
    for row in connection.execute(_some(ModeratorSite, ("moderator_id", "site_id", "role"), ids)):
        roles[row.moderator_id][row.site_id] = row.role
    tokens: dict[str, list[list[Any]]] = defaultdict(list)
    query = _some(Credential, ("moderator_id", *TOKEN), ids).where(Credential.kind == "token")
    for row in connection.execute(query.order_by(Credential.secret_hash)):
        tokens[row.moderator_id].append([getattr(row, name) for name in TOKEN])
    factors = _factors(connection, ids)
    for moderator, stands in found.items():
        # Left out where it is not so: marks from before this was kept hold on.
        if not stands[MUST_CHANGE]:
            del stands[MUST_CHANGE]
        if moderator in factors:
            stands["second_factor"] = factors[moderator]
        stands |= {"roles": roles[moderator], "tokens": tokens[moderator]}
    return found


def _factors(connection: Connection, ids: Collection[str] | None) -> dict[str, list[Any]]:
    """Second factors, each with its recovery codes."""
    names = ("salt", "since", "last_step")
    found = {
        row.moderator_id: [getattr(row, name) for name in names]
        for row in connection.execute(_some(SecondFactor, ("moderator_id", *names), ids))
    }
    codes = _some(RecoveryCode, ("moderator_id", "code_hash"), ids).order_by(RecoveryCode.code_hash)
    for row in connection.execute(codes):
        found[row.moderator_id].append(row.code_hash)
    return found


MUST_CHANGE = "must_change_password"
MODERATOR = ("name", "password_hash", "disabled_at", MUST_CHANGE)
TOKEN = ("secret_hash", "label", "created_at", "expires_at", "scope", "sites")


def _some(table: type[Any], names: Collection[str], ids: Collection[str] | None) -> Any:
    query = select(*(table.__table__.c[name] for name in names))
    return query if ids is None else query.where(table.moderator_id.in_(ids))


BY_KIND: Mapping[str, Callable[[Connection, Collection[str] | None], Found]] = {
    "site": _sites,
    "policy": _policies,
    "thread": _threads,
    "endpoint": _endpoints,
    "key": _keys,
    "moderator": _moderators,
}
# Of these there is none without a log: each was added by somebody. Threads are made by those who post, and a
# policy begins as the default.
LOGGED_FROM_THE_START = ("site", "endpoint", "key", "moderator")


def is_untouched(policy: Mapping[str, Any]) -> bool:
    """Whether a policy stands as it does when its site is added."""
    return bool(policy["policy"] == {} and policy["policy_version"] == len(policy["versions"]) == 1)
