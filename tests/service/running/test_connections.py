"""The loop of the web server, on real sockets: who is slow, silent or gone costs nobody a thread.

Proves `service/running/reading.py` and `service/web/bodies.py` too; what a request may look like,
`tests/service/api/test_fuzz_http.py`.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from service.running import connections
from service.running.connections import Server
from service.running.web_server import listen
from tests.running import wait_until

HOST = b" HTTP/1.1\r\nHost: x\r\n"
GET = b"GET /small" + HOST + b"\r\n"
LARGE = b"GET /large" + HOST + b"\r\n"
PAGE = b"GET /page" + HOST + b"\r\n"
WAIT = b"GET /wait" + HOST + b"\r\n"
BYTES, PAGE_BYTES = 900_000, 40_000


@dataclass
class App:
    """An application with a small answer, a large one, one that waits, and one that says what it was sent."""

    seen: list[str] = field(default_factory=list)
    go_on: threading.Event = field(default_factory=threading.Event)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        path = environ["PATH_INFO"]
        self.seen.append(path)
        if path == "/none":
            start_response("304 Not Modified", [("ETag", '"a"')])
            return []
        if path == "/wait":
            self.go_on.wait(10)
        body = b"x" * {"/large": BYTES, "/page": PAGE_BYTES}.get(path, 2)
        if path == "/body":
            body = b"%s %d" % (environ["CONTENT_LENGTH"].encode(), len(environ["wsgi.input"].read()))
        start_response("200 OK", [("Content-Length", str(len(body)))])
        return [body]


@dataclass
class Running:
    """A server in a thread of this process."""

    port: int
    server: Server
    app: App
    thread: threading.Thread

    def connect(self, raw: bytes = b"", *, window: int | None = None) -> socket.socket:
        """Connect and send; with a small ``window`` an answer that is not read fills it soon."""
        client = socket.socket()
        if window:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        client.settimeout(5)
        client.connect(("127.0.0.1", self.port))
        client.sendall(raw)
        return client

    def ask(self, raw: bytes = GET) -> bytes:
        """Send and return all that is answered until the end of the first body, or of the connection."""
        with self.connect(raw) as client:
            return answer(client)


def answer(client: socket.socket) -> bytes:
    """Read one answer."""
    found = b""
    while b"\r\n\r\n" not in found and (more := client.recv(1 << 16)):
        found += more
    head, _, body = found.partition(b"\r\n\r\n")
    lines = head.lower().splitlines()
    size = next((int(line[15:]) for line in lines if line.startswith(b"content-length:")), 0)
    while len(body) < size and (more := client.recv(1 << 16)):
        body += more
    return head + b"\r\n\r\n" + body


@pytest.fixture
def running() -> Iterator[Running]:
    with serving() as started:
        yield started


@contextlib.contextmanager
def serving(threads: int = 2, proxies: int = 0) -> Iterator[Running]:
    app, listener = App(), listen("127.0.0.1", 0)
    server = Server(app, listener, threads, proxies)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield Running(listener.getsockname()[1], server, app, thread)
    finally:
        app.go_on.set()
        server.stop()
        thread.join(10)
        assert not thread.is_alive()


def test_a_connection_serves_many_requests_also_when_they_come_at_once(running):
    with running.connect(GET * 3 + b"GET /last" + HOST + b"Connection: close\r\n\r\n") as client:
        whole = b""
        while more := client.recv(1 << 16):
            whole += more

    assert whole.count(b"HTTP/1.1 200 OK") == 4
    assert running.app.seen == ["/small", "/small", "/small", "/last"]


def test_an_answer_without_a_body_leaves_the_connection_open(running):
    with running.connect(b"GET /none" + HOST + b"\r\n") as client:
        first = answer(client)
        client.sendall(GET)
        second = answer(client)

    assert first.startswith(b"HTTP/1.1 304 ")
    assert b"connection: close" not in first.lower()
    assert second.startswith(b"HTTP/1.1 200 ")


def test_clients_that_never_read_have_one_answer_made_and_hold_no_thread(running):
    rude = [running.connect(LARGE * 50, window=4096) for _ in range(8)]
    wait_until(lambda: running.app.seen.count("/large") == 8, 5, "they were not served")

    for _ in range(20):
        assert running.ask().startswith(b"HTTP/1.1 200 ")
    assert running.app.seen.count("/large") == 8
    for client in rude:
        client.close()


def test_an_answer_is_taken_by_the_client_and_not_by_the_system_for_it(running):
    rude = [running.connect(PAGE * 50, window=4096) for _ in range(8)]
    wait_until(lambda: running.app.seen.count("/page") >= 8, 5, "they were not served")

    for _ in range(20):
        assert running.ask().startswith(b"HTTP/1.1 200 ")
    assert running.app.seen.count("/page") <= 2 * 8
    for client in rude:
        client.close()


def test_of_those_who_send_ahead_of_their_answers_one_is_in_work_at_a_time(running):
    hasty = [running.connect(WAIT * 3) for _ in range(8)]
    wait_until(lambda: running.app.seen, 5, "they were not served")

    for _ in range(20):
        assert running.ask().startswith(b"HTTP/1.1 200 ")
    assert running.app.seen.count("/wait") == 1

    running.app.go_on.set()
    for client in hasty:
        with client:
            found = b""
            while found.count(b"HTTP/1.1 200 ") < 3 and (more := client.recv(1 << 16)):
                found += more
            assert found.count(b"HTTP/1.1 200 ") == 3


@pytest.mark.parametrize(("proxies", "lane"), [(0, ""), (1, "192.0.2.0/24")])
def test_a_request_waits_in_the_lane_of_its_caller_as_trusted_proxies_say(proxies, lane):
    with serving(proxies=proxies) as running:
        said = b"X-Forwarded-For: 198.51.100.1, 192.0.2.7\r\n\r\n"
        with running.connect(b"GET /wait" + HOST + said):
            wait_until(lambda: running.app.seen, 5, "it was not served")
            (channel,) = running.server.active_channels.values()
            assert channel.lane == lane


def test_who_reads_slowly_gets_all_of_all_answers(running):
    last = b"GET /large" + HOST + b"Connection: close\r\n\r\n"
    with running.connect(LARGE * 2 + last, window=4096) as client:
        whole = b"".join(iter(lambda: client.recv(1 << 16), b""))

    assert whole.count(b"x" * BYTES) == whole.count(b"HTTP/1.1 200 OK") == 3


@pytest.mark.parametrize(
    "sent",
    [b"", b"GET /sm", b"POST /body" + HOST + b"Content-Length: 9\r\n\r\nhal", LARGE * 3, GET],
    ids=["silent", "half a head", "half a body", "never reads", "keeps the connection"],
)
def test_who_does_nothing_for_long_is_dropped(monkeypatch, sent):
    monkeypatch.setattr(connections, "SILENT_S", 0.3)
    monkeypatch.setattr(connections, "LOOK_S", 0.1)
    with serving() as running, running.connect(sent, window=4096):
        wait_until(lambda: running.server.active_channels, 5, "it was not accepted")
        wait_until(lambda: not running.server.active_channels, 5, "it was not dropped")


def test_a_request_that_comes_by_single_bytes_has_its_time_and_no_more(monkeypatch):
    monkeypatch.setattr(connections, "REQUEST_S", 0.4)
    monkeypatch.setattr(connections, "LOOK_S", 0.1)
    with serving() as running, running.connect() as client:
        for byte in b"GET /" + b"a" * 40:
            with contextlib.suppress(ConnectionError):
                client.sendall(bytes([byte]))
            time.sleep(0.02)
        wait_until(lambda: not running.server.active_channels, 5, "it was not dropped")
    assert running.app.seen == []


def test_an_answer_that_is_taken_by_small_pieces_has_its_time_and_no_more(monkeypatch):
    monkeypatch.setattr(connections, "ANSWER_S", 0.4)
    monkeypatch.setattr(connections, "LOOK_S", 0.1)
    with serving() as running, running.connect(LARGE, window=4096) as client:
        for _ in range(40):
            with contextlib.suppress(ConnectionError):
                client.recv(2000)
            time.sleep(0.02)
        wait_until(lambda: not running.server.active_channels, 5, "it was not dropped")


def test_nobody_is_dropped_while_the_application_works_for_them(monkeypatch):
    monkeypatch.setattr(connections, "SILENT_S", 0.2)
    monkeypatch.setattr(connections, "LOOK_S", 0.05)
    with serving() as running, running.connect(b"GET /wait" + HOST + b"\r\n") as client:
        time.sleep(0.6)
        running.app.go_on.set()
        assert answer(client).startswith(b"HTTP/1.1 200 ")


def test_where_there_are_too_many_those_go_that_did_nothing_for_longest(monkeypatch):
    monkeypatch.setattr(connections, "MAX_CONNECTIONS", 50)
    with serving() as running:
        silent = [running.connect() for _ in range(200)]
        for _ in range(20):
            assert running.ask().startswith(b"HTTP/1.1 200 ")
        assert len(running.server.active_channels) <= 50
        for client in silent:
            client.close()


def test_what_is_kept_for_slow_clients_is_bounded_in_bytes(monkeypatch):
    monkeypatch.setattr(connections, "MAX_HELD", 3 * BYTES)
    monkeypatch.setattr(connections, "LOOK_S", 0.1)
    with serving() as running:
        rude = [running.connect(LARGE, window=4096) for _ in range(10)]

        def held() -> int:
            return sum(channel.held for channel in list(running.server.active_channels.values()))

        wait_until(lambda: running.app.seen.count("/large") == 10, 5, "they were not served")
        wait_until(lambda: held() <= 3 * BYTES, 5, "it keeps too much")
        assert running.ask().startswith(b"HTTP/1.1 200 ")
        for client in rude:
            client.close()


def test_a_request_that_breaks_off_is_refused_while_its_sender_listens(running):
    with running.connect(b"POST /body" + HOST + b"Content-Length: 9\r\n\r\nhal") as client:
        client.shutdown(socket.SHUT_WR)
        assert answer(client).startswith(b"HTTP/1.1 400 ")
    assert running.app.seen == []


def test_clients_that_go_away_in_between_harm_nobody(running):
    for raw in (b"", b"GET", GET, LARGE, b"POST /body" + HOST + b"Content-Length: 9\r\n\r\nhal") * 10:
        client = running.connect(raw)
        client.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0"
        )  # reset, do not say good-bye
        client.close()

    assert running.ask().startswith(b"HTTP/1.1 200 ")
    wait_until(lambda: not running.server.active_channels, 5, "a connection was left")


def test_an_answer_under_way_is_finished_when_the_server_stops(running):
    with running.connect(b"GET /wait" + HOST + b"\r\n") as client, running.connect() as idle:
        wait_until(lambda: running.app.seen, 5, "the request did not arrive")
        running.server.stop()
        assert idle.recv(10) == b""
        running.app.go_on.set()
        found = answer(client)

        assert found.startswith(b"HTTP/1.1 200 ")
        assert b"\r\nConnection: close\r\n" in found
        assert client.recv(10) == b""
    running.thread.join(5)
    assert not running.thread.is_alive()


def post(path: bytes, size: int, *headers: bytes) -> bytes:
    length = b"Content-Length: %d" % size
    return b"POST " + path + HOST + b"\r\n".join([length, *headers]) + b"\r\n\r\n"


def test_a_body_that_is_too_large_goes_to_the_application_without_it(running):
    found = running.ask(post(b"/body", 200_000))

    assert found.endswith(b"\r\n\r\n200000 0")
    assert b"\r\nConnection: close\r\n" in found


def test_a_client_that_waits_to_be_told_to_go_on_is_told_so_unless_it_is_refused(running):
    with running.connect(post(b"/body", 3, b"Expect: 100-continue")) as client:
        assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"abc")
        assert answer(client).endswith(b"\r\n\r\n3 3")
    assert running.ask(post(b"/body", 200_000, b"Expect: 100-continue")).startswith(b"HTTP/1.1 200 ")


def test_a_large_body_for_the_scoring_doors_is_read_to_its_end_and_not_kept(running):
    size = 6 * 1024 * 1024
    with running.connect(post(b"/v1alpha1/comments:analyze", size)) as client:
        client.sendall(b"x" * size)
        assert answer(client).startswith(b"HTTP/1.1 200 ")


def test_chunks_that_are_mostly_framing_are_refused(running):
    chunked = b"POST /v1alpha1/comments:analyze" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"

    assert running.ask(chunked + b"1\r\na\r\n" * 40_000).startswith(b"HTTP/1.1 400 ")
