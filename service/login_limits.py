"""How often one may try to log in: counted in Redis, or in this process while Redis is away."""

from __future__ import annotations

import ipaddress
import math
import time

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

PER_NAME = tuple(parse_many("5/minute;20/hour"))
PER_ADDRESS = tuple(parse_many("20/minute"))
PREFIX = "parley-login"


class LoginLimits:
    """Counts attempts by name and by client network; an IPv6 client counts with its /64.

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

    def check(self, name: str, address: str | None) -> None:
        """Count one attempt; raise `TooManyRequests` if there were too many, known name or not."""
        keys = [*((item, _network(address)) for item in PER_ADDRESS)]
        keys += [(item, _person(name)) for item in PER_NAME]
        wait = self._try(keys)
        if wait is not None:
            raise TooManyRequests(f"Too many attempts to log in. Try again in {_words(wait)}.", wait)

    def forgive(self, name: str) -> None:
        """Forget the attempts on a name, because its password was given."""
        for limiter in (self._shared, self._own):
            try:
                for item in PER_NAME:
                    if limiter is not None:
                        limiter.clear(item, _person(name))
            except redis.RedisError as error:
                log.warning("login limits are not shared", error=type(error).__name__)

    def _try(self, keys: list[tuple[RateLimitItem, str]]) -> int | None:
        if self._shared is not None:
            try:
                return _hit(self._shared, keys)
            except redis.RedisError as error:
                log.warning("login limits are not shared", error=type(error).__name__)
        return _hit(self._own, keys)


def _hit(limiter: MovingWindowRateLimiter, keys: list[tuple[RateLimitItem, str]]) -> int | None:
    """Return None if all limits leave room, else how many seconds to wait."""
    for item, key in keys:
        if not limiter.hit(item, key):
            frees_at = limiter.get_window_stats(item, key).reset_time
            return max(1, math.ceil(frees_at - time.time()))
    return None


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
