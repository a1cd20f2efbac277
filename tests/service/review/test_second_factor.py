"""The second factor on the pages: turned on and off on that of the account, asked for at the login.

Proves `service/review/qr.py` too.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from html import unescape

import pytest
import segno
from flask import Flask
from sqlalchemy import update
from werkzeug.test import TestResponse

from service.context import utcnow
from service.domain import second_factor as rules
from service.domain.errors import TooManyRequests
from service.review import qr
from service.sites import moderators, second_factors
from service.storage.tables import Moderator
from service.upkeep import audit
from service.web.login_limits import LoginLimits
from tests.fakes import FakeClock
from tests.service.api.parts import bearer
from tests.service.review.conftest import PASSWORD, Desk, token

PAGE, FORM = "/review/account", "/review/account/second-factor"
WRONG = "The code is wrong, or was used before."


class Ben(Desk):
    """Ben with a telephone. Its clock and Parley's go on when he waits for the next code."""

    def __init__(self, app: Flask) -> None:
        super().__init__(app.test_client())
        self.app, self.secret, self.codes = app, b"", []
        self.clock = FakeClock(utcnow())
        app.extensions["parley"] = replace(app.extensions["parley"], clock=self.clock)

    def send(self, path: str, page: str = PAGE, **form: str) -> TestResponse:
        """Fill in one of the forms and send it."""
        return self.client.post(path, data={"csrf": token(self.open(page))} | form)

    def begin(self, present: str = PASSWORD) -> tuple[TestResponse, str]:
        answer = self.send(FORM, present=present)
        ticket = re.search(r'name="ticket" value="([^"]+)"', answer.text)
        secret = re.search(r'id="secret">([A-Z2-7 ]+)<', answer.text)
        if secret:
            self.secret = rules.base64.b32decode(secret[1].replace(" ", ""))
        return answer, ticket[1] if ticket else ""

    def confirm(self, ticket: str, code: str) -> TestResponse:
        answer = self.send(f"{FORM}/confirm", ticket=ticket, code=code)
        self.codes = re.findall(r"<li><code>([\d-]+)</code></li>", answer.text)
        return answer

    def turn_on(self) -> TestResponse:
        return self.confirm(self.begin()[1], self.code())

    def code(self) -> str:
        """Wait for a code that was not used, and read it."""
        self.clock.now += timedelta(seconds=30)
        return rules.code_at(self.secret, rules.step_of(self.clock.now))

    def enter(self, code: str, desk: Desk | None = None, **form: str) -> TestResponse:
        """Give a code on the second page of the login."""
        client = (desk or self).client
        page = client.get("/review/login/code")
        return client.post("/review/login/code", data={"csrf": token(page), "code": code} | form)

    def leave(self) -> None:
        self.client.post("/review/logout", data={"csrf": token(self.open(PAGE))})


@pytest.fixture
def ben(app: Flask, _people: None) -> Ben:
    """Ben, logged in."""
    made = Ben(app)
    assert made.log_in().location == "/review/"
    made.client.get("/review/login")  # the cookie of a login form
    return made


@pytest.fixture
def guarded(ben: Ben) -> Ben:
    """Ben with a second factor, logged out."""
    assert ben.turn_on().status_code == 200
    ben.leave()
    return ben


def test_it_is_turned_on_with_the_apps_first_code_and_recovery_codes_are_shown_once(ben):
    assert "Off. With it the login asks for a code" in ben.open(PAGE).text
    page, ticket = ben.begin()
    address = unescape(re.search(r'href="(otpauth:[^"]+)"', page.text)[1])

    assert page.status_code == 200
    assert page.headers["Cache-Control"] == "no-store"
    assert address == rules.address(ben.secret, "ben", "Parley localhost")
    assert f'd="{qr.picture(address).path}"' in page.text
    assert "Off. With it" in ben.open(PAGE).text
    done = ben.confirm(ticket, ben.code())
    assert done.status_code == 200
    assert len(ben.codes) == 10
    assert "Your second factor is on" in done.text
    shown = ben.open(PAGE).text
    assert "10 recovery codes are left." in shown
    assert not [one for one in ben.codes if one in shown]
    assert ben.open().status_code == 200


def test_the_page_has_nothing_that_its_policy_forbids_and_names_what_it_asks_for(ben):
    pages = [ben.begin()[0], ben.turn_on(), ben.open(PAGE)]
    ben.leave()
    ben.log_in()
    pages.append(ben.open("/review/login/code"))

    for page in pages:
        assert not re.search(r" style=| on\w+=|<script(?! src)|<style", page.text)
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    for page in (pages[0], *pages[2:]):
        field = re.search(r'<input id="code"[^>]*>', page.text)[0]
        assert 'autocomplete="one-time-code" inputmode="numeric"' in field
        assert '<label for="code">Code</label>' in page.text
        for described in re.search(r'aria-describedby="([^"]+)"', field)[1].split():
            assert f'id="{described}"' in page.text


def test_a_wrong_first_code_shows_the_same_secret_again_and_turns_nothing_on(ben):
    _, ticket = ben.begin()
    before = ben.secret
    answer = ben.confirm(ticket, "000000")

    assert answer.status_code == 422
    assert "telephone" in re.search(r'role="alert" id="wrong">([^<]+)<', answer.text)[1]
    assert rules.base32(before) in answer.text.replace(" ", "")
    assert (
        ben.confirm(re.search(r'name="ticket" value="([^"]+)"', answer.text)[1], ben.code()).status_code
        == 200
    )


def test_to_turn_it_on_asks_for_the_password_and_counts_as_a_login_does(ben):
    statuses = [ben.begin("a wrong password!")[0].status_code for _ in range(6)]
    answer, ticket = ben.begin()

    assert statuses == [403] * 5 + [429]
    assert (answer.status_code, ticket) == (429, "")
    assert int(answer.headers["Retry-After"]) >= 1
    assert "Off. With it" in ben.open(PAGE).text


def test_what_was_begun_too_long_ago_or_elsewhere_is_begun_again(ben):
    _, ticket = ben.begin()
    ben.clock.now += timedelta(minutes=15)
    answer = ben.confirm(ticket, ben.code())

    assert answer.status_code == 403
    assert second_factors.OVER in answer.text
    assert ben.confirm("nonsense", ben.code()).status_code == 403


def test_with_too_many_at_it_one_is_asked_to_come_again(ben):
    with moderators.turn(known=True), moderators.turn(known=True):
        answer = ben.begin()[0]

    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) >= 1


def test_who_has_it_on_already_is_told_so(ben):
    _, ticket = ben.begin()
    ben.turn_on()

    assert ben.send(FORM, present=PASSWORD).location == f"{PAGE}?done=on+already"
    secret = rules.secret_of(ben.app.extensions["parley"].settings.secret_key, "id-ben", ticket.split(".")[0])
    late = rules.code_at(secret, rules.step_of(ben.clock.now))
    assert ben.confirm(ticket, late).location == f"{PAGE}?done=on+already"
    assert "on already" in ben.open(f"{PAGE}?done=on+already").text


def test_turning_it_on_ends_the_other_sessions(app, ben):
    other = Desk(app.test_client())
    other.log_in()
    ben.turn_on()

    assert other.open().status_code == 303
    assert ben.open().status_code == 200


def test_the_login_asks_for_a_code_and_leads_where_one_wanted_to_go(db, guarded):
    asked = guarded.log_in(next="/review/?site=demo")

    assert (asked.status_code, asked.location) == (303, "/review/login/code?next=/review/?site%3Ddemo")
    assert guarded.open().location == "/review/login?next=/review/"  # half a login opens nothing
    assert guarded.open("/api/v1/moderation/comments?site=demo").status_code == 401
    page = guarded.open(asked.location)
    assert 'name="next" value="/review/?site=demo"' in page.text
    entered = guarded.enter(guarded.code(), next="/review/?site=demo")
    assert (entered.status_code, entered.location) == (303, "/review/?site=demo")
    assert guarded.open().status_code == 200
    assert "id-ben" not in [one.subject_id for one in audit.verify(db)[1]]


def test_half_a_login_and_its_cookie_are_over_once_it_is_whole(guarded):
    guarded.log_in()
    half = guarded.client.get_cookie("parley_half")
    entered = guarded.enter(guarded.code())

    assert half.http_only
    assert half.max_age == 300
    assert guarded.client.get_cookie("parley_half") is None
    assert [c for c in entered.headers.getlist("Set-Cookie") if c.startswith("parley_half=;")]
    assert guarded.open("/review/login/code").location == "/review/"


def test_a_recovery_code_gets_in_once(guarded):
    first = guarded.codes[0]
    guarded.log_in()
    assert guarded.enter(first).location == "/review/"
    assert "9 recovery codes are left." in guarded.open(PAGE).text
    guarded.leave()
    guarded.log_in()

    assert guarded.enter(first).status_code == 401
    assert guarded.enter(guarded.codes[1].replace("-", "")).location == "/review/"


def test_when_few_recovery_codes_are_left_the_page_says_so(guarded):
    for code in guarded.codes[:9]:
        guarded.log_in()
        guarded.enter(code)
        shown = guarded.open(PAGE).text
        guarded.leave()

    assert "1 recovery code is left." in shown
    assert "Make new ones" in shown


def test_what_is_wrong_with_a_code_is_told_in_the_same_words(db, app, guarded):
    used = guarded.code()
    guarded.log_in()
    guarded.enter(used)
    guarded.leave()
    guarded.log_in()
    answers = [guarded.enter(code) for code in ("000000", used, "1111-2222-3333-4444")]
    with db.write() as connection:
        connection.execute(update(Moderator).where(Moderator.name == "ben").values(disabled_at=utcnow()))
    answers.append(guarded.enter(guarded.code()))

    assert [answer.status_code for answer in answers] == [401] * 4
    pages = {re.sub(r'name="(csrf|next)" value="[^"]*"', "", answer.text) for answer in answers}
    assert len(pages) == 1
    assert WRONG in pages.pop()
    with db.write() as connection:
        connection.execute(update(Moderator).where(Moderator.name == "ben").values(disabled_at=None))


@pytest.mark.parametrize("name", ["ben", "nobody"])
def test_a_wrong_password_is_answered_as_without_it(guarded, name):
    answer = guarded.log_in(name, "a wrong password!")

    assert answer.status_code == 401
    assert "The name or the password is wrong." in answer.text
    assert guarded.client.get_cookie("parley_half") is None


def test_half_a_login_ends_after_five_minutes(guarded):
    guarded.log_in()
    page = guarded.open("/review/login/code")
    guarded.clock.now += timedelta(minutes=5)
    form = {"csrf": token(page), "code": guarded.code(), "next": "/review/?site=demo"}
    answer = guarded.client.post("/review/login/code", data=form)

    assert answer.status_code == 401
    assert second_factors.OVER in answer.text
    assert 'name="next" value="/review/?site=demo"' in answer.text
    assert guarded.open("/review/login/code").location == "/review/login?next=/review/"


def test_half_a_login_is_of_the_browser_that_gave_the_password(app, guarded):
    guarded.log_in()
    thief = Desk(app.test_client())
    thief.client.get("/review/login")
    thief.client.set_cookie("parley_half", guarded.client.get_cookie("parley_half").value)

    assert thief.open("/review/login/code").location.startswith("/review/login?")
    form = {"csrf": token(thief.client.get("/review/login")), "code": guarded.code()}
    assert thief.client.post("/review/login/code", data=form).status_code == 401
    assert thief.open().status_code == 303


@pytest.mark.parametrize("cookie", ["", "x", "id-ben.9999999999." + "0" * 64, "." * 3000, "\x7f%00.1.2"])
def test_what_is_no_half_login_begins_at_the_password(guarded, cookie):
    guarded.client.set_cookie("parley_half", cookie)

    assert guarded.open("/review/login/code").location == "/review/login?next=/review/"
    form = {"csrf": token(guarded.client.get("/review/login")), "code": guarded.code()}
    assert guarded.client.post("/review/login/code", data=form).status_code == 401


def test_wrong_codes_count_as_wrong_logins_and_a_right_password_forgives_none(app, db, guarded, monkeypatch):
    monkeypatch.setattr(LoginLimits, "refusals", lambda self: 10)
    guarded.client.delete_cookie("parley_device")
    guarded.log_in()
    statuses = [guarded.enter("000000").status_code for _ in range(5)]
    again = guarded.log_in()

    assert statuses == [401] * 4 + [429]
    assert again.status_code == 429
    assert int(again.headers["Retry-After"]) >= 1
    assert audit.newest(db, "login", 1)[0].detail["name"] == "ben"


def test_a_browser_that_logged_in_before_gets_in_while_others_try_codes(app, guarded):
    guarded.log_in()
    guarded.enter(guarded.code())
    guarded.leave()
    limits = app.extensions["parley"].login_limits
    for _ in range(30):
        with suppress(TooManyRequests):
            limits.check_code("ben", None)
    new = Desk(app.test_client())
    new.log_in()

    assert guarded.enter(guarded.code(), new).status_code == 429
    guarded.log_in()
    assert guarded.enter(guarded.code()).location == "/review/"


def test_codes_on_the_page_are_few_a_day_and_a_changed_password_buys_no_more(ben):
    ben.turn_on()
    statuses = []
    for number in range(25):
        answer = ben.send(f"{FORM}/change", present=PASSWORD, code="000000", act="off")
        statuses.append(answer.status_code)
        if number % 4 == 3:
            device = ben.client.get_cookie("parley_device").value.split(".")[0]
            limits = ben.app.extensions["parley"].login_limits
            limits._here.device = device
            limits.forgive("ben")  # as a right password does
    assert statuses == [403] * 20 + [429] * 5


def test_it_is_turned_off_with_password_and_code(ben):
    ben.turn_on()
    wrong = [
        ben.send(f"{FORM}/change", present="a wrong password!", code=ben.code(), act="off"),
        ben.send(f"{FORM}/change", present=PASSWORD, code="000000", act="off"),
    ]
    for answer in wrong:
        assert answer.status_code == 403
        assert "The present password is wrong, or the code is wrong" in answer.text
        assert re.search(
            r'id="factor-present"[^>]*aria-describedby="wrong" aria-invalid="true" autofocus', answer.text
        )
    answer = ben.send(f"{FORM}/change", present=PASSWORD, code=ben.code(), act="off")

    assert answer.location == f"{PAGE}?done=off"
    assert "The second factor is off" in ben.open(answer.location).text
    ben.leave()
    assert ben.log_in().location == "/review/"


def test_new_recovery_codes_are_made_with_password_and_code(ben):
    ben.turn_on()
    before = ben.codes
    answer = ben.send(f"{FORM}/change", present=PASSWORD, code=before[0], act="codes")
    made = re.findall(r"<li><code>([\d-]+)</code></li>", answer.text)

    assert answer.status_code == 200
    assert len(set(made) - set(before)) == 10
    assert ben.send(f"{FORM}/change", present=PASSWORD, code=made[0], act="").status_code == 422
    ben.leave()
    ben.log_in()
    assert ben.enter(before[1]).status_code == 401
    assert ben.enter(made[0]).location == "/review/"


@pytest.mark.parametrize("path", ["", "/confirm", "/change"])
def test_forms_need_the_sessions_token_and_our_own_origin(ben, path):
    ben.turn_on()
    form = {"present": PASSWORD, "code": ben.code(), "act": "off", "ticket": "x"}
    right = form | {"csrf": token(ben.open(PAGE))}
    address = FORM + path

    assert ben.client.post(address, data=form).status_code == 403
    assert ben.client.post(address, data=form | {"csrf": "0" * 64}).status_code == 403
    assert ben.client.post(address, data=right, headers={"Origin": "https://evil.example"}).status_code == 403
    assert ben.client.get(address).status_code == 404
    assert "10 recovery codes are left." in ben.open(PAGE).text


def test_the_form_of_the_code_needs_its_own_cookie_and_our_own_origin(guarded):
    guarded.log_in()
    form = {"csrf": token(guarded.open("/review/login/code")), "code": guarded.code()}
    foreign = {"Origin": "https://evil.example"}
    guarded_page = "/review/login/code"

    assert guarded.client.post(guarded_page, data=form, headers=foreign).status_code == 403
    assert guarded.client.post(guarded_page, data=form | {"csrf": ""}).status_code == 403
    guarded.client.delete_cookie("parley_login")
    assert guarded.client.post(guarded_page, data=form).status_code == 403
    assert guarded.open().status_code == 303


def test_a_given_password_is_changed_before_anything_of_it(db, ben):
    ben.turn_on()
    moderators.set_password(db, "ben", "another long password", ben.clock.now)
    asked = ben.log_in(password="another long password")
    assert asked.location.startswith("/review/login/code")
    assert ben.enter(ben.code()).location == "/review/"

    assert ben.open().location == PAGE
    assert "Second factor" not in ben.open(PAGE).text
    assert ben.send(FORM, present="another long password").location == PAGE


def test_api_tokens_are_untouched_by_it(db, guarded):
    script = bearer(moderators.add_token(db, "ben", "script", utcnow()))

    assert guarded.client.get("/api/v1/moderation/comments?site=demo", headers=script).status_code == 200


def test_over_https_no_other_host_can_set_half_a_login(app, guarded):
    here = app.extensions["parley"]
    app.extensions["parley"] = replace(here, settings=replace(here.settings, secure_cookies=True))
    https = {"base_url": "https://localhost"}
    page = guarded.client.get("/review/login", **https)
    form = {"csrf": token(page), "name": "ben", "password": PASSWORD}
    answer = guarded.client.post("/review/login", data=form, **https)
    (cookie,) = answer.headers.getlist("Set-Cookie")

    assert cookie.startswith("__Host-parley_half=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))


@pytest.mark.parametrize(
    "text", ["x", "otpauth://totp/Parley%20example.org:ben?secret=" + "A" * 32, "x" * 700]
)
def test_a_qr_code_is_drawn_module_for_module_with_light_around_it(text):
    picture = qr.picture(text)
    drawn = [[0] * picture.side for _ in range(picture.side)]
    for x, y, width, back in re.findall(r"M(\d+) (\d+)h(\d+)v1h-(\d+)z", picture.path):
        assert width == back
        for at in range(int(x), int(x) + int(width)):
            drawn[int(y)][at] = 1

    plain = [list(row) for row in segno.make_qr(text, error="m").matrix]
    assert [row[4:-4] for row in drawn[4:-4]] == plain
    assert not any(map(any, (*drawn[:4], *drawn[-4:], *([*row[:4], *row[-4:]] for row in drawn))))
