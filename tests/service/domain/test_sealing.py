"""The key of the audit log and its running heads: what is missing, changed or put in shows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.sealing import RunningHead, SealKey, key_of

KEY, OTHER = SealKey.of(b"k" * 32), SealKey.of(b"x" * 32)
SINCE = datetime(2026, 1, 1, tzinfo=UTC)
EMPTY = RunningHead.empty("demo", SINCE).proven(KEY)
SEALS = [KEY.seal(str(number)) for number in range(5)]


def test_a_seal_names_its_key_fits_its_column_and_does_not_show_the_key() -> None:
    assert key_of(SEALS[0]) == KEY.name != OTHER.name
    assert max(map(len, SEALS)) <= 64
    assert str(KEY.secret) not in repr(KEY)


@given(st.permutations(SEALS), st.integers(0, 5))
def test_a_head_is_the_same_in_whatever_order_and_parts_its_entries_came(order: list[str], at: int) -> None:
    in_parts = EMPTY.plus(order[:at], KEY).plus(order[at:], KEY)

    assert in_parts == EMPTY.plus(SEALS, KEY)
    assert in_parts.holds(KEY)
    assert not in_parts.holds(OTHER)


@given(st.integers(0, 4))
def test_another_entry_in_the_place_of_one_changes_the_sum(at: int) -> None:
    others = [*SEALS[:at], OTHER.seal("x"), *SEALS[at + 1 :]]

    assert EMPTY.plus(others, KEY).total != EMPTY.plus(SEALS, KEY).total


@pytest.mark.parametrize(
    "change",
    [{"part": "other"}, {"entries": 4}, {"total": "0"}, {"since": SINCE.replace(year=2027)}, {"before": 2}],
)
def test_a_changed_head_does_not_hold_nor_does_what_is_added_to_it(change: dict[str, object]) -> None:
    changed = replace(EMPTY.plus(SEALS, KEY), **change)

    assert not changed.holds(KEY)
    assert not changed.plus(["more"], KEY).holds(KEY)


def test_a_mark_tells_values_apart_and_needs_the_key() -> None:
    assert KEY.mark("c", "Zoë") == KEY.mark("c", "Zoë")
    assert len({KEY.mark("c", "a"), KEY.mark("d", "a"), KEY.mark("c", None), OTHER.mark("c", "a")}) == 4
