"""How development rows count: for the order of texts, as natural traffic, for thresholds. Training only."""

from __future__ import annotations

import numpy as np

from models.evaluating.evaluation import review_threshold
from models.numbers import Floats
from models.texts.data import COLUMNS, SPAM, Labelled, natural_weights

# Comments as they came to Wikipedia's talk pages, about one in a hundred toxic.
AS_THEY_CAME = ("wikipedia_context_gc", "wikipedia_context_gn")
SPAM_PRIOR = 0.05  # share of comments that are spam, as probabilities of SPAM reckon with
# How much the labels of a source, against one of the reference source, count for the order of texts.
ORDER_WEIGHT = {
    "wikipedia_context_gc": 1.0,
    "wikipedia_context_gn": 1.0,
    "wikipedia_lowercased_ak": 1.0,
    "foxnews_comments": 4.0,
    "civilcomments_toxicspans": 0.2,
    "hatemoji_build": 1.5,
    "stormfront_vicomtech": 1.0,
    "latent_hatred": 0.5,
}
# In these sources hate is toxic, and what is there no hate mostly is not.
HATE_IS_TOXIC = ("hatemoji_build", "stormfront_vicomtech", "latent_hatred")
# Share of civil comments that a suggested review threshold sends to a person. TOXICITY sees nearly all that
# the others see, so they may be strict.
FALSE_ALARMS = {name: 0.05 if name == "TOXICITY" else 0.01 for name in (*COLUMNS, *SPAM)}


def for_order(data: Labelled, prior: float) -> tuple[Floats, Floats]:
    """Return labels and weights of shape (n, n_attributes) from which the join learns to order texts.

    The six attributes are learnt from the reference source; TOXICITY also from others, each with its weight.
    """
    six = len(COLUMNS)
    labels, weights = data.labels[:, :six].copy(), np.zeros((len(data.texts), six))
    reference = data.reference_rows()
    weights[reference] = natural_weights(labels[reference], prior)[:, None]
    for source, weight in ORDER_WEIGHT.items():
        weights[data.sources == source, 0] = weight
    hate = np.isin(data.sources, HATE_IS_TOXIC) & np.isnan(labels[:, 0])
    labels[hate, 0] = labels[hate, list(COLUMNS).index("IDENTITY_ATTACK")]
    weights[np.isnan(labels)] = 0
    return labels, weights


def as_traffic(data: Labelled, prior: float) -> Floats:
    """Return how much each label counts on a live site, shape of ``data.labels``: calibration goes by this.

    The six attributes are calibrated on the reference source as if a share of ``prior`` had any of them,
    SPAM on the rows labelled for it as if `SPAM_PRIOR` were spam. Other labels have weight 0.
    """
    weights = np.zeros_like(data.labels)
    reference = data.reference_rows()
    weights[reference] = natural_weights(data.labels[reference, : len(COLUMNS)], prior)[:, None]
    for column in range(len(COLUMNS), weights.shape[1]):
        labelled = ~np.isnan(data.labels[:, column])
        weights[:, column] = 0
        if labelled.any():
            weights[labelled, column] = natural_weights(data.labels[labelled, column:], SPAM_PRIOR)
    weights[np.isnan(data.labels)] = 0
    return weights


def as_it_comes(data: Labelled, prior: float) -> Floats:
    """Return how much each row counts as traffic as it comes, for the router's budget; shape (n,)."""
    natural = np.isin(data.sources, AS_THEY_CAME).astype(np.float64)
    return natural if natural.any() else as_traffic(data, prior)[:, 0]


def thresholds(scores: Floats, labels: Floats, weights: Floats, names: tuple[str, ...]) -> dict[str, float]:
    """Return the suggested review threshold of each attribute; all of shape (n, n_attributes)."""
    return {
        name: review_threshold(scores[:, i], labels[:, i], weights[:, i], FALSE_ALARMS[name])
        for i, name in enumerate(names)
    }
