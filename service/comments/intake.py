"""Taking in comments: what is accepted is committed, once, whole, and not public yet."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from service.comments.together import Together, Turn
from service.domain.audit import COMMENT, START
from service.domain.comment import Status
from service.domain.errors import Invalid, KeyReused, NotFound, ParleyError, ThreadClosed
from service.domain.ids import author_id, fingerprint, new_id, receipt_for
from service.domain.pressure import Pressure
from service.domain.threads import canonical_url, thread_key
from service.storage import comments as queries
from service.storage import moves, reading, threads
from service.storage.database import Database
from service.storage.records import Answered, CommentForLedger, CommentRow, ThreadHead


@dataclass(frozen=True, slots=True)
class Draft:
    """What a reader sends, already checked for form.

    ``author_token`` is a secret that the reader's browser keeps: it links one reader's comments on one
    site without a name or an account. Only its hash is stored. ``idempotency_key`` is the client's.
    ``pressure`` is what the door measured when it came.
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
    pressure: Pressure | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """The answer to a post: which comment, where it stands, and the secret to manage it."""

    id: str
    status: str
    receipt: str


@dataclass(frozen=True, slots=True)
class _Post:
    """One post on its way."""

    draft: Draft
    now: datetime

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
    """Accepts comments from many threads, as many in one transaction as wait at the moment."""

    def __init__(self, db: Database, secret_key: bytes) -> None:
        self._together = Together(db, _accept, _answer_of_another)
        self._secret_key = secret_key

    def submit(self, draft: Draft, now: datetime) -> Receipt:
        """Accept a comment: comment, audit row, event and idempotency key in one transaction.

        When this returns, the comment is committed; it is not public yet. Raises `NotFound` for an
        unknown site, `Invalid` for a parent that cannot be replied to, `ThreadClosed`, and `KeyReused`
        when the key stands for another request.
        """
        done = self._together.submit(_Post(draft, now))
        return Receipt(done.id, done.status, receipt_for(self._secret_key, done.id))


def _accept(connection: Connection, batch: Sequence[Turn[_Post, Answered]]) -> None:
    """Decide on each post and store those that are new. Raises only what undoes the transaction."""
    known = _known(connection, [turn.asked for turn in batch])
    heads: dict[tuple[str, str], ThreadHead] = {}
    fresh: list[tuple[_Post, CommentForLedger]] = []
    # Rows are made in one order by every process, so that two never wait for each other.
    for turn in sorted(batch, key=lambda turn: place(turn.asked.draft)):
        post = turn.asked
        turn.outcome = _answered(post, known)
        if turn.outcome is None:
            try:
                comment = _comment(connection, post, heads)
            except ParleyError as error:
                turn.outcome = error
                continue
            turn.outcome = Answered(post.request_hash, comment.id, Status.RECEIVED.value)
            fresh.append((post, comment))
            if post.key_hash:
                known[post.key_hash] = turn.outcome
    moves.record_new(connection, [comment for _, comment in fresh])
    queries.keep_idempotent(connection, [
        {"key_hash": post.key_hash, "request_hash": post.request_hash, "subject_kind": COMMENT,
         "subject_id": comment.id, "created_at": post.now}
        for post, comment in sorted(fresh, key=lambda pair: pair[0].key_hash or "") if post.key_hash
    ])  # fmt: skip


def place(draft: Draft) -> tuple[str, str]:
    """Return where a post belongs as it is stored, its site and page, however the page is spelt."""
    try:
        return draft.site, thread_key(draft.key) if draft.key else canonical_url(draft.url)
    except Invalid:
        return draft.site, ""  # it is refused, and makes nothing


def _answer_of_another(connection: Connection, post: _Post) -> Answered | KeyReused | None:
    return _answered(post, _known(connection, [post]))


def _known(connection: Connection, batch: Sequence[_Post]) -> dict[str, Answered]:
    hashes = [post.key_hash for post in batch if post.key_hash]
    return queries.find_idempotent(connection, hashes) if hashes else {}


def _answered(post: _Post, known: Mapping[str, Answered]) -> Answered | KeyReused | None:
    found = known.get(post.key_hash) if post.key_hash else None
    if found is None:
        return None
    if not hmac.compare_digest(found.request_hash, post.request_hash):
        return KeyReused("This Idempotency-Key was used for another comment. Use a new one for each comment.")
    return found


def _comment(
    connection: Connection, post: _Post, heads: dict[tuple[str, str], ThreadHead]
) -> CommentForLedger:
    draft = post.draft
    thread = _thread(connection, draft, post.now, heads)
    assert thread.id is not None  # it was found or made
    parent = _parent(connection, draft.parent_id, thread.id)
    return CommentForLedger(
        id=new_id(post.now),
        site_id=draft.site,
        thread_id=thread.id,
        parent_id=parent.id if parent else None,
        root_id=(parent.root_id or parent.id) if parent else None,
        author_id=author_id(draft.site, draft.author_token) if draft.author_token else None,
        author_name=draft.author_name,
        body=draft.body,
        status=None,
        version=0,
        audit_head=START,
        created_at=post.now,
        tries=0,
        pressure=draft.pressure.as_dict() if draft.pressure else None,
        thread_key=thread.key or "",
        thread_url=thread.url or "",
        thread_title=thread.title,
        thread_premoderate=False,
    )


def _thread(
    connection: Connection, draft: Draft, now: datetime, heads: dict[tuple[str, str], ThreadHead]
) -> ThreadHead:
    url = canonical_url(draft.url)
    key = thread_key(draft.key) if draft.key else url
    found = heads.get((draft.site, key)) or reading.head(connection, draft.site, key)
    if found is None:
        raise NotFound(f"There is no site {draft.site!r}.")
    if found.id is None:
        found = threads.make(connection, draft.site, key, url, draft.title, now)
    is_held = (draft.site, key) in heads  # by an earlier post of the batch, which lasts to its end
    if found.closed_at is not None or not (is_held or threads.stays_open(connection, found.id)):
        raise ThreadClosed("This page takes no more comments.")
    heads[draft.site, key] = found
    return found


def _parent(connection: Connection, parent_id: str | None, thread_id: str) -> CommentRow | None:
    if parent_id is None:
        return None
    parent = queries.find_comment(connection, parent_id)
    if parent is None or parent.thread_id != thread_id or parent.status != Status.APPROVED:
        raise Invalid([("/parent_id", "is no published comment of this page")])
    return parent
