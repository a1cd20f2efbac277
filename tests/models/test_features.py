"""Hashed n-grams: what is counted, and that batches do not mix."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models import features
from models.fast import as_csr
from models.features import Hashing, chunks, codes_of, grams

WORDS = st.lists(st.text("abcé한🙂", min_size=1, max_size=7), max_size=8).map(" ".join)


def spelt(texts: list[str]) -> list[list[str]]:
    """Return each text's n-grams as strings, as `grams` finds them."""
    codes, starts = codes_of(texts)
    letters = "".join(map(chr, codes.tolist()))
    found: list[list[str]] = [[] for _ in texts]
    for kind in grams(codes, starts, Hashing()):
        lengths = np.broadcast_to(kind.lengths, kind.places.shape)
        for i, (first, last) in enumerate(zip(kind.starts[:-1], kind.starts[1:], strict=True)):
            for at in range(first, last):
                found[i].append(letters[kind.places[at] : kind.places[at] + lengths[at]])
    return found


def by_hand(text: str) -> list[str]:
    """Return the n-grams of a text, slowly."""
    words = text.split()
    found = [
        padded[at : at + length]
        for length in range(2, 6)
        for padded in (f" {word} " for word in words)
        for at in range(len(padded) - length + 1)
    ]
    return found + words + [f"{a} {b}" for a, b in pairwise(words)]


@given(st.lists(WORDS, min_size=1, max_size=5))
def test_the_n_grams_are_those_found_by_hand(texts: list[str]) -> None:
    assert [sorted(found) for found in spelt(texts)] == [sorted(by_hand(text)) for text in texts]


@given(st.lists(WORDS, min_size=1, max_size=5))
def test_a_text_has_the_same_features_alone_and_in_a_batch(texts: list[str]) -> None:
    together = as_csr(texts, Hashing()).toarray()

    for row, text in zip(together, texts, strict=True):
        assert np.array_equal(row, as_csr([text], Hashing()).toarray()[0])


def test_rows_depend_on_the_letters_alone_and_not_on_their_place() -> None:
    codes, starts = codes_of(["fool x", "x fool"])
    words = list(grams(codes, starts, Hashing()))[-2]

    assert words.rows[0] == words.rows[3]
    assert words.rows[1] == words.rows[2]


def test_different_words_fall_on_different_rows_nearly_always() -> None:
    codes, starts = codes_of([f"{a}{b}{c}" for a in "abcdefgh" for b in "ijklmnop" for c in "qrstuvwx"])
    words = list(grams(codes, starts, Hashing()))[-2]

    assert len(set(words.rows.tolist())) > 505  # of 512
    assert words.rows.min() >= 0
    assert words.rows.max() < Hashing().rows


def test_chunks_cover_every_text_once_and_bound_the_work() -> None:
    texts = ["a" * 5_000] * 20 + [""] * 5

    ranges = list(chunks(texts))

    assert [i for begin, end in ranges for i in range(begin, end)] == list(range(25))
    assert max(end - begin for begin, end in ranges[:-1]) <= 4


def test_the_tail_of_an_endless_text_is_not_read() -> None:
    codes, _ = codes_of(["a" * 1_000_000])

    assert len(codes) == features.CHARS_PER_TEXT + 2
