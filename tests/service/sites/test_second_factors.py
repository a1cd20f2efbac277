"""Second factors: on, asked for, used once, off; on both databases.

Proves `service/storage/second_factors.py` too.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta

import pytest
from sqlalchemy import select, text, update

from service.domain import second_factor as rules
from service.domain.access import OPERATOR, Caller
from service.domain.errors import Forbidden, Invalid, NotFound, Unauthorised
from service.sites import moderators, second_factors
from service.sites.moderators import HalfLogin
from service.storage.database import Database
from service.storage.tables import Base, Moderator, RecoveryCode, SecondFactor
from service.upkeep import audit
from tests.conftest import NOW

KEY, PASSWORD = b"k" * 32, "tulip-mania-1637"
STEP = timedelta(seconds=30)


@pytest.fixture(autouse=True)
def _ben(db: Database) -> Iterator[None]:
    """Ben, without a second factor; the audit log holds whatever is done here."""
    moderators.add_moderator(db, "ben", PASSWORD, {"demo": "moderator"}, NOW, is_own=True)
    yield
    assert audit.verify(db)[1] == []


def enter(db: Database) -> tuple[str, Caller]:
    """Log in by the password alone."""
    secret = moderators.log_in(db, "ben", PASSWORD, NOW)
    assert isinstance(secret, str)
    found = moderators.who(db, secret, NOW)
    assert found is not None
    return secret, found


def half(db: Database) -> HalfLogin:
    found = moderators.log_in(db, "ben", PASSWORD, NOW)
    assert isinstance(found, HalfLogin)
    return found


class App:
    """Ben's telephone, and what he has printed."""

    def __init__(self, db: Database) -> None:
        self.session, self.ben = enter(db)
        setup = second_factors.begin(db, KEY, self.ben, self.session, PASSWORD, "Parley", NOW)
        self.secret = rules.secret_of(KEY, self.ben.moderator_id or "", setup.ticket.partition(".")[0])
        assert rules.base32(self.secret) == setup.secret
        begun = NOW - STEP  # the code before is used up with it, so that tests have two
        code = self.code(begun)
        self.codes = second_factors.turn_on(db, KEY, self.ben, self.session, setup.ticket, code, begun)

    def code(self, now=NOW) -> str:
        return rules.code_at(self.secret, rules.step_of(now))


@pytest.fixture
def app(db: Database) -> App:
    """Ben's second factor is on."""
    return App(db)


def rows(db: Database, table: type[Base]) -> int:
    with db.read() as connection:
        return len(connection.execute(select(table)).all())


def test_it_counts_only_once_a_code_of_the_app_came_back(db):
    session, ben = enter(db)
    setup = second_factors.begin(db, KEY, ben, session, PASSWORD, "Parley", NOW)
    assert isinstance(moderators.log_in(db, "ben", PASSWORD, NOW), str)
    with pytest.raises(Unauthorised, match="clock"):
        second_factors.turn_on(db, KEY, ben, session, setup.ticket, "000000", NOW)

    assert second_factors.show(db, ben) is None
    assert rows(db, SecondFactor) == rows(db, RecoveryCode) == 0


def test_to_begin_asks_for_the_password(db):
    session, ben = enter(db)
    with pytest.raises(Unauthorised, match=r"^The present password is wrong\.$"):
        second_factors.begin(db, KEY, ben, session, "another password", "Parley", NOW)


def test_what_was_begun_is_of_one_session_and_ends(db):
    session, ben = enter(db)
    other, _ = enter(db)
    ticket = second_factors.begin(db, KEY, ben, session, PASSWORD, "Parley", NOW).ticket
    moderators.add_moderator(db, "cleo", PASSWORD, {"demo": "owner"}, NOW)
    cleo = Caller("session", "cleo", {}, moderators.list_moderators(db)[1].id)
    late = NOW + timedelta(minutes=16)

    for who, secret, given, now in (
        (ben, other, ticket, NOW), (cleo, session, ticket, NOW), (ben, session, ticket, late),
        (ben, session, "", NOW), (ben, session, "f" * 32 + ".9999999999." + "0" * 64, NOW),
    ):  # fmt: skip
        with pytest.raises(Forbidden, match="Begin again"):
            second_factors.turn_on(db, KEY, who, secret, given, "000000", now)


def test_no_secret_and_no_recovery_code_is_in_the_database(db, app):
    with db.read() as connection:
        everything = str([
            tuple(row) for table in Base.metadata.sorted_tables for row in connection.execute(select(table))
        ])  # fmt: skip

    for secret in (rules.base32(app.secret), app.secret.hex(), *app.codes, *map(rules.typed, app.codes)):
        assert secret not in everything


def test_with_it_the_password_alone_begins_no_session(db, app):
    found = half(db)

    assert found.name == "ben"
    secret = second_factors.finish(db, KEY, found, app.code(), NOW)
    assert moderators.who(db, secret, NOW).name == "ben"


def test_turning_it_on_ends_what_was_begun_without_it_and_no_token(db):
    away, token = enter(db)[0], moderators.add_token(db, "ben", "script", NOW)
    app = App(db)

    assert moderators.who(db, away, NOW) is None
    assert moderators.who(db, app.session, NOW)
    assert moderators.who(db, token, NOW)


@pytest.mark.parametrize("code", ["", "000000", "0000-0000-0000-0000", "\x00", "\udcff", "x" * 5000])
def test_a_wrong_code_begins_nothing(db, app, code):
    with pytest.raises(Unauthorised, match=r"^The code is wrong, or was used before\.$"):
        second_factors.finish(db, KEY, half(db), code, NOW)


def test_a_code_is_good_once_and_none_before_it_is_good_after_it(db, app):
    late = app.code(NOW + STEP)
    second_factors.finish(db, KEY, half(db), late, NOW)

    for code in (late, app.code(), app.code(NOW - STEP)):
        with pytest.raises(Unauthorised, match="used before"):
            second_factors.finish(db, KEY, half(db), code, NOW)
    assert second_factors.finish(db, KEY, half(db), app.code(NOW + 2 * STEP), NOW + STEP)


def test_the_code_that_turned_it_on_is_used(db, app):
    with pytest.raises(Unauthorised):
        second_factors.finish(db, KEY, half(db), app.code(NOW - STEP), NOW)


def test_a_recovery_code_is_good_once_and_the_others_stay(db, app):
    first, second, *_ = app.codes
    assert len(set(app.codes)) == 10
    assert second_factors.finish(db, KEY, half(db), first.replace("-", " "), NOW)
    with pytest.raises(Unauthorised):
        second_factors.finish(db, KEY, half(db), first, NOW)
    assert second_factors.show(db, app.ben).codes_left == 9
    assert second_factors.finish(db, KEY, half(db), rules.typed(second), NOW)


@pytest.mark.parametrize("kind", ["app", "recovery code"])
def test_of_many_logins_at_once_with_one_code_one_gets_in(db, app, kind):
    code = app.code() if kind == "app" else app.codes[0]
    found, begins, got = half(db), threading.Barrier(6), []

    def enter() -> None:
        begins.wait()
        try:
            got.append(second_factors.finish(db, KEY, found, code, NOW))
        except Unauthorised:
            got.append("refused")

    threads = [threading.Thread(target=enter) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(got) == 6
    assert got.count("refused") == 5


def test_the_log_says_by_what_somebody_came_in_and_what_was_done(db, app):
    second_factors.finish(db, KEY, half(db), app.code(), NOW)
    second_factors.finish(db, KEY, half(db), app.codes[0], NOW)
    second_factors.renew_codes(db, KEY, app.ben, PASSWORD, app.code(NOW + STEP), NOW)
    found = audit.newest(db, "moderator", 4)

    assert [(row.action, row.actor_kind, row.actor) for row in found] == [
        ("recovery codes", "moderator", "ben"), ("login", "moderator", "ben"), ("login", "moderator", "ben"),
        ("factor on", "moderator", "ben"),
    ]  # fmt: skip
    assert found[1].detail["second_factor"] == "recovery code"
    assert (found[1].detail["left"], found[2].detail["second_factor"]) == (9, "app")


def test_half_a_login_is_of_one_browser_one_password_and_five_minutes(db, app):
    ticket = second_factors.half_ticket(KEY, half(db), "this browser", NOW)

    def whose(ticket=ticket, browser="this browser", now=NOW, key=KEY):
        return second_factors.half_login(db, key, ticket, browser, now)

    assert whose() == half(db)
    assert whose(now=NOW + timedelta(minutes=4, seconds=59))
    assert whose(now=NOW + timedelta(minutes=5)) is None
    assert whose(browser="another") is None
    assert whose(key=b"y" * 32) is None
    assert whose("") is whose("\x00.1.2") is whose("\udcff") is whose(f"x{ticket}") is None
    moderators.set_password(db, "ben", "another long password", NOW)
    assert whose() is None


@pytest.mark.parametrize(
    "act",
    [
        lambda db: moderators.set_password(db, "ben", "another long password", NOW),
        lambda db: moderators.disable(db, "ben", NOW),
        lambda db: second_factors.switch_off(db, "ben", NOW),
    ],
    ids=["another password", "locked out", "switched off"],
)
def test_half_a_login_is_over_when_the_account_changes(db, app, act):
    found = half(db)
    act(db)
    with pytest.raises(Unauthorised, match="used before"):
        second_factors.finish(db, KEY, found, app.code(), NOW)


def test_an_old_hash_is_renewed_by_half_a_login_and_the_log_holds(db, app):
    weak = moderators.PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD)
    with db.write() as connection:
        connection.execute(update(Moderator).values(password_hash=weak))
        moderators.tell(connection, app.ben.moderator_id, "password", NOW)
    found = half(db)

    assert found.password_hash != weak
    assert audit.verify(db)[1] == []
    assert second_factors.finish(db, KEY, found, app.code(), NOW)


def test_a_login_that_began_before_it_was_turned_on_begins_no_session_after(db):
    session, ben = enter(db)
    ticket = second_factors.begin(db, KEY, ben, session, PASSWORD, "Parley", NOW).ticket
    secret = rules.secret_of(KEY, ben.moderator_id or "", ticket.partition(".")[0])

    class Meanwhile:
        read = db.read

        def write(self):
            code = rules.code_at(secret, rules.step_of(NOW))
            second_factors.turn_on(db, KEY, ben, session, ticket, code, NOW)
            return db.write()

    assert isinstance(moderators.log_in(Meanwhile(), "ben", PASSWORD, NOW), HalfLogin)


def test_it_is_turned_off_with_password_and_code_and_all_of_it_goes(db, app):
    for present, code in ((PASSWORD, "000000"), ("another password", app.code()), (PASSWORD, "")):
        with pytest.raises(Unauthorised, match="password is wrong, or the code is wrong"):
            second_factors.turn_off(db, KEY, app.ben, present, code, NOW)
    assert second_factors.show(db, app.ben)
    second_factors.turn_off(db, KEY, app.ben, PASSWORD, app.code(), NOW)  # no wrong password used it up

    assert second_factors.show(db, app.ben) is None
    assert rows(db, SecondFactor) == rows(db, RecoveryCode) == 0
    assert isinstance(moderators.log_in(db, "ben", PASSWORD, NOW), str)
    assert audit.newest(db, "moderator", 2)[1].action == "factor off"


def test_new_recovery_codes_take_the_place_of_the_old(db, app):
    second_factors.finish(db, KEY, half(db), app.codes[0], NOW)
    made = second_factors.renew_codes(db, KEY, app.ben, PASSWORD, app.codes[1], NOW)

    assert not set(made) & set(app.codes)
    assert second_factors.show(db, app.ben).codes_left == 10
    with pytest.raises(Unauthorised):
        second_factors.finish(db, KEY, half(db), app.codes[2], NOW)
    assert second_factors.finish(db, KEY, half(db), made[0], NOW)


def test_it_is_turned_on_once(db, app):
    with pytest.raises(Invalid, match="on already"):
        second_factors.begin(db, KEY, app.ben, app.session, PASSWORD, "Parley", NOW)


def test_of_two_tabs_one_turns_it_on(db):
    session, ben = enter(db)
    tickets = [second_factors.begin(db, KEY, ben, session, PASSWORD, "Parley", NOW).ticket for _ in "12"]
    secrets = [rules.secret_of(KEY, ben.moderator_id or "", one.partition(".")[0]) for one in tickets]
    first, second = (rules.code_at(one, rules.step_of(NOW)) for one in secrets)
    second_factors.turn_on(db, KEY, ben, session, tickets[0], first, NOW)

    with pytest.raises(Invalid, match="on already"):
        second_factors.turn_on(db, KEY, ben, session, tickets[1], second, NOW)
    assert second_factors.finish(db, KEY, half(db), rules.code_at(secrets[0], rules.step_of(NOW) + 1), NOW)


def test_a_password_that_an_operator_sets_does_not_switch_it_off(db, app):
    moderators.set_password(db, "ben", "another long password", NOW)

    assert isinstance(moderators.log_in(db, "ben", "another long password", NOW), HalfLogin)


def test_an_operator_switches_it_off_and_the_log_has_it(db, app):
    assert [one.factor_since for one in moderators.list_moderators(db)] == [NOW - STEP]
    assert second_factors.of_name(db, "ben").codes_left == 10
    assert second_factors.switch_off(db, "ben", NOW)
    assert not second_factors.switch_off(db, "ben", NOW)

    row = audit.newest(db, "moderator", 1)[0]
    assert (row.action, row.actor_kind) == ("factor off", "operator")
    assert [one.factor_since for one in moderators.list_moderators(db)] == [None]
    assert second_factors.of_name(db, "ben") is None
    assert moderators.who(db, app.session, NOW)
    with pytest.raises(NotFound):
        second_factors.switch_off(db, "nobody", NOW)
    with pytest.raises(NotFound):
        second_factors.of_name(db, "nobody")
    with pytest.raises(NotFound, match="Only a person"):
        second_factors.show(db, OPERATOR)


def test_with_another_key_of_the_installation_no_code_is_right(db, app):
    for code in (app.code(), app.codes[0]):
        with pytest.raises(Unauthorised):
            second_factors.finish(db, b"y" * 32, half(db), code, NOW)


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM second_factors",
        "UPDATE second_factors SET last_step = 0",
        "UPDATE second_factors SET salt = 'another'",
        "UPDATE recovery_codes SET code_hash = 'x' || substr(code_hash, 2)",
        "DELETE FROM recovery_codes",
    ],
)
def test_what_is_done_to_it_behind_our_back_is_found(db, app, sql):
    with db.write() as connection:
        connection.execute(text(sql))
    found = audit.verify(db)[1]
    audit.seal_anew(db, NOW)

    assert [one.kind for one in found] == ["moderator"]


def test_who_is_removed_takes_it_along(db, app):
    with suppress(ZeroDivisionError), db.write() as connection:
        connection.execute(text("DELETE FROM moderators"))
        for table in (SecondFactor, RecoveryCode):
            assert connection.execute(select(table)).all() == []
        raise ZeroDivisionError  # the log would miss them
