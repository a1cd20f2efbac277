"""What people do to their own account, and what holds until they did, on both databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest
from sqlalchemy import Connection, text, update

from service.domain.access import OPERATOR, Caller
from service.domain.errors import Invalid, NotFound, Unauthorised
from service.sites import accounts, moderators
from service.storage.database import Database
from service.storage.tables import Moderator
from service.upkeep import audit
from tests.conftest import NOW

FIRST, OWN, OTHER = "tulip-mania-1637", "correct horse battery", "another long password"
HOUR = timedelta(hours=1)


class Meanwhile:
    """A database in which somebody else acts once, between what is looked up and what is written."""

    def __init__(self, db: Database, act: Callable[[], None]) -> None:
        self._db, self._acts = db, [act]

    def read(self) -> AbstractContextManager[Connection]:
        return self._db.read()

    def write(self) -> AbstractContextManager[Connection]:
        if self._acts:
            self._acts.pop()()
        return self._db.write()


@pytest.fixture(autouse=True)
def _ben(db: Database) -> Iterator[None]:
    """Ben, whose password somebody else set; the audit log holds whatever is done here."""
    moderators.add_moderator(db, "ben", FIRST, {"demo": "moderator"}, NOW)
    yield
    assert audit.verify(db)[1] == []


def enter(db: Database, password: str = FIRST) -> tuple[str, Caller]:
    secret = moderators.log_in(db, "ben", password, NOW)
    found = moderators.who(db, secret, NOW)
    assert found is not None
    return secret, found


def change(db: Database, present: str = FIRST, password: str = OWN) -> str:
    secret, ben = enter(db, present)
    accounts.change_password(db, ben, secret, present, password, NOW)
    return secret


def test_a_password_that_somebody_else_set_must_be_changed_until_its_owner_did(db):
    assert enter(db)[1].must_change_password
    secret = change(db)
    assert not moderators.who(db, secret, NOW).must_change_password
    assert not enter(db, OWN)[1].must_change_password

    moderators.set_password(db, "ben", OTHER, NOW)
    assert enter(db, OTHER)[1].must_change_password
    moderators.set_password(db, "ben", OTHER, NOW, is_own=True)
    assert not enter(db, OTHER)[1].must_change_password


def test_a_token_is_good_whoever_set_the_password(db):
    token = moderators.add_token(db, "ben", "script", NOW)

    assert not moderators.who(db, token, NOW).must_change_password


def test_a_changed_password_ends_the_other_sessions_and_nothing_else(db):
    other, token = enter(db)[0], moderators.add_token(db, "ben", "script", NOW)
    moderators.add_moderator(db, "cleo", FIRST, {"demo": "moderator"}, NOW)
    cleo = moderators.log_in(db, "cleo", FIRST, NOW)
    this = change(db)

    assert moderators.who(db, other, NOW) is None
    assert all(moderators.who(db, one, NOW) for one in (this, token, cleo))
    with pytest.raises(Unauthorised):
        moderators.log_in(db, "ben", FIRST, NOW)


def test_a_changed_password_is_in_the_log_as_its_owners_act(db):
    change(db)
    newest = audit.newest(db, "moderator", 1)[0]

    assert (newest.action, newest.actor_kind, newest.actor) == ("password", "moderator", "ben")


def test_a_wrong_present_password_changes_nothing(db):
    secret, ben = enter(db)
    with pytest.raises(Unauthorised, match=r"^The present password is wrong\.$"):
        accounts.change_password(db, ben, secret, OWN, OTHER, NOW)

    assert enter(db, FIRST)[1].must_change_password


@pytest.mark.parametrize(
    ("password", "words"),
    [("short", "must have 12"), ("ben-ben-ben-ben", "tried first"), (FIRST, "another one than the present")],
)
def test_a_new_password_is_held_to_the_same_rules_and_is_a_new_one(db, password, words):
    with pytest.raises(Invalid, match=words):
        accounts.check_new(enter(db)[1], FIRST, password)


def test_an_operator_who_sets_a_password_meanwhile_is_not_overruled(db):
    secret, ben = enter(db)
    meanwhile = Meanwhile(db, lambda: moderators.set_password(db, "ben", OTHER, NOW))
    with pytest.raises(Unauthorised):
        accounts.change_password(meanwhile, ben, secret, FIRST, OWN, NOW)

    assert enter(db, OTHER)[1].must_change_password


@pytest.mark.parametrize(
    "act",
    [
        lambda db: moderators.set_password(db, "ben", OTHER, NOW),
        lambda db: moderators.disable(db, "ben", NOW),
        change,
    ],
    ids=["set", "disabled", "changed"],
)
def test_a_login_that_began_before_its_password_went_begins_no_session(db, act):
    with pytest.raises(Unauthorised):
        moderators.log_in(Meanwhile(db, lambda: act(db)), "ben", FIRST, NOW)


def test_an_old_hash_that_is_renewed_brings_no_old_password_back(db):
    weak = moderators.PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(FIRST)
    with db.write() as connection:
        connection.execute(update(Moderator).values(password_hash=weak))
    meanwhile = Meanwhile(db, lambda: moderators.set_password(db, "ben", OTHER, NOW))
    with pytest.raises(Unauthorised):
        moderators.log_in(meanwhile, "ben", FIRST, NOW)

    with pytest.raises(Unauthorised):
        moderators.log_in(db, "ben", FIRST, NOW)
    assert enter(db, OTHER)


def test_ones_own_sessions_are_listed_with_their_times_and_this_one_is_marked(db):
    old = moderators.log_in(db, "ben", FIRST, NOW - HOUR / 2)
    moderators.log_in(db, "ben", FIRST, NOW - HOUR * 2)  # nobody has used it for too long
    moderators.log_in(db, "ben", FIRST, NOW - HOUR * 13)  # over
    moderators.add_token(db, "ben", "script", NOW)
    moderators.add_moderator(db, "cleo", FIRST, {"demo": "moderator"}, NOW)
    moderators.log_in(db, "cleo", FIRST, NOW)
    moderators.who(db, old, NOW - HOUR / 4, HOUR, is_used=True)
    secret, ben = enter(db)
    found = accounts.list_sessions(db, ben, secret, NOW, HOUR)

    assert [(one.begun_at, one.used_at, one.is_this) for one in found] == [
        (NOW, NOW, True), (NOW - HOUR / 2, NOW - HOUR / 4, False),
    ]  # fmt: skip


def test_one_session_or_all_others_are_ended_and_the_log_says_so(db):
    first, second, third = (enter(db)[0] for _ in range(3))
    secret, ben = enter(db)
    tags = {one.tag for one in accounts.list_sessions(db, ben, secret, NOW, HOUR) if not one.is_this}
    first_tag = moderators.fingerprint_of(first)[: accounts.TAG]

    assert first_tag in tags
    assert accounts.end_session(db, ben, first_tag, NOW) == 1
    assert accounts.end_session(db, ben, first_tag, NOW) == 0
    assert [moderators.who(db, one, NOW) is None for one in (first, second, third)] == [True, False, False]
    assert accounts.end_other_sessions(db, ben, secret, NOW) == 2
    assert accounts.end_other_sessions(db, ben, secret, NOW) == 0
    assert moderators.who(db, secret, NOW)
    told = [(row.action, row.actor, row.detail["sessions"]) for row in audit.newest(db, "moderator", 2)]
    assert told == [("end session", "ben", 2), ("end session", "ben", 1)]


@pytest.mark.parametrize("tag", ["", "0", "others", "%", "\x00", "x" * 1000])
def test_a_tag_of_nothing_ends_nothing(db, tag):
    secret, ben = enter(db)

    assert accounts.end_session(db, ben, tag, NOW) == 0
    assert moderators.who(db, secret, NOW)


def test_nobody_ends_what_is_somebody_elses(db):
    moderators.add_moderator(db, "cleo", FIRST, {"demo": "owner"}, NOW)
    cleo = moderators.log_in(db, "cleo", FIRST, NOW)
    _, ben = enter(db)

    assert accounts.end_session(db, ben, moderators.fingerprint_of(cleo)[: accounts.TAG], NOW) == 0
    assert moderators.who(db, cleo, NOW)
    with pytest.raises(NotFound, match="Only a person"):
        accounts.end_session(db, OPERATOR, "", NOW)


def test_who_lets_somebody_keep_a_given_password_behind_our_back_is_found(db):
    with db.write() as connection:
        connection.execute(text("UPDATE moderators SET must_change_password = false"))
    found = audit.verify(db)[1]
    with db.write() as connection:
        connection.execute(text("UPDATE moderators SET must_change_password = true"))

    assert [one.kind for one in found] == ["moderator"]
