"""The forms of one's own second factor: turn it on, make new recovery codes, turn it off."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, render_template, request

from service.context import context
from service.domain import access, errors
from service.review import account, guard
from service.review.qr import picture
from service.sites import second_factors
from service.web.context import web_context

# As `account.bp`. A given password is to be changed first, so these are not of the account's own forms.
bp = Blueprint("second_factor", __name__, url_prefix="/account/second-factor")
DONE = {"on": "Your second factor is on, and your other sessions have ended.", "codes": "Here are new codes."}


@bp.post("")
def begin() -> Any:
    """Show a new secret to who gave their password; nothing is changed yet."""
    visitor, here = guard.identity(), context()
    guard.check_session_form()
    key, session = here.settings.secret_key, guard.session_secret()
    try:
        with _attempt(visitor):
            setup = second_factors.begin(
                here.db, key, visitor, session, request.form.get("present", ""), _issuer(), here.clock()
            )
    except errors.Invalid:
        return account.done("on already")
    except errors.Unauthorised as error:
        return account.page(visitor, 403, wrong=str(error), at="factor-present")
    except (errors.TooManyRequests, errors.Unavailable) as error:
        return account.wait_page(visitor, error)
    return _setup_page(visitor, setup)


@bp.post("/confirm")
def confirm() -> Any:
    """Turn it on with the app's first code, and show the recovery codes once."""
    visitor, here = guard.identity(), context()
    guard.check_session_form()
    key, session = here.settings.secret_key, guard.session_secret()
    ticket, code = request.form.get("ticket", "")[: guard.MAX_COOKIE], request.form.get("code", "")
    try:
        codes = second_factors.turn_on(here.db, key, visitor, session, ticket, code, here.clock())
    except errors.Invalid:
        return account.done("on already")
    except errors.Forbidden as error:
        return account.page(visitor, 403, wrong=str(error))
    except errors.Unauthorised as error:
        setup = second_factors.setup_of(key, visitor, ticket, _issuer())
        return _setup_page(visitor, setup, 422, wrong=str(error))
    return _codes_page(visitor, codes, "on")


@bp.post("/change")
def change() -> Any:
    """Make new recovery codes, or turn it off. Both ask for the password and a code."""
    visitor, here = guard.identity(), context()
    guard.check_session_form()
    if request.form.get("act") not in ("codes", "off"):
        return account.page(visitor, 422, wrong="Press one of the two buttons.")
    key, now = here.settings.secret_key, here.clock()
    given = request.form.get("present", ""), request.form.get("code", "")
    try:
        with _attempt(visitor, code=True):
            if request.form.get("act") == "codes":
                codes = second_factors.renew_codes(here.db, key, visitor, *given, now)
                return _codes_page(visitor, codes, "codes")
            second_factors.turn_off(here.db, key, visitor, *given, now)
    except errors.Unauthorised as error:
        return account.page(visitor, 403, wrong=str(error), at="factor-present")
    except (errors.TooManyRequests, errors.Unavailable) as error:
        return account.wait_page(visitor, error)
    return account.done("off")


@contextmanager
def _attempt(visitor: access.Caller, *, code: bool = False) -> Iterator[None]:
    with guard.attempt(visitor.name, code=code):
        yield
    web_context().login_limits.forgive(visitor.name)


def _issuer() -> str:
    """Return by what an app tells this Parley from another."""
    host = urlsplit(context().settings.public_url or request.host_url).hostname
    return f"Parley {host or ''}".strip()


def _setup_page(
    visitor: access.Caller, setup: second_factors.Setup, status: int = 200, wrong: str = ""
) -> Response:
    grouped = " ".join(setup.secret[at : at + 4] for at in range(0, len(setup.secret), 4))
    page = render_template(
        "review/second_factor.html",
        me=visitor, setup=setup, grouped=grouped, qr=picture(setup.address), wrong=wrong,
    )  # fmt: skip
    return Response(page, status)


def _codes_page(visitor: access.Caller, codes: Sequence[str], done: str) -> Response:
    return Response(render_template("review/recovery_codes.html", me=visitor, codes=codes, done=DONE[done]))
