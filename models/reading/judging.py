"""How both readers judge English texts: who reads what, for how long, and what becomes of long ones."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from models.numbers import Floats
from models.reading.careful import Encoder
from models.reading.fast import LinearScorer
from models.reading.joint import Join
from models.reading.normalise import normalise
from models.reading.readings import Outcome
from models.reading.windows import ASKED_FROM, Sentences, alone

CROWDED = 4  # threads; a fifth one would wait for the others' processors
BETWEEN_LOOKS = 8  # careful readings between looks at the clock, about 25 ms

Careful = Literal["auto", "always", "off"]
Asked = tuple[list[int], list[int]]  # rows that must be read carefully, and that may be


@dataclass(frozen=True, slots=True)
class Until:
    """When no more careful reading is begun: that must be, and that may be.

    ``must`` and ``may`` are of this thread's own processor time: what a reading costs, however busy the
    machine is with others. ``end`` is on the monotonic clock, for somebody waits.
    """

    must: float = np.inf
    may: float = np.inf
    end: float = np.inf

    @classmethod
    def after(cls, within: float | None, effort: float | None, spare: float | None) -> Self:
        """Return what so many seconds from now mean; ``spare`` is never the longer."""
        now = time.thread_time()
        must = np.inf if effort is None else now + effort
        may = must if spare is None else min(must, now + spare)
        return cls(must, may, np.inf if within is None else time.monotonic() + within)

    def pressed(self) -> Self:
        """Return the same without time to spare."""
        return replace(self, may=-np.inf)

    def allows(self, effort: float) -> bool:
        """Whether another reading may begin of those that end at ``effort``, `must` or `may`."""
        return time.thread_time() <= effort and time.monotonic() <= self.end


class Crowd:
    """How many threads read at the same time."""

    def __init__(self) -> None:
        self._lock, self._inside = threading.Lock(), 0

    @contextmanager
    def joined(self) -> Iterator[int]:
        """Be one of them, and learn how many others there are."""
        with self._lock:
            self._inside += 1
            others = self._inside - 1
        try:
            yield others
        finally:
            with self._lock:
                self._inside -= 1


@dataclass(frozen=True, slots=True)
class Judge:
    """Both readers and their join; ``encoder`` is None where the careful one is off, missing or broken."""

    kernel: LinearScorer
    join: Join
    encoder: Encoder | None
    careful: Careful
    crowd: Crowd = field(default_factory=Crowd)

    def using(self, careful: Careful) -> Self:
        """Return the same readers with another use of the careful one."""
        return replace(self, careful=careful, encoder=None if careful == "off" else self.encoder)

    def logits(self, texts: Sequence[str], normalised: Sequence[str]) -> Floats:
        """Return the log-odds of a careful reading of texts."""
        assert self.encoder is not None
        return self.join.logits(self.kernel.margins(normalised), self.encoder.features(texts))

    def outcome(
        self, texts: list[str], normalised: list[str], known: NDArray[np.bool_], until: Until
    ) -> Outcome:
        """Return what is made of texts; only the ``known`` ones are read carefully, or by their sentences.

        Beside `CROWDED` others there is no time to spare.
        """
        with self.crowd.joined() as others:
            return self._outcome(texts, normalised, known, until if others < CROWDED else until.pressed())

    def _outcome(
        self, texts: list[str], normalised: list[str], known: NDArray[np.bool_], until: Until
    ) -> Outcome:
        margins = self.kernel.margins(normalised)
        expected = self.join.expected(normalised, margins)
        found = Sentences.of(texts, np.flatnonzero(known).tolist())
        if not found.parts:
            return self._judged(texts, margins, expected, self._asked(known, expected), until)
        plain = [normalise(part) for part in found.parts]
        its_margins = self.kernel.margins(plain)
        guessed = self.join.expected(plain, its_margins)
        # A text may be worth a careful reading for one of its sentences.
        feared = expected.copy()
        np.maximum.at(feared, found.rows, guessed)
        outcome = self._judged(texts, margins, expected, self._asked(known, feared), until)
        worst = found.worst(guessed[:, 0])
        found, its_margins, guessed = found.where(worst), its_margins[worst], guessed[worst]
        asked = self._asked(np.ones(len(worst), np.bool_), guessed - ASKED_FROM)
        outcome.weigh(
            found,
            self._judged(found.parts, its_margins, guessed, asked, until),
            alone(self.join.attributes),
        )
        return outcome

    def _asked(self, known: NDArray[np.bool_], expected: Floats) -> Asked:
        must = self.join.is_unsure(expected) | (self.careful == "always")
        return np.flatnonzero(known & must).tolist(), np.flatnonzero(known & ~must).tolist()

    def _judged(
        self, texts: list[str], margins: Floats, expected: Floats, asked: Asked, until: Until
    ) -> Outcome:
        """Return what both readers make of texts, without regard to their sentences."""
        outcome = Outcome(self.kernel.calibrated(margins))
        must, may = asked
        if self.encoder is None:
            outcome.is_unsure[must] = True
            return outcome
        outcome.is_unsure[self._read(texts, margins, must, until, until.must, outcome)] = True
        self._read(texts, margins, may, until, until.may, outcome)
        # A guess is on the scale of careful readings; for what is unsure the fast reader's own is better.
        guessed = ~(outcome.is_careful | outcome.is_unsure)
        outcome.logits[guessed, : expected.shape[1]] = expected[guessed]
        return outcome

    def _read(
        self,
        texts: list[str],
        margins: Floats,
        rows: list[int],
        until: Until,
        effort: float,
        outcome: Outcome,
    ) -> list[int]:
        """Read some of the texts carefully into the outcome, and return the rows that time did not allow."""
        assert self.encoder is not None
        for at in range(0, len(rows), BETWEEN_LOOKS):
            if not until.allows(effort):
                return rows[at:]
            chunk = rows[at : at + BETWEEN_LOOKS]
            joint = self.join.logits(margins[chunk], self.encoder.features([texts[row] for row in chunk]))
            outcome.logits[chunk, : joint.shape[1]] = joint
            outcome.is_careful[chunk] = True
        return []
