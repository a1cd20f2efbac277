"""A chain of hashes over everything that was done to a subject, so that tampering shows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from service.domain.comment import Status
from service.domain.events import timestamp
from service.domain.sealing import SealKey, key_of, plain_seal

START = "0" * 64
COMMENT = "comment"
# Members of a detail: the mark of an author's name, and of how a subject stands.
NAME, STANDS = "name", "stands"
# Subjects of no site, or that would be gone with it: their entries count to the installation's own part.
OF_NO_SITE = frozenset({"moderator", "login", "model", "key", "site", "suggestions"})
# What a row's hash covers, in this order. ``body_hash`` stands for the text, so a text can be erased.
SEALED = (
    "subject_id", "sequence", "actor_kind", "actor", "action", "from_status", "to_status",
    "body_hash", "reasons", "scores", "model_id", "note", "created_at",
)  # fmt: skip
# And of a subject that is no comment, and with a key, these too. (Others are older.)
SEALED_BEYOND = ("subject_kind", "detail")
AS_SEALED = json.JSONEncoder(separators=(",", ":"), sort_keys=True, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing done to one subject, by whom and why; ``sequence`` counts from 1.

    Statuses, ``body_hash``, reasons, scores and model are a comment's; of other subjects ``detail`` says what
    was changed. In a ``detail`` may stand `NAME` and `STANDS`, by which a row is compared with the log.
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
    @property
    def created_at(self) -> datetime: ...


class Sealed(Sealable, Protocol):
    """A row of the log as it was stored."""

    @property
    def hash(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Stored(Entry):
    """An entry with the hash that chains it to the one before."""

    hash: str


@dataclass(frozen=True, slots=True)
class Standing:
    """A comment as it stands, to be compared with the log."""

    id: str
    site_id: str
    status: str
    version: int
    body: str
    author_name: str | None
    author_id: str | None
    created_at: datetime
    decided_at: datetime | None
    decided_by: str | None
    scores: Mapping[str, float] | None
    reasons: Sequence[Mapping[str, object]] | None
    model_id: str | None
    audit_head: str


def seal(previous: str, entry: Sealable, key: SealKey | None = None) -> str:
    """Return the hash of an audit row: over the hash before it and the fields of an `Entry`.

    With a key it is an HMAC, and covers everything; without one, as it once was, a SHA-256.

    >>> from dataclasses import replace
    >>> entry = Entry("comment", "c", 1, "author", "a", "post", *[None] * 7, None, datetime(2026, 1, 1))
    >>> seal(START, replace(entry)) == seal(START, entry)
    True
    >>> seal(START, replace(entry, actor="x")) == seal(START, entry)
    False
    """
    names = SEALED if key is None and entry.subject_kind == COMMENT else SEALED + SEALED_BEYOND
    values = [_plain(getattr(entry, name)) for name in names]
    text = AS_SEALED.encode([previous, *values])
    return key.seal(text) if key else plain_seal(text)


def first_break(
    rows: Iterable[Sealed], head: str, key: SealKey | None = None, since: datetime | None = None
) -> int | None:
    """Return the sequence of the first row that was altered, removed or moved; None if all is well.

    ``rows`` are one subject's audit rows by sequence, from 1; ``head`` is the hash the subject keeps of
    the last one, so that a cut tail shows too. From the moment ``since`` on, and after any row that has a
    key, all are sealed with ``key``. Who has no key can only see whether those rows are all there.
    """
    previous, expected, is_keyed = START, 1, False
    for row in rows:
        is_keyed = is_keyed or (since is not None and row.created_at >= since)
        if row.sequence != expected or not _holds(previous, row, key, must=is_keyed):
            return expected
        is_keyed = is_keyed or (key is not None and key_of(row.hash) == key.name)
        previous, expected = row.hash, expected + 1
    return None if previous == head else expected


def _holds(previous: str, row: Sealed, key: SealKey | None, *, must: bool) -> bool:
    made_with = key_of(row.hash)
    if key is not None and made_with == key.name:
        return row.hash == seal(previous, row, key)
    if key is not None and must:
        return False  # it has no key, or one that is not here
    # Of another key is what stood there when the log was sealed anew: the running head holds it as it was.
    return made_with is not None or row.hash == seal(previous, row)


def differences(comment: Standing, rows: Sequence[Stored], key: SealKey | None = None) -> list[str]:
    """Return in words what of a comment is not as its log says; the log itself was looked at before.

    Of a deleted comment, and of one refused long ago, the text is erased; the log keeps its hash. A name is
    known to the log where the last row has a key.
    """
    last = rows[-1]
    judged = next((row for row in reversed(rows) if row.actor_kind == "policy"), None)
    is_erased = not comment.body and comment.status in (Status.DELETED, Status.REJECTED)
    was_decided = len(rows) > 1
    name = (last.detail or {}).get(NAME) if key and key_of(last.hash) == key.name else None
    found: dict[str, tuple[object, object]] = {
        "status": (comment.status, last.to_status),
        "version": (comment.version, last.sequence),
        "text": (last.body_hash if is_erased else _digest(comment.body), last.body_hash),
        "author": (comment.author_id or "anonymous", rows[0].actor),
        "time": (comment.created_at, rows[0].created_at),
        "decider": (comment.decided_by, last.actor if was_decided else None),
        "time of decision": (comment.decided_at, last.created_at if was_decided else None),
        "scores": (comment.scores, judged.scores if judged else None),
        "reasons": (comment.reasons, judged.reasons if judged else None),
        "model": (comment.model_id, judged.model_id if judged else None),
    }
    if key and name and not is_erased:
        found["name"] = (key.mark(comment.id, comment.author_name), name)
    return [what for what, (stands, logged) in found.items() if stands != logged]


def part_of(kind: str, site_id: str | None) -> str:
    """Return which part of the log a subject's entries count to: its site, or "".

    >>> part_of("comment", "demo"), part_of("moderator", "demo")
    ('demo', '')
    """
    return "" if kind in OF_NO_SITE else site_id or ""


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> Any:
    return timestamp(value) if isinstance(value, datetime) else value
