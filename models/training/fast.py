"""The fast linear reader as a scikit-learn estimator; to score takes `models.reading.fast` alone."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_matrix, csr_matrix, vstack
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.svm import LinearSVC
from sklearn.utils.validation import check_is_fitted

from models.numbers import Floats, sigmoid
from models.reading.fast import UNMASKED, Curve, LinearScorer, seen
from models.reading.features import Hashing, chunks, codes_of, grams
from models.reading.normalise import normalise

ATTRIBUTES = ("TOXICITY", "SEVERE_TOXICITY", "IDENTITY_ATTACK", "INSULT", "PROFANITY", "THREAT")

# Margins that calibration takes as they are. Texts that repeat a phrase a hundred times have margins up to 56
# (22 of 4,256 above 10), and one on the wrong side flattens the whole curve. Calibration error of TOXICITY,
# measured on halves of the development data: .014 with 3, .023 without.
REACH = 3.0

Labels = NDArray[np.bool_]


class FastReader(BaseEstimator):  # type: ignore[misc]  # scikit-learn ships no types
    """One linear support vector machine an attribute, on hashed n-grams weighted by naive Bayes.

    Each n-gram's column is multiplied by (a power of) the logarithm of how much more often it stands in
    positive texts; the machine is fitted on that, and the two factors become one weight, rounded to a
    whole number of 8 bits. Positive texts weigh more where they are few, by the root of the imbalance.

    Parameters
    ----------
    attributes : tuple of str
        Names of the heads, the columns of ``y``.
    C : float or tuple of float
        Inverse strength of regularisation, one for all heads or one each.
    emphasis : float or tuple of float
        Power of the naive Bayes weight: 0 is none, 1 is the full one.
    smoothing : float
        Added to every n-gram's mass on both sides before the logarithm.
    bits : int
        2 to this power rows.
    max_iter : int
        Passes of the solver at most; four times as many moved no head's AUC by more than .002.
    random_state : int
        Seeds the solver's order of rows.

    Attributes
    ----------
    kernel_ : LinearScorer
        What computes scores; its curves are the identity until `calibrate`.
    classes_ : ndarray of shape (2,)
        0 and 1, the same for each head.

    References
    ----------
    Wang and Manning 2012, "Baselines and Bigrams", section 2.3.
    """

    kernel_: LinearScorer
    classes_: NDArray[np.int64]

    def __init__(
        self,
        attributes: tuple[str, ...] = ATTRIBUTES,
        *,
        C: float | tuple[float, ...] = 0.3,
        emphasis: float | tuple[float, ...] = 1.0,
        smoothing: float = 0.3,
        bits: int = 18,
        max_iter: int = 60,
        random_state: int = 0,
    ) -> None:
        self.attributes = attributes
        self.C = C
        self.emphasis = emphasis
        self.smoothing = smoothing
        self.bits = bits
        self.max_iter = max_iter
        self.random_state = random_state

    def fit(
        self,
        X: Sequence[str],
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        progress: Callable[[str], None] | None = None,
    ) -> Self:
        """Fit every head on the rows that have a label for it.

        Parameters
        ----------
        X : sequence of str, length n
            Texts as typed.
        y : array-like of shape (n, n_heads)
            Labels in [0, 1], positive from 0.5; NaN where nobody annotated. A share near one half
            weighs little: annotators did not agree.
        sample_weight : array-like of shape (n, n_heads), optional
            Weight of each label; 0 leaves it out.
        progress : callable, optional
            Told a line after each step.

        Raises
        ------
        ValueError
            If shapes do not match, a parameter is out of range, or a head has labels of one kind only.
        """
        labels = np.asarray(y, np.float64)
        weights = np.ones_like(labels) if sample_weight is None else np.asarray(sample_weight, np.float64)
        self._check(X, labels, weights)
        say = progress or (lambda line: None)
        hashing = Hashing(self.bits)
        columns = np.zeros((hashing.rows, len(self.attributes)))
        biases = np.zeros(len(self.attributes))
        for heads, features in self._views([normalise(text) for text in X], hashing):
            say(f"{features.shape[0]} texts, {features.nnz} n-grams")
            for i in heads:
                columns[:, i], biases[i] = self._fit_head(i, features, labels[:, i], weights[:, i])
                say(f"fitted {self.attributes[i]}")
        self._keep(columns, biases, hashing)
        return self

    def calibrate(self, X: Sequence[str], y: ArrayLike, sample_weight: ArrayLike) -> Self:
        """Fit each head's curve from (quantised) margin to probability on other texts; shapes as in `fit`.

        Margins beyond `REACH` count as `REACH` here (not in scoring).
        """
        check_is_fitted(self)
        labels, weights = np.asarray(y, np.float64), np.asarray(sample_weight, np.float64)
        self._check(X, labels, weights)
        kernel = self.kernel_
        margins = kernel.margins([normalise(text) for text in X])
        for i, name in enumerate(self.attributes):
            known = _labelled(labels[:, i], weights[:, i], name)
            near = np.clip(margins[known, i], -REACH, REACH)
            curve = platt(near, labels[known, i] >= 0.5, weights[known, i])
            kernel = kernel.with_curve(name, curve)
        self.kernel_ = kernel
        return self

    def predict_proba(self, X: Sequence[str]) -> Floats:
        """Return the probability of each attribute, shape (n_texts, n_heads)."""
        check_is_fitted(self)
        kernel = self.kernel_
        return kernel.probabilities([normalise(text) for text in X])

    def predict(self, X: Sequence[str]) -> NDArray[np.int64]:
        """Return 1 where an attribute is more likely than not, shape (n_texts, n_heads)."""
        return (self.predict_proba(X) >= 0.5).astype(np.int64)

    def _check(self, X: Sequence[str], labels: Floats, weights: Floats) -> None:
        if isinstance(X, str) or not all(isinstance(text, str) for text in X):
            raise ValueError("X must be a sequence of str")
        wanted = (len(X), len(self.attributes))
        for name, array in (("y", labels), ("sample_weight", weights)):
            if array.shape != wanted:
                raise ValueError(f"{name} must have shape {wanted}, got {array.shape}")
        if not 8 <= self.bits <= 22:
            raise ValueError(f"bits must be from 8 to 22, got {self.bits}")
        if not self.smoothing > 0:
            raise ValueError(f"smoothing must be above 0, got {self.smoothing}")

    def _views(self, normalised: list[str], hashing: Hashing) -> Iterator[tuple[list[int], Any]]:
        """Yield heads with the features they see: all but one with identity terms hidden."""
        seeing = [i for i, name in enumerate(self.attributes) if name == UNMASKED]
        masked = [i for i, name in enumerate(self.attributes) if name != UNMASKED]
        if masked:
            yield masked, as_csr([seen(text) for text in normalised], hashing)
        if seeing:
            yield seeing, as_csr(normalised, hashing)

    def _fit_head(self, i: int, features: Any, labels: Floats, weights: Floats) -> tuple[Floats, float]:
        known = _labelled(labels, weights, self.attributes[i])
        rows, positive = features[known], labels[known] >= 0.5
        sure = weights[known] * np.maximum(np.abs(2 * labels[known] - 1), 0.2)
        ratio = self._ratio(rows, positive, sure, _of_head(self.emphasis, i))
        rows = csr_matrix((rows.data * ratio[rows.indices], rows.indices, rows.indptr), rows.shape)
        balance = (sure[~positive].sum() / sure[positive].sum()) ** 0.5
        machine = LinearSVC(C=_of_head(self.C, i), max_iter=self.max_iter, random_state=self.random_state)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            machine.fit(rows, positive, sure * np.where(positive, balance, 1.0))
        return machine.coef_[0] * ratio, float(machine.intercept_[0])

    def _ratio(self, rows: Any, positive: Labels, weights: Floats, emphasis: float) -> Floats:
        for_, against = (self.smoothing + rows.T @ (weights * side) for side in (positive, ~positive))
        ratio = np.log(for_ / for_.sum()) - np.log(against / against.sum())
        return np.asarray(np.sign(ratio) * np.abs(ratio) ** emphasis)

    def _keep(self, columns: Floats, biases: Floats, hashing: Hashing) -> None:
        scales = np.maximum(np.abs(columns).max(axis=0), 1e-12) / 127
        curves = {name: Curve() for name in self.attributes}
        whole = np.round(columns / scales).astype(np.int8)
        self.kernel_ = LinearScorer(self.attributes, whole, scales, biases, curves, hashing)
        self.classes_ = np.array([0, 1])


def as_csr(normalised: Sequence[str], hashing: Hashing) -> Any:
    """Return normalised texts as a sparse matrix (n_texts, rows): counts over the root of their sum."""
    parts = []
    for begin, end in chunks(normalised):
        codes, starts = codes_of(normalised[begin:end])
        found = grams(codes, starts, hashing)
        texts = np.searchsorted(starts, found.places, side="right") - 1
        counts = np.bincount(texts, minlength=end - begin)
        values = (1 / np.sqrt(counts[texts])).astype(np.float32)
        parts.append(coo_matrix((values, (texts, found.rows)), shape=(end - begin, hashing.rows)).tocsr())
    return vstack(parts, format="csr")


def platt(margins: Floats, positive: Labels, weights: Floats) -> Curve:
    """Fit Platt's curve to weighted outcomes by Newton's method.

    A slight pull of the slope towards 1 keeps separable data finite.

    Raises
    ------
    ValueError
        If the fit gives a falling curve: then margins and labels disagree.

    References
    ----------
    Lin, Lin and Weng 2007, "A note on Platt's probabilistic outputs for support vector machines".
    """
    share = weights / weights.sum()
    outcome = positive.astype(np.float64)
    inputs = np.column_stack([margins, np.ones_like(margins)])
    prior = float(np.clip(share @ outcome, 1e-6, 1 - 1e-6))
    theta = np.array([1.0, np.log(prior / (1 - prior))])
    pull = np.diag([1e-5, 1e-9])
    best = _loss(theta, inputs, outcome, share, pull)
    for _ in range(100):
        p = sigmoid(inputs @ theta)
        gradient = inputs.T @ (share * (p - outcome)) + pull @ (theta - [1.0, 0.0])
        curvature = (inputs * (share * p * (1 - p))[:, None]).T @ inputs + pull
        step = np.linalg.solve(curvature, gradient)
        while (loss := _loss(theta - step, inputs, outcome, share, pull)) > best and abs(step).max() > 1e-10:
            step /= 2
        if best - loss < 1e-13:
            break
        theta, best = theta - step, loss
    if theta[0] <= 0:
        raise ValueError(f"calibration gives a falling curve (slope {theta[0]:.3g})")
    return Curve(float(theta[0]), float(theta[1]))


def _loss(theta: Floats, inputs: Floats, outcome: Floats, share: Floats, pull: Floats) -> float:
    logits = inputs @ theta
    away = theta - [1.0, 0.0]
    return float(share @ (np.logaddexp(0, logits) - outcome * logits) + away @ pull @ away / 2)


def _of_head(value: float | tuple[float, ...], i: int) -> float:
    return value[i] if isinstance(value, tuple) else value


def _labelled(labels: Floats, weights: Floats, name: str) -> NDArray[np.int64]:
    """Return the rows that teach a head something."""
    known = np.flatnonzero(~np.isnan(labels) & (weights > 0))
    positive = int((labels[known] >= 0.5).sum())
    if not 0 < positive < len(known):
        raise ValueError(f"{name} needs labels of both kinds, got {positive} positive of {len(known)}")
    return known
