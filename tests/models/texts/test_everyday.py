"""Harmless short comments, emoji on texts of every kind, and sentences put into longer texts."""

from __future__ import annotations

from random import Random

import pytest

from models.texts.everyday import (
    harmless_emoji,
    inserted,
    sentences,
    sprinkled,
    to_insert,
)

LONG = "The bus leaves at nine. " * 15


def test_the_same_seed_writes_the_same_sentences_and_they_are_many() -> None:
    written = sentences(2000, Random(1))

    assert written == sentences(2000, Random(1))
    assert len(set(written)) > 1200
    assert not [text for text in written if "{" in text or "  " in text]


@pytest.mark.parametrize("seed", range(20))
def test_a_sprinkled_text_keeps_its_words(seed: int) -> None:
    text = "one two three"
    found = sprinkled(text, Random(seed))

    assert [word for word in found.split() if word.isascii()] == text.split()
    assert not found.isascii()


def test_emoji_that_mean_something_by_themselves_are_not_among_the_harmless() -> None:
    assert len(harmless_emoji()) > 2000
    assert not {"🖕", "💩", "🔪"} & set(harmless_emoji())


@pytest.mark.parametrize("seed", range(20))
def test_a_sentence_is_put_between_others_and_none_is_cut(seed: int) -> None:
    found = inserted("Go away.", LONG, Random(seed))

    assert found.replace("Go away.", "").split() == LONG.split()
    assert found.count("Go away.") == 1


def test_what_is_put_in_is_short_and_what_it_is_put_into_is_long() -> None:
    texts = ["You are a fool, go.", "What a fine day it is.", LONG, "Hm", "x" * 5000]
    toxic, civil = [True, False, False, True, False], [False, True, True, False, True]

    assert to_insert(texts, toxic, civil) == ([0], [1], [2])
