"""Word lists: what is found, and where."""

from __future__ import annotations

import doctest

from service.domain import word_lists


def test_the_examples_hold() -> None:
    assert doctest.testmod(word_lists).failed == 0
