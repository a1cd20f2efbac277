"""Passwords: what is tried first is refused, what is good is not."""

from __future__ import annotations

import pytest

from service.sites.first_start import make_password
from service.sites.passwords import problems
from tests.growth import LINEAR, growth


@pytest.mark.parametrize(
    "password",
    [
        "password1234", "123456789012", "qwertyuiopas", "passwordpassword", "moderator123", "mo-demo-mo-demo",
        "abcdabcdabcd", "Password123!", "qwertyqwerty", "letmeinletmein", "iloveyou1234", "P@ssw0rd1234",
        "parley-parley", "1q2w3e4r5t6y", "trustno1trustno1", "mo-demo12345", "drowssap4321",
    ],
)  # fmt: skip
def test_a_password_that_is_tried_first_is_refused(password):
    [(pointer, text)] = problems(password, ["mo-demo"])

    assert pointer == "/password"
    assert "tried first" in text
    assert password not in text


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery", "another long password", "Zwiebelturm & Regen", "пять синих чайников",
        "vzK2p!q9Lm0x",
    ],
)  # fmt: skip
def test_a_good_one_is_taken(password):
    assert problems(password, ["mo-demo"]) == []


def test_those_we_make_up_are_good():
    assert [problems(make_password()) for _ in range(20)] == [[]] * 20


def test_a_long_one_is_judged_in_linear_time():
    assert growth(problems, "password" * 6, "password" * 25) < LINEAR


@pytest.mark.parametrize("password", ["short", "x" * 201, "a" * 16])
def test_lengths_and_repeats_are_named_first(password):
    assert "tried first" not in str(problems(password))
    assert problems(password)
