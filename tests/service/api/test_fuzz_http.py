"""Odd bytes at the socket of the real web server: refused as 4xx problems, and the server lives on."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from sqlalchemy import func, select

from service.context import utcnow
from service.sites import sites
from service.storage import migrate
from service.storage.database import Database
from service.storage.tables import Comment
from tests.running import ROOT, free_port, parley_command, stop, wait_until

HEAD = b"POST /api/v1/comments HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
GET = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
LAST = b"Connection: close\r\n\r\n"
PLANTED = b"planted-zebra"


@dataclass(frozen=True)
class Server:
    """A running web server, its database and what it wrote."""

    port: int
    database: Database
    log: Path

    def send(self, data: bytes, *, end: bool = False) -> tuple[int, bytes, bytes]:
        """Send bytes as they are; return status, headers and body of the first answer."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            try:
                connection.sendall(data)
                if end:
                    connection.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # it has answered and closed before all was sent
            return first_answer(connection)

    def comments(self) -> int:
        """How many comments are stored."""
        with self.database.read() as connection:
            return connection.scalar(select(func.count()).select_from(Comment)) or 0


def first_answer(connection: socket.socket) -> tuple[int, bytes, bytes]:
    with connection.makefile("rb") as stream:
        status, headers = 100, b""
        while status == 100:
            status = int(stream.readline().split()[1])
            headers = b""
            while (line := stream.readline()) not in (b"\r\n", b""):
                headers += line
        lines = headers.lower().splitlines()
        size = next(int(one.split(b":")[1]) for one in lines if one.startswith(b"content-length"))
        return status, headers, stream.read(size)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """`parley web` on a migrated SQLite database with the site ``demo``; no Redis."""
    with tempfile.TemporaryDirectory(prefix="parley-http-") as name:
        folder, port = Path(name), free_port()
        database = Database(f"sqlite:///{folder / 'parley.db'}")
        migrate.upgrade(database)
        sites.add_site(database, "demo", "Demo", now=utcnow())
        clean = {key: value for key, value in os.environ.items() if not key.startswith("PARLEY_")}
        ours = {
            "PARLEY_PORT": str(port),
            "PARLEY_DATA_DIR": name,
            "PARLEY_REDIS_URL": f"filesystem://{name}/broker",
        }
        with (folder / "web.log").open("wb") as out:
            process = subprocess.Popen(
                parley_command("web"), cwd=ROOT, env=clean | ours, stdout=out, stderr=out
            )
        try:
            wait_until(lambda: _answers(port), 30, "the web server did not start")
            yield Server(port, database, folder / "web.log")
        finally:
            stop(process)
            database.close()


def _answers(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/healthz", timeout=2).ok
    except (requests.ConnectionError, requests.Timeout):
        return False  # not yet: it does not listen, or has not got round to an answer


def assert_refused(answer: tuple[int, bytes, bytes], *statuses: int) -> None:
    status, headers, body = answer
    assert status in statuses, (status, body)
    assert b"application/problem+json" in headers
    assert json.loads(body)["status"] == status
    assert {"type", "title", "status", "detail"} <= set(json.loads(body))
    assert PLANTED not in headers + body


def test_a_large_body_is_refused_before_it_is_sent(server: Server) -> None:
    assert_refused(server.send(HEAD + b"Content-Length: 1000000000000\r\n\r\n"), 413)
    assert_refused(server.send(HEAD + b"Expect: 100-continue\r\nContent-Length: 1000000000000\r\n\r\n"), 413)
    assert_refused(server.send(HEAD + b"Content-Length: 131073\r\n\r\n"), 413)


def test_endless_chunks_are_cut_off(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        sent = 0
        try:
            while sent < 64_000_000:
                connection.sendall(b"2000\r\n" + b" " * 8192 + b"\r\n")
                sent += 8192
        except OSError:
            pass
        assert sent < 64_000_000, "the server reads for ever"


def test_chunks_up_to_the_limit_are_read_and_one_byte_more_is_not(server: Server) -> None:
    body = json.dumps({"site": "demo", "thread": {"url": "https://a.example"}, "body": "In chunks."}).encode()
    before = server.comments()
    for size, status in ((1000, 202), (131_071, 202), (131_072, 413), (131_073, 413), (500_000, 413)):
        padded = body.ljust(size)
        data = b"%x\r\n%b\r\n0\r\n\r\n" % (len(padded), padded)
        answer = server.send(HEAD + b"Transfer-Encoding: chunked\r\n" + LAST + data)
        assert answer[0] == status, (size, answer)
        if status == 413:
            assert_refused(answer, 413)

    assert server.comments() == before + 2


def test_a_body_shorter_than_it_says_is_refused(server: Server) -> None:
    whole = json.dumps({"site": "demo", "thread": {"url": "https://a.example"}, "body": "Whole."}).encode()
    before = server.comments()

    for sent in (b"", b"{", whole[:-1]):
        assert_refused(server.send(HEAD + b"Content-Length: 200\r\n\r\n" + sent, end=True), 400)
    assert server.comments() == before


def test_what_follows_a_body_is_no_part_of_it(server: Server) -> None:
    answer = server.send(HEAD + b"Content-Length: 2\r\n\r\n{}" + b'{"more": 1}\r\n\r\n')

    assert_refused(answer, 422)


LENGTHS = [
    b"-1",
    b"abc",
    b"+5",
    b"0x10",
    b"5, 5",
    b"1e3",
    b"",
    b"5 5",
    "٣".encode(),
    b"1_0",
    b"2\r\nContent-Length: 3",
]


@pytest.mark.parametrize("length", LENGTHS)
def test_an_odd_length_is_refused(server: Server, length: bytes) -> None:
    assert_refused(server.send(HEAD + b"Content-Length: " + length + b"\r\n\r\n{}"), 400)


CODINGS = [
    b"gzip",
    b"xchunked",
    b"chunked, chunked",
    b"chunked, identity",
    b"\x0bchunked",
    b"chunked\r\nContent-Length: 2",
]


@pytest.mark.parametrize("coding", CODINGS)
def test_an_odd_transfer_coding_is_refused(server: Server, coding: bytes) -> None:
    answer = server.send(HEAD + b"Transfer-Encoding: " + coding + b"\r\n\r\n0\r\n\r\n", end=True)

    assert_refused(answer, 400)


@pytest.mark.parametrize(
    "chunk", [b"zz\r\n", b"-1\r\n", b"5\r\n{}\r\n0\r\n\r\n", b"\r\n", b"0x2\r\n{}\r\n0\r\n\r\n", b"2\r\n{"]
)
def test_odd_chunks_are_refused(server: Server, chunk: bytes) -> None:
    answer = server.send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunk, end=True)

    assert_refused(answer, 400)


HEADERS: list[tuple[bytes, set[int]]] = [
    (b"X: " + PLANTED * 5000, {431}),  # 64 kB
    (b"Cookie: parley_session=" + PLANTED * 5000, {431}),
    (b"\r\n".join(b"X-%d: a" % n for n in range(200)), {431}),
    (b"Host: y", {400}),
    (b"X: a\x00b", {400}),
    (b"X : " + PLANTED, {400}),
    (PLANTED + b" without a colon", {400}),
    (b"Authorization Bearer " + PLANTED, {400}),
    (b"A: b\r\n folded", {400}),
    (b": " + PLANTED, {400}),
    (b"X\xff: a", {400}),
    (b"X: \xff\xfe", {200}),
    (b"X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Proto: https", {200}),
    (b"Content-Length: 5\r\nTransfer-Encoding: chunked", {400}),
    (b"Upgrade: h2c\r\nConnection: Upgrade", {200, 400}),
]


@pytest.mark.parametrize(("header", "statuses"), HEADERS, ids=lambda value: repr(value)[:40])
def test_odd_headers(server: Server, header: bytes, statuses: set[int]) -> None:
    answer = server.send(GET + header + b"\r\n" + LAST)

    assert answer[0] in statuses, answer
    if answer[0] >= 400:
        assert_refused(answer, *statuses)


def test_two_types_or_keys_are_refused(server: Server) -> None:
    two_types = HEAD + b"Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}"

    assert_refused(server.send(two_types), 400, 415)


LINES = [
    b"GET\r\n\r\n", b"GET /healthz\r\n\r\n", b"GET /healthz HTTP/9.9\r\nHost: x\r\n\r\n",
    b"GET /heal\x00thz HTTP/1.1\r\nHost: x\r\n\r\n",
    b"get /healthz HTTP/1.1\r\nHost: x\r\n\r\n", b"G@T /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"GET healthz HTTP/1.1\r\nHost: x\r\n\r\n", b"GET  /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /" + b"a" * 10_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /api/v1/comments?site=\xff HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /healthz HTTP/1.1\nHost: x\n\n",
    b"\x00" * 100 + b"\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: x\r\n" + LAST, b"CONNECT a:1 HTTP/1.1\r\nHost: x\r\n" + LAST,
    b"TRACE /healthz HTTP/1.1\r\nHost: x\r\n" + LAST,
    b"GET //evil.example/.. HTTP/1.1\r\nHost: x\r\n" + LAST,
    b"GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: x\r\n" + LAST,
    b"GET /" + PLANTED + b" " + PLANTED + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
]  # fmt: skip


@pytest.mark.parametrize("line", LINES, ids=lambda line: repr(line)[:40])
def test_odd_request_lines(server: Server, line: bytes) -> None:
    assert_refused(server.send(line), 400, 404, 405, 414)


def test_after_all_that_the_server_lives_and_has_written_nothing_down(server: Server) -> None:
    """Not one address, header or path of what was refused; and no worker had to be started anew."""
    status, _, body = server.send(GET + LAST)
    written = server.log.read_text(errors="replace")

    assert (status, json.loads(body)) == (200, {"status": "alive"})
    for secret in (PLANTED.decode(), "127.0.0.1", "1.2.3.4", "Traceback", "/etc/passwd"):
        assert secret not in written
    assert {json.loads(line)["event"] for line in written.splitlines()} == {"request"}


def test_half_sent_requests_do_not_hold_the_server_up_for_good(server: Server) -> None:
    halves = [socket.create_connection(("127.0.0.1", server.port), timeout=30) for _ in range(10)]
    for half in halves:
        half.sendall(HEAD)

    answer = requests.get(f"http://127.0.0.1:{server.port}/healthz", timeout=30)

    for half in halves:
        half.close()
    assert answer.status_code == 200
