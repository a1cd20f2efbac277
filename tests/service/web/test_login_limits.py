"""How often one may try to log in, on a real Redis and without one."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from service.domain.errors import TooManyRequests
from service.settings import Settings
from service.web.login_limits import LoginLimits


@pytest.fixture(params=["redis", "redis is down", "no redis"])
def limits(request: pytest.FixtureRequest, redis_url: str, tmp_path: Path) -> LoginLimits:
    """Limits that count in Redis, or in this process."""
    urls = {"redis": redis_url, "redis is down": f"unix://{tmp_path}/none.sock"}
    return LoginLimits(_settings(urls.get(request.param, f"filesystem://{tmp_path}"), tmp_path))


def _settings(redis_url: str, folder: Path) -> Settings:
    return Settings(folder, "sqlite:///", redis_url, b"x" * 32)


@pytest.fixture
def name() -> str:
    return secrets.token_hex(8)


@pytest.fixture
def address() -> str:
    return f"2001:db8:{secrets.randbelow(65536):x}:{secrets.randbelow(65536):x}::1"


def test_the_sixth_attempt_on_a_name_from_one_network_must_wait(limits, name, address):
    for _ in range(5):
        limits.check(name, address)

    with pytest.raises(TooManyRequests, match="Try again in") as refused:
        limits.check(f" {name} ", f"{address}:2")  # the same /64
    assert 1 <= refused.value.retry_after <= 60

    limits.check(f"{name}x", address)


def test_a_stranger_who_guesses_wrongly_locks_nobody_else_out(limits, name, address):
    refused = 0
    for _ in range(120):
        try:
            limits.check(name, "192.0.2.66")
        except TooManyRequests:
            refused += 1

    assert refused == 115
    limits.check(name, address)


def test_many_strangers_together_may_try_a_name_a_hundred_times_an_hour(limits, name):
    for number in range(100):
        limits.check(name, f"198.51.100.{number}")

    with pytest.raises(TooManyRequests):
        limits.check(name, "198.51.100.200")


def test_a_right_password_from_elsewhere_does_not_let_a_guesser_go_on(limits, name, address):
    for _ in range(5):
        limits.check(name, "192.0.2.66")
    limits.check(name, address)
    limits.forgive(name)

    with pytest.raises(TooManyRequests):
        limits.check(name, "192.0.2.66")


def test_a_right_password_forgives_the_name(limits, name, address):
    for _ in range(5):
        limits.check(name, address)
    limits.forgive(name)

    limits.check(name, address)


def test_twenty_failures_from_one_network_close_it_for_every_name(limits, address):
    for _ in range(20):
        limits.count_failure(address)

    with pytest.raises(TooManyRequests, match="Too many attempts"):
        limits.check(secrets.token_hex(4), f"{address}:2")  # the same /64
    limits.check(secrets.token_hex(4), "192.0.2.77")


def test_logins_that_succeed_do_not_count_against_their_network(limits, address):
    for _ in range(30):
        limits.check(secrets.token_hex(4), address)


def test_two_processes_count_together_in_redis(redis_url, tmp_path, name):
    first, second = (LoginLimits(_settings(redis_url, tmp_path)) for _ in range(2))
    for limits in (first, second, first, second, first):
        limits.check(name, None)

    with pytest.raises(TooManyRequests, match="Too many attempts"):
        second.check(name, None)
