"""Which words of a text account for a score, in offsets of the text as typed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from models.numbers import Floats
from models.reading.fast import LinearScorer
from models.reading.normalise import normalise

WORDS_MATTER_FROM = 0.3  # log-odds; below it a hash collision may well be the reason
OCCLUSIONS = 24  # careful readings of one text at most; in a longer one neighbours are left out together

_WORD = re.compile(r"\S+")
_LONE_LETTER = re.compile(r"[\W_]*[^\W\d_][\W_]*")

Place = tuple[int, int]  # begin, end in code points


@dataclass(frozen=True, slots=True)
class Span:
    """One word of a text as typed, in UTF-16 code units, ``end`` exclusive.

    ``score`` is the part of the text's probability that the word accounts for: in [0, 1], and the spans
    of a text add up to no more than its score.
    """

    begin: int
    end: int
    score: float


def words(text: str) -> list[Place]:
    """Return where each word lies; a run of three or more lone letters ("f o o l") is one word.

    >>> words("you f o o l")
    [(0, 3), (4, 11)]
    """
    return list(_words(text))


def additive(kernel: LinearScorer, text: str, places: Sequence[Place], attribute: str) -> Floats:
    """Return each word's additive share of the fast reader's log-odds.

    The model is linear, so a word's share is the sum of its n-grams' weights; a pair of words is shared by
    both.
    """
    plain = [normalise(text[begin:end]) for begin, end in places]
    kept = [i for i, word in enumerate(plain) if word]
    shares = np.zeros(len(places))
    if kept:
        shares[kept] = _word_shares(kernel, [plain[i] for i in kept], attribute)
    return shares


def occluded(
    logits: Callable[[Sequence[str]], Floats], text: str, places: Sequence[Place], whole: float
) -> Floats:
    """Return by how much the log-odds fall when a word is left out.

    Parameters
    ----------
    logits : callable
        From texts to log-odds of one attribute; called once.
    whole : float
        The log-odds of ``text`` itself.
    """
    groups = np.array_split(np.arange(len(places)), min(OCCLUSIONS, len(places)))
    left_out = [text[: places[group[0]][0]] + text[places[group[-1]][1] :] for group in groups]
    falls = whole - logits(left_out)
    shares = np.zeros(len(places))
    for group, fall in zip(groups, falls.tolist(), strict=True):
        shares[group] = fall / len(group)
    return shares


def spans(text: str, places: Sequence[Place], shares: Floats, score: float) -> list[Span]:
    """Return the words that raise a score, by where they begin, with their parts of it.

    Words of less than `WORDS_MATTER_FROM` log-odds are left out, with their parts.
    """
    raised = float(shares[shares > 0].sum())
    found, units, at = [], 0, 0
    for (begin, end), share in zip(places, shares.tolist(), strict=True):
        first = units + utf16_length(text[at:begin])
        units, at = first + utf16_length(text[begin:end]), end
        if share >= WORDS_MATTER_FROM:
            found.append(Span(first, units, score * share / raised))
    return found


def utf16_length(text: str) -> int:
    """Return a text's length in UTF-16 code units.

    >>> utf16_length("a😀")
    3
    """
    return len(text) + sum(char > "\uffff" for char in text)


def _word_shares(kernel: LinearScorer, plain: list[str], attribute: str) -> list[float]:
    shares = kernel.shares(" ".join(plain), attribute)
    masked = kernel.seen_by(plain, attribute)
    begins = np.cumsum([0] + [len(word) + 1 for word in masked[:-1]])
    # A word takes the space before it; the text's last space goes to its last word.
    sums: list[float] = np.add.reduceat(shares, begins[begins < len(shares)]).tolist()
    return sums + [0.0] * (len(plain) - len(sums))


def _words(text: str) -> Iterator[Place]:
    run: list[Place] = []
    for match in _WORD.finditer(text):
        if _LONE_LETTER.fullmatch(match[0]):
            run.append(match.span())
            continue
        yield from _closed(run)
        run = []
        yield match.span()
    yield from _closed(run)


def _closed(run: list[Place]) -> list[Place]:
    return [(run[0][0], run[-1][1])] if len(run) >= 3 else run
