"""What callers from outside hold and suggest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class ChosenModel:
    """The name of the model that all hosts use, those before it, and the number of this choice."""

    current: str
    history: list[str]
    number: int


@dataclass(frozen=True, slots=True)
class Key:
    """A key for scoring from outside; ``per_minute`` is its quota of requests."""

    id: int
    name: str
    per_minute: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class StoredSuggestion:
    """Suggested scores as they are stored; the table says how ``scores`` are written."""

    id: int
    community: str
    token: str | None
    sender: str | None
    body: str
    language: str
    scores: Mapping[str, Mapping[str, Any]]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Community:
    """How much a community suggested, and when first and last."""

    community: str
    count: int
    first: datetime
    last: datetime
