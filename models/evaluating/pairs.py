"""Another scorer's scores beside ours, of the same texts: collected batch by batch, then compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

import numpy as np

from models.evaluating.conversion import (
    Calibration,
    Conversion,
    Interval,
    calibration,
    convert,
    rank_correlation,
    rank_differences,
)
from models.numbers import Floats
from models.reading.readings import Reading

THRESHOLDS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95)  # of the other scorer
Id = str | int | float | None


class Scored(Protocol):
    """A text that the other scorer has scored: the number of its line, its id, and scores by attribute."""

    @property
    def number(self) -> int: ...
    @property
    def id(self) -> Id: ...
    @property
    def scores(self) -> Mapping[str, float]: ...


@dataclass(frozen=True, slots=True)
class Differing:
    """A text that stands at different places among the old and the new scores."""

    line: int
    id: Id
    old: float
    new: float
    rank_difference: float


@dataclass(frozen=True, slots=True)
class OfAttribute:
    """What old and new scores of one attribute have to do with each other.

    ``differing`` are the texts that differ most in their place, None if they were not asked for.
    """

    texts: int
    rank_correlation: float | None
    rank_correlation_interval: Interval | None
    calibration: Calibration
    thresholds: tuple[Conversion, ...]
    differing: tuple[Differing, ...] | None = None


@dataclass(frozen=True, slots=True)
class Overview:
    """The whole comparison: what was compared, what was left out, and the figures by attribute."""

    model: str
    lines: int
    bad_lines: int
    unread_texts: int
    texts: int
    languages: Mapping[str, int]
    unknown_attributes: Mapping[str, int]
    attributes: Mapping[str, OfAttribute]

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON values; what was not asked for is left out."""
        found = asdict(self)
        for row in found["attributes"].values():
            if row["differing"] is None:
                del row["differing"]
        return found


@dataclass(slots=True)
class Pairs:
    """The old and new scores of all texts so far, and what was left out. It keeps no text.

    ``unread`` are texts in languages that the model was not trained on: asked for them, the service refuses.
    """

    attributes: Sequence[str]
    keeps_ids: bool = False
    lines: int = 0
    bad: int = 0
    unread: int = 0
    languages: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)
    ids: list[Id] = field(default_factory=list)
    numbers: list[Floats] = field(default_factory=list)
    scores: list[Floats] = field(default_factory=list)

    def add(self, texts: Sequence[Scored], readings: Sequence[Reading]) -> None:
        """Take the scores of a batch."""
        both = zip(texts, readings, strict=True)
        kept = [(text, reading) for text, reading in both if reading.supported or reading.is_beta]
        self.unread += len(texts) - len(kept)
        self.languages.update(reading.language for _, reading in kept)
        if self.keeps_ids:
            self.ids += [text.id for text, _ in kept]
        of_texts = [[text.scores, reading.scores] for text, reading in kept]
        rows = [[[some.get(name, np.nan) for name in self.attributes] for some in two] for two in of_texts]
        self.scores.append(np.array(rows, np.float64).reshape(-1, 2, len(self.attributes)))
        self.numbers.append(np.array([text.number for text, _ in kept], np.float64))

    def overview(
        self, model_id: str, *, thresholds: Sequence[float] = THRESHOLDS, differing: int = 0
    ) -> Overview:
        """Return the comparison with a model; ``differing`` texts of each attribute are named."""
        return Overview(
            model=model_id,
            lines=self.lines,
            bad_lines=self.bad,
            unread_texts=self.unread,
            texts=self.languages.total(),
            languages=dict(self.languages.most_common()),
            unknown_attributes=dict(self.unknown.most_common()),
            attributes={
                name: self._of_attribute(old, new, thresholds, differing)
                for name, old, new in self._by_attribute()
            },
        )

    def _by_attribute(self) -> Iterator[tuple[str, Floats, Floats]]:
        """Yield each attribute that a text has both scores of, with the old and the new ones."""
        scores = np.concatenate([np.empty((0, 2, len(self.attributes))), *self.scores])
        for at, name in enumerate(self.attributes):
            if not np.isnan(scores[:, :, at]).any(axis=1).all():
                yield name, scores[:, 0, at], scores[:, 1, at]

    def _of_attribute(
        self, old: Floats, new: Floats, thresholds: Sequence[float], differing: int
    ) -> OfAttribute:
        order = rank_correlation(old, new)
        return OfAttribute(
            texts=order.texts,
            rank_correlation=order.value,
            rank_correlation_interval=order.interval,
            calibration=calibration(old, new),
            thresholds=convert(old, new, thresholds),
            differing=tuple(self._differing(old, new, differing)) if differing else None,
        )

    def _differing(self, old: Floats, new: Floats, wanted: int) -> Iterator[Differing]:
        """Yield the texts that stand at the most different places among the old and the new scores."""
        numbers, apart = np.concatenate(self.numbers), rank_differences(old, new)
        for row in np.argsort(-np.abs(apart), kind="stable")[:wanted].tolist():  # NaN comes last
            if not np.isnan(apart[row]):
                yield Differing(
                    int(numbers[row]), self.ids[row], float(old[row]), float(new[row]), float(apart[row])
                )
