"""Which posts come too late for a turn at the threads of a web process.

A post that would wait for long is refused while nothing is stored yet: its sender is told at once, and may
try again. Those that are let in are answered soon. Reading has threads that no post can take.
"""

from __future__ import annotations

import math
import re
import socket
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from prometheus_client import Counter, Histogram

from service.running import lanes
from service.running.refusals import TooBusy

if TYPE_CHECKING:
    from service.running.connections import Channel

POST = re.compile(r".*/api/v1/comments/?\Z")
MOST_S = 2.0  # that a post would wait, or another has waited already: it is refused when it comes
LATE_S = 2.5  # that one was let in and waited all the same; with its commit it is answered within 5 s
PACE_S = 1.0  # between two posts at most, as far as it is reckoned with: the database may just have hung
LEARNT = 0.1  # of the pace, from each post
POSTS = "posts "  # before the name of a network: its lane for posts
LOOK_S = 0.5  # of waiting, after which it is asked whether the sender is still there

WAITED = Histogram(
    "parley_queue_seconds",
    "Time that requests waited for a thread.",
    ["kind"],
    buckets=(0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 5),
)
COUNT = Counter(
    "parley_posts_refused",
    "Posts answered 503 before anything was stored: so many waited, it waited too long, or its sender left.",
    ["reason"],
)


class Turn:
    """One request that waits for a thread."""

    def __init__(self, channel: Channel, now: float) -> None:
        self.channel, self.came_at, self.has_place = channel, now, False
        request = channel.requests[0]
        self.is_post = not request.error and request.command == "POST" and bool(POST.match(request.path))
        is_apart = self.is_post and channel.lane not in (lanes.AHEAD, lanes.OURS)
        self.lane = POSTS + channel.lane if is_apart else channel.lane

    def refuse(self, reason: str) -> None:
        """Have it answered that there is no time."""
        COUNT.labels(reason).inc()
        request = self.channel.requests[0]
        request.error, request.refused = TooBusy(reason), TooBusy.code
        self.is_post, self.lane = False, lanes.REFUSED

    def service(self) -> None:
        """Answer the request; called by a thread of the application."""
        waited = time.monotonic() - self.came_at
        WAITED.labels("post" if self.is_post else "other").observe(waited)
        if self.is_post and waited > LOOK_S and has_left(self.channel.socket):
            self.refuse("left")
        self.channel.service()


def has_left(connection: socket.socket) -> bool:
    """Whether the other side has closed a connection."""
    try:
        return connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


class Dispatcher(lanes.Threads[Turn]):
    """Threads, a quarter of which (and one at least, of several) no post can take."""

    def __init__(self, threads: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._free = clock, max(1, threads - max(1, threads // 4))
        self._pace, self._begun_at = 0.0, math.inf  # the last post, if another waited then
        super().__init__(threads)

    def add(self, channel: Channel) -> None:
        """Let the request of a connection wait for a thread."""
        self.add_task(Turn(channel, self._clock()))

    def _put(self, turn: Turn) -> None:
        if turn.is_post and self._would_wait(turn) > MOST_S:
            turn.refuse("many")
        super()._put(turn)

    def _would_wait(self, turn: Turn) -> float:
        """Return seconds: as far as is known of those before it, and of the others' lanes by turns."""
        own = self._lanes.get(turn.lane, ())
        before = sum(
            min(len(waiting), len(own) + 1)
            for lane, waiting in self._lanes.items()
            if lane.startswith(POSTS) or lane == turn.lane
        )
        waited = turn.came_at - own[0].came_at if own else 0.0
        return max(waited, self._pace * before)

    def _is_open(self, lane: str) -> bool:
        return super()._is_open(lane) and bool(self._free or not self._lanes[lane][0].is_post)

    def _take(self, lane: str) -> Turn:
        turn = super()._take(lane)
        if turn.is_post:
            self._begin(turn)
        return turn

    def _begin(self, turn: Turn) -> None:
        """Give a post its place, or refuse it: its turn comes too late."""
        now = self._clock()
        if now - turn.came_at > LATE_S:
            turn.refuse("late")
            return
        self._free -= 1
        turn.has_place = True
        if now > self._begun_at:
            self._pace += LEARNT * (min(now - self._begun_at, PACE_S) - self._pace)
        others_wait = any(waiting[0].is_post for waiting in self._lanes.values())
        self._begun_at = now if others_wait else math.inf

    def _end(self, lane: str, turn: Turn) -> None:
        super()._end(lane, turn)
        if turn.has_place:
            self._free += 1
            self._wakes.notify()
