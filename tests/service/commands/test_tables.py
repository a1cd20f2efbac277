"""Tables for a terminal."""

from __future__ import annotations

from service.commands.tables import aligned


def test_columns_are_as_wide_as_they_must_be_and_no_line_ends_in_a_space() -> None:
    assert list(aligned([("A", "LONG HEAD"), ("longer", "x")], "  ")) == [
        "  A       LONG HEAD",
        "  longer  x",
    ]


def test_a_short_row_leaves_the_last_columns_empty_and_a_heading_needs_no_column() -> None:
    lines = list(aligned([("A", "B", "C"), ("a heading that is long",), ("1", "2"), ("1", "2", "3")]))

    assert lines == ["A  B  C", "a heading that is long", "1  2", "1  2  3"]
