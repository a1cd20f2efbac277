"""The page of one's own account: the password, and the sessions that are open. All of it is plain forms."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for

from service.context import context
from service.domain import access, errors
from service.review import guard
from service.sites import accounts, first_start, moderators
from service.web.auth import idle_time
from service.web.context import web_context

# Within the review pages, whose checks, headers and error pages are its own too.
bp = Blueprint("account", __name__, url_prefix="/account")
DONE = {
    "password": "Your password is changed, and your other sessions have ended.",
    "session": "The session has ended.",
    "others": "Your other sessions have ended.",
    "gone": "That session had ended already.",
}


@bp.get("")
def show_account() -> Any:
    """Show the forms, and what was just done."""
    visitor = guard.visitor()
    if visitor is None:
        here = url_for("review.account.show_account")
        return redirect(url_for("review.show_login", next=here), 303)
    return _page(visitor, done=DONE.get(request.args.get("done", "")))


@bp.post("/password")
def change_password() -> Any:
    """Change one's own password. The present one is asked, and wrong ones count as those of a login do."""
    visitor = guard.identity()
    guard.check_session_form()
    present, password = request.form.get("present", ""), request.form.get("password", "")
    if password != request.form.get("again", ""):
        return _page(visitor, 422, wrong="The new password was typed in two ways. Type it again.", at="again")
    try:
        accounts.check_new(visitor, present, password)
        _change(visitor, present, password)
    except errors.Invalid as error:
        return _page(visitor, 422, wrong=f"The new password {error.problems[0][1]}.", at="password")
    except errors.Unauthorised as error:
        return _page(visitor, 403, wrong=str(error), at="present")
    except (errors.TooManyRequests, errors.Unavailable) as error:
        page = _page(visitor, 429 if isinstance(error, errors.TooManyRequests) else 503, wrong=str(error))
        page.headers["Retry-After"] = str(error.retry_after)
        return page
    return _done("password")


def _change(visitor: access.Caller, present: str, password: str) -> None:
    here = web_context()
    limits, now = here.login_limits, here.clock()
    device = limits.known_device(visitor.name, guard.device(), now)
    try:
        with moderators.turn(known=device is not None):
            limits.check(visitor.name, request.remote_addr, device)
            accounts.change_password(here.db, visitor, guard.session_secret(), present, password, now)
    except errors.TooManyRequests:
        guard.note_refusal(visitor.name)
        raise
    except errors.Unauthorised:
        limits.count_failure(request.remote_addr)
        guard.note_refusal(visitor.name)
        raise
    limits.forgive(visitor.name)
    first_start.forget(here.settings.data_dir, visitor.name)


@bp.post("/sessions")
def end_sessions() -> Any:
    """End one of one's own sessions, or all but this one."""
    visitor, here = guard.identity(), context()
    guard.check_session_form()
    tag = request.form.get("session", "")
    if tag == "others":
        accounts.end_other_sessions(here.db, visitor, guard.session_secret(), here.clock())
        return _done("others")
    ended = accounts.end_session(here.db, visitor, tag, here.clock())
    return _done("session" if ended else "gone")


def _done(what: str) -> Any:
    return redirect(url_for("review.account.show_account", done=what), 303)


def _page(visitor: access.Caller, status: int = 200, **values: Any) -> Response:
    here = context()
    sessions = accounts.list_sessions(here.db, visitor, guard.session_secret(), here.clock(), idle_time())
    page = render_template("review/account.html", me=visitor, sessions=sessions, **values)
    return Response(page, status)
