"""Hashed n-grams of a batch of normalised texts, by numpy alone.

The code points of many texts stand in one array. A character n-gram is hashed by a polynomial in an odd
base modulo 2^64, built up letter by letter; a word by the difference of two prefix hashes times the
base's inverse power. The top bits of the product with an odd constant are the row. Training (as CSR, for
scikit-learn) and scoring go through the same `grams`, so they cannot drift apart.

Character n-grams lie within a word together with its outer spaces (" fo", "ool "), as in scikit-learn's
``char_wb``; word n-grams are single words and pairs of neighbours.
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
CHARS_PER_CHUNK = 16_384  # working arrays of a chunk then stay within a second-level cache


@dataclass(frozen=True, slots=True)
class Hashing:
    """How n-grams become rows. Written into every artifact."""

    bits: int = 18
    shortest: int = 2
    longest: int = 5

    @property
    def rows(self) -> int:
        """Number of rows, 2 to the power of ``bits``."""
        return 1 << self.bits

    def as_dict(self) -> dict[str, int]:
        """Return the parameters with the constants they rest on."""
        return {**asdict(self), "base": BASE, "mix": MIX, "word_mix": WORD_MIX, "pair_mix": PAIR_MIX}


@dataclass(frozen=True, slots=True)
class Grams:
    """One kind of n-gram in a chunk of texts.

    ``rows`` are the hashed rows in order of text; ``starts[i]`` is where text ``i`` begins, and one more
    entry closes the last; ``places`` and ``lengths`` say where each n-gram lies in the chunk's code points.
    """

    rows: Index
    starts: Index
    places: Index
    lengths: Index | int


def chunks(texts: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield ranges of texts that together hold about `CHARS_PER_CHUNK` characters."""
    begin = total = 0
    for i, text in enumerate(texts):
        total += min(len(text), CHARS_PER_TEXT) + 2
        if total >= CHARS_PER_CHUNK:
            yield begin, i + 1
            begin, total = i + 1, 0
    if begin < len(texts):
        yield begin, len(texts)


def codes_of(texts: Sequence[str]) -> tuple[Codes, Index]:
    """Return the code points of texts, a space on both sides of each, and where each text begins."""
    cut = [text[:CHARS_PER_TEXT] for text in texts]
    joined = f" {'  '.join(cut)} "
    if joined.isascii():
        codes = np.frombuffer(joined.encode(), np.uint8).astype(np.uint64)
    else:
        codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)
    starts = np.zeros(len(cut) + 1, np.int64)
    np.cumsum([len(text) + 2 for text in cut], out=starts[1:])
    return codes, starts


def grams(codes: Codes, starts: Index, hashing: Hashing) -> Iterator[Grams]:
    """Yield every kind of n-gram of a chunk: characters from short to long, words, pairs of words."""
    spaces = codes == 32
    yield from _characters(codes, spaces, starts, hashing)
    yield from _words(codes, spaces, starts, hashing)


def _characters(codes: Codes, spaces: NDArray[np.bool_], starts: Index, hashing: Hashing) -> Iterator[Grams]:
    shift = np.uint64(64 - hashing.bits)
    hashes, power = codes.copy(), 1
    # An n-gram may begin and end with a space but hold none; two spaces alone are the edge of two texts.
    inner = np.zeros(len(codes), np.bool_)
    for length in range(2, hashing.longest + 1):
        power = power * BASE % 2**64
        last = len(codes) - length + 1
        if last <= 0:
            return
        hashes = hashes[:last] + codes[length - 1 :] * np.uint64(power)
        if length == 2:
            open_ = ~(spaces[:-1] & spaces[1:])
        else:
            inner = inner[:last] | spaces[length - 2 : length - 2 + last]
            open_ = ~inner
        if length < hashing.shortest:
            continue
        places = np.flatnonzero(open_)
        mixed = (hashes[places] + np.uint64(length)) * np.uint64(MIX)
        rows = (mixed >> shift).astype(np.int64)
        yield Grams(rows, np.searchsorted(places, starts), places, length)


def _words(codes: Codes, spaces: NDArray[np.bool_], starts: Index, hashing: Hashing) -> Iterator[Grams]:
    shift = np.uint64(64 - hashing.bits)
    edges = np.flatnonzero(spaces[:-1] != spaces[1:]) + 1  # every chunk begins and ends with a space
    begins, ends = edges[::2], edges[1::2]
    powers, inverses = _powers(len(codes))
    prefix = np.zeros(len(codes) + 1, np.uint64)
    np.cumsum(codes * powers[: len(codes)], out=prefix[1:])
    hashes = (prefix[ends] - prefix[begins]) * inverses[begins] * np.uint64(WORD_MIX)
    first = np.searchsorted(begins, starts)
    yield Grams((hashes >> shift).astype(np.int64), first, begins, ends - begins)
    joined = begins[1:] == ends[:-1] + 1  # neighbours of one text have one space between them
    left = np.flatnonzero(joined)
    pairs = (hashes[left] * np.uint64(PAIR_MIX) + hashes[left + 1]) * np.uint64(MIX)
    rows = (pairs >> shift).astype(np.int64)
    yield Grams(rows, np.searchsorted(begins[left], starts), begins[left], ends[left + 1] - begins[left])


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
