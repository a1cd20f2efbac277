"""The chain of hashes: whatever is changed, cut, added or moved shows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.audit import COMMENT, SEALED, SEALED_BEYOND, START, Entry, first_break, seal


@dataclass(frozen=True)
class Row(Entry):
    hash: str


def chain(length: int, kind: str = COMMENT) -> tuple[list[Row], str]:
    rows, head = [], START
    for sequence in range(1, length + 1):
        fixed = {
            "sequence": sequence,
            "created_at": datetime(2026, 1, sequence, tzinfo=UTC),
            "subject_kind": kind,
        }
        row = Row(
            **dict.fromkeys((*SEALED, *SEALED_BEYOND), "x") | {"scores": {"TOXICITY": 0.5}} | fixed, hash=""
        )
        head = seal(head, row)
        rows.append(replace(row, hash=head))
    return rows, head


def test_an_untouched_chain_holds() -> None:
    assert first_break(*chain(5)) is None


@given(st.integers(0, 4), st.sampled_from([name for name in SEALED if name != "sequence"]))
def test_a_changed_field_is_found_in_its_row(at: int, name: str) -> None:
    rows, head = chain(5)
    rows[at] = replace(rows[at], **{name: "changed"})

    assert first_break(rows, head) == at + 1


@pytest.mark.parametrize("name", [*SEALED_BEYOND, "note"])
def test_of_another_subject_its_kind_and_what_was_changed_are_sealed_too(name: str) -> None:
    rows, head = chain(3, "policy")
    rows[1] = replace(rows[1], **{name: "changed"})

    assert first_break(rows, head) == 2


def test_the_seal_of_a_comments_row_is_what_it_was_before_other_subjects_had_a_log() -> None:
    entry = Entry(
        "comment", "c", 1, "author", "a", "post", None, "received", "0" * 64, None, None, None, None, None,
        datetime(2026, 1, 1, tzinfo=UTC),
    )  # fmt: skip

    assert seal(START, entry) == "0425c8cc0d5bb4b1bbc1df920d9244d835f65c525640d99d561aa3214ee5c05e"


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
