"""Hashed n-grams: what is counted, and that batches do not mix."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.reading import features
from models.reading.features import Grams, Hashing, chunks, codes_of, grams, word_hashes, word_rows
from models.training.fast import as_csr

WORDS = st.lists(st.text("abcé한🙂", min_size=1, max_size=7), max_size=8).map(" ".join)


def found_in(texts: list[str], hashing: Hashing) -> Grams:
    codes, starts = codes_of(texts)
    return grams(codes, starts, hashing)


def spelt(texts: list[str], hashing: Hashing) -> list[list[str]]:
    """Return each text's n-grams as strings, as `grams` finds them."""
    codes, starts = codes_of(texts)
    letters = "".join(map(chr, codes.tolist()))
    found: list[list[str]] = [[] for _ in texts]
    kinds = grams(codes, starts, hashing)
    for place, length in zip(kinds.places.tolist(), kinds.lengths.tolist(), strict=True):
        found[np.searchsorted(starts, place, side="right") - 1].append(letters[place : place + length])
    return found


def by_hand(text: str, hashing: Hashing) -> list[str]:
    """Return the n-grams of a text, slowly."""
    words = text.split()
    found = [
        padded[at : at + length]
        for length in range(hashing.shortest, hashing.longest + 1)
        for padded in (f" {word} " for word in words)
        for at in range(len(padded) - length + 1)
    ]
    return found + words + [f"{a} {b}" for a, b in pairwise(words)]


@pytest.mark.parametrize("hashing", [Hashing(), Hashing(12, 3, 4), Hashing(12, 2, 2)], ids=str)
@given(texts=st.lists(WORDS, min_size=1, max_size=5))
def test_the_n_grams_are_those_found_by_hand(hashing: Hashing, texts: list[str]) -> None:
    wanted = [sorted(by_hand(text, hashing)) for text in texts]

    assert [sorted(found) for found in spelt(texts, hashing)] == wanted


@given(st.lists(WORDS, min_size=1, max_size=5))
def test_a_text_has_the_same_features_alone_and_in_a_batch(texts: list[str]) -> None:
    together = as_csr(texts, Hashing()).toarray()

    for row, text in zip(together, texts, strict=True):
        assert np.array_equal(row, as_csr([text], Hashing()).toarray()[0])


@given(st.lists(WORDS, min_size=2, max_size=4))
def test_equal_n_grams_have_equal_rows_wherever_they_stand(texts: list[str]) -> None:
    codes, starts = codes_of(texts)
    letters = "".join(map(chr, codes.tolist()))
    kinds = grams(codes, starts, Hashing(22))
    spellings: dict[tuple[bool, str], set[int]] = {}
    characters = len(kinds.rows) - sum(2 * len(text.split()) - bool(text.split()) for text in texts)
    for i, (row, place, length) in enumerate(zip(kinds.rows, kinds.places, kinds.lengths, strict=True)):
        spelling = letters[place : place + length]
        spellings.setdefault((i < characters, spelling), set()).add(int(row))

    assert {len(rows) for rows in spellings.values()} <= {1}


def test_a_word_and_the_same_letters_within_a_word_are_different_n_grams() -> None:
    found = found_in(["ab"], Hashing())

    assert found.rows[found.lengths == 2].shape == (4,)  # " a", "ab", "b ", and the word
    assert len(set(found.rows.tolist())) == len(found.rows)


def test_different_words_fall_on_different_rows_nearly_always() -> None:
    codes, starts = codes_of([f"{a}{b}{c}" for a in "abcdefgh" for b in "ijklmnop" for c in "qrstuvwx"])

    rows = word_rows(word_hashes(codes, starts[:-1] + 1, starts[1:]), Hashing())

    assert len(set(rows.tolist())) > 505  # of 512
    assert rows.min() >= 0
    assert rows.max() < Hashing().rows


def test_chunks_cover_every_text_once_and_bound_the_work() -> None:
    texts = ["a" * 5_000] * 20 + [""] * 5

    ranges = list(chunks(texts, 16_384))

    assert [i for begin, end in ranges for i in range(begin, end)] == list(range(25))
    assert max(end - begin for begin, end in ranges[:-1]) <= 4


def test_the_tail_of_an_endless_text_is_not_read() -> None:
    codes, _ = codes_of(["a" * 1_000_000])

    assert len(codes) == features.CHARS_PER_TEXT + 2
