"""From labelled comments to a shipped model: `train` is what ``parley train`` calls."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from models import artifact
from models.card import write_card
from models.data import COLUMNS, Labelled, natural_weights, read_labelled, sha256_of
from models.evaluation import PRIOR, evaluate, review_threshold
from models.fast import FastReader
from models.linear import Floats, LinearScorer
from models.normalise import normalise
from models.scorer import SHIPPED, load_scorer
from models.self_test import TEXTS

CHARS_TRAINED = 2_000  # of each text: the tail teaches little and would double the memory
# Per head, in the order of COLUMNS; chosen on development data.
STRENGTH = (0.3, 0.1, 0.3, 0.1, 0.1, 0.1)
EMPHASIS = (1.0, 0.5, 0.5, 0.5, 0.5, 0.5)
# Sources with all six labels made for whole comments. Other sources' insults and threats follow another
# convention (types of spans), and pooling them makes those heads worse.
SIX_LABELS = ("jigsaw2018_train", "jigsaw2018_train_lowercased")
# Tweets and forum posts count less than comments. Davidson's tweets are left out: they were sampled by
# keyword, and teach that a dialect is an insult.
TOXICITY_WEIGHT = {
    "hatexplain_normalised": 0.2,
    "latent_hatred": 0.2,
    "stormfront_vicomtech": 0.2,
    "hatemoji_build": 0.2,
    "davidson2017_tweets": 0.0,
}
IDENTITY_WEIGHT = {
    "foxnews_comments": 1.0,
    "latent_hatred": 0.3,
    "stormfront_vicomtech": 0.3,
    "hatemoji_build": 0.3,
}
# Share of civil comments that a suggested review threshold sends to a person. TOXICITY sees nearly all that
# the others see, so they may be strict.
FALSE_ALARMS = {name: 0.05 if name == "TOXICITY" else 0.01 for name in COLUMNS}


def train(
    train_csv: Path,
    dev_csv: Path,
    out_dir: Path,
    progress: Callable[[str], None] = print,
    *,
    seed: int = 0,
    prior: float = PRIOR,
) -> str:
    """Train, calibrate, save, load back and evaluate a model, telling ``progress`` of it; return its id.

    The same data, ``seed`` (of the solver) and library versions give byte-equal files.

    Parameters
    ----------
    train_csv, dev_csv : Path
        As `models.data.read_labelled` reads them: for the weights; for calibration and thresholds.
    out_dir : Path
        Folder of the artifact; an older one is replaced. For the shipped one the card is written anew.
    prior : float
        Share of comments with any positive label that probabilities should reckon with.

    Raises
    ------
    FileNotFoundError, ValueError
        If the data or the folder cannot be used; the message says which and why.
    """
    say = _timed(progress)
    artifact.check_folder(out_dir)  # now: a minute's work should not end in a refusal
    train_set, dev_set = read_labelled(train_csv), read_labelled(dev_csv)
    say(f"read {len(train_set.texts)} texts to train on, {len(dev_set.texts)} to calibrate on")
    reader = FastReader(C=STRENGTH, emphasis=EMPHASIS, random_state=seed)
    texts = [text[:CHARS_TRAINED] for text in train_set.texts]
    reader.fit(texts, train_set.labels, label_weights(train_set), progress=say)
    thresholds = _calibrate(reader, dev_set, prior)
    digests = {"train": sha256_of(train_csv), "dev": sha256_of(dev_csv)}
    chosen = {"prior": prior, "seed": seed, "thresholds": thresholds, "data_sha256": digests}
    model_id = _publish(out_dir, reader.kernel_, chosen, dev_csv)
    say(f"saved {model_id} in {out_dir}")
    return model_id


def _publish(out_dir: Path, kernel: LinearScorer, header: dict[str, Any], dev_csv: Path) -> str:
    always = {"languages": ["en"], "false_alarms": FALSE_ALARMS, "self_test": self_test(kernel)}
    model_id = artifact.save(out_dir, kernel, {**header, **always})
    artifact.add_evaluation(out_dir, evaluate(load_scorer(out_dir), dev_csv, header["prior"]))
    if out_dir.resolve() == SHIPPED.resolve():
        write_card()
    return model_id


def label_weights(data: Labelled) -> Floats:
    """Return the weight of every label in training, shape (n, n_attributes)."""
    six = np.isin(data.sources, SIX_LABELS).astype(np.float64)
    if not six.any():
        return np.ones_like(data.labels)  # someone else's data: all of it counts
    toxicity = np.array([TOXICITY_WEIGHT.get(source, 1.0) for source in data.sources.tolist()])
    identity = np.array([IDENTITY_WEIGHT.get(source, 0.0) for source in data.sources.tolist()])
    special = {"TOXICITY": toxicity, "IDENTITY_ATTACK": np.maximum(six, identity)}
    return np.column_stack([special.get(name, six) for name in COLUMNS])


def self_test(kernel: LinearScorer) -> list[dict[str, Any]]:
    """Return example texts with the scores that a loaded model must give again."""
    rows = kernel.probabilities([normalise(text) for text in TEXTS]).tolist()
    return [
        {"text": text, "scores": dict(zip(kernel.attributes, row, strict=True))}
        for text, row in zip(TEXTS, rows, strict=True)
    ]


def _calibrate(reader: FastReader, dev_set: Labelled, prior: float) -> dict[str, float]:
    """Fit the curves and return the review thresholds they lead to."""
    rows = dev_set.reference_rows()
    labels = dev_set.labels[rows]
    texts = [text for text, wanted in zip(dev_set.texts, rows, strict=True) if wanted]
    weights = natural_weights(labels, prior)
    reader.calibrate(texts, labels, np.repeat(weights[:, None], labels.shape[1], axis=1))
    scores = reader.predict_proba(texts)
    return {
        name: review_threshold(scores[:, i], labels[:, i], weights, FALSE_ALARMS[name])
        for i, name in enumerate(reader.attributes)
    }


def _timed(progress: Callable[[str], None]) -> Callable[[str], None]:
    begin = time.monotonic()
    return lambda line: progress(f"{time.monotonic() - begin:6.1f} s  {line}")
