"""What measures a model is kept apart from what teaches it."""

from __future__ import annotations

import json
from itertools import groupby
from pathlib import Path

from models.evaluating.behaviour import read_cases
from models.evaluating.fairness import read_sentences
from models.reading.identity import MASK, mask
from models.reading.normalise import normalise
from models.texts import scams
from models.texts.templates import rows

EVERYDAY_SPAM = Path(__file__).parents[1] / "everyday_spam.json"
RUN = 6  # words in a row, with the names of groups taken for one another


def runs(text: str) -> set[tuple[str, ...]]:
    """Return every run of words of a text, or the whole of a shorter one."""
    words = [word for word, _ in groupby(mask(normalise(text).replace("mixed race", MASK)).split())]
    return {tuple(words[at : at + RUN]) for at in range(max(1, len(words) - RUN + 1))}


def test_no_sentence_that_measures_shares_a_run_of_words_with_one_that_teaches() -> None:
    taught = {run for row in rows(15_000, seed=0) for run in runs(row.text)}
    measured = [case.text for case in read_cases()]
    measured += [sentence.text for sentence in read_sentences(("en",))]

    shared = [text for text in measured if not taught.isdisjoint(runs(text))]
    assert shared == []


def test_no_spam_that_measures_shares_a_run_of_words_with_the_grammar() -> None:
    written = [*scams.rows(12_000, seed=0), *scams.rows(1_000, seed=0, part="dev")]
    taught = {run for row in written for run in runs(row.text)}
    measured = json.loads(EVERYDAY_SPAM.read_text("utf-8"))

    shared = [
        text for side in ("spam", "civil") for text in measured[side] if not taught.isdisjoint(runs(text))
    ]
    assert shared == []
