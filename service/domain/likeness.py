"""Whether two texts are nearly the same: one sentence with another number, name or link in it.

A text is cut into pairs of neighbouring words, with numbers and links alike; of their hashes it keeps the few
smallest, its sketch. Sketches have many hashes in common only if the texts have many pairs (after Broder).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from heapq import nsmallest
from itertools import pairwise

from service.domain.seen import as_seen

KEPT = 8  # hashes of a text
ALIKE = 0.5  # share of the hashes; another word in ten leaves .64 on average
OF_ANYBODY, OF_AUTHOR, OF_LINKING = 8, 6, 4  # words; what is shorter is said by many, and by many again
DOTTED = re.compile(r"(?:[\w-]{1,63}\.){1,6}[^\W\d_]{2,24}(?:/.*)?")
DIGIT = re.compile(r"\d")
AROUND = "()[]<>,;:!?.\"'"
LINK = "linkhere"
# Where words are written without spaces, each sign is one.
WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W_\u3040-\u30ff\u3400-\u9fff]+")


@dataclass(frozen=True, slots=True)
class Sketch:
    """What is kept of a text to find others like it; no text can be made of it again."""

    hashes: tuple[int, ...]
    words: int
    has_link: bool

    def is_like(self, other: tuple[int, ...], *, by_author: bool) -> bool:
        """Say whether a text is nearly that of another sketch, and long enough for that to mean something."""
        least = OF_LINKING if self.has_link else OF_AUTHOR if by_author else OF_ANYBODY
        if self.words < least or not self.hashes:
            return False
        return len(set(other).intersection(self.hashes)) >= ALIKE * len(self.hashes)


def sketch(text: str) -> Sketch:
    """Return a text's sketch. Takes linear time.

    >>> first = sketch("Dr Ode brought back my husband in 3 days, see https://a.example")
    >>> again = sketch("Dr Bello brought back my husband in 4 days, see spells.example")
    >>> again.is_like(first.hashes, by_author=False)
    True
    >>> thanks = sketch("Thank you so much!")
    >>> thanks.is_like(thanks.hashes, by_author=False)
    False
    """
    parts = [_alike(part) for part in as_seen(text).casefold().split()]
    words = WORD.findall(" ".join(parts))
    return Sketch(tuple(nsmallest(KEPT, set(_hashes(words)))), len(words), LINK in parts)


def _alike(part: str) -> str:
    """Return a part of a text between two spaces, with one word for any link and one for any number."""
    if "." in part or "//" in part:
        bare = part.strip(AROUND)
        if "//" in bare or DOTTED.fullmatch(bare):
            return LINK
    return "0" if DIGIT.search(part) else part


def _hashes(words: list[str]) -> Iterator[int]:
    for one, two in pairwise(words):
        if len(one) + len(two) > 6 or not (one + two).isascii():  # "of the" is in every text
            yield int.from_bytes(blake2b(f"{one} {two}".encode(), digest_size=8).digest()) >> 1
