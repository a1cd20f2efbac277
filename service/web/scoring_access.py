"""Who may have texts scored, and how often: by a key in the query or a header, if the settings want one."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from flask import g, request
from limits import RateLimitItemPerMinute
from limits.strategies import SlidingWindowCounterRateLimiter
from werkzeug.datastructures import Headers

from service.context import Context
from service.domain.ids import fingerprint
from service.domain.origins import is_loopback
from service.scoring.keys import Caller, caller_of
from service.web.rate_limits import RateLimits

KEY_HEADER = "X-Goog-Api-Key"
KNOWN_FOR_S = 5.0  # a key that was dropped is refused after so long
MAX_KNOWN = 1024  # keys


class NoKey(Exception):
    """A key is needed, and none was given."""


class BadKey(Exception):
    """The key given is none of ours."""


class OverQuota(Exception):
    """The key's quota is used up; try again after so many seconds."""

    def __init__(self, caller: Caller, retry_after: int) -> None:
        super().__init__(caller.id)
        self.caller, self.retry_after = caller, retry_after


class Access:
    """Recognises callers by their keys, and counts what they ask. Safe to share between threads.

    Keys are looked up in the database and then known for `KNOWN_FOR_S`, so that most requests cost no query.
    """

    def __init__(self, here: Context, clock: Callable[[], float] = time.monotonic) -> None:
        self._keys = here.settings.perspective_keys
        self._db, self._clock = here.db, clock
        self._known: dict[str, tuple[float, Caller]] = {}
        self._limits = RateLimits(here.settings, "parley-quota", SlidingWindowCounterRateLimiter)

    def identify(self, secret: str) -> Caller | None:
        """Return whose key it is, None where none is needed; raise `NoKey` or `BadKey`."""
        if self._keys == "none" or (self._keys == "local" and asked_from_here()):
            return None
        if not secret:
            raise NoKey
        name, now = fingerprint(secret), self._clock()
        until, caller = self._known.get(name, (now, None))
        if caller is None or now >= until:
            caller = caller_of(self._db, secret)
            if caller is None:
                self._known.pop(name, None)
                raise BadKey
            if len(self._known) >= MAX_KNOWN:
                self._known.clear()
            self._known[name] = now + KNOWN_FOR_S, caller
        g.key_id = caller.id
        return caller

    def charge(self, caller: Caller | None, cost: int = 1) -> None:
        """Count requests against a caller's quota; raise `OverQuota`, and count none of them, beyond it."""
        if caller is None:
            return
        wait = self._limits.hit([RateLimitItemPerMinute(caller.per_minute)], str(caller.id), cost)
        if wait is not None:
            raise OverQuota(caller, wait)


def asked_from_here() -> bool:
    """Whether the request at hand comes from a program on this machine, or from a page that it serves.

    Its ``Host`` must be this machine's own, or a page elsewhere could point a name of its own here; and so
    must the ``Origin`` that a browser sends along. What a proxy hands on is from elsewhere.
    """
    addresses = [f"//{request.host}", *request.headers.getlist("Origin")]
    names = [urlsplit(address).hostname for address in addresses]
    handed_on = "Forwarded" in request.headers or "X-Forwarded-For" in request.headers
    return not handed_on and all(name and is_loopback(name) for name in names)


def given_key(query: Mapping[str, str], headers: Mapping[str, str] | Headers) -> str:
    """Return the key that a request brings, empty if none: ``key``, a key header, or a bearer token."""
    if key := query.get("key", "").strip() or headers.get(KEY_HEADER, "").strip():
        return key
    scheme, _, token = headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def key_of_request() -> str:
    """Return the key that the request at hand brings, empty if none."""
    return given_key(request.args, request.headers)
