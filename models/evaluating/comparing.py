"""Two models on the same labelled comments: their figures side by side, and the decisions that change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.evaluating.conversion import spearman
from models.evaluating.evaluation import PRIOR, figures, probabilities
from models.evaluating.figures import Flags
from models.numbers import Floats
from models.reading.scorer import Scorer
from models.texts.data import COLUMNS, Labelled, natural_weights, read_labelled, sha256_of


@dataclass(frozen=True, slots=True)
class Names:
    """The ids of the two models."""

    a: str
    b: str


@dataclass(frozen=True, slots=True)
class Pair:
    """A figure of both models; ``difference`` is what ``b`` has more."""

    a: float
    b: float
    difference: float


@dataclass(frozen=True, slots=True)
class SideBySide:
    """Figures of an attribute on the same rows; recall is at each model's own threshold."""

    rows: int
    positives: int
    roc_auc: Pair
    ece: Pair
    recall: Pair


@dataclass(frozen=True, slots=True)
class Decisions:
    """Shares of comments that ``b`` alone sends to review, and that ``a`` alone does."""

    newly_reviewed: float
    no_longer_reviewed: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """How two models differ on labelled comments.

    ``attributes`` and ``decisions`` are of the reference rows, ``sources`` of the rows of each source with
    labels of both kinds. Rows are weighted so that the share ``prior`` of them has any positive label.
    ``toxicity_rank_correlation`` is None where a model gives every text the same.
    """

    data_sha256: str
    models: Names
    prior: float
    rows: int
    attributes: Mapping[str, SideBySide]
    sources: Mapping[str, Mapping[str, SideBySide]]
    toxicity_rank_correlation: float | None
    decisions: Decisions


def compare(a: Scorer, b: Scorer, csv: Path, prior: float = PRIOR) -> Comparison:
    """Return how two models differ on a labelled file; figures are of the attributes that both have.

    Raises
    ------
    ValueError
        If the file lacks columns, or its reference rows have labels of one kind only.
    OSError
        If it cannot be read.
    """
    data = read_labelled(csv)
    of_a, of_b = (_Scored(model, probabilities(model, data.texts)) for model in (a, b))
    rows = data.reference_rows()
    weights = natural_weights(data.labels[rows], prior)
    by_a, by_b = of_a.reviewed()[rows], of_b.reviewed()[rows]
    order = spearman(of_a.of("TOXICITY"), of_b.of("TOXICITY"))
    return Comparison(
        data_sha256=sha256_of(csv),
        models=Names(a.model_id, b.model_id),
        prior=prior,
        rows=int(rows.sum()),
        attributes=_side_by_side(of_a, of_b, data, rows, prior),
        sources={
            str(source): found
            for source in np.unique(data.sources)
            if (found := _side_by_side(of_a, of_b, data, data.sources == source, prior))
        },
        toxicity_rank_correlation=order,
        decisions=Decisions(_share(by_b & ~by_a, weights), _share(by_a & ~by_b, weights)),
    )


@dataclass(frozen=True, slots=True)
class _Scored:
    """A model and its scores of some texts, of shape (n_texts, n_attributes)."""

    model: Scorer
    scores: Floats

    def of(self, attribute: str) -> Floats:
        """Return the scores of one attribute."""
        return np.asarray(self.scores[:, self.model.attributes.index(attribute)])

    def reviewed(self) -> Flags:
        """Return which texts a person would see: those not below every review threshold, so NaN too."""
        limits = [self.model.thresholds[name] for name in self.model.attributes]
        return np.asarray(~(self.scores < limits).all(axis=1))


def _side_by_side(a: _Scored, b: _Scored, data: Labelled, rows: Flags, prior: float) -> dict[str, SideBySide]:
    """Return figures of each attribute on some rows; none where the rows have labels of one kind only."""
    labels = data.labels[rows]
    positive = np.asarray((labels >= 0.5).any(axis=1))
    if positive.all() or not positive.any():
        return {}
    weights, found = natural_weights(labels, prior), {}
    for column, name in enumerate(COLUMNS):
        if not all(name in one.model.attributes for one in (a, b)):
            continue
        of_a, of_b = (
            figures(one.of(name)[rows], labels[:, column], weights, one.model.thresholds[name])
            for one in (a, b)
        )
        if "roc_auc" in of_a:
            pairs = {figure: _pair(of_a[figure], of_b[figure]) for figure in ("roc_auc", "ece", "recall")}
            found[name] = SideBySide(int(of_a["rows"]), int(of_a["positives"]), **pairs)
    return found


def _pair(a: float, b: float) -> Pair:
    return Pair(a, b, round(b - a, 4))


def _share(some: Flags, weights: Floats) -> float:
    return round(float(np.average(some, weights=weights)), 4)
