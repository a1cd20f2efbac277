"""Pieces of the page: tables and figures, with all that comes from data escaped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from models.texts.data import COLUMNS


def ends(row: Mapping[str, Any], name: str) -> str:
    """Return the interval of a figure in brackets, or nothing.

    >>> ends({"ece": 0.012, "intervals": {"ece": [0.009, 0.016]}}, "ece"), ends({"ece": 0.012}, "ece")
    ('(0.009–0.016)', '')
    """
    if not row.get("intervals", {}).get(name):
        return ""
    low, high = row["intervals"][name]
    return f"({low:.3f}–{high:.3f})"


def table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; the first cell of each row is its header, and a line feed in a cell is kept."""
    top = "".join(f'<th scope="col">{escape(head)}</th>' for head in heads)
    body = "".join(
        f'<tr><th scope="row">{escape(name)}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in cells)}</tr>'
        for name, *cells in rows
    )
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(caption)}"><table>'
        f"<caption>{escape(caption)}</caption><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def figure(plot: str, caption: str, wide: bool = False) -> str:
    """Return an image with its caption; a wide one takes the width of the page."""
    kind = ' class="wide"' if wide else ""
    return f"<figure{kind}>{plot}<figcaption>{escape(caption)}</figcaption></figure>"


def listing(pairs: Iterable[tuple[str, str]]) -> str:
    """Return names with their values as text, for those who do not see a plot."""
    return "; ".join(f"{name}: {value}" for name, value in pairs) + "."


def shown(name: str) -> str:
    """Return a name without underscores, unless it is an attribute's."""
    return name if name in COLUMNS else name.replace("_", " ")
