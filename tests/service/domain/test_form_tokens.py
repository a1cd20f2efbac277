"""Form tokens: good for the page, the hours and the pace of somebody who writes."""

from __future__ import annotations

import doctest
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain import form_tokens
from service.domain.form_tokens import FORGED, GOOD, LIFE, NONE, QUICK, QUICKEST, issue, judge

KEY, PLACE = b"k" * 32, ("demo", "talks")
NOW = datetime(2026, 11, 1, 12, 0, 0, 900_000, tzinfo=UTC)
TOKEN = issue(KEY, PLACE, NOW, "word")


@pytest.mark.parametrize(
    ("age", "shown"),
    [
        (timedelta(0), QUICK),
        (QUICKEST - timedelta(milliseconds=1), QUICK),
        (QUICKEST, GOOD),
        (timedelta(minutes=40), GOOD),
        (LIFE, GOOD),
        (LIFE + timedelta(seconds=1), NONE),
        (timedelta(days=400), NONE),
        (timedelta(seconds=-5), QUICK),
    ],
)
def test_it_is_good_as_long_as_people_write_and_then_counts_as_none(age: timedelta, shown: str) -> None:
    assert judge(KEY, PLACE, TOKEN, NOW + age) == shown


@pytest.mark.parametrize("place", [("other", "talks"), ("demo", "talk"), ("demo", ""), ("demo\ntalks", "")])
def test_it_is_good_on_its_page_alone(place: tuple[str, str]) -> None:
    assert judge(KEY, place, TOKEN, NOW + LIFE) == FORGED


def test_nobody_makes_one_without_the_key() -> None:
    assert judge(b"j" * 32, PLACE, TOKEN, NOW + LIFE) == FORGED


def test_an_older_one_is_not_made_younger() -> None:
    issued, word, signature = TOKEN.split(".")

    assert judge(KEY, PLACE, f"{int(issued) + 9}.{word}.{signature}", NOW + LIFE) == FORGED
    assert judge(KEY, PLACE, f"{issued}.words.{signature}", NOW + LIFE) == FORGED


@pytest.mark.parametrize("nothing", [None, ""])
def test_a_program_that_has_none_is_no_forger(nothing: str | None) -> None:
    assert judge(KEY, PLACE, nothing, NOW) == NONE


@given(st.text(min_size=1, max_size=80) | st.from_regex(form_tokens.PARTS, fullmatch=True))
def test_anything_else_is_forged_and_breaks_nothing(text: str) -> None:
    assert judge(KEY, PLACE, text, NOW) == FORGED


def test_the_examples_hold() -> None:
    assert doctest.testmod(form_tokens).failed == 0
