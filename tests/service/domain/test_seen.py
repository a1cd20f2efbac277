"""Texts as they are seen."""

from __future__ import annotations

import doctest

import pytest

from service.domain import seen


@pytest.mark.parametrize(
    ("typed", "looks"),
    [
        ("plain", "plain"),
        ("a\u200d\u2066b", "ab"),
        ("\U000e0041x", "x"),
        ("ＡＢ", "AB"),
        ("٠٧", "07"),
        ("ﷺ", " "),
    ],
)
def test_a_text_is_read_as_it_looks(typed: str, looks: str) -> None:
    assert seen.as_seen(typed) == looks


def test_the_examples_hold() -> None:
    assert doctest.testmod(seen).failed == 0
