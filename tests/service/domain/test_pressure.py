"""Figures of what was posted, and what of an address they are counted by."""

from __future__ import annotations

import doctest

import pytest

from service.domain import pressure
from service.domain.pressure import Pressure, counted_as, network


def test_figures_are_kept_and_read_back_and_later_ones_passed_over() -> None:
    kept = Pressure(network=40, thread=101, text=2).as_dict()

    assert kept == {"network": 40, "thread": 101}
    assert Pressure.from_dict({**kept, "continent": 9}) == Pressure(network=40, thread=101)
    assert Pressure.from_dict(None) == Pressure()


def test_a_form_is_kept_only_where_much_is_posted_and_a_trap_always() -> None:
    assert Pressure(network=2, form="quick").as_dict() is None
    assert Pressure(trapped=True, form="good").as_dict() == {"trapped": True}
    kept = Pressure(network=40, form="quick", trapped=True).as_dict()

    assert kept == {"network": 40, "form": "quick", "trapped": True}
    assert Pressure.from_dict(kept) == Pressure(network=40, form="quick", trapped=True)


@pytest.mark.parametrize(
    "address", ["", None, "127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "here", "1.2.3"]
)
def test_what_is_no_clients_address_is_counted_by_no_network(address: str | None) -> None:
    assert network(address) is None


def test_neighbours_are_one_network_and_others_are_not() -> None:
    assert network("2001:db8:0:1:aa::1") == network("2001:db8:0:1:bb::2") != network("2001:db8:0:2::1")
    assert network("198.51.100.1") == network("198.51.100.200") != network("198.51.101.1")


def test_without_the_key_nobody_can_tell_who_is_counted() -> None:
    assert counted_as(b"k" * 32, "network", "a") != counted_as(b"j" * 32, "network", "a")
    assert counted_as(b"k" * 32, "network", "a", "b") != counted_as(b"k" * 32, "author", "a", "b")


def test_the_examples_hold() -> None:
    assert doctest.testmod(pressure).failed == 0
