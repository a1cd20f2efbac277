"""The web server: gunicorn with threads, set up for us."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import socket
import threading
import time
from pathlib import Path
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.http import errors
from gunicorn.util import write_nonblock
from gunicorn.workers.gthread import ThreadWorker
from werkzeug.exceptions import ClientDisconnected

from service.context import Context
from service.domain.errors import Misconfigured
from service.lifeline import die_with_parent
from service.settings import Settings

READ_S = 5
KEEP_ALIVE_S = 15
GRACE_S = 6
MAX_REQUEST_LINE = 8190  # bytes; a thread's address may be long, and the counts of many are asked at once
MAX_HEADERS = 64
MAX_HEADER = 8190
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - where a worker's sign of life costs no disk
REFUSALS: dict[type[Exception], tuple[int, str]] = {
    errors.LimitRequestLine: (414, "URI Too Long"),
    errors.LimitRequestHeaders: (431, "Request Header Fields Too Large"),
    errors.ExpectationFailed: (417, "Expectation Failed"),
    errors.ParseException: (400, "Bad Request"),
}
OURS = (errors.InvalidResponseHeader, errors.InvalidResponseHeaderName)  # parse errors too, by descent
BROKEN_OFF = (OSError, errors.ParseException)


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


class Worker(ThreadWorker):  # type: ignore[misc]
    """Gunicorn's threaded worker, with two habits of ours.

    What is no HTTP is answered with a problem document, never with 5xx. And a client may hold a thread
    for a few seconds only: then nothing more of what it sends is read. That bounds what half-sent requests
    can hold up; only a proxy that buffers requests takes it away.
    """

    def init_process(self) -> None:
        """Start watching for slow senders, in the worker's own process."""
        self._reading: dict[Any, float] = {}
        threading.Thread(target=self._cut_off_slow_senders, name="slow-senders", daemon=True).start()
        super().init_process()

    def handle(self, conn: Any) -> Any:
        """Handle one request, and note since when."""
        self._reading[conn] = time.monotonic()
        try:
            return super().handle(conn)
        finally:
            self._reading.pop(conn, None)

    def _cut_off_slow_senders(self) -> None:
        while True:
            time.sleep(1)
            for conn, since in list(self._reading.items()):
                if time.monotonic() - since > READ_S:
                    with contextlib.suppress(OSError):  # it may have ended by itself
                        conn.sock.shutdown(socket.SHUT_RD)

    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: BaseException) -> None:
        """Answer a request that could not be read; everything else as gunicorn does."""
        for kind, (status, title) in REFUSALS.items():
            if isinstance(exc, kind) and not isinstance(exc, OURS):
                self.log.debug("Refused a request: %s", type(exc).__name__)
                write_nonblock(client, _problem(status, title))
                return
        if getattr(req, "uri", None):
            req.uri = req.path  # gunicorn logs it, and a query may hold somebody's key
        super().handle_error(req, client, addr, exc)


def _problem(status: int, title: str) -> bytes:
    body = json.dumps({
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": "The request could not be read.",
        "instance": "urn:request:none",
    }).encode()  # fmt: skip
    head = (
        f"HTTP/1.1 {status} {title}\r\nConnection: close\r\n"
        # A page of another origin could not tell this from no answer.
        f"Access-Control-Allow-Origin: *\r\n"
        f"Content-Type: application/problem+json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _warm_up(context: Context) -> None:
    """Load what scoring needs, so that the first one who asks does not wait a second for it."""
    scorer = context.scorer()
    if scorer is not None:
        scorer.read(["Bonjour à tous, comment allez-vous ?"])  # the detection of languages loads late too


class _Server(BaseApplication):  # type: ignore[misc]
    def __init__(self, settings: Settings, bind: str) -> None:
        self._settings, self._bind = settings, bind
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options().items():
            self.cfg.set(name, value)

    def _options(self) -> dict[str, Any]:
        supervisor = os.getpid()
        return {
            "bind": self._bind,
            "workers": self._settings.web_processes,
            "threads": self._settings.web_threads,
            "worker_class": Worker,
            "keepalive": KEEP_ALIVE_S,
            "graceful_timeout": GRACE_S,
            "limit_request_line": MAX_REQUEST_LINE,
            "limit_request_fields": MAX_HEADERS,
            "limit_request_field_size": MAX_HEADER,
            "worker_tmp_dir": str(SHARED_MEMORY) if os.access(SHARED_MEMORY, os.W_OK) else None,
            "control_socket_disable": True,  # it would be a file in the home folder
            "accesslog": None,  # the application writes its own, without addresses
            "loglevel": "error",  # warnings name the reader's address
            "forwarded_allow_ips": "",  # PARLEY_TRUSTED_PROXIES decides, in the application
            "proc_name": "parley-web",
            "post_fork": lambda _server, _worker: die_with_parent(supervisor),
            "child_exit": _forget_metrics,
        }

    def load(self) -> Any:
        # Imported in the worker: the metrics choose their files when they are imported.
        from service.app import create_app

        app = create_app(self._settings)
        context = app.extensions["parley"]
        threading.Thread(target=_warm_up, args=(context,), name="warm-up", daemon=True).start()

        def serve(environ: Any, start_response: Any) -> Any:
            environ["wsgi.input"] = _Body(environ["wsgi.input"])
            return app(environ, start_response)

        return serve


class _Body:
    """A request's body. One that breaks off or is badly cut into chunks is the sender's fault: 400."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        """Read at most so many bytes; all if negative."""
        try:
            return bytes(self._stream.read(size if size >= 0 else None))
        except BROKEN_OFF as error:
            raise ClientDisconnected from error

    def readline(self, size: int = -1) -> bytes:
        """Read to the end of a line, at most so many bytes."""
        try:
            return bytes(self._stream.readline(size if size >= 0 else None))
        except BROKEN_OFF as error:
            raise ClientDisconnected from error


def _forget_metrics(_server: Any, worker: Any) -> None:
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def serve(settings: Settings, fd: int | None = None) -> None:
    """Serve until told to stop; does not return. ``fd`` is a listening socket that somebody made for us."""
    if fd is None:
        listen(settings.host, settings.port).close()
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    metrics = settings.data_dir / "metrics" / str(settings.port)
    shutil.rmtree(metrics, ignore_errors=True)
    metrics.mkdir(parents=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(metrics)
    _Server(settings, f"{host}:{settings.port}" if fd is None else f"fd://{fd}").run()
