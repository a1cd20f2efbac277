"""What everybody may read: pages of a thread and counts, rendered once for each state of the thread."""

from __future__ import annotations

import base64
import hashlib
import re
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import orjson
from sqlalchemy import Connection

from service.domain.errors import Invalid, NotFound
from service.domain.events import timestamp
from service.domain.threads import thread_keys
from service.storage import reading, sites
from service.storage.database import Database
from service.storage.reading import PublicRow
from service.storage.records import ThreadHead

SORTS = ("newest", "oldest", "top")
MAX_LIMIT = 100
DEFAULT_LIMIT = 25
REPLIES = 20  # below one comment, until the reader asks for more
NESTED = 6  # levels; deeper replies stand beside the one they answer
# A page is a megabyte at most, head and cursors included. The longest comment fits with as many of the
# longest replies as are shown, so no page is empty.
MAX_PAGE_BYTES = 1_000_000
HEAD_BYTES = 16_384
ROWS_AT_ONCE = 200  # replies: so many are read for nothing at most where they do not fit
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class PageQuery:
    """Which page of which thread. ``parent`` asks for the replies below one top-level comment."""

    site: str
    thread: str
    sort: str = "newest"
    cursor: str | None = None
    limit: int = DEFAULT_LIMIT
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A rendered answer; ``body`` is None when the caller has this state already."""

    etag: str
    body: bytes | None


class PageCache:
    """Rendered pages of one process, the least used forgotten first.

    The key holds the thread's version as the database has it, so nothing has to be invalidated and
    a page that is no longer public is never found again.
    """

    def __init__(self, max_bytes: int = 32 * 1024 * 1024) -> None:
        self._pages: OrderedDict[str, bytes] = OrderedDict()
        self._lock = threading.Lock()
        self._room = max_bytes

    def get(self, key: str) -> bytes | None:
        """Return a page, or None."""
        with self._lock:
            page = self._pages.get(key)
            if page is not None:
                self._pages.move_to_end(key)
            return page

    def put(self, key: str, page: bytes) -> None:
        """Keep a page."""
        with self._lock:
            self._room -= len(page) - len(self._pages.pop(key, b""))
            self._pages[key] = page
            while self._room < 0 and self._pages:
                _, dropped = self._pages.popitem(last=False)
                self._room += len(dropped)


def read_page(db: Database, cache: PageCache, query: PageQuery, known: str = "") -> Page:
    """Return one page of a thread.

    ``known`` is the ``If-None-Match`` header: when it names the page's state, nothing is rendered.
    Raises `NotFound` for an unknown site and `Invalid` for a forged cursor. A thread without
    comments is an empty page, not an error.
    """
    after = read_cursor(query.cursor, query.sort if query.parent is None else "replies")
    keys = thread_keys(query.thread)
    found = db.first(reading.HEAD, {"site": query.site} | reading.values_of_keys(keys))
    if found is None:
        raise NotFound(f"There is no site {query.site!r}.")
    head = ThreadHead(**found)
    etag = _etag(head, query)
    if etag in known:
        return Page(etag, None)
    body = cache.get(etag)
    if body is None:
        with db.read() as connection:
            body = orjson.dumps(_render(connection, head, query, after))
        cache.put(etag, body)
    return Page(etag, body)


def _etag(head: ThreadHead, query: PageQuery) -> str:
    state = [head.id, head.version, head.closed_at is not None]
    page = [query.site, query.thread, query.sort, query.cursor, query.limit, query.parent]
    return f'"{hashlib.blake2b(repr([state, page]).encode(), digest_size=12).hexdigest()}"'


def _render(
    connection: Connection, head: ThreadHead, query: PageQuery, after: tuple[int, str] | None
) -> dict[str, Any]:
    comments: list[dict[str, Any]] = []
    following = None
    if head.id is not None and query.parent is not None:
        found = reading.replies(
            connection, head.id, [query.parent], query.limit + 1, after[1] if after else ""
        )
        kept = len(_that_fit(map(public_comment, found[: query.limit])))
        comments = _nest([], found[:kept])
        following = _cursor("replies", found[kept - 1]) if len(found) > kept else None
    elif head.id is not None:
        found = reading.roots(connection, head.id, query.sort, after, query.limit + 1)
        comments = _that_fit(_with_replies(connection, head.id, found[: query.limit]))
        kept = len(comments)
        following = _cursor(query.sort, found[kept - 1]) if len(found) > kept else None
    return {
        "thread": {
            "key": head.key or head.wanted,
            "url": head.url,
            "title": head.title,
            "count": head.approved_count or 0,
            "closed": head.closed_at is not None,
            "version": head.version or 0,
        },
        "comments": comments,
        "next_cursor": following,
    }


def _with_replies(
    connection: Connection, thread: str, roots: Sequence[PublicRow]
) -> Iterator[dict[str, Any]]:
    """Yield top-level comments with their first replies, which are read in parts as they are wanted."""
    while roots:
        sums = accumulate(min(row.reply_count, REPLIES + 1) for row in roots)
        count = max(1, sum(rows <= ROWS_AT_ONCE for rows in sums))
        part, roots = roots[:count], roots[count:]
        wanted = [row.id for row in part if row.reply_count]
        yield from _nest(part, reading.replies(connection, thread, wanted, REPLIES + 1))


def _that_fit(comments: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return those that fit on a page, from the first on; one at least."""
    kept: list[dict[str, Any]] = []
    room = MAX_PAGE_BYTES - HEAD_BYTES
    for comment in comments:
        room -= len(orjson.dumps(comment)) + 1
        if room < 0 and kept:
            break
        kept.append(comment)
    return kept


def _nest(page: Sequence[PublicRow], below: Sequence[PublicRow]) -> list[dict[str, Any]]:
    """Hang replies below their parents. One whose parent is not shown hangs below the nearest that is."""
    top = [public_comment(row) for row in page]
    shown = {comment["id"]: (comment, 0) for comment in top}
    kept: dict[str, int] = {}
    for row in below:
        root = shown.get(row.root_id)
        kept[row.root_id] = kept.get(row.root_id, 0) + 1
        if root and kept[row.root_id] > REPLIES:
            last = root[0].pop("_last")
            root[0]["next_replies"] = _cursor("replies", last)
            continue
        reply = public_comment(row)
        parent, depth = shown.get(row.parent_id) or root or (None, -1)
        (top if parent is None else parent["replies"]).append(reply)
        # At the deepest level the parent's own place is handed on, so that later ones stand beside it.
        shown[row.id] = (reply, depth + 1) if depth + 1 < NESTED or parent is None else (parent, depth)
        if root:
            root[0]["_last"] = row
    for comment in top:
        comment.pop("_last", None)
    return top


def public_comment(row: PublicRow) -> dict[str, Any]:
    """Return a comment as everybody may see it: a tombstone if only its replies are public."""
    comment_id, parent_id, _, name, body, status, created_at, edited_at, reply_count, _ = row
    gone = status != "approved"
    return {
        "id": comment_id,
        "parent_id": parent_id,
        "author": None if gone else {"name": name},
        "body": None if gone else body,
        "status": "removed" if gone else "approved",
        "created_at": timestamp(created_at),
        "edited_at": timestamp(edited_at) if edited_at else None,
        "reply_count": reply_count,
        "replies": [],
        "next_replies": None,
    }


def _cursor(sort: str, row: PublicRow) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([sort, row.rank, row.id])).decode().rstrip("=")


def read_cursor(cursor: str | None, sort: str) -> tuple[int, str] | None:
    """Return rank and id of the last comment before a page; raise `Invalid` for what we never gave out."""
    if cursor is None:
        return None
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        kind, rank, comment_id = orjson.loads(raw)
        known = kind == sort and type(rank) is int and abs(rank) < 2**31 and UUID.fullmatch(comment_id)
    except (ValueError, TypeError):
        known = None
    if not known:
        raise Invalid([("/cursor", f"is no cursor that was given for sort={sort}")])
    return rank, comment_id


def count_comments(db: Database, site: str, keys: Sequence[str]) -> dict[str, int]:
    """Return how many comments are public on each thread, under the names that were asked for."""
    named = {key: thread_keys(key) for key in keys}
    with db.read() as connection:
        pages = sites.pages(connection, [site]).get(site)
        if pages is None:
            raise NotFound(f"There is no site {site!r}.")
        asked = {key: (one.before, one.of(pages.spelling)) for key, one in named.items()}
        found = reading.counts(connection, site, sorted({key for pair in asked.values() for key in pair}))
    return {key: found.get(before, found.get(now, 0)) for key, (before, now) in asked.items()}
