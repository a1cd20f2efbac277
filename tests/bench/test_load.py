"""The load generator, with servers that keep a connection and servers that do not."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.bench.load import closed_loop, get, open_loop, single


class Handler(BaseHTTPRequestHandler):
    """Answers everything, and says what it does with the connection as its path asks."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/old":
            self.protocol_version = "HTTP/1.0"
            self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Length", "2")
        if self.path == "/closing":
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever).start()
        yield server.server_port
        server.shutdown()


@pytest.mark.parametrize(("path", "closes"), [("/kept", False), ("/closing", True), ("/old", True)])
def test_a_connection_that_was_closed_is_made_again_and_counted(port: int, path: str, closes: bool) -> None:
    found = closed_loop(port, lambda _: get(path), seconds=0.2, connections=2)
    timed = open_loop(port, lambda _: get(path), rate=50, seconds=0.2, connections=2)

    for result in (found, timed):
        assert result.statuses == {200: len(result.times)}
        assert len(result.times) > 2
        assert result.closed == (len(result.times) if closes else 0)
    assert single(port, get(path))[0] == 200
