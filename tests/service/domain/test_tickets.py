"""Tickets: good for who has them, for what they are bound to, and for a while."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain import tickets
from tests.conftest import NOW

KEY, SOON = b"x" * 32, NOW + timedelta(minutes=5)
WORDS = st.lists(st.text(max_size=5), max_size=3)


def test_a_ticket_is_good_until_its_end_and_says_what_it_carries():
    ticket = tickets.issue(KEY, "entry", "ben", ["browser"], SOON)

    assert tickets.carried(ticket) == "ben"
    assert tickets.holds(KEY, "entry", ticket, ["browser"], NOW)
    assert not tickets.holds(KEY, "entry", ticket, ["browser"], SOON)


@pytest.mark.parametrize(
    ("key", "kind", "bound"),
    [
        (b"y" * 32, "entry", ["browser"]),
        (KEY, "exit", ["browser"]),
        (KEY, "entry", ["another"]),
        (KEY, "entry", []),
    ],
)
def test_a_ticket_is_of_one_key_one_kind_and_one_owner(key, kind, bound):
    assert not tickets.holds(key, kind, tickets.issue(KEY, "entry", "ben", ["browser"], SOON), bound, NOW)


def test_what_it_carries_and_its_end_cannot_be_changed():
    ticket = tickets.issue(KEY, "entry", "ben", ["browser"], SOON)
    word, until, signature = ticket.split(".")

    assert not tickets.holds(KEY, "entry", f"cleo.{until}.{signature}", ["browser"], NOW)
    assert not tickets.holds(KEY, "entry", f"{word}.{int(until) + 1}.{signature}", ["browser"], NOW)


@pytest.mark.parametrize(
    "ticket", ["", ".", "..", "a.b.c", "a.9999999999." + "0" * 64, "\udcff.1.\udcff", "." * 99]
)
def test_what_is_no_ticket_is_none(ticket):
    assert not tickets.holds(KEY, "entry", ticket, ["browser"], NOW)


@given(WORDS, WORDS)
def test_no_two_lists_of_words_are_signed_as_one(one, other):
    ticket = tickets.issue(KEY, "entry", "ben", one, SOON)

    assert tickets.holds(KEY, "entry", ticket, other, NOW) == (one == other)
