"""How long one site's webhooks take beside another site whose receivers hang or answer after 14 s."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from statistics import median

from service.comments.intake import Draft, Intake
from service.domain.access import OPERATOR
from service.outbound import Outbound
from service.settings import Settings
from service.sites import sites
from service.storage.database import Database
from service.tasks import Tasks
from service.webhooks import endpoints
from tests.bench.measures import Row
from tests.bench.stack import stack
from tests.receiver import Receiver, raw_server, receiver

LOOPBACK = "127.0.0.0/8"
SLOW_ENDPOINTS = 20  # as many as a site may have
BACKLOG = 30  # comments of the slow site, each an event to each of its endpoints
SAMPLES = 40
PAUSE_S = 0.4
SLOW_S = 14.0


def tenants(kind: str) -> Iterator[Row]:
    """Yield medians and 95th percentiles in ms: alone, beside receivers that hang, beside slow ones."""
    alone = None
    for name, serve in (("alone", None), ("beside 20 that hang", _hang), ("beside 20 of 14 s", _answer_late)):
        times = sorted(_times(kind, serve))
        mid, late = median(times) * 1000, times[int(len(times) * 0.95)] * 1000
        alone = alone or (mid, late)
        yield Row(f"tenants-{kind}: {name}, median", mid, "ms", mid / alone[0], "≤ 1.2 ×")
        yield Row(f"tenants-{kind}: {name}, p95", late, "ms", late / alone[1], "≤ 1.2 ×")


def _hang(peer: socket.socket) -> None:
    peer.recv(65_536)
    time.sleep(60)


def _answer_late(peer: socket.socket) -> None:
    peer.recv(65_536)
    time.sleep(SLOW_S)
    peer.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")


def _times(kind: str, serve: Callable[[socket.socket], None] | None) -> list[float]:
    """Return the seconds from a comment's commit to the arrival of its first event."""
    with contextlib.ExitStack() as open_:
        made = open_.enter_context(stack(kind))
        db = Database(made.database_url)
        open_.callback(db.close)
        ours = open_.enter_context(receiver())
        check = Outbound([ipaddress.ip_network(LOOPBACK)]).check
        now = datetime.now(UTC)
        endpoints.add_endpoint(db, OPERATOR, "bench", ours.url, ["comment.received"], now, check=check)
        tasks = Tasks(Settings(made.folder, made.database_url, made.redis_url, b"x" * 32))
        command = [sys.executable, "-m", "service", "worker", "--only", "webhooks"]
        with made.process(["env", f"PARLEY_WEBHOOK_PRIVATE_NETWORKS={LOOPBACK}", *command]):
            _arrival(db, tasks, ours, "warm up")
            if serve:
                port = open_.enter_context(raw_server(serve))
                _crowd(db, port, check)
                tasks.nudge_webhooks()
                time.sleep(2)
            found = []
            for number in range(SAMPLES):
                found.append(_arrival(db, tasks, ours, f"Remark number {number}."))
                time.sleep(PAUSE_S)
    return found


def _crowd(db: Database, port: int, check: Callable[[str], None]) -> None:
    now = datetime.now(UTC)
    sites.add_site(db, "slow", "Slow", now=now)
    for number in range(SLOW_ENDPOINTS):
        url = f"http://127.0.0.1:{port}/{number}"
        endpoints.add_endpoint(db, OPERATOR, "slow", url, [], now, check=check)
    for number in range(BACKLOG):
        _post(db, "slow", f"Crowd {number}.")


def _post(db: Database, site: str, body: str) -> str:
    draft = Draft(site, "https://news.example/a", body, key="a")
    return Intake(db, b"k" * 32).submit(draft, datetime.now(UTC)).id


def _arrival(db: Database, tasks: Tasks, ours: Receiver, body: str) -> float:
    comment, begin = _post(db, "bench", body), time.monotonic()
    tasks.nudge_webhooks()
    while time.monotonic() < begin + 60:
        if any(hook.place[0] == comment for hook in ours.hooks[-3:]):
            return time.monotonic() - begin
        time.sleep(0.001)
        if time.monotonic() - begin > 2:  # as the scheduler does where a bell was not heard
            tasks.nudge_webhooks()
            time.sleep(0.5)
    return 60.0
