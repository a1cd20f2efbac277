"""Word lists: banned and suspect words, found in spite of odd spelling."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from service.domain.sentences import in_utf16

WORD = re.compile(r"\w+")
TOKEN = re.compile(r"\S+")
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
