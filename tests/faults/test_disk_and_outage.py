"""Two rows of the matrix by themselves: X7, a disk that is full, and X13, a receiver away for a day."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import threading
from collections.abc import Iterator, Mapping

import psutil
import pytest

from service.domain.retries import GAPS
from service.outbound import Answer
from service.storage.database import Database
from service.webhooks.sending import PARALLEL
from tests.fakes import FakeClock
from tests.needs import IS_NIGHT, NIGHTLY
from tests.receiver import Receiver, receiver
from tests.running import ROOT, Parley, parley_command, start_embedded, wait_until
from tests.running import Answer as Answered
from tests.service.webhooks.test_endpoints import happen
from tests.service.webhooks.test_sending import OUT, add, in_order, send_all

HOURS = 24
EVENTS_AN_HOUR = 50
ROOM = 64 << 10  # bytes that a file may still grow


@pytest.fixture(autouse=True)
def _at_night() -> None:
    if not IS_NIGHT:
        NIGHTLY.missing()


@contextlib.contextmanager
def no_room(parley: Parley) -> Iterator[None]:
    """Let no file of a Parley's grow beyond its largest: the nearest to a full disk without a mount."""
    top = psutil.Process(parley.process.pid)
    largest = max(path.stat().st_size for path in parley.data.rglob("*") if path.is_file())
    before = []
    for process in (top, *top.children(recursive=True)):
        limits = process.rlimit(psutil.RLIMIT_FSIZE)
        process.rlimit(psutil.RLIMIT_FSIZE, (largest + ROOM, limits[1]))
        before.append((process, limits))
    try:
        yield
    finally:
        for process in (top, *top.children(recursive=True)):  # some may be new
            with contextlib.suppress(psutil.NoSuchProcess):
                process.rlimit(psutil.RLIMIT_FSIZE, before[0][1])


@pytest.mark.timeout(600)
def test_a_full_disk_costs_answers_and_nothing_else() -> None:
    """X7: 503 with a time to come back, no part of a row, and it resumes alone."""
    with start_embedded() as parley:
        first = [post(parley, number) for number in range(20)]
        with no_room(parley):
            tight = [post(parley, 100 + number) for number in range(400)]
            assert parley.call("GET", "/healthz").status == 200
            assert parley.call("GET", "/api/v1/comments?site=demo&thread=t").status == 200
            wait_until(lambda: not parley.ready(), 20, "ready without any room to write")
        wait_until(parley.ready, 60, "it did not come back by itself")
        after = [post(parley, 1000 + number) for number in range(5)]

        every = [*first, *tight, *after]
        assert {answer.status for answer in every} == {202, 503}
        assert {answer.status for answer in after} == {202}
        assert all("Retry-After" in answer.headers for answer in every if answer.status == 503)
        kept = {answer.json["id"] for answer in every if answer.status == 202}
        wait_until(lambda: decided(parley) >= kept, 60, "acknowledged comments are not decided")
        assert query(parley, "PRAGMA integrity_check") == [("ok",)]
        entries = "SELECT subject_id, count(*) FROM audit WHERE subject_kind = 'comment' GROUP BY subject_id"
        assert {count for _, count in query(parley, entries)} == {2}
        environment = os.environ | {"PARLEY_DATA_DIR": str(parley.data)}
        verified = subprocess.run(
            parley_command("audit", "verify"), cwd=ROOT, env=environment, capture_output=True, check=False
        )
        assert verified.returncode == 0, verified.stdout


def post(parley: Parley, number: int) -> Answered:
    thread = {"key": "t", "url": f"{parley.base}/t"}
    words = f"Remark number {number}: the talks should go on. " + "Many more words follow here. " * 20
    return parley.call("POST", "/api/v1/comments", {"site": "demo", "thread": thread, "body": words})


def query(parley: Parley, sql: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(parley.data / "parley.db", timeout=20) as connection:
        return connection.execute(sql).fetchall()


def decided(parley: Parley) -> set[object]:
    return {key for (key,) in query(parley, "SELECT id FROM comments WHERE status <> 'received'")}


@pytest.mark.timeout(1800)
def test_after_a_day_without_a_receiver_all_arrives_in_order_and_no_stampede(postgres_db: Database) -> None:
    """X13, with the clock that the use cases are given: nothing waits for a real day."""
    clock, at_once, most, lock = FakeClock(), 0, 0, threading.Lock()

    def away(*_: object) -> Answer:
        return Answer(None, error="nobody is there")

    def counted(url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        try:
            return OUT.post(url, body, headers)
        finally:
            with lock:
                at_once -= 1

    with receiver() as ours:
        endpoint = add(postgres_db, clock, ours.url)
        made = 0
        for hour in range(HOURS):
            happen(postgres_db, clock, *(f"Remark {hour}-{number}." for number in range(EVENTS_AN_HOUR)))
            made += 2 * EVENTS_AN_HOUR
            send_all(postgres_db, clock, endpoint.id, away)
            clock.forward(hours=1)
        assert ours.hooks == []
        for _ in range(1 + round(sum(gap.total_seconds() for gap in GAPS) / 3600)):
            send_all(postgres_db, clock, endpoint.id, counted)
            clock.forward(hours=1)

        assert_all_arrived(ours, made)
        assert 1 < most <= PARALLEL


def assert_all_arrived(ours: Receiver, made: int) -> None:
    assert len({hook.id for hook in ours.hooks}) == len(ours.hooks) == made
    assert in_order(ours.hooks)
