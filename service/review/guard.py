"""What every page of the review door asks first: who you are, and whether the form was really ours."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from urllib.parse import urlsplit

from flask import Response, g, request
from werkzeug.exceptions import Forbidden

from service.context import context
from service.domain import access
from service.domain.errors import TooManyRequests, Unauthorised
from service.sites import moderators, second_factors
from service.web.auth import DEVICE, SESSION, cookie_name, csrf_token, idle_time
from service.web.context import web_context
from service.web.login_limits import DEVICE_LIFE

LOGIN_COOKIE = "parley_login"
LOGIN_COOKIE_S = 3600
HALF_COOKIE = "parley_half"
MAX_COOKIE = 1000
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
}
STALE_FORM = "This form was made for another session, or is too old. Go back, load the page again and repeat."
OTHER_ORIGIN = (
    "This form was sent from another site: the browser is at {origin}, and Parley thinks that it is at"
    " {own}. Nothing was changed. If both are the same, set PARLEY_PUBLIC_URL to the address in the browser."
)
FOREIGN_FORM = "This form was sent from another site. Nothing was changed."


def add_headers(response: Response) -> Response:
    """Put the security headers on an answer; pages are kept nowhere, files of ours may be."""
    response.headers.update(HEADERS)
    if request.endpoint != "review.static":
        response.headers["Cache-Control"] = "no-store"
    return response


def session_secret() -> str:
    """Return what the session cookie holds, "" without one."""
    return request.cookies.get(cookie_name(SESSION), "")


def visitor() -> access.Caller | None:
    """Return who is logged in here, or None. An API token is no session. The database is asked once."""
    if "visitor" not in g:
        g.visitor = _visitor()
    found: access.Caller | None = g.visitor
    return found


def _visitor() -> access.Caller | None:
    here, secret = context(), session_secret()
    # What a page asks by itself is no sign of a person.
    is_used = request.endpoint != "review.show_news"
    found = moderators.who(here.db, secret, here.clock(), idle_time(), is_used=is_used) if secret else None
    if found is None or found.kind != "session":
        return None
    g.moderator_id = found.moderator_id
    return found


def identity() -> access.Caller:
    """Return who is logged in here; raise `Unauthorised`."""
    found = visitor()
    if found is None:
        raise Unauthorised("You are not logged in, or your session has ended. Log in and try again.")
    return found


@contextmanager
def attempt(name: str, *, password: bool = True, code: bool = False) -> Iterator[None]:
    """Count what is tried for somebody, be it with a password or a code, as a login is counted.

    A password has to have its turn for hashing. What is refused is counted and noted. Who succeeded says so
    by `LoginLimits.forgive`: half a login is no success.
    """
    here = web_context()
    limits = here.login_limits
    known = limits.known_device(name, device(), here.clock())
    try:
        with moderators.turn(known=known is not None) if password else nullcontext():
            limits.check(name, request.remote_addr, known)
            if code:
                limits.check_code(name, known)
            yield
    except TooManyRequests:
        _note_refusal(name)
        raise
    except Unauthorised:
        limits.count_failure(request.remote_addr)
        _note_refusal(name)
        raise


def _note_refusal(name: str) -> None:
    """Write an attempt that was refused into the audit log, if there were enough of them to be worth it."""
    here = web_context()
    count = here.login_limits.refusals()
    if count is not None:
        moderators.note_refusal(here.db, name, count, here.clock())


def page_token() -> str:
    """Return the CSRF token of this session, for forms and for the JSON door's header."""
    return csrf_token(context().settings.secret_key, session_secret())


def check_session_form() -> None:
    """Refuse a form that was not given out to this session, with 403."""
    if not _same(request.form.get("csrf", ""), page_token()):
        raise Forbidden(STALE_FORM)


def check_origin() -> None:
    """Refuse what a browser says another site has sent, with 403; both headers may be missing."""
    fetched, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if fetched == "same-origin":  # the browser compared them itself, and no page can make it say so
        return
    if fetched not in (None, "none"):
        raise Forbidden(FOREIGN_FORM)
    public = context().settings.public_url
    own = {request.host, urlsplit(public or "").netloc}
    parts = urlsplit(origin or "")
    if origin is None or (parts.scheme in ("http", "https") and parts.netloc in own - {""}):
        return
    raise Forbidden(OTHER_ORIGIN.format(origin=origin[:200], own=public or request.host_url.rstrip("/")))


def login_nonce() -> str:
    """Return the random value that binds a login form to this browser, an old one if there is one."""
    return request.cookies.get(cookie_name(LOGIN_COOKIE), "")[:64] or secrets.token_urlsafe(24)


def login_token(nonce: str) -> str:
    """Return the token that a login form carries beside the cookie with its nonce."""
    key = context().settings.secret_key
    return hmac.new(key, b"login:" + nonce.encode(errors="replace"), hashlib.sha256).hexdigest()


def check_login_form() -> None:
    """Refuse a login form without the cookie it was given out with: nobody is logged in unawares."""
    nonce = request.cookies.get(cookie_name(LOGIN_COOKIE), "")
    if not nonce or not _same(request.form.get("csrf", ""), login_token(nonce)):
        raise Forbidden(STALE_FORM)


def set_session(response: Response, secret: str) -> None:
    """Hand a browser its session, until the browser is closed or 12 hours have passed."""
    _set_cookie(response, SESSION, secret, int(moderators.SESSION_LIFE.total_seconds()))
    _drop_cookie(response, LOGIN_COOKIE)
    if cookie_name(HALF_COOKIE) in request.cookies:
        _drop_cookie(response, HALF_COOKIE)


def half_login() -> moderators.HalfLogin | None:
    """Return who gave the right password in this browser a moment ago, and is to give a code."""
    here = context()
    ticket = request.cookies.get(cookie_name(HALF_COOKIE), "")[:MAX_COOKIE]
    return second_factors.half_login(here.db, here.settings.secret_key, ticket, login_nonce(), here.clock())


def set_half_login(response: Response, half: moderators.HalfLogin) -> None:
    """Hand a browser what shows that the password was right; it is good for nothing without a code."""
    here = context()
    ticket = second_factors.half_ticket(here.settings.secret_key, half, login_nonce(), here.clock())
    _set_cookie(response, HALF_COOKIE, ticket, int(second_factors.HALF_LIFE.total_seconds()))


def device() -> str:
    """Return what this browser's cookie says of who logged in here before, "" without one."""
    return request.cookies.get(cookie_name(DEVICE), "")[:MAX_COOKIE]


def set_device(response: Response, value: str) -> None:
    """Hand a browser the cookie by which it is known at the next login."""
    _set_cookie(response, DEVICE, value, int(DEVICE_LIFE.total_seconds()))


def set_login_nonce(response: Response, nonce: str) -> None:
    """Hand a browser the cookie of a login form."""
    _set_cookie(response, LOGIN_COOKIE, nonce, LOGIN_COOKIE_S)


def drop_session(response: Response) -> None:
    """Take a browser's session cookie away."""
    _drop_cookie(response, SESSION)


def _drop_cookie(response: Response, name: str) -> None:
    _set_cookie(response, name, "", 0)


def _set_cookie(response: Response, name: str, value: str, max_age: int) -> None:
    response.set_cookie(
        cookie_name(name),
        value,
        path=f"{request.script_root}/",
        max_age=max_age,
        httponly=True,
        samesite="Lax",
        secure=context().settings.secure_cookies,
    )


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(errors="replace"), expected.encode())
