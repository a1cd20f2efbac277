"""Texts that are nearly the same, and texts that only sound so."""

from __future__ import annotations

import doctest
import time

import pytest

from service.domain import likeness
from service.domain.likeness import sketch

SAME = (
    ("Best casino bonus 17 http://casino.example/17", "Best casino bonus 18 http://casino.example/18"),
    ("Best casino bonus 1 a.example", "best CASINO bonus 999 b.example"),
    ("Dr Ode brought back my husband in three days", "Dr Bello brought back my husband in three days"),
    ("I love this garden and all the flowers, 3", "I love this garden and all the flowers, 31"),
    ("这里有最好的赌场奖金快来看看", "这里有最好的赌场奖金快来看吧"),
    (
        "Vote for Smith on Sunday, he will lower the taxes",
        "Vote for Smith on Monday, he will lower the taxes",
    ),
)
OTHER = (
    ("Thank you!", "Thank you!"),
    ("Great article, thank you.", "Great article, thank you."),
    ("I agree with you.", "I agree with you."),
    (
        "Thank you for this great article, I learned a lot",
        "Thank you for that lovely text, we learned so much",
    ),
    ("The council met on Tuesday to discuss the budget", "The mayor met the press on Friday about the roads"),
    ("", ""),
)


@pytest.mark.parametrize(("one", "two"), SAME)
def test_another_number_name_or_link_makes_no_other_text(one: str, two: str) -> None:
    assert sketch(two).is_like(sketch(one).hashes, by_author=False)


@pytest.mark.parametrize(("one", "two"), OTHER)
def test_what_many_say_and_what_is_another_text_are_not_alike(one: str, two: str) -> None:
    assert not sketch(two).is_like(sketch(one).hashes, by_author=False)


@pytest.mark.parametrize("part", ["a ", "a", "a.", "1", "//", "@", "a.b/", "ab cd ", "\u0301", "界"])
def test_time_is_linear_and_the_sketch_small(part: str) -> None:
    begin = time.thread_time()
    found = sketch(part * (20_000 // len(part)))

    assert time.thread_time() - begin < 0.3
    assert len(found.hashes) <= likeness.KEPT


def test_the_examples_hold() -> None:
    assert doctest.testmod(likeness).failed == 0
