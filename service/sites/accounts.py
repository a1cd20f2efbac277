"""What people do to their own account: change the password, look at the sessions and end them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from service.domain.access import Caller
from service.domain.errors import Invalid, NotFound, Unauthorised
from service.sites import moderators, passwords
from service.storage import moderators as queries
from service.storage.database import Database

WRONG = "The present password is wrong."
TAG = 16  # digits of a session's fingerprint by which the page names it; they open nothing


@dataclass(frozen=True, slots=True)
class OwnSession:
    """One of one's own sessions; ``is_this`` is the one that asks."""

    tag: str
    begun_at: datetime
    used_at: datetime
    is_this: bool


def change_password(
    db: Database, caller: Caller, secret: str, present: str, password: str, now: datetime
) -> None:
    """Replace one's own password; all sessions but that of ``secret`` end, API tokens stay.

    Raises `Unauthorised` if the present one is wrong. The new one has passed `check_new`; the caller
    limits the rate (`service.web.login_limits`) and has taken a `moderators.turn`.
    """
    with db.read() as connection:
        account = queries.find(connection, caller.name)
    if account is None or not moderators.is_password(account.password_hash, present):
        raise Unauthorised(WRONG)
    after = moderators.hash_password(password)
    with db.write() as connection:
        # Hashing takes a while, in which an operator may have set another one.
        if not queries.replace_password_hash(
            connection, account.id, account.password_hash, after, is_own=True
        ):
            raise Unauthorised(WRONG)
        queries.drop_other_sessions(connection, account.id, moderators.fingerprint_of(secret))
        moderators.tell(connection, account.id, "password", now, caller=caller)


def check_new(caller: Caller, present: str, password: str) -> None:
    """Raise `Invalid` unless a password is good for this person, and another than the present one."""
    if problems := passwords.problems(password, [caller.name, *caller.roles]):
        raise Invalid(problems)
    if password == present:
        raise Invalid([("/password", "must be another one than the present")])


def list_sessions(
    db: Database, caller: Caller, secret: str, now: datetime, idle: timedelta
) -> Sequence[OwnSession]:
    """Return one's own sessions that are good now, the newest first."""
    own = moderators.fingerprint_of(secret)
    with db.read() as connection:
        found = queries.sessions(connection, id_of(caller), now)
    return [
        OwnSession(one.secret_hash[:TAG], one.created_at, used, one.secret_hash == own)
        for one in found
        if now - (used := one.seen_at or one.created_at) < idle or one.secret_hash == own
    ]


def end_session(db: Database, caller: Caller, tag: str, now: datetime) -> int:
    """End one of one's own sessions, named by its tag; return how many there were."""
    with db.write() as connection:
        every = queries.sessions(connection, id_of(caller), now)
        wanted = [one.secret_hash for one in every if one.secret_hash[:TAG] == tag]
        return _told(connection, caller, queries.drop_sessions(connection, id_of(caller), wanted), now)


def end_other_sessions(db: Database, caller: Caller, secret: str, now: datetime) -> int:
    """End all of one's own sessions but that of ``secret``; return how many there were."""
    with db.write() as connection:
        ended = queries.drop_other_sessions(connection, id_of(caller), moderators.fingerprint_of(secret))
        return _told(connection, caller, ended, now)


def _told(connection: Connection, caller: Caller, ended: int, now: datetime) -> int:
    if ended:
        moderators.tell(
            connection, id_of(caller), "end session", now, caller=caller, detail={"sessions": ended}
        )
    return ended


def id_of(caller: Caller) -> str:
    """Return whose account it is; only a person has one."""
    if caller.moderator_id is None:
        raise NotFound("Only a person has an account.")
    return caller.moderator_id
