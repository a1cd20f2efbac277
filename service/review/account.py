"""The page of one's own account: the password, and the sessions that are open. All of it is plain forms.

The forms of the second factor are on it too; `second_factor.py` takes them.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for

from service.context import context
from service.domain import access, errors
from service.review import guard
from service.sites import accounts, first_start, second_factors
from service.web.auth import idle_time
from service.web.context import web_context

# Within the review pages, whose checks, headers and error pages are its own too.
bp = Blueprint("account", __name__, url_prefix="/account")
DONE = {
    "password": "Your password is changed, and your other sessions have ended.",
    "session": "The session has ended.",
    "others": "Your other sessions have ended.",
    "gone": "That session had ended already.",
    "off": "The second factor is off, and its recovery codes are good for nothing any more.",
    "on already": "The second factor is on already.",
}


@bp.get("")
def show_account() -> Any:
    """Show the forms, and what was just done."""
    visitor = guard.visitor()
    if visitor is None:
        here = url_for("review.account.show_account")
        return redirect(url_for("review.show_login", next=here), 303)
    return page(visitor, done=DONE.get(request.args.get("done", "")))


@bp.post("/password")
def change_password() -> Any:
    """Change one's own password. The present one is asked, and wrong ones count as those of a login do."""
    visitor = guard.identity()
    guard.check_session_form()
    present, password = request.form.get("present", ""), request.form.get("password", "")
    if password != request.form.get("again", ""):
        return page(visitor, 422, wrong="The new password was typed in two ways. Type it again.", at="again")
    try:
        accounts.check_new(visitor, present, password)
        _change(visitor, present, password)
    except errors.Invalid as error:
        return page(visitor, 422, wrong=f"The new password {error.problems[0][1]}.", at="password")
    except errors.Unauthorised as error:
        return page(visitor, 403, wrong=str(error), at="present")
    except (errors.TooManyRequests, errors.Unavailable) as error:
        return wait_page(visitor, error)
    return done("password")


def _change(visitor: access.Caller, present: str, password: str) -> None:
    here = web_context()
    with guard.attempt(visitor.name):
        session, now = guard.session_secret(), here.clock()
        accounts.change_password(here.db, visitor, session, present, password, now)
    here.login_limits.forgive(visitor.name)
    first_start.forget(here.settings.data_dir, visitor.name)


@bp.post("/sessions")
def end_sessions() -> Any:
    """End one of one's own sessions, or all but this one."""
    visitor, here = guard.identity(), context()
    guard.check_session_form()
    tag = request.form.get("session", "")
    if tag == "others":
        accounts.end_other_sessions(here.db, visitor, guard.session_secret(), here.clock())
        return done("others")
    ended = accounts.end_session(here.db, visitor, tag, here.clock())
    return done("session" if ended else "gone")


def done(what: str) -> Any:
    """Go back to the page, which says what was done."""
    return redirect(url_for("review.account.show_account", done=what), 303)


def wait_page(visitor: access.Caller, error: errors.TooManyRequests | errors.Unavailable) -> Response:
    """Return the page for who has to wait before the next try."""
    answer = page(visitor, 429 if isinstance(error, errors.TooManyRequests) else 503, wrong=str(error))
    answer.headers["Retry-After"] = str(error.retry_after)
    return answer


def page(visitor: access.Caller, status: int = 200, **values: Any) -> Response:
    """Return the page as it stands; ``wrong`` says what was, ``at`` which field."""
    here = context()
    sessions = accounts.list_sessions(here.db, visitor, guard.session_secret(), here.clock(), idle_time())
    factor = second_factors.show(here.db, visitor)
    text = render_template("review/account.html", me=visitor, sessions=sessions, factor=factor, **values)
    return Response(text, status)
