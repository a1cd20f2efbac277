"""The fast linear reader as a scikit-learn estimator. Training only: scoring needs `models.linear` alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_matrix, csr_matrix, vstack
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC
from sklearn.utils.validation import check_is_fitted

from models.features import Hashing, chunks, codes_of, grams
from models.identity import mask
from models.linear import UNMASKED, Curve, Floats, LinearScorer
from models.normalise import normalise

ATTRIBUTES = ("TOXICITY", "SEVERE_TOXICITY", "IDENTITY_ATTACK", "INSULT", "PROFANITY", "THREAT")


class FastReader(BaseEstimator):  # type: ignore[misc]  # scikit-learn ships no types
    """One linear support vector machine an attribute, on hashed n-grams weighted by naive Bayes.

    Each n-gram's column is multiplied by the logarithm of how much more often it stands in positive
    texts, the machine is fitted on that, and the two factors are multiplied into one weight, which is
    rounded to a whole number of 8 bits.

    Parameters
    ----------
    attributes : tuple of str
        Names of the heads, the columns of ``y``.
    C : float
        Inverse strength of regularisation.
    smoothing : float
        Added to every n-gram's mass on both sides before the logarithm.
    bits : int
        2 to this power rows.
    max_iter : int
        Passes of the solver at most.
    random_state : int
        Seeds the solver's order of rows.

    Attributes
    ----------
    kernel_ : LinearScorer
        What computes scores; the curves are the identity until `calibrate`.
    classes_ : ndarray of shape (2,)
        0 and 1, the same for each head.

    References
    ----------
    Wang and Manning 2012, "Baselines and Bigrams", section 2.3.
    """

    def __init__(
        self,
        attributes: tuple[str, ...] = ATTRIBUTES,
        *,
        C: float = 1.0,
        smoothing: float = 1.0,
        bits: int = 18,
        max_iter: int = 60,
        random_state: int = 0,
    ) -> None:
        self.attributes = attributes
        self.C = C
        self.smoothing = smoothing
        self.bits = bits
        self.max_iter = max_iter
        self.random_state = random_state
