"""Word lists: banned and suspect words, found in spite of odd spelling."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

WORD = re.compile(r"\w+")
TOKEN = re.compile(r"\S+")
Normalise = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class WordList:
    """Words and phrases in normalised form, found by a walk over the text's words.

    One look into a dictionary per word: a list of 10,000 entries costs what one of ten costs.
    """

    phrases: dict[str, tuple[tuple[str, ...], ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, entries: Iterable[str], normalise: Normalise) -> WordList:
        """Build a list from entries as a moderator typed them."""
        found: dict[str, list[tuple[str, ...]]] = {}
        for entry in entries:
            words = tuple(WORD.findall(normalise(entry)))
            if words:
                found.setdefault(words[0], []).append(words)
        return cls({first: tuple(phrases) for first, phrases in found.items()})

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
        tokens = [(match.start(), match.end()) for match in TOKEN.finditer(body)]
        words, places = [], []
        for begin, end in tokens:
            for word in WORD.findall(normalise(body[begin:end])):
                words.append(word)
                places.append((begin, end))
        return [
            (utf16(body[: places[at][0]]), utf16(body[: places[end - 1][1]]))
            for at, end in self._matches(words)
        ]

    def _matches(self, words: Sequence[str]) -> Iterable[tuple[int, int]]:
        for at, word in enumerate(words):
            for phrase in self.phrases.get(word, ()):
                if tuple(words[at : at + len(phrase)]) == phrase:
                    yield at, at + len(phrase)


def utf16(text: str) -> int:
    """Return a text's length in UTF-16 code units, as browsers count.

    >>> utf16("a😀")
    3
    """
    return len(text) + sum(char > "\uffff" for char in text)
