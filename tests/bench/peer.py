"""The same requests to Isso, a small comment server, in the same run: see README.md for how to install it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator

from tests.bench.load import closed_loop, get, post
from tests.bench.measures import SECONDS, Row, medians
from tests.bench.stack import Stack, stack
from tests.bench.texts import body, comment
from tests.running import free_port, wait_until

PYTHON = os.environ.get("PARLEY_BENCH_ISSO", sys.executable)  # the Python that has Isso and gunicorn
PAGE = "/api/v1/comments?site=bench&thread=thread-0&limit=50"


def isso() -> Iterator[Row]:
    """POST and GET 50 against Isso's, on SQLite, one server process each."""
    if subprocess.run([PYTHON, "-c", "import isso, gunicorn"], capture_output=True).returncode:
        print("peer: left out, because the package `isso` is not installed here", file=sys.stderr)
        return
    try:
        with stack("sqlite") as here, here.web() as ours:
            config = here.folder / "isso.cfg"
            port = free_port()
            config.write_text(
                f"[general]\ndbpath = {here.folder / 'isso.db'}\nhost = http://bench/\n"
                "[guard]\nenabled = false\n"
            )
            with _isso_process(here, port):
                yield from _compare(ours, port)
    except (OSError, EOFError, AssertionError) as error:  # a peer that fails is no end of the run
        yield Row("Isso: not measured", 0, "requests/s", goal=f"{type(error).__name__}: {error}")


def _isso_process(here: Stack, port: int):  # type: ignore[no-untyped-def]
    command = [PYTHON, "-m", "gunicorn", "-w", "1", "--log-level", "error", "-b", f"127.0.0.1:{port}"]
    return here.process([*command, "-e", f"ISSO_SETTINGS={here.folder / 'isso.cfg'}", "isso.run"])


def _compare(ours: int, theirs: int) -> Iterator[Row]:
    wait_until(lambda: _listens(theirs), 20, "Isso did not start")
    for number in range(50):
        closed_loop(theirs, lambda _, n=number: _isso_post(n, 0), seconds=0.01, connections=1)
    closed_loop(ours, lambda n: post("/api/v1/comments", body(n * 20)), seconds=1)
    starts = iter(range(10**6, 10**9, 10**6))

    def once() -> list[float]:
        start = next(starts)
        our_post = closed_loop(ours, lambda n: post("/api/v1/comments", body(start + n)), seconds=SECONDS)
        their_post = closed_loop(theirs, lambda n: _isso_post(start + n, 1 + n % 19), seconds=SECONDS)
        assert (set(our_post.statuses), set(their_post.statuses)) == ({202}, {201}), "a post was refused"
        our_get = closed_loop(ours, lambda _: get(PAGE), seconds=SECONDS)
        their_get = closed_loop(theirs, lambda _: get("/?uri=%2Fthread-0%2F&limit=50"), seconds=SECONDS)
        assert set(our_get.statuses) == set(their_get.statuses) == {200}, "a page was not shown"
        return [
            our_post.rate / their_post.rate,
            our_get.rate / their_get.rate,
            their_post.rate,
            their_get.rate,
            their_get.closed,
        ]

    posts, gets, their_posts, their_gets, closed = medians(once)
    kept = "; Isso closes each connection, ours are kept alive" if closed else ""
    yield Row("Isso: POST", their_posts, "requests/s", posts, f"ours to theirs: ≥ 2.5{kept}")
    yield Row("Isso: GET 50", their_gets, "requests/s", gets, f"ours (cached) to theirs: ≥ 40{kept}")


def _isso_post(number: int, thread: int) -> bytes:
    text = {
        "author": "Ann",
        "email": None,
        "website": None,
        "parent": None,
        "title": "t",
        "text": comment(number),
    }
    raw = json.dumps(text).encode()
    head = (
        f"POST /new?uri=%2Fthread-{thread}%2F HTTP/1.1\r\nHost: bench\r\nOrigin: http://bench\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(raw)}\r\n\r\n"
    )
    return head.encode() + raw


def _listens(port: int) -> bool:
    import socket

    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
