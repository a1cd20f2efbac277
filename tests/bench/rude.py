"""How much honest readers notice of 500 silent, 200 half-sent and 64 never-reading connections."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from service.storage.database import Database
from tests.bench.load import get, open_loop
from tests.bench.measures import ROUNDS, SECONDS, Row, fill
from tests.bench.stack import stack
from tests.faults.rude import HALF, Crowd, deaf

PATH = "/api/v1/comments?site=bench&thread={}&limit={}"
RATE = 50  # requests a second


def rude() -> Iterator[Row]:
    """p99 of a page of 20, alone and beside the crowd, in turns."""
    alone, beside = [], []
    with stack("sqlite") as here, here.web() as port:
        db = Database(here.database_url)
        fill(db, "thread-20", 20)
        fill(db, "thread-1000", 1000)
        db.close()
        crowd = {b"": 500, HALF: 200, deaf(PATH.format("thread-1000", 100)): 64}

        def p99() -> float:
            wanted = get(PATH.format("thread-20", 20))
            result = open_loop(port, lambda _: wanted, rate=RATE, seconds=max(SECONDS, 4))
            assert set(result.statuses) == {200}, result.statuses
            return result.percentile(0.99)

        p99()
        for _ in range(ROUNDS):
            alone.append(p99())
            with Crowd(port, crowd):
                beside.append(p99())
    before, after = statistics.median(alone), statistics.median(beside)
    yield Row("sqlite: GET 20 at 50/s, p99", before, "ms")
    yield Row("sqlite: the same beside 764 rude connections", after, "ms", after / before, "≤ 2 × alone")
