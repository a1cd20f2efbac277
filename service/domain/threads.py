"""Which page a thread belongs to: one key for all the addresses of one article."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from service.domain.addresses import (
    MAX_GIVEN,
    MAX_URL_BYTES,
    SIGNS,
    USUAL,
    Spelling,
    canonical_url,
    earlier_url,
    read_page,
)
from service.domain.composing import composed
from service.domain.errors import Invalid

__all__ = [
    "ADDRESS",
    "MAX_GIVEN",
    "MAX_KEY_BYTES",
    "MAX_URL_BYTES",
    "Keys",
    "canonical_url",
    "thread_key",
    "thread_keys",
]

MAX_KEY_BYTES = 300
ADDRESS = re.compile(r"https?://", re.IGNORECASE)
# What programs write where they have nothing: all the pages of a site would share one thread.
NOTHING = frozenset(
    ("undefined", "null", "None", "NaN", "NULL", "nil", "<nil>", "<no value>", "[object Object]")
)
SPELLINGS = tuple(Spelling(www, slash) for www in (False, True) for slash in (False, True))


@dataclass(frozen=True, slots=True)
class Keys:
    """The key of one thread by each of the `SPELLINGS`, and ``before``: as earlier releases spelt it."""

    forms: tuple[str, ...]
    before: str
    is_address: bool

    def of(self, spelling: Spelling) -> str:
        """Return the key on a site that spells addresses so."""
        return self.forms[SPELLINGS.index(spelling)]


@lru_cache(maxsize=1024)  # readers of one page ask the same again and again
def thread_keys(key_or_url: str) -> Keys:
    """Return the keys of a thread from what a page gave: its own key, or its address.

    Raises `Invalid` for an address that is none, and for the word that a program writes for nothing.
    """
    key = composed(SIGNS.sub("", key_or_url[:MAX_GIVEN])).strip()
    if key in NOTHING:
        raise Invalid(
            [("/thread/key", f"is {key!r}: the page has no key there, so all pages would share one")]
        )
    if not ADDRESS.match(key):
        return Keys((key,) * len(SPELLINGS), key, False)
    page, before = read_page(key_or_url), earlier_url(key_or_url)
    forms = tuple(page.key(spelling) for spelling in SPELLINGS)
    return Keys(forms, before if len(before.encode()) <= MAX_URL_BYTES else forms[0], True)


def thread_key(key_or_url: str, spelling: Spelling = USUAL) -> str:
    """Return the key of a thread from what a page gave: its own key, or its address.

    >>> thread_key("ceasefire-talks"), thread_key("https://news.example/a/#c")
    ('ceasefire-talks', 'https://news.example/a')
    """
    return thread_keys(key_or_url).of(spelling)
