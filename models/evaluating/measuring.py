"""What a scorer says of a labelled file, by language: scores beside labels, from which figures are made."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.evaluating.figures import Flags
from models.numbers import Floats
from models.reading.artifact import MAIN
from models.reading.scorer import Scorer
from models.texts.data import (
    COLUMNS,
    REFERENCE_SOURCE,
    SPAM,
    Labelled,
    natural_weights,
    read_labelled,
    sha256_of,
)

BATCH = 512
SAY_EVERY_S = 5.0
Say = Callable[[str], None]
SIX = len(COLUMNS)
NATURAL = ("wikipedia_context_gc", "wikipedia_context_gn")  # as they came: nothing was over-sampled
WIKIPEDIA = (REFERENCE_SOURCE, *NATURAL)


def _nothing(_line: str) -> None:
    """Tell nobody how far an evaluation has come."""


@dataclass(frozen=True, slots=True)
class Readings:
    """What a scorer says of the labelled texts of one language.

    ``data`` has the columns of `COLUMNS` and then SPAM; ``scores`` has shape (n, n_attributes), and
    ``careful`` tells which texts the careful reader read.
    """

    attributes: tuple[str, ...]
    data: Labelled
    scores: Floats
    careful: Flags

    def of(self, attribute: str) -> tuple[Floats, Floats]:
        """Return an attribute's scores and labels, each of shape (n,)."""
        column = list(COLUMNS | SPAM).index(attribute)
        return self.scores[:, self.attributes.index(attribute)], self.data.labels[:, column]

    def has_any(self) -> Flags:
        """Return which texts have any of the six labels."""
        return np.asarray((self.data.labels[:, :SIX] >= 0.5).any(axis=1))

    def weights(self, prior: float) -> Floats:
        """Return row weights under which a share of ``prior`` has any of the six labels."""
        return natural_weights(self.data.labels[:, :SIX], prior)

    def where(self, rows: Flags) -> Readings:
        """Return some of the rows."""
        return Readings(self.attributes, self.data.where(rows), self.scores[rows], self.careful[rows])

    def six(self) -> Readings:
        """Return the rows that somebody labelled for any of the six attributes."""
        return self.where(np.asarray(~np.isnan(self.data.labels[:, :SIX]).all(axis=1)))

    def reference(self) -> Readings:
        """Return the rows of the source with all labels, or all rows if there is no such source."""
        labelled = self.six()
        return labelled.where(labelled.data.reference_rows())

    def natural(self) -> Readings:
        """Return the rows of the sources in which toxicity is as rare as on the site that they are from."""
        labelled = self.six()
        return labelled.where(np.isin(labelled.data.sources, NATURAL))


@dataclass(frozen=True, slots=True)
class Measured:
    """A scorer, and its `Readings` of a file in each language that both know."""

    scorer: Scorer
    data_sha256: str
    languages: Mapping[str, Readings]


def measure(scorer: Scorer, csv: Path, say: Say = _nothing) -> Measured:
    """Score a file's labelled texts in each of the model's languages; ``say`` is told how far it has come.

    Raises
    ------
    FileNotFoundError, ValueError
        If the file cannot be used, or has no labelled row in any of those languages.
    """
    found, problem = {}, None
    for code in (MAIN, *sorted(scorer.beta_languages)):
        try:
            data = read_labelled(csv, code, COLUMNS | SPAM)
        except ValueError as error:  # no row of that language, or no such file as ours
            problem = problem or error
        else:
            say(f"reading {len(data.texts):,} comments in {code!r}")
            found[code] = read(scorer, data, code, say=say)
    if problem and not found:
        raise problem
    return Measured(scorer, sha256_of(csv), found)


def read(
    scorer: Scorer, data: Labelled, language: str = MAIN, spare: float | None = None, say: Say = _nothing
) -> Readings:
    """Return a scorer's readings of texts of one language, of which there is at least one.

    ``spare`` is as in `Scorer.read`, for each batch.
    """
    readings, told = [], time.monotonic()
    for at in range(0, len(data.texts), BATCH):
        chunk = data.texts[at : at + BATCH]
        readings += scorer.read(chunk, languages=[language] * len(chunk), spare=spare)
        if time.monotonic() - told >= SAY_EVERY_S:
            told = time.monotonic()
            say(f"read {len(readings):,} of {len(data.texts):,}")
    scores = np.array([list(reading.scores.values()) for reading in readings])
    careful = np.array([reading.reader == "careful" for reading in readings])
    return Readings(tuple(readings[0].scores), data, scores, careful)


def probabilities(scorer: Scorer, texts: Sequence[str], language: str = MAIN) -> Floats:
    """Return the scores of one language's texts, at least one, of shape (n_texts, n_attributes)."""
    without_labels = Labelled(list(texts), np.empty((len(texts), 0)), np.empty(len(texts), np.str_))
    return read(scorer, without_labels, language).scores


def fast_alone(scorer: Scorer, rows: Readings) -> Readings:
    """Return the English readings that the fast reader would give alone."""
    return read(scorer.with_careful("off"), rows.data)


def under_load(scorer: Scorer, rows: Readings) -> Readings:
    """Return the English readings where no time is to spare: the careful reader reads what is unsure."""
    return read(scorer, rows.data, spare=0.0)
