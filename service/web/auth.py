"""Who is calling: an API token in ``Authorization``, or a moderator's session cookie."""

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta

from flask import g, request

from service.context import context
from service.domain import access
from service.domain.errors import Forbidden, Unauthorised
from service.sites import moderators

SESSION, DEVICE = "parley_session", "parley_device"
CSRF_HEADER = "X-CSRF-Token"
SAFE = ("GET", "HEAD", "OPTIONS")
CHANGE_IT = "Somebody else set your password. Change it on the page of your account, /review/account, first."


def csrf_token(secret_key: bytes, session: str) -> str:
    """Return the token that proves a form was given out to this session."""
    return hmac.new(secret_key, b"csrf:" + session.encode(), hashlib.sha256).hexdigest()


def cookie_name(name: str) -> str:
    """Return what a cookie of ours is called here: over HTTPS no other host of the domain can set it.

    Below a path only that path gets it, which `__Host-` would forbid.
    """
    if not context().settings.secure_cookies:
        return name
    return f"__Secure-{name}" if request.script_root else f"__Host-{name}"


def idle_time() -> timedelta:
    """Return after how long without a person at it a session ends."""
    return timedelta(minutes=context().settings.session_idle_minutes)


def identity() -> access.Caller:
    """Return the caller; raise `Unauthorised`, or `Forbidden` for a session without its CSRF token.

    The database is asked once in a request.
    """
    if "identity" not in g:
        g.identity = _identify()
    found: access.Caller = g.identity
    return found


def _identify() -> access.Caller:
    here = context()
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    session = request.cookies.get(cookie_name(SESSION), "")
    if token and scheme.lower() == "bearer":
        found = moderators.who(here.db, token.strip(), here.clock())
    elif session:
        found = moderators.who(here.db, session, here.clock(), idle_time(), is_used=True)
        if found is not None and request.method not in SAFE:
            given = request.headers.get(CSRF_HEADER, "").encode(errors="replace")
            if not hmac.compare_digest(given, csrf_token(here.settings.secret_key, session).encode()):
                raise Forbidden(f"A session may only do this with its {CSRF_HEADER} header.")
    else:
        found = None
    if found is None:
        raise Unauthorised("Send an API token as Authorization: Bearer, or log in at /review/.")
    g.moderator_id = found.moderator_id
    if found.must_change_password:
        raise Forbidden(CHANGE_IT)
    return found
