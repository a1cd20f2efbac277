"""Second factors: turned on and off by their owner, asked for at the login, switched off by an operator.

Whoever calls limits the rate (`service.web.login_limits`), and where a password is asked has taken a
`moderators.turn`. ``key`` is the installation's secret key; with another one no code of before is right.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from service.domain import second_factor as rules
from service.domain import tickets
from service.domain.access import Caller
from service.domain.errors import Forbidden, Invalid, NotFound, Unauthorised
from service.sites import accounts, moderators
from service.sites.moderators import HalfLogin
from service.storage import moderators as people
from service.storage import second_factors as queries
from service.storage.database import Database
from service.storage.records import Account, Factor

HALF, HALF_LIFE = "half login", timedelta(minutes=5)
SETUP, SETUP_LIFE = "second factor", timedelta(minutes=15)
CODES = 10
# The same for whatever was wrong, so that it tells nothing.
WRONG = "The code is wrong, or was used before."
WRONG_BOTH = "The present password is wrong, or the code is wrong or was used before."
WRONG_FIRST = "That is not what the app should show now. Look whether your telephone's clock is right."
OVER = "That took too long, or was begun in another session. Begin again."
ON_ALREADY = "is on already"


@dataclass(frozen=True, slots=True)
class ShownFactor:
    """Somebody's second factor, as they see it."""

    since: datetime
    codes_left: int


@dataclass(frozen=True, slots=True)
class Setup:
    """What an app is told, as text and as an address; ``ticket`` comes back with its first code."""

    secret: str
    address: str
    ticket: str


def show(db: Database, caller: Caller) -> ShownFactor | None:
    """Return one's own second factor; None where it is off."""
    with db.read() as connection:
        return _shown(connection, accounts.id_of(caller))


def of_name(db: Database, name: str) -> ShownFactor | None:
    """Return somebody's second factor; None where it is off. Raises `NotFound` for an unknown name."""
    with db.read() as connection:
        return _shown(connection, _named(connection, name).id)


def _shown(connection: Connection, moderator: str) -> ShownFactor | None:
    found = queries.find(connection, moderator)
    return ShownFactor(found.since, queries.codes_left(connection, moderator)) if found else None


def _named(connection: Connection, name: str) -> Account:
    found = people.find(connection, moderators.plain_name(name))
    if found is None:
        raise NotFound(f"There is no moderator {name!r}.")
    return found


def begin(
    db: Database, key: bytes, caller: Caller, session: str, present: str, issuer: str, now: datetime
) -> Setup:
    """Return a new secret for one's app. It counts once a code of it came back, in the same session.

    Raises `Unauthorised` if the present password is wrong, and `Invalid` where a second factor is on.
    """
    if show(db, caller) is not None:
        raise Invalid([("/second_factor", ON_ALREADY)])
    _account(db, caller, present, accounts.WRONG)
    bound = [accounts.id_of(caller), moderators.fingerprint_of(session)]
    ticket = tickets.issue(key, SETUP, secrets.token_hex(16), bound, now + SETUP_LIFE)
    return setup_of(key, caller, ticket, issuer)


def setup_of(key: bytes, caller: Caller, ticket: str, issuer: str) -> Setup:
    """Return what a ticket of `begin` stands for, once more; whether it is good `turn_on` has looked."""
    secret = rules.secret_of(key, accounts.id_of(caller), tickets.carried(ticket))
    return Setup(rules.base32(secret), rules.address(secret, caller.name, issuer), ticket)


def turn_on(
    db: Database, key: bytes, caller: Caller, session: str, ticket: str, code: str, now: datetime
) -> Sequence[str]:
    """Turn one's second factor on and return its recovery codes; all other sessions end.

    Raises `Forbidden` for a ticket that is over, `Unauthorised` for a wrong code, and `Invalid` where a
    second factor is on.
    """
    moderator, kept = accounts.id_of(caller), moderators.fingerprint_of(session)
    if not tickets.holds(key, SETUP, ticket, [moderator, kept], now):
        raise Forbidden(OVER)
    salt = tickets.carried(ticket)
    step = rules.step_with(rules.secret_of(key, moderator, salt), rules.typed(code), now)
    if step is None:
        raise Unauthorised(WRONG_FIRST)
    codes = _new_codes()
    with db.write() as connection:
        queries.hold(connection, moderator)
        if queries.find(connection, moderator) is not None:
            raise Invalid([("/second_factor", ON_ALREADY)])
        queries.add(connection, Factor(moderator, salt, now, step), _hashes(key, moderator, codes))
        people.drop_other_sessions(connection, moderator, kept)
        moderators.tell(connection, moderator, "factor on", now, caller=caller)
    return [rules.in_groups(one) for one in codes]


def turn_off(db: Database, key: bytes, caller: Caller, present: str, code: str, now: datetime) -> None:
    """Turn one's second factor off, with its recovery codes; `Unauthorised` if password or code are wrong."""
    with _proven(db, key, caller, present, code, now) as (connection, moderator):
        queries.drop(connection, moderator)
        moderators.tell(connection, moderator, "factor off", now, caller=caller)


def renew_codes(
    db: Database, key: bytes, caller: Caller, present: str, code: str, now: datetime
) -> Sequence[str]:
    """Return new recovery codes, those before are good for nothing; `Unauthorised` as `turn_off`."""
    codes = _new_codes()
    with _proven(db, key, caller, present, code, now) as (connection, moderator):
        queries.replace_codes(connection, moderator, _hashes(key, moderator, codes))
        moderators.tell(connection, moderator, "recovery codes", now, caller=caller)
    return [rules.in_groups(one) for one in codes]


def switch_off(db: Database, name: str, now: datetime) -> bool:
    """Switch somebody's second factor off, as an operator; whether there was one. Sessions stay."""
    with db.write() as connection:
        moderator = _named(connection, name)
        queries.hold(connection, moderator.id)
        was_on = queries.drop(connection, moderator.id)
        if was_on:
            moderators.tell(connection, moderator.id, "factor off", now)
        return was_on


def half_ticket(key: bytes, half: HalfLogin, browser: str, now: datetime) -> str:
    """Return what shows for five minutes that the password was right, in this browser alone."""
    bound = [browser, half.password_hash]
    return tickets.issue(key, HALF, half.moderator_id, bound, now + HALF_LIFE)


def half_login(db: Database, key: bytes, ticket: str, browser: str, now: datetime) -> HalfLogin | None:
    """Return whose half login a ticket is; None if it is over, of another browser, or of another password."""
    if not ticket:
        return None
    with db.read() as connection:
        found = people.find_by_id(connection, moderators.plain_name(tickets.carried(ticket)))
    if found is None or not tickets.holds(key, HALF, ticket, [browser, found.password_hash], now):
        return None
    return HalfLogin(found.id, found.name, found.password_hash)


def finish(db: Database, key: bytes, half: HalfLogin, code: str, now: datetime) -> str:
    """Return the secret of a new session, for half a login and a code of the app or a recovery code.

    Raises `Unauthorised`, with the same words whether the code is wrong or used, or the account was changed
    meanwhile.
    """
    with db.write() as connection:
        same = half.password_hash
        if not people.replace_password_hash(connection, half.moderator_id, same, same):
            raise Unauthorised(WRONG)
        detail = _use(connection, key, half.moderator_id, code, now)
        if detail is None:
            raise Unauthorised(WRONG)
        return moderators.begin_session(connection, half.moderator_id, half.name, now, detail)


@contextmanager
def _proven(
    db: Database, key: bytes, caller: Caller, present: str, code: str, now: datetime
) -> Iterator[tuple[Connection, str]]:
    """Give a transaction to who gave their password and a code, which is used up with it."""
    account = _account(db, caller, present, WRONG_BOTH)
    with db.write() as connection:
        same = account.password_hash
        if not people.replace_password_hash(connection, account.id, same, same):
            raise Unauthorised(WRONG_BOTH)
        if _use(connection, key, account.id, code, now) is None:
            raise Unauthorised(WRONG_BOTH)
        yield connection, account.id


def _account(db: Database, caller: Caller, present: str, wrong: str) -> Account:
    with db.read() as connection:
        account = people.find(connection, caller.name)
    if account is None or not moderators.is_password(account.password_hash, present):
        raise Unauthorised(wrong)
    return account


def _use(
    connection: Connection, key: bytes, moderator: str, code: str, now: datetime
) -> dict[str, object] | None:
    """Use a code up; return for the log by what it was, None if it is good for nothing."""
    factor = queries.find(connection, moderator)
    if factor is None:
        return None
    given = rules.typed(code)
    step = rules.step_with(rules.secret_of(key, moderator, factor.salt), given, now)
    if step is not None and queries.use_step(connection, moderator, step):
        return {"second_factor": "app"}
    if queries.use_code(connection, moderator, rules.recovery_hash(key, moderator, given)):
        return {"second_factor": "recovery code", "left": queries.codes_left(connection, moderator)}
    return None


def _new_codes() -> list[str]:
    return [
        str(secrets.randbelow(10**rules.RECOVERY_DIGITS)).zfill(rules.RECOVERY_DIGITS) for _ in range(CODES)
    ]


def _hashes(key: bytes, moderator: str, codes: Sequence[str]) -> list[str]:
    return [rules.recovery_hash(key, moderator, one) for one in codes]
