"""Hand-made stand-ins for what is not ours to run in a test: a model with known scores, a clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from models.reading.language import detect_several
from service.domain.access import Caller
from service.domain.scores import ATTRIBUTES, Span
from service.domain.word_lists import utf16

MO = Caller("session", "mo", {"demo": "moderator"})


@dataclass(frozen=True, slots=True)
class FakeReading:
    """A reading whose scores were chosen by the test."""

    scores: Mapping[str, float]
    normalised: str
    language: str = "en"
    supported: bool = True
    is_beta: bool = False
    reader: str = "fast"
    is_unsure: bool = False
    is_short: bool = False


class FakeScorer:
    """Scores 0.9 where a text says "vile", 0.25 where it is "subtle", else 0.05; raises on "poison".

    SPAM is 0.99 where a text says "casino", else never above 0.3.
    "subtle" wants a careful reading and gets none. "schön" is a foreign language; "oké" is one in beta, with
    a score for TOXICITY alone, unless it is told to be English.
    """

    model_id = "fake-1"
    attributes: tuple[str, ...] = ATTRIBUTES
    languages = frozenset({"en"})
    beta_languages = frozenset({"nl"})

    def __init__(self) -> None:
        self.calls: list[int] = []
        self.within: list[float | None] = []
        self.effort: list[float | None] = []
        self.spare: list[float | None] = []

    def read(
        self,
        texts: Sequence[str],
        *,
        languages: Sequence[str | None] | None = None,
        within: float | None = None,
        effort: float | None = None,
        spare: float | None = None,
    ) -> list[FakeReading]:
        self.calls.append(len(texts))
        self.within.append(within)
        self.effort.append(effort)
        self.spare.append(spare)
        if any("poison" in text for text in texts):
            raise RuntimeError("the model cannot read this")
        told = [None] * len(texts) if languages is None else languages
        return [
            self._read(text.replace("oké", "ok") if code == "en" else text)
            for text, code in zip(texts, told, strict=True)
        ]

    def _read(self, text: str) -> FakeReading:
        score = 0.9 if "vile" in text else 0.25 if "subtle" in text else 0.05
        if "oké" in text:
            return FakeReading({"TOXICITY": score}, self.normalise(text), "nl", supported=False, is_beta=True)
        return FakeReading(
            dict.fromkeys(ATTRIBUTES, score) | {"SPAM": 0.99 if "casino" in text else min(score, 0.3)},
            self.normalise(text),
            supported="schön" not in text,
            is_unsure="subtle" in text,
        )

    def explain(self, text: str, attribute: str = "TOXICITY") -> list[Span]:
        before, word, _ = text.partition("vile")
        at = utf16(before)
        return [Span(at, at + 4, 0.8)] if word else []

    def normalise(self, text: str) -> str:
        return text.casefold()

    def languages_of(self, text: str) -> tuple[list[str], bool]:
        return detect_several(text, supported=self.languages | self.beta_languages)


@dataclass
class FakeClock:
    """A clock that stands until it is moved; each look is a microsecond later, so ids stay in order."""

    now: datetime = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
    step: timedelta = field(default=timedelta(microseconds=1))

    def __call__(self) -> datetime:
        self.now += self.step
        return self.now

    def forward(self, **by: float) -> None:
        """Move on."""
        self.now += timedelta(**by)
