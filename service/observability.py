"""Logs and metrics: ids, routes and times; never a body, a name, an address or a key."""

from __future__ import annotations

import errno
import logging
import os
import secrets
import select
import stat
import sys
import time
import traceback
from collections.abc import MutableMapping
from functools import lru_cache
from typing import Any, TextIO, cast

import orjson
import structlog
from flask import Flask, Response, g, request
from prometheus_client import Counter, Histogram

log = structlog.get_logger("parley.web")

REQUESTS = Counter("parley_requests", "Requests answered.", ["method", "route", "status"])
SECONDS = Histogram(
    "parley_request_seconds",
    "Time to answer.",
    ["route"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
)
LINES_DROPPED = Counter("parley_log_lines_dropped", "Lines of the log that could not be written.")
WAIT_MS = 100  # for a pipe whose reader is behind
QUIET = ("health.", "static")
MAX_TRACE = 200  # lines


class Lossy:
    """A file for a log. A line that cannot be written is dropped and counted: nobody's answer depends on it.

    The disk may be full, the reader of a pipe gone, or there but not reading.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._fd = _fd_of(stream)  # without a buffer between: it would keep what cannot be written
        self._pipe: select.poll | None = None
        self._is_cut = False
        if self._fd is not None and stat.S_ISFIFO(os.fstat(self._fd).st_mode):
            self._pipe = select.poll()
            self._pipe.register(self._fd, select.POLLOUT)

    def write(self, text: str) -> None:
        """Write a line, or drop it."""
        try:
            if self._fd is None:
                self._stream.write(text)
            else:
                self._send(self._fd, text.encode(errors="replace"))
        except (OSError, ValueError):  # the second where it was closed
            LINES_DROPPED.inc()

    def _send(self, fd: int, line: bytes) -> None:
        data = b"\n" + line if self._is_cut else line
        step = select.PIPE_BUF if self._pipe else len(data)  # what a pipe takes at once, or not at all
        for at in range(0, len(data), step):
            self._is_cut = self._is_cut or at > 0
            if self._pipe is not None and not self._pipe.poll(WAIT_MS):
                raise BlockingIOError(errno.EAGAIN, "nobody reads")
            sent = os.write(fd, piece := data[at : at + step])
            self._is_cut = self._is_cut or sent > 0
            if sent < len(piece):
                raise OSError(errno.ENOSPC, "no room for all of it")
        self._is_cut = False

    def flush(self) -> None:
        """Do nothing: there is no buffer."""


def _fd_of(stream: TextIO) -> int | None:
    try:
        return stream.fileno()
    except (OSError, ValueError, AttributeError):  # it is no file of the system's
        return None


def configure_logging(level: str) -> None:
    """Write one JSON object a line to standard error."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _say_where,
            structlog.processors.JSONRenderer(lambda event, **_: orjson.dumps(event, default=str).decode()),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.WriteLoggerFactory(file=cast("TextIO", Lossy(sys.stderr))),
        cache_logger_on_first_use=True,
    )


def _say_where(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace an exception by its kinds and places: a driver's message quotes what was sent."""
    given = line.pop("exc_info", None)
    error = sys.exc_info()[1] if given is True else given[1] if isinstance(given, tuple) else given
    chain: list[str] = []
    while isinstance(error, BaseException) and len(chain) < MAX_TRACE:
        frames = traceback.extract_tb(error.__traceback__)
        places = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        chain += [f"{type(error).__module__}.{type(error).__qualname__}", *places]
        error = error.__cause__ or error.__context__
    return {**line, "trace": chain} if chain else line


def watch(app: Flask) -> None:
    """Give every request an id, and count, time and log its answer."""

    def unexpected(exc_info: Any) -> None:
        log.error("unexpected error", exc_info=exc_info)

    app.log_exception = unexpected  # type: ignore[method-assign]  # Flask's own line has the path in it

    @app.before_request
    def begin() -> None:
        g.request_id = secrets.token_hex(8)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request=g.request_id)  # in every line of this request
        g.started = time.perf_counter()

    @app.after_request
    def end(response: Response) -> Response:
        response.headers["X-Request-Id"] = g.get("request_id", "none")
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        taken = time.perf_counter() - g.get("started", time.perf_counter())
        route = request.url_rule.rule if request.url_rule else "none"  # never the path: it may hold a key
        method = request.method if request.method in KNOWN_METHODS else "other"
        count, seconds = _metrics_of(method, route, response.status_code)
        count.inc()
        seconds.observe(taken)
        if not (request.endpoint or "").startswith(QUIET):
            _log(response, method, route, taken)
        return response


KNOWN_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))


@lru_cache(maxsize=1024)  # finding a metric by its labels costs more than counting
def _metrics_of(method: str, route: str, status: int) -> tuple[Counter, Histogram]:
    return REQUESTS.labels(method, route, status), SECONDS.labels(route)


def _log(response: Response, method: str, route: str, taken: float) -> None:
    line: dict[str, Any] = {
        "method": method,
        "route": route,
        "status": response.status_code,
        "ms": round(taken * 1000, 1),
    }
    for name in ("comment_id", "moderator_id", "key_id"):
        if value := g.get(name):
            line[name] = value
    log.info("request", **line)
