"""How development rows count: for the order of texts, as natural traffic, for thresholds. Training only."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from models.evaluating.evaluation import review_threshold
from models.evaluating.fitting import FALSE_ALARMS
from models.numbers import Floats
from models.texts.data import COLUMNS, REFERENCE_SOURCE, Labelled, natural_weights
from models.training.fast_lessons import NO_SPAM, SCAMS_DEV_SOURCE

# Comments as they came to Wikipedia's talk pages, about one in a hundred toxic.
AS_THEY_CAME = ("wikipedia_context_gc", "wikipedia_context_gn")
# How live comments are mixed, for calibration and thresholds: a conversation, with some of an encyclopedia's.
# Fitted on Wikipedia alone, a quarter of the civil comments of other worlds are held.
LIVE = {
    REFERENCE_SOURCE: 0.30,
    "wikipedia_context_gc": 0.05,
    "wikipedia_context_gn": 0.05,
    "cad_reddit": 0.40,
    "goemotions": 0.10,
    "github_incivility": 0.05,
    "convabuse": 0.05,
}
# Which kind of site a policy is for: thresholds are suggested for each, and those of `LIVE` are the default.
PROFILES = {
    "encyclopedia": {REFERENCE_SOURCE: 0.6, "wikipedia_context_gc": 0.2, "wikipedia_context_gn": 0.2},
}
# Among these a group's name should change nothing about what is held for nothing.
TALK = ("cad_reddit",)
SPAM_PRIOR = 0.05  # share of comments that are spam, as probabilities of SPAM reckon with
# How much of the spam, and of what is none, stands for each kind of text where there are several: comments
# labelled for spam, those of the grammar, and comments from elsewhere that are no spam. Alone, the labelled
# ones would say that all spam stands under music videos; most of what is civil is like other comments.
SPAM_SHARES = {"labelled": (0.5, 0.05), "written": (0.5, 0.15), "elsewhere": (0.0, 0.8)}
# How much the toxicity of a source's rows counts for the order of texts, against one of the reference source.
# Sets of hateful posts are left out: in them to name a group is to hate it.
ORDER_WEIGHT = {
    "wikipedia_context_gc": 1.0,
    "wikipedia_context_gn": 1.0,
    "wikipedia_lowercased_ak": 1.0,
    "foxnews_comments": 1.0,
    "cad_reddit": 2.0,
    "goemotions": 0.5,
    "convabuse": 1.0,
    "github_incivility": 0.5,
    "toxigen_annotated": 0.3,
    "reddit_misogyny": 0.3,
}
# Which other labels of a source mean what the attributes mean, and how much they count.
OTHERS_WEIGHT = {
    "cad_reddit": {"IDENTITY_ATTACK": 0.5, "INSULT": 0.5},
    "toxigen_annotated": {"IDENTITY_ATTACK": 0.5},
    "goemotions": dict.fromkeys(COLUMNS, 0.5),
    "github_incivility": {"INSULT": 0.5},
    "edos": {"THREAT": 0.3},
}


def for_order(data: Labelled, prior: float) -> tuple[Floats, Floats]:
    """Return labels and weights of shape (n, n_attributes) from which the join learns to order texts.

    The six attributes are learnt from the reference source, and from others as far as they say the same.
    """
    six = len(COLUMNS)
    labels, weights = data.labels[:, :six], np.zeros((len(data.texts), six))
    reference = data.reference_rows()
    weights[reference] = natural_weights(labels[reference], prior)[:, None]
    for source, weight in ORDER_WEIGHT.items():
        weights[data.sources == source, 0] = weight
    for source, others in OTHERS_WEIGHT.items():
        for name, weight in others.items():
            weights[data.sources == source, list(COLUMNS).index(name)] = weight
    weights[np.isnan(labels)] = 0
    return labels, weights


def civil_talk(data: Labelled) -> NDArray[np.bool_]:
    """Return which rows are civil comments of a conversation."""
    return np.asarray(np.isin(data.sources, TALK) & (data.labels[:, 0] < 0.5))


def as_traffic(data: Labelled, prior: float, mix: Mapping[str, float] = LIVE) -> Floats:
    """Return how much each label counts on a live site, shape of ``data.labels``: calibration goes by this.

    The six attributes are calibrated on comments mixed as ``mix`` has it, as if a share of ``prior`` had any
    of them, or on all rows where there are none of those sources; SPAM on the rows labelled for it as if
    `SPAM_PRIOR` were spam, mixed as `SPAM_SHARES` has it. Other labels have weight 0.
    """
    weights = np.zeros_like(data.labels)
    six = len(COLUMNS)
    weights[:, :six] = _mixed(data, prior, mix)[:, None]
    for column in range(six, weights.shape[1]):
        weights[:, column] = _as_mixed(data, column)
    weights[np.isnan(data.labels)] = 0
    return weights


def _mixed(data: Labelled, prior: float, mix: Mapping[str, float]) -> Floats:
    """Return how much each row counts as a live comment, shape (n,), sum the number of rows that count."""
    labels = data.labels[:, : len(COLUMNS)]
    known = ~np.isnan(labels).all(axis=1)
    sources = {name: known & (data.sources == name) for name in mix}
    shares = {name: mix[name] for name, rows in sources.items() if rows.any()}
    if not shares:
        sources, shares = {"": known}, {"": 1.0}
    weights = np.zeros(len(data.texts))
    for name, share in shares.items():
        weights[sources[name]] = share / sources[name].sum()
    positive = (np.nan_to_num(labels) >= 0.5).any(axis=1)
    for rows, mass in ((positive, prior), (~positive, 1 - prior)):
        there = weights[rows].sum()
        weights[rows] *= mass / there if there else 0.0
    return np.asarray(weights * (weights > 0).sum())


def _as_mixed(data: Labelled, column: int) -> Floats:
    """Return weights of the rows labelled for spam, shape (n,), sum the number of those rows."""
    weights = np.zeros(len(data.texts))
    labelled, positive = ~np.isnan(data.labels[:, column]), data.labels[:, column] >= 0.5
    written = data.sources == SCAMS_DEV_SOURCE
    kinds = {"written": written, "elsewhere": np.isin(data.sources, list(NO_SPAM)) & ~written}
    kinds["labelled"] = ~written & ~kinds["elsewhere"]
    for side, (rows, mass) in enumerate(
        ((labelled & positive, SPAM_PRIOR), (labelled & ~positive, 1 - SPAM_PRIOR))
    ):
        present = {name: rows & kind for name, kind in kinds.items() if (rows & kind).any()}
        shares = {name: SPAM_SHARES[name][side] or 1e-9 for name in present}
        for name, found in present.items():
            share = shares[name] / sum(shares.values())
            weights[found] = labelled.sum() * mass * share / found.sum()
    return weights


def as_it_comes(data: Labelled, prior: float) -> Floats:
    """Return how much each row counts as traffic as it comes, for the router's budget; shape (n,)."""
    natural = np.isin(data.sources, AS_THEY_CAME).astype(np.float64)
    return natural if natural.any() else as_traffic(data, prior)[:, 0]


def thresholds(scores: Floats, labels: Floats, weights: Floats, names: tuple[str, ...]) -> dict[str, float]:
    """Return the suggested review threshold of each attribute; all of shape (n, n_attributes).

    Rounded up to hundredths: they are written down in policies, and read aloud.
    """
    exact = (
        review_threshold(scores[:, i], labels[:, i], weights[:, i], FALSE_ALARMS[name])
        for i, name in enumerate(names)
    )
    return {name: min(math.ceil(limit * 100) / 100, 1.0) for name, limit in zip(names, exact, strict=True)}
