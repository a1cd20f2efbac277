"""What scores when no model could be loaded: nothing, so that everything goes to a human."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from service.domain.scores import Span


@dataclass(frozen=True, slots=True)
class NoReading:
    """A reading without scores: every attribute is missing, which the policy sends to review."""

    normalised: str
    scores: dict[str, float] = field(default_factory=dict)
    language: str = "und"
    supported: bool = True
    is_beta: bool = False
    reader: str = "none"
    is_unsure: bool = False
    is_short: bool = False


class Silent:
    """A scorer that says nothing."""

    model_id = "none"
    attributes: tuple[str, ...] = ()
    languages: frozenset[str] = frozenset()
    beta_languages: frozenset[str] = frozenset()

    def read(
        self,
        texts: Sequence[str],
        *,
        languages: Sequence[str | None] | None = None,
        within: float | None = None,
        effort: float | None = None,
        spare: float | None = None,
    ) -> list[NoReading]:
        """Return a reading without scores for each text."""
        return [NoReading(self.normalise(text)) for text in texts]

    def explain(self, text: str, attribute: str = "TOXICITY") -> list[Span]:
        """Return no words."""
        return []

    def normalise(self, text: str) -> str:
        """Fold case, so that word lists still work."""
        return text.casefold()

    def languages_of(self, text: str) -> tuple[list[str], bool]:
        """Return that the language is not known."""
        return ["und"], True
