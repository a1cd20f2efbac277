"""How good a scorer is on labelled comments: figures, never texts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, roc_auc_score

from models.data import COLUMNS, Labelled, natural_weights, read_labelled, sha256_of
from models.linear import Floats
from models.scorer import Scorer

PRIOR = 0.10  # share of comments with any positive label, about that of Wikipedia talk as published
BATCH = 512
BINS = 15

Labels = NDArray[np.bool_]


def evaluate(scorer: Scorer, csv: Path, prior: float = PRIOR) -> dict[str, Any]:
    """Return how well a scorer's probabilities fit the English rows of a labelled file.

    Parameters
    ----------
    scorer : Scorer
        Any model with attributes of ours.
    csv : Path
        As `models.data.read_labelled` reads it.
    prior : float
        Rows are weighted so that this share has any positive label: training sets over-sample toxicity,
        and precision or calibration on them as they are would say nothing about a live site.

    Returns
    -------
    dict
        Plain JSON values. ``attributes``: for each, the figures of `figures`, on the rows of the source
        with all labels (on all rows if it is not there). ``sources``: of TOXICITY in each source.

    Raises
    ------
    FileNotFoundError, ValueError
        If the file cannot be used.
    """
    data = read_labelled(csv)
    scores = probabilities(scorer, data.texts)
    rows = data.reference_rows()
    return {
        "model": scorer.model_id,
        "data_sha256": sha256_of(csv),
        "prior": prior,
        "rows": int(rows.sum()),
        "attributes": _by_attribute(scorer, scores[rows], data.labels[rows], prior),
        "sources": _by_source(scorer, scores, data),
    }


def _by_attribute(scorer: Scorer, scores: Floats, labels: Floats, prior: float) -> dict[str, Any]:
    weights = natural_weights(labels, prior)
    columns = {name: labels[:, i] for i, name in enumerate(COLUMNS)}
    return {
        name: figures(scores[:, i], columns[name], weights, scorer.thresholds.get(name))
        for i, name in enumerate(scorer.attributes)
        if name in columns
    }


def _by_source(scorer: Scorer, scores: Floats, data: Labelled) -> dict[str, Any]:
    toxicity, labels = scores[:, scorer.attributes.index("TOXICITY")], data.labels[:, 0]
    limit = scorer.thresholds["TOXICITY"]
    found = {
        str(source): _of_source(toxicity[data.sources == source], labels[data.sources == source], limit)
        for source in np.unique(data.sources)
    }
    return {source: row for source, row in found.items() if row}


def probabilities(scorer: Scorer, texts: list[str]) -> Floats:
    """Return the scores of texts, shape (n_texts, n_attributes)."""
    batches = (scorer.read(texts[at : at + BATCH]) for at in range(0, len(texts), BATCH))
    return np.array([list(reading.scores.values()) for batch in batches for reading in batch])


def figures(scores: Floats, labels: Floats, weights: Floats, threshold: float | None) -> dict[str, float]:
    """Return weighted figures of one attribute; rows without a label are left out.

    ``roc_auc`` and ``average_precision`` judge the order, ``brier`` and ``ece`` the probabilities;
    ``false_alarms`` and ``recall`` are the shares of negative and positive rows at or above ``threshold``.
    With labels of one kind only, there are counts alone.
    """
    known = ~np.isnan(labels)
    scores, positive, weights = scores[known], labels[known] >= 0.5, weights[known]
    found: dict[str, float] = {"rows": len(scores), "positives": int(positive.sum())}
    if not 0 < found["positives"] < found["rows"]:
        return found
    found |= {
        "prior": _rounded(np.average(positive, weights=weights)),
        "roc_auc": _rounded(roc_auc_score(positive, scores, sample_weight=weights)),
        "average_precision": _rounded(average_precision_score(positive, scores, sample_weight=weights)),
        "brier": _rounded(np.average((scores - positive) ** 2, weights=weights)),
        "ece": _rounded(calibration_error(scores, positive, weights)),
    }
    if threshold is not None:
        above = scores >= threshold
        found |= {
            "threshold": threshold,
            "false_alarms": _rounded(np.average(above[~positive], weights=weights[~positive])),
            "recall": _rounded(np.average(above[positive], weights=weights[positive])),
        }
    return found


def calibration_error(scores: Floats, positive: Labels, weights: Floats) -> float:
    """Return the expected calibration error over `BINS` equal bins of the score.

    >>> calibration_error(np.array([0.2, 0.9]), np.array([False, True]), np.ones(2))
    0.15
    """
    bins = np.minimum((scores * BINS).astype(np.int64), BINS - 1)
    gaps = np.bincount(bins, weights * (scores - positive), BINS)
    return round(float(np.abs(gaps).sum() / weights.sum()), 12)


def review_threshold(scores: Floats, labels: Floats, weights: Floats, false_alarms: float) -> float:
    """Return the lowest threshold, in steps of a thousandth, that at most a share of negatives reaches."""
    negative = labels < 0.5  # False for a missing label
    order = np.argsort(-scores[negative], kind="stable")
    reached = np.cumsum(weights[negative][order]) / weights[negative].sum()
    allowed = int(np.searchsorted(reached, false_alarms, side="right"))
    highest_refused = scores[negative][order][min(allowed, len(order) - 1)]
    return float(min(np.floor(highest_refused * 1000) + 1, 1000) / 1000)


def _of_source(scores: Floats, labels: Floats, limit: float) -> dict[str, float]:
    known = ~np.isnan(labels)
    positive = labels[known] >= 0.5
    if not 0 < positive.sum() < len(positive):
        return {}
    area = roc_auc_score(positive, scores[known])
    return {
        "rows": len(positive),
        "positives": int(positive.sum()),
        "roc_auc": _rounded(area),
        "false_alarms": _rounded((scores[known][~positive] >= limit).mean()),
    }


def _rounded(value: float) -> float:
    return round(float(value), 4)
