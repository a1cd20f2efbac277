"""What the careful reader is taught in one epoch: texts as it reads them, targets, weights.

An epoch draws its share of every source (`models.training.sources`), disguises some of it, and adds sentences
of our own: of the grammar (`models.texts.templates`), of everyday life, and bad sentences in civil texts.
Then the weights of the main output are flattened, so that neither length nor the naming of a group tells it
anything (`models.training.balance`).
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from random import Random

import numpy as np

from models.numbers import Floats
from models.reading.careful import CHARS_READ, as_read
from models.reading.identity import STAND_IN, STAND_INS
from models.reading.normalise import readable
from models.texts import everyday
from models.texts.data import COLUMNS, Labelled
from models.texts.obfuscation import augmented
from models.texts.templates import combined
from models.texts.templates import rows as template_rows
from models.training.balance import cells, flattened, names_group
from models.training.sources import OUTPUTS, labels_of_templates, shares_of, targets_of

__all__ = ["OUTPUTS", "Lessons", "epoch"]

UNMASKED = 0.4  # share of texts whose identity terms stay, for the terms that are on nobody's list
OTHER_STAND_IN = 0.3  # of the others: share whose stand-in is another than the one at work
WITH_EMOJI = 0.06  # share of drawn texts, of either kind
DISGUISED, DISGUISED_CLEAN = 0.25, 0.12
# Rows of our own, one for so many drawn ones; and no more than so many.
TEMPLATES, EVERYDAY, INSERTED = (9, 9_000), (11, 5_000), (26, 2_500)
EVERYDAY_WITH_EMOJI = 0.45
CIVIL = 0.1


@dataclass(frozen=True, slots=True)
class Lessons:
    """One epoch: ``texts`` as read; ``targets`` and ``weights`` of shape (n_texts, n_outputs), no NaN."""

    texts: list[str]
    targets: Floats
    weights: Floats


def epoch(data: Labelled, known: Container[str], seed: int, number: int) -> Lessons:
    """Return the lessons of one epoch, the same for equal arguments.

    Every epoch draws its own rows, disguises, emoji and sentences.

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
    targets, weights = targets_of(data)
    drawn = np.array(list(_drawn(shares_of(data), rng)), np.int64)
    texts = [data.texts[i] for i in drawn]
    copies, origins = augmented(texts, data.labels[drawn], rng, DISGUISED, DISGUISED_CLEAN)
    for copy, origin in zip(copies, origins.tolist(), strict=True):
        texts[origin] = copy
    texts = [everyday.sprinkled(text, rng) if rng.random() < WITH_EMOJI else text for text in texts]
    own, labels = _own(data, len(drawn), rng)
    own_targets, own_weights = labels_of_templates(labels)
    texts += own
    targets, weights = np.vstack([targets[drawn], own_targets]), np.vstack([weights[drawn], own_weights])
    read = [_as_read(text, known, rng) for text in texts]
    named = [names_group(as_read(text, known)) for text in texts]
    weights[:, 0] = flattened(cells(texts, named), targets[:, 0], weights[:, 0])
    return Lessons(read, targets, weights)


def _as_read(text: str, known: Container[str], rng: Random) -> str:
    if rng.random() < UNMASKED:
        return readable(text[:CHARS_READ], known)
    read = as_read(text, known)
    return read.replace(STAND_IN, rng.choice(STAND_INS[1:])) if rng.random() < OTHER_STAND_IN else read


def _drawn(shares: Sequence[float], rng: Random) -> Iterator[int]:
    for i, share in enumerate(shares):
        for _ in range(int(share) + (rng.random() < share % 1)):
            yield i


def _own(data: Labelled, drawn: int, rng: Random) -> tuple[list[str], Floats]:
    """Return sentences of our own with the six labels."""
    grammar, said, pairs = (min(drawn // each, most) for each, most in (TEMPLATES, EVERYDAY, INSERTED))
    rows = template_rows(grammar, seed=rng.randrange(1 << 30))
    texts, labels = [row.text for row in rows], [row.labels for row in rows]
    for text in everyday.sentences(said, rng):
        texts.append(everyday.sprinkled(text, rng) if rng.random() < EVERYDAY_WITH_EMOJI else text)
        labels.append((0.0,) * len(COLUMNS))
    for text, found in _inserted(data, pairs, rng):
        texts.append(text)
        labels.append(found)
    return texts, np.array(labels).reshape(-1, len(COLUMNS))


def _inserted(data: Labelled, count: int, rng: Random) -> Iterator[tuple[str, tuple[float, ...]]]:
    """Yield civil long texts with a toxic sentence, and as many with a civil one, with what both are."""
    toxicity = np.nan_to_num(data.labels[:, 0], nan=0.5)
    every = ~np.isnan(data.labels).any(axis=1)  # else a sentence may be a threat that nobody asked about
    toxic, civil = (toxicity >= 1 - CIVIL) & every, (toxicity <= CIVIL) & every
    bad, good, long = everyday.to_insert(data.texts, toxic.tolist(), civil.tolist())
    if not (bad and good and long):
        return
    for _ in range(count):
        into = rng.choice(long)
        for sentence in (rng.choice(bad), rng.choice(good)):
            labels = combined(tuple(data.labels[into]), tuple(data.labels[sentence]))
            yield everyday.inserted(data.texts[sentence], data.texts[into], rng), labels
