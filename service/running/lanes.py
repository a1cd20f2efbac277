"""The threads that requests are worked on by, and whose request is next.

Each network of callers has a lane, and so has whoever sends requests before the answers came to those
before. A thread that becomes free takes from one lane after the other, so nobody waits for all that
somebody else sent. Of those who send ahead, one is in work at a time: no browser does so.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Mapping
from functools import lru_cache
from typing import Protocol

from service.domain.pressure import network

log = logging.getLogger("waitress")
OURS, AHEAD = "ours", "ahead"


class Waiting(Protocol):
    """A connection whose request is there as a whole."""

    @property
    def lane(self) -> str: ...

    def service(self) -> None: ...


class Threads:
    """Works on requests, in a number of threads that are there from the beginning."""

    def __init__(self, count: int) -> None:
        self._lanes: dict[str, deque[Waiting]] = {}  # those in which somebody waits, the next first
        self._wakes = threading.Condition()
        self._is_ahead_in_work = self._is_closing = False
        self.threads = [threading.Thread(target=self._work, daemon=True) for _ in range(count)]
        for one in self.threads:
            one.start()

    def add_task(self, one: Waiting) -> None:
        """Have a request worked on when it is its turn."""
        with self._wakes:
            self._lanes.setdefault(one.lane, deque()).append(one)
            self._wakes.notify()

    def shutdown(self) -> None:
        """Begin nothing more. What is in work is worked on, and who waits is not told."""
        with self._wakes:
            self._is_closing = True
            self._wakes.notify_all()

    def _work(self) -> None:
        while found := self._next():
            lane, one = found
            try:
                one.service()
            except BaseException:
                log.exception("a connection cannot be served")  # its thread goes on with the others
            if lane == AHEAD:
                with self._wakes:
                    self._is_ahead_in_work = False
                    self._wakes.notify()

    def _next(self) -> tuple[str, Waiting] | None:
        """Wait for a request and take it; None at the end."""
        with self._wakes:
            while not self._is_closing:
                lane = next((one for one in self._lanes if one != AHEAD or not self._is_ahead_in_work), None)
                if lane is not None:
                    return lane, self._take(lane)
                self._wakes.wait()
        return None

    def _take(self, lane: str) -> Waiting:
        waiting = self._lanes.pop(lane)
        found = waiting.popleft()
        if waiting:
            self._lanes[lane] = waiting  # behind all others
        if lane == AHEAD:
            self._is_ahead_in_work = True
        return found


def caller_at(peer: str, headers: Mapping[str, str], proxies: int) -> str:
    """Return the address that a request comes from: the peer's, or as trusted proxies say.

    >>> headers = {"X_FORWARDED_FOR": "198.51.100.1, 192.0.2.7"}
    >>> caller_at("127.0.0.1", headers, 1), caller_at("127.0.0.1", headers, 0)
    ('192.0.2.7', '127.0.0.1')
    """
    said = headers.get("X_FORWARDED_FOR", "").split(",")
    return said[-proxies].strip() if 0 < proxies <= len(said) else peer


@lru_cache(maxsize=4096)
def lane_of(address: str) -> str:
    """Return the lane of whoever calls from an address; callers through a proxy on this machine share one.

    >>> lane_of("192.0.2.77") == lane_of("192.0.2.1"), lane_of("127.0.0.1")
    (True, '')
    """
    return network(address) or ""
