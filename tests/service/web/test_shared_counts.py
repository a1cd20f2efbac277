"""Counts that processes share through a real Redis, a little later; and without one."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from service.settings import Settings
from service.web import shared_counts
from service.web.shared_counts import Count, SharedCounts
from tests.running import wait_until


@pytest.fixture
def prefix(tmp_path: Path) -> str:
    return f"parley-test-{tmp_path.name}"


def made(redis_url: str, folder: Path, prefix: str) -> SharedCounts:
    return SharedCounts(Settings(folder, "sqlite:///", redis_url, b"k" * 32), prefix)


def test_each_count_of_a_process_is_known_in_it_at_once(tmp_path: Path, redis_url: str, prefix: str) -> None:
    for url in (redis_url, f"filesystem://{tmp_path}"):
        counts = made(url, tmp_path, prefix)
        one, two = Count("one", 60), Count("two", 60)

        assert [counts.count([one]), counts.count([one, two]), counts.count([two])] == [[1], [2, 1], [2]]
        counts.take_back([one])
        assert counts.count([one, two]) == [2, 3]


def test_threads_of_a_process_lose_no_count(tmp_path: Path, redis_url: str, prefix: str) -> None:
    counts = made(redis_url, tmp_path, prefix)
    threads = [
        threading.Thread(target=lambda: [counts.count([Count("k", 60)]) for _ in range(200)])
        for _ in range(8)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()

    assert counts.count([Count("k", 60)]) == [1601]
    assert counts.sync()
    assert counts.count([Count("k", 60)]) == [1602]


def test_what_one_process_counts_another_knows_a_little_later(
    tmp_path: Path, redis_url: str, prefix: str
) -> None:
    here, there = made(redis_url, tmp_path, prefix), made(redis_url, tmp_path, prefix)
    here.count([Count("k", 60)] * 5)

    def known() -> bool:  # by the threads of the two alone
        (found,) = there.count([Count("k", 60)])
        there.take_back([Count("k", 60)])
        return found == 6

    wait_until(known, 10, "the other's five counts were not learned")


def test_what_was_before_counts_where_it_is_more(tmp_path: Path, redis_url: str, prefix: str) -> None:
    here, there = made(redis_url, tmp_path, prefix), made(redis_url, tmp_path, prefix)
    here.count([Count("first", 60)] * 7)
    assert here.sync()

    assert here.count([Count("next", 60, before="first")]) == [7]
    there.count([Count("next", 60, before="first")])  # it asks for both
    assert there.sync()
    assert there.count([Count("next", 60, before="first")]) == [7]
    assert there.count([Count("next", 60, before="first")] * 6)[-1] >= 8


def test_without_an_answer_a_process_counts_for_itself_and_tells_it_later(
    tmp_path: Path, redis_url: str, prefix: str
) -> None:
    nobody = made("redis://127.0.0.1:1/0", tmp_path, prefix)
    assert nobody.count([Count("k", 60)] * 3) == [1, 2, 3]
    assert not nobody.sync()
    assert nobody.count([Count("k", 60)]) == [4]

    nobody._redis = made(redis_url, tmp_path, prefix)._redis  # it is back
    assert nobody.sync()
    other = made(redis_url, tmp_path, prefix)
    other.count([Count("k", 60)])
    assert other.sync()
    assert other.count([Count("k", 60)]) == [6]


def test_a_count_ends(tmp_path: Path, redis_url: str, prefix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("service.web.shared_counts.time.monotonic", lambda: now)
    counts = made(f"filesystem://{tmp_path}", tmp_path, prefix)
    counts.count([Count("k", 60)] * 3)

    now += 61
    assert counts.count([Count("k", 60)]) == [1]
    shared = made(redis_url, tmp_path, prefix)
    shared.count([Count("k", 60)])
    assert shared.sync()
    assert shared._redis is not None
    assert 0 < shared._redis.ttl(f"{prefix}:k") <= 60


def test_many_keys_are_told_in_parts_and_the_oldest_forgotten(
    tmp_path: Path, redis_url: str, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_counts, "KEPT", 100)
    monkeypatch.setattr(shared_counts, "AT_ONCE", 7)
    counts = made(redis_url, tmp_path, prefix)
    for n in range(90):
        counts.count([Count(f"k{n}", 60)])
    assert counts.sync()
    for n in range(90, 1000):
        counts.count([Count(f"k{n}", 60)])

    assert len(counts._kept) <= 100
    assert counts.count([Count("k999", 60)]) == [2]
    assert counts.count([Count("k0", 60)]) == [1]
    assert counts.sync()
    assert counts.count([Count("k0", 60)]) == [3]  # Redis had not forgotten
