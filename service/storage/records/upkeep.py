"""Signs of life."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Beat:
    """When a worker last reported, and with which model."""

    worker: str
    seen_at: datetime
    model_id: str | None


@dataclass(frozen=True, slots=True)
class ReviewQueue:
    """How many comments of a site wait for a person, and when the oldest of them came, if any."""

    site_id: str
    waiting: int
    oldest: datetime | None


@dataclass(frozen=True, slots=True)
class CopiedDatabase:
    """What a copy of a database is of: ``kind`` is sqlite or postgresql."""

    kind: str
    revision: str
    comments: int


@dataclass(frozen=True, slots=True)
class Amount:
    """How many rows, and how many bytes are in them."""

    rows: int
    size: int
