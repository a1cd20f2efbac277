"""The web server: one process that answers requests, set up for us."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import shutil
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import Any

from service.context import Context
from service.domain.errors import Misconfigured, Unavailable
from service.settings import Settings

SWITCH_S = 0.001  # after which a busy thread lets others in: the loop has much to do, each time for moments
METRICS = "PROMETHEUS_MULTIPROC_DIR"
METRICS_ROOM = 4 * 1024 * 1024  # bytes: the files of one process, with all routes and answers there are


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens; raise `Misconfigured` if the port is taken or cannot be used."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(2048)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise Misconfigured(f"Port {port} is taken. Choose another with PARLEY_PORT.") from None
        reason = (error.strerror or str(error)).lower()
        raise Misconfigured(
            f"Cannot listen on {host} port {port} ({reason}). Choose others with PARLEY_HOST and PARLEY_PORT."
        ) from None
    return listener


def serve(settings: Settings, listener: socket.socket, line: socket.socket | None = None) -> None:
    """Answer requests until told to stop, and those under way to their end.

    The model is loaded when a door first needs it: most web processes never do, and it takes 200 MB. Where
    somebody has a key to the scoring doors it is loaded at once: their programs wait for no second.
    ``line`` is a connection of whoever started this process: it asks there whether we still answer.
    """
    _count_where_there_is_room()
    # Imported late: the metrics choose their files when they are imported.
    from service.app import create_app

    app = create_app(settings)
    _keep_room()
    context = app.extensions["parley"]
    threading.Thread(target=warm_up, args=(context,), name="warm-up", daemon=True).start()
    serve_app(app, listener, settings.web_threads, line, settings.trusted_proxies)


def warm_up(context: Context) -> None:
    """Load what scoring needs, if somebody has a key to it."""
    from service.scoring.keys import list_keys

    with contextlib.suppress(Unavailable):
        if list_keys(context.db) and (scorer := context.scorer()) is not None:
            scorer.read(["Bonjour à tous, comment allez-vous ?"])  # the detection of languages loads late too


def serve_app(
    app: Any, listener: socket.socket, threads: int, line: socket.socket | None = None, proxies: int = 0
) -> None:
    """Serve a WSGI application as `serve` does ours, behind as many trusted ``proxies``."""
    from service.running.connections import Server

    sys.setswitchinterval(SWITCH_S)
    logging.getLogger("waitress").setLevel(logging.CRITICAL)  # the application logs, without addresses
    server = Server(app, listener, threads, proxies)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: server.stop())
    if line is not None:
        server.adopt(line)
    server.run()


def fresh_metrics(settings: Settings) -> Path:
    """Return an empty folder in which the web processes of this server count together."""
    folder = settings.data_dir / "metrics" / str(settings.port)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _count_where_there_is_room() -> None:
    """Let the metrics be counted in memory alone where their files would find no room."""
    from prometheus_client import mmap_dict

    mmap_dict._INITIAL_MMAP_SIZE = METRICS_ROOM // 4  # one that grows would do so into no room
    folder = os.environ.get(METRICS)
    if folder and shutil.disk_usage(folder).free < METRICS_ROOM:
        del os.environ[METRICS]


def _keep_room() -> None:
    """Take the room for this process's metrics while there is some.

    They are counted in files that are mapped into memory: where a disk is full, the first count in a new
    part of one would kill the process.
    """
    from service.observability import SECONDS

    SECONDS.labels("none")  # its file is made with its first label
    for path in Path(os.environ.get(METRICS, "/nowhere")).glob(f"*_{os.getpid()}.db"):
        with contextlib.suppress(OSError), path.open("r+b") as file:
            os.posix_fallocate(file.fileno(), 0, METRICS_ROOM // 4)
