"""Whose turn it is: no site takes them all, no slow receiver keeps one, and nobody is forgotten."""

from __future__ import annotations

import doctest
import random
from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from service.domain import turns
from service.domain.turns import (
    LONGEST_REST,
    PER_SITE,
    SLOW,
    SLOW_IN_ALL,
    AtEndpoint,
    Standing,
    after_turn,
    batch_of,
    chosen,
)

NOW = datetime(2026, 11, 1, tzinfo=UTC)
HUNG = timedelta(seconds=15)
every = st.lists(
    st.builds(AtEndpoint, st.uuids().map(str), st.sampled_from("abcdef"), st.booleans()), max_size=60
)


@given(every, st.data(), st.randoms())
def test_no_bound_is_ever_passed_and_no_room_is_left_unused(found, data, chance):
    under_way = chosen_of(found, data.draw(st.integers(0, 20)))
    waiting = [one for one in found if one not in under_way]
    picked = chosen(waiting, under_way, chance.random)
    at_once = [*under_way, *(one for one in waiting if one.id in picked)]
    of_site = Counter(one.site_id for one in at_once)

    assert all(count <= PER_SITE for count in of_site.values())
    assert sum(one.is_slow for one in at_once) <= SLOW_IN_ALL
    for one in waiting:
        full = of_site[one.site_id] == PER_SITE
        full |= one.is_slow and sum(other.is_slow for other in at_once) == SLOW_IN_ALL
        assert (one.id in picked) or full


def chosen_of(found: list[AtEndpoint], limit: int) -> list[AtEndpoint]:
    """Return some endpoints that could be under way together."""
    picked = chosen(found, [], lambda: 0.5)[:limit]
    return [one for one in found if one.id in picked]


def test_a_quick_endpoint_comes_before_all_slow_ones():
    slow = [AtEndpoint(f"s{n}", f"site-{n}", True) for n in range(20)]
    quick = AtEndpoint("q", "z", False)

    assert chosen([*slow, quick], [], random.Random(1).random)[0] == "q"
    assert "q" in chosen([quick], slow[:SLOW_IN_ALL], lambda: 0.5)


def test_of_a_sites_endpoints_none_is_served_last_for_ever():
    chance, seen = random.Random(1), set()
    for _ in range(100):
        seen |= set(chosen([AtEndpoint(f"s{n}", "a", True) for n in range(20)], [], chance.random))

    assert len(seen) == 20


def test_a_receiver_that_never_answers_is_asked_ever_more_seldom_and_with_one_delivery():
    standing, now, attempts = Standing(), NOW, 0
    while now < NOW + timedelta(hours=1):
        attempts += min(batch_of(standing), 8)
        now += HUNG
        standing = after_turn(standing, HUNG, answered=False, now=now)
        assert standing.paused_until is not None
        assert standing.paused_until - now <= LONGEST_REST
        now = standing.paused_until

    assert attempts <= 20  # of the 1,920 that eight at a time would be


def test_one_quick_answer_forgives_everything_and_a_slow_one_ends_the_rest():
    resting = Standing(7, NOW)

    assert after_turn(resting, SLOW / 2, answered=True, now=NOW) == Standing()
    assert after_turn(resting, HUNG, answered=True, now=NOW) == Standing(8)


def test_a_refused_connection_is_no_reason_to_rest():
    assert after_turn(Standing(), timedelta(), answered=False, now=NOW) == Standing()


def test_no_count_is_too_large():
    assert after_turn(Standing(10**6), HUNG, answered=False, now=NOW).paused_until == NOW + LONGEST_REST


def test_the_examples_hold():
    assert doctest.testmod(turns).failed == 0
