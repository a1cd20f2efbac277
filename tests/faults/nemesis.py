"""The one who breaks things, and the ones who write down what they saw meanwhile."""

from __future__ import annotations

import contextlib
import http.client
import itertools
import json
import random
import threading
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol

import psutil
import redis
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from tests.running import Answer, Parley

FAULTS = ("kill worker parent", "kill worker child", "kill redis", "kill web", "flush redis on a backlog")
BACKLOG = 30
TRIES = 40
REPEATED = 0.05  # of the posts


class Caller(Protocol):
    """Who sends a request to a running Parley and returns its answer."""

    def call(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Answer: ...


@dataclass
class Journal:
    """What the posting client knows: a timeout means unknown, only a 202 is a promise."""

    acknowledged: dict[str, str] = field(default_factory=dict)  # id -> text
    acknowledged_at: dict[str, float] = field(default_factory=dict)
    refused: int = 0
    unknown: int = 0
    given_up: int = 0  # posts that got no 202 in all their tries
    repeated: int = 0  # posts that were sent once more with the same key, after they were acknowledged
    strange: list[tuple[int, bytes]] = field(default_factory=list)  # answers that should not be


class Poster(threading.Thread):
    """Posts fine and vile comments at a steady rate, and repeats with the same key what got no answer.

    Of two with the same site each needs a ``name`` of its own.
    """

    def __init__(
        self, parley: Caller, rate: float, seed: int, name: str = "nemesis", tries: int = TRIES
    ) -> None:
        super().__init__(daemon=True)
        self.parley, self.rate, self.random = parley, rate, random.Random(seed)
        self.called, self.tries = name, tries
        self.journal, self.stopped, self.numbers = Journal(), threading.Event(), itertools.count(1)

    def run(self) -> None:
        while not self.stopped.wait(1 / self.rate):
            self.post()

    def post(self) -> None:
        """Post one comment until it is acknowledged, now and then once more; with so many tries."""
        number = next(self.numbers)  # the nemesis posts too, from its own thread
        vile = self.random.random() < 0.3
        text = f"Shut up you stupid worthless moron, go die, {self.called} number {number}." if vile else (
            f"Remark of {self.called} number {number}: the talks should go on until both sides agree."
        )  # fmt: skip
        thread = f"thread-{number % 5}"
        body = {
            "site": "demo",
            "thread": {"key": thread, "url": f"http://localhost/{thread}"},
            "body": text,
        }
        if (made := self._until_acknowledged(body, f"{self.called}-{number}")) is None:
            self.journal.given_up += 1
            return
        self.journal.acknowledged[made] = text
        self.journal.acknowledged_at[made] = time.monotonic()
        if self.random.random() < REPEATED:
            again = self._send(body, f"{self.called}-{number}")
            self.journal.repeated += again is not None
            if again not in (None, made):
                self.journal.strange.append((202, f"{made} was made again as {again}".encode()))

    def _until_acknowledged(self, body: object, key: str) -> str | None:
        for _ in range(self.tries):
            if (made := self._send(body, key)) is not None:
                return made
            time.sleep(0.1)
        return None

    def _send(self, body: object, key: str) -> str | None:
        """Return the id of a post that was acknowledged; note any other answer, or that none came."""
        try:
            answer = self.parley.call("POST", "/api/v1/comments", body, {"Idempotency-Key": key})
        except (OSError, http.client.HTTPException):
            self.journal.unknown += 1
            return None
        if answer.status == 202:
            return str(answer.json["id"])
        self.journal.refused += 1
        if answer.status not in (429, 503) or "Retry-After" not in answer.headers:
            self.journal.strange.append((answer.status, answer.body))
        return None


class Reader(threading.Thread):
    """Reads public answers all the time, and keeps what should never have been in one."""

    def __init__(self, parley: Caller, rate: float) -> None:
        super().__init__(daemon=True)
        self.parley, self.rate = parley, rate
        self.stopped, self.reads, self.leaks = threading.Event(), 0, []
        self.seen: list[str] = []
        self.first_seen: dict[str, tuple[datetime, str]] = {}  # id -> when, and with which text

    def run(self) -> None:
        started, turn = time.monotonic(), 0
        while not self.stopped.wait(max(0.0, started + turn / self.rate - time.monotonic())):
            turn += 1
            sort = ("newest", "oldest", "top")[turn % 3]
            path = f"/api/v1/comments?site=demo&thread=thread-{turn % 5}&limit=100&sort={sort}"
            if turn % 7 == 0 and self.seen:
                path += f"&parent={self.seen[turn % len(self.seen)]}"
            with contextlib.suppress(OSError, http.client.HTTPException):
                answer = self.parley.call("GET", path)
                self.reads += answer.status == 200
                if answer.status == 200:
                    found, now = answer.json["comments"], datetime.now(UTC)
                    self.seen = [comment["id"] for comment in found] or self.seen
                    for comment in found:
                        self.first_seen.setdefault(comment["id"], (now, comment["body"]))
                if b"moron" in answer.body:
                    self.leaks.append(answer.body)


class Receiver(ThreadingHTTPServer):
    """A host site: keeps every request, but fails some of the first tries (a third try waits minutes)."""

    daemon_threads = True

    def __init__(self, seed: int, failing: float = 0.1) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.random, self.failing, self.lock = random.Random(seed), failing, threading.Lock()
        self.tried: set[str] = set()
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self.secret, self.unsigned = "", 0  # what came and was not signed with it, looked at when it came
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook"

    def first_arrivals(self) -> dict[str, list[int]]:
        """Return the sequences of each comment in the order in which they first arrived."""
        seen, order = set(), defaultdict(list)
        for headers, body in self.requests:
            if headers["webhook-id"] not in seen:
                seen.add(headers["webhook-id"])
                event = json.loads(body)
                if event["type"].startswith("comment."):
                    order[event["data"]["id"]].append(event["data"]["sequence"])
        return order


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        with self.server.lock:
            new = self.headers["webhook-id"] not in self.server.tried
            self.server.tried.add(self.headers["webhook-id"])
            fails = new and self.server.random.random() < self.server.failing
            if not fails:
                headers = {name.lower(): value for name, value in self.headers.items()}
                self.server.requests.append((headers, body))
                self.server.unsigned += not _is_signed(self.server.secret, headers, body)
        self.send_response(500 if fails else 204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _is_signed(secret: str, headers: dict[str, str], body: bytes) -> bool:
    """Whether a request is signed with a secret, as far as that is known yet."""
    if not secret:
        return True
    try:
        Webhook(secret).verify(body, headers)
    except WebhookVerificationError:
        return False
    return True


class Nemesis:
    """Breaks a running Parley in the ways of `FAULTS`, by a seeded choice."""

    def __init__(self, parley: Parley, poster: Poster, seed: int) -> None:
        self.parley, self.poster, self.random = parley, poster, random.Random(seed)
        self.done: list[str] = []
        self.backlogs: list[int] = []

    def break_something(self, fault: str) -> None:
        """Carry out one fault; a process that is just restarting counts only once it is there to kill."""
        if fault == "flush redis on a backlog":
            self._flush_on_a_backlog()
        else:
            {
                "kill worker parent": lambda: self._process("scoring", child=False).kill(),
                "kill worker child": lambda: self._process("scoring", child=True).kill(),
                "kill redis": lambda: self._process("redis", child=False).kill(),
                "kill web": lambda: self._process("web", child=False).kill(),
            }[fault]()
        self.done.append(fault)

    def _flush_on_a_backlog(self) -> None:
        """Stop the worker, let a backlog grow, empty Redis, and let the worker go on."""
        parent = self._process("scoring", child=False)
        group = [parent, *parent.children(recursive=True)]
        for process in group:
            process.suspend()
        try:
            before = self.backlog()
            for _ in range(BACKLOG):
                self.poster.post()
            self.backlogs.append(self.backlog() - before)
            with redis.Redis(unix_socket_path=str(self.parley.data / "redis.sock")) as client:
                client.flushall()
        finally:
            for process in group:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.resume()

    def backlog(self) -> int:
        """Return how many comments wait to be scored, as the service says."""
        text = self.parley.call("GET", "/metrics").body.decode()
        line = next(line for line in text.splitlines() if line.startswith("parley_task_queue_depth "))
        return int(float(line.split()[1]))

    def _process(self, role: str, *, child: bool) -> psutil.Process:
        until = time.monotonic() + 20
        while time.monotonic() < until:
            found = [process for process in self._all(role) if self._is_child(process, role) == child]
            if found:
                return self.random.choice(found)
            time.sleep(0.1)
        raise AssertionError(f"no {'child' if child else 'parent'} process of {role} is running")

    def _all(self, role: str) -> list[psutil.Process]:
        words = {"redis": "redis-server", "web": "service web", "scoring": "--queues scoring"}
        found = []
        for process in psutil.Process(self.parley.process.pid).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                if words[role] in " ".join(process.cmdline()) and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
        return found

    def _is_child(self, process: psutil.Process, role: str) -> bool:
        parent = process.parent()
        return parent is not None and parent.pid in {other.pid for other in self._all(role)}
