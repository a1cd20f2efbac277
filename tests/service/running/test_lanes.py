"""Whoever asks whether a web process lives is answered, whatever its threads are at."""

from __future__ import annotations

import socket

from tests.running import wait_until
from tests.service.running.test_connections import HOST, Running, answer, serving

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
