"""Attributes, and what a scorer hands to the rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Protocol

ATTRIBUTES = ("TOXICITY", "SEVERE_TOXICITY", "IDENTITY_ATTACK", "INSULT", "PROFANITY", "THREAT", "SPAM")


def plain_attribute(name: str) -> str:
    """Return the attribute that a name means, without a version or a mark of being new.

    >>> plain_attribute("TOXICITY@6"), plain_attribute("THREAT_EXPERIMENTAL")
    ('TOXICITY', 'THREAT')
    """
    return name.split("@")[0].removesuffix("_EXPERIMENTAL")


def by_precedence(names: Iterable[str]) -> list[str]:
    """Return names so that of those that mean one attribute the last counts: that without a version.

    >>> by_precedence(["THREAT", "THREAT_EXPERIMENTAL", "INSULT@2", "INSULT@1"])
    ['THREAT_EXPERIMENTAL', 'INSULT@1', 'INSULT@2', 'THREAT']
    """
    return sorted(names, key=lambda name: (-len(name), name))


class Reading(Protocol):
    """What a scorer says of one text."""

    @property
    def scores(self) -> Mapping[str, float]: ...
    @property
    def language(self) -> str: ...
    @property
    def supported(self) -> bool: ...
    @property
    def normalised(self) -> str: ...
    @property
    def is_beta(self) -> bool:
        """Whether the language has a model of its own that is not yet good enough to decide alone."""

    @property
    def reader(self) -> str:
        """Who decided: ``careful``, ``fast`` or ``none``."""

    @property
    def is_unsure(self) -> bool:
        """Whether a careful reading was wanted and not to be had."""

    @property
    def is_short(self) -> bool:
        """Whether the text is too short to tell its language by, and holds no word that is vile elsewhere."""


class WordScore(Protocol):
    """One stretch of the text and its share of a score; offsets in UTF-16 code units."""

    @property
    def begin(self) -> int: ...
    @property
    def end(self) -> int: ...
    @property
    def score(self) -> float: ...


class Scorer(Protocol):
    """A trained model, as the use cases see it. Doors hand it in."""

    @property
    def model_id(self) -> str: ...
    @property
    def attributes(self) -> Sequence[str]:
        """What a text in its main language is scored for."""

    @property
    def languages(self) -> AbstractSet[str]: ...
    @property
    def beta_languages(self) -> AbstractSet[str]: ...
    def read(
        self,
        texts: Sequence[str],
        *,
        languages: Sequence[str | None] | None = None,
        within: float | None = None,
        effort: float | None = None,
        spare: float | None = None,
    ) -> Sequence[Reading]:
        """Return a reading a text. After ``within`` seconds no further careful reading is begun.

        Nor after ``effort`` seconds of processor time; after ``spare`` of those only of texts of which
        the fast reader is unsure.
        """

    def explain(self, text: str, attribute: str = "TOXICITY") -> Sequence[WordScore]: ...
    def normalise(self, text: str) -> str: ...
    def languages_of(self, text: str) -> tuple[Sequence[str], bool]:
        """Return the languages that a text may be in, the likeliest first, and whether that one is read."""


@dataclass(frozen=True, slots=True)
class Span:
    """One stretch of a body, in UTF-16 code units, ``end`` exclusive, with a score in [0, 1]."""

    begin: int
    end: int
    score: float
