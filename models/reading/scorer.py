"""What doors call: texts in, readings out."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.numbers import Floats, sigmoid
from models.reading.artifact import MAIN, Artifact, load
from models.reading.careful import Encoder
from models.reading.explaining import Place, Span, additive, occluded, spans, words
from models.reading.fast import LinearScorer
from models.reading.files import MODEL, BadArtifact
from models.reading.joint import clipped, shift_of_prior
from models.reading.judging import Careful, Judge, Until
from models.reading.language import detect, detect_several, says_too_little
from models.reading.normalise import normalise
from models.reading.readings import Outcome, Reading
from models.reading.self_test import BAD, CIVIL, TEXTS, unsound

SHIPPED = Path(__file__).parents[1] / "shipped"
CHARS_READ = 20_480  # of a text as typed; four times the longest comment, all that Perspective accepts
# Another processor rounds the careful reader's sums otherwise; the fast reader's are whole numbers.
FAST_TOLERANCE, CAREFUL_TOLERANCE = 1e-6, 0.05
EXAMPLES_AT_LEAST, EXAMPLES_AT_MOST = 20, 200  # a model is loaded while people wait
SCORE_DIGITS = 9
UNMOVED = ("SPAM",)
NO_CAREFUL_READER = "this model has none"  # a `Scorer.careful_state`


class Scorer:
    """A loaded model. Scoring changes nothing in it that shows, so threads may share one.

    Parameters
    ----------
    artifact : Artifact
    careful : {"auto", "always", "off"}
        Whether the careful reader reads everything while there is time to spare, and else what the fast one
        is unsure of; everything in any case; or nothing.
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
    profiles : mapping of str to mapping
        Other such thresholds, by the kind of site that they suit.
    languages, beta_languages : frozenset of str
        What the model was trained on, and what it may be used for with care.
    careful_state : str
        ``on``, ``off``, or why there is no careful reader.
    """

    def __init__(self, artifact: Artifact, careful: Careful = "auto", threads: int = 1) -> None:
        self._kernels = artifact.kernels
        self._main = artifact.kernels[MAIN]
        encoder, self.careful_state = _encoder(artifact, careful, threads)
        join = artifact.join
        self._judge = None if join is None else Judge(self._main, join, encoder, careful)
        header = artifact.header
        self._prior: float = header["prior"]
        self._shift = np.zeros(len(self._main.attributes))
        self.model_id = artifact.model_id
        self.attributes = self._main.attributes
        self.thresholds: Mapping[str, float] = dict(header["thresholds"][MAIN])
        self.profiles: Mapping[str, Mapping[str, float]] = header.get("profiles", {})
        self.thresholds_of: Mapping[str, Mapping[str, float]] = header["thresholds"]
        self.languages = frozenset(header["languages"])
        self.beta_languages = frozenset(header["beta_languages"])

    def with_careful(self, careful: Careful) -> Scorer:
        """Return the same model with another use of its careful reader, which is not loaded again."""
        other = copy.copy(self)
        if self._judge is not None:
            other._judge = self._judge.using(careful)
            if careful == "off" and self._judge.encoder is not None:
                other.careful_state = "off"
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
        effort: float | None = None,
        spare: float | None = None,
    ) -> list[Reading]:
        """Return one reading a text, in order.

        Only the first `CHARS_READ` characters of a text are read. Of English ones longer than `windows.LONG`
        the worst sentences are judged apart too, see `Outcome.weigh`.

        Parameters
        ----------
        texts : sequence of str
        languages : sequence of str or None, optional
            The language of each text as an ISO 639 code, where the caller knows it; else it is detected.
        within : float, optional
            Seconds after which no further careful reading is begun; texts left over have the fast reader's
            scores and `Reading.is_unsure`.
        effort : float, optional
            The same, in seconds of this thread's processor time: a machine that is busy with others makes
            no text unsure. (Of ``threads`` beside this one nothing is counted.)
        spare : float, optional
            Seconds of processor time after which only texts are read carefully of which the fast reader is
            unsure; as ``effort`` if not given. The others have its guess.

        Raises
        ------
        TypeError
            If ``texts`` is one string, or holds something else than strings.
        """
        if isinstance(texts, str) or not all(isinstance(text, str) for text in texts):
            raise TypeError("texts must be a sequence of str")
        until = Until.after(within, effort, spare)
        return [
            reading for reading, _, _ in self._read([text[:CHARS_READ] for text in texts], languages, until)
        ]

    def _read(
        self, cut: list[str], languages: Sequence[str | None] | None, until: Until
    ) -> list[tuple[Reading, Outcome, int]]:
        """Return each text's reading, with the outcome that it comes from and its row there."""
        normalised = [normalise(text) for text in cut]
        found = self._languages(cut, normalised, languages)
        readings: dict[int, tuple[Reading, Outcome, int]] = {}
        for code, rows in self._by_kernel([code for code, _ in found]).items():
            known = np.array([found[i][1] for i in rows])
            outcome = self._outcome(code, [cut[i] for i in rows], [normalised[i] for i in rows], known, until)
            shift = self._shift if code == MAIN else 0.0
            # Sums come out another way in another batch, by 1e-16: rounded, a text's scores are its own.
            scores = np.round(sigmoid(clipped(outcome.logits) + shift), SCORE_DIGITS).tolist()
            for at, row in enumerate(rows):
                named = dict(zip(self._kernels[code].attributes, scores[at], strict=True))
                reading = self._reading(named, *found[row], normalised[row], outcome, at)
                readings[row] = reading, outcome, at
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
        outcome: Outcome,
        at: int,
    ) -> Reading:
        is_beta = language in self.beta_languages
        reader = "careful" if outcome.is_careful[at] else "fast"
        supported = is_known and not is_beta
        is_unsure, is_short = bool(outcome.is_unsure[at]), says_too_little(normalised)
        return Reading(scores, language, supported, normalised, is_beta, reader, is_unsure, is_short)

    def explain(self, text: str, attribute: str = "TOXICITY") -> list[Span]:
        """Return the words that raise an attribute's score, by where they begin.

        Where the fast reader decided, shares are its additive ones; where the careful reader did, they are
        what leaving a word out takes from the log-odds (one batch of at most 24 careful readings). Where one
        sentence of a long text decided, only its words are marked.

        Raises
        ------
        ValueError
            If the model has no such attribute.
        """
        if attribute not in self.attributes:
            raise ValueError(f"no attribute {attribute!r}; there are {', '.join(self.attributes)}")
        text = text[:CHARS_READ]
        ((reading, outcome, row),) = self._read([text], None, Until())
        kernel = self._kernels.get(reading.language, self._main)
        if attribute not in reading.scores:
            return []
        sentence, is_careful = outcome.decided_by(row, kernel.attributes.index(attribute))
        first, last = sentence or (0, len(text))
        places = [(begin, end) for begin, end in words(text) if first <= begin and end <= last]
        if not places:
            return []
        within = [(begin - first, end - first) for begin, end in places]
        shares = self._shares(kernel, text[first:last], within, attribute, is_careful)
        return spans(text, places, shares, reading.scores[attribute])

    def _shares(
        self, kernel: LinearScorer, text: str, places: Sequence[Place], attribute: str, is_careful: bool
    ) -> Floats:
        judge = self._judge
        if not is_careful or judge is None or attribute not in judge.join.attributes:
            return additive(kernel, text, places, attribute)
        column = judge.join.attributes.index(attribute)

        def logits(some: Sequence[str]) -> Floats:
            return np.asarray(judge.logits(some, [normalise(one) for one in some])[:, column])

        return occluded(logits, text, places, float(logits([text])[0]))

    def languages_of(self, text: str) -> tuple[list[str], bool]:
        """Return the languages that a text may be in, the likeliest first, and whether that one is read."""
        return detect_several(text, supported=self.languages | self.beta_languages)

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
        self, code: str, texts: list[str], normalised: list[str], known: NDArray[np.bool_], until: Until
    ) -> Outcome:
        """Return what one language's readers make of texts.

        A text that is not in a ``known`` language goes to a person whatever its scores: it is not read
        carefully.
        """
        if code == MAIN and self._judge is not None:
            return self._judge.outcome(texts, normalised, known, until)
        kernel = self._kernels[code]
        return Outcome(kernel.calibrated(kernel.margins(normalised)))


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
    """Score the header's example texts; this also proves that the normaliser is the one trained with.

    A model may give the same scores again and yet know nothing: bad texts must score above civil ones too.
    """
    is_whole = scorer.careful_state == "on" or artifact.careful is None
    try:
        listed = {str(example["text"]): example for example in artifact.header["self_test"]}
        if not EXAMPLES_AT_LEAST <= len(listed) <= EXAMPLES_AT_MOST:
            raise BadArtifact(f"{MODEL} has no usable self_test: {len(listed)} examples")
        texts = list(dict.fromkeys((*listed, *CIVIL, *BAD.values())))
        readings = dict(zip(texts, _readings(scorer, texts), strict=True))
        for text, example in listed.items():
            if is_whole and example["reader"] != readings[text].reader:
                raise BadArtifact("the self-test is read by another reader than when the model was made")
            _compare(example["scores" if is_whole else "alone"], readings[text])
    except (KeyError, TypeError, AttributeError) as error:
        raise BadArtifact(f"{MODEL} has no usable self_test: {error!r}") from error
    if names := unsound({text: reading.scores for text, reading in readings.items()}):
        raise BadArtifact(f"the model tells no bad text from a civil one by {', '.join(names)}")


def _readings(scorer: Scorer, texts: Sequence[str]) -> list[Reading]:
    try:
        return scorer.read(texts)
    except Exception as error:  # the network's library raises types of its own
        raise BadArtifact(f"the model cannot read the self-test: {error}") from error


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
        encoder = Encoder(artifact.careful.network, artifact.careful.tokenizer, threads)
    except ImportError as error:
        return None, f"{error.name} is not installed"
    except Exception as error:  # both libraries raise types of their own, made in other languages
        raise BadArtifact(f"the careful reader cannot be loaded: {error}") from error
    if artifact.join is not None and encoder.width != artifact.join.outputs:
        wanted = artifact.join.outputs
        raise BadArtifact(f"the careful reader gives {encoder.width} features, its join takes {wanted}")
    return encoder, "on"
