"""The scoring kernel of the fast reader: integer weights, sums by text, a calibrated curve. Only numpy.

People use the same words again and again, and nine tenths of a text's n-grams lie within its words. So the
kernel keeps the sums of words it has met (`Lexicon`), and a text costs a look-up a word and a pair.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from models.numbers import Floats, sigmoid
from models.reading import disguises, identity
from models.reading.features import (
    CHARS_PER_TEXT,
    Codes,
    Hashing,
    Index,
    character_rows,
    chunks,
    codes_of,
    grams,
    pair_rows,
    word_hashes,
    word_rows,
)

UNMASKED = "IDENTITY_ATTACK"  # the one head that sees which group is named
CHARS_AT_ONCE = 65_536  # of the texts whose words are looked up together: about 256 comments
# A full lexicon makes room by starting anew. Both are more than `CHARS_AT_ONCE` and one text can need.
WORDS_KEPT = 65_536
CHARS_KEPT = 1 << 20
Table = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Curve:
    """Platt's curve: probability = 1 / (1 + exp(-(slope * margin + offset)))."""

    slope: float = 1.0
    offset: float = 0.0


def seen(normalised: str) -> str:
    """Return a normalised text with disguised words put right and identity terms hidden."""
    return identity.mask(disguises.restore(normalised))


class Lexicon:
    """Words met so far, each by a number with the sum of all its n-grams' rows of a table.

    Words are compared as strings, never by hash alone: nobody can craft a word that is taken for another.
    Number 0 is the empty word, which has no n-grams, and 1 the identity mask.

    Attributes
    ----------
    numbers : dict of str to int
        Threads may read it while `learn` runs: a word's values stand before its number does.
    sums : ndarray of float32, shape (WORDS_KEPT, width of the table)
    hashes : ndarray of uint64, shape (WORDS_KEPT,)
    shown : ndarray of int64, shape (WORDS_KEPT,)
        The number of the word that a masked head sees instead: the identity mask, or the word meant.
    """

    def __init__(self, table: Table, hashing: Hashing) -> None:
        self._table, self._hashing = table, hashing
        self._lock, self._chars = Lock(), 0
        self.numbers = {"": 0}
        # Memory that is not written yet costs nothing; full, it is about 15 MB with the words themselves.
        self.sums = np.empty((WORDS_KEPT, table.shape[1]), np.float32)
        self.hashes = np.empty(WORDS_KEPT, np.uint64)
        self.shown = np.empty(WORDS_KEPT, np.int64)
        self.sums[0], self.hashes[0], self.shown[0] = 0, 0, 0
        self.learn([identity.MASK])

    def learn(self, words: Sequence[str]) -> bool:
        """Add distinct words; return False, with nothing added, if there is no room for them."""
        with self._lock:
            meant = [disguises.RESTORED[word] for word in words if word in disguises.RESTORED]
            new = [word for word in dict.fromkeys([*meant, *words]) if word not in self.numbers]
            first, chars = len(self.numbers), self._chars + sum(map(len, new))
            if first + len(new) > WORDS_KEPT or chars > CHARS_KEPT:
                return False
            for begin, end in chunks(new):
                part = slice(first + begin, first + end)
                self.sums[part], self.hashes[part] = self._values(new[begin:end])
            numbers = range(first, first + len(new))
            known = {
                **dict(zip(new, numbers, strict=True)),
                **{word: self.numbers[word] for word in meant if word in self.numbers},
            }
            self.shown[first : first + len(new)] = [
                1 if word in identity.TERMS else known[disguises.RESTORED.get(word, word)] for word in new
            ]
            self._chars = chars
            self.numbers.update(zip(new, numbers, strict=True))
        return True

    def _values(self, words: Sequence[str]) -> tuple[Table, Codes]:
        codes, starts = codes_of(words)
        hashes = word_hashes(codes, starts[:-1] + 1, starts[1:])
        by_place = self._table.take(character_rows(codes, self._hashing), axis=0).sum(axis=0)
        sums = np.add.reduceat(by_place, starts[:-1], axis=0)
        return sums + self._table.take(word_rows(hashes, self._hashing), axis=0), hashes


class LinearScorer:
    """Hashed linear heads, one column of whole-number weights each.

    Parameters
    ----------
    attributes : sequence of str
        One name a head.
    weights : ndarray of int8, shape (rows, n_heads)
    scales, biases : ndarray of float64, shape (n_heads,)
        A head's margin is ``scale * sum(weights) / sqrt(n_grams) + bias``.
    curves : mapping of str to Curve
        From margin to probability.
    hashing : Hashing
        Must give as many rows as ``weights`` has.
    """

    def __init__(
        self,
        attributes: Sequence[str],
        weights: NDArray[np.int8],
        scales: Floats,
        biases: Floats,
        curves: Mapping[str, Curve],
        hashing: Hashing,
    ) -> None:
        self.attributes = tuple(attributes)
        self.weights, self.scales, self.biases = weights, scales, biases
        self.curves = dict(curves)
        self.hashing = hashing
        # Whole numbers held as floats: numpy sums floats faster, and below 2^24 exactly, in any order. One
        # column more counts n-grams, one row more is the n-gram that is none; numpy copies rows of a
        # multiple of 32 bytes fastest.
        heads = len(self.attributes)
        self._table = np.zeros((hashing.rows + 1, (heads // 8 + 1) * 8), np.float32)
        self._table[:-1, :heads] = weights
        self._table[:-1, heads] = 1
        self._lexicon = Lexicon(self._table, hashing)
        self._slopes = np.array([self.curves[name].slope for name in self.attributes])
        self._offsets = np.array([self.curves[name].offset for name in self.attributes])

    def __deepcopy__(self, memo: dict[int, object]) -> LinearScorer:
        """Return itself: what it says never changes, and scikit-learn copies what it clones."""
        return self

    def with_curve(self, attribute: str, curve: Curve) -> LinearScorer:
        """Return the same heads with another calibration of one."""
        curves = {**self.curves, attribute: curve}
        return LinearScorer(self.attributes, self.weights, self.scales, self.biases, curves, self.hashing)

    def margins(self, normalised: Sequence[str]) -> Floats:
        """Return raw margins of normalised texts, shape (n_texts, n_heads)."""
        sums = np.empty((len(normalised), len(self.attributes)))
        for begin, end in chunks(normalised, CHARS_AT_ONCE):
            sums[begin:end] = self._scaled_sums([text[:CHARS_PER_TEXT] for text in normalised[begin:end]])
        return sums * self.scales + self.biases

    def probabilities(self, normalised: Sequence[str]) -> Floats:
        """Return probabilities in [0, 1], shape (n_texts, n_heads)."""
        return sigmoid(self.calibrated(self.margins(normalised)))

    def calibrated(self, margins: Floats) -> Floats:
        """Return log-odds at the calibration's prior of raw margins, both of shape (n_texts, n_heads)."""
        return np.asarray(margins * self._slopes + self._offsets)

    def _scaled_sums(self, texts: Sequence[str]) -> Floats:
        """Return each head's sum of weights over the root of the number of n-grams."""
        # An empty word stands before each text and after the last, so no pair of words crosses an edge.
        words = f" {'  '.join(texts)} ".split(" ")
        starts = np.zeros(len(texts) + 1, np.int64)
        np.cumsum([text.count(" ") + 2 for text in texts], out=starts[1:])
        lexicon, typed = self._look_up(words)
        shown = lexicon.shown.take(typed)
        sums = np.add.reduceat(self._sums_at(lexicon, shown[:-1], shown[1:]), starts[:-1], axis=0)
        scaled = self._scaled(sums)
        hidden = typed != shown
        if UNMASKED in self.attributes and hidden.any():
            hidden[:-1] |= hidden[1:]  # a pair stands where its first word does
            at = np.flatnonzero(hidden)
            change = self._sums_at(lexicon, typed[at], typed[at + 1])
            change -= self._sums_at(lexicon, shown[at], shown[at + 1])
            np.add.at(sums, np.searchsorted(starts, at, side="right") - 1, change)
            head = self.attributes.index(UNMASKED)
            scaled[:, head] = self._scaled(sums)[:, head]
        return scaled

    def _scaled(self, sums: Table) -> Floats:
        heads = len(self.attributes)
        roots = np.sqrt(np.maximum(sums[:, heads, None], 1), dtype=np.float64)
        return np.asarray(sums[:, :heads] / roots)

    def _look_up(self, words: list[str]) -> tuple[Lexicon, Index]:
        """Return the numbers of words, and the lexicon that they are numbers of."""
        lexicon = self._lexicon
        numbers = np.fromiter(map(lexicon.numbers.get, words, repeat(-1)), np.int64, len(words))
        unknown = np.flatnonzero(numbers < 0)
        if not len(unknown):
            return lexicon, numbers
        new = [words[i] for i in unknown.tolist()]
        if not lexicon.learn(list(dict.fromkeys(new))):
            self._lexicon = Lexicon(self._table, self.hashing)  # other threads end what they do with theirs
            return self._look_up(words)
        numbers[unknown] = np.fromiter(map(lexicon.numbers.__getitem__, new), np.int64, len(new))
        return lexicon, numbers

    def _sums_at(self, lexicon: Lexicon, words: Index, following: Index) -> Table:
        """Return the sums of words and of their pairs with the words that follow."""
        rows = pair_rows(lexicon.hashes.take(words), lexicon.hashes.take(following), self.hashing)
        rows[(words == 0) | (following == 0)] = self.hashing.rows
        sums: Table = lexicon.sums.take(words, axis=0)
        sums += self._table.take(rows, axis=0)
        return sums

    def seen_by(self, normalised: Sequence[str], attribute: str) -> list[str]:
        """Return texts as an attribute's head sees them: all but one as `seen`."""
        return [text if attribute == UNMASKED else seen(text) for text in normalised]

    def shares(self, text: str, attribute: str) -> Floats:
        """Return what each character of a normalised text adds to the calibrated log-odds.

        An n-gram's weight is spread evenly over its characters (outer spaces included), so the shares of
        a text and its two outer spaces add up to its log-odds less the bias. Shape (len(text) + 2,).
        """
        head = self.attributes.index(attribute)
        codes, starts = codes_of(self.seen_by([text], attribute))
        found = grams(codes, starts, self.hashing)
        value = self._table[found.rows, head] / found.lengths
        steps = np.bincount(found.places, value, len(codes) + 1)
        steps -= np.bincount(found.places + found.lengths, value, len(codes) + 1)
        scale = self.scales[head] * self.curves[attribute].slope / np.sqrt(max(len(value), 1))
        return np.asarray(np.cumsum(steps)[:-1] * scale)
