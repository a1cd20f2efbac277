"""Who may moderate: accounts, passwords, sessions and API tokens."""

from __future__ import annotations

import re
import secrets
import threading
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import cast

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from service.domain.access import OPERATOR, ROLES, Act, Caller, within
from service.domain.composing import composed
from service.domain.errors import Invalid, NotFound, Unauthorised, Unavailable
from service.domain.ids import fingerprint, new_id
from service.sites import passwords
from service.storage import ledger, second_factors, sites
from service.storage import moderators as queries
from service.storage.database import Database
from service.storage.records import Account, ListedModerator, NewCredential, Token

SESSION_LIFE = timedelta(hours=12)
SEEN_EVERY = timedelta(minutes=1)  # a session that is used is written down so often, not with each request
MAX_NAME, MAX_LABEL = 120, 120
TOKEN_PREFIX = "parley_"  # noqa: S105 - lets secret scanners recognise a leaked token
RESERVED = frozenset(
    {"policy", "the policy", "anonymous", "parley", "operator", "receiver", "stranger", "upgrade"}
)  # what audit rows call non-people
ODD = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffd]"
)
NAMED = f"{', '.join(ROLES[:-1])} or {ROLES[-1]}"
STRANGER = Caller("stranger", "stranger", {})  # who is refused at the login, for the audit log
WRONG = "The name or the password is wrong."
# argon2id above OWASP's minimum (19 MiB, 2 passes), in one lane.
HASHER = PasswordHasher(time_cost=3, memory_cost=32 * 1024, parallelism=1)
# Two at a time, and nobody waits for a turn: a wave of logins must not take the machine's cores and memory
# from everybody else, nor the threads that answer readers.
LOGINS_AT_ONCE = 2
# Whoever logged in here before has turns of their own, which strangers cannot take.
_turns = {known: threading.BoundedSemaphore(LOGINS_AT_ONCE) for known in (False, True)}


def add_moderator(
    db: Database, name: str, password: str, roles: Mapping[str, str], now: datetime, *, is_own: bool = False
) -> None:
    """Add a moderator with a role, one of `ROLES`, on each of some sites.

    The password must be changed at the first login, unless whom it is for chose it (``is_own``).
    Raises `Invalid` for a name that is odd or taken, a weak password, an unknown role or site.
    """
    problems = _name_problems(name) + passwords.problems(password, [name, *roles])
    problems += [(f"/roles/{site}", f"must be {NAMED}") for site, r in roles.items() if r not in ROLES]
    if problems:
        raise Invalid(problems)
    moderator, password_hash = new_id(now), hash_password(password)
    try:
        with db.write() as connection:
            if queries.find(connection, plain_name(name)):
                raise Invalid([("/name", f"{plain_name(name)!r} is taken")])
            queries.add(connection, moderator, plain_name(name), password_hash, now, must_change=not is_own)
            queries.set_roles(connection, moderator, roles)
            if not roles:  # the first role says it else
                tell(connection, moderator, "add", now, detail={"name": plain_name(name)})
            for site, role in roles.items():
                _tell_role(connection, moderator, plain_name(name), site, role, now)
    except IntegrityError:
        raise Invalid([("/roles", f"there is no such site: {', '.join(roles)}")]) from None


def set_password(db: Database, name: str, password: str, now: datetime, *, is_own: bool = False) -> None:
    """Replace a password and end all sessions; API tokens stay.

    It must be changed at the next login, unless whom it is for chose it (``is_own``).
    Raises `NotFound` for an unknown name and `Invalid` for a weak password.
    """
    if problems := passwords.problems(password, [name]):
        raise Invalid(problems)
    password_hash = hash_password(password)
    with db.write() as connection:
        moderator = _find(connection, name)
        queries.set_password_hash(connection, moderator.id, password_hash, must_change=not is_own)
        queries.drop_credentials(connection, moderator.id, "session")
        tell(connection, moderator.id, "password", now)


def disable(db: Database, name: str, now: datetime) -> None:
    """Lock a moderator out at once: no login, and every session and token is gone."""
    with db.write() as connection:
        moderator = _find(connection, name)
        queries.set_disabled(connection, moderator.id, now)
        queries.drop_credentials(connection, moderator.id)
        tell(connection, moderator.id, "disable", now)


def enable(db: Database, name: str, now: datetime) -> None:
    """Let a disabled moderator log in again; old sessions and tokens stay gone."""
    with db.write() as connection:
        moderator = _find(connection, name)
        queries.set_disabled(connection, moderator.id, None)
        tell(connection, moderator.id, "enable", now)


def list_moderators(db: Database) -> list[ListedModerator]:
    """Return all moderators by name, with their roles."""
    with db.read() as connection:
        return queries.every_moderator(connection)


def grant(db: Database, name: str, site: str, role: str, now: datetime) -> None:
    """Give a moderator a role on a site, in place of the one they had there; holds at once."""
    if role not in ROLES:
        raise Invalid([("/role", f"must be {NAMED}")])
    with db.write() as connection:
        moderator = _find(connection, name)
        sites.existing(connection, site)
        if not queries.set_role(connection, moderator.id, site, role):
            return  # they have it already
        _tell_role(connection, moderator.id, moderator.name, site, role, now)


def revoke(db: Database, name: str, site: str, now: datetime) -> None:
    """Take a moderator off a site; holds at once. Raises `NotFound` if they had no role there."""
    with db.write() as connection:
        moderator = _find(connection, name)
        if not queries.drop_role(connection, moderator.id, site):
            raise NotFound(f"{name!r} has no role on {site!r}.")
        _tell_role(connection, moderator.id, moderator.name, site, None, now)


def _tell_role(
    connection: Connection, moderator: str, name: str, site: str, role: str | None, now: datetime
) -> None:
    """Write that somebody's role changed into the audit log and the events; None is no role any more."""
    happening = ledger.Happening(
        kind="moderator",
        id=moderator,
        site_id=site,
        action="grant" if role else "revoke",
        event="moderator.role_changed",
        actor_kind=OPERATOR.actor_kind,
        actor=OPERATOR.name,
        subject={"id": moderator, "site": site, "name": name, "role": role},
        detail={"site": site, "role": role},
    )
    ledger.record(connection, happening, now)


def tell(
    connection: Connection,
    moderator: str,
    action: str,
    now: datetime,
    *,
    caller: Caller = OPERATOR,
    detail: Mapping[str, object] | None = None,
) -> None:
    """Write what was done to an account into the audit log; host sites are not told."""
    told = ledger.untold("moderator", moderator, action, caller=caller, detail=detail)
    ledger.record(connection, told, now)


@contextmanager
def turn(*, known: bool = False) -> Iterator[None]:
    """Let a login have its turn for hashing, or raise `Unavailable` at once where too many are at it.

    Known browsers (``known``) have turns of their own. It is taken before the attempt is counted: who is
    sent away has not used up a try.
    """
    if not _turns[known].acquire(blocking=False):
        raise Unavailable("Many people are logging in just now. Try again in a moment.")
    try:
        yield
    finally:
        _turns[known].release()


@dataclass(frozen=True, slots=True)
class HalfLogin:
    """Somebody who gave the right password, and is to give a code too (`service.sites.second_factors`)."""

    moderator_id: str
    name: str
    password_hash: str


def log_in(db: Database, name: str, password: str, now: datetime) -> str | HalfLogin:
    """Return the secret of a new session, good for 12 hours; half a login of who has a second factor.

    Raises `Unauthorised`, with the same words and after the same work, whether the name is unknown,
    the password wrong or the moderator disabled. The caller limits the rate (`service.web.login_limits`)
    and has taken a `turn`.
    """
    with db.read() as connection:
        moderator = queries.find(connection, plain_name(name)) if len(name) <= MAX_NAME else None
    stored = moderator.password_hash if moderator else _nobodys_hash()
    right = is_password(stored, password)
    if moderator is None or not right or moderator.disabled_at is not None:
        raise Unauthorised(WRONG)
    renewed = hash_password(password) if HASHER.check_needs_rehash(stored) else stored
    with db.write() as connection:
        # Hashing takes a while, in which the password may have been changed, or its owner locked out.
        if not queries.replace_password_hash(connection, moderator.id, stored, renewed):
            raise Unauthorised(WRONG)
        if second_factors.find(connection, moderator.id) is not None:
            if renewed != stored:  # the log has how the account stands, and no login is written yet
                tell(connection, moderator.id, "rehash", now)
            return HalfLogin(moderator.id, moderator.name, renewed)
        return begin_session(connection, moderator.id, moderator.name, now)


def begin_session(
    connection: Connection,
    moderator: str,
    name: str,
    now: datetime,
    detail: Mapping[str, object] | None = None,
) -> str:
    """Return the secret of a new session of somebody who has shown who they are, and write it down."""
    secret = secrets.token_urlsafe(32)
    queries.drop_expired(connection, now)
    queries.add_credential(
        connection,
        NewCredential(
            secret_hash=fingerprint(secret),
            kind="session",
            moderator_id=moderator,
            created_at=now,
            expires_at=now + SESSION_LIFE,
            seen_at=now,
        ),
    )
    whose = Caller("session", name, {}, moderator)
    tell(connection, moderator, "login", now, caller=whose, detail=detail)
    return secret


def note_refusal(db: Database, name: str, count: int, now: datetime) -> None:
    """Write into the audit log that so many logins were refused in this hour, the last one as ``name``.

    The name is kept if it is a moderator's: others may type a password in its place. The caller sees to it
    that a guesser cannot fill the log (`service.web.login_limits`).
    """
    with db.write() as connection:
        found = queries.find(connection, plain_name(name)) if len(name) <= MAX_NAME else None
        detail = {"refused": count, "name": found.name if found else None}
        told = ledger.untold("login", "refused", "refuse", caller=STRANGER, detail=detail)
        ledger.record(connection, told, now)


def log_out(db: Database, secret: str) -> None:
    """End a session at once; nothing happens if it is none."""
    with db.write() as connection:
        queries.drop_credential(connection, fingerprint_of(secret))


@dataclass(frozen=True, slots=True)
class TokenFor:
    """What a token is good for at most, whatever its holder may do; None is no limit."""

    scope: Act | None = None
    sites: Sequence[str] | None = None
    until: datetime | None = None


def add_token(db: Database, name: str, label: str, now: datetime, wanted: TokenFor | None = None) -> str:
    """Return a new API token, ``parley_`` and 256 random bits; it is shown once."""
    wanted = wanted or TokenFor()
    if not 1 <= len(label.strip()) <= MAX_LABEL or ODD.search(label):
        raise Invalid([("/label", f"must be one line of 1 to {MAX_LABEL} characters")])
    secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
    with db.write() as connection:
        moderator = _find(connection, name)
        queries.add_credential(
            connection,
            NewCredential(
                secret_hash=fingerprint(secret),
                kind="token",
                moderator_id=moderator.id,
                label=label.strip(),
                created_at=now,
                expires_at=wanted.until,
                scope=wanted.scope,
                sites=list(wanted.sites) if wanted.sites else None,
            ),
        )
        for site in wanted.sites or ():
            sites.existing(connection, site)
        tell(connection, moderator.id, "add token", now, detail={"label": label.strip()})
    return secret


def list_tokens(db: Database, name: str) -> list[Token]:
    """Return a moderator's API tokens by label, without their secrets; those that ended too."""
    with db.read() as connection:
        return queries.tokens(connection, _find(connection, name).id)


def drop_tokens(db: Database, name: str, label: str, now: datetime) -> int:
    """Delete a moderator's API tokens of one label; return how many there were."""
    with db.write() as connection:
        moderator = _find(connection, name)
        dropped = queries.drop_credentials(connection, moderator.id, "token", label.strip())
        if dropped:
            tell(connection, moderator.id, "drop token", now, detail={"label": label.strip()})
        return dropped


def who(
    db: Database, secret: str, now: datetime, idle: timedelta | None = None, *, is_used: bool = False
) -> Caller | None:
    """Return whose session or token a secret is, with their roles as they are now; None if nobody's.

    Asked of the database every time, so that a logout, a lost role or a disabled account holds at once. A
    session ends too when nobody used it for ``idle``; ``is_used`` says that a person does so now.
    """
    with db.read() as connection:
        found = queries.find_credential(connection, fingerprint_of(secret), now)
    if found is None:
        return None
    since = now - found.seen_at if found.seen_at and found.kind == "session" else timedelta()
    if idle is not None and since >= idle:
        return None
    if is_used and since >= SEEN_EVERY:
        # Whoever only looks may do so while nothing can be written.
        with suppress(Unavailable), db.write() as connection:
            queries.see(connection, fingerprint_of(secret), now)
    roles = within(found.roles, cast("Act | None", found.scope), found.sites)
    must_change = found.kind == "session" and found.must_change_password
    return Caller(found.kind, found.name, roles, found.moderator_id, must_change)


def _find(connection: Connection, name: str) -> Account:
    found = queries.find(connection, plain_name(name))
    if found is None:
        raise NotFound(f"There is no moderator {name!r}.")
    return found


def fingerprint_of(secret: str) -> str:
    """Return by what a session or token is known in the database."""
    return fingerprint(secret.encode(errors="replace").decode())  # a header may hold half a character


def plain_name(text: str) -> str:
    """Return a name as it is stored: the same letters typed on another keyboard give the same name."""
    return composed(text).replace("\x00", "\ufffd").encode(errors="replace").decode().strip()


def _name_problems(name: str) -> list[tuple[str, str]]:
    if not 1 <= len(name.strip()) <= MAX_NAME or ODD.search(name):
        return [("/name", f"must be one line of 1 to {MAX_NAME} characters")]
    if plain_name(name).casefold() in RESERVED:
        return [("/name", f"{name.strip()!r} is what the audit log calls somebody else")]
    return []


def _bytes(password: str) -> bytes:
    return unicodedata.normalize("NFC", password).encode(errors="replace")


def hash_password(password: str) -> str:
    """Return the argon2id hash of a password."""
    return HASHER.hash(_bytes(password))


@cache
def _nobodys_hash() -> str:
    return hash_password(secrets.token_urlsafe(32))


def is_password(stored: str, password: str) -> bool:
    """Whether a password is the one whose hash is stored; takes as long if not."""
    _nobodys_hash()  # made before anybody's time is taken, so that the first stranger waits no longer
    try:
        # A longer one than any account has is cut: it is wrong, and must not cost more than others.
        return HASHER.verify(stored, _bytes(password[: passwords.MAX_PASSWORD + 1]))
    except (VerificationError, InvalidHashError):
        return False
