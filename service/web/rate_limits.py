"""Counting how often something is done: in Redis, or in this process while Redis is away."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

import redis
import structlog
from limits import RateLimitItem
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import MovingWindowRateLimiter, RateLimiter

from service.outages import Outage
from service.redis_client import redis_client
from service.settings import Settings

log = structlog.get_logger("parley.limits")

PAUSE_S = 5.0  # how long a Redis that did not answer is left alone
Answer = TypeVar("Answer")


class RateLimits:
    """Counts under some limits, by any key; shared by all processes of one installation.

    While Redis does not answer, each process counts for itself: the limits then hold per process, which is
    weaker, but nobody is locked out, and once in `PAUSE_S` somebody waits as long as `redis_client` does.
    """

    def __init__(
        self, settings: Settings, prefix: str, strategy: type[RateLimiter] = MovingWindowRateLimiter
    ) -> None:
        self._settings, self._prefix, self._strategy = settings, prefix, strategy
        self._again_at = -math.inf
        self._outage = Outage(log, "limits are not shared", "limits are shared again")
        self._making = threading.Lock()
        self._made: tuple[RateLimiter | None, RateLimiter] | None = None

    def hit(self, items: Sequence[RateLimitItem], key: str, cost: int = 1) -> int | None:
        """Count under each limit; return None if all left room, else how many seconds to wait.

        A limit that is reached already does not count further, and those after it are not looked at.
        """
        return self._ask(
            lambda limiter: next(
                (_wait(limiter, item, key) for item in items if not limiter.hit(item, key, cost=cost)), None
            )
        )

    def test(self, items: Sequence[RateLimitItem], key: str) -> int | None:
        """Do not count; return None if all limits leave room, else how many seconds to wait."""
        return self._ask(
            lambda limiter: next(
                (_wait(limiter, item, key) for item in items if not limiter.test(item, key)), None
            )
        )

    def count(self, key: str, seconds: int) -> int:
        """Count once more; return how often in the seconds since it was first."""
        return self._ask(lambda limiter: limiter.storage.incr(key, seconds))

    def clear(self, items: Sequence[RateLimitItem], key: str) -> None:
        """Forget what was counted, wherever it was."""

        def forget(limiter: RateLimiter) -> None:
            for item in items:
                limiter.clear(item, key)

        forget(self._limiters()[1])
        self._ask(forget)

    def _ask(self, question: Callable[[RateLimiter], Answer]) -> Answer:
        shared, own = self._limiters()
        if shared is not None and time.monotonic() >= self._again_at:
            try:
                found = question(shared)
            except redis.RedisError as error:
                self._again_at = time.monotonic() + PAUSE_S
                self._outage.lost(limits=self._prefix, error=type(error).__name__)
            else:
                self._outage.back()
                return found
        return question(own)

    def _limiters(self) -> tuple[RateLimiter | None, RateLimiter]:
        """Return the one in Redis, if any, and our own: made when first asked, for it has a thread."""
        with self._making:
            if self._made is None:
                self._made = self._in_redis(), self._strategy(MemoryStorage())
            return self._made

    def _in_redis(self) -> RateLimiter | None:
        client = redis_client(self._settings)
        if client is None:
            return None
        # The pool carries our timeouts and speaks unix:// as well; the address is then not read.
        pool = client.connection_pool
        return self._strategy(RedisStorage("redis://", connection_pool=pool, key_prefix=self._prefix))


def _wait(limiter: RateLimiter, item: RateLimitItem, key: str) -> int:
    return max(1, math.ceil(limiter.get_window_stats(item, key).reset_time - time.time()))
