"""The threads that requests are worked on by, and whose request is next.

Each network of callers has a lane, and so has whoever sends requests before the answers came to those
before. A thread that becomes free takes from one lane after the other, so nobody waits for all that
somebody else sent. Of those who send ahead, one is in work at a time: no browser does so.

Whoever asks whether the process lives is answered by a thread that does nothing else: all others may sit in
a database or a model, and who asks from outside would then restart a process that will go on by itself.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Mapping
from functools import lru_cache
from typing import Generic, Protocol, TypeVar

from service.domain.pressure import network
from service.settings import OWN_PATHS

log = logging.getLogger("waitress")
OURS, AHEAD, LIFE = "ours", "ahead", "life"
REFUSED = "refused"  # before all others: that is quick
ALIVE = "healthz"  # what is answered there touches nothing


class Waiting(Protocol):
    """A connection whose request is there as a whole."""

    @property
    def lane(self) -> str: ...

    def service(self) -> None: ...


One = TypeVar("One", bound=Waiting)


class Threads(Generic[One]):
    """Works on requests, in a number of threads that are there from the beginning, and one for `LIFE`."""

    def __init__(self, count: int) -> None:
        self._lanes: dict[str, deque[One]] = {}  # those in which somebody waits, the next first
        lock = threading.Lock()
        self._wakes, self._quick = threading.Condition(lock), threading.Condition(lock)
        self._is_ahead_in_work = self._is_closing = False
        self.threads = [threading.Thread(target=self._work, daemon=True) for _ in range(count)]
        self.threads.append(threading.Thread(target=self._tell_life, daemon=True))
        for one in self.threads:
            one.start()

    def add_task(self, one: One) -> None:
        """Have a request worked on when it is its turn."""
        with self._wakes:
            self._put(one)
            (self._quick if one.lane == LIFE else self._wakes).notify()

    def shutdown(self) -> None:
        """Begin nothing more. What is in work is worked on, and who waits is not told."""
        with self._wakes:
            self._is_closing = True
            self._wakes.notify_all()
            self._quick.notify_all()

    def _work(self) -> None:
        while found := self._next():
            lane, one = found
            _serve(one)
            with self._wakes:
                self._end(lane, one)

    def _tell_life(self) -> None:
        while True:
            with self._quick:
                self._quick.wait_for(lambda: self._is_closing or LIFE in self._lanes)
                if self._is_closing:
                    return
                one = self._take(LIFE)
            _serve(one)

    def _next(self) -> tuple[str, One] | None:
        """Wait for a request and take it; None at the end."""
        with self._wakes:
            while not self._is_closing:
                lane = REFUSED if REFUSED in self._lanes else next(filter(self._is_open, self._lanes), None)
                if lane is not None:
                    return lane, self._take(lane)
                self._wakes.wait()
        return None

    # These are called under the lock.

    def _put(self, one: One) -> None:
        self._lanes.setdefault(one.lane, deque()).append(one)

    def _is_open(self, lane: str) -> bool:
        """Whether the first of a lane may be taken by a thread for all."""
        return lane != LIFE and not (lane == AHEAD and self._is_ahead_in_work)

    def _take(self, lane: str) -> One:
        waiting = self._lanes.pop(lane)
        found = waiting.popleft()
        if waiting:
            self._lanes[lane] = waiting  # behind all others
        if lane == AHEAD:
            self._is_ahead_in_work = True
        return found

    def _end(self, lane: str, _one: One) -> None:
        if lane == AHEAD:
            self._is_ahead_in_work = False
            self._wakes.notify()


def _serve(one: Waiting) -> None:
    try:
        one.service()
    except BaseException:
        log.exception("a connection cannot be served")  # its thread goes on with the others


def asks_for_life(path: str) -> bool:
    """Whether a path is that of `ALIVE`, perhaps behind that of a public address; never another door's.

    >>> [asks_for_life(path) for path in ("/healthz", "/talk/healthz", "/review/static/healthz")]
    [True, True, False]
    """
    first, last = path.split("/")[1:2], path.rsplit("/", 1)[-1]
    return last == ALIVE and (first == [ALIVE] or not OWN_PATHS.intersection(first))


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
