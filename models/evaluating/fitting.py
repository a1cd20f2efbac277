"""Review thresholds fitted on a site's own decisions: what stands there, and what a moderator refused.

What stands is taken for civil. Most of it nobody has read, so a threshold cannot be fitted much below the one
at which people were asked: there the shares say what was not looked for.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from models.evaluating.behaviour import reaches_any
from models.evaluating.figures import TAILS, Flags, draws, review_threshold, rounded
from models.numbers import Floats
from models.texts.data import COLUMNS, SPAM

STANDING_AT_LEAST, REFUSED_AT_LEAST = 200, 20  # comments; of fewer, chance decides
# Share of civil comments that a suggested review threshold sends to a person. TOXICITY sees nearly all that
# the others see, so they may be strict.
FALSE_ALARMS = {name: 0.05 if name == "TOXICITY" else 0.01 for name in (*COLUMNS, *SPAM)}


@dataclass(frozen=True, slots=True)
class Held:
    """Shares in [0, 1] of a site's comments that thresholds hold: of those that stand, of those refused."""

    standing: float
    refused: float


@dataclass(frozen=True, slots=True)
class Fitted:
    """A review threshold as it is, None for none, and as fitted, with its 95 % bootstrap interval."""

    now: float | None
    fitted: float
    interval: tuple[float, float]
    held_now: Held
    held_fitted: Held


@dataclass(frozen=True, slots=True)
class Fit:
    """What was found: counts of comments, each attribute, and all thresholds together."""

    standing: int
    refused: int
    attributes: Mapping[str, Fitted]
    held_now: Held
    held_fitted: Held


def fit(scores: Floats, refused: Flags, names: Sequence[str], now: Mapping[str, float], share: float) -> Fit:
    """Return the lowest thresholds that hold at most a share of what stands.

    Parameters
    ----------
    scores : ndarray of shape (n, n_attributes)
        In [0, 1].
    refused : ndarray of bool, shape (n,)
        Which comments a moderator refused; the others stand.
    names : sequence of str
        The attributes.
    now : mapping of str to float
        The review thresholds at work.
    share : float
        Of the standing comments, that TOXICITY may hold; the others may hold as much less as in
        `FALSE_ALARMS`.

    Raises
    ------
    ValueError
        If there are too few comments of a kind; the message says how many there are.
    """
    standing = int((~refused).sum())
    if standing < STANDING_AT_LEAST or len(refused) - standing < REFUSED_AT_LEAST:
        raise ValueError(
            f"there are {standing} comments that stand and {len(refused) - standing} that a moderator"
            f" refused; it takes {STANDING_AT_LEAST} and {REFUSED_AT_LEAST}"
        )
    alarms = {name: share * FALSE_ALARMS[name] / FALSE_ALARMS["TOXICITY"] for name in names}
    counts = draws(refused)
    attributes = {
        name: _fitted(scores[:, i], refused, counts, now.get(name), alarms[name])
        for i, name in enumerate(names)
    }
    fitted = {name: one.fitted for name, one in attributes.items()}
    both = (_held(reaches_any(scores, names, limits), refused) for limits in (now, fitted))
    return Fit(standing, len(refused) - standing, attributes, *both)


def _fitted(scores: Floats, refused: Flags, counts: Floats, now: float | None, alarms: float) -> Fitted:
    limit = _threshold(scores, refused, np.ones(len(scores)), alarms)
    others = np.array([_threshold(scores, refused, weights, alarms) for weights in counts])
    low, high = (rounded(end) for end in np.quantile(others, TAILS))
    at_work = scores >= (math.inf if now is None else now)
    return Fitted(now, limit, (low, high), _held(at_work, refused), _held(scores >= limit, refused))


def _threshold(scores: Floats, refused: Flags, weights: Floats, alarms: float) -> float:
    exact = review_threshold(scores, refused.astype(np.float64), weights, alarms)
    return min(math.ceil(exact * 100) / 100, 1.0)


def _held(held: Flags, refused: Flags) -> Held:
    return Held(rounded(held[~refused].mean()), rounded(held[refused].mean()))
