"""What doors call: texts in, readings out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.artifact import Artifact, load
from models.language import detect
from models.normalise import normalise

SHIPPED = Path(__file__).with_name("shipped")
CHARS_READ = 20_480  # of a text as typed; four times the longest comment, all that Perspective accepts
WORDS_MATTER_FROM = 0.3  # log-odds; below it a hash collision may well be the reason

_WORD = re.compile(r"\S+")
_LONE_LETTER = re.compile(r"[\W_]*[^\W\d_][\W_]*")


@dataclass(frozen=True, slots=True)
class Reading:
    """What the scorer says of one text.

    ``scores`` has a probability in [0, 1] for every attribute. ``supported`` says whether the model was
    trained on the text's language; if not, the scores mean little and a person should decide.
    """

    scores: dict[str, float]
    language: str
    supported: bool
    normalised: str


@dataclass(frozen=True, slots=True)
class Span:
    """One word of a text as typed, in UTF-16 code units, ``end`` exclusive.

    ``score`` is the part of the text's probability that the word accounts for: in [0, 1], and the spans
    of a text add up to no more than its score.
    """

    begin: int
    end: int
    score: float


class Scorer:
    """A loaded model. Scoring changes nothing in it, so threads may share one.

    Attributes
    ----------
    model_id : str
        A digest of the model's content, such as ``fast-1a2b3c4d5e6f``.
    attributes : tuple of str
        The keys of every reading's ``scores``, in a fixed order.
    thresholds : mapping of str to float
        Suggested review threshold of each attribute.
    languages : frozenset of str
        What the model was trained on.
    """

    def __init__(self, artifact: Artifact) -> None:
        self._kernel = artifact.kernel
        self.model_id = artifact.model_id
        self.attributes = artifact.kernel.attributes
        self.thresholds: Mapping[str, float] = dict(artifact.header["thresholds"])
        self.languages = frozenset(artifact.header["languages"])

    def read(self, texts: Sequence[str]) -> list[Reading]:
        """Return one reading a text, in order.

        Only the first `CHARS_READ` characters of a text are read.

        Raises
        ------
        TypeError
            If ``texts`` is one string, or holds something else than strings.
        """
        if isinstance(texts, str) or not all(isinstance(text, str) for text in texts):
            raise TypeError("texts must be a sequence of str")
        if not texts:
            return []
        cut = [text[:CHARS_READ] for text in texts]
        normalised = [normalise(text) for text in cut]
        rows = self._kernel.probabilities(normalised).tolist()
        return [
            self._reading(text, plain, row) for text, plain, row in zip(cut, normalised, rows, strict=True)
        ]

    def _reading(self, text: str, normalised: str, row: list[float]) -> Reading:
        code, supported = detect(text, normalised=normalised, supported=self.languages)
        return Reading(dict(zip(self.attributes, row, strict=True)), code, supported, normalised)

    def explain(self, text: str, attribute: str = "TOXICITY") -> list[Span]:
        """Return the words that raise an attribute's score, by where they begin.

        The model is linear, so a word's share is the sum of its n-grams' weights; a pair of words is
        shared by both.

        Raises
        ------
        ValueError
            If the model has no such attribute.
        """
        if attribute not in self.attributes:
            raise ValueError(f"no attribute {attribute!r}; there are {', '.join(self.attributes)}")
        places = list(_words(text[:CHARS_READ]))
        plain = [normalise(text[begin:end]) for begin, end in places]
        shares = self._word_shares([word for word in plain if word], attribute)
        score = self.read([text])[0].scores[attribute]
        raised = sum(share for share in shares if share > 0)
        spans, left, units, at = [], iter(shares), 0, 0
        for (begin, end), word in zip(places, plain, strict=True):
            if not word or (share := next(left)) < WORDS_MATTER_FROM:
                continue
            first = units + utf16_length(text[at:begin])
            units, at = first + utf16_length(text[begin:end]), end
            spans.append(Span(first, units, score * share / raised))
        return spans

    def _word_shares(self, words: list[str], attribute: str) -> list[float]:
        """Return each word's additive share of the log-odds."""
        if not words:
            return []
        shares = self._kernel.shares(" ".join(words), attribute)
        masked = self._kernel.seen_by(words, attribute)
        begins = np.cumsum([0] + [len(word) + 1 for word in masked[:-1]])
        # A word takes the space before it; the text's last space goes to its last word.
        sums: list[float] = np.add.reduceat(shares, begins[begins < len(shares)]).tolist()
        return sums + [0.0] * (len(words) - len(sums))

    def normalise(self, text: str) -> str:
        """Return the text as the model reads it."""
        return normalise(text)


def load_scorer(path: Path | None = None) -> Scorer:
    """Load a model from its folder; by default the one that is shipped.

    Raises
    ------
    BadArtifact
        If the folder is missing, damaged, tampered with, or made for another version.
    """
    return Scorer(load(SHIPPED if path is None else path))


def utf16_length(text: str) -> int:
    """Return a text's length in UTF-16 code units.

    >>> utf16_length("a😀")
    3
    """
    return len(text) + sum(char > "\uffff" for char in text)


def _words(text: str) -> Iterator[tuple[int, int]]:
    """Yield where each word lies; a run of three or more lone letters ("f o o l") is one word."""
    run: list[tuple[int, int]] = []
    for match in _WORD.finditer(text):
        if _LONE_LETTER.fullmatch(match[0]):
            run.append(match.span())
            continue
        yield from _closed(run)
        run = []
        yield match.span()
    yield from _closed(run)


def _closed(run: list[tuple[int, int]]) -> list[tuple[int, int]]:
    return [(run[0][0], run[-1][1])] if len(run) >= 3 else run
