"""The kinds of members that a policy may have: what each accepts, and how it looks as JSON and in a form."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from service.domain.scores import ATTRIBUTES

Problem = tuple[str, str]  # where, as a JSON pointer, and what is wrong there
LANGUAGE = re.compile("[a-z]{2,3}")  # ISO 639
SHARE: dict[str, object] = {"type": "number", "minimum": 0, "maximum": 1}


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Where one attribute's score is cut; ``reject=None`` leaves refusing to people."""

    review: float
    reject: float | None = None


@dataclass(frozen=True)
class Kind(ABC):
    """What is said of one member: its ``meaning`` in a sentence, and its bounds.

    A member is a value in a `Policy` and JSON in a document; where the two differ, the kind translates.
    """

    meaning: str
    form_field: ClassVar[str]  # what a form asks with

    @property
    @abstractmethod
    def schema(self) -> dict[str, object]:
        """The JSON Schema of what is accepted."""

    @abstractmethod
    def problems(self, at: str, given: object) -> Iterator[Problem]:
        """Yield what is wrong with JSON that came from outside; ``at`` is where it stands."""

    def completed(self, given: Any, default: Any) -> Any:
        """Return what is given, with the default in place of parts that are left out."""
        return given

    def value(self, given: Any) -> Any:
        """Return what a policy holds for JSON that has no problem."""
        return given

    def document(self, value: Any) -> Any:
        """Return a policy's value as JSON."""
        return value


@dataclass(frozen=True)
class Flag(Kind):
    """Yes or no."""

    form_field = "checkbox"

    @property
    def schema(self) -> dict[str, object]:
        return {"type": "boolean"}

    def problems(self, at: str, given: object) -> Iterator[Problem]:
        if not isinstance(given, bool):
            yield at, "must be true or false"


@dataclass(frozen=True)
class Whole(Kind):
    """A whole number."""

    form_field = "number"
    least: int
    most: int

    @property
    def schema(self) -> dict[str, object]:
        return {"type": "integer", "minimum": self.least, "maximum": self.most}

    def problems(self, at: str, given: object) -> Iterator[Problem]:
        if not isinstance(given, int) or isinstance(given, bool) or not self.least <= given <= self.most:
            yield at, f"must be a whole number from {self.least} to {self.most}"


@dataclass(frozen=True)
class Words(Kind):
    """A list of words or phrases."""

    form_field = "lines"
    most: int = 10_000
    longest: int = 200  # characters

    @property
    def schema(self) -> dict[str, object]:
        word = {"type": "string", "minLength": 1, "maxLength": self.longest}
        return {"type": "array", "items": word, "maxItems": self.most}

    def problems(self, at: str, given: object) -> Iterator[Problem]:
        if not isinstance(given, list) or len(given) > self.most:
            yield at, f"must be a list of at most {self.most} words"
            return
        for place, word in enumerate(given):
            if not isinstance(word, str) or not 1 <= len(word.strip()) <= self.longest:
                yield f"{at}/{place}", f"must be a text of 1 to {self.longest} characters"

    def value(self, given: list[str]) -> tuple[str, ...]:
        return tuple(given)

    def document(self, value: tuple[str, ...]) -> list[str]:
        return list(value)


@dataclass(frozen=True)
class Languages(Kind):
    """A set of languages, by their ISO 639 codes."""

    form_field = "lines"
    most: int = 100

    @property
    def schema(self) -> dict[str, object]:
        code = {"type": "string", "pattern": f"^{LANGUAGE.pattern}$"}
        return {"type": "array", "items": code, "maxItems": self.most}

    def problems(self, at: str, given: object) -> Iterator[Problem]:
        if not isinstance(given, list) or len(given) > self.most:
            yield at, f"must be a list of at most {self.most} languages"
            return
        for place, code in enumerate(given):
            if not isinstance(code, str) or not LANGUAGE.fullmatch(code):
                yield f"{at}/{place}", "must be an ISO 639 code, such as de"

    def value(self, given: list[str]) -> frozenset[str]:
        return frozenset(given)

    def document(self, value: frozenset[str]) -> list[str]:
        return sorted(value)


@dataclass(frozen=True)
class Limits(Kind):
    """Thresholds by attribute. An attribute that is left out has its default; null switches it off."""

    form_field = "limits"

    @property
    def schema(self) -> dict[str, object]:
        limits = {
            "type": "object",
            "properties": {"review": SHARE, "reject": SHARE | {"type": ["number", "null"]}},
            "required": ["review"],
            "additionalProperties": False,
        }
        attributes = dict.fromkeys(ATTRIBUTES, limits)
        whole = {"properties": attributes, "minProperties": 1, "additionalProperties": False}
        return {"type": "object"} | whole

    def problems(self, at: str, given: object) -> Iterator[Problem]:
        if not isinstance(given, Mapping) or not given:
            yield at, "must leave at least one attribute switched on"
            return
        for name, limits in given.items():
            yield from self._problems_of_one(f"{at}/{name}", name, limits)

    def _problems_of_one(self, at: str, name: str, limits: object) -> Iterator[Problem]:
        if name not in ATTRIBUTES:
            yield at, f"is none of {', '.join(ATTRIBUTES)}"
            return
        if not isinstance(limits, Mapping) or not {"review"} <= set(limits) <= {"review", "reject"}:
            yield at, "must hold review, and may hold reject"
            return
        review, reject = limits.get("review"), limits.get("reject")
        if not _is_share(review):
            yield f"{at}/review", "must be a number from 0 to 1"
        elif reject is not None and not _is_share(reject):
            yield f"{at}/reject", "must be a number from 0 to 1, or null"
        elif reject is not None and reject < review:
            yield f"{at}/reject", "must not be below review"

    def completed(self, given: Any, default: Mapping[str, object]) -> Any:
        if not isinstance(given, Mapping):
            return given
        return {name: limits for name, limits in {**default, **given}.items() if limits is not None}

    def value(self, given: Mapping[str, Mapping[str, float]]) -> dict[str, Thresholds]:
        return {name: Thresholds(**limits) for name, limits in given.items()}

    def document(self, value: Mapping[str, Thresholds]) -> dict[str, dict[str, float | None]]:
        return {name: {"review": limit.review, "reject": limit.reject} for name, limit in value.items()}


def _is_share(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0.0 <= value <= 1.0
