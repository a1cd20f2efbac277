"""A path from a host to its database that can be cut, as a network would: what is sent is swallowed."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import time
from pathlib import Path

LOOK_S = 0.05
PIECE = 65_536


class NetworkPath:
    """Listens on a port of the loopback address and hands everything on to a socket of this machine.

    While it is cut nothing passes, in either direction, and nobody is told: no connection is closed or
    refused. A connection on which something was swallowed breaks when the path is whole again.
    """

    def __init__(self, target: Path) -> None:
        self._target = target
        self._cut = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Let nothing pass any more."""
        self._cut.set()

    def mend(self) -> None:
        """Let everything pass again."""
        self._cut.clear()

    def close(self) -> None:
        """Take no more connections."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client = self._listener.accept()[0]
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as server:
            self._until_mended()
            server.connect(str(self._target))
            other = {client: server, server: client}
            while True:
                for ready in select.select([client, server], [], [], 1.0)[0]:
                    piece = ready.recv(PIECE)
                    if self._cut.is_set():  # what was read now is lost, and with it the connection
                        self._until_mended()
                        return
                    if not piece:
                        return
                    other[ready].sendall(piece)

    def _until_mended(self) -> None:
        while self._cut.is_set():
            time.sleep(LOOK_S)
