"""The chain of hashes: whatever is changed, cut, added or moved shows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from service.domain.audit import SEALED, START, first_break, seal


def chain(length: int) -> tuple[list[dict[str, Any]], str]:
    rows, head = [], START
    for sequence in range(1, length + 1):
        row: dict[str, Any] = dict.fromkeys(SEALED, "x") | {"sequence": sequence}
        row |= {"created_at": datetime(2026, 1, sequence, tzinfo=UTC), "scores": {"TOXICITY": 0.5}}
        head = seal(head, row)
        rows.append(row | {"hash": head})
    return rows, head


def test_an_untouched_chain_holds() -> None:
    assert first_break(*chain(5)) is None


@given(st.integers(0, 4), st.sampled_from([name for name in SEALED if name != "sequence"]))
def test_a_changed_field_is_found_in_its_row(at: int, name: str) -> None:
    rows, head = chain(5)
    rows[at][name] = "changed"

    assert first_break(rows, head) == at + 1


@given(st.integers(0, 4))
def test_a_missing_row_is_found(at: int) -> None:
    rows, head = chain(5)
    del rows[at]

    assert first_break(rows, head) == at + 1


@given(st.permutations(range(5)))
def test_a_changed_order_is_found(order: list[int]) -> None:
    rows, head = chain(5)

    assert (first_break([rows[n] for n in order], head) is None) == (order == sorted(order))


def test_rows_added_at_the_end_are_found() -> None:
    rows, _ = chain(5)
    _, head = chain(4)

    assert first_break(rows, head) == 6
