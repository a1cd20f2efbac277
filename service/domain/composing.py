"""One normal form for a text, at a cost that grows with its length and no faster."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

MARKS_IN_A_ROW = 30  # as in Unicode's stream-safe texts (UAX 15); no language stacks as many


def composed(text: str) -> str:
    """Return a text in NFC; of marks in a row those beyond the thirtieth are dropped.

    Normalisation sorts each run of marks, in quadratic time: 20 KB of them took a quarter of a second.

    >>> composed("Zoe\\u0308"), len(composed("a" + "\\u0345\\u0301" * 5000))
    ('Zoë', 30)
    """
    if unicodedata.is_normalized("NFC", text):  # it stops at marks out of order, before anything is sorted
        return text
    return unicodedata.normalize("NFC", "".join(_without_long_runs(text)))


def _without_long_runs(text: str) -> Iterator[str]:
    run = 0
    for char in text:
        run = run + 1 if unicodedata.combining(char) else 0
        if run <= MARKS_IN_A_ROW:
            yield char
