"""What each source teaches the careful reader: how much of it an epoch sees, and how far its labels count.

Sources call different things toxic. Each convention has an output of its own, and the main output learns
from all of them, each by its weight; which of them tell what about an attribute is left to the join
(`models.training.joint`). Missing labels have weight 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.numbers import Floats
from models.texts.data import COLUMNS, Labelled

# The first six are the attributes as the Jigsaw annotators understood them.
OUTPUTS = (
    *COLUMNS, "civil_toxicity", "civil_insult", "tweet_offence", "post_offence", "hate", "talk_abuse",
)  # fmt: skip
MAIN_WEIGHT, OTHER_WEIGHT = 1.0, 0.4
# Where hate alone was labelled it is toxic, and what is none mostly is not: weak labels.
WEAK_POSITIVE, WEAK_NEGATIVE = 0.8, 0.1


@dataclass(frozen=True, slots=True)
class Source:
    """How a source is used.

    Attributes
    ----------
    share, toxic : float
        Of its rows, and of its toxic ones if given, that an epoch draws; beyond 1 some are drawn again.
    main : float
        Weight of its toxicity for the main output.
    convention : str
        The output that learns its toxicity at full weight, if any.
    hate : float
        Weight of its attacks on identities for the output ``hate``.
    hate_as_toxicity : float
        Weight for the main output of rows labelled for hate alone.
    attributes : tuple of str
        Which other labels of it mean what the attributes mean.
    """

    share: float = 1.0
    toxic: float | None = None
    main: float = 1.0
    convention: str = ""
    hate: float = 0.0
    hate_as_toxicity: float = 0.0
    attributes: tuple[str, ...] = ()


SIX = tuple(COLUMNS)
SOURCES = {
    "jigsaw2018_train": Source(0.2, hate=0.5, attributes=SIX),
    "jigsaw2018_train_lowercased": Source(0.1, attributes=SIX),
    "wikipedia_lowercased_ak": Source(0.2, attributes=SIX),
    "wikipedia_context_gc": Source(0.25),
    "wikipedia_context_gn": Source(0.25),
    "civilcomments_toxicspans": Source(0.1, main=0.4, convention="civil_toxicity"),
    "hatexplain_normalised": Source(0.06, main=0.2, convention="post_offence"),
    "davidson2017_tweets": Source(0.03, main=0.0, convention="tweet_offence", hate=0.5),
    "latent_hatred": Source(0.08, hate=1.0, hate_as_toxicity=0.3),
    "stormfront_vicomtech": Source(0.08, hate=1.0, hate_as_toxicity=0.3),
    "hatemoji_build": Source(0.25, hate=1.0, hate_as_toxicity=0.5),
    "foxnews_comments": Source(1.0, hate=1.0),
    "cad_reddit": Source(
        0.7, toxic=1.0, convention="talk_abuse", hate=0.5, attributes=("IDENTITY_ATTACK", "INSULT")
    ),
    "toxigen_annotated": Source(0.9, main=0.7, hate=1.0, attributes=("IDENTITY_ATTACK",)),
    "goemotions": Source(0.25, convention="talk_abuse", attributes=SIX),
    "reddit_misogyny": Source(0.15, toxic=1.0, convention="talk_abuse", hate=0.3),
    "convabuse": Source(0.6, main=0.8, convention="talk_abuse"),
    "github_incivility": Source(0.3, toxic=1.0, main=0.6, convention="talk_abuse", attributes=("INSULT",)),
    "edos": Source(0.12, main=0.4, hate=0.7, attributes=("THREAT",)),
    "mlma_tweets": Source(0.0),  # keyword-sampled and noisy
}
# Somebody else's data: all of it counts.
ANY = Source(attributes=SIX)


def source_of(name: str) -> Source:
    """Return how a source is used."""
    return SOURCES.get(name, ANY)


def shares_of(data: Labelled) -> list[float]:
    """Return how often an epoch draws each row, on average."""
    toxic = data.labels[:, 0] >= 0.5
    found = []
    for name, is_toxic in zip(data.sources.tolist(), toxic.tolist(), strict=True):
        source = source_of(name)
        found.append(source.share if source.toxic is None or not is_toxic else source.toxic)
    return found


def targets_of(data: Labelled) -> tuple[Floats, Floats]:
    """Return targets and weights of all outputs, each of shape (n_texts, n_outputs), no NaN."""
    targets = np.full((len(data.texts), len(OUTPUTS)), np.nan)
    weights = np.full_like(targets, OTHER_WEIGHT)
    for name in np.unique(data.sources).tolist():
        _of_source(source_of(name), data.sources == name, data.labels, targets, weights)
    weights[np.isnan(targets)] = 0
    return np.nan_to_num(targets), weights


def _of_source(
    source: Source, rows: NDArray[np.bool_], labels: Floats, targets: Floats, weights: Floats
) -> None:
    column = {name: i for i, name in enumerate(OUTPUTS)}
    toxicity, hate = labels[:, column["TOXICITY"]], labels[:, column["IDENTITY_ATTACK"]]
    for name in source.attributes:
        targets[rows, column[name]] = labels[rows, column[name]]
    targets[rows, 0], weights[rows, 0] = toxicity[rows], MAIN_WEIGHT * source.main
    if source.convention:
        targets[rows, column[source.convention]] = toxicity[rows]
        weights[rows, column[source.convention]] = MAIN_WEIGHT
    if source.convention == "civil_toxicity":
        targets[rows, column["civil_insult"]] = labels[rows, column["INSULT"]]
    if source.hate:
        targets[rows, column["hate"]] = hate[rows]
        weights[rows, column["hate"]] *= source.hate
    if source.hate_as_toxicity:
        weak = rows & np.isnan(toxicity) & ~np.isnan(hate)
        targets[weak, 0] = np.where(hate[weak] >= 0.5, WEAK_POSITIVE, WEAK_NEGATIVE)
        weights[weak, 0] = source.hate_as_toxicity


def labels_of_templates(labels: Floats) -> tuple[Floats, Floats]:
    """Return targets and weights of sentences written for teaching, which have the six labels, or NaN."""
    targets = np.full((len(labels), len(OUTPUTS)), np.nan)
    targets[:, : len(COLUMNS)] = labels
    targets[:, OUTPUTS.index("hate")] = labels[:, list(COLUMNS).index("IDENTITY_ATTACK")]
    weights = np.where(np.isnan(targets), 0.0, OTHER_WEIGHT)
    weights[:, 0] = np.where(np.isnan(targets[:, 0]), 0.0, MAIN_WEIGHT)
    return np.nan_to_num(targets), weights
