"""Coming in and going out: passwords, cookies, forged forms, limits.

Proves `service/review/views.py` too.
"""

from __future__ import annotations

import secrets
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from service.context import utcnow
from service.domain.errors import TooManyRequests
from service.review.views import _next
from service.sites import moderators
from service.upkeep import audit
from service.web.login_limits import LoginLimits
from tests.conftest import NOW
from tests.service.review.conftest import PASSWORD, Desk, token


def test_a_login_leads_to_the_queue_and_sets_a_cookie_scripts_cannot_read(stranger):
    answer = stranger.log_in()
    cookie = next(c for c in answer.headers.getlist("Set-Cookie") if c.startswith("parley_session="))

    assert (answer.status_code, answer.location) == (303, "/review/")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/;" in cookie + ";"
    assert "Secure" not in cookie
    assert stranger.open().status_code == 200


def test_cookies_are_secure_where_the_settings_say_so(app, stranger):
    here = app.extensions["parley"]
    app.extensions["parley"] = replace(here, settings=replace(here.settings, secure_cookies=True))
    answer = stranger.client.get("/review/login")

    assert "; Secure" in answer.headers["Set-Cookie"]


def test_over_https_no_other_host_can_set_a_cookie_of_ours(app, stranger):
    here = app.extensions["parley"]
    app.extensions["parley"] = replace(here, settings=replace(here.settings, secure_cookies=True))
    https = {"base_url": "https://localhost"}
    page = stranger.client.get("/review/login", **https)
    form = {"csrf": token(page), "name": "ben", "password": PASSWORD}
    answer = stranger.client.post("/review/login", data=form, **https)
    cookies = [*page.headers.getlist("Set-Cookie"), *answer.headers.getlist("Set-Cookie")]

    assert {one.partition("=")[0] for one in cookies} == {
        "__Host-parley_login", "__Host-parley_session", "__Host-parley_device",
    }  # fmt: skip
    for one in cookies:
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(one.split("; ")), one
        assert "Domain" not in one
    assert stranger.client.get("/review/", **https).status_code == 200
    queue = stranger.client.get("/api/v1/moderation/comments?site=demo", **https)
    assert queue.status_code == 200
    stranger.client.set_cookie("parley_session", "set by another host of the domain")
    assert stranger.client.get("/review/", **https).status_code == 200


def test_a_browser_that_logged_in_before_gets_in_while_strangers_guess(app, stranger):
    stranger.log_in()
    stranger.client.delete_cookie("parley_session")
    for number in range(120):
        with suppress(TooManyRequests):
            app.extensions["parley"].login_limits.check("ben", f"2001:db8:67:{number:x}::1")

    assert stranger.log_in(password="wrong password!").status_code == 401
    assert stranger.log_in().status_code == 303
    new = Desk(app.test_client())
    answer = new.log_in()
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) <= 60


def test_turns_of_strangers_hold_up_no_browser_that_logged_in_before(stranger):
    stranger.log_in()
    stranger.client.delete_cookie("parley_session")
    with moderators.turn(), moderators.turn():
        again = stranger.log_in()

    assert again.status_code == 303


def test_a_session_without_a_person_at_it_ends_though_the_page_asks_for_news(app, db, ben):
    here = app.extensions["parley"]
    begun = utcnow()

    def at(minutes: int) -> None:
        app.extensions["parley"] = replace(here, clock=lambda: begun + timedelta(minutes=minutes))

    at(50)
    assert ben.open().status_code == 200  # somebody is there
    at(100)
    assert ben.open("/review/news").status_code == 200
    at(111)

    assert ben.open("/review/news").status_code == 401
    assert ben.open().status_code == 303


def test_a_refused_login_is_in_the_audit_log_without_what_was_typed(app, db, stranger, monkeypatch):
    monkeypatch.setattr(LoginLimits, "refusals", lambda self: 10)
    stranger.log_in("ben", "a wrong password!")
    stranger.log_in("my secret by mistake", "a wrong password!")
    named, unknown = reversed(audit.newest(db, "login", 10))

    assert (named.detail["refused"], named.detail["name"], unknown.detail["name"]) == (10, "ben", None)
    assert "wrong password" not in str([named, unknown])
    assert "by mistake" not in str([named, unknown])


@pytest.mark.parametrize(("name", "password"), [("ben", "wrong password!"), ("nobody", PASSWORD), ("", "")])
def test_a_wrong_login_says_so_in_words_and_keeps_the_name(stranger, name, password):
    answer = stranger.log_in(name, password)

    assert answer.status_code == 401
    assert "The name or the password is wrong." in answer.text
    assert f'value="{name}"' in answer.text
    assert password not in answer.text or not password
    assert stranger.open().status_code == 303


def test_too_many_attempts_on_a_name_are_asked_to_wait(stranger):
    name = secrets.token_hex(6)
    statuses = [stranger.log_in(name, "wrong password!").status_code for _ in range(6)]
    answer = stranger.log_in(name, PASSWORD)

    assert statuses == [401] * 5 + [429]
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) >= 1
    assert "Too many attempts to log in. Try again in" in answer.text
    assert answer.mimetype == "text/html"


def test_beyond_two_logins_at_once_others_are_asked_to_come_again_and_have_used_up_no_try(stranger):
    with moderators.turn(), moderators.turn():
        answers = [stranger.log_in() for _ in range(7)]

    assert {answer.status_code for answer in answers} == {503}
    assert int(answers[-1].headers["Retry-After"]) >= 1
    assert "Many people are logging in just now. Try again in a moment." in answers[-1].text
    assert 'value="ben"' in answers[-1].text
    assert stranger.log_in().status_code == 303


def test_a_login_form_from_elsewhere_logs_nobody_in(stranger):
    form = {"name": "ben", "password": PASSWORD, "csrf": "0" * 64}
    without_cookie = stranger.client.post("/review/login", data=form)
    stranger.client.get("/review/login")
    with_cookie = stranger.client.post("/review/login", data=form)

    assert (without_cookie.status_code, with_cookie.status_code) == (403, 403)
    assert "Go back, load the page again" in with_cookie.text
    assert stranger.open().status_code == 303


def test_what_another_site_sends_is_refused_even_with_the_right_token(stranger):
    form = {"csrf": token(stranger.open("/review/login")), "name": "ben", "password": PASSWORD}
    foreign = [
        {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "null"},
        {"Origin": "https://evil.example"}, {"Origin": "http://localhost.evil.example"},
        {"Origin": "http://evillocalhost"}, {"Origin": "http://localhost:81"}, {"Origin": "ftp://localhost"},
    ]  # fmt: skip
    for headers in foreign:
        answer = stranger.client.post("/review/login", data=form, headers=headers)

        assert (headers, answer.status_code) == (headers, 403)
        assert "sent from another site" in answer.text


def test_our_own_origin_is_welcome(stranger):
    form = {"csrf": token(stranger.open("/review/login")), "name": "ben", "password": PASSWORD}
    headers = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}

    assert stranger.client.post("/review/login", data=form, headers=headers).status_code == 303


def test_behind_a_proxy_that_changes_host_the_browsers_own_word_is_enough(stranger):
    form = {"csrf": token(stranger.open("/review/login")), "name": "ben", "password": PASSWORD}
    headers = {"Origin": "https://comments.example.org", "Sec-Fetch-Site": "same-origin"}

    assert stranger.client.post("/review/login", data=form, headers=headers).status_code == 303


@pytest.mark.parametrize("fetched", [{}, {"Sec-Fetch-Site": "none"}], ids=["old browser", "typed in"])
def test_where_nobody_vouches_the_page_names_both_addresses_and_the_setting(stranger, fetched):
    form = {"csrf": token(stranger.open("/review/login")), "name": "ben", "password": PASSWORD}
    headers = {"Origin": "https://comments.example.org", **fetched}
    answer = stranger.client.post("/review/login", data=form, headers=headers)

    assert answer.status_code == 403
    for words in ("https://comments.example.org", "http://localhost", "PARLEY_PUBLIC_URL"):
        assert words in answer.text


def test_what_an_origin_says_is_text_on_the_page(stranger):
    answer = stranger.client.post("/review/login", headers={"Origin": "<script>alert(1)</script>" * 100})

    assert answer.status_code == 403
    assert "<script>" not in answer.text
    assert answer.text.count("alert(1)") < 10


def test_a_new_login_ends_the_browsers_old_session(db, ben):
    old = ben.client.get_cookie("parley_session").value
    ben.client.get("/review/login")
    ben.client.delete_cookie("parley_session")
    page = ben.client.get("/review/login")
    ben.client.set_cookie("parley_session", old)
    ben.client.post("/review/login", data={"csrf": token(page), "name": "ben", "password": PASSWORD})

    assert ben.client.get_cookie("parley_session").value != old
    assert moderators.who(db, old, NOW) is None


def test_logging_out_kills_the_session_in_the_database_too(db, ben):
    secret = ben.client.get_cookie("parley_session").value
    answer = ben.client.post("/review/logout", data={"csrf": token(ben.open())})

    assert (answer.status_code, answer.location) == (303, "/review/login?out=1")
    assert moderators.who(db, secret, NOW) is None
    assert "You are logged out." in ben.open(answer.location).text


def test_logging_out_needs_the_sessions_token(ben):
    assert ben.client.post("/review/logout", data={"csrf": "0" * 64}).status_code == 403
    assert ben.client.post("/review/logout").status_code == 403
    assert ben.client.get("/review/logout").status_code == 404
    assert ben.open().status_code == 200


def test_a_disabled_moderator_is_out_at_once(db, ben):
    moderators.disable(db, "ben", NOW)

    assert ben.open().status_code == 303


def test_an_api_token_in_the_cookie_is_no_session(db, stranger):
    stranger.client.set_cookie("parley_session", moderators.add_token(db, "ben", "script", NOW))

    assert stranger.open().status_code == 303


def test_after_the_login_the_page_that_was_asked_for_is_shown(stranger):
    asked = stranger.open("/review/?site=demo&status=rejected")
    form = stranger.open(asked.location)
    answer = stranger.log_in(next="/review/?site=demo&status=rejected")

    assert 'value="/review/?site=demo&amp;status=rejected"' in form.text
    assert answer.location == "/review/?site=demo&status=rejected"


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example/review/", "https://evil.example/review/", "/\\evil.example", "/api/v1/comments", "",
        "/review/\r\nSet-Cookie: x=1", "/review/logout", "/review/login", "/review\\..\\x", None,
    ],
)  # fmt: skip
def test_a_login_never_leads_away_from_the_queue(app, path):
    with app.test_request_context():
        assert _next(path) == "/review/"


def test_a_moderator_without_a_site_is_told_so(db, app, stranger):
    moderators.add_moderator(db, "new", PASSWORD, {}, NOW, is_own=True)
    new = Desk(app.test_client())
    new.log_in("new")

    assert "You have no site to moderate yet." in new.open().text
