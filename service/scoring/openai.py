"""Scores by the categories of OpenAI's moderation endpoint, those that our attributes honestly answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from service.domain.languages import language_in_words
from service.domain.scores import Scorer

# The others are no matter of an attribute of ours: violence as a subject, self-harm, what is illicit, minors,
# and hate that threatens, which is more than two scores side by side.
ATTRIBUTE_OF = {
    "harassment": "INSULT",
    "harassment/threatening": "THREAT",
    "hate": "IDENTITY_ATTACK",
    "sexual": "SEXUALLY_EXPLICIT",
}
# Scores are probabilities: from here on it is more likely than not. Who wants another line has the scores.
FLAGGED_FROM = 0.5


class Unreadable(Exception):
    """A text is in a language without a model; the message says which text."""

    def __init__(self, index: int, language: str) -> None:
        named = language_in_words(language)
        super().__init__(f"The text at index {index} is in a language that no model reads: {named}.")


@dataclass(frozen=True, slots=True)
class Moderated:
    """What is to be said of one text: scores by category, and which of them reach `FLAGGED_FROM`."""

    scores: Mapping[str, float]
    flags: Mapping[str, bool]


def moderate(texts: Sequence[str], scorer: Scorer, *, within: float) -> list[Moderated]:
    """Score texts in one call; raise `Unreadable`. What a language has no scores for is left out."""
    found = []
    for index, reading in enumerate(scorer.read(texts, within=within)):
        named = {name: key for name, key in ATTRIBUTE_OF.items() if key in reading.scores}
        if not named or not (reading.supported or reading.is_beta):
            raise Unreadable(index, reading.language)
        scores = {name: reading.scores[key] for name, key in named.items()}
        found.append(Moderated(scores, {name: score >= FLAGGED_FROM for name, score in scores.items()}))
    return found
