"""Posts wait for a bounded time and are refused unstored beyond it; reads do not wait for them.

Proves `service/running/refusals.py` too.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import pytest

from service.running import admission
from service.running.admission import COUNT, Dispatcher, Turn
from service.running.lanes import REFUSED
from tests.running import wait_until
from tests.service.running.test_connections import GET, HOST, App, Running, answer, serving

POST = b"POST /api/v1/comments" + HOST + b"Content-Length: 2\r\n\r\n{}"
THREADS = 4  # of which three take posts


class Slow(App):
    """An application whose posts end when it is told."""

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        if environ["REQUEST_METHOD"] == "POST":
            self.seen.append("post begun")
            self.go_on.wait(20)
        return super().__call__(environ, start_response)


@pytest.fixture
def running() -> Iterator[Running]:
    with serving(THREADS) as started:
        slow = started.server.application = started.app = Slow()
        yield started
        slow.go_on.set()


def begun(running: Running) -> int:
    return running.app.seen.count("post begun")


def queue(running: Running) -> list[Turn]:
    """The posts that wait."""
    lanes = list(running.server.task_dispatcher._lanes.values())
    return [turn for lane in lanes for turn in list(lane) if turn.is_post]


def refused(reason: str) -> float:
    return COUNT.labels(reason)._value.get()


@pytest.fixture
def full(running: Running) -> Iterator[list[socket.socket]]:
    """Three posts in work, and a fourth that waits."""
    clients = [running.connect(POST) for _ in range(4)]
    wait_until(lambda: begun(running) == 3 and len(queue(running)) == 1, 5, "they were not taken up")
    yield clients
    for client in clients:
        client.close()


def wait_for_age(running: Running, seconds: float) -> None:
    """Wait until the post that waits has done so for a while."""
    came_at = queue(running)[0].came_at
    wait_until(lambda: admission.time.monotonic() - came_at > seconds, 5, "time stands still")


def test_reading_does_not_wait_for_any_number_of_posts(running, full):
    more = [running.connect(POST) for _ in range(50)]

    for _ in range(20):
        assert running.ask(GET).startswith(b"HTTP/1.1 200 ")
    assert begun(running) == 3
    for client in more:
        client.close()


def test_where_posts_have_waited_for_long_another_is_refused_at_once_unstored(running, full, monkeypatch):
    monkeypatch.setattr(admission, "MOST_S", 0.2)
    monkeypatch.setattr(admission, "LATE_S", 60)
    before = refused("many")
    wait_for_age(running, 0.2)

    with running.connect(POST) as client:
        head, _, body = answer(client).partition(b"\r\n\r\n")
        client.sendall(GET)  # the connection is as good as before
        assert answer(client).startswith(b"HTTP/1.1 200 ")
    lines = head.lower().splitlines()
    assert lines[0] == b"http/1.1 503 service unavailable"
    assert b"content-type: application/problem+json" in lines
    assert b"retry-after: 5" in lines
    assert b"access-control-allow-origin: *" in lines
    problem = json.loads(body)
    assert (problem["status"], problem["type"]) == (503, "/problems/unavailable")
    assert "Nothing was stored" in problem["detail"]
    assert (begun(running), refused("many") - before) == (3, 1)

    running.app.go_on.set()  # those that were let in are answered
    assert all(answer(client).startswith(b"HTTP/1.1 200 ") for client in full)


def test_when_no_post_waits_any_more_posts_are_let_in_again(running, full, monkeypatch):
    monkeypatch.setattr(admission, "MOST_S", 0.1)
    monkeypatch.setattr(admission, "LATE_S", 60)
    wait_for_age(running, 0.1)
    assert running.ask(POST).startswith(b"HTTP/1.1 503 ")
    running.app.go_on.set()
    assert all(answer(client).startswith(b"HTTP/1.1 200 ") for client in full)

    assert running.ask(POST).startswith(b"HTTP/1.1 200 ")


def test_a_post_that_was_let_in_and_came_too_late_to_its_turn_is_refused_unstored(running, full, monkeypatch):
    monkeypatch.setattr(admission, "LATE_S", 0.2)
    wait_for_age(running, 0.2)
    running.app.go_on.set()

    answers = sorted(answer(client).splitlines()[0] for client in full)
    assert answers == [b"HTTP/1.1 200 OK"] * 3 + [b"HTTP/1.1 503 Service Unavailable"]
    assert begun(running) == 3


def test_a_post_whose_sender_left_while_it_waited_is_not_carried_out(running, full, monkeypatch):
    monkeypatch.setattr(admission, "LOOK_S", 0.1)
    before = refused("left")
    waiting = queue(running)[0].channel.addr[1]
    for client in full:  # whichever of the four it is that waits
        if client.getsockname()[1] == waiting:
            client.close()
    wait_for_age(running, 0.1)
    running.app.go_on.set()

    wait_until(lambda: refused("left") - before == 1, 5, "it was not noticed")
    assert begun(running) == 3


def test_an_old_client_that_waits_for_the_end_of_the_connection_gets_it(running, full, monkeypatch):
    monkeypatch.setattr(admission, "MOST_S", 0.1)
    wait_for_age(running, 0.1)

    with running.connect(POST.replace(b"HTTP/1.1", b"HTTP/1.0")) as client:
        whole = b"".join(iter(lambda: client.recv(1 << 16), b""))
    assert b" 503 " in whole.splitlines()[0]


def test_other_posts_are_no_comments_and_have_the_threads_of_readers(running, full):
    act = running.connect(POST.replace(b"/comments", b"/moderation/actions"))
    wait_until(lambda: begun(running) == 4, 5, "it waits behind comments")
    act.close()


@dataclass
class Waiter:
    """A post that waits, without a connection."""

    came_at: float
    lane: str = "posts a"
    is_post: bool = True
    has_place: bool = False
    why: str = ""

    def refuse(self, reason: str) -> None:
        self.is_post, self.lane, self.why = False, REFUSED, reason


class Queue:
    """Posts that wait where each takes a while, by a clock that is moved by hand."""

    def __init__(self, *, each: float) -> None:
        self.now, self.each = 0.0, each
        self.threads = Dispatcher(0, lambda: self.now)  # somebody else does their work

    def come(self, count: int, network: str = "a") -> list[str]:
        made = [Waiter(self.now, f"posts {network}") for _ in range(count)]
        for one in made:
            self.threads.add_task(cast("Turn", one))
        return [one.why for one in made]

    def work(self, count: int) -> list[str]:
        """Serve some posts; return why those were refused that came up meanwhile."""
        why = []
        while count and self.threads._lanes:
            lane, one = cast("tuple[str, Waiter]", self.threads._next())
            if one.why:
                why.append(one.why)
            else:
                count -= 1
                self.now += self.each
                with self.threads._wakes:
                    self.threads._end(lane, cast("Turn", one))
        return why


def test_a_burst_is_let_in_as_far_as_the_pace_allows():
    queue = Queue(each=0.01)
    assert set(queue.come(100)) == {""}  # nothing is known of the pace
    assert queue.work(100) == []

    allowed = queue.come(1000).count("")
    assert 190 <= allowed <= 230  # two seconds' worth
    assert queue.work(allowed) == ["many"] * (1000 - allowed)


def test_a_pause_between_posts_says_nothing_of_the_pace():
    queue = Queue(each=0.01)
    for _ in range(50):
        assert queue.come(1) == [""]
        queue.work(1)
        queue.now += 60

    assert queue.come(20) == [""] * 20


def test_one_long_wait_does_not_shut_posts_out_for_long():
    queue = Queue(each=0.01)
    queue.come(50)
    queue.each = 30.0
    queue.work(1)
    queue.each = 0.01
    assert queue.work(1) == ["late"] * 49
    for _ in range(60):
        queue.come(3)
        queue.work(3)

    assert queue.come(20).count("") == 20


def test_with_one_thread_all_have_it_in_turn():
    with serving(1) as running:
        for raw in (POST, GET, POST, GET):
            assert running.ask(raw).startswith(b"HTTP/1.1 200 ")


def test_where_one_network_has_its_posts_refused_another_is_let_in():
    queue = Queue(each=0.01)
    queue.come(100)
    queue.work(100)
    assert "many" in queue.come(1000, "a")

    assert queue.come(3, "b") == [""] * 3
