"""Clients that say nothing, stop in the middle, or never read what they asked for."""

from __future__ import annotations

import contextlib
import resource
import socket
import threading
from collections.abc import Mapping
from types import TracebackType

HALF = (
    b"POST /api/v1/comments HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    b'Content-Length: 5000\r\n\r\n{"site": '
)
WINDOW = 4096  # bytes that the system takes in for a client that does not read


def deaf(path: str) -> bytes:
    """Return what a client sends that asks for a page again and again and reads no answer."""
    return b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n" % path.encode() * 100


class Crowd:
    """Many rude connections at once, each made anew when the server has had enough of it."""

    def __init__(self, port: int, sizes: Mapping[bytes, int]) -> None:
        """Take the port, and how many connections send what."""
        self._port = port
        self._sent = [sent for sent, size in sizes.items() for _ in range(size)]
        self._open: list[socket.socket | None] = [None] * len(self._sent)
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._stay, daemon=True)
        self.made = 0

    def __enter__(self) -> Crowd:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if 0 <= soft < (wanted := 2 * len(self._sent) + 500):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted if hard < 0 else min(wanted, hard), hard))
        self._fill()
        self._thread.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._done.set()
        self._thread.join()
        for connection in self._open:
            if connection is not None:
                connection.close()

    def _stay(self) -> None:
        while not self._done.wait(0.5):
            self._fill()

    def _fill(self) -> None:
        for number, connection in enumerate(self._open):
            if connection is None or _was_dropped(connection):
                if connection is not None:
                    connection.close()
                self._open[number] = self._connect(self._sent[number])

    def _connect(self, sent: bytes) -> socket.socket | None:
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, WINDOW)
        connection.settimeout(2)
        try:
            connection.connect(("127.0.0.1", self._port))
            connection.sendall(sent)
        except OSError:
            connection.close()
            return None
        connection.setblocking(False)
        self.made += 1
        return connection


def _was_dropped(connection: socket.socket) -> bool:
    with contextlib.suppress(BlockingIOError):
        try:
            return connection.recv(1, socket.MSG_PEEK) == b""
        except ConnectionError:
            return True
    return False
