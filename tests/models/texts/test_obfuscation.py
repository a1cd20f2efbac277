"""Disguises: what they may change, what they must leave alone, and which words deserve one."""

from __future__ import annotations

import os
import subprocess
import sys
import unicodedata
from random import Random

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from models.numbers import Floats
from models.texts.obfuscation import (
    HELD_OUT,
    KNOWN,
    augmented,
    disguise,
    disguise_others,
    holds_any,
    telling_words,
)
from tests.growth import LINEAR, growth

ALL = {**KNOWN, **HELD_OUT}
ANYTHING = st.text(st.characters(exclude_categories=[]), max_size=60)
WITHOUT_LETTERS = st.text(st.characters(exclude_categories=["L"]), max_size=20)
FAMILIES = pytest.mark.parametrize("name", ALL)
CIVIL = ["the ferry was late again today", "our park needs more benches", "a fine report, thank you"]
RUDE = ["you blockhead, get lost", "only a blockhead writes so", "Blockhead! Nitwit!", "what a nitwit"]


def spellings(name: str, word: str) -> set[str]:
    return {ALL[name](word, Random(seed)) for seed in range(60)}


def test_no_family_is_both_trained_on_and_held_out() -> None:
    assert KNOWN.keys().isdisjoint(HELD_OUT)
    assert len(set(ALL.values())) == len(KNOWN) + len(HELD_OUT)


@FAMILIES
@given(word=ANYTHING, seed=st.integers(0, 50))
@example(word="\ud800\udfff\x00", seed=0)
@example(word="İßŉ", seed=0)
@example(word="aaa", seed=0)
@example(word="bcd", seed=0)
def test_a_family_takes_any_text_and_repeats_itself(name: str, word: str, seed: int) -> None:
    spelt = ALL[name](word, Random(seed))

    assert isinstance(spelt, str)
    assert spelt == ALL[name](word, Random(seed))


@FAMILIES
@pytest.mark.parametrize("word", ["", "a", "of", "i2", "?!...", "\u0301\u0301\u0301"])
def test_fewer_than_three_letters_are_left_alone(name: str, word: str) -> None:
    assert spellings(name, word) == {word}


@FAMILIES
@pytest.mark.parametrize("word", ["blockhead", "Blockhead", "BLOCKHEAD"])
def test_a_family_changes_an_ordinary_word(name: str, word: str) -> None:
    assert word not in spellings(name, word)


@FAMILIES
def test_no_two_families_write_one_word_alike(name: str) -> None:
    others = set().union(*(spellings(other, "blockhead") for other in ALL if other != name))

    assert not spellings(name, "blockhead") <= others


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("one_starred", {"f*ol", "fo*l"}),
        ("inner_starred", {"f**l"}),
        ("spaced", {"f o o l"}),
        ("dotted", {"f.o.o.l"}),
        ("full_width", {"ｆｏｏｌ"}),
        ("leet_full", {"f00|", "f001"}),
        ("dropped", {"fol"}),
        ("swapped", {"folo", "ofol"}),
        ("dashed", {"f-ool", "fo-ol", "foo-l"}),
        ("mixed_case", {"FoOl", "fOoL"}),
        ("circled", {"ⓕⓞⓞⓛ", "🅕🅞🅞🅛"}),
        ("underscored", {"f_o_o_l"}),
        ("last_doubled", {"fooll"}),
        ("glued", {"xxfoolxx"}),
        ("phonetic", {"phul"}),
        ("vowelless", {"fl"}),
        ("slashed", {"f/o/o/l"}),
        ("reversed", {"loof"}),
    ],
)
def test_a_family_spells_a_word_so(name: str, expected: set[str]) -> None:
    assert spellings(name, "fool") <= expected


@pytest.mark.parametrize("name", ["zero_width", "struck", "accented"])
def test_under_signs_that_only_decorate_the_word_is_still_there(name: str) -> None:
    for spelt in spellings(name, "blockhead"):
        bare = unicodedata.normalize("NFD", spelt)

        assert "".join(filter(str.isalpha, bare)) == "blockhead"
        assert spelt != "blockhead"


def test_a_stretched_word_has_one_letter_three_times_or_more() -> None:
    assert all(len(spelt) >= len("nitwit") + 2 for spelt in spellings("stretched", "nitwit"))
    assert all(set(spelt) == set("nitwit") for spelt in spellings("stretched", "nitwit"))


@given(ANYTHING, st.sampled_from(sorted(ALL)), st.integers(0, 20))
def test_a_text_without_the_words_stays_as_typed(text: str, name: str, seed: int) -> None:
    assert disguise(text, ALL[name], frozenset(), Random(seed)) == text


@given(WITHOUT_LETTERS, WITHOUT_LETTERS, st.sampled_from(sorted(ALL)))
@example("<a> ", "\r\n\x00 2", "spaced")
def test_all_around_a_disguised_word_stays_as_typed(before: str, after: str, name: str) -> None:
    text = f"{before} Fool {after}"

    spelt = disguise(text, ALL[name], {"fool"}, Random(0))

    assert spelt.startswith(f"{before} ")
    assert spelt.endswith(f" {after}")
    assert spelt != text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Fool", "looF"),
        ("fool's, fool; (FOOL)", "loof's, loof; (LOOF)"),
        ("foolish tomfool fool2 fool_ fool\u0301", "foolish tomfool fool2 fool_ fool\u0301"),
        ("a\r\n\tfool  \u2028", "a\r\n\tloof  \u2028"),
    ],
)
def test_only_whole_words_are_disguised(text: str, expected: str) -> None:
    assert disguise(text, HELD_OUT["reversed"], {"fool"}, Random(0)) == expected


@pytest.mark.parametrize("at_most", [0, 1, 2, 5])
def test_no_more_words_are_disguised_than_asked(at_most: int) -> None:
    for seed in range(20):
        spelt = disguise("fool " * 4, HELD_OUT["reversed"], {"fool"}, Random(seed), at_most)

        assert spelt.split().count("loof") == min(at_most, 4)


def test_which_of_many_words_is_disguised_is_left_to_chance() -> None:
    spelt = {disguise("fool " * 4, HELD_OUT["reversed"], {"fool"}, Random(i), 1) for i in range(60)}

    assert len(spelt) == 4


def test_other_words_can_be_disguised_instead() -> None:
    assert disguise_others("my fool, of now", HELD_OUT["reversed"], {"fool"}, Random(0)) == "my fool, of won"


def test_words_of_positive_texts_are_telling() -> None:
    texts = CIVIL * 20 + RUDE * 10
    positive = np.array([False] * len(CIVIL) * 20 + [True] * len(RUDE) * 10)

    found = telling_words(texts, positive)

    assert {"blockhead", "nitwit"} <= found
    assert found.isdisjoint({"ferry", "park", "fine", "thank"})
    assert telling_words(texts, positive, count=1) == {"blockhead"}
    assert {"blockhead", "nitwit"} <= telling_words(texts, positive, least=20)
    assert telling_words(texts, positive, least=30) == {"blockhead"}
    assert telling_words(texts, positive, least=31) == frozenset()


def test_a_word_of_both_kinds_of_text_is_not_telling_however_frequent() -> None:
    texts, positive = ["same old story"] * 300, np.arange(300) % 3 == 0

    assert telling_words(texts, positive) == frozenset()


def test_a_word_is_counted_once_a_text() -> None:
    texts = ["nitwit " * 50, *["hello"] * 20]

    assert telling_words(texts, np.arange(21) == 0, least=2) == frozenset()


def test_a_name_of_a_group_is_never_telling() -> None:
    texts = ["muslim nitwit"] * 30 + ["hello"] * 30

    assert telling_words(texts, np.arange(60) < 30) == {"nitwit"}


@pytest.mark.parametrize("positive", [[], [True] * 6, [False] * 6])
def test_texts_of_one_kind_or_none_do_not_break_the_count(positive: list[bool]) -> None:
    assert telling_words(["nitwit"] * len(positive), np.array(positive, np.bool_)) == frozenset()


def data(copies: int = 100) -> tuple[list[str], Floats]:
    texts = (CIVIL + RUDE) * copies
    return texts, np.array(([0.0] * len(CIVIL) + [1.0] * len(RUDE)) * copies)


def test_copies_differ_from_their_origins_in_the_right_words() -> None:
    texts, labels = data()
    telling = telling_words(texts, labels >= 0.5)

    copies, origins = augmented(texts, labels, Random(0))

    assert len(copies) == len(origins) > 0
    for copy, origin in zip(copies, origins.tolist(), strict=True):
        assert copy != texts[origin]
        if labels[origin] < 0.5:
            assert not holds_any(texts[origin], telling)
        else:
            assert holds_any(texts[origin], telling)
            plain = [word for word in texts[origin].split() if word.strip(",!").lower() not in telling]
            assert all(word in copy.split() for word in plain)


def test_telling_words_in_a_clean_text_are_not_disguised() -> None:
    texts = RUDE * 50 + ["hello"] * 300 + ["nobody said blockhead here"] * 20
    labels = np.array([1.0] * len(RUDE) * 50 + [0.0] * 320)

    copies, origins = augmented(texts, labels, Random(0), share_positive=0, share_clean=1)
    copies = [copy for copy, origin in zip(copies, origins.tolist(), strict=True) if origin >= 500]

    assert origins.min() >= len(RUDE) * 50
    assert len(copies) > 10
    assert all("blockhead" in copy for copy in copies)


def test_the_shares_are_kept() -> None:
    texts, labels = data(1000)

    _, origins = augmented(texts, labels, Random(0), share_positive=0.4, share_clean=0.1)

    assert (labels[origins] == 1).sum() / (labels == 1).sum() == pytest.approx(0.4, abs=0.03)
    assert (labels[origins] == 0).sum() / (labels == 0).sum() == pytest.approx(0.1, abs=0.02)
    assert np.all(np.diff(origins) > 0)


def test_any_label_of_several_makes_a_text_positive_and_a_missing_one_does_not() -> None:
    texts, labels = data()
    several = np.column_stack([np.full(len(texts), np.nan), np.zeros(len(texts)), labels])

    copies, origins = augmented(texts, several, Random(3))
    expected, expected_origins = augmented(texts, labels, Random(3))

    assert copies == expected
    assert origins.tolist() == expected_origins.tolist()


def test_a_text_that_cannot_be_disguised_gives_no_copy() -> None:
    texts = ["so it is", "99 %", "rude in civil words"] * 20

    _, origins = augmented(texts, np.array([0.0, 0.0, 1.0] * 20), Random(0), share_positive=0, share_clean=1)
    copies, _ = augmented(["so it is"] * 40, np.arange(40) / 39, Random(0), share_positive=1, share_clean=1)

    assert origins.tolist() == []
    assert copies == []


def test_nothing_gives_no_copies() -> None:
    copies, origins = augmented([], np.empty((0, 6)), Random(0))

    assert copies == []
    assert origins.shape == (0,)


def test_no_held_out_family_is_used_in_training() -> None:
    copies, _ = augmented(["blockhead"] * 500 + ["ferry"] * 500, np.arange(1000) < 500, Random(0), 1.0, 1.0)
    trained = set().union(*(spellings(name, word) for name in KNOWN for word in ("blockhead", "ferry")))
    signature = {HELD_OUT[name](word, Random(0)) for name in HELD_OUT for word in ("blockhead", "ferry")}

    assert len(copies) > 900
    assert signature - trained
    assert not (signature - trained) & set(copies)


def test_copies_do_not_depend_on_the_order_of_sets_in_memory() -> None:
    # String hashes, and so the order of sets, differ from one process to the next.
    program = (
        "from random import Random; from tests.models.texts.test_obfuscation import data, augmented;"
        "import zlib; print(zlib.crc32(ascii(augmented(*data(), Random(5))[0]).encode()))"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }

    assert len(printed) == 1


@pytest.mark.parametrize("unit", ["fool ", "a", "fool1", "fool\u0301", "é", "fool_"])
def test_a_long_text_takes_linear_time(unit: str) -> None:
    small, large = ((unit * size)[:size] for size in (50_000, 200_000))

    assert growth(lambda text: disguise(text, KNOWN["leet_full"], {"fool"}, Random(0)), small, large) < LINEAR
    assert growth(lambda text: holds_any(text, frozenset({"nitwit"})), small, large) < LINEAR


def test_many_texts_are_augmented_in_time_linear_in_their_number() -> None:
    assert growth(lambda given: augmented(*given, Random(0)), data(500), data(2_000)) < LINEAR
