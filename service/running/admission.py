"""Whose turn it is at the threads of a web process, and which posts come too late for one.

A post that would wait for long is refused while nothing is stored yet: its sender is told at once, and may
try again. Those that are let in are answered soon. Reading has threads that no post can take.
"""

from __future__ import annotations

import math
import re
import socket
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from prometheus_client import Counter, Histogram
from waitress.task import ThreadedTaskDispatcher

from service.running.refusals import TooBusy

if TYPE_CHECKING:
    from service.running.connections import Channel

POST = re.compile(r".*/api/v1/comments/?\Z")
MOST_S = 2.0  # that a post would wait, or another has waited already: it is refused when it comes
LATE_S = 2.5  # that one was let in and waited all the same; with its commit it is answered within 5 s
PACE_S = 1.0  # between two posts at most, as far as it is reckoned with: the database may just have hung
LEARNT = 0.1  # of the pace, from each post
LOOK_S = 0.5  # of waiting, after which it is asked whether the sender is still there

WAITED = Histogram(
    "parley_queue_seconds",
    "Time that requests waited for a thread.",
    ["kind"],
    buckets=(0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 5),
)
REFUSED = Counter(
    "parley_posts_refused",
    "Posts answered 503 before anything was stored: so many waited, it waited too long, or its sender left.",
    ["reason"],
)


class Turn:
    """One request that waits for a thread."""

    def __init__(self, channel: Channel, waiting: Waiting, now: float) -> None:
        self.channel, self.came_at, self._waiting = channel, now, waiting
        request = channel.requests[0]
        self.is_refused = request.error is not None
        self.is_post = not self.is_refused and request.command == "POST" and bool(POST.match(request.path))

    def refuse(self, reason: str) -> None:
        """Have it answered that there is no time."""
        REFUSED.labels(reason).inc()
        request = self.channel.requests[0]
        request.error, request.refused = TooBusy(reason), TooBusy.code
        self.is_post, self.is_refused = False, True

    def service(self) -> None:
        """Answer the request; called by a thread of the application."""
        is_post, waited = self.is_post, time.monotonic() - self.came_at
        WAITED.labels("post" if is_post else "other").observe(waited)
        try:
            if is_post and waited > LOOK_S and has_left(self.channel.socket):
                self.refuse("left")
            self.channel.service()
        finally:
            if is_post:
                self._waiting.done()

    def cancel(self) -> None:
        """Forget the request: the server stops."""
        self.channel.cancel()


def has_left(connection: socket.socket) -> bool:
    """Whether the other side has closed a connection."""
    try:
        return connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


class Waiting:
    """The requests that wait, in the manner of the deque that waitress has in this place.

    It is used under the lock of its dispatcher, and true only if somebody may have a turn now: no more than
    ``posts`` of these are in work at once.
    """

    def __init__(
        self, dispatcher: Dispatcher, posts: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._dispatcher, self._free, self._clock = dispatcher, posts, clock
        self._pace, self._begun_at = 0.0, math.inf  # the last post, if another waited then
        self._refused: deque[Turn] = deque()
        self._posts: deque[Turn] = deque()
        self._others: deque[Turn] = deque()

    def append(self, turn: Turn) -> None:
        """Let a request wait; a post beyond those that can be served soon is to be refused."""
        if turn.is_post and self._posts:
            oldest_s = turn.came_at - self._posts[0].came_at
            if max(oldest_s, self._pace * len(self._posts)) > MOST_S:
                turn.refuse("many")
        if turn.is_refused:
            self._refused.append(turn)
        else:
            (self._posts if turn.is_post else self._others).append(turn)

    def popleft(self) -> Turn:
        """Return whose turn it is: who is refused, for that is quick; then who has waited longest and may."""
        if self._refused:
            return self._refused.popleft()
        is_post = bool(self._free and self._posts) and not (
            self._others and self._others[0].came_at < self._posts[0].came_at
        )
        if not is_post:
            return self._others.popleft()
        turn, now = self._posts.popleft(), self._clock()
        if now - turn.came_at > LATE_S:
            turn.refuse("late")
            return turn
        self._free -= 1
        if now > self._begun_at:
            self._pace += LEARNT * (min(now - self._begun_at, PACE_S) - self._pace)
        self._begun_at = now if self._posts else math.inf
        return turn

    def done(self) -> None:
        """Take note that a post is not in work any more; called without the lock."""
        with self._dispatcher.lock:
            self._free += 1
            if self._posts:
                self._dispatcher.queue_cv.notify()

    def __bool__(self) -> bool:
        return bool(self._refused or self._others or (self._free and self._posts))

    def __len__(self) -> int:
        return len(self._refused) + len(self._posts) + len(self._others)


class Dispatcher(ThreadedTaskDispatcher):  # type: ignore[misc]
    """Waitress' threads, a quarter of which (and one at least, of several) no post can take."""

    def __init__(self, threads: int) -> None:
        super().__init__()
        posts = max(1, threads - max(1, threads // 4))
        self._waiting = Waiting(self, posts)
        self.queue = cast("deque[Turn]", self._waiting)
        self.set_thread_count(threads)

    def add_task(self, task: Channel) -> None:
        """Let the request of a connection wait for a thread."""
        super().add_task(Turn(task, self._waiting, time.monotonic()))
