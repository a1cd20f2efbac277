"""The scoring kernel of the fast reader: integer weights, sums by text, a calibrated curve. Only numpy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models import identity
from models.features import Hashing, chunks, codes_of, grams

UNMASKED = "IDENTITY_ATTACK"  # the one head that sees which group is named

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Curve:
    """Platt's curve: probability = 1 / (1 + exp(-(slope * margin + offset)))."""

    slope: float = 1.0
    offset: float = 0.0


class LinearScorer:
    """Hashed linear heads, one column of whole-number weights each.

    Parameters
    ----------
    attributes : sequence of str
        One name a head.
    weights : ndarray of int8, shape (rows, n_heads)
    scales, biases : ndarray of float64, shape (n_heads,)
        A head's margin is ``scale * sum(weights) / sqrt(n_grams) + bias``.
    curves : mapping of str to Curve
        From margin to probability.
    hashing : Hashing
        Must give as many rows as ``weights`` has.
    """

    def __init__(
        self,
        attributes: Sequence[str],
        weights: NDArray[np.int8],
        scales: Floats,
        biases: Floats,
        curves: Mapping[str, Curve],
        hashing: Hashing,
    ) -> None:
        self.attributes = tuple(attributes)
        self.weights, self.scales, self.biases = weights, scales, biases
        self.curves = dict(curves)
        self.hashing = hashing
        # Whole numbers held as floats: numpy sums floats faster, and below 2^24 exactly, in any order.
        self._table = np.ascontiguousarray(weights, np.float32)
        self._slopes = np.array([self.curves[name].slope for name in self.attributes])
        self._offsets = np.array([self.curves[name].offset for name in self.attributes])

    def with_curve(self, attribute: str, curve: Curve) -> LinearScorer:
        """Return the same heads with another calibration of one."""
        curves = {**self.curves, attribute: curve}
        return LinearScorer(self.attributes, self.weights, self.scales, self.biases, curves, self.hashing)

    def margins(self, normalised: Sequence[str]) -> Floats:
        """Return raw margins of normalised texts, shape (n_texts, n_heads)."""
        masked = [identity.mask(text) for text in normalised]
        sums = self._sums(masked)
        changed = [i for i, text in enumerate(masked) if text != normalised[i]]
        if changed and UNMASKED in self.attributes:
            head = self.attributes.index(UNMASKED)
            sums[changed, head] = self._sums([normalised[i] for i in changed])[:, head]
        return sums * self.scales + self.biases

    def probabilities(self, normalised: Sequence[str]) -> Floats:
        """Return probabilities in [0, 1], shape (n_texts, n_heads)."""
        logits = self.margins(normalised) * self._slopes + self._offsets
        return sigmoid(logits)

    def _sums(self, texts: Sequence[str]) -> Floats:
        sums = np.zeros((len(texts), len(self.attributes)))
        for begin, end in chunks(texts):
            codes, starts = codes_of(texts[begin:end])
            total = np.zeros((end - begin, len(self.attributes)))
            count = np.zeros(end - begin)
            for kind in grams(codes, starts, self.hashing):
                counts = np.diff(kind.starts)
                full = np.flatnonzero(counts)  # reduceat cannot add up nothing
                if len(full):
                    picked = self._table[kind.rows]
                    total[full] += np.add.reduceat(picked, kind.starts[full], axis=0)
                    count += counts
            sums[begin:end] = total / np.sqrt(np.maximum(count, 1))[:, None]
        return sums

    def seen_by(self, normalised: Sequence[str], attribute: str) -> list[str]:
        """Return texts as an attribute's head sees them: identity terms hidden from all heads but one."""
        return [text if attribute == UNMASKED else identity.mask(text) for text in normalised]

    def shares(self, text: str, attribute: str) -> Floats:
        """Return what each character of a normalised text adds to the calibrated log-odds.

        An n-gram's weight is spread evenly over its characters (outer spaces included), so the shares of
        a text and its two outer spaces add up to its log-odds less the bias. Shape (len(text) + 2,).
        """
        head = self.attributes.index(attribute)
        codes, starts = codes_of(self.seen_by([text], attribute))
        steps, count = np.zeros(len(codes) + 1), 0
        for kind in grams(codes, starts, self.hashing):
            value = self._table[kind.rows, head].astype(np.float64) / kind.lengths
            np.add.at(steps, kind.places, value)
            np.subtract.at(steps, kind.places + kind.lengths, value)
            count += len(kind.rows)
        scale = self.scales[head] * self.curves[attribute].slope / np.sqrt(max(count, 1))
        return np.asarray(np.cumsum(steps)[:-1] * scale)


def sigmoid(logits: Floats) -> Floats:
    """Return 1 / (1 + exp(-x)) without overflow, for floats of any size."""
    decay = np.exp(-np.abs(logits))
    return np.where(logits >= 0, 1 / (1 + decay), decay / (1 + decay))
