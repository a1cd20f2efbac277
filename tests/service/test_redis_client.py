"""Redis takes writes or does not, which a ping cannot tell."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import redis

from service.redis_client import redis_client, trouble
from service.settings import Settings, read_settings
from tests.running import start_redis


@pytest.fixture(scope="module")
def own_redis(folder: Path) -> Iterator[str]:
    with start_redis(folder / "own.sock") as url:
        yield url


@pytest.fixture
def given(tmp_path: Path, own_redis: str) -> Settings:
    return replace(read_settings({"PARLEY_DATA_DIR": str(tmp_path)}), redis_url=own_redis)


def client_of(settings: Settings) -> redis.Redis:
    client = redis_client(settings)
    assert client is not None
    return client


def test_a_redis_that_takes_writes_is_no_trouble_and_soon_forgets_the_probe(given: Settings) -> None:
    with client_of(given) as client:
        assert trouble(client) == ""
        assert {key: client.ttl(key) > 0 for key in client.scan_iter()} == {b"parley-probe": True}  # type: ignore[operator]


def test_a_full_one_answers_a_ping_and_is_trouble(given: Settings) -> None:
    with client_of(given) as client:
        client.config_set("maxmemory", 1)
        try:
            assert client.ping()
            assert trouble(client) == "takes no writes: it is full"
        finally:
            client.config_set("maxmemory", 0)
        assert trouble(client) == ""


def test_so_is_a_copy_of_another(given: Settings) -> None:
    with client_of(given) as client:
        client.replicaof("127.0.0.1", "1")
        try:
            assert trouble(client) == "takes no writes: it is a copy of another"
        finally:
            client.replicaof("NO", "ONE")


def test_so_is_one_that_cannot_save_what_it_has(given: Settings) -> None:
    with client_of(given) as client:
        client.config_set("min-replicas-to-write", 1)  # the same kind: it answers, and refuses to write
        try:
            assert trouble(client).startswith("takes no writes: ")
        finally:
            client.config_set("min-replicas-to-write", 0)


def test_so_is_one_that_is_away(given: Settings) -> None:
    with client_of(replace(given, redis_url="unix:///nowhere/redis.sock")) as client:
        assert trouble(client) == "does not answer"
