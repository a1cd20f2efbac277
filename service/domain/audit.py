"""A chain of hashes over everything that was done to a subject, so that tampering shows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from service.domain.events import timestamp

START = "0" * 64
COMMENT = "comment"
# What a row's hash covers, in this order. ``body_hash`` stands for the text, so a text can be erased.
SEALED = (
    "subject_id", "sequence", "actor_kind", "actor", "action", "from_status", "to_status",
    "body_hash", "reasons", "scores", "model_id", "note", "created_at",
)  # fmt: skip
# And of a subject that is no comment, these too. (The chains of comments are older than other subjects.)
SEALED_BEYOND = ("subject_kind", "detail")


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing done to one subject, by whom and why; ``sequence`` counts from 1.

    Statuses, ``body_hash``, reasons, scores and model are a comment's; of other subjects ``detail`` says what
    was changed.
    """

    subject_kind: str
    subject_id: str
    sequence: int
    actor_kind: str
    actor: str
    action: str
    from_status: str | None
    to_status: str | None
    body_hash: str | None
    reasons: Sequence[Mapping[str, object]] | None
    scores: Mapping[str, float] | None
    model_id: str | None
    note: str | None
    detail: Mapping[str, object] | None
    created_at: datetime


class Sealable(Protocol):
    """What has the fields of an `Entry`."""

    @property
    def subject_kind(self) -> str: ...
    @property
    def sequence(self) -> int: ...


class Sealed(Sealable, Protocol):
    """A row of the log as it was stored."""

    @property
    def hash(self) -> str: ...


def seal(previous: str, entry: Sealable) -> str:
    """Return the hash of an audit row: SHA-256 over the hash before it and the fields of an `Entry`.

    >>> from dataclasses import replace
    >>> entry = Entry("comment", "c", 1, "author", "a", "post", *[None] * 7, None, datetime(2026, 1, 1))
    >>> seal(START, replace(entry)) == seal(START, entry)
    True
    >>> seal(START, replace(entry, actor="x")) == seal(START, entry)
    False
    """
    names = SEALED if entry.subject_kind == COMMENT else SEALED + SEALED_BEYOND
    values = [_plain(getattr(entry, name)) for name in names]
    text = json.dumps([previous, *values], separators=(",", ":"), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def first_break(rows: Iterable[Sealed], head: str) -> int | None:
    """Return the sequence of the first row that was altered, removed or moved; None if all is well.

    ``rows`` are one subject's audit rows by sequence, from 1; ``head`` is the hash the subject keeps of
    the last one, so that a cut tail shows too.
    """
    previous, expected = START, 1
    for row in rows:
        if row.sequence != expected or row.hash != seal(previous, row):
            return expected
        previous, expected = row.hash, expected + 1
    return None if previous == head else expected


def _plain(value: Any) -> Any:
    return timestamp(value) if isinstance(value, datetime) else value
