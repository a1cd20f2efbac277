"""How often one may try to log in: counted in Redis, or in this process while Redis is away."""

from __future__ import annotations

import ipaddress
import math
import threading
import time
from collections.abc import Callable, Sequence

import redis
import structlog
from limits import RateLimitItem, parse_many
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import MovingWindowRateLimiter

from service.domain.errors import TooManyRequests
from service.domain.ids import fingerprint
from service.moderators import plain_name
from service.redis_client import redis_client
from service.settings import Settings

log = structlog.get_logger("parley.login")

# Strict for a name from one place; a name alone has room, or any stranger could keep its owner out.
PER_NAME_AND_NETWORK = tuple(parse_many("5/minute;20/hour"))
PER_NAME = tuple(parse_many("100/hour"))
PER_ADDRESS = tuple(parse_many("20/minute"))
PREFIX = "parley-login"
Question = Callable[[MovingWindowRateLimiter, Sequence[RateLimitItem], str], int | None]


class LoginLimits:
    """Counts attempts by name, client network and both; an IPv6 client counts with its /64.

    While Redis does not answer, each web process counts for itself: the limits then hold per process,
    which is weaker, but nobody is locked out and nothing waits longer than `redis_client` does.
    """

    def __init__(self, settings: Settings) -> None:
        client = redis_client(settings)
        self._shared = None
        if client is not None:
            # The pool carries our timeouts and speaks unix:// as well; the address is then not read.
            storage = RedisStorage("redis://", connection_pool=client.connection_pool, key_prefix=PREFIX)
            self._shared = MovingWindowRateLimiter(storage)
        self._own = MovingWindowRateLimiter(MemoryStorage())
        self._here = threading.local()  # one thread sees one attempt through, from `check` to `forgive`

    def check(self, name: str, address: str | None) -> None:
        """Count one attempt on a name; raise `TooManyRequests` if there were too many, known name or not.

        An address is only looked at here: a newsroom behind one address may log in all at once, so only
        what fails counts against it (see `count_failure`).
        """
        person, network = _person(name), _network(address)
        self._here.network = network
        wait = self._ask(_first_wait, PER_ADDRESS, network)
        if wait is None:
            wait = self._ask(_hit, PER_NAME_AND_NETWORK, f"{person} {network}")
        if wait is None:  # what was refused above does not use up the room of others
            wait = self._ask(_hit, PER_NAME, person)
        if wait is not None:
            raise TooManyRequests(f"Too many attempts to log in. Try again in {_words(wait)}.", wait)

    def count_failure(self, address: str | None) -> None:
        """Count a failed attempt against the client's address."""
        self._ask(_hit, PER_ADDRESS, _network(address))

    def forgive(self, name: str) -> None:
        """Forget the attempts on a name, because its password was given to the attempt checked last.

        Those from other networks stay forbidden there: they were not its owner's.
        """
        person = _person(name)
        self._clear(PER_NAME, person)
        if network := getattr(self._here, "network", None):
            self._clear(PER_NAME_AND_NETWORK, f"{person} {network}")

    def _clear(self, items: Sequence[RateLimitItem], key: str) -> None:
        for limiter in (self._shared, self._own):
            try:
                for item in items:
                    if limiter is not None:
                        limiter.clear(item, key)
            except redis.RedisError as error:
                log.warning("login limits are not shared", error=type(error).__name__)

    def _ask(self, question: Question, items: Sequence[RateLimitItem], key: str) -> int | None:
        if self._shared is not None:
            try:
                return question(self._shared, items, key)
            except redis.RedisError as error:
                log.warning("login limits are not shared", error=type(error).__name__)
        return question(self._own, items, key)


def _hit(limiter: MovingWindowRateLimiter, items: Sequence[RateLimitItem], key: str) -> int | None:
    """Count once under each limit; return None if all left room, else how many seconds to wait."""
    return next((_wait(limiter, item, key) for item in items if not limiter.hit(item, key)), None)


def _first_wait(limiter: MovingWindowRateLimiter, items: Sequence[RateLimitItem], key: str) -> int | None:
    """Do not count; return None if all limits leave room, else how many seconds to wait."""
    return next((_wait(limiter, item, key) for item in items if not limiter.test(item, key)), None)


def _wait(limiter: MovingWindowRateLimiter, item: RateLimitItem, key: str) -> int:
    return max(1, math.ceil(limiter.get_window_stats(item, key).reset_time - time.time()))


def _person(name: str) -> str:
    return "name:" + fingerprint(plain_name(name))


def _network(address: str | None) -> str:
    try:
        found = ipaddress.ip_address(address or "")
    except ValueError:
        return "address:unknown"
    if found.version == 6:
        return f"address:{ipaddress.ip_network((found, 64), strict=False).network_address}"
    return f"address:{found}"


def _words(seconds: int) -> str:
    if seconds < 90:
        return f"{seconds} seconds" if seconds > 1 else "a second"
    return f"{math.ceil(seconds / 60)} minutes"
