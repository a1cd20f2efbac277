"""A chain of hashes over everything that was done to a comment, so that tampering shows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from service.domain.events import timestamp

START = "0" * 64
# What a row's hash covers, in this order. ``body_hash`` stands for the text, so a text can be erased.
SEALED = (
    "comment_id", "sequence", "actor_kind", "actor", "action", "from_status", "to_status",
    "body_hash", "reasons", "scores", "model_id", "note", "created_at",
)  # fmt: skip


def seal(previous: str, row: Mapping[str, Any]) -> str:
    """Return the hash of an audit row: SHA-256 over the hash before it and the row's own fields.

    >>> row = dict.fromkeys(SEALED)
    >>> seal(START, row) == seal(START, dict(row)), seal(START, row | {"actor": "x"}) == seal(START, row)
    (True, False)
    """
    values = [_plain(row[name]) for name in SEALED]
    text = json.dumps([previous, *values], separators=(",", ":"), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def first_break(rows: Iterable[Mapping[str, Any]], head: str) -> int | None:
    """Return the sequence of the first row that was altered, removed or moved; None if all is well.

    ``rows`` are one comment's audit rows by sequence, from 1; ``head`` is the hash the comment keeps of
    the last one, so that a cut tail shows too.
    """
    previous, expected = START, 1
    for row in rows:
        if row["sequence"] != expected or row["hash"] != seal(previous, row):
            return expected
        previous, expected = row["hash"], expected + 1
    return None if previous == head else expected


def _plain(value: Any) -> Any:
    return timestamp(value) if isinstance(value, datetime) else value
