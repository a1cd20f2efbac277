"""Misspelt abuse is put right, and nothing else."""

from __future__ import annotations

import json

import pytest

from models import SHIPPED
from models.reading.disguises import NOT_DISGUISES, RESTORED, WORDS, restore
from models.reading.fast import LinearScorer
from models.reading.normalise import normalise


@pytest.mark.parametrize("typed", ["bicth", "btich", "b*tch", "b***h", "bich", "bitch"])
def test_a_letter_starred_dropped_or_swapped_is_put_right(typed: str) -> None:
    assert "bitch" in restore(normalise(f"you {typed}, you")).split()


@pytest.mark.parametrize("word", sorted(NOT_DISGUISES | set(WORDS)))
def test_a_word_of_its_own_stays(word: str) -> None:
    assert restore(word) == word


def test_no_disguise_is_a_word_that_the_careful_reader_knows() -> None:
    known = json.loads((SHIPPED / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]

    assert not RESTORED.keys() & known.keys()


def test_disguises_are_spelt_as_the_normaliser_writes_them() -> None:
    assert [word for word in RESTORED if "*" not in word and normalise(word) != word] == []


def test_the_fast_reader_scores_what_is_meant_in_any_order(trained_kernel: LinearScorer) -> None:
    heads = [i for i, name in enumerate(trained_kernel.attributes) if name != "IDENTITY_ATTACK"]
    disguised, meant = trained_kernel.margins(["you idoit again", "you idiot again"])[:, heads]

    assert disguised.tolist() == meant.tolist()
