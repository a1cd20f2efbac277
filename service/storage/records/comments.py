"""Comments, as readers, moderators and the ledger see them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class CommentForLedger:
    """What an outbox event and an audit row need of a comment, as it stands before a change.

    ``page_…`` is what the post says of its page and the thread does not say yet.
    """

    id: str
    site_id: str
    thread_id: str
    parent_id: str | None
    root_id: str | None
    author_id: str | None
    author_name: str | None
    body: str
    status: str | None
    version: int
    audit_head: str
    created_at: datetime
    tries: int
    pressure: dict[str, int | str] | None
    page_title: str | None
    page_url: str | None
    page_key: str | None
    thread_key: str
    thread_url: str | None
    thread_title: str | None
    thread_premoderate: bool

    @property
    def is_erased(self) -> bool:
        """Whether body and name are kept no longer: it was taken back, or refused long ago."""
        return not self.body


@dataclass(frozen=True, slots=True)
class CommentRow(CommentForLedger):
    """A comment with its thread, and all that a moderator or its author may see of it."""

    status: str
    edited_at: datetime | None
    decided_at: datetime | None
    decided_by: str | None
    scores: dict[str, float] | None
    reasons: list[dict[str, Any]] | None
    spans: list[list[float]] | None
    language: str | None
    model_id: str | None


@dataclass(frozen=True, slots=True)
class Answered:
    """What was answered under an idempotency key, and to which request."""

    request_hash: str
    id: str
    status: str
    is_new: bool = False  # it was made for this request, not for an earlier one


@dataclass(frozen=True, slots=True)
class ThreadHead:
    """The state of a thread; ``id`` is None where nobody made it yet. ``wanted`` is the key it would get."""

    site_id: str
    id: str | None
    wanted: str
    key: str | None
    url: str | None
    title: str | None
    approved_count: int | None
    version: int | None
    closed_at: object  # a moment, or how the driver writes one: only whether there is one counts
    url_pinned: bool | None
    title_pinned: bool | None


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The beginning of a comment that another one answers."""

    id: str
    author_name: str | None
    status: str
    body: str
    is_cut: bool


@dataclass(frozen=True, slots=True)
class LikeText:
    """A comment's place and hashes of its text, of those found only the ones that were asked for."""

    comment_id: str
    site_id: str
    thread_id: str
    author_id: str | None
    hashes: tuple[int, ...]
