"""A chain of hashes over everything that was done to a subject, so that tampering shows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol, TypeVar

from service.domain.comment import Status
from service.domain.events import timestamp
from service.domain.sealing import SealKey, key_of, plain_seal

START = "0" * 64
COMMENT = "comment"
# Members of a detail: the mark of an author's name, and of how a subject stands.
NAME, STANDS = "name", "stands"
# What an entry does that stands for all before it, which are no longer kept; and members of its detail: the
# hash that the next one goes on from, and marks of who began and when, and of how the policy judged last.
FOLDED = "fold"
AFTER, ORIGIN, JUDGED = "after", "origin", "judged"
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
    def action(self) -> str: ...
    @property
    def detail(self) -> Mapping[str, object] | None: ...
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


StoredEntry = TypeVar("StoredEntry", bound=Stored)


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
    key, all are sealed with ``key``. Who has no key can only see whether those rows are all there. A first
    row that was `folded` stands for those before it.
    """
    previous, expected, is_keyed = START, 1, False
    for row in rows:
        is_start = expected == 1 and row.action == FOLDED
        is_keyed = is_keyed or (since is not None and row.created_at >= since)
        if not is_start and row.sequence != expected:
            return expected
        if not _holds(previous, row, key, must=is_keyed):
            return expected
        if is_start:  # it was sealed later than what follows, which may be from before the key came
            previous = str((row.detail or {}).get(AFTER))
        else:
            is_keyed = is_keyed or (key is not None and key_of(row.hash) == key.name)
            previous = row.hash
        expected = row.sequence + 1
    return None if previous == head else expected


def folded(rows: Sequence[StoredEntry], key: SealKey) -> StoredEntry:
    """Return the entry that stands for the first ones of a subject's log, in the place of the last of them.

    It says what that one left: status, hash of the text, who decided and when. Its detail has marks of the
    rest that a subject is compared with, and is sealed: whoever has no key can make none.
    """
    first, last = rows[0], rows[-1]
    detail = {name: mark for name, mark in _marks(last, key).items() if name in (NAME, STANDS)}
    detail |= {AFTER: last.hash}
    if first.action == FOLDED:  # marks of another key would prove nothing any more
        detail |= {name: mark for name, mark in _marks(first, key).items() if name in (ORIGIN, JUDGED)}
    else:
        detail |= {ORIGIN: key.mark(first.actor, first.created_at), JUDGED: key.mark(None, None, None)}
    if judged := _judged(rows):
        detail |= {JUDGED: key.mark(judged.scores, judged.reasons, judged.model_id)}
    entry = replace(last, action=FOLDED, reasons=None, scores=None, model_id=None, note=None, detail=detail)
    return replace(entry, hash=seal(START, entry, key))


def _marks(row: Stored, key: SealKey | None) -> Mapping[str, object]:
    """Return the detail of an entry that was sealed with a key; with none, its marks say nothing."""
    return row.detail if row.detail and key and key_of(row.hash) == key.name else {}


def _judged(rows: Sequence[StoredEntry]) -> StoredEntry | None:
    """Return the last entry of the policy's that is still there."""
    return next((row for row in reversed(rows) if row.actor_kind == "policy" and row.action != FOLDED), None)


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
    first, last, judged = rows[0], rows[-1], _judged(rows)
    is_erased = not comment.body and comment.status in (Status.DELETED, Status.REJECTED)
    was_decided = last.sequence > 1
    name = _marks(last, key).get(NAME)
    found: dict[str, tuple[object, object]] = {
        "status": (comment.status, last.to_status),
        "version": (comment.version, last.sequence),
        "text": (last.body_hash if is_erased else _digest(comment.body), last.body_hash),
        "author": (comment.author_id or "anonymous", first.actor),
        "time": (comment.created_at, first.created_at),
        "decider": (comment.decided_by, last.actor if was_decided else None),
        "time of decision": (comment.decided_at, last.created_at if was_decided else None),
        "scores": (comment.scores, judged.scores if judged else None),
        "reasons": (comment.reasons, judged.reasons if judged else None),
        "model": (comment.model_id, judged.model_id if judged else None),
    }
    if first.action == FOLDED:
        found |= _by_marks(comment, _marks(first, key), key, is_judged=judged is not None)
    if key and name and not is_erased:
        found["name"] = (key.mark(comment.id, comment.author_name), name)
    return [what for what, (stands, logged) in found.items() if stands != logged]


def _by_marks(
    comment: Standing, marks: Mapping[str, object], key: SealKey | None, *, is_judged: bool
) -> dict[str, tuple[object, object]]:
    """Return what is compared with a folded entry's marks instead, as far as it has some."""
    same = (None, None)
    found: dict[str, tuple[object, object]] = {"author": same, "time": same}
    if key and ORIGIN in marks:
        origin = key.mark(comment.author_id or "anonymous", comment.created_at)
        found["author or time"] = (origin, marks[ORIGIN])
    if not is_judged:
        found |= {"scores": same, "reasons": same, "model": same}
        if key and JUDGED in marks:
            judged = key.mark(comment.scores, comment.reasons, comment.model_id)
            found["scores, reasons or model"] = (judged, marks[JUDGED])
    return found


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
