"""Whose request is worked on next, and that whoever asks for life is answered whatever the threads are at."""

from __future__ import annotations

import socket
import threading
from dataclasses import dataclass, field

from service.running.lanes import AHEAD, Threads
from tests.running import wait_until
from tests.service.running.test_connections import HOST, Running, answer, serving


@dataclass
class Work:
    """Requests that are worked on until they are let go, and which were begun."""

    begun: list[str] = field(default_factory=list)
    go_on: threading.Event = field(default_factory=threading.Event)


@dataclass
class Asked:
    """A request that waits."""

    work: Work
    name: str
    lane: str = ""
    waits: bool = False

    def service(self) -> None:
        self.work.begun.append(self.name)
        if self.name == "fails":
            raise SystemExit
        if self.waits:
            self.work.go_on.wait(10)


def test_networks_take_turns_however_much_one_of_them_asks() -> None:
    work, threads = Work(), Threads(1)
    threads.add_task(Asked(work, "first", "a", waits=True))
    wait_until(lambda: work.begun, 5, "nothing was begun")
    for number in range(50):
        threads.add_task(Asked(work, f"a{number}", "a"))
    for lane in ("b", "c"):
        threads.add_task(Asked(work, lane, lane))
    work.go_on.set()
    wait_until(lambda: len(work.begun) == 53, 5, "something was left")
    threads.shutdown()

    assert work.begun[1:5] == ["a0", "b", "c", "a1"]
    assert work.begun[5:] == [f"a{number}" for number in range(2, 50)]


def test_those_who_send_ahead_have_one_thread_and_are_all_served() -> None:
    work, threads = Work(), Threads(4)
    for number in range(20):
        threads.add_task(Asked(work, f"ahead{number}", AHEAD, waits=True))
    for number in range(20):
        threads.add_task(Asked(work, f"honest{number}"))
    wait_until(lambda: len(work.begun) == 21, 5, "somebody was not served")

    assert [name for name in work.begun if name.startswith("ahead")] == ["ahead0"]
    work.go_on.set()
    wait_until(lambda: len(work.begun) == 40, 5, "somebody was not served")
    threads.shutdown()


def test_what_fails_takes_no_thread_along() -> None:
    work, threads = Work(), Threads(1)
    for name in ("fails", "fails", "goes"):
        threads.add_task(Asked(work, name, AHEAD))
    wait_until(lambda: "goes" in work.begun, 5, "the thread is gone")
    threads.shutdown()


def test_after_the_end_nothing_is_begun() -> None:
    work, threads = Work(), Threads(1)
    threads.add_task(Asked(work, "first", waits=True))
    wait_until(lambda: work.begun, 5, "nothing was begun")
    threads.add_task(Asked(work, "second"))
    threads.shutdown()
    threads.add_task(Asked(work, "third"))
    work.go_on.set()
    wait_until(lambda: not any(one.is_alive() for one in threads.threads), 5, "it does not end")

    assert work.begun == ["first"]


ALIVE = b"GET /healthz" + HOST + b"\r\n"
THREADS = 3


def all_stuck(running: Running) -> list[socket.socket]:
    """Let each thread wait for something, and as many requests again wait for the threads."""
    waiting = [running.connect(b"GET /wait" + HOST + b"\r\n") for _ in range(2 * THREADS)]
    wait_until(lambda: running.app.seen.count("/wait") == THREADS, 10, "not all threads are stuck")
    return waiting


def test_life_is_told_while_all_threads_are_stuck() -> None:
    with serving(THREADS) as running:
        waiting = all_stuck(running)
        told = [running.ask(ALIVE) for _ in range(3)]
        behind_a_path = running.ask(b"GET /talk/healthz" + HOST + b"\r\n")
        running.app.go_on.set()
        answered = [answer(client) for client in waiting]

    assert all(one.startswith(b"HTTP/1.1 200 ") for one in [*told, behind_a_path, *answered])
    for client in waiting:
        client.close()


def test_on_one_connection_life_is_told_after_what_was_asked_before() -> None:
    with serving(THREADS) as running, running.connect(b"GET /small" + HOST + b"\r\n" + ALIVE) as client:
        found = b""
        while found.count(b"HTTP/1.1 200") < 2:
            found += client.recv(1 << 16)

    assert running.app.seen == ["/small", "/healthz"]


def test_nobody_elses_work_takes_the_quick_lane() -> None:
    """A static file of the review pages is behind a look at the session, which is in the database."""
    with serving(THREADS) as running:
        waiting = all_stuck(running)
        other = running.connect(b"GET /review/static/healthz" + HOST + b"\r\n")
        alive = running.ask(ALIVE)
        running.app.go_on.set()
        late = answer(other)
        for client in [*waiting, other]:
            client.close()

    assert alive.startswith(b"HTTP/1.1 200 ")
    assert late.startswith(b"HTTP/1.1 200 ")
    assert running.app.seen.index("/healthz") < running.app.seen.index("/review/static/healthz")


def test_the_line_of_our_own_supervisor_goes_the_way_of_every_request() -> None:
    """It asks there to find threads that are stuck for good."""
    here, there = socket.socketpair()
    here.settimeout(10)
    with serving(THREADS) as running:
        running.server.adopt(there)
        waiting = all_stuck(running)
        here.sendall(ALIVE)
        running.ask(ALIVE)  # later, and answered before
        is_first = running.app.seen.count("/healthz") == 1
        running.app.go_on.set()
        late = answer(here)
        for client in [*waiting, here]:
            client.close()

    assert is_first
    assert late.startswith(b"HTTP/1.1 200 ")
