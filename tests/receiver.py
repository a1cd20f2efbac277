"""Webhook receivers on the loopback address, as a host site would run one."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, slots=True)
class Hook:
    """One request as it arrived."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def id(self) -> str:
        """The webhook-id."""
        return self.headers["webhook-id"]

    @property
    def event(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def place(self) -> tuple[str, int]:
        """Which comment, and which of its changes."""
        return self.event["data"]["id"], self.event["data"]["sequence"]


Reply = int | tuple[int, Mapping[str, str], bytes] | None


class Receiver:
    """Keeps what arrives. ``reply`` chooses the answer to each request; None breaks the connection."""

    def __init__(self, url: str, reply: Callable[[Hook], Reply]) -> None:
        self.url, self.reply = url, reply
        self.hooks: list[Hook] = []
        self._lock = threading.Lock()

    def take(self, hook: Hook) -> Reply:
        """Keep one request and return its answer."""
        with self._lock:
            self.hooks.append(hook)
            return self.reply(hook)


@contextlib.contextmanager
def receiver(reply: Callable[[Hook], Reply] = lambda _: 204) -> Iterator[Receiver]:
    """Run a receiver until the block ends."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128  # with five, a burst of connections waits a second to be tried again

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = running.take(Hook(self.path, headers, body))
            if answer is None:
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
                return
            status, extra, text = answer if isinstance(answer, tuple) else (answer, {}, b"")
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(text))} | dict(extra)).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    server = Server(("127.0.0.1", 0), Handler)
    running = Receiver(f"http://127.0.0.1:{server.server_port}/hooks", reply)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield running
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextlib.contextmanager
def raw_server(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """Accept connections and hand each to ``serve``, for answers that no HTTP server would give."""
    listener = socket.create_server(("127.0.0.1", 0))

    def run(peer: socket.socket) -> None:
        with peer, contextlib.suppress(OSError):
            serve(peer)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=run, args=(listener.accept()[0],), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()
