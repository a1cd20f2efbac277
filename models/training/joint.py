"""The join of both readers as a scikit-learn estimator; to score takes `models.reading.joint` alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted

from models.numbers import Floats, sigmoid
from models.reading.careful import EXTRAS, Encoder
from models.reading.fast import UNMASKED, LinearScorer
from models.reading.joint import BENT, LOGITS_REACH, ROUTE_EXTRAS, Join, route_features, stack_features
from models.reading.normalise import normalise
from models.training.fast import platt

EXPECTED_REACH = 8.0  # log-odds that the router learns to tell apart
# Quantiles of civil comments at which those that name a group should lie where the others lie.
BALANCED_AT = (0.88, 0.90, 0.92, 0.94, 0.96)
NAMED_AT_LEAST = 50


class CarefulReader(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn ships no types
    """An encoder's outputs as features; `models.training.careful` trains it, so `fit` only loads it.

    Parameters
    ----------
    network : bytes
        An ONNX file, as `models.reading.careful.Encoder` reads it.
    tokenizer : str
        A word-piece tokenizer as JSON.
    threads : int
        Of one reading.
    """

    encoder_: Encoder

    def __init__(self, network: bytes, tokenizer: str, threads: int = 1) -> None:
        self.network = network
        self.tokenizer = tokenizer
        self.threads = threads

    def fit(self, X: Sequence[str], y: object = None) -> Self:
        """Load the encoder."""
        self.encoder_ = Encoder(self.network, self.tokenizer, self.threads)
        return self

    def transform(self, X: Sequence[str]) -> Floats:
        """Return what `models.reading.careful.Encoder.features` says of texts."""
        check_is_fitted(self)
        return self.encoder_.features(X)


class JointReader(BaseEstimator):  # type: ignore[misc]
    """A logistic regression an attribute over both readers' outputs, calibrated, with a router before it.

    Parameters
    ----------
    kernel : LinearScorer
        The fast reader, trained on other texts.
    careful : CarefulReader
        Likewise.
    attributes : tuple of str
        Which to join, the first of the fast reader's heads; TOXICITY is the first of all.
    C : float
        Inverse strength of regularisation of the regressions, on standardised features.
    budget : float
        Share of traffic, at most, that the router sends to the careful reader.

    Attributes
    ----------
    join_ : Join
        What scoring needs.
    classes_ : ndarray of shape (2,)
    """

    join_: Join
    classes_: NDArray[np.int64]

    def __init__(
        self,
        kernel: LinearScorer,
        careful: CarefulReader,
        attributes: tuple[str, ...],
        *,
        C: float = 0.1,
        budget: float = 0.19,
    ) -> None:
        self.kernel = kernel
        self.careful = careful
        self.attributes = attributes
        self.C = C
        self.budget = budget

    def fit(
        self,
        X: Sequence[str],
        y: ArrayLike,
        sample_weight: ArrayLike,
        natural: ArrayLike | None = None,
        stream: ArrayLike | None = None,
        talk: ArrayLike | None = None,
    ) -> Self:
        """Fit on texts that neither reader was trained on.

        Parameters
        ----------
        X : sequence of str, length n
        y : array-like of shape (n, n_attributes)
            Labels in [0, 1]; NaN where nobody annotated.
        sample_weight : array-like of shape (n, n_attributes)
            How much each label counts for the order of texts.
        natural : array-like of shape (n,), optional
            How much each text counts as a comment of a live site at the stated prior, 0 for texts that do
            not: calibration goes by these. All alike if not given.
        stream : array-like of shape (n,), optional
            How much each text counts as traffic as it comes: the router's budget goes by these. As
            ``natural`` if not given.
        talk : array-like of bool, shape (n,), optional
            Which texts are civil comments of a conversation. Of these as many should reach a limit for
            TOXICITY among those that name a group as among the others.

        Raises
        ------
        ValueError
            If shapes do not match or an attribute has labels of one kind only.
        """
        labels, weights = np.asarray(y, np.float64), np.asarray(sample_weight, np.float64)
        traffic = np.ones(len(X)) if natural is None else np.asarray(natural, np.float64)
        coming = traffic if stream is None else np.asarray(stream, np.float64)
        if not labels.shape == weights.shape == (
            len(X),
            len(self.attributes),
        ) or not traffic.shape == coming.shape == (len(X),):
            raise ValueError(f"y and sample_weight must have shape {(len(X), len(self.attributes))}")
        if not 0 < self.budget <= 1:
            raise ValueError(f"budget must lie between 0 and 1, got {self.budget}")
        margins = self.kernel.margins([normalise(text) for text in X])
        outputs = self.careful.fit(X).transform(X)
        civil = np.zeros(len(X), np.bool_) if talk is None else np.asarray(talk, np.bool_)
        return self.fit_outputs(X, margins, outputs, labels, weights, traffic, coming, civil)

    def fit_outputs(
        self,
        X: Sequence[str],
        margins: Floats,
        outputs: Floats,
        labels: Floats,
        weights: Floats,
        traffic: Floats,
        coming: Floats,
        civil: NDArray[np.bool_],
    ) -> Self:
        """Fit on what both readers said of texts already; else as `fit`."""
        features = stack_features(margins, outputs)
        seen = route_features([normalise(text) for text in X], margins)
        counts = np.maximum(weights[:, 0], traffic)
        stack = np.zeros((features.shape[1] + 1, len(self.attributes)))
        route = np.zeros((seen.shape[1] + 1, len(self.attributes)))
        for i, name in enumerate(self.attributes):
            shown = self._shown(features.shape[1], name, bends=False)
            is_main = i == 0
            column = self._ordered(features[:, shown], labels[:, i], weights[:, i], fixed=is_main)
            if is_main:
                column[_named(len(shown))] -= _too_much(features[:, shown], column, civil)
            stack[[*shown, -1], i] = _calibrated(features[:, shown], column, labels[:, i], traffic)
            expected = np.clip(features @ stack[:-1, i] + stack[-1, i], -EXPECTED_REACH, EXPECTED_REACH)
            shown = self._shown(seen.shape[1], name, bends=True)
            router = Ridge(1.0).fit(seen[:, shown], expected, sample_weight=counts)
            route[[*shown, -1], i] = [*router.coef_, router.intercept_]
        band = self._band(seen @ route[:-1, 0] + route[-1, 0], coming)
        self.join_ = Join(tuple(self.attributes), outputs.shape[1], stack[:-1], stack[-1], route, band)
        self.classes_ = np.array([0, 1])
        return self

    def predict_proba(self, X: Sequence[str]) -> Floats:
        """Return the probability of each attribute after a careful reading, shape (n_texts, n_attributes)."""
        check_is_fitted(self)
        margins = self.kernel.margins([normalise(text) for text in X])
        return sigmoid(self.join_.logits(margins, self.careful.transform(X)))

    def predict(self, X: Sequence[str]) -> NDArray[np.int64]:
        """Return 1 where an attribute is more likely than not, shape (n_texts, n_attributes)."""
        return (self.predict_proba(X) >= 0.5).astype(np.int64)

    def _shown(self, width: int, attribute: str, *, bends: bool) -> list[int]:
        """Return what an attribute may hang on: all but the one head that sees which group is named.

        Only the attribute of that name may. Else the same sentence would be toxic of one group and not of
        the next.
        """
        heads = self.kernel.attributes
        if attribute == UNMASKED or UNMASKED not in heads:
            return list(range(width))
        hidden = {heads.index(UNMASKED)}
        if bends and heads.index(UNMASKED) < BENT:
            first = len(heads) + ROUTE_EXTRAS + heads.index(UNMASKED)
            hidden |= set(range(first, width, min(len(heads), BENT)))
        return [column for column in range(width) if column not in hidden]

    def _ordered(self, features: Floats, labels: Floats, weights: Floats, *, fixed: bool) -> Floats:
        """Return one attribute's weights, then its offset: what orders texts best.

        What any head or output says can only raise an attribute; the naming of a group may lower it, and so
        may the length. ``fixed`` leaves the naming of a group without a weight.
        """
        known = ~np.isnan(labels) & (weights > 0)
        if len(np.unique(labels[known] >= 0.5)) < 2:
            raise ValueError("rows of one class alone cannot be told apart")
        scaler = StandardScaler().fit(features[known])
        bounds: list[tuple[float | None, float | None]] = [(0.0, None)] * (features.shape[1] - EXTRAS)
        bounds += [(0.0, 0.0) if fixed else (None, None), (None, None)]
        found = bounded_regression(
            scaler.transform(features[known]), labels[known] >= 0.5, weights[known], self.C, bounds
        )
        column = found[:-1] / scaler.scale_
        return np.append(column, found[-1] - column @ scaler.mean_)

    def _band(self, expected: Floats, coming: Floats) -> tuple[float, float]:
        order = np.argsort(-expected)
        share = np.cumsum(coming[order]) / coming.sum()
        last = min(int(np.searchsorted(share, self.budget)), len(order) - 1)
        low = expected[order][last]
        return float(low), EXPECTED_REACH * 2


def bounded_regression(
    features: Floats,
    positive: NDArray[np.bool_],
    weights: Floats,
    C: float,
    bounds: Sequence[tuple[float | None, float | None]],
) -> Floats:
    """Return a logistic regression's weights within bounds, then its offset; shape (n_features + 1,).

    As scikit-learn's with the same ``C``, which knows no bounds.
    """
    signs = np.where(positive, 1.0, -1.0)

    def loss(found: Floats) -> tuple[float, Floats]:
        margins = signs * (features @ found[:-1] + found[-1])
        pull = -signs * weights * sigmoid(-margins)
        value = 0.5 * float(found[:-1] @ found[:-1]) + C * float(weights @ np.logaddexp(0, -margins))
        return value, np.append(found[:-1] + C * (features.T @ pull), C * pull.sum())

    begin = np.zeros(features.shape[1] + 1)
    done = minimize(loss, begin, jac=True, method="L-BFGS-B", bounds=[*bounds, (None, None)])
    return np.asarray(done.x, np.float64)


def _named(width: int) -> int:
    """Return the column that says if a group is named."""
    return width - EXTRAS


def _too_much(features: Floats, column: Floats, civil: NDArray[np.bool_]) -> float:
    """Return by how much civil comments that name a group lie above the others where limits are."""
    named = features[:, _named(features.shape[1])] > 0
    if min((civil & named).sum(), (civil & ~named).sum()) < NAMED_AT_LEAST:
        return 0.0
    logits = features @ column[:-1] + column[-1]
    of_named, of_others = (np.quantile(logits[civil & rows], BALANCED_AT) for rows in (named, ~named))
    return float(of_named.mean() - of_others.mean())


def _calibrated(features: Floats, column: Floats, labels: Floats, traffic: Floats) -> list[float]:
    """Return weights and offset on the scale of probabilities in traffic."""
    live = ~np.isnan(labels) & (traffic > 0)
    raw = np.clip(features[live] @ column[:-1] + column[-1], -LOGITS_REACH, LOGITS_REACH)
    curve = platt(raw, labels[live] >= 0.5, traffic[live])
    return [*(column[:-1] * curve.slope), column[-1] * curve.slope + curve.offset]
