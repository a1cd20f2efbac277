"""A text as a person sees it: without hidden characters, in one width, with digits of ASCII."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from service.domain.composing import composed

HIDDEN = frozenset(("Cf", "Me", "Mn", "Cc"))  # categories: what is typed between characters and not seen
MOST_WIDE = 4  # characters that one may stand for; a ligature of a whole sentence would be 18


def as_seen(text: str) -> str:
    """Return a text as it looks. Takes linear time.

    >>> as_seen("ca\\u200bsino．example ٠١٧١")
    'casino.example 0171'
    """
    if text.isascii():
        return text
    whole = composed(text)
    return whole.translate({ord(char): _seen(char) for char in set(whole)})


@lru_cache(maxsize=4096)
def _seen(char: str) -> str:
    if unicodedata.category(char) in HIDDEN and not char.isspace():
        return ""
    wide = unicodedata.normalize("NFKC", char)
    if len(wide) > MOST_WIDE:
        return " "
    return str(unicodedata.decimal(wide, wide)) if len(wide) == 1 else wide
