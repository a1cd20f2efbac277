"""Links in names, with and without a scheme."""

from __future__ import annotations

import doctest

import pytest

from service.domain import word_lists
from service.domain.word_lists import count_links_in_name


@pytest.mark.parametrize(
    "name",
    [
        "viagra-online.example", "www.x.y", "http://spam.example", "BUY NOW at Casino.COM",
        "spam.example/win", "me@spam.example", "t.me/spam", "spam．example", "(spam.xyz)", "pills.co.uk",
    ],
)  # fmt: skip
def test_an_address_in_a_name_is_one_link_however_it_is_written(name: str) -> None:
    assert count_links_in_name(name) == 1


@pytest.mark.parametrize(
    "name",
    [
        "J.R.R. Tolkien", "J.R.R.Tolkien", "will.i.am", "St.John", "Mr.T", "john.smith", "Dr.No", "A.B.C.",
        "Mary", "Sammy Davis Jr.", "AC/DC", "user.name", "...", "3.14", "Владимир В.", "X Æ A-12", "v2.0",
    ],
)  # fmt: skip
def test_a_full_stop_makes_no_link_of_a_name(name: str) -> None:
    assert count_links_in_name(name) == 0


def test_the_examples_hold() -> None:
    assert doctest.testmod(word_lists).failed == 0
