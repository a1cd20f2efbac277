"""Hundreds of rude connections and some honest ones at once: the honest are all served, and soon.

How soon, `python -m tests.bench rude` measures; here only that nobody waits for the rude.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert

from service.domain.audit import START
from service.domain.ids import new_id
from service.sites import sites
from service.storage import migrate
from service.storage.database import Database
from service.storage.tables import Comment, Thread
from tests.bench.load import get, open_loop, post, single
from tests.faults.rude import HALF, Crowd, deaf
from tests.running import ROOT, Parley, free_port, parley_command, stop, wait_until

LARGE = "/api/v1/comments?site=demo&thread=large&limit=100"
SMALL = "/api/v1/comments?site=demo&thread=small"
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
SOON_S = 2.0  # generous: many processes share the machine that tests run on
CROWD = {b"": 500, HALF: 200, deaf(LARGE): 64}


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """`parley web` on SQLite, with one page of nearly a megabyte."""
    folder, port = tmp_path_factory.mktemp("rude"), free_port()
    fill(folder)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PARLEY_")}
    ours = {
        "PARLEY_PORT": str(port),
        "PARLEY_DATA_DIR": str(folder),
        "PARLEY_REDIS_URL": f"filesystem://{folder}/broker",
        "PARLEY_LOG_LEVEL": "warning",
    }
    with (folder / "web.log").open("wb") as log:
        process = subprocess.Popen(parley_command("web"), cwd=ROOT, env=clean | ours, stdout=log, stderr=log)
    running = Parley(f"http://127.0.0.1:{port}", process, folder, folder / "web.log")
    try:
        wait_until(lambda: alive(running), 60, "the web server did not start")
        yield port
        assert b"killed" not in (folder / "web.log").read_bytes()
    finally:
        stop(process)


def alive(running: Parley) -> bool:
    try:
        return running.call("GET", "/healthz").status == 200
    except OSError:
        return False


def fill(folder: Path) -> None:
    db = Database(f"sqlite:///{folder / 'parley.db'}")
    migrate.upgrade(db)
    sites.add_site(db, "demo", "Demo", now=BEGIN)
    with db.write() as connection:
        for name, size, text in (("large", 100, "Many words. " * 400), ("small", 5, "Few words.")):
            thread = {"id": name, "site_id": "demo", "key": name, "url": f"http://localhost/{name}"}
            connection.execute(
                insert(Thread), thread | {"approved_count": size, "version": size, "created_at": BEGIN}
            )
            connection.execute(insert(Comment), [comment(name, text, number) for number in range(size)])
    db.close()


def comment(thread: str, text: str, number: int) -> dict[str, object]:
    made = BEGIN + timedelta(seconds=number)
    return {
        "id": new_id(made), "site_id": "demo", "thread_id": thread, "author_name": "Ann", "body": text,
        "status": "approved", "version": 2, "audit_head": START, "shown": True, "rank": 0,
        "created_at": made, "decided_at": made,
    }  # fmt: skip


def words(number: int) -> bytes:
    thread = f'{{"key": "t{number}", "url": "http://localhost/t"}}'
    return post(
        "/api/v1/comments", f'{{"site": "demo", "thread": {thread}, "body": "Word {number}."}}'.encode()
    )


def test_honest_requests_are_all_served_beside_hundreds_of_rude_connections(port: int) -> None:
    with Crowd(port, CROWD) as crowd:
        assert crowd.made >= 764
        reads = open_loop(port, lambda _: get(SMALL), rate=30, seconds=4, connections=16)
        posts = open_loop(port, words, rate=5, seconds=2, connections=4)
        newcomers = [single(port, get("/healthz")) for _ in range(20)]

    assert (set(reads.statuses), set(posts.statuses)) == ({200}, {202})
    assert {status for status, _ in newcomers} == {200}
    assert reads.percentile(0.99) < SOON_S * 1000
    assert max(seconds for _, seconds in newcomers) < SOON_S


def test_rude_connections_are_dropped_and_leave_nothing_behind(port: int) -> None:
    with Crowd(port, {b"": 100, HALF: 100, deaf(LARGE): 16}) as crowd:
        # A deaf one does not notice that it was dropped; `tests/service/running/test_connections.py` does.
        wait_until(lambda: crowd.made >= 2 * 200 + 16, 40, "the server keeps them for ever")

    assert single(port, get("/healthz"))[0] == 200
