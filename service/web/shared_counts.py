"""Counting how often something happens, in all processes of an installation, without waiting for Redis."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import cast

import redis
import structlog

from service.outages import Outage
from service.redis_client import redis_client
from service.settings import Settings
from service.web.rate_limits import PAUSE_S

log = structlog.get_logger("parley.limits")

SYNC_S = 0.05  # between two questions to Redis
KEPT = 50_000  # keys, about 15 MB; beyond that the oldest are forgotten here, and asked of Redis again
AT_ONCE = 1_000  # keys in one question
# Adds the first half of the arguments to the keys, which then stay for the seconds of the second half.
ADD = """
local found = {}
for i, key in ipairs(KEYS) do
  found[i] = redis.call('INCRBY', key, ARGV[i])
  redis.call('EXPIRE', key, ARGV[#KEYS + i])
end
return found
"""


@dataclass(frozen=True, slots=True)
class Count:
    """What is counted under a key that ends after some seconds, beside what stands under a key ``before``."""

    key: str
    seconds: int
    before: str | None = None


@dataclass(slots=True)
class _Kept:
    """What this process knows of one key: what Redis said last, and what it was not told yet."""

    seconds: int
    ends_at: float
    said: int = 0
    untold: int = 0


class SharedCounts:
    """Counts here at once, and tells Redis and learns from it a little later, in a thread of its own.

    To ask Redis with every post took a quarter of its time. So a count lacks what other processes counted
    since this one last asked for the same key: a post and `SYNC_S` ago. Without Redis each process counts
    for itself.
    """

    def __init__(self, settings: Settings, prefix: str) -> None:
        self._redis = redis_client(settings)
        self._prefix = prefix
        self._outage = Outage(log, "limits are not shared", "limits are shared again")
        self._kept: dict[str, _Kept] = {}
        self._touched: set[str] = set()
        self._wakes = threading.Condition()
        self._exchanging = threading.Lock()  # what is told twice would count twice
        self._thread: threading.Thread | None = None

    def count(self, counts: Sequence[Count]) -> list[int]:
        """Count each once more; return how often until now, or under the key before where that is larger."""
        with self._wakes:
            found = [self._add(one, 1) for one in counts]
            self._wake()
        return found

    def take_back(self, counts: Sequence[Count]) -> None:
        """Count each once less."""
        with self._wakes:
            for one in counts:
                self._add(one, -1)
            self._wake()

    def _add(self, one: Count, much: int) -> int:
        this = self._of(one.key, one.seconds)
        this.untold += much
        before = self._of(one.before, one.seconds) if one.before else this
        return max(this.said + this.untold, before.said + before.untold)

    def _of(self, key: str, seconds: int) -> _Kept:
        if self._redis is not None:
            self._touched.add(key)
        now = time.monotonic()
        kept = self._kept.get(key)
        if kept is None or kept.ends_at < now:
            if len(self._kept) >= KEPT:
                self._forget(now)
            kept = self._kept[key] = _Kept(seconds, now + seconds)
        return kept

    def _forget(self, now: float) -> None:
        """Forget what has ended; and if that is too little, the older half."""
        self._kept = {key: kept for key, kept in self._kept.items() if kept.ends_at >= now}
        if len(self._kept) > KEPT // 2:
            self._kept = dict(islice(self._kept.items(), KEPT // 2, None))

    def _wake(self) -> None:
        if self._redis is None:
            return
        if self._thread is None or not self._thread.is_alive():
            # Started late, because a thread does not live through the server's fork.
            self._thread = threading.Thread(target=self._run, name="counts", daemon=True)
            self._thread.start()
        self._wakes.notify()

    def _run(self) -> None:
        pause = threading.Event()
        while True:
            with self._wakes:
                self._wakes.wait_for(lambda: bool(self._touched))
            pause.wait(SYNC_S if self.sync() else PAUSE_S)

    def sync(self) -> bool:
        """Tell Redis what was counted here, and learn what was elsewhere; False if it does not answer."""
        with self._exchanging:
            return self._sync()

    def _sync(self) -> bool:
        with self._wakes:
            keys = list(self._touched & self._kept.keys())
            self._touched = set()
        for start in range(0, len(keys), AT_ONCE):
            try:
                self._exchange(keys[start : start + AT_ONCE])
            except redis.RedisError as error:
                self._outage.lost(limits=self._prefix, error=type(error).__name__)
                with self._wakes:
                    self._touched.update(keys[start:])
                return False
        if keys:
            self._outage.back()
        return True

    def _exchange(self, keys: Sequence[str]) -> None:
        with self._wakes:
            kept = [(key, one, one.untold) for key in keys if (one := self._kept.get(key))]
        script = cast("redis.Redis", self._redis).register_script(ADD)
        told = [untold for _, _, untold in kept] + [one.seconds for _, one, _ in kept]
        answers = cast("list[int]", script([f"{self._prefix}:{key}" for key, _, _ in kept], told))
        with self._wakes:
            for (_, one, untold), said in zip(kept, answers, strict=True):
                one.said = said
                one.untold -= untold
