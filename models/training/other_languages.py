"""Fast readers for languages with few labelled comments: one small model each, in beta. Training only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.evaluating.evaluation import review_threshold
from models.evaluating.fitting import FALSE_ALARMS
from models.reading.fast import LinearScorer
from models.texts.data import COLUMNS, Labelled, read_labelled
from models.training.fast import FastReader

LANGUAGES = ("de", "ko", "pt")
POSITIVES_AT_LEAST = 40  # development rows with a label, or there is no telling whether its head works
BITS = 16
STRENGTH, EMPHASIS = 0.1, 0.5
CHARS_TRAINED = 2_000


@dataclass(frozen=True, slots=True)
class Other:
    """One language's reader, and the review thresholds it suggests."""

    kernel: LinearScorer
    thresholds: dict[str, float]


def train_other(train_csv: Path, dev_csv: Path, seed: int, say: Callable[[str], None]) -> dict[str, Other]:
    """Return a reader for each language of `LANGUAGES` that the files hold enough labels of."""
    found = {}
    for code in LANGUAGES:
        try:
            train_set, dev_set = read_labelled(train_csv, code), read_labelled(dev_csv, code)
        except ValueError:  # no row of that language
            continue
        heads = [i for i in range(len(COLUMNS)) if _enough(dev_set, i) and _enough(train_set, i)]
        if heads and heads[0] == 0:
            found[code] = _trained(train_set, dev_set, heads, seed)
            say(f"fitted {code}: {', '.join(found[code].thresholds)}")
    return found


def _enough(data: Labelled, column: int) -> bool:
    labels = data.labels[:, column]
    return bool((labels >= 0.5).sum() >= POSITIVES_AT_LEAST and (labels < 0.5).sum() >= POSITIVES_AT_LEAST)


def _trained(train_set: Labelled, dev_set: Labelled, heads: list[int], seed: int) -> Other:
    names = tuple(list(COLUMNS)[i] for i in heads)
    reader = FastReader(names, C=STRENGTH, emphasis=EMPHASIS, bits=BITS, random_state=seed)
    reader.fit([text[:CHARS_TRAINED] for text in train_set.texts], train_set.labels[:, heads])
    labels = dev_set.labels[:, heads]
    # Calibrated at the share of toxic texts in the data as they are: no natural prevalence is known.
    reader.calibrate(dev_set.texts, labels, np.where(np.isnan(labels), 0.0, 1.0))
    scores = reader.predict_proba(dev_set.texts)
    weights = np.ones(len(labels))
    limits = {
        name: review_threshold(scores[:, i], labels[:, i], weights, FALSE_ALARMS[name])
        for i, name in enumerate(names)
    }
    return Other(reader.kernel_, limits)
