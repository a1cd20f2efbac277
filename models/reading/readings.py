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
    is_short : bool
        The text has too few words to tell its language by, and none that is vile elsewhere.
    """

    scores: dict[str, float]
    language: str
    supported: bool
    normalised: str
    is_beta: bool = False
    reader: str = "fast"
    is_unsure: bool = False
    is_short: bool = False


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

    def weigh(self, sentences: Sentences, judged: Outcome, alone: Floats) -> None:
        """Let long texts count as the mean of the whole and its worst sentence, or as that less ``alone``.

        A text without a bad sentence is so the milder for it, and a bad sentence bad in any company. Shape of
        ``alone`` (n,): the first n attributes are weighed so, the others as the whole.
        """
        width = len(alone)
        worst = np.full((len(self.logits), width), -np.inf)
        np.maximum.at(worst, sentences.rows, judged.logits[:, :width])
        self.apart = Apart(sentences, judged, self.is_careful.copy(), worst > self.logits[:, :width])
        long = np.unique(sentences.rows)
        whole, worst = self.logits[long, :width], worst[long]
        self.logits[long, :width] = np.maximum((whole + worst) / 2, worst - alone)
        np.logical_or.at(self.is_careful, sentences.rows, judged.is_careful)
        np.logical_or.at(self.is_unsure, sentences.rows, judged.is_unsure)

    def decided_by(self, row: int, column: int) -> tuple[Place | None, bool]:
        """Return the sentence that raised a text's log-odds, or None, and if what did was read carefully."""
        if self.apart is None:
            return None, bool(self.is_careful[row])
        if column >= self.apart.is_raised.shape[1] or not self.apart.is_raised[row, column]:
            return None, bool(self.apart.whole_is_careful[row])
        sentences, judged = self.apart.sentences, self.apart.judged
        at = max(
            np.flatnonzero(sentences.rows == row).tolist(), key=lambda i: float(judged.logits[i, column])
        )
        return sentences.places[at], bool(judged.is_careful[at])


@dataclass(frozen=True, slots=True)
class Apart:
    """The sentences of long texts that were judged, each by itself.

    ``whole_is_careful`` of shape (n_texts,) says which wholes were read carefully, ``is_raised`` of shape
    (n_texts, n) which attributes of which texts have a sentence that is worse than the whole.
    """

    sentences: Sentences
    judged: Outcome
    whole_is_careful: NDArray[np.bool_]
    is_raised: NDArray[np.bool_]
