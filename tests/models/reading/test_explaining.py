"""Shares of words, whoever decided."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import Scorer, load_scorer
from models.reading.explaining import OCCLUSIONS, Span, additive, occluded, spans, utf16_length, words
from models.reading.fast import LinearScorer
from models.reading.normalise import normalise

WORDS = st.lists(
    st.sampled_from(["you", "idiot", "bread", "STUPID", "gay", "f-ool", "😀", "ok."]), max_size=9
)


@given(chosen=WORDS)
def test_shares_add_up_to_the_log_odds_of_the_words_as_read(
    trained_kernel: LinearScorer, chosen: list[str]
) -> None:
    text = " ".join(chosen)
    read = " ".join(normalise(word) for word in chosen if normalise(word))

    shares = additive(trained_kernel, text, words(text), "INSULT")

    nothing = trained_kernel.calibrated(np.array([trained_kernel.biases]))
    log_odds = trained_kernel.calibrated(trained_kernel.margins([read])) - nothing
    column = trained_kernel.attributes.index("INSULT")
    # What stands between the words, a space on either side, has a share of its own that goes to no word.
    assert shares.sum() == pytest.approx(log_odds[0, column], abs=0.4)


def test_the_word_whose_loss_costs_most_has_the_largest_share() -> None:
    def logits(texts: list[str]) -> np.ndarray:
        return np.array([3.0 * ("idiot" in text) + 1.0 * ("silly" in text) for text in texts])

    text = "you silly idiot over there"
    shares = occluded(logits, text, words(text), 4.0)

    assert shares.tolist() == [0, 1, 3, 0, 0]


def test_a_long_text_is_occluded_in_few_readings() -> None:
    asked: list[str] = []

    def logits(texts: list[str]) -> np.ndarray:
        asked.extend(texts)
        return np.zeros(len(texts))

    text = " ".join(f"word{i}" for i in range(500))
    shares = occluded(logits, text, words(text), 1.0)

    assert len(asked) == OCCLUSIONS
    assert len(shares) == 500
    assert shares.sum() == pytest.approx(OCCLUSIONS)


def test_spans_are_in_utf16_units_and_share_out_the_score() -> None:
    text = "😀 you fool"

    found = spans(text, words(text), np.array([0.0, 0.1, 2.0]), score=0.84)

    assert found == [Span(7, 11, pytest.approx(0.8))]
    assert utf16_length(text) == 11


def test_the_careful_readers_words_are_found_by_leaving_them_out() -> None:
    always = load_scorer(careful="always")
    text = "Thanks for the recipe, but you are a worthless idiot and nobody wants you here."
    (reading,) = always.read([text])

    found = always.explain(text)

    marked = {text[span.begin : span.end]: span.score for span in found}  # plain ASCII: units are characters
    assert reading.reader == "careful"
    assert max(marked, key=lambda word: marked[word]) in {"idiot", "worthless"}
    assert "recipe," not in marked
    assert sum(marked.values()) <= reading.scores["TOXICITY"] + 1e-9


def test_an_explanation_is_of_the_score_that_was_given(shipped: Scorer) -> None:
    for text in ("you are an idiot", "Thank you for the article."):
        total = sum(span.score for span in shipped.explain(text))

        assert total <= shipped.read([text])[0].scores["TOXICITY"] + 1e-9
