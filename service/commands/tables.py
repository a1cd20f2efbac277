"""Tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest


def aligned(rows: Sequence[Sequence[str]], indent: str = "") -> Iterator[str]:
    r"""Yield rows as lines with columns as wide as they must be; a row of one cell is a heading.

    >>> print("\n".join(aligned([("NAME", "SIZE"), ("a heading, however long",), ("a", "10 000")])))
    NAME  SIZE
    a heading, however long
    a     10 000
    """
    whole = [row for row in rows if len(row) > 1]
    widths = [max(map(len, column)) for column in zip_longest(*whole, fillvalue="")]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=False))
        yield f"{indent}{'  '.join(cells)}".rstrip()
