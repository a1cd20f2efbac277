"""Accounts, sessions and tokens of moderators, on both databases.

Proves `service/storage/moderators.py` too.
"""

from __future__ import annotations

from datetime import timedelta
from functools import cache

import pytest
from argon2 import Type
from sqlalchemy import select, update

from service.domain.errors import Invalid, NotFound, Unauthorised, Unavailable
from service.sites import moderators
from service.storage import moderators as queries
from service.storage.database import Database
from service.storage.tables import Credential, Moderator
from tests.cheap import HASHER_IN_LIFE
from tests.conftest import NOW

PASSWORD = "correct horse battery"


@cache
def password_hash() -> str:
    """Made once: hashing is slow on purpose."""
    return moderators.HASHER.hash(PASSWORD)


@pytest.fixture(autouse=True)
def _ben(db: Database) -> None:
    with db.write() as connection:
        queries.add(connection, "id-ben", "ben", password_hash(), NOW)
        queries.set_roles(connection, "id-ben", {"demo": "owner", "other": "moderator"})


def test_a_session_says_who_it_is_and_where_they_may_act(db):
    secret = moderators.log_in(db, "ben", PASSWORD, NOW)

    found = moderators.who(db, secret, NOW)

    assert (found.name, found.kind) == ("ben", "session")
    assert found.sites == {"demo", "other"}
    assert found.may("own", "demo")
    assert not found.may("own", "other")
    assert not found.may("own", "elsewhere")


def test_an_added_moderator_may_log_in_with_their_roles(db):
    moderators.add_moderator(db, "cleo", PASSWORD, {"other": "owner"}, NOW)

    found = moderators.who(db, moderators.log_in(db, "cleo", PASSWORD, NOW), NOW)

    assert (found.name, found.roles) == ("cleo", {"other": "owner"})


def test_a_moderator_without_a_site_may_log_in_and_see_nothing(db):
    moderators.add_moderator(db, "new", PASSWORD, {}, NOW)

    found = moderators.who(db, moderators.log_in(db, "new", PASSWORD, NOW), NOW)

    assert found.sites == frozenset()


def test_a_session_ends_after_twelve_hours(db):
    secret = moderators.log_in(db, "ben", PASSWORD, NOW)

    assert moderators.who(db, secret, NOW + timedelta(hours=11, minutes=59))
    assert moderators.who(db, secret, NOW + timedelta(hours=12)) is None


def test_a_login_clears_expired_sessions_away(db):
    moderators.log_in(db, "ben", PASSWORD, NOW)
    moderators.log_in(db, "ben", PASSWORD, NOW + timedelta(hours=13))

    with db.read() as connection:
        assert len(connection.execute(select(Credential.kind)).all()) == 1


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("ben", "wrong password!"),
        ("nobody", PASSWORD),
        ("", ""),
        ("ben\x00", PASSWORD),
        ("b" * 400, "x" * 9000),
    ],
)
def test_a_failed_login_says_the_same_whatever_was_wrong(db, name, password):
    with pytest.raises(Unauthorised, match=r"^The name or the password is wrong\.$"):
        moderators.log_in(db, name, password, NOW)


def test_an_unknown_name_costs_the_same_hashing_as_a_known_one():
    assert moderators.HASHER.check_needs_rehash(moderators._nobodys_hash()) is False


def test_a_name_is_the_same_however_its_letters_are_typed(db):
    moderators.add_moderator(db, "Zo\u00eb", PASSWORD, {}, NOW)

    secret = moderators.log_in(db, " Zoe\u0308 ", PASSWORD, NOW)

    assert moderators.who(db, secret, NOW).name == "Zoë"


def test_logging_out_ends_the_session_at_once(db):
    secret = moderators.log_in(db, "ben", PASSWORD, NOW)
    moderators.log_out(db, secret)
    moderators.log_out(db, "no session at all")

    assert moderators.who(db, secret, NOW) is None


def test_disabling_ends_sessions_and_tokens_and_refuses_new_logins(db):
    session = moderators.log_in(db, "ben", PASSWORD, NOW)
    token = moderators.add_token(db, "ben", "script", NOW)
    moderators.disable(db, "ben", NOW)

    assert moderators.who(db, session, NOW) is None
    assert moderators.who(db, token, NOW) is None
    with pytest.raises(Unauthorised, match="name or the password"):
        moderators.log_in(db, "ben", PASSWORD, NOW)

    moderators.enable(db, "ben", NOW)

    assert moderators.who(db, session, NOW) is None
    assert moderators.log_in(db, "ben", PASSWORD, NOW)


def test_a_new_password_ends_sessions_and_keeps_tokens(db):
    session = moderators.log_in(db, "ben", PASSWORD, NOW)
    token = moderators.add_token(db, "ben", "script", NOW)
    moderators.set_password(db, "ben", "another long password", NOW)

    assert moderators.who(db, session, NOW) is None
    assert moderators.who(db, token, NOW).kind == "token"
    assert moderators.log_in(db, "ben", "another long password", NOW)
    with pytest.raises(Unauthorised, match="name or the password"):
        moderators.log_in(db, "ben", PASSWORD, NOW)


def test_a_token_is_random_marked_and_stored_only_as_a_hash(db):
    token = moderators.add_token(db, "ben", "newsroom script", NOW)
    with db.read() as connection:
        row = connection.execute(select(Credential.secret_hash, Credential.label)).one()

    assert token.startswith("parley_")
    assert len(token) >= len("parley_") + 43  # 256 bits in base64
    assert token not in row.secret_hash
    assert row.label == "newsroom script"
    assert moderators.who(db, token, NOW + timedelta(days=1000)).name == "ben"


def test_a_token_may_be_for_less_than_its_holder_may_do(db):
    may = moderators.TokenFor("decide", ["demo"], NOW + timedelta(days=30))
    token = moderators.add_token(db, "ben", "script", NOW, may)
    seer = moderators.add_token(db, "ben", "statistics", NOW, moderators.TokenFor("see"))

    assert moderators.who(db, token, NOW).roles == {"demo": "moderator"}
    assert moderators.who(db, seer, NOW).roles == {"demo": "viewer", "other": "viewer"}
    assert moderators.who(db, token, NOW + timedelta(days=30)) is None
    with pytest.raises(NotFound, match="nowhere"):
        moderators.add_token(db, "ben", "x", NOW, moderators.TokenFor(sites=["nowhere"]))
    listed = moderators.list_tokens(db, "ben")
    assert [(one.label, one.scope, one.sites) for one in listed] == [
        ("script", "decide", ["demo"]), ("statistics", "see", None),
    ]  # fmt: skip


def test_a_token_never_gives_more_than_its_holder_has(db):
    token = moderators.add_token(db, "ben", "script", NOW, moderators.TokenFor("own"))
    moderators.grant(db, "ben", "demo", "viewer", NOW)

    assert moderators.who(db, token, NOW).roles == {"demo": "viewer", "other": "moderator"}


def test_a_session_that_nobody_uses_ends(db):
    secret = moderators.log_in(db, "ben", PASSWORD, NOW)
    hour = timedelta(hours=1)
    assert moderators.who(db, secret, NOW + hour / 2, hour)
    assert moderators.who(db, secret, NOW + hour, hour) is None
    assert moderators.who(db, secret, NOW + hour / 2, hour, is_used=True)

    assert moderators.who(db, secret, NOW + hour, hour)
    assert moderators.who(db, secret, NOW + hour * 1.5, hour) is None


def test_a_password_that_is_tried_first_is_refused_whoever_sets_it(db):
    with pytest.raises(Invalid, match="tried first"):
        moderators.set_password(db, "ben", "ben-ben-ben-ben", NOW)
    with pytest.raises(Invalid, match="tried first"):
        moderators.add_moderator(db, "cleo", "password1234", {"demo": "viewer"}, NOW)


def test_a_dropped_token_is_dead(db):
    token = moderators.add_token(db, "ben", "old", NOW)

    assert moderators.drop_tokens(db, "ben", "old", NOW) == 1
    assert moderators.who(db, token, NOW) is None
    assert moderators.drop_tokens(db, "ben", "old", NOW) == 0


@pytest.mark.parametrize("secret", ["", "parley_guess", "\udcff", "'; --", "x" * 10_000])
def test_what_is_no_secret_is_nobody(db, secret):
    assert moderators.who(db, secret, NOW) is None


def test_a_changed_role_holds_for_sessions_that_are_open(db):
    secret = moderators.log_in(db, "ben", PASSWORD, NOW)
    moderators.grant(db, "ben", "other", "owner", NOW)
    moderators.revoke(db, "ben", "demo", NOW)

    assert moderators.who(db, secret, NOW).roles == {"other": "owner"}


def test_a_moderator_is_listed_with_roles_and_without_the_hash(db):
    moderators.add_moderator(db, "ann", PASSWORD, {}, NOW)
    ann, ben = moderators.list_moderators(db)

    assert (ann.name, ann.roles) == ("ann", {})
    assert ben.roles == {"demo": "owner", "other": "moderator"}
    assert ben.disabled_at is None
    assert not hasattr(ben, "password_hash")


def test_an_odd_account_is_refused_and_leaves_nothing(db):
    odd = [
        ("ben", PASSWORD, {}, "/name: 'ben' is taken"), ("", PASSWORD, {}, "/name"),
        ("two\nlines", PASSWORD, {}, "/name"), ("neb\u202e", PASSWORD, {}, "/name"),
        ("Policy", PASSWORD, {}, "/name"), ("x" * 121, PASSWORD, {}, "/name"),
        ("cleo", "short", {}, "/password"), ("cleo", "x" * 201, {}, "/password"),
        ("cleo", "a" * 16, {}, "/password"), ("cleo", PASSWORD, {"demo": "king"}, "/roles/demo"),
        ("cleo", PASSWORD, {"nowhere": "owner"}, "/roles"),
    ]  # fmt: skip
    for name, password, roles, pointer in odd:
        with pytest.raises(Invalid, match=pointer):
            moderators.add_moderator(db, name, password, roles, NOW)

    assert [row.name for row in moderators.list_moderators(db)] == ["ben"]


def test_what_is_not_there_is_named(db):
    with pytest.raises(NotFound, match="'nobody'"):
        moderators.set_password(db, "nobody", PASSWORD, NOW)
    with pytest.raises(NotFound, match="'nobody'"):
        moderators.add_token(db, "nobody", "x", NOW)
    with pytest.raises(NotFound, match="'nowhere'"):
        moderators.grant(db, "ben", "nowhere", "owner", NOW)
    with pytest.raises(NotFound, match="no role"):
        moderators.revoke(db, "ben", "nowhere", NOW)
    with pytest.raises(Invalid, match="/role"):
        moderators.grant(db, "ben", "demo", "king", NOW)
    with pytest.raises(Invalid, match="/label"):
        moderators.add_token(db, "ben", " ", NOW)


def test_a_password_is_hashed_above_what_owasp_asks_for_at_least():
    assert HASHER_IN_LIFE.memory_cost >= 19 * 1024
    assert HASHER_IN_LIFE.time_cost >= 2
    assert HASHER_IN_LIFE.type is Type.ID


def test_an_old_hash_is_renewed_at_the_next_login(db):
    weak = moderators.PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD)
    with db.write() as connection:
        connection.execute(update(Moderator).values(password_hash=weak))
    moderators.log_in(db, "ben", PASSWORD, NOW)
    with db.read() as connection:
        renewed = connection.execute(select(Moderator.password_hash)).scalar_one()

    assert renewed != weak
    assert not moderators.HASHER.check_needs_rehash(renewed)
    assert moderators.log_in(db, "ben", PASSWORD, NOW)


def test_nobody_waits_for_a_turn_to_be_hashed():
    busy = pytest.raises(Unavailable, match="Many people are logging in just now")
    with moderators.turn(), moderators.turn(), busy, moderators.turn():
        pass
    with moderators.turn():
        pass


def test_who_only_looks_may_do_so_while_nothing_can_be_written(db: Database) -> None:
    moderators.add_moderator(db, "mo", PASSWORD, {"demo": "moderator"}, NOW)
    session = moderators.log_in(db, "mo", PASSWORD, NOW)

    class Full(Database):
        def write(self):  # type: ignore[no-untyped-def]
            raise Unavailable("The database cannot write: its disk is full.")

    full = Full(db.url)
    found = moderators.who(full, session, NOW + timedelta(minutes=5), timedelta(hours=1), is_used=True)
    full.close()

    assert found is not None
    assert found.name == "mo"
