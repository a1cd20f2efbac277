"""How good one attribute's scores are, and how far chance may have moved that: arrays in, numbers out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, roc_auc_score

from models.numbers import Floats

BINS = 15
RESAMPLES = 400
TAILS = (0.025, 0.975)

Flags = NDArray[np.bool_]


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
        "prior": rounded(np.average(positive, weights=weights)),
        "roc_auc": rounded(roc_auc_score(positive, scores, sample_weight=weights)),
        "average_precision": rounded(average_precision_score(positive, scores, sample_weight=weights)),
        "brier": rounded(np.average((scores - positive) ** 2, weights=weights)),
        "ece": rounded(calibration_error(scores, positive, weights)),
    }
    if threshold is not None:
        above = scores >= threshold
        found |= {
            "threshold": threshold,
            "false_alarms": rounded(np.average(above[~positive], weights=weights[~positive])),
            "recall": rounded(np.average(above[positive], weights=weights[positive])),
        }
    return found


def calibration_error(scores: Floats, positive: Flags, weights: Floats) -> float:
    """Return the expected calibration error over `BINS` equal bins of the score.

    >>> calibration_error(np.array([0.2, 0.9]), np.array([False, True]), np.ones(2))
    0.15
    """
    gaps = np.bincount(bins_of(scores), weights * (scores - positive), BINS)
    return round(float(np.abs(gaps).sum() / weights.sum()), 12)


def bins_of(scores: Floats) -> NDArray[np.int64]:
    """Return the number of each score's bin, 0 to ``BINS - 1``."""
    return np.minimum((scores * BINS).astype(np.int64), BINS - 1)


def review_threshold(scores: Floats, labels: Floats, weights: Floats, false_alarms: float) -> float:
    """Return the lowest threshold, in steps of a thousandth, that at most a share of negatives reaches."""
    negative = labels < 0.5  # False for a missing label
    order = np.argsort(-scores[negative], kind="stable")
    reached = np.cumsum(weights[negative][order]) / weights[negative].sum()
    allowed = int(np.searchsorted(reached, false_alarms, side="right"))
    highest_refused = scores[negative][order][min(allowed, len(order) - 1)]
    return float(min(np.floor(highest_refused * 1000) + 1, 1000) / 1000)


def draws(strata: NDArray[np.generic], seed: int = 0) -> Floats:
    """Return how often each row is drawn in each resample, shape (RESAMPLES, n_rows).

    Rows are drawn with replacement among those of the same stratum, so each stratum keeps its size, and
    weights that depend on those sizes stay right.

    >>> draws(np.array([0, 1, 1])).sum(axis=1)[:3]
    array([3., 3., 3.])
    """
    rng = np.random.default_rng(seed)
    counts = np.empty((RESAMPLES, len(strata)))
    for stratum in np.unique(strata):
        rows = np.flatnonzero(strata == stratum)
        counts[:, rows] = rng.multinomial(len(rows), np.full(len(rows), 1 / len(rows)), RESAMPLES)
    return counts


def resampled(
    scores: Floats, labels: Floats, weights: Floats, threshold: float | None, drawn: Floats
) -> dict[str, Floats]:
    """Return figures of the rows as they are and then of each resample, each of shape (1 + n_resamples,).

    They are NaN for a resample with labels of one kind only.

    Parameters
    ----------
    scores, labels, weights : ndarray of shape (n_rows,)
        As for `figures`.
    drawn : ndarray of shape (n_resamples, n_rows)
        As `draws` gives it.
    """
    known = np.flatnonzero(~np.isnan(labels))
    order = known[np.argsort(-scores[known], kind="stable")]
    scores, positive = scores[order], labels[order] >= 0.5
    counted = np.vstack([weights[order], drawn[:, order] * weights[order]])
    found = _order_figures(scores, positive, counted)
    gaps = np.zeros((len(scores), BINS))
    gaps[np.arange(len(scores)), bins_of(scores)] = scores - positive
    found["ece"] = np.abs(counted @ gaps).sum(axis=1) / counted.sum(axis=1)
    if threshold is not None:
        above = scores >= threshold
        for name, kind in (("recall", positive), ("false_alarms", ~positive)):
            found[name] = _over(counted @ (above & kind), counted @ kind)
    return found


def _order_figures(scores: Floats, positive: Flags, counted: Floats) -> dict[str, Floats]:
    """Return the two areas of each row of weights; columns stand in falling order of the score."""
    ties = np.append(0, np.flatnonzero(np.diff(scores)) + 1)
    of_positive = np.add.reduceat(counted * positive, ties, axis=1)
    of_negative = np.add.reduceat(counted * ~positive, ties, axis=1)
    hits, alarms = np.cumsum(of_positive, axis=1), np.cumsum(of_negative, axis=1)
    pairs = ((hits - of_positive / 2) * of_negative).sum(axis=1)
    precision = hits / np.maximum(hits + alarms, np.finfo(np.float64).tiny)
    both = hits[:, -1] * alarms[:, -1]
    return {
        "roc_auc": _over(pairs, both),
        "average_precision": _over((of_positive * precision).sum(axis=1), hits[:, -1] * (both > 0)),
    }


def _over(some: Floats, whole: Floats) -> Floats:
    """Return quotients, NaN where there is nothing to divide by."""
    return np.asarray(np.divide(some, whole, out=np.full(len(some), np.nan), where=whole > 0))


def interval(values: Floats) -> list[float] | None:
    """Return the 95 % interval around the first of some values by the spread of the others.

    Their median is moved to the first: a resample's calibration error is biased upwards, and the interval
    would miss the figure itself. None if there are no others.

    >>> interval(np.array([0.5, *np.linspace(0.5, 0.7, 201)]))
    [0.405, 0.595]
    """
    others = values[1:][~np.isnan(values[1:])]
    if not len(others) or np.isnan(values[0]):
        return None
    ends = np.quantile(others, TAILS) - np.median(others) + values[0]
    return [rounded(end) for end in np.clip(ends, 0, 1)]


def intervals(
    scores: Floats, labels: Floats, weights: Floats, threshold: float | None, drawn: Floats
) -> dict[str, list[float]]:
    """Return the 95 % bootstrap interval of each figure of `resampled` that has one."""
    found = resampled(scores, labels, weights, threshold, drawn)
    return {name: ends for name, values in found.items() if (ends := interval(values))}


def rounded(value: float) -> float:
    """Return a figure as it is written down: to four places."""
    return round(float(value), 4)
