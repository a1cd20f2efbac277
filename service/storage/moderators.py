"""Queries on moderators, their sites and their credentials."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import Connection, delete, insert, or_, select, update

from service.storage.records import (
    Account,
    Holder,
    ListedModerator,
    NewCredential,
    Role,
    Session,
    Token,
    columns,
    row_of,
    rows_of,
    values_of,
)
from service.storage.tables import Credential, Moderator, ModeratorSite, SecondFactor
from service.storage.upserts import upsert

HOLDER = (Moderator.id, Moderator.name, Moderator.must_change_password)
LIMITS = (Credential.kind, Credential.scope, Credential.sites, Credential.seen_at)


def find(connection: Connection, name: str) -> Account | None:
    """Return one moderator by name."""
    return row_of(
        Account, connection.execute(select(*columns(Account, Moderator)).where(Moderator.name == name))
    )


def find_by_id(connection: Connection, moderator: str) -> Account | None:
    """Return one moderator by id."""
    return row_of(
        Account, connection.execute(select(*columns(Account, Moderator)).where(Moderator.id == moderator))
    )


def every_moderator(connection: Connection) -> list[ListedModerator]:
    """Return all moderators by name, with their roles and second factor, and without the password's hash."""
    query = select(
        Moderator.id, Moderator.name, Moderator.created_at, Moderator.disabled_at, SecondFactor.since
    ).outerjoin(SecondFactor, SecondFactor.moderator_id == Moderator.id)
    people = connection.execute(query.order_by(Moderator.name)).all()
    roles: dict[str, dict[str, str]] = defaultdict(dict)
    of_all = select(*columns(Role, ModeratorSite)).order_by(ModeratorSite.site_id)
    for row in rows_of(Role, connection.execute(of_all)):
        roles[row.moderator_id][row.site_id] = row.role
    return [ListedModerator(*person[:-1], roles[person.id], person.since) for person in people]


def add(
    connection: Connection,
    moderator: str,
    name: str,
    password_hash: str,
    now: datetime,
    *,
    must_change: bool = False,
) -> None:
    """Insert a moderator; raises IntegrityError when the name is taken."""
    values = {"id": moderator, "name": name, "password_hash": password_hash, "created_at": now}
    connection.execute(insert(Moderator), values | {"must_change_password": must_change})


def set_password_hash(
    connection: Connection, moderator: str, password_hash: str, *, must_change: bool
) -> None:
    """Replace the hash of a moderator's password; ``must_change`` where it is not of their own choice."""
    values = {"password_hash": password_hash, "must_change_password": must_change}
    connection.execute(update(Moderator).where(Moderator.id == moderator).values(values))


def replace_password_hash(
    connection: Connection, moderator: str, before: str, after: str, *, is_own: bool = False
) -> bool:
    """Replace one hash by another and hold the row; False where another came, or they were locked out.

    ``is_own`` says that its owner chose the new one, and so need not change it.
    """
    same = (Moderator.id == moderator, Moderator.password_hash == before, Moderator.disabled_at.is_(None))
    values = {"password_hash": after} | ({"must_change_password": False} if is_own else {})
    return connection.execute(update(Moderator).where(*same).values(values)).rowcount == 1


def set_disabled(connection: Connection, moderator: str, since: datetime | None) -> None:
    """Lock a moderator out, or let them in again with None."""
    connection.execute(update(Moderator).where(Moderator.id == moderator).values(disabled_at=since))


def set_roles(connection: Connection, moderator: str, roles: Mapping[str, str]) -> None:
    """Give a moderator a role on each of some sites; raises IntegrityError for a site that is not there."""
    for site, role in roles.items():
        set_role(connection, moderator, site, role)


def set_role(connection: Connection, moderator: str, site: str, role: str) -> bool:
    """Give a moderator a role on a site; whether that changes anything. IntegrityError as `set_roles`."""
    here = (ModeratorSite.moderator_id == moderator, ModeratorSite.site_id == site)
    if connection.scalar(select(ModeratorSite.role).where(*here).with_for_update()) == role:
        return False
    values = {"moderator_id": moderator, "site_id": site, "role": role}
    upsert(connection, ModeratorSite, values, {"role": role})
    return True


def drop_role(connection: Connection, moderator: str, site: str) -> int:
    """Take a moderator off a site; return how many roles that were."""
    gone = delete(ModeratorSite).where(ModeratorSite.moderator_id == moderator, ModeratorSite.site_id == site)
    return connection.execute(gone).rowcount


def add_credential(connection: Connection, new: NewCredential) -> None:
    """Insert a session or a token."""
    connection.execute(insert(Credential), values_of(new))


def tokens(connection: Connection, moderator: str) -> list[Token]:
    """Return a moderator's tokens by label."""
    query = select(*columns(Token, Credential)).where(
        Credential.kind == "token", Credential.moderator_id == moderator
    )
    return rows_of(Token, connection.execute(query.order_by(Credential.label, Credential.created_at)))


def sessions(connection: Connection, moderator: str, now: datetime) -> list[Session]:
    """Return a moderator's sessions that have not reached their end, the newest first."""
    query = select(*columns(Session, Credential)).where(
        Credential.kind == "session", Credential.moderator_id == moderator, Credential.expires_at > now
    )
    newest = (Credential.created_at.desc(), Credential.secret_hash)
    return rows_of(Session, connection.execute(query.order_by(*newest)))


def drop_sessions(connection: Connection, moderator: str, secret_hashes: Collection[str]) -> int:
    """Delete some of a moderator's sessions; return how many there were."""
    gone = delete(Credential).where(
        Credential.kind == "session",
        Credential.moderator_id == moderator,
        Credential.secret_hash.in_(secret_hashes),
    )
    return connection.execute(gone).rowcount


def drop_other_sessions(connection: Connection, moderator: str, kept: str) -> int:
    """Delete a moderator's sessions but for one; return how many there were."""
    gone = delete(Credential).where(
        Credential.kind == "session", Credential.moderator_id == moderator, Credential.secret_hash != kept
    )
    return connection.execute(gone).rowcount


def see(connection: Connection, secret_hash: str, now: datetime) -> None:
    """Write down that a session is used."""
    connection.execute(update(Credential).where(Credential.secret_hash == secret_hash).values(seen_at=now))


def find_credential(connection: Connection, secret_hash: str, now: datetime) -> Holder | None:
    """Return who holds a credential that is good now."""
    query = (
        select(*HOLDER, *LIMITS, ModeratorSite.site_id, ModeratorSite.role)
        .join(Moderator, Moderator.id == Credential.moderator_id)
        .outerjoin(ModeratorSite, ModeratorSite.moderator_id == Moderator.id)
        .where(
            Credential.secret_hash == secret_hash,
            or_(Credential.expires_at.is_(None), Credential.expires_at > now),
            Moderator.disabled_at.is_(None),
        )
    )
    rows = connection.execute(query).all()
    if not rows:
        return None
    # A moderator without a site has one row, with None for the site.
    roles = {row.site_id: row.role for row in rows if row.site_id is not None}
    first = rows[0]
    limits = (first.scope, first.sites, first.seen_at, first.must_change_password)
    return Holder(first.id, first.name, first.kind, roles, *limits)


def drop_credential(connection: Connection, secret_hash: str) -> None:
    """Delete one session or token."""
    connection.execute(delete(Credential).where(Credential.secret_hash == secret_hash))


def drop_credentials(
    connection: Connection, moderator: str, kind: str | None = None, label: str | None = None
) -> int:
    """Delete a moderator's credentials, of one kind and one label if given; return how many."""
    gone = delete(Credential).where(Credential.moderator_id == moderator)
    if kind is not None:
        gone = gone.where(Credential.kind == kind)
    if label is not None:
        gone = gone.where(Credential.label == label)
    return connection.execute(gone).rowcount


def drop_expired(connection: Connection, now: datetime) -> None:
    """Delete sessions that are good for nothing any more."""
    ended = delete(Credential).where(Credential.kind == "session", Credential.expires_at <= now)
    connection.execute(ended)
