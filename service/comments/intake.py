"""Taking in comments: what is accepted is committed, once, whole, and not public yet."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Connection

from service.comments.together import Together, Turn
from service.domain.addresses import USUAL, Page, read_page
from service.domain.audit import COMMENT, START
from service.domain.comment import Status
from service.domain.errors import ForeignPage, Invalid, KeyReused, NotFound, ParleyError, ThreadClosed
from service.domain.ids import author_id, fingerprint, new_id, receipt_for
from service.domain.origins import Origins
from service.domain.pressure import Pressure
from service.domain.threads import Keys, thread_keys
from service.storage import comments as queries
from service.storage import moves, reading, sites, threads
from service.storage.database import Database
from service.storage.records import Answered, CommentForLedger, CommentRow, SitePages, ThreadHead


@dataclass(frozen=True, slots=True)
class Draft:
    """What a reader sends, already checked for form.

    ``author_token`` is a secret that the reader's browser keeps: it links one reader's comments on one
    site without a name or an account. Only its hash is stored. ``idempotency_key`` is the client's,
    ``origin`` what the browser says of the page it posts from, ``form_token`` shows that a form was opened,
    ``trapped`` says that a field was filled in which people do not see, and ``pressure`` is what the door
    measured.
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
    origin: str | None = None
    form_token: str | None = None
    trapped: bool = False
    pressure: Pressure | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """The answer to a post: which comment, where it stands, and the secret to manage it.

    ``receipt`` is None on a retry that nothing shows to come from the comment's own author.
    """

    id: str
    status: str
    receipt: str | None


@dataclass(frozen=True, slots=True)
class _Key:
    """An idempotency key bound to its sender, and the hash of what was sent with it."""

    hash: str
    request_hash: str


@dataclass(frozen=True, slots=True)
class _Post:
    """One post on its way.

    ``key`` is kept with the comment; ``former`` is the same key as it was kept by releases that took the
    page's title and address for part of a comment. (Those are forgotten a week after the upgrade.)
    """

    draft: Draft
    now: datetime
    key: _Key | None
    former: _Key | None


def _post(draft: Draft, now: datetime) -> _Post:
    if draft.idempotency_key is None:
        return _Post(draft, now, None, None)
    # What the reader wrote and where: a page's title and the spelling of its address change on their own.
    words = [draft.parent_id, draft.author_name, draft.body]
    request = fingerprint(repr([*place(draft), *words]))
    of_author = fingerprint(repr([draft.site, draft.author_token, draft.idempotency_key]))
    # Without a token anybody may have chosen the same key: it is shared with nobody's other words.
    anonymous = fingerprint(repr([draft.site, draft.idempotency_key, request]))
    former = fingerprint(repr([draft.url, draft.key, draft.title, *words]))
    kept = of_author if draft.author_token else anonymous
    return _Post(draft, now, _Key(kept, request), _Key(of_author, former))


@dataclass(slots=True)
class _Threads:
    """The threads of one batch as they stand, which they do to its end."""

    pages: Mapping[str, SitePages]
    own: str | None
    heads: dict[tuple[str, Keys], ThreadHead] = field(default_factory=dict)


class Intake:
    """Accepts comments from many threads, as many in one transaction as wait at the moment.

    ``own`` is the origin of Parley itself, for sites that take its pages.
    """

    def __init__(self, db: Database, secret_key: bytes, own: str | None = None) -> None:
        self._together = Together(db, self._accept, _answer_of_another)
        self._secret_key, self._own = secret_key, own

    def submit(self, draft: Draft, now: datetime) -> Receipt:
        """Accept a comment: comment, audit row, event and idempotency key in one transaction.

        When this returns, the comment is committed; it is not public yet. Raises `NotFound` for an
        unknown site, `ForeignPage` for a page that is none of the site's, `Invalid` for an address or key
        that is none and for a parent that cannot be replied to, `ThreadClosed`, and `KeyReused` when the
        author's key stands for another comment.

        A retry gets its comment again. Its receipt it gets only with the author's token: a key can be
        guessed, and once a comment is public everybody knows its words.
        """
        done = self._together.submit(_post(draft, now))
        is_known = done.is_new or draft.author_token is not None
        return Receipt(done.id, done.status, receipt_for(self._secret_key, done.id) if is_known else None)

    def _accept(self, connection: Connection, batch: Sequence[Turn[_Post, Answered]]) -> None:
        """Decide on each post and store those that are new. Raises only what undoes the transaction."""
        known = _known(connection, [turn.asked for turn in batch])
        pages = sites.pages(connection, {turn.asked.draft.site for turn in batch})
        held = _Threads(pages, self._own)
        fresh: list[tuple[_Post, CommentForLedger]] = []
        # Rows are made in one order by every process, so that two never wait for each other.
        for turn in sorted(batch, key=lambda turn: place(turn.asked.draft, pages.get(turn.asked.draft.site))):
            post = turn.asked
            turn.outcome = _answered(post, known)
            if turn.outcome is None:
                try:
                    comment = _comment(connection, post, held)
                except ParleyError as error:
                    turn.outcome = error
                    continue
                request = post.key.request_hash if post.key else ""
                turn.outcome = Answered(request, comment.id, Status.RECEIVED.value, is_new=True)
                fresh.append((post, comment))
                if post.key:
                    known[post.key.hash] = replace(turn.outcome, is_new=False)
        moves.record_new(connection, [comment for _, comment in fresh])
        _keep_keys(connection, fresh)


def _keep_keys(connection: Connection, fresh: Sequence[tuple[_Post, CommentForLedger]]) -> None:
    rows = [
        {"key_hash": post.key.hash, "request_hash": post.key.request_hash, "subject_kind": COMMENT,
         "subject_id": comment.id, "created_at": post.now}
        for post, comment in fresh if post.key
    ]  # fmt: skip
    queries.keep_idempotent(connection, sorted(rows, key=lambda row: str(row["key_hash"])))


def place(draft: Draft, site: SitePages | None = None) -> tuple[str, str]:
    """Return where a post belongs, its site and page: as the site spells it, else however it is spelt."""
    try:
        return draft.site, thread_keys(draft.key or draft.url).of(site.spelling if site else USUAL)
    except Invalid:
        return draft.site, ""  # it is refused, and makes nothing


def _answer_of_another(connection: Connection, post: _Post) -> Answered | KeyReused | None:
    return _answered(post, _known(connection, [post]))


def _known(connection: Connection, batch: Sequence[_Post]) -> dict[str, Answered]:
    hashes = {key.hash for post in batch for key in (post.key, post.former) if key}
    return queries.find_idempotent(connection, sorted(hashes)) if hashes else {}


def _answered(post: _Post, known: Mapping[str, Answered]) -> Answered | KeyReused | None:
    for key in (post.key, post.former):
        found = known.get(key.hash) if key else None
        if key and found and hmac.compare_digest(found.request_hash, key.request_hash):
            return found
    if post.key and post.key.hash in known:
        return KeyReused("This Idempotency-Key was used for another comment. Use a new one for each comment.")
    return None


@dataclass(frozen=True, slots=True)
class _Said:
    """What a post says of its page and its thread does not say yet: nobody reads it before it is decided."""

    title: str | None = None
    url: str | None = None
    key: str | None = None


def _comment(connection: Connection, post: _Post, held: _Threads) -> CommentForLedger:
    draft = post.draft
    thread, said = _thread(connection, post, held)
    assert thread.id is not None  # it was found or made
    parent = _parent(connection, draft.parent_id, thread.id)
    return CommentForLedger(
        id=new_id(post.now),
        site_id=draft.site,
        thread_id=thread.id,
        parent_id=parent.id if parent else None,
        root_id=(parent.root_id or parent.id) if parent else None,
        author_id=_author(draft),
        author_name=draft.author_name,
        body=draft.body,
        status=None,
        version=0,
        audit_head=START,
        created_at=post.now,
        tries=0,
        pressure=draft.pressure.as_dict() if draft.pressure else None,
        page_title=said.title,
        page_url=said.url,
        page_key=said.key,
        thread_key=thread.key or "",
        thread_url=thread.url,
        thread_title=thread.title,
        thread_premoderate=False,
    )


def _author(draft: Draft) -> str | None:
    return author_id(draft.site, draft.author_token) if draft.author_token else None


def _thread(connection: Connection, post: _Post, held: _Threads) -> tuple[ThreadHead, _Said]:
    """Return the thread of a post, made if it is new, and what the post would have it called."""
    draft = post.draft
    site = held.pages.get(draft.site)
    if site is None:
        raise NotFound(f"There is no site {draft.site!r}.")
    page, keys = _page(draft, site, held.own)
    found = held.heads.get((draft.site, keys))  # by an earlier post of the batch, which lasts to its end
    while found is None:
        head = reading.head(connection, draft.site, keys)
        if head is None or head.id is None:
            # Whoever asks by an address knows it: that link tells nothing. What else there is waits.
            link = page.link if keys.is_address else None
            head = threads.make(connection, draft.site, keys.of(site.spelling), link, None, post.now)
        found = threads.hold(connection, head)
    if found.closed_at is not None:
        raise ThreadClosed("This page takes no more comments.")
    held.heads[draft.site, keys] = found
    return found, _said(found, site, page, keys, draft)


def _page(draft: Draft, site: SitePages, own: str | None) -> tuple[Page, Keys]:
    """Return the page of a post and the keys of its thread.

    Raises `ForeignPage` for a page of which the site takes none, and `Invalid` for a key that is the
    address of another page.
    """
    page = read_page(draft.url)
    keys = thread_keys(draft.key) if draft.key else thread_keys(draft.url)
    origins = Origins(site.origins, own)
    for said in (page.origin, draft.origin):
        if said is not None and not origins.hold(said):
            raise ForeignPage(
                f"The site {site.id!r} takes no comments from pages of {said[:200]}. If this page is yours,"
                f" add its origin by `parley site origins {site.id} --add ORIGIN`, or let its canonical link"
                " name the address it belongs to."
            )
    if keys.is_address and keys.of(site.spelling) != page.key(site.spelling):
        raise Invalid([("/thread/key", "is the address of another page than the one that is given as url")])
    return page, keys


def _said(thread: ThreadHead, site: SitePages, page: Page, keys: Keys, draft: Draft) -> _Said:
    """Return the link and title that the thread would have after a post, where they are others.

    They follow the newest page, as long as only pages of the site's own origins can post. Where any page
    may, the first to give them is not overruled: the next may be anybody's. Whoever comes by an alias says
    nothing: it is the address of another page. The key is there to be judged where no browser says that the
    page is the site's own, until something was published under it.
    """
    if thread.key not in (keys.of(site.spelling), keys.before):
        return _Said()
    url = None if thread.url_pinned or _is_link(thread, site, page) else page.link
    title = draft.title
    if thread.title_pinned or title == thread.title or (site.origins is None and thread.title):
        title = None
    is_vouched = site.origins is not None and draft.origin is not None
    key = None if is_vouched or not (url or not thread.approved_count) else thread.key
    return _Said(title, url, key)


def _is_link(thread: ThreadHead, site: SitePages, page: Page) -> bool:
    """Whether a thread's link stays as it is after a post from a page."""
    if thread.url is None or site.origins is None:
        return thread.url is not None
    stands = read_page(thread.url)
    # One page, and no step up to https.
    same = stands.key(site.spelling) == page.key(site.spelling) and stands.scheme >= page.scheme
    return same or thread.url == page.link


def _parent(connection: Connection, parent_id: str | None, thread_id: str) -> CommentRow | None:
    if parent_id is None:
        return None
    parent = queries.find_comment(connection, parent_id)
    if parent is None or parent.thread_id != thread_id or parent.status != Status.APPROVED:
        raise Invalid([("/parent_id", "is no published comment of this page")])
    return parent
