"""What doors rely on: readings and explanations of the shipped model."""

from __future__ import annotations

import math
import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import Scorer, load_scorer
from models.fast import ATTRIBUTES
from models.scorer import utf16_length

ANYTHING = st.text(st.characters(exclude_categories=[]), max_size=80)
FINE = (
    "The mediators in Kuala Lumpur deserve credit for getting both sides into one room.",
    "Does anyone know when the second round of talks starts?",
    "I disagree with the article: the border dispute is far older than 2008.",
    "Thank you for the article.",
)
RUDE = (
    "shut up you stupid retarded moron, go die",
    "you are an idiot",
    "Y O U  A R E  AN  I D I O T",
    "you are an 1d10t",
    "yоu аrе аn іdіоt",
)
# Scores of the shipped model, to three digits. A new model brings new ones.
GOLDEN = {
    "Thank you for the article.": (0.002, 0.004, 0.001, 0.008, 0.007, 0.002),
    "you are an idiot": (1.0, 0.013, 0.012, 1.0, 0.802, 0.001),
    "What a stupid idea.": (0.999, 0.018, 0.018, 0.862, 0.463, 0.001),
    "I will find the source of that quotation tomorrow.": (0.002, 0.005, 0.002, 0.006, 0.004, 0.007),
}


@given(texts=st.lists(ANYTHING, max_size=4))
def test_any_text_at_all_gives_finite_scores_from_0_to_1(shipped: Scorer, texts: list[str]) -> None:
    readings = shipped.read(texts)

    assert len(readings) == len(texts)
    for reading in readings:
        assert tuple(reading.scores) == shipped.attributes == ATTRIBUTES
        assert all(type(score) is float and 0 <= score <= 1 for score in reading.scores.values())


def test_order_is_kept_and_a_batch_scores_like_single_texts(shipped: Scorer) -> None:
    texts = [*FINE, "", *RUDE, "x" * 30_000, "한국어"]

    assert shipped.read(texts) == [shipped.read([text])[0] for text in texts]


def test_no_texts_give_no_readings(shipped: Scorer) -> None:
    assert shipped.read([]) == []


@pytest.mark.parametrize("texts", ["one text", [b"bytes"], [None]])
def test_anything_but_a_list_of_strings_is_refused(shipped: Scorer, texts: list[str]) -> None:
    with pytest.raises(TypeError, match="sequence of str"):
        shipped.read(texts)


@pytest.mark.parametrize("text", FINE)
def test_a_fine_comment_stays_well_below_review(shipped: Scorer, text: str) -> None:
    reading = shipped.read([text])[0]

    assert reading.scores["TOXICITY"] < shipped.thresholds["TOXICITY"] / 2
    assert all(reading.scores[name] < limit for name, limit in shipped.thresholds.items())


@pytest.mark.parametrize("text", RUDE)
def test_a_rude_comment_is_far_above_review_however_it_is_spelt(shipped: Scorer, text: str) -> None:
    assert shipped.read([text])[0].scores["TOXICITY"] > 0.8


@pytest.mark.parametrize("text", GOLDEN)
def test_the_shipped_model_gives_its_golden_scores(shipped: Scorer, text: str) -> None:
    scores = shipped.read([text])[0].scores

    assert tuple(scores.values()) == pytest.approx(GOLDEN[text], abs=6e-4)


def test_naming_a_group_changes_toxicity_alike_for_every_group(shipped: Scorer) -> None:
    groups = ("gay", "white", "jewish", "muslim", "deaf", "german")
    readings = shipped.read([f"I am a {group} teacher and I live here" for group in groups])

    assert len({reading.scores["TOXICITY"] for reading in readings}) == 1


def test_a_reading_says_language_and_normalised_text(shipped: Scorer) -> None:
    german, english = shipped.read(["Das ist nicht richtig, mein Herr.", "That is NOT right, sir."])

    assert (german.language, german.supported) == ("de", False)
    assert (english.language, english.supported) == ("en", True)
    assert english.normalised == "that is not right sir" == shipped.normalise("That is NOT right, sir.")


def test_the_rude_words_are_marked_in_utf16_units(shipped: Scorer) -> None:
    text = "😀 you  IDIOT! 😀 thanks for the bread"
    reading, spans = shipped.read([text])[0], shipped.explain(text)

    units = text.encode("utf-16-le")
    marked = {units[2 * span.begin : 2 * span.end].decode("utf-16-le"): span.score for span in spans}
    assert max(marked, key=lambda word: marked[word]) == "IDIOT!"
    assert "bread" not in marked
    assert sum(marked.values()) <= reading.scores["TOXICITY"] + 1e-9


@pytest.mark.parametrize("spelling", ["i d i o t", "1d10t", "іdіоt", "i\u200bdiot"])
def test_a_disguised_word_is_marked_whole(shipped: Scorer, spelling: str) -> None:
    text = f"well, {spelling} indeed"
    best = max(shipped.explain(text, "INSULT"), key=lambda span: span.score)

    assert text[best.begin : best.end] == spelling


@given(text=ANYTHING)
def test_spans_lie_in_the_text_in_order(shipped: Scorer, text: str) -> None:
    spans = shipped.explain(text, "IDENTITY_ATTACK")

    ends = [0, *(span.end for span in spans)]
    assert all(end <= span.begin < span.end for end, span in zip(ends, spans, strict=False))
    assert ends[-1] <= utf16_length(text)
    assert all(math.isfinite(span.score) and 0 < span.score <= 1 for span in spans)


def test_an_unknown_attribute_is_refused(shipped: Scorer) -> None:
    with pytest.raises(ValueError, match="no attribute 'SPAM'"):
        shipped.explain("x", "SPAM")


@pytest.mark.parametrize("unit", ["a", "a ", "ab cd ", "f.u.", "\u0301e", "\ufdfa", "㌖", "🖕", "аa", "1a!"])
def test_a_hundred_kilobytes_are_read_and_explained_in_bounded_time(shipped: Scorer, unit: str) -> None:
    text = unit * (100_000 // len(unit.encode()))
    shipped.read(["bonjour monsieur"])
    begin = time.process_time()

    shipped.read([text])
    read = time.process_time()
    shipped.explain(text)

    assert read - begin < 0.2
    assert time.process_time() - read < 0.4


def test_a_batch_of_plain_comments_is_read_fast(shipped: Scorer) -> None:
    texts = [
        f"{text} And this is the {i}th comment of many on the page, written in plain words."
        for i, text in enumerate(FINE * 64)
    ]
    shipped.read(texts)
    begin = time.process_time()

    shipped.read(texts)

    assert time.process_time() - begin < 0.25  # five times what it takes: 256 texts at 5,000 a second is 0.05


def test_scoring_brings_neither_scikit_learn_nor_scipy() -> None:
    code = (
        "import sys, models; s = models.load_scorer(); s.read(['hi']); s.explain('hi');"
        "sys.exit('sklearn' in sys.modules or 'scipy' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_shipped_model_is_small_and_its_id_names_its_content() -> None:
    scorer = load_scorer()

    assert scorer.model_id.startswith("fast-")
    assert len(scorer.model_id) == len("fast-1a2b3c4d5e6f")
    assert scorer.languages == {"en"}
    assert set(scorer.thresholds) == set(scorer.attributes)
