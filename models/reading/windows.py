"""Long texts by their worst sentences: a threat weighs as much among civil words as alone. Only numpy."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.numbers import Floats

LONG = 300  # characters; in longer texts one bad sentence begins to be missed
SHORTEST = 40  # of a sentence; a shorter one is read with what follows
# What goes on for longer without a mark is read in windows that overlap by half, so none cuts all there is.
LONGEST, WINDOW = 260, 130
READ = 2  # sentences of one text that are judged
# A sentence apart from its text is the weaker evidence, by so much in log-odds; a threat is one wherever it
# stands. Without it twice as many civil long texts are held; from 1 to 2 recall falls by a fifth.
ALONE = {"THREAT": 0.0}
ALONE_ELSE = 1.75
# By so much more must a sentence be guessed to be bad than a text to be read carefully. Of those below hardly
# one could raise a score: leaving them out saves half of the readings and loses 1 in 25 of the finds.
ASKED_FROM = 2.5

# A mark within a word ("3.5", "f.o.o.l", "a.example") ends nothing, unless a capital follows.
_END = re.compile(r"[.!?…]+(?=\W|[^\W\d_a-z]|\Z)|[。！？｡]+|[\r\n\v\f\x85\u2028\u2029]+")

Place = tuple[int, int]  # begin, end in code points


def sentences(text: str) -> list[Place]:
    """Return where the sentences of a text lie, and every character in at least one, in linear time.

    None is shorter than `SHORTEST`, unless the whole text is, and none longer than `LONGEST`.

    >>> text = "Nobody asked you for that, did they? Go away! The committee meets again in the spring."
    >>> [text[begin:end] for begin, end in sentences(text)]
    ['Nobody asked you for that, did they? Go away!', ' The committee meets again in the spring.']
    """
    places: list[Place] = []
    begin = 0
    for match in _END.finditer(text):
        if match.end() - begin >= SHORTEST:
            places.append((begin, match.end()))
            begin = match.end()
    if len(text) - begin >= SHORTEST or not places:
        places.append((begin, len(text)))
    else:
        places[-1] = (places[-1][0], len(text))
    return [window for place in places for window in _windows(text, *place)]


def _windows(text: str, begin: int, end: int) -> Iterator[Place]:
    if end - begin <= LONGEST:
        yield begin, end
        return
    while end - begin > WINDOW + SHORTEST:
        middle = _after_space(text, begin + SHORTEST, begin + WINDOW // 2)
        yield begin, _after_space(text, middle, begin + WINDOW)
        begin = middle
    yield begin, end


def _after_space(text: str, begin: int, end: int) -> int:
    """Return the place after the last space between two places, or the second where there is none."""
    return text.rfind(" ", begin, end) + 1 or end


@dataclass(frozen=True, slots=True)
class Sentences:
    """Sentences of some long texts: what each is, where it lies, and the row of its text."""

    parts: list[str]
    places: list[Place]
    rows: NDArray[np.int64]

    @classmethod
    def of(cls, texts: Sequence[str], rows: Sequence[int]) -> Sentences:
        """Return the sentences of those of the texts in ``rows`` that are `LONG`."""
        found = [(row, place) for row in rows if len(texts[row]) > LONG for place in sentences(texts[row])]
        parts = [texts[row][begin:end] for row, (begin, end) in found]
        return cls(parts, [place for _, place in found], np.array([row for row, _ in found], np.int64))

    def worst(self, guesses: Floats) -> NDArray[np.int64]:
        """Return which are the `READ` worst of each text, by what each is guessed to be."""
        # Sums come out another way in another batch, by 1e-16; of two alike the first is taken.
        order = np.lexsort((-np.round(guesses, 9), self.rows))
        rows = self.rows[order]
        within = np.arange(len(rows)) - np.searchsorted(rows, rows)
        return np.asarray(order[within < READ])

    def where(self, chosen: NDArray[np.int64]) -> Sentences:
        """Return some of the sentences."""
        parts, places = [self.parts[i] for i in chosen], [self.places[i] for i in chosen]
        return Sentences(parts, places, self.rows[chosen])


def alone(attributes: Sequence[str]) -> Floats:
    """Return by how much the log-odds of a sentence count less than those of a text, by attribute."""
    return np.array([ALONE.get(name, ALONE_ELSE) for name in attributes])
