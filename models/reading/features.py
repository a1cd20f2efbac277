"""Hashed n-grams of a batch of normalised texts, by numpy alone.

The code points of many texts stand in one array. A character n-gram is hashed by a polynomial in an odd
base modulo 2^64, built up letter by letter; a word by the difference of two prefix hashes times the
base's inverse power. The top bits of the product with an odd constant are the row.

Character n-grams lie within a word together with its outer spaces (" fo", "ool "), as in scikit-learn's
``char_wb``; word n-grams are single words and pairs of neighbours. So all but the pairs depend on one word
alone, which is why scoring may keep the sums of words it has met. Training (`grams`, as CSR for
scikit-learn) and scoring hash by the same four functions, so they cannot drift apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.uint64]
Index = NDArray[np.int64]

BASE = 0x9E3779B97F4A7C15  # odd, so it has an inverse modulo 2^64
MIX = 0xD6E8FEB86659FD93
WORD_MIX = 0xA0761D6478BD642F
PAIR_MIX = 0xE7037ED1A0B428DB
CHARS_PER_TEXT = 24_576  # a text's tail beyond this is not read; a comment has at most 5,000
CHARS_PER_CHUNK = 8_192  # bounds the working arrays: 32 bytes for each of four n-grams a character


@dataclass(frozen=True, slots=True)
class Hashing:
    """How n-grams become rows. Written into every artifact."""

    bits: int = 18
    shortest: int = 2
    longest: int = 5

    @property
    def rows(self) -> int:
        """Number of rows, 2 to the power of ``bits``; as a row, it stands for "no n-gram"."""
        return 1 << self.bits

    def as_dict(self) -> dict[str, int]:
        """Return the parameters with the constants they rest on."""
        return {**asdict(self), "base": BASE, "mix": MIX, "word_mix": WORD_MIX, "pair_mix": PAIR_MIX}


@dataclass(frozen=True, slots=True)
class Grams:
    """All n-grams of a chunk of texts: hashed rows, and where each lies in the chunk's code points."""

    rows: Index
    places: Index
    lengths: Index


def chunks(texts: Sequence[str], chars: int = CHARS_PER_CHUNK) -> Iterator[tuple[int, int]]:
    """Yield ranges of texts that together hold about ``chars`` characters."""
    begin = total = 0
    for i, text in enumerate(texts):
        total += min(len(text), CHARS_PER_TEXT) + 2
        if total >= chars:
            yield begin, i + 1
            begin, total = i + 1, 0
    if begin < len(texts):
        yield begin, len(texts)


def codes_of(texts: Sequence[str]) -> tuple[Codes, Index]:
    """Return the code points of texts, and where each text begins: at the space before it.

    Neighbours share one space, and one more stands at the end, which is the last of the ``len(texts) + 1``
    starts.
    """
    cut = [text[:CHARS_PER_TEXT] for text in texts]
    joined = f" {' '.join(cut)} "
    if joined.isascii():
        codes = np.frombuffer(joined.encode(), np.uint8).astype(np.uint64)
    else:
        codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)
    starts = np.zeros(len(cut) + 1, np.int64)
    np.cumsum(np.fromiter(map(len, cut), np.int64, len(cut)) + 1, out=starts[1:])
    return codes, starts


def character_rows(codes: Codes, hashing: Hashing) -> Index:
    """Return the row of the n-gram of each length at each place, `Hashing.rows` where there is none.

    Shape (number of lengths, n_codes), short to long.
    """
    size = len(codes)
    shape = (hashing.longest - hashing.shortest + 1, size)
    found, closed = np.zeros(shape, np.uint64), np.ones(shape, np.bool_)
    spaces = codes == 32
    hashes, power = codes, 1
    # An n-gram may begin and end with a space but hold none; two spaces alone are no word's edge.
    shut = np.zeros(size, np.bool_)
    for length in range(2, min(hashing.longest, size) + 1):
        power = power * BASE % 2**64
        last = size - length + 1
        hashes = hashes[:last] + codes[length - 1 :] * np.uint64(power)
        if length > 2:
            shut = shut[:last] | spaces[length - 2 : size - 1]
        if length >= hashing.shortest:
            np.add(hashes, np.uint64(length), out=found[length - hashing.shortest, :last])
            closed[length - hashing.shortest, :last] = shut if length > 2 else spaces[:-1] & spaces[1:]
    found *= np.uint64(MIX)
    found >>= np.uint64(64 - hashing.bits)
    np.copyto(found, np.uint64(hashing.rows), where=closed)
    return found.view(np.int64)


def word_hashes(codes: Codes, begins: Index, ends: Index) -> Codes:
    """Return a hash of the letters from each ``begins`` to the ``ends`` after it, wherever they stand."""
    powers, inverses = _powers(len(codes))
    prefix = np.zeros(len(codes) + 1, np.uint64)
    np.cumsum(codes * powers[: len(codes)], out=prefix[1:])
    return (prefix.take(ends) - prefix.take(begins)) * inverses.take(begins) * np.uint64(WORD_MIX)


def word_rows(hashes: Codes, hashing: Hashing) -> Index:
    """Return the rows of words by their hashes."""
    return (hashes >> np.uint64(64 - hashing.bits)).astype(np.int64)


def pair_rows(left: Codes, right: Codes, hashing: Hashing) -> Index:
    """Return the rows of pairs of words by their hashes."""
    mixed = (left * np.uint64(PAIR_MIX) + right) * np.uint64(MIX)
    return (mixed >> np.uint64(64 - hashing.bits)).astype(np.int64)


def grams(codes: Codes, starts: Index, hashing: Hashing) -> Grams:
    """Return every n-gram of a chunk of texts: characters from short to long, words, pairs of words."""
    spaces = codes == 32
    edges = np.flatnonzero(spaces[:-1] != spaces[1:]) + 1  # every chunk begins and ends with a space
    begins, ends = edges[::2], edges[1::2]
    hashes = word_hashes(codes, begins, ends)
    between = spaces.copy()
    between[starts] = False
    # Neighbours have one space between them, which is not where a text begins.
    left = np.flatnonzero((begins[1:] == ends[:-1] + 1) & between[ends[:-1]])
    by_length = character_rows(codes, hashing)
    kinds, places = np.nonzero(by_length < hashing.rows)
    return Grams(
        np.concatenate(
            [
                by_length[kinds, places],
                word_rows(hashes, hashing),
                pair_rows(hashes[left], hashes[left + 1], hashing),
            ]
        ),
        np.concatenate([places, begins, begins[left]]),
        np.concatenate([kinds + hashing.shortest, ends - begins, ends[left + 1] - begins[left]]),
    )


def _powers(length: int) -> tuple[Codes, Codes]:
    """Return at least ``length`` powers of the base and of its inverse."""
    return _power_table(max(15, (length - 1).bit_length()))


@cache
def _power_table(bits: int) -> tuple[Codes, Codes]:
    tables = []
    for base in (BASE, pow(BASE, -1, 2**64)):
        table = np.full(1 << bits, base, np.uint64)
        table[0] = 1
        tables.append(np.multiply.accumulate(table))
    return tables[0], tables[1]
