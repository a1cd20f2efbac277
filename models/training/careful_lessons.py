"""What the careful reader is taught: texts as it reads them, a target and a weight for each output.

Sources call different things toxic, so each convention has an output of its own; which of them tell what
about an attribute is left to the heads (`models.reading.joint`). Missing labels have weight 0.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass
from random import Random

import numpy as np
from numpy.typing import NDArray

from models.numbers import Floats
from models.reading.careful import CHARS_READ, as_read
from models.reading.normalise import readable
from models.texts.data import COLUMNS, Labelled
from models.texts.obfuscation import augmented
from models.texts.templates import count_for
from models.texts.templates import rows as template_rows

# The first six are the attributes as the Jigsaw annotators understood them.
OUTPUTS = (*COLUMNS, "civil_toxicity", "civil_insult", "tweet_offence", "post_offence", "hate")
MAIN_WEIGHT, OTHER_WEIGHT = 1.0, 0.4
UNMASKED = 0.12  # share of texts whose identity terms stay, for the terms that are on nobody's list
# Share of a source's rows that an epoch sees, and how often: tweets and posts teach less than comments.
SHARES = {
    "hatexplain_normalised": 0.6,
    "davidson2017_tweets": 0.35,
    "latent_hatred": 0.7,
    "stormfront_vicomtech": 0.7,
    "foxnews_comments": 2.0,
    "hatemoji_build": 1.3,
}
SIX_LABELS = ("jigsaw2018_train", "jigsaw2018_train_lowercased", "wikipedia_lowercased_ak")
# How much the toxicity of a source's own convention counts for the main output.
TOXICITY_WEIGHT = {"civilcomments_toxicspans": 0.4, "hatexplain_normalised": 0.2, "davidson2017_tweets": 0.0}
CONVENTION = {
    "civilcomments_toxicspans": "civil_toxicity",
    "hatexplain_normalised": "post_offence",
    "davidson2017_tweets": "tweet_offence",
}
# Hate in posts is toxic, and what is there no hate is mostly not: weak labels, as (source: weight).
HATE_AS_TOXICITY = {"latent_hatred": 0.25, "stormfront_vicomtech": 0.3, "hatemoji_build": 0.5}
WEAK_POSITIVE, WEAK_NEGATIVE = 0.8, 0.1
HATE_WEIGHT = {
    "jigsaw2018_train": 0.5,
    "davidson2017_tweets": 0.5,
    "latent_hatred": 1.0,
    "stormfront_vicomtech": 1.0,
    "hatemoji_build": 1.0,
    "foxnews_comments": 1.0,
}


@dataclass(frozen=True, slots=True)
class Lessons:
    """One epoch: ``texts`` as read; ``targets`` and ``weights`` of shape (n_texts, n_outputs), no NaN."""

    texts: list[str]
    targets: Floats
    weights: Floats


def epoch(data: Labelled, known: Container[str], seed: int, number: int) -> Lessons:
    """Return the lessons of one epoch, the same for equal arguments.

    Every epoch draws its own rows of the lesser sources, its own disguises and its own sentences from the
    templates.

    Parameters
    ----------
    data : Labelled
        All English training rows.
    known : container of str
        The reader's whole words, for `models.reading.normalise.readable`.
    seed, number : int
        Of the training, and of the epoch from 0.
    """
    rng = Random(f"{seed}/{number}")
    targets, weights = _labels(data)
    drawn = np.array(list(_drawn(data.sources.tolist(), rng)), np.int64)
    texts = [data.texts[i] for i in drawn]
    copies, origins = augmented(texts, data.labels[drawn], rng)
    for copy, origin in zip(copies, origins.tolist(), strict=True):
        texts[origin] = copy
    own = template_rows(count_for(len(data.texts)), seed=rng.randrange(1 << 30))
    own_targets, own_weights = _template_labels(np.array([row.labels for row in own]))
    read = [_as_read(text, known, rng) for text in [*texts, *(row.text for row in own)]]
    return Lessons(read, np.vstack([targets[drawn], own_targets]), np.vstack([weights[drawn], own_weights]))


def _as_read(text: str, known: Container[str], rng: Random) -> str:
    shown = rng.random() < UNMASKED
    return readable(text[:CHARS_READ], known) if shown else as_read(text, known)


def _drawn(sources: list[str], rng: Random) -> Iterator[int]:
    for i, source in enumerate(sources):
        share = SHARES.get(source, 1.0)
        for _ in range(int(share) + (rng.random() < share % 1)):
            yield i


def _labels(data: Labelled) -> tuple[Floats, Floats]:
    """Return targets and weights of all outputs."""
    targets = np.full((len(data.texts), len(OUTPUTS)), np.nan)
    weights = np.full_like(targets, OTHER_WEIGHT)
    six = np.isin(data.sources, SIX_LABELS)
    if not six.any():
        six[:] = True  # somebody else's data: all of it counts
    targets[six, : len(COLUMNS)] = data.labels[six]
    targets[:, 0], weights[:, 0] = data.labels[:, 0], MAIN_WEIGHT
    for source in np.unique(data.sources).tolist():
        _label_source(source, data.sources == source, data.labels, targets, weights)
    weights[np.isnan(targets)] = 0
    return np.nan_to_num(targets), weights


def _label_source(
    source: str, rows: NDArray[np.bool_], labels: Floats, targets: Floats, weights: Floats
) -> None:
    column = {name: i for i, name in enumerate(OUTPUTS)}
    weights[rows, 0] *= TOXICITY_WEIGHT.get(source, 1.0)
    if source in CONVENTION:
        targets[rows, column[CONVENTION[source]]] = labels[rows, column["TOXICITY"]]
    if source == "civilcomments_toxicspans":
        targets[rows, column["civil_insult"]] = labels[rows, column["INSULT"]]
    hate = labels[:, column["IDENTITY_ATTACK"]]
    if source in HATE_WEIGHT:
        targets[rows, column["hate"]] = hate[rows]
        weights[rows, column["hate"]] *= HATE_WEIGHT[source]
    if source in HATE_AS_TOXICITY:
        weak = rows & np.isnan(targets[:, 0]) & ~np.isnan(hate)
        targets[weak, 0] = np.where(hate[weak] >= 0.5, WEAK_POSITIVE, WEAK_NEGATIVE)
        weights[weak, 0] = HATE_AS_TOXICITY[source]


def _template_labels(labels: Floats) -> tuple[Floats, Floats]:
    targets = np.full((len(labels), len(OUTPUTS)), np.nan)
    targets[:, : len(COLUMNS)] = labels
    targets[:, OUTPUTS.index("hate")] = labels[:, list(COLUMNS).index("IDENTITY_ATTACK")]
    weights = np.where(np.isnan(targets), 0.0, OTHER_WEIGHT)
    weights[:, 0] = np.where(np.isnan(targets[:, 0]), 0.0, MAIN_WEIGHT)
    return np.nan_to_num(targets), weights
