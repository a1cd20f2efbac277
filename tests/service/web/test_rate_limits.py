"""Counting in a real Redis, and without one.

Proves `service/redis_client.py` too.
"""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest
import redis
from limits import RateLimitItemPerMinute
from limits.strategies import SlidingWindowCounterRateLimiter

from service.settings import Settings
from service.web.rate_limits import RateLimits
from tests.running import start_redis

THREE = (RateLimitItemPerMinute(3),)


def limits_at(redis_url: str, folder: Path) -> RateLimits:
    settings = Settings(folder, "sqlite:///", redis_url, b"x" * 32)
    return RateLimits(settings, "parley-test", SlidingWindowCounterRateLimiter)


@pytest.fixture(params=["redis", "redis is down", "no redis"])
def limits(request: pytest.FixtureRequest, redis_url: str, tmp_path: Path) -> RateLimits:
    """Limits that count in Redis, or in this process."""
    urls = {"redis": redis_url, "redis is down": f"unix://{tmp_path}/none.sock"}
    return limits_at(urls.get(request.param, f"filesystem://{tmp_path}"), tmp_path)


def test_what_a_limit_leaves_room_for_may_be_done(limits: RateLimits) -> None:
    name, other = secrets.token_hex(8), secrets.token_hex(8)
    answers = [limits.hit(THREE, name) for _ in range(5)]

    assert answers[:3] == [None] * 3
    assert all(wait is not None and 1 <= wait <= 60 for wait in answers[3:])
    assert limits.hit(THREE, other) is None


def test_a_cost_beyond_the_room_counts_nothing(limits: RateLimits) -> None:
    name = secrets.token_hex(8)

    assert limits.hit(THREE, name, cost=2) is None
    assert limits.hit(THREE, name, cost=2) is not None
    assert limits.hit(THREE, name, cost=1) is None


def test_looking_does_not_count(limits: RateLimits) -> None:
    name = secrets.token_hex(8)
    assert [limits.test(THREE, name) for _ in range(9)] == [None] * 9
    for _ in range(3):
        limits.hit(THREE, name)

    assert limits.test(THREE, name) is not None


def test_what_is_cleared_is_forgotten(limits: RateLimits) -> None:
    name = secrets.token_hex(8)
    for _ in range(4):
        limits.hit(THREE, name)
    limits.clear(THREE, name)

    assert limits.hit(THREE, name) is None


def test_two_processes_share_one_count(redis_url: str, tmp_path: Path) -> None:
    first, second = limits_at(redis_url, tmp_path), limits_at(redis_url, tmp_path)
    name = secrets.token_hex(8)
    answers = [limits.hit(THREE, name) for limits in (first, second, first, second)]

    assert [wait is None for wait in answers] == [True, True, True, False]


def test_a_redis_that_dies_is_replaced_at_once_and_taken_up_again(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    socket, name = folder / "dying.sock", secrets.token_hex(8)
    limits = limits_at(f"unix://{socket}", tmp_path)
    monkeypatch.setattr("service.web.rate_limits.PAUSE_S", 0.0)
    with start_redis(socket):
        before = [limits.hit(THREE, name) for _ in range(4)]
    without = [limits.hit(THREE, name) for _ in range(4)]
    with start_redis(socket) as url:
        limits.hit(THREE, name)
        with redis.Redis.from_url(url) as client:
            counted = list(client.scan_iter("*parley-test*"))

    assert [wait is None for wait in before] == [True, True, True, False]
    assert [wait is None for wait in without] == [True, True, True, False]
    assert counted
