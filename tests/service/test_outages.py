"""A part that is away is told of once a state, however often it is tried."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import structlog
from structlog.testing import capture_logs

from service.outages import Outage


def test_a_loss_and_a_return_are_one_line_each_however_many_threads_try() -> None:
    outage = Outage(structlog.get_logger(), "away", "there again")
    with capture_logs() as lines, ThreadPoolExecutor(8) as pool:
        for _ in range(2):
            list(pool.map(lambda _: outage.lost(reason="no answer"), range(100)))
            list(pool.map(lambda _: outage.back(), range(100)))

    assert [(line["event"], line.get("reason"), line.get("tries")) for line in lines] == [
        ("away", "no answer", None),
        ("there again", None, 100),
    ] * 2


def test_what_always_worked_is_never_told() -> None:
    with capture_logs() as lines:
        Outage(structlog.get_logger(), "away", "there again").back()

    assert lines == []
