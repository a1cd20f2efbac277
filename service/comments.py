"""What readers do: post a comment, look at their own, take it back."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from service.domain.comment import Status, after
from service.domain.errors import Invalid, KeyReused, NotFound, ThreadClosed
from service.domain.ids import fingerprint, new_id, receipt_for
from service.domain.threads import canonical_url, thread_key
from service.storage import comments as queries
from service.storage import ledger, threads
from service.storage.database import Database
from service.storage.rows import Record

IDEMPOTENCY_DAYS = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Draft:
    """What a reader sends, already checked for form.

    ``author_token`` is a secret that the reader's browser keeps: it links one reader's comments on one
    site without a name or an account. Only its hash is stored.
    """

    site: str
    url: str
    body: str
    key: str | None = None
    title: str | None = None
    parent_id: str | None = None
    author_name: str | None = None
    author_token: str | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """The answer to a post: which comment, where it stands, and the secret to manage it."""

    id: str
    status: str
    receipt: str


def submit(
    db: Database, draft: Draft, *, secret_key: bytes, now: datetime, idempotency_key: str | None = None
) -> Receipt:
    """Accept a comment: comment, audit row, event and idempotency key in one transaction.

    When this returns, the comment is committed; it is not public yet. Raises `NotFound` for an unknown
    site, `Invalid` for a parent that cannot be replied to, `ThreadClosed`, and `KeyReused` when the
    key stands for another request.
    """
    key = _Key.of(draft, idempotency_key) if idempotency_key is not None else None
    try:
        with db.write() as connection:
            found = _answered(connection, key) or _insert(connection, draft, key, now)
    except IntegrityError:
        # The same key, twice in the same moment: the other one won, and its answer is ours.
        with db.read() as connection:
            answered = _answered(connection, key)
        if answered is None:
            raise
        found = answered
    return Receipt(found["id"], found["status"], receipt_for(secret_key, found["id"]))


@dataclass(frozen=True, slots=True)
class _Key:
    key_hash: str
    request_hash: str

    @classmethod
    def of(cls, draft: Draft, key: str) -> _Key:
        """Bind a key to its site and author, so that nobody fetches a receipt with another's key."""
        content = repr([draft.site, draft.url, draft.key, draft.parent_id, draft.author_name, draft.body])
        return cls(fingerprint(repr([draft.site, draft.author_token, key])), fingerprint(content))


def _answered(connection: Connection, key: _Key | None) -> Record | None:
    found = queries.find_idempotent(connection, key.key_hash) if key else None
    if found is None or key is None:
        return None
    if not hmac.compare_digest(found["request_hash"], key.request_hash):
        raise KeyReused("This Idempotency-Key was used for another comment. Use a new one for each comment.")
    return {"id": found["comment_id"], "status": found["status"]}


def _insert(connection: Connection, draft: Draft, key: _Key | None, now: datetime) -> Record:
    thread = _thread(connection, draft, now)
    parent = _parent(connection, draft.parent_id, thread["id"])
    comment = {
        "id": new_id(now),
        "site_id": draft.site,
        "thread_id": thread["id"],
        "parent_id": parent["id"] if parent else None,
        "root_id": (parent["root_id"] or parent["id"]) if parent else None,
        "author_id": author_id(draft.site, draft.author_token),
        "author_name": draft.author_name,
        "body": draft.body,
        "created_at": now,
    }
    shown_with = {f"thread_{name}": thread[name] for name in ("key", "url", "title")}
    ledger.record_new(connection, comment, shown_with, now)
    if key:
        queries.keep_idempotent(connection, key.key_hash, key.request_hash, comment["id"], now)
    return {"id": comment["id"], "status": Status.RECEIVED.value}


def _thread(connection: Connection, draft: Draft, now: datetime) -> Mapping[str, Any]:
    url = canonical_url(draft.url)
    key = thread_key(draft.key) if draft.key else url
    found = threads.head(connection, draft.site, key)
    if found is None:
        raise NotFound(f"There is no site {draft.site!r}.")
    if found["id"] is None:
        return queries.make_thread(connection, draft.site, key, url, draft.title, now)
    if found["closed_at"] is not None:
        raise ThreadClosed("This page takes no more comments.")
    return found


def _parent(connection: Connection, parent_id: str | None, thread_id: str) -> Record | None:
    if parent_id is None:
        return None
    parent = queries.find_comment(connection, parent_id)
    if parent is None or parent["thread_id"] != thread_id or parent["status"] != Status.APPROVED:
        raise Invalid([("/parent_id", "is no published comment of this page")])
    return parent


def author_id(site: str, token: str | None) -> str | None:
    """Return the pseudonym of an author on one site; not linkable across sites."""
    return hashlib.sha256(f"{site}\n{token}".encode()).hexdigest() if token else None


def look_at_own(db: Database, comment_id: str, receipt: str | None, *, secret_key: bytes) -> Record:
    """Return a comment for its author, or for anybody if it is public; else raise `NotFound`."""
    with db.read() as connection:
        comment = queries.find_comment(connection, comment_id)
    own = comment is not None and is_own(comment_id, receipt, secret_key)
    if comment is None or not (own or comment["status"] == Status.APPROVED):
        raise NotFound("There is no such comment, or it is not public and the receipt is not its own.")
    return {**comment, "own": own}


def is_own(comment_id: str, receipt: str | None, secret_key: bytes) -> bool:
    """Whether a receipt is that of this comment, compared in constant time."""
    expected = receipt_for(secret_key, comment_id).encode()
    return receipt is not None and hmac.compare_digest(receipt.encode(errors="replace"), expected)


def withdraw(db: Database, comment_id: str, receipt: str | None, *, secret_key: bytes, now: datetime) -> None:
    """Take an author's comment back: it leaves every public answer at once.

    Raises `NotFound` without the right receipt, so that nobody learns of a hidden comment.
    """
    if not is_own(comment_id, receipt, secret_key):
        raise NotFound("There is no such comment, or the receipt is not its own.")
    with db.write() as connection:
        comment = queries.find_comment(connection, comment_id, lock=True)
        if comment is None:
            raise NotFound("There is no such comment.")
        to = after(Status(comment["status"]), "delete")
        actor = comment["author_id"] or "anonymous"
        ledger.record(connection, [ledger.Change(comment, to, "delete", "author", actor)], now)
