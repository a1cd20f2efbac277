"""Word lists: banned and suspect words, found in spite of odd spelling."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from service.domain.sentences import in_utf16

WORD = re.compile(r"\w+")
TOKEN = re.compile(r"\S+")
LINK = re.compile(r"(?:https?://|www\.)\S", re.IGNORECASE)
LINK_WHOLE = re.compile(LINK.pattern + r"*", re.IGNORECASE)
# An address without a scheme: an ending that people are led to, after a word of two letters ("will.i.am" is a
# name). With a path behind it, any ending will do.
ENDINGS = """
com net org info biz xyz top site online shop store club live app dev link click vip win bet casino porn sex
xxx pro icu fun space website example test onion io co me tv cc to ru cn tk ml ga cf gq su ua in ir br pl it
fr nl es de uk us eu ca au jp kr
"""
BARE_ADDRESS = re.compile(
    r"(?<![\w.-])(?:[a-z0-9-]+\.)*(?:[a-z0-9-]{2,}\.(?:xn--[a-z0-9-]+|"
    + "|".join(ENDINGS.split())
    + r")(?![\w-])"
    r"|[a-z0-9-]+\.[a-z]{2,}/\w)",
    re.IGNORECASE,
)
Normalise = Callable[[str], str]


Tree = dict[str, "Tree"]
END = ""  # a phrase may end here; no word is empty


@dataclass(frozen=True, slots=True)
class WordList:
    """Words and phrases in normalised form, found by a walk over the text's words.

    A tree of words: from each word of a text as many steps are taken as phrases of the list go along with
    it, however many they are. A list of 10,000 entries costs what one of ten costs.
    """

    phrases: Tree = field(default_factory=dict)

    @classmethod
    def of(cls, entries: Iterable[str], normalise: Normalise) -> WordList:
        """Build a list from entries as a moderator typed them."""
        phrases: Tree = {}
        for entry in entries:
            place = phrases
            for word in WORD.findall(normalise(entry)):
                place = place.setdefault(word, {})
            if place is not phrases:
                place[END] = {}
        return cls(phrases)

    def find(self, normalised: str) -> tuple[str, ...]:
        """Return the entries that occur in a normalised text, each once, in order.

        >>> WordList.of(["Bad Word", "ugly"], str.lower).find("an ugly and bad word, ugly")
        ('ugly', 'bad word')
        """
        if not self.phrases:
            return ()
        words = WORD.findall(normalised)
        hits = (" ".join(words[at:end]) for at, end in self._matches(words))
        return tuple(dict.fromkeys(hits))

    def spans(self, body: str, normalise: Normalise) -> list[tuple[int, int]]:
        """Return where the entries stand in a text as typed, in UTF-16 code units, for marking.

        Works word by word, so a word spelt with spaces inside is found by `find` but not marked here.

        >>> WordList.of(["ugly"], str.lower).spans("An UGLY dog", str.lower)
        [(3, 7)]
        """
        if not self.phrases:
            return []
        tokens = [match.span() for match in TOKEN.finditer(body)]
        words: list[str] = []
        places: list[tuple[int, int]] = []
        read: dict[str, list[str]] = {}  # whoever repeats a word has it read once
        for (begin, end), place in zip(tokens, in_utf16(body, tokens), strict=True):
            token = body[begin:end]
            if token not in read:
                read[token] = WORD.findall(normalise(token))
            words += read[token]
            places += [place] * len(read[token])
        return [(places[at][0], places[end - 1][1]) for at, end in self._matches(words)]

    def _matches(self, words: Sequence[str]) -> Iterable[tuple[int, int]]:
        for at in range(len(words)):
            place = self.phrases
            for end in range(at, len(words)):
                if words[end] not in place:
                    break
                place = place[words[end]]
                if END in place:
                    yield at, end + 1


def utf16(text: str) -> int:
    """Return a text's length in UTF-16 code units, as browsers count.

    >>> utf16("a😀")
    3
    """
    return len(text) + sum(char > "\uffff" for char in text)


def count_links(body: str) -> int:
    """Return how many web addresses a text holds.

    >>> count_links("see https://a.example and www.b.example")
    2
    """
    return len(LINK.findall(body))


def count_links_in_name(name: str) -> int:
    """Return how many web addresses a name holds, with or without ``https://`` or ``www.``.

    >>> count_links_in_name("casino-online.example"), count_links_in_name("J.R.R. Tolkien")
    (1, 0)
    """
    plain = unicodedata.normalize("NFKC", name)
    return len(BARE_ADDRESS.findall(LINK_WHOLE.sub("", plain))) + count_links(plain)
