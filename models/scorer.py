"""What doors call: texts in, readings out."""

from __future__ import annotations

import copy
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from models.artifact import MAIN, Artifact, load
from models.careful import Encoder
from models.explaining import Span, additive, occluded, spans, words
from models.files import MODEL, BadArtifact
from models.joint import clipped, shift_of_prior
from models.language import detect
from models.linear import Floats, sigmoid
from models.normalise import normalise
from models.self_test import TEXTS

SHIPPED = Path(__file__).with_name("shipped")
CHARS_READ = 20_480  # of a text as typed; four times the longest comment, all that Perspective accepts
BETWEEN_LOOKS = 8  # careful readings between looks at the clock, about 25 ms
# Another processor rounds the careful reader's sums otherwise; the fast reader's are whole numbers.
FAST_TOLERANCE, CAREFUL_TOLERANCE = 1e-6, 0.05
EXAMPLES_AT_LEAST = 20
SCORE_DIGITS = 9
UNMOVED = ("SPAM",)
NO_CAREFUL_READER = "this model has none"  # a `Scorer.careful_state`

Careful = Literal["auto", "always", "off"]


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
class _Outcome:
    """Log-odds of some texts of one language, and how they came about; a row a text."""

    logits: Floats
    is_careful: NDArray[np.bool_] = field(init=False)
    is_unsure: NDArray[np.bool_] = field(init=False)

    def __post_init__(self) -> None:
        self.is_careful = np.zeros(len(self.logits), np.bool_)
        self.is_unsure = np.zeros(len(self.logits), np.bool_)


class Scorer:
    """A loaded model. Scoring changes nothing in it that shows, so threads may share one.

    Parameters
    ----------
    artifact : Artifact
    careful : {"auto", "always", "off"}
        Whether the careful reader reads what the fast one is unsure of, everything, or nothing.
    threads : int
        Of one careful reading.

    Attributes
    ----------
    model_id : str
        A digest of the model's content, such as ``joint-1a2b3c4d5e6f``.
    attributes : tuple of str
        The keys of the ``scores`` of an English text, in a fixed order.
    thresholds : mapping of str to float
        Suggested review threshold of each attribute.
    languages, beta_languages : frozenset of str
        What the model was trained on, and what it may be used for with care.
    careful_state : str
        ``on``, ``off``, or why there is no careful reader.
    """

    def __init__(self, artifact: Artifact, careful: Careful = "auto", threads: int = 1) -> None:
        self._kernels = artifact.kernels
        self._main = artifact.kernels[MAIN]
        self._join, self._careful = artifact.join, careful
        self._encoder, self.careful_state = _encoder(artifact, careful, threads)
        header = artifact.header
        self._prior: float = header["prior"]
        self._shift = np.zeros(len(self._main.attributes))
        self.model_id = artifact.model_id
        self.attributes = self._main.attributes
        self.thresholds: Mapping[str, float] = dict(header["thresholds"][MAIN])
        self.thresholds_of: Mapping[str, Mapping[str, float]] = header["thresholds"]
        self.languages = frozenset(header["languages"])
        self.beta_languages = frozenset(header["beta_languages"])

    def with_careful(self, careful: Careful) -> Scorer:
        """Return the same model with another use of its careful reader, which is not loaded again."""
        other = copy.copy(self)
        other._careful = careful
        if careful == "off" and other._encoder is not None:
            other._encoder, other.careful_state = None, "off"
        return other

    def with_prior(self, prior: float | None) -> Scorer:
        """Return the same model reckoning with another share of comments that have any of the properties.

        Without one, with the share it was calibrated at. Spam and the other languages stay as they are: they
        are calibrated at shares of their own.
        """
        other = copy.copy(self)
        shift = 0.0 if prior is None else shift_of_prior(self._prior, prior)
        other._shift = np.array([0.0 if name in UNMOVED else shift for name in self.attributes])
        return other

    def read(
        self,
        texts: Sequence[str],
        *,
        languages: Sequence[str | None] | None = None,
        within: float | None = None,
    ) -> list[Reading]:
        """Return one reading a text, in order.

        Only the first `CHARS_READ` characters of a text are read.

        Parameters
        ----------
        texts : sequence of str
        languages : sequence of str or None, optional
            The language of each text as an ISO 639 code, where the caller knows it; else it is detected.
        within : float, optional
            Seconds after which no further careful reading is begun; texts left over have the fast reader's
            scores and `Reading.is_unsure`.

        Raises
        ------
        TypeError
            If ``texts`` is one string, or holds something else than strings.
        """
        if isinstance(texts, str) or not all(isinstance(text, str) for text in texts):
            raise TypeError("texts must be a sequence of str")
        until = np.inf if within is None else time.monotonic() + within
        cut = [text[:CHARS_READ] for text in texts]
        normalised = [normalise(text) for text in cut]
        found = self._languages(cut, normalised, languages)
        readings: dict[int, Reading] = {}
        for code, rows in self._by_kernel([code for code, _ in found]).items():
            known = np.array([found[i][1] for i in rows])
            outcome = self._outcome(code, [cut[i] for i in rows], [normalised[i] for i in rows], known, until)
            shift = self._shift if code == MAIN else 0.0
            # Sums come out another way in another batch, by 1e-16: rounded, a text's scores are its own.
            scores = np.round(sigmoid(clipped(outcome.logits) + shift), SCORE_DIGITS).tolist()
            for at, row in enumerate(rows):
                named = dict(zip(self._kernels[code].attributes, scores[at], strict=True))
                readings[row] = self._reading(named, *found[row], normalised[row], outcome, at)
        return [readings[row] for row in range(len(cut))]

    def _languages(
        self, texts: Sequence[str], normalised: Sequence[str], told: Sequence[str | None] | None
    ) -> list[tuple[str, bool]]:
        """Return each text's language, and whether there is a reader for it."""
        known = self.languages | self.beta_languages
        found = []
        given = [None] * len(texts) if told is None else told
        for text, plain, code in zip(texts, normalised, given, strict=True):
            if code is None:
                found.append(detect(text, plain, known))
            else:
                code = code.replace("_", "-").split("-")[0].lower()
                found.append((code, code in known))
        return found

    def _reading(
        self,
        scores: dict[str, float],
        language: str,
        is_known: bool,
        normalised: str,
        outcome: _Outcome,
        at: int,
    ) -> Reading:
        is_beta = language in self.beta_languages
        reader = "careful" if outcome.is_careful[at] else "fast"
        supported = is_known and not is_beta
        return Reading(scores, language, supported, normalised, is_beta, reader, bool(outcome.is_unsure[at]))

    def explain(self, text: str, attribute: str = "TOXICITY") -> list[Span]:
        """Return the words that raise an attribute's score, by where they begin.

        Where the fast reader decided, shares are its additive ones; where the careful reader did, they are
        what leaving a word out takes from the log-odds (one batch of at most 24 careful readings).

        Raises
        ------
        ValueError
            If the model has no such attribute.
        """
        if attribute not in self.attributes:
            raise ValueError(f"no attribute {attribute!r}; there are {', '.join(self.attributes)}")
        text = text[:CHARS_READ]
        (reading,) = self.read([text])
        kernel = self._kernels.get(reading.language, self._main)
        places = words(text)
        if attribute not in reading.scores or not places:
            return []
        score = reading.scores[attribute]
        joined = self._join.attributes if self._join else ()
        if reading.reader == "careful" and attribute in joined:
            column = joined.index(attribute)

            def logits(some: Sequence[str]) -> Floats:
                return np.asarray(self._joint_logits(some, [normalise(one) for one in some])[:, column])

            shares = occluded(logits, text, places, float(logits([text])[0]))
        else:
            shares = additive(kernel, text, places, attribute)
        return spans(text, places, shares, score)

    def normalise(self, text: str) -> str:
        """Return the text as the model reads it."""
        return normalise(text)

    def _by_kernel(self, languages: Sequence[str]) -> dict[str, list[int]]:
        """Return which texts each fast reader reads; texts of unknown languages go to the main one."""
        rows: dict[str, list[int]] = {}
        for row, code in enumerate(languages):
            rows.setdefault(code if code in self._kernels else MAIN, []).append(row)
        return rows

    def _outcome(
        self, code: str, texts: list[str], normalised: list[str], known: NDArray[np.bool_], until: float
    ) -> _Outcome:
        """Return what one language's readers make of texts.

        A text that is not in a ``known`` language goes to a person whatever its scores: it is not read
        carefully.
        """
        kernel = self._kernels[code]
        margins = kernel.margins(normalised)
        outcome = _Outcome(kernel.calibrated(margins))
        if code != MAIN or self._join is None:
            return outcome
        expected = self._join.expected(normalised, margins)
        wanted = known & (self._join.is_unsure(expected) | (self._careful == "always"))
        if self._encoder is not None:
            outcome.logits[~wanted, : expected.shape[1]] = expected[~wanted]
        rows = np.flatnonzero(wanted)
        for chunk in (rows[at : at + BETWEEN_LOOKS] for at in range(0, len(rows), BETWEEN_LOOKS)):
            if self._encoder is None or time.monotonic() > until:
                outcome.is_unsure[chunk] = True
                continue
            joint = self._joined(margins[chunk], self._encoder.logits([texts[row] for row in chunk]))
            outcome.logits[chunk, : joint.shape[1]] = joint
            outcome.is_careful[chunk] = True
        return outcome

    def _joint_logits(self, texts: Sequence[str], normalised: Sequence[str]) -> Floats:
        assert self._encoder is not None
        return self._joined(self._main.margins(normalised), self._encoder.logits(texts))

    def _joined(self, margins: Floats, outputs: Floats) -> Floats:
        assert self._join is not None
        return self._join.logits(margins, outputs)


def load_scorer(
    path: Path | None = None, *, careful: Careful = "auto", prior: float | None = None, threads: int = 1
) -> Scorer:
    """Load a model from its folder, by default the one that is shipped, and have it pass its self-test.

    Raises
    ------
    BadArtifact
        If the folder is missing, damaged, tampered with, or made for another version.
    """
    artifact = load(SHIPPED if path is None else path)
    # Tested as it was made, then set up as it is wanted.
    tested = Scorer(artifact, "off" if careful == "off" else "auto", threads=threads)
    _self_test(artifact, tested)
    return tested.with_careful(careful).with_prior(prior)


def self_test(artifact: Artifact) -> list[dict[str, object]]:
    """Return the example texts with the scores that a loaded model must give again.

    ``scores`` and ``reader`` are those of the whole model, ``alone`` are the scores of the fast reader alone.
    """
    whole, alone = Scorer(artifact).read(TEXTS), Scorer(artifact, "off").read(TEXTS)
    return [
        {"text": text, "scores": one.scores, "reader": one.reader, "alone": other.scores}
        for text, one, other in zip(TEXTS, whole, alone, strict=True)
    ]


def _self_test(artifact: Artifact, scorer: Scorer) -> None:
    """Score the header's example texts; this also proves that the normaliser is the one trained with."""
    is_whole = scorer.careful_state == "on" or artifact.careful is None
    try:
        listed = artifact.header["self_test"]
        texts = [str(example["text"]) for example in listed]
        if len(texts) < EXAMPLES_AT_LEAST:
            raise BadArtifact(f"{MODEL} has no usable self_test: {len(texts)} examples")
        for example, reading in zip(listed, scorer.read(texts), strict=True):
            if is_whole and example["reader"] != reading.reader:
                raise BadArtifact("the self-test is read by another reader than when the model was made")
            _compare(example["scores" if is_whole else "alone"], reading)
    except (KeyError, TypeError) as error:
        raise BadArtifact(f"{MODEL} has no usable self_test: {error!r}") from error


def _compare(expected: Mapping[str, float], reading: Reading) -> None:
    allowed = CAREFUL_TOLERANCE if reading.reader == "careful" else FAST_TOLERANCE
    for name, score in expected.items():
        if not abs(reading.scores[name] - score) <= allowed:
            raise BadArtifact("the self-test gives other scores than when the model was made")


def _encoder(artifact: Artifact, careful: Careful, threads: int) -> tuple[Encoder | None, str]:
    """Return the careful reader, and ``on``, ``off`` or why there is none."""
    if artifact.careful is None:
        return None, NO_CAREFUL_READER
    if careful == "off":
        return None, "off"
    try:
        return Encoder(artifact.careful.network, artifact.careful.tokenizer, threads), "on"
    except ImportError as error:
        return None, f"{error.name} is not installed"
    except Exception as error:  # both libraries raise types of their own, made in other languages
        raise BadArtifact(f"the careful reader cannot be loaded: {error}") from error
