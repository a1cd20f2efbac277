"""What is measured. Each returns rows: name, value, unit, ratio to a floor of the same run, goal."""

from __future__ import annotations

import contextlib
import os
import signal
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, insert, select

import models
from service.comments.reading import PageCache, PageQuery, read_page
from service.context import utcnow
from service.domain.audit import START
from service.domain.ids import new_id
from service.moderation import deciding
from service.storage.database import Database
from service.storage.tables import Comment, Thread
from tests.bench.load import closed_loop, get, open_loop, percentile, post
from tests.bench.stack import Stack, stack
from tests.bench.texts import body, comment

SECONDS = float(os.environ.get("PARLEY_BENCH_SECONDS", "3"))
ROUNDS = int(os.environ.get("PARLEY_BENCH_ROUNDS", "5"))


@dataclass(frozen=True)
class Row:
    """One figure. ``ratio`` is to the floor that the name tells; ``goal`` is in words."""

    name: str
    value: float
    unit: str
    ratio: float | None = None
    goal: str = ""


def hello(here: Stack) -> contextlib.AbstractContextManager[int]:
    """Serve the floor: a bare Flask route."""
    return here.web("tests.bench.floor:make")


def medians(one: Callable[[], list[float]]) -> list[float]:
    """Run a measurement several times and return the median of each of its figures."""
    return [statistics.median(column) for column in zip(*(one() for _ in range(ROUNDS)), strict=True)]


def intake(kind: str) -> Iterator[Row]:
    """POST against a bare Flask route, and against itself without Redis."""
    with stack(kind) as here, hello(here) as floor, here.web() as port:
        offset = iter(range(0, 10**9, 10**6))

        def once() -> list[float]:
            bare = closed_loop(floor, lambda _: get("/hello"), seconds=SECONDS).rate
            start = next(offset)
            result = closed_loop(port, lambda n: post("/api/v1/comments", body(start + n)), seconds=SECONDS)
            assert set(result.statuses) == {202}, result.statuses
            inserts = bare_inserts(here)
            return [bare, result.rate, result.percentile(0.99), result.rate / bare, result.rate / inserts]

        bare, rate, p99, ratio, to_insert = medians(once)
        yield Row(f"{kind}: bare Flask route", bare, "requests/s")
        yield Row(f"{kind}: POST accepted", rate, "requests/s", ratio, "of the bare route")
        yield Row(
            f"{kind}: POST accepted", rate, "requests/s", to_insert, "of a bare committed insert, one thread"
        )
        yield Row(f"{kind}: POST p99 at saturation", p99, "ms")
        yield from without_redis(here, port, kind)


def bare_inserts(here: Stack) -> float:
    """Return how many rows a second one thread commits one by one."""
    db = Database(here.database_url)
    statement = insert(Thread)
    now, count, until = utcnow(), 0, time.monotonic() + 1
    while time.monotonic() < until:
        with db.write() as connection:
            key = new_id(utcnow())
            values = {"id": key, "site_id": "bench", "key": key, "url": key, "created_at": now}
            connection.execute(statement, values)
        count += 1
    db.close()
    return count / 1.0


def without_redis(here: Stack, port: int, kind: str) -> Iterator[Row]:
    """POST at 50 a second with Redis up, then stopped."""

    def p99(start: int) -> float:
        found = []
        for turn in range(3):
            at = start + turn * 10**6

            def make(number: int, at: int = at) -> bytes:
                return post("/api/v1/comments", body(at + number))

            result = open_loop(port, make, rate=50, seconds=4)
            assert set(result.statuses) == {202}, result.statuses
            found.append(result.percentile(0.99))
        return statistics.median(found)

    normal = p99(900_000_000)
    kill_redis(here)
    down = p99(950_000_000)
    yield Row(f"{kind}: POST p99 at 50/s, Redis down", down, "ms", down / normal, "≤ 2 × with Redis up")


def kill_redis(here: Stack) -> None:
    """End this stack's Redis by the process id it tells."""
    import redis

    with redis.Redis.from_url(here.redis_url) as client:
        os.kill(int(client.info("server")["process_id"]), signal.SIGKILL)


def latency(kind: str, rate: int) -> Iterator[Row]:
    """From POST to visible: the time between a comment's arrival and the moment its decision stands."""
    with stack(kind) as here, here.web() as port, here.worker():
        db = Database(here.database_url)
        open_loop(port, lambda n: post("/api/v1/comments", body(n)), rate=20, seconds=3)
        wait_for_empty(db)
        first = new_id(utcnow())
        result = open_loop(port, lambda n: post("/api/v1/comments", body(10**6 + n)), rate=rate, seconds=10)
        backlog = count_received(db)
        wait_for_empty(db)
        with db.read() as connection:
            rows = connection.execute(
                select(Comment.created_at, Comment.decided_at).where(Comment.id > first)
            ).all()
        db.close()
    times = [(row.decided_at - row.created_at).total_seconds() * 1000 for row in rows]
    p50, p99 = percentile(times, 0.5), percentile(times, 0.99)
    goals = {100: ("≤ 50 ms", "≤ 300 ms" if kind == "postgresql" else "≤ 500 ms")}.get(rate, ("", ""))
    name = f"{kind}: {rate} posts/s"
    yield Row(f"{name}, post → decided p50", p50, "ms", goal=goals[0])
    yield Row(f"{name}, post → decided p99", p99, "ms", goal=goals[1])
    yield Row(f"{name}, POST answered p99", result.percentile(0.99), "ms")
    yield Row(f"{name}, backlog at the end", backlog, "comments", goal="not growing" if rate > 100 else "")


def count_received(db: Database) -> int:
    """Return how many comments wait to be scored."""
    with db.read() as connection:
        query = select(func.count()).select_from(Comment).where(Comment.status == "received")
        return int(connection.execute(query).scalar_one())


def wait_for_empty(db: Database) -> None:
    """Wait until nothing waits to be scored; at most a minute."""
    until = time.monotonic() + 60
    while count_received(db):
        assert time.monotonic() < until, "the backlog did not empty in a minute"
        time.sleep(0.1)


def scoring(kind: str) -> Iterator[Row]:
    """The bare scorer, in the time that a full batch of a backlog has, and all that is around it."""
    scorer = models.load_scorer()
    texts = [comment(number) for number in range(1024)]
    time_of_a_batch = {"within": deciding.READING.total_seconds(), "effort": deciding.EFFORT_S, "spare": 0.0}

    def bare() -> float:
        begin = time.perf_counter()
        for at in range(0, len(texts), deciding.BATCH):
            scorer.read(texts[at : at + deciding.BATCH], **time_of_a_batch)
        return len(texts) / (time.perf_counter() - begin)

    bare()
    with stack(kind) as here, here.web() as port:
        db = Database(here.database_url)
        start = iter(range(0, 10**9, 10**6))

        def once() -> list[float]:
            first = next(start)
            while count_received(db) < 1500:
                closed_loop(port, lambda n, first=first: post("/api/v1/comments", body(first + n)), seconds=1)
                first += 10**5
            waiting, begin = count_received(db), time.perf_counter()
            while deciding.drain(db, scorer=scorer, clock=utcnow):
                pass
            rate, floor = waiting / (time.perf_counter() - begin), bare()
            return [floor, rate, rate / floor]

        floor, rate, ratio = medians(once)
        db.close()
    yield Row("bare scorer, batches of 256", floor, "comments/s", goal="≥ 5,000")
    yield Row(f"{kind}: claim, score, publish", rate, "comments/s", ratio, "≥ 0.6 of the bare scorer")


def fill(db: Database, thread: str, count: int) -> None:
    """Insert approved comments straight into the tables: the benchmark is of reading."""
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    with db.write() as connection:
        connection.execute(insert(Thread), {
            "id": thread, "site_id": "bench", "key": thread, "url": f"https://news.example/{thread}",
            "approved_count": count, "version": count, "created_at": begin,
        })  # fmt: skip
    for at in range(0, count, 10_000):
        rows = [_comment_row(thread, number, begin) for number in range(at, min(at + 10_000, count))]
        with db.write() as connection:
            connection.execute(insert(Comment), rows)


def _comment_row(thread: str, number: int, begin: datetime) -> dict[str, Any]:
    made = begin + timedelta(seconds=number)
    return {
        "id": new_id(made), "site_id": "bench", "thread_id": thread, "author_name": "Ann",
        "body": comment(number), "status": "approved", "version": 2,
        "audit_head": START, "shown": True, "rank": number % 97,
        "created_at": made, "decided_at": made,
    }  # fmt: skip


def reading(kind: str, sizes: tuple[int, ...]) -> Iterator[Row]:
    """GET of a page of 50: uncached, cached, 304; and how its cost grows with the thread."""
    goals = {"sqlite": "≥ 0.25 of the bare route", "postgresql": ""}
    path = "/api/v1/comments?site=bench&thread=thread-{}&limit=50&sort={}"
    with stack(kind) as here, hello(here) as floor, here.web() as port:
        db = Database(here.database_url)
        for size in sizes:
            fill(db, f"thread-{size}", size)
        if not db.is_sqlite:
            with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("ANALYZE")
        small = sizes[0]

        def once() -> list[float]:
            bare = closed_loop(floor, lambda _: get("/hello"), seconds=SECONDS).rate
            cached = closed_loop(port, lambda _: get(path.format(small, "newest")), seconds=SECONDS)
            known = read_page(db, PageCache(), PageQuery("bench", f"thread-{small}", limit=50)).etag
            same = get(path.format(small, "newest"), If_None_Match=known)
            unchanged = closed_loop(port, lambda _: same, seconds=SECONDS)
            assert (set(cached.statuses), set(unchanged.statuses)) == ({200}, {304})
            # Another title in the query is another page: never cached, same work.
            uncached = closed_loop(port, lambda n: get(path.format(small, "newest") + f"&cursor={cursor(n)}"),
                                   seconds=SECONDS)  # fmt: skip
            assert set(uncached.statuses) == {200}
            return [bare, uncached.rate / bare, cached.rate / bare, unchanged.rate / bare]

        bare, uncached, cached, unchanged = medians(once)
        yield Row(f"{kind}: bare Flask route", bare, "requests/s")
        yield Row(f"{kind}: GET 50 uncached", bare * uncached, "requests/s", uncached, goals[kind])
        yield Row(f"{kind}: GET 50 cached", bare * cached, "requests/s", cached, "≥ 0.6 of the bare route")
        yield Row(f"{kind}: GET 304", bare * unchanged, "requests/s", unchanged, "≥ 0.6 of the bare route")
        yield from growth(db, kind, sizes)
        db.close()


def cursor(number: int) -> str:
    """Return a valid cursor after a comment that never was: each number is another page of the same cost."""
    import base64
    import json

    made = new_id(datetime(2027, 1, 1, tzinfo=UTC) + timedelta(seconds=number))
    raw = json.dumps(["newest", 0, made], separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def growth(db: Database, kind: str, sizes: tuple[int, ...]) -> Iterator[Row]:
    """The first page of a large thread against that of a small one, rendered in this process."""
    for sort in ("newest", "top"):
        costs = {size: [] for size in sizes}
        for _ in range(40):
            for size in sizes:
                begin = time.perf_counter()
                read_page(db, PageCache(), PageQuery("bench", f"thread-{size}", sort=sort, limit=50))
                costs[size].append(time.perf_counter() - begin)
        base = statistics.median(costs[sizes[0]])
        for size in sizes:
            cost = statistics.median(costs[size])
            goal = "≤ 1.3 × the smallest" if size != sizes[0] else ""
            yield Row(f"{kind}: first page of {size:,}, {sort}", cost * 1000, "ms", cost / base, goal)
