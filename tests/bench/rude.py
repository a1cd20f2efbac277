"""How much honest readers notice of 500 silent, 200 half-sent and 64 never-reading connections.

The crowd has a process of its own: in that of the load generator its hundreds of connections would take
the time that is measured.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import statistics
from collections.abc import Iterator, Mapping
from multiprocessing.synchronize import Event

from service.running.connections import SILENT_S
from service.storage.database import Database
from tests.bench.load import get, open_loop, single
from tests.bench.measures import ROUNDS, SECONDS, Row, fill
from tests.bench.stack import stack
from tests.faults.rude import HALF, Crowd, deaf

PATH = "/api/v1/comments?site=bench&thread={}&limit={}"
RATE = 50  # requests a second
FORKED = multiprocessing.get_context("fork")


def rude() -> Iterator[Row]:
    """p99 of a page of 20, alone and beside the crowd, in turns; and what one waits who comes with it."""
    alone, beside, first = [], [], []
    with stack("sqlite") as here, here.web() as port:
        db = Database(here.database_url)
        fill(db, "thread-20", 20)
        fill(db, "thread-1000", 1000)
        db.close()
        crowd = {b"": 500, HALF: 200, deaf(PATH.format("thread-1000", 100)): 64}
        wanted = get(PATH.format("thread-20", 20))

        def p99(seconds: float) -> float:
            result = open_loop(port, lambda _: wanted, rate=RATE, seconds=seconds)
            assert set(result.statuses) == {200}, result.statuses
            return result.percentile(0.99)

        p99(2)
        for _ in range(ROUNDS):
            alone.append(p99(max(SECONDS, 4)))
            with _crowd(port, crowd):
                first.append(single(port, wanted)[1] * 1000)
                beside.append(p99(max(SECONDS, 4)))
        with _crowd(port, crowd):
            single(port, wanted)
            anew = p99(SILENT_S + 5)
    before, after = statistics.median(alone), statistics.median(beside)
    yield Row("sqlite: GET 20 at 50/s, p99", before, "ms")
    yield Row("sqlite: the same beside 764 rude connections", after, "ms", after / before, "≤ 2 × alone")
    yield Row("sqlite: 20 s in which they are dropped and come anew", anew, "ms", anew / before, "")
    yield Row("sqlite: a newcomer among the 764 that just came", statistics.median(first), "ms")


@contextlib.contextmanager
def _crowd(port: int, sizes: Mapping[bytes, int]) -> Iterator[None]:
    """Have the crowd there, all of it connected, until the block ends."""
    came, done = FORKED.Event(), FORKED.Event()
    process = FORKED.Process(target=_stay, args=(port, sizes, came, done), daemon=True)
    process.start()
    try:
        assert came.wait(30), "the crowd did not come"
        yield
    finally:
        done.set()
        process.join(30)


def _stay(port: int, sizes: Mapping[bytes, int], came: Event, done: Event) -> None:
    with Crowd(port, sizes):
        came.set()
        done.wait(120)
