"""How often one may try to log in, on a real Redis and without one."""

from __future__ import annotations

import secrets
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from limits import parse_many

from service.domain.errors import TooManyRequests
from service.settings import Settings
from service.web import login_limits
from service.web.login_limits import LoginLimits
from tests.conftest import NOW


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


@pytest.fixture
def besieged(limits: LoginLimits, name: str, monkeypatch: pytest.MonkeyPatch) -> LoginLimits:
    """Limits on a name that strangers guess at; waiting takes a second, not a minute."""
    monkeypatch.setattr(login_limits, "PATIENT", tuple(parse_many("1/second")))
    for number in range(120):
        with suppress(TooManyRequests):
            limits.check(name, f"2001:db8:66:{number:x}::1")
    return limits


def test_a_browser_that_logged_in_before_is_not_held_up_by_strangers(besieged, name):
    device = besieged.known_device(name, besieged.device_cookie(name, "", NOW), NOW)
    besieged.check(name, "2001:db8:66:1::1", device)  # even from a network that guesses
    for _ in range(30):
        besieged.count_failure("2001:db8:66:1::1")

    besieged.check(name, "2001:db8:66:1::1", device)


def test_a_known_browser_has_five_tries_a_minute_and_its_own_success_forgives_it_alone(besieged, name):
    device = besieged.known_device(name, besieged.device_cookie(name, "", NOW), NOW)
    for _ in range(5):
        besieged.check(name, "192.0.2.1", device)
    with pytest.raises(TooManyRequests):
        besieged.check(name, "192.0.2.1", device)
    besieged._here.device = device
    besieged.forgive(name)
    besieged.check(name, "192.0.2.1", device)

    with pytest.raises(TooManyRequests):
        besieged.check(name, "198.51.100.7")  # strangers are not forgiven by it


def test_under_attack_a_stranger_who_waits_gets_a_try(besieged, name):
    with pytest.raises(TooManyRequests) as first:
        besieged.check(name, "198.51.100.7")
    with pytest.raises(TooManyRequests):
        besieged.check(name, "198.51.100.7")  # at once
    time.sleep(1.1)

    besieged.check(name, "198.51.100.7")
    assert first.value.retry_after <= 60


def test_under_attack_a_network_has_three_tries_an_hour(besieged, name):
    got = 0
    for _ in range(6):
        with suppress(TooManyRequests):
            besieged.check(name, "198.51.100.7")
            got += 1
        time.sleep(1.05)

    assert got <= 3


def test_a_cookie_stands_for_those_who_logged_in_there_and_nobody_else(limits, name):
    cookie = ""
    for person in ("ann", "ben", name):
        cookie = limits.device_cookie(person, cookie, NOW)
    later = NOW + timedelta(days=366)

    assert all(limits.known_device(person, cookie, NOW) for person in ("ann", "ben", f" {name} "))
    assert limits.known_device("cleo", cookie, NOW) is None
    assert limits.known_device(name, cookie, later) is None
    assert len(limits.device_cookie("dora", limits.device_cookie("cleo", cookie, NOW), NOW).split("~")) == 4


@pytest.mark.parametrize(
    "cookie", ["", "~", "x.y.z", "a.9999999999." + "0" * 64, "\udcff.1.2", "." * 50, "~" * 900]
)
def test_what_is_no_cookie_of_ours_is_a_stranger(limits, name, cookie):
    assert limits.known_device(name, cookie, NOW) is None


def test_another_installations_cookie_is_none_of_ours(limits, redis_url, tmp_path, name):
    other = LoginLimits(Settings(tmp_path, "sqlite:///", redis_url, b"y" * 32))

    assert limits.known_device(name, other.device_cookie(name, "", NOW), NOW) is None


def test_codes_are_twenty_a_day_for_all_strangers_and_no_right_password_forgives_them(limits, name):
    got = 0
    for number in range(25):
        limits.check(name, f"198.51.100.{number}")
        with suppress(TooManyRequests):
            limits.check_code(f" {name} ", None)
            got += 1
        limits.forgive(name)
    with pytest.raises(
        TooManyRequests, match=r"Too many codes were tried\. Try again in 2\d hours\."
    ) as refused:
        limits.check_code(name, None)

    assert got == 20
    assert refused.value.retry_after <= 86_400
    limits.check_code(f"{name}x", None)


def test_codes_of_a_known_browser_are_counted_for_it_alone(limits, name):
    for _ in range(20):
        limits.check_code(name, None)
    for _ in range(20):
        limits.check_code(name, "a device")

    with pytest.raises(TooManyRequests):
        limits.check_code(name, "a device")
    limits.check_code(name, "another")


def test_refusals_are_worth_an_entry_at_the_first_tenth_hundredth(redis_url, tmp_path, monkeypatch):
    monkeypatch.setattr(login_limits, "PREFIX", secrets.token_hex(6))
    limits = LoginLimits(_settings(redis_url, tmp_path))

    assert [count for _ in range(250) if (count := limits.refusals())] == [1, 10, 100]


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
