"""The page of one's own account, and the way there for whose password somebody else set."""

from __future__ import annotations

import re
from contextlib import suppress

import pytest
from sqlalchemy import update
from werkzeug.test import TestResponse

from service.context import utcnow
from service.domain.errors import TooManyRequests
from service.sites import first_start, moderators
from service.storage.tables import Moderator
from service.upkeep import audit
from service.web import login_limits
from service.web.auth import CSRF_HEADER
from service.web.login_limits import LoginLimits
from tests.service.api.parts import assert_problem, bearer
from tests.service.review.conftest import PASSWORD, Desk, post, token

NEW = "another long password"


@pytest.fixture
def given(db, ben) -> Desk:
    """Ben, logged in with a password that somebody else set."""
    with db.write() as connection:
        connection.execute(update(Moderator).where(Moderator.name == "ben").values(must_change_password=True))
    return ben


def change(desk: Desk, present: str = PASSWORD, password: str = NEW, **more: str) -> TestResponse:
    """Fill in the form on the page and send it."""
    form = {"csrf": token(desk.open("/review/account")), "present": present}
    return desk.client.post(
        "/review/account/password", data=form | {"password": password, "again": password} | more
    )


def end(desk: Desk, session: str, **more: str) -> TestResponse:
    form = {"csrf": token(desk.open("/review/account")), "session": session}
    return desk.client.post("/review/account/sessions", data=form | more)


def buttons(desk: Desk) -> list[str]:
    return re.findall(r'name="session" value="(\w+)"', desk.open("/review/account").text)


def test_every_page_of_somebody_who_is_logged_in_leads_to_the_account(db, ben):
    comment = post(db, "vile words")
    for path in ("/review/", f"/review/comments/{comment}", "/review/account"):
        assert 'href="/review/account"' in ben.open(path).text


def test_a_stranger_is_led_to_the_login_and_back(stranger):
    asked = stranger.open("/review/account")

    assert (asked.status_code, asked.location) == (303, "/review/login?next=/review/account")
    assert stranger.log_in(next="/review/account").location == "/review/account"


def test_a_password_is_changed_and_the_other_browser_is_out(app, db, ben):
    other = Desk(app.test_client())
    other.log_in("ben")
    script = bearer(moderators.add_token(db, "ben", "script", utcnow()))
    answer = change(ben)

    assert (answer.status_code, answer.location) == (303, "/review/account?done=password")
    assert "Your password is changed" in ben.open(answer.location).text
    assert ben.open().status_code == 200
    assert other.open().status_code == 303
    assert ben.client.get("/api/v1/moderation/comments?site=demo", headers=script).status_code == 200
    assert other.log_in("ben", PASSWORD).status_code == 401
    assert other.log_in("ben", NEW).status_code == 303


@pytest.mark.parametrize(
    ("form", "status", "words", "field"),
    [
        ({"present": "a wrong password!"}, 403, "The present password is wrong.", "present"),
        ({"password": "tiny-word"}, 422, "The new password must have 12 to 200 characters.", "password"),
        ({"password": "password1234"}, 422, "The new password is one of those that are tried", "password"),
        ({"password": PASSWORD}, 422, "The new password must be another one than the present.", "password"),
        ({"again": "something else"}, 422, "The new password was typed in two ways.", "again"),
    ],
)
def test_what_is_wrong_is_said_at_the_field_and_nothing_is_shown_again(ben, form, status, words, field):
    answer = change(ben, **form)

    assert answer.status_code == status
    assert words in answer.text
    assert re.search(rf'id="{field}"[^>]*aria-describedby="wrong" aria-invalid="true" autofocus', answer.text)
    assert not [one for one in (PASSWORD, NEW, *form.values()) if one in answer.text]
    assert change(ben).status_code == 303


def test_wrong_present_passwords_count_as_wrong_logins_do(app, db, ben, monkeypatch):
    monkeypatch.setattr(LoginLimits, "refusals", lambda self: 10)
    statuses = [change(ben, "a wrong password!").status_code for _ in range(6)]
    answer = change(ben)

    assert statuses == [403] * 5 + [429]
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) >= 1
    assert "Too many attempts to log in. Try again in" in answer.text
    assert ben.open().status_code == 200
    refused = audit.newest(db, "login", 1)[0]
    assert (refused.detail["name"], "wrong password" in str(refused)) == ("ben", False)


def test_strangers_who_guess_keep_nobody_from_changing_a_password(app, ben):
    limits = app.extensions["parley"].login_limits
    for number in range(120):
        with suppress(TooManyRequests):
            limits.check("ben", f"2001:db8:68:{number:x}::1")
    answer = change(ben)
    limits._limits.clear(login_limits.PER_NAME, login_limits._person("ben"))  # other tests have a Ben, too

    assert answer.status_code == 303


def test_with_too_many_at_it_one_is_asked_to_come_again(ben):
    with moderators.turn(known=True), moderators.turn(known=True):
        answer = change(ben)

    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) >= 1
    assert "Try again in a moment." in answer.text


def test_sessions_are_listed_and_ended_one_by_one_or_all_others(app, ben):
    others = [Desk(app.test_client()) for _ in range(3)]
    for other in others:
        other.log_in("ben")
    page = ben.open("/review/account").text

    assert page.count("this browser") == 1
    assert len(buttons(ben)) == 4  # three, and one for all of them
    assert end(ben, buttons(ben)[0]).location == "/review/account?done=session"
    assert end(ben, "0123456789abcdef").location == "/review/account?done=gone"
    assert sorted(other.open().status_code for other in others) == [200, 200, 303]
    assert end(ben, "others").location == "/review/account?done=others"
    assert [other.open().status_code for other in others] == [303] * 3
    assert buttons(ben) == []
    assert ben.open().status_code == 200


@pytest.mark.parametrize("path", ["password", "sessions"])
def test_forms_need_the_sessions_token_and_our_own_origin(app, ben, path):
    other = Desk(app.test_client())
    other.log_in("ben")
    form = {"session": "others", "present": PASSWORD, "password": NEW, "again": NEW}
    right = form | {"csrf": token(ben.open("/review/account"))}
    foreign = {"Origin": "https://evil.example"}
    address = f"/review/account/{path}"

    assert ben.client.post(address, data=form).status_code == 403
    assert ben.client.post(address, data=form | {"csrf": "0" * 64}).status_code == 403
    assert ben.client.post(address, data=right, headers=foreign).status_code == 403
    assert ben.client.get(address).status_code == 404
    assert other.open().status_code == 200


def test_a_token_in_the_cookie_has_no_account(db, stranger):
    stranger.client.set_cookie("parley_session", moderators.add_token(db, "ben", "script", utcnow()))

    assert stranger.open("/review/account").status_code == 303
    assert stranger.client.post("/review/account/sessions", data={"session": "others"}).status_code == 401


def test_a_given_password_opens_the_account_and_nothing_else(db, given):
    comment = post(db, "vile words")
    pages = ["/review/", "/review/?site=demo&status=approved", f"/review/comments/{comment}", "/review/no"]
    acted = given.client.post(f"/review/comments/{comment}/actions", data={"action": "approve", "version": 2})

    for answer in [*map(given.open, pages), acted]:
        assert (answer.status_code, answer.location) == (303, "/review/account")
    assert "Somebody else set your password." in given.open("/review/account").text
    with given.open("/review/static/queue.css") as style:
        assert style.status_code == 200
    assert given.open("/review/login").location == "/review/"


def test_a_given_password_opens_no_json_door(db, given):
    comment = post(db, "vile words")
    csrf = {CSRF_HEADER: token(given.open("/review/account"))}
    act = {"comment_id": comment, "action": "approve", "version": 2}
    answers = [
        *map(given.open, ("/review/news", "/review/undo", "/api/v1/moderation/comments?site=demo")),
        given.open("/api/v1/events?site=demo"),
        given.client.post("/api/v1/moderation/actions", json=act, headers=csrf),
        given.client.get("/api/v1/moderation/comments?site=demo", headers=bearer(_session(given))),
    ]

    for answer in answers:
        assert "Somebody else set your password." in assert_problem(answer, 403)["detail"]
    script = bearer(moderators.add_token(db, "ben", "script", utcnow()))
    assert given.client.get("/api/v1/moderation/comments?site=demo", headers=script).status_code == 200


def _session(desk: Desk) -> str:
    return str(desk.client.get_cookie("parley_session").value)


def test_once_it_is_changed_all_is_open_in_the_same_session(given):
    before = _session(given)
    assert change(given).status_code == 303

    assert _session(given) == before
    assert given.open().status_code == 200
    assert given.open("/review/news").status_code == 200


def test_a_given_password_may_log_out_and_end_other_sessions(app, given):
    other = Desk(app.test_client())
    other.log_in("ben")

    assert end(given, "others").status_code == 303
    assert other.open().location.startswith("/review/login")
    out = given.client.post("/review/logout", data={"csrf": token(given.open("/review/account"))})
    assert out.location == "/review/login?out=1"


def test_the_first_password_is_to_be_changed_and_then_its_file_goes(app, db, tmp_path):
    password = first_start.prepare(db, tmp_path, utcnow())
    desk = Desk(app.test_client())
    desk.log_in(first_start.MODERATOR, password)
    assert desk.open().location == "/review/account"
    assert (tmp_path / first_start.FILE).exists()
    assert change(desk, password).status_code == 303

    assert not (tmp_path / first_start.FILE).exists()
    assert desk.open().status_code == 200
    assert audit.verify(db)[1] == []
