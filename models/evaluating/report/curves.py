"""The four plots of an attribute: ROC, precision and recall, reliability, and its scores."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any, NamedTuple

import numpy as np
from sklearn.metrics import precision_recall_curve, roc_curve

from models.evaluating.figures import BINS, Flags, bins_of
from models.evaluating.report import plots
from models.evaluating.report.html import ends, figure, listing
from models.evaluating.report.plots import Point, Whisker
from models.numbers import Floats

POINTS_AT_MOST = 160  # of a curve
HISTOGRAM_BINS = 20


class Judged(NamedTuple):
    """An attribute's scores and labels, from which its plots are drawn, and its figures."""

    name: str
    scores: Floats
    positive: Flags
    weights: Floats
    figures: Mapping[str, Any]


def how_to_read() -> str:
    """Return what is to be known to read the plots of `four`."""
    colours = plots.legend(["scores of comments without the label", "with it"])
    return (
        "<p>The dot on a curve, and the broken line among scores, is the live review threshold. Reliability:"
        " whiskers are 95&nbsp;% intervals of the share with the label, among comments of like score.</p>"
        + colours
    )


def judged(
    name: str, scores: Floats, labels: Floats, row: Mapping[str, Any], weights: Floats | None = None
) -> Judged:
    """Return an attribute's labelled rows beside its figures; without weights each row counts 1."""
    known = ~np.isnan(labels)
    weights = np.ones(len(labels)) if weights is None else weights
    return Judged(name, scores[known], labels[known] >= 0.5, weights[known], row)


def four(judged: Judged, language: str = "") -> str:
    """Return the four plots of an attribute."""
    title = f"{judged.name} ({language})" if language else judged.name
    row, score = judged.figures, judged.scores
    false, true, _ = roc_curve(judged.positive, score, sample_weight=judged.weights)
    precision, recall, limits = precision_recall_curve(judged.positive, score, sample_weight=judged.weights)
    at = int(np.searchsorted(limits, row["threshold"]))
    live = (float(recall[at]), float(precision[at])) if at < len(limits) else None
    roc = plots.curves(
        f"ROC curve of {title}: area {row['roc_auc']:.3f}.",
        ("false alarms", "recall"),
        [_thinned(false, true)],
        (row["false_alarms"], row["recall"]),
    )
    pr = plots.curves(
        f"Precision and recall of {title}: average precision {row['average_precision']:.3f}.",
        ("recall", "precision"),
        [_thinned(recall, precision)],
        live,
    )
    drawn = (
        (roc, f"ROC, area {row['roc_auc']:.3f} {ends(row, 'roc_auc')}"),
        (pr, f"Precision and recall, average {row['average_precision']:.3f}"),
        (_reliability(title, judged), f"Reliability, calibration error {row['ece']:.3f} {ends(row, 'ece')}"),
        (_histogram(title, judged), "Scores, as shares of the comments without and with the label"),
    )
    inside = "".join(figure(plot, caption) for plot, caption in drawn)
    return f'<h3>{escape(title)}</h3><div class="four">{inside}</div>'


def _thinned(xs: Floats, ys: Floats) -> list[Point]:
    """Return points at about equal distances along a curve."""
    way = np.append(0, np.cumsum(np.hypot(np.diff(xs), np.diff(ys))))
    kept = np.unique(np.searchsorted(way, np.linspace(0, way[-1], POINTS_AT_MOST)))
    kept = np.minimum(kept, len(xs) - 1)
    return list(zip(xs[kept].tolist(), ys[kept].tolist(), strict=True))


def _reliability(title: str, judged: Judged) -> str:
    """Return the mean score and the share of positives of each bin, with the latter's 95 % interval."""
    dots, bins = [], bins_of(judged.scores)
    for number in range(BINS):
        inside = bins == number
        if inside.any():
            weights = judged.weights[inside]
            share = float(np.average(judged.positive[inside], weights=weights))
            effective = float(weights.sum() ** 2 / (weights**2).sum())
            dots.append(
                (float(np.average(judged.scores[inside], weights=weights)), _wilson(share, effective))
            )
    said = listing((f"{x:.2f}", f"{dot.value:.2f}") for x, dot in dots)
    alt = f"Reliability of {title}. Mean score and share with the label: {said}"
    return plots.reliability(alt, ("score", "share with the label"), dots)


def _wilson(share: float, count: float) -> Whisker:
    """Return a share of ``count`` rows with Wilson's 95 % interval.

    >>> [round(end, 3) for end in _wilson(0.5, 100)[:3]]
    [0.5, 0.404, 0.596]
    """
    z = 1.959964
    middle = (share + z**2 / (2 * count)) / (1 + z**2 / count)
    half = z / (1 + z**2 / count) * (share * (1 - share) / count + (z / (2 * count)) ** 2) ** 0.5
    return Whisker(share, max(middle - half, 0.0), min(middle + half, 1.0))


def _histogram(title: str, judged: Judged) -> str:
    shares = []
    for kind in (~judged.positive, judged.positive):
        counts, _ = np.histogram(judged.scores[kind], HISTOGRAM_BINS, (0, 1), weights=judged.weights[kind])
        shares.append((counts / counts.sum()).tolist())
    half = len(shares[0]) // 2
    below = [f"{sum(series[:half]):.0%}" for series in shares]
    alt = (
        f"Scores of {title}: below one half lie {below[0]} of comments without the label, {below[1]} with it."
    )
    return plots.histogram(alt, ("score", "share of comments"), shares, judged.figures["threshold"])
