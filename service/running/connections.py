"""The connections of a web process: waitress' channels, in a loop that rude clients cannot hold up.

One thread waits for all connections. It gives a request to a thread of the application once it is there
as a whole, and sends the answer when that is whole too. So who sends or reads slowly costs memory for a
while, and never a thread.
"""

from __future__ import annotations

import collections
import contextlib
import heapq
import resource
import selectors
import socket
import struct
import time
from typing import Any

from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.server import TcpWSGIServer
from waitress.task import WSGITask
from waitress.utilities import BadRequest

from service.running.admission import Dispatcher
from service.running.lanes import AHEAD, LIFE, OURS, asks_for_life, caller_at, lane_of
from service.running.reading import MAX_HEAD, Request
from service.running.refusals import Refusal

SILENT_S = 15.0  # without a byte in either direction: browsers connect ahead and keep connections
REQUEST_S = 60.0  # for a whole request
ANSWER_S = 120.0  # to take a whole answer, of a megabyte at most
GRACE_S = 6.0  # for answers under way when the process is told to stop
LOOK_S = 1.0  # between looks for who is late
READ_BYTES = 16 * 1024
ACCEPTED_AT_ONCE = 16  # one by one, a crowd would wait where nobody sees it: in the system's own queue
MAX_CONNECTIONS = 4000
FILES_OF_OURS = 200  # database, Redis, models: what is open beside connections
SYSTEM_BYTES = 256 * 1024  # that the system holds of an answer; left to itself, some megabytes for each
UNSENT_BYTES = 16 * 1024  # of these: else ten pages of a usual size would be made for one that reads none
MAX_HELD = 256 * 1024 * 1024  # bytes of half-sent requests and unread answers
ENDLESS = 1 << 62


class _Task(WSGITask):  # type: ignore[misc]
    """A request for the application, with three habits of ours."""

    def get_environment(self) -> dict[str, Any]:
        """Return the WSGI environment; slashes at the beginning of a path stay as they are."""
        environ: dict[str, Any] = super().get_environment()
        environ["PATH_INFO"] = self.request.path
        return environ

    def build_response_header(self) -> bytes:
        """Return the head of the answer; one that is the last before the process ends says so."""
        if self.channel.server.is_stopping:
            self.set_close_on_finish()
        return bytes(super().build_response_header())

    def set_close_on_finish(self) -> None:
        """Close after this answer; one that has no body, as 304, is no reason to."""
        wanted = self.request.headers.get("CONNECTION", "").lower() == "close" or self.version == "1.0"
        if self.has_body or wanted or self.channel.server.is_stopping:
            super().set_close_on_finish()


class Channel(HTTPChannel):  # type: ignore[misc]
    """One connection. It has one request in work at a time, and the next only when its answer was taken.

    Waitress alone would go on to work for a client that does not read, until its buffer is full, and then
    keep the thread waiting.
    """

    task_class, error_task_class, parser_class = _Task, Refusal, Request
    request: Request | None = None  # that is coming in
    sent_continue: bool = False
    is_paused = False  # bytes came while a request is in work: not waited for until that is done
    is_ours = False  # the line of who started us
    ahead = b""  # what came after the request in work
    lane = ""  # of the request in work
    began_at = 0.0  # the request that is coming in
    answered_at = 0.0

    def readable(self) -> bool:
        """Whether more may be read: nothing is in work, to be sent, or still to be looked at."""
        return not (
            self.will_close
            or self.close_when_flushed
            or self.requests
            or self.total_outbufs_len
            or self.ahead
        )

    def received(self, data: bytes) -> bool:
        """Take bytes until a request is whole; keep the rest for later."""
        with self.requests_lock:
            if self.will_close or self.close_when_flushed:
                return False
            was_ahead = bool(self.ahead)
            data, self.ahead = self.ahead + data, b""
            while data and not self.requests:
                data = data[self._read(data) :]
            self.ahead = data
            self._hand_over(is_ahead=was_ahead or bool(data))
        return True

    def _read(self, data: bytes) -> int:
        if self.request is None:
            self.request, self.began_at = self.parser_class(self.adj), time.time()
        size = int(self.request.received(data))
        if self.request.completed:
            self._take_up(self.request)
        elif self.request.expect_continue and self.request.headers_finished and not self.sent_continue:
            self.send_continue()
        return size

    def _take_up(self, request: Request) -> None:
        self.request, self.sent_continue = None, False
        if not request.empty:
            self.requests.append(request)

    def _hand_over(self, *, is_ahead: bool = False) -> None:
        """Have a request that is whole worked on, in the lane of its caller."""
        if self.requests:
            self.lane = OURS if self.is_ours else self._lane_of(self.requests[0], is_ahead)
            self.server.task_dispatcher.add(self)

    def _lane_of(self, request: Request, is_ahead: bool) -> str:
        if not request.error and asks_for_life(request.path):
            return LIFE
        return AHEAD if is_ahead else lane_of(caller_at(self.addr[0], request.headers, self.server.proxies))

    def handle_read(self) -> None:
        """Read what is there. A request that breaks off is refused: its sender may still listen."""
        try:
            data = self.socket.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            self.handle_close()
            return
        self.last_activity = time.time()
        if data:
            self.received(data)
        elif self.request is None:
            self.handle_close()
        else:
            self.request.error, self.request.completed = BadRequest("It breaks off."), True
            self._take_up(self.request)
            self._hand_over()

    def service(self) -> None:
        """Have one request answered, in a thread of the application; send what can be sent at once."""
        super().service()
        if self.connected and self.total_outbufs_len:
            self.answered_at = time.time()
            self._flush_exception(self._flush_some, do_close=False)
        # Mostly all is sent, and the next request wakes the loop by itself.
        if self.is_paused or self.ahead or self.writable() or self.server.is_stopping:
            self.server.look_at(self)

    def _flush_some(self, do_close: bool = True) -> bool:
        """Send what can be sent now; the application's thread and the loop may both want to."""
        with self.outbuf_lock:
            return bool(super()._flush_some(do_close=do_close)) if self.connected else False

    def add_channel(self, map: Any = None) -> None:
        """Begin to be waited for."""
        super().add_channel(map)
        self.server.changed.append(self)

    def del_channel(self, map: Any = None) -> None:
        """Be waited for no longer."""
        self.server.leave(self)
        super().del_channel(map)

    @property
    def held(self) -> int:
        """How many bytes are kept for this connection."""
        body = self.request.body if self.request is not None else None
        return int(self.total_outbufs_len) + len(self.ahead) + (min(body.seen, body.kept) if body else 0)

    def drop(self) -> None:
        """Close at once; what is not taken yet is not kept by the system either."""
        if self.total_outbufs_len:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.handle_close()

    def is_late(self, now: float) -> bool:
        """Whether the client has had its time; never while the application works for it."""
        if self.requests or self.is_ours:
            return False
        if now - self.last_activity > SILENT_S:
            return True
        if self.total_outbufs_len:
            return now - self.answered_at > ANSWER_S
        return self.request is not None and now - self.began_at > REQUEST_S


class Server(TcpWSGIServer):  # type: ignore[misc]
    """Accepts connections, and waits for all of them at once.

    Waitress' own loop asks each connection before each wait; this one only those where something happened, so
    that a thousand silent ones cost the others nothing.
    """

    channel_class = Channel
    accepting: bool

    def __init__(self, application: Any, listener: socket.socket, threads: int, proxies: int = 0) -> None:
        self.changed: collections.deque[Channel] = collections.deque()  # to be looked at by the loop
        self._selector = selectors.DefaultSelector()
        self._waited: dict[int, int] = {}
        self.is_stopping, self.proxies = False, proxies
        self._limit = min(MAX_CONNECTIONS, open_files() - FILES_OF_OURS)
        super().__init__(
            application,
            map={},
            _sock=listener,
            dispatcher=Dispatcher(threads),
            adj=_adjustments(),
            sockinfo=(listener.family, listener.type, listener.proto, listener.getsockname()),
            bind_socket=False,
        )

    def adopt(self, connection: socket.socket) -> None:
        """Serve a connection that is there already: that of the process which watches over this one."""
        channel = self.channel_class(self, connection, ("127.0.0.1", 0), self.adj, map=self._map)
        channel.is_ours = True

    def stop(self) -> None:
        """Make `run` end after the answers under way. Safe to call from a signal handler."""
        self.is_stopping = True
        with contextlib.suppress(OSError):  # it may have ended already
            self.trigger.pull_trigger()

    def run(self) -> None:
        """Serve until told to stop."""
        for fd in (self._fileno, self.trigger._fileno):
            self._selector.register(fd, selectors.EVENT_READ)
        look_at, end_at = 0.0, float("inf")
        while time.monotonic() < end_at and not (self.is_stopping and self._is_done()):
            if self.is_stopping and self.accepting:
                end_at = time.monotonic() + GRACE_S
                self._selector.unregister(self._fileno)
                self.accepting = False
            self._settle()
            for key, events in self._selector.select(0.1 if self.is_stopping else LOOK_S):
                self._handle(key.fd, events)
            if time.monotonic() >= look_at:
                look_at = time.monotonic() + LOOK_S
                self._drop_late(time.time())
        self.task_dispatcher.shutdown()
        for channel in list(self.active_channels.values()):
            channel.handle_close()
        self._selector.close()
        self.close()

    def pull_trigger(self) -> None:
        """Do nothing: waitress' channels call this, and ours say what has changed by `look_at`."""

    def look_at(self, channel: Channel) -> None:
        """Have a connection looked at by the loop. Safe to call from any thread."""
        self.changed.append(channel)
        self.trigger.pull_trigger()

    def leave(self, channel: Channel) -> None:
        """Wait for a connection no longer; called by the loop's own thread."""
        if self._waited.pop(channel._fileno, 0):
            self._selector.unregister(channel._fileno)

    def handle_accept(self) -> None:
        """Take connections; where there are too many, those go that have done nothing for longest."""
        for _ in range(ACCEPTED_AT_ONCE):
            if len(self.active_channels) >= self._limit:
                self._make_room(max(1, self._limit // 20))
            before = len(self.active_channels)
            super().handle_accept()
            if len(self.active_channels) == before:  # nobody else waits
                return

    def _handle(self, fd: int, events: int) -> None:
        found = self._map.get(fd)
        if found is None:
            return
        if isinstance(found, Channel) and found.requests:
            found.is_paused = True
        elif events & selectors.EVENT_READ:
            wasyncore.read(found)
        if events & selectors.EVENT_WRITE and found._fileno is not None:
            wasyncore.write(found)
        if isinstance(found, Channel):
            self.changed.append(found)

    def _settle(self) -> None:
        """Wait for what each connection needs now at which something happened."""
        for _ in range(len(self.changed)):
            channel = self.changed.popleft()
            if channel.requests and channel.is_paused:
                self._wait_for(channel, 0)
            # Asked again: its thread may just have ended, and not have seen that it is paused.
            if channel.requests or channel._fileno is None:
                continue
            channel.is_paused = False
            if channel.ahead and not (channel.requests or channel.total_outbufs_len):
                channel.received(b"")
            if self.is_stopping and not (channel.requests or channel.total_outbufs_len):
                channel.will_close = True
            if not channel.requests:
                reads = selectors.EVENT_READ if channel.readable() else 0
                self._wait_for(channel, reads | (selectors.EVENT_WRITE if channel.writable() else 0))

    def _wait_for(self, channel: Channel, wanted: int) -> None:
        fd = channel._fileno
        before = self._waited.get(fd, 0)
        if wanted == before:
            return
        if not before:
            self._selector.register(fd, wanted)
        elif wanted:
            self._selector.modify(fd, wanted)
        else:
            self._selector.unregister(fd)
        self._waited[fd] = wanted

    def _is_done(self) -> bool:
        """Whether nothing is under way; asked while stopping."""
        channels = list(self.active_channels.values())
        self.changed.extend(channels)
        return not any(channel.requests or channel.total_outbufs_len for channel in channels)

    def _drop_late(self, now: float) -> None:
        channels = list(self.active_channels.values())
        for channel in channels:
            if channel.is_late(now):
                channel.drop()
        if sum(channel.held for channel in channels) > MAX_HELD:
            self._make_room(max(1, len(channels) // 4))

    def _make_room(self, count: int) -> None:
        idle = [
            channel for channel in self.active_channels.values() if not (channel.requests or channel.is_ours)
        ]
        for channel in heapq.nsmallest(count, idle, key=lambda channel: channel.last_activity):
            channel.drop()


def _adjustments() -> Adjustments:
    """Return waitress' settings, where ours differ from its own."""
    found = Adjustments(
        threads=1,  # not read: the dispatcher is made by us
        backlog=2048,
        ident=None,
        max_request_header_size=MAX_HEAD,
        max_request_body_size=ENDLESS,  # `Request` has the limits
        outbuf_overflow=ENDLESS,  # an answer never becomes a file
        outbuf_high_watermark=ENDLESS,  # a thread never waits for a client
        log_socket_errors=False,  # that a client went away is no error of ours
        clear_untrusted_proxy_headers=False,  # PARLEY_TRUSTED_PROXIES decides, in the application
    )
    found.socket_options = [*found.socket_options, (socket.SOL_SOCKET, socket.SO_SNDBUF, SYSTEM_BYTES)]
    if hasattr(socket, "TCP_NOTSENT_LOWAT"):  # Linux and macOS
        found.socket_options.append((socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES))
    found.send_bytes = ENDLESS  # `Channel.service` sends, all at once
    return found


def open_files() -> int:
    """Return how many files this process may have open, after asking for as many as it needs."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_CONNECTIONS + FILES_OF_OURS
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return wanted if soft == resource.RLIM_INFINITY else soft
