"""Taking in comments: what is accepted is committed, once, whole, and not public yet."""

from __future__ import annotations

import hmac
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from service.domain.comment import Status
from service.domain.errors import Invalid, KeyReused, NotFound, ParleyError, ThreadClosed
from service.domain.ids import author_id, fingerprint, new_id, receipt_for
from service.domain.threads import canonical_url, thread_key
from service.storage import comments as queries
from service.storage import ledger, reading
from service.storage.database import Database
from service.storage.records import Record

BATCH = 64  # posts in one transaction: a bound on how long the first of them waits


@dataclass(frozen=True, slots=True)
class Draft:
    """What a reader sends, already checked for form.

    ``author_token`` is a secret that the reader's browser keeps: it links one reader's comments on one
    site without a name or an account. Only its hash is stored. ``idempotency_key`` is the client's.
    """

    site: str
    url: str
    body: str
    key: str | None = None
    title: str | None = None
    parent_id: str | None = None
    author_name: str | None = None
    author_token: str | None = None
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """The answer to a post: which comment, where it stands, and the secret to manage it."""

    id: str
    status: str
    receipt: str


@dataclass(slots=True)
class _Post:
    """One post on its way: what came of it is filled in by whoever carries out its batch."""

    draft: Draft
    now: datetime
    outcome: Record | Exception | None = None

    @property
    def key_hash(self) -> str | None:
        """The idempotency key, bound to site and author, so that nobody gets a receipt by another's key."""
        draft = self.draft
        if draft.idempotency_key is None:
            return None
        return fingerprint(repr([draft.site, draft.author_token, draft.idempotency_key]))

    @property
    def request_hash(self) -> str:
        """What the key stands for: the same key with another content is a mistake."""
        draft = self.draft
        return fingerprint(
            repr([draft.url, draft.key, draft.title, draft.parent_id, draft.author_name, draft.body])
        )


class Intake:
    """Accepts comments from many threads, as many in one transaction as wait at the moment.

    A commit to disk costs as much for fifty comments as for one. Whoever comes while a transaction runs
    waits for it, and the first of those carries out the next one for all of them; nobody waits for a
    batch to fill.
    """

    def __init__(self, db: Database, secret_key: bytes) -> None:
        self._db, self._secret_key = db, secret_key
        self._waiting: list[_Post] = []
        self._turn = threading.Lock()

    def submit(self, draft: Draft, now: datetime) -> Receipt:
        """Accept a comment: comment, audit row, event and idempotency key in one transaction.

        When this returns, the comment is committed; it is not public yet. Raises `NotFound` for an
        unknown site, `Invalid` for a parent that cannot be replied to, `ThreadClosed`, and `KeyReused`
        when the key stands for another request.
        """
        post = _Post(draft, now)
        self._waiting.append(post)
        with self._turn:
            while post.outcome is None:
                batch = self._waiting[:BATCH]
                del self._waiting[: len(batch)]  # only these: others are being added meanwhile
                self._carry_out(batch)
        if isinstance(post.outcome, Exception):
            raise post.outcome
        comment_id = post.outcome["id"]
        return Receipt(comment_id, post.outcome["status"], receipt_for(self._secret_key, comment_id))

    def _carry_out(self, batch: list[_Post]) -> None:
        """Give every post of a batch its outcome, whatever happens."""
        try:
            with self._db.write() as connection:
                _accept(connection, batch)
        except IntegrityError as error:
            for post in batch:
                post.outcome = None  # what was accepted in this transaction was rolled back with it
            # Another process took the same key in the same moment: one by one, the others get through.
            if len(batch) > 1:
                for post in batch:
                    self._carry_out([post])
            else:
                batch[0].outcome = self._answer_of_the_other(batch[0], error)
        except Exception as error:  # it belongs to each of those who wait, not to the one who works
            for post in batch:
                post.outcome = error

    def _answer_of_the_other(self, post: _Post, error: Exception) -> Record | Exception:
        try:
            with self._db.read() as connection:
                return _answered(post, _known(connection, [post])) or error
        except Exception as worse:
            return worse


def _accept(connection: Connection, batch: Sequence[_Post]) -> None:
    """Decide on each post and store those that are new. Raises only what undoes the transaction."""
    known = _known(connection, batch)
    heads: dict[tuple[str, str], Record] = {}
    fresh: list[tuple[_Post, Record]] = []
    # Rows are made in one order by every process, so that two never wait for each other.
    for post in sorted(batch, key=lambda post: (post.draft.site, post.draft.key or post.draft.url)):
        post.outcome = _answered(post, known)
        if post.outcome is None:
            try:
                comment = _comment(connection, post, heads)
            except ParleyError as error:
                post.outcome = error
                continue
            post.outcome = {"id": comment["id"], "status": Status.RECEIVED.value}
            fresh.append((post, comment))
            if post.key_hash:
                known[post.key_hash] = {"request_hash": post.request_hash, **post.outcome}
    ledger.record_new(connection, [comment for _, comment in fresh])
    queries.keep_idempotent(connection, [
        {"key_hash": post.key_hash, "request_hash": post.request_hash, "comment_id": comment["id"],
         "created_at": post.now}
        for post, comment in sorted(fresh, key=lambda pair: pair[0].key_hash or "") if post.key_hash
    ])  # fmt: skip


def _known(connection: Connection, batch: Sequence[_Post]) -> dict[str, Record]:
    hashes = [post.key_hash for post in batch if post.key_hash]
    return queries.find_idempotent(connection, hashes) if hashes else {}


def _answered(post: _Post, known: Mapping[str, Record]) -> Record | KeyReused | None:
    found = known.get(post.key_hash) if post.key_hash else None
    if found is None:
        return None
    if not hmac.compare_digest(found["request_hash"], post.request_hash):
        return KeyReused("This Idempotency-Key was used for another comment. Use a new one for each comment.")
    return found


def _comment(connection: Connection, post: _Post, heads: dict[tuple[str, str], Record]) -> Record:
    draft = post.draft
    thread = _thread(connection, draft, post.now, heads)
    parent = _parent(connection, draft.parent_id, thread["id"])
    return {
        "id": new_id(post.now),
        "site_id": draft.site,
        "thread_id": thread["id"],
        "thread_key": thread["key"],
        "thread_url": thread["url"],
        "thread_title": thread["title"],
        "parent_id": parent["id"] if parent else None,
        "root_id": (parent["root_id"] or parent["id"]) if parent else None,
        "author_id": author_id(draft.site, draft.author_token) if draft.author_token else None,
        "author_name": draft.author_name,
        "body": draft.body,
        "created_at": post.now,
    }


def _thread(
    connection: Connection, draft: Draft, now: datetime, heads: dict[tuple[str, str], Record]
) -> Record:
    url = canonical_url(draft.url)
    key = thread_key(draft.key) if draft.key else url
    found = heads.get((draft.site, key)) or reading.head(connection, draft.site, key)
    if found is None:
        raise NotFound(f"There is no site {draft.site!r}.")
    if found["id"] is None:
        found = queries.make_thread(connection, draft.site, key, url, draft.title, now)
    heads[draft.site, key] = found
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
