"""What a scorer says of texts, and how it came to say so."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from models.numbers import Floats
from models.reading.windows import Place, Sentences


@dataclass(frozen=True, slots=True)
class Reading:
    """What the scorer says of one text.

    Attributes
    ----------
    scores : dict of str to float
        A probability in [0, 1] for every attribute that the text's language has a head for.
    language : str
        ISO 639 code, or ``und``.
    supported : bool
        Whether the model was trained, and measured well enough, on that language; if not, the scores mean
        little and a person should decide.
    is_beta : bool
        Whether the language has a model of its own that is not yet good enough to decide alone.
    normalised : str
        The text as the fast reader reads it.
    reader : str
        Who decided: ``careful`` or ``fast``.
    is_unsure : bool
        The careful reader was wanted, and was off, missing or out of time.
    """

    scores: dict[str, float]
    language: str
    supported: bool
    normalised: str
    is_beta: bool = False
    reader: str = "fast"
    is_unsure: bool = False


@dataclass(slots=True)
class Outcome:
    """Log-odds of some texts of one language, and how they came about; a row a text.

    Attributes
    ----------
    logits : ndarray of shape (n_texts, n_attributes)
    is_careful, is_unsure : ndarray of bool, shape (n_texts,)
        Whether the careful reader took part, and whether it should have and could not.
    apart : Apart or None
        What came of the sentences of long texts, where there are any.
    """

    logits: Floats
    is_careful: NDArray[np.bool_] = field(init=False)
    is_unsure: NDArray[np.bool_] = field(init=False)
    apart: Apart | None = None

    def __post_init__(self) -> None:
        self.is_careful = np.zeros(len(self.logits), np.bool_)
        self.is_unsure = np.zeros(len(self.logits), np.bool_)

    def raise_to(self, sentences: Sentences, judged: Outcome) -> None:
        """Let no text count less than the worst of its sentences."""
        self.apart = Apart(sentences, judged, self.is_careful.copy())
        np.maximum.at(self.logits, sentences.rows, judged.logits)
        np.logical_or.at(self.is_careful, sentences.rows, judged.is_careful)
        np.logical_or.at(self.is_unsure, sentences.rows, judged.is_unsure)

    def decided_by(self, row: int, column: int) -> tuple[Place | None, bool]:
        """Return the sentence that gave a text its log-odds, or None, and if what did was read carefully."""
        if self.apart is None:
            return None, bool(self.is_careful[row])
        sentences, judged = self.apart.sentences, self.apart.judged
        for at in np.flatnonzero(sentences.rows == row).tolist():
            if judged.logits[at, column] == self.logits[row, column]:
                return sentences.places[at], bool(judged.is_careful[at])
        return None, bool(self.apart.whole_is_careful[row])


@dataclass(frozen=True, slots=True)
class Apart:
    """The sentences of long texts that were judged, each by itself; and which wholes were read carefully."""

    sentences: Sentences
    judged: Outcome
    whole_is_careful: NDArray[np.bool_]
