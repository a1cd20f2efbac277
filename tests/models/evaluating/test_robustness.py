"""Robustness: scorers made by hand, whose figures can be worked out."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from models import load_scorer
from models.evaluating.evaluation import probabilities
from models.evaluating.robustness import robustness
from models.numbers import Floats
from models.reading.normalise import normalise
from models.texts.data import read_labelled
from models.texts.obfuscation import HELD_OUT, KNOWN

WORD = frozenset({"blockhead"})
TOXIC = [f"well, number {i} is a blockhead" for i in range(40)]
CIVIL = [f"ferry number {i} sails today" for i in range(60)]
TEXTS = TOXIC + CIVIL
POSITIVE = np.arange(100) < 40
ATTRIBUTES = ("INSULT", "TOXICITY")


class FakeScorer:
    """Finds a text toxic if it holds the word, read as ``reading`` does; remembers what it was asked."""

    def __init__(
        self, reading: Callable[[str], str] = str.lower, alarm: Callable[[str], float] = lambda text: 0.1
    ) -> None:
        self.reading, self.alarm = reading, alarm
        self.asked: list[list[str]] = []

    def __call__(self, texts: Sequence[str]) -> Floats:
        self.asked.append(list(texts))
        toxicity = [0.9 if "blockhead" in self.reading(text) else self.alarm(text) for text in texts]
        return np.column_stack([np.full(len(texts), 0.5), toxicity])


def run(score: FakeScorer, **options: Any) -> dict[str, Any]:
    """Measure a scorer on the texts above."""
    return robustness(score, ATTRIBUTES, TEXTS, POSITIVE, **{"words": WORD, **options})


def test_every_family_is_measured_and_the_figures_are_plain_json() -> None:
    found = run(FakeScorer())

    assert json.loads(json.dumps(found)) == found
    assert {group: set(rows) for group, rows in found["families"].items()} == {
        "known": set(KNOWN),
        "held_out": set(HELD_OUT),
    }


def test_a_reader_of_plain_words_loses_what_it_cannot_spell() -> None:
    found = run(FakeScorer())
    families = {**found["families"]["known"], **found["families"]["held_out"]}
    whole = {"changed": 1.0, "recall": 1.0, "kept": 1.0}
    lost = {"changed": 1.0, "recall": 0.0, "kept": 0.0}

    assert found["recall"] == 1.0
    assert found["removed"] == lost
    # It ignores case, and finds the word inside another; it reads nothing else.
    assert {name for name, row in families.items() if row == whole} == {"mixed_case", "glued", "last_doubled"}
    # The first or last letter repeated leaves the word whole.
    assert 0 < families["stretched"]["recall"] < 1
    assert {name for name, row in families.items() if row not in (whole, lost)} == {"stretched"}
    assert found["means"]["held_out"] == {"recall": round(2 / 12, 4), "kept": round(2 / 12, 4)}


def test_a_reader_that_undoes_a_disguise_keeps_its_recall() -> None:
    found = run(FakeScorer(normalise))

    assert all(
        found["families"]["known"][name]["kept"] == 1.0 for name in ("spaced", "full_width", "accented")
    )


def test_recall_is_a_share_of_all_texts_and_what_is_kept_a_share_of_recall() -> None:
    def half_blind(text: str) -> str:
        return text.lower() if int("".join(filter(str.isdigit, text)) or 0) % 2 else ""

    found = run(FakeScorer(half_blind))

    assert found["recall"] == 0.5
    assert found["families"]["known"]["mixed_case"] == {"changed": 1.0, "recall": 0.5, "kept": 1.0}


def test_what_is_kept_is_not_cut_at_one() -> None:
    found = run(
        FakeScorer(lambda text: "blockhead" if "_" in text or text.startswith("well, number 1") else "")
    )

    assert found["recall"] == round(11 / 40, 4)
    assert found["families"]["held_out"]["underscored"]["kept"] == round(40 / 11, 4)


def test_recall_of_nothing_keeps_nothing() -> None:
    found = run(FakeScorer(lambda text: ""))

    assert found["recall"] == 0.0
    assert found["means"]["known"] == {"recall": 0.0, "kept": 0.0}


@pytest.mark.parametrize("allowed", [0.0, 0.05, 0.5])
def test_the_threshold_lets_no_more_civil_texts_through_than_allowed(allowed: float) -> None:
    def by_number(text: str) -> float:
        return int("".join(filter(str.isdigit, text)) or 0) / 100

    found = run(FakeScorer(alarm=by_number), false_alarms=allowed)
    reached = sum(by_number(text) >= found["threshold"] for text in CIVIL)

    assert reached == int(allowed * 60)
    assert found["innocent"]["as_typed"] == round(reached / 60, 4)


def test_a_score_on_the_threshold_reaches_it() -> None:
    def score(texts: Sequence[str]) -> Floats:
        return np.array([[0.0, 0.101 if "blockhead" in text else 0.1] for text in texts])

    found = robustness(score, ATTRIBUTES, TEXTS, POSITIVE, words=WORD)

    assert (found["threshold"], found["recall"]) == (0.101, 1.0)


def test_odd_spelling_of_innocent_words_can_raise_false_alarms() -> None:
    found = run(FakeScorer(alarm=lambda text: 0.1 if "ferry number" in text else 0.8))

    assert found["innocent"]["texts"] == 60
    assert found["innocent"]["as_typed"] == 0.0
    assert min(found["innocent"]["known"], found["innocent"]["held_out"]) > 0.6


def test_a_civil_text_has_two_words_disguised() -> None:
    scorer = FakeScorer()

    run(scorer)
    spelt = scorer.asked[-1]

    assert len(spelt) == 60
    assert {
        sum(word not in text.split() for word in ["ferry", "number", "sails", "today"]) for text in spelt
    } <= {1, 2}
    assert all(text not in CIVIL for text in spelt)


def test_no_more_texts_are_scored_than_asked() -> None:
    scorer = FakeScorer()

    found = run(scorer, at_most=7)

    assert (found["texts"], found["innocent"]["texts"]) == (7, 7)
    assert [len(texts) for texts in scorer.asked] == [60] + [7] * (len(scorer.asked) - 1)


def test_the_same_seed_gives_the_same_figures_and_texts() -> None:
    first, second, other = FakeScorer(), FakeScorer(), FakeScorer()

    assert run(first, seed=3) == run(second, seed=3)
    run(other, seed=4)

    assert first.asked == second.asked
    assert first.asked[-1] != other.asked[-1]


def test_toxic_texts_without_a_telling_word_are_left_out() -> None:
    texts, positive = [*TEXTS, "toxic in civil words"], np.append(POSITIVE, True)

    found = robustness(FakeScorer(), ATTRIBUTES, texts, positive, words=WORD)

    assert found["texts"] == 40


def test_telling_words_come_from_the_texts_themselves() -> None:
    found = run(FakeScorer(), words=None)

    assert found["telling_words"] == 2  # "blockhead" and "well"
    assert found["texts"] == 40


@pytest.mark.parametrize("positive", [np.zeros(100, np.bool_), np.ones(100, np.bool_)])
def test_texts_of_one_kind_are_refused(positive: NDArray[np.bool_]) -> None:
    with pytest.raises(ValueError, match="texts of both kinds are needed"):
        robustness(FakeScorer(), ATTRIBUTES, TEXTS, positive, words=WORD)


def test_a_scorer_without_toxicity_is_refused() -> None:
    with pytest.raises(ValueError, match="TOXICITY"):
        robustness(FakeScorer(), ("INSULT", "THREAT"), TEXTS, POSITIVE, words=WORD)


def test_a_trained_model_can_be_measured(trained: Path, samples: tuple[Path, Path]) -> None:
    scorer, data = load_scorer(trained), read_labelled(samples[1])

    found = robustness(
        lambda texts: probabilities(scorer, list(texts)),
        scorer.attributes,
        data.texts,
        data.labels[:, 0] >= 0.5,
    )

    assert found["recall"] > 0.9
    assert found["families"]["known"]["full_width"]["kept"] == 1.0
