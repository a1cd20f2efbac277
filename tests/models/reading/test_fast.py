"""The scoring kernel: bounded, finite, additive.

Proves `models/numbers.py` too.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.numbers import sigmoid
from models.reading import identity
from models.reading.fast import CHARS_KEPT, WORDS_KEPT, Curve, LinearScorer
from models.reading.features import Hashing
from models.training.fast import as_csr

NAMES = ("TOXICITY", "IDENTITY_ATTACK")
WORDS = st.lists(st.text("abcgéy", min_size=1, max_size=9), min_size=1, max_size=9).map(" ".join)


TEXTS = WORDS | st.sampled_from(["", "gay", "the gay baker", "german gay", "a  b", " a", "identityterm a"])


def fresh() -> LinearScorer:
    weights = np.random.default_rng(1).integers(-127, 128, (1 << 12, 2)).astype(np.int8)
    curves = {"TOXICITY": Curve(2.0, -1.0), "IDENTITY_ATTACK": Curve()}
    return LinearScorer(NAMES, weights, np.array([0.01, 0.02]), np.array([0.5, 0.0]), curves, Hashing(12))


@pytest.fixture(scope="module")
def kernel() -> LinearScorer:
    return fresh()


def by_training(kernel: LinearScorer, texts: list[str]) -> np.ndarray:
    """Return margins by the features that training sees."""
    seen = [kernel.seen_by(texts, name) for name in NAMES]
    sums = [as_csr(seen[i], kernel.hashing) @ kernel.weights[:, i].astype(float) for i in range(len(NAMES))]
    return np.column_stack(sums) * kernel.scales + kernel.biases


@given(texts=st.lists(TEXTS, min_size=1, max_size=6))
def test_scoring_and_training_see_the_same_features(kernel: LinearScorer, texts: list[str]) -> None:
    assert kernel.margins(texts) == pytest.approx(by_training(kernel, texts), abs=1e-5)


@given(texts=st.lists(TEXTS, min_size=1, max_size=6))
def test_a_word_met_before_scores_as_a_new_one(kernel: LinearScorer, texts: list[str]) -> None:
    assert np.array_equal(kernel.margins(texts), kernel.margins(texts))
    assert np.array_equal(kernel.margins(texts), fresh().margins(texts))


@given(text=WORDS)
def test_the_shares_of_a_text_add_up_to_its_log_odds(kernel: LinearScorer, text: str) -> None:
    margin = kernel.margins([text])[0, 0]

    assert kernel.shares(text, "TOXICITY").sum() == pytest.approx(2 * (margin - 0.5), abs=1e-9)


@given(texts=st.lists(WORDS | st.just(""), min_size=1, max_size=6))
def test_a_score_does_not_depend_on_the_rest_of_the_batch(kernel: LinearScorer, texts: list[str]) -> None:
    together = kernel.probabilities(texts)

    assert np.array_equal(together, np.vstack([kernel.probabilities([text]) for text in texts]))


def test_one_head_alone_sees_which_group_is_named(kernel: LinearScorer) -> None:
    one, other = kernel.margins(["the gay baker", "the german baker"])

    assert one[0] == other[0]
    assert one[1] != other[1]


def test_scores_stay_the_same_when_more_words_come_than_are_kept() -> None:
    kernel = fresh()
    probe = ["the gay baker met a german baker"]
    before = kernel.margins(probe)
    words = map(str, range(WORDS_KEPT + 10_000))
    texts = [f"{probe[0]} {' '.join(part)}" for part in zip(*[words] * 1_000, strict=False)]

    found = kernel.margins(texts)

    assert np.array_equal(kernel.margins(probe), before)
    assert len(kernel._lexicon.numbers) < WORDS_KEPT
    assert found == pytest.approx(by_training(kernel, texts), rel=1e-4, abs=1e-3)


def test_endless_words_do_not_pile_up() -> None:
    kernel = fresh()
    words = [f"{i}" + "x" * 20_000 for i in range(3 * CHARS_KEPT // 20_000)]

    found = np.vstack([kernel.margins([word]) for word in words])

    assert sum(map(len, kernel._lexicon.numbers)) <= CHARS_KEPT
    assert np.array_equal(found[:3], kernel.margins(words[:3]))


def test_threads_share_one_kernel() -> None:
    texts = [" ".join(str(n * n % 9973) for n in range(i, i + 40)) for i in range(0, 20_000, 50)]
    batches = [texts[i : i + 8] for i in range(0, len(texts), 8)]
    alone = [fresh().margins(batch) for batch in batches]
    kernel = fresh()

    with ThreadPoolExecutor(8) as threads:
        together = list(threads.map(kernel.margins, batches * 4))

    assert all(np.array_equal(*pair) for pair in zip(together, alone * 4, strict=True))


@pytest.mark.parametrize(
    "text",
    ["a" * 100_000, "a " * 50_000, " ".join(map(str, range(20_000))), "가" * 100_000, " " * 100_000],
    ids=["one word", "one letter", "all new", "not ASCII", "no word"],
)
def test_a_huge_text_takes_a_fifth_of_a_second_at_most(text: str) -> None:
    kernel = fresh()

    begin = time.thread_time()
    kernel.margins([text])

    assert time.thread_time() - begin < 0.2


def test_more_heads_than_eight_keep_their_own_sums() -> None:
    names = tuple(f"HEAD_{i}" for i in range(11))
    weights = np.random.default_rng(2).integers(-127, 128, (1 << 12, 11)).astype(np.int8)
    many = LinearScorer(names, weights, np.ones(11), np.zeros(11), dict.fromkeys(names, Curve()), Hashing(12))
    wanted = as_csr(["one two", "three"], many.hashing) @ weights.astype(float)

    assert many.margins(["one two", "three"]) == pytest.approx(wanted, abs=1e-3)


def test_the_mask_itself_is_a_word_like_others(kernel: LinearScorer) -> None:
    assert kernel.margins([f"the {identity.MASK}"])[0, 0] == kernel.margins(["the gay"])[0, 0]


def test_an_empty_text_has_the_bias_alone(kernel: LinearScorer) -> None:
    assert kernel.margins([""]).tolist() == [[0.5, 0.0]]


def test_the_curve_takes_any_float() -> None:
    assert sigmoid(np.array([-1e308, -800.0, 0.0, 800.0, 1e308])).tolist() == [0, 0, 0.5, 1, 1]
