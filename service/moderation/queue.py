"""What a moderator looks at: a page of the review queue with all that is needed to decide."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from sqlalchemy import Connection

from service.domain.access import Caller
from service.domain.audit import COMMENT
from service.domain.comment import Status
from service.domain.errors import IllegalMove, NotFound
from service.domain.policy_members import Policy
from service.domain.pressure import FLOOD_SHOWN
from service.domain.scores import Scorer
from service.domain.undoing import restored
from service.domain.word_lists import Normalise
from service.moderation.evidence import policy_or_people, rules_of
from service.storage import audit, comments, queue, sites
from service.storage.database import Database
from service.storage.records import AuditEntry, CommentRow, Excerpt, PolicyRow

Load = Callable[[], Scorer | None]

PAGE = 50
COUNT_CAP = 1000  # a tab says "999+" from here on
LAST_DEEDS = 50  # of a moderator, among which one is looked for that can be taken back
WORDS_REMEMBERED = 10_000  # of one page, while their marks are looked for
TABS = (Status.PENDING, Status.APPROVED, Status.REJECTED)


@dataclass(frozen=True, slots=True)
class Card:
    """One comment with its surroundings.

    ``words`` are the places of the site's banned and suspect words in the body, in UTF-16 code units;
    ``author`` counts the author's comments by status, and is None where the author is not known;
    ``history`` are the audit rows, oldest first; ``undo`` is where the moderator's own last decision can be
    taken back to, None where there is nothing of theirs to take back.
    """

    comment: CommentRow
    policy: Policy
    parent: Excerpt | None
    author: Mapping[str, int] | None
    history: Sequence[AuditEntry]
    words: Sequence[tuple[int, int]]
    undo: Status | None = None


@dataclass(frozen=True, slots=True)
class QueuePage:
    """One page of the queue: cards, tabs with their counts (capped), and where the next page begins.

    ``flooded`` are the pages of which all is read first at the moment, because so much comes.
    """

    cards: Sequence[Card]
    counts: Mapping[str, int]
    next_cursor: str | None
    site: str | None
    status: str
    site_names: Mapping[str, str]
    flooded: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class News:
    """How many comments came since a page was loaded, and what the tabs say now."""

    new: int
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Listed:
    """One page of comments of one status, and where the next one begins."""

    comments: Sequence[CommentRow]
    next_cursor: str | None


def pending_page(
    db: Database,
    caller: Caller,
    site: str | None = None,
    status: str = Status.PENDING,
    cursor: str | None = None,
    limit: int = PAGE,
    *,
    scorer: Load | None = None,
    now: datetime | None = None,
) -> QueuePage:
    """Return one page of what waits, oldest first, or of what was decided, newest first.

    Parameters
    ----------
    site : str, optional
        One site; all of the moderator's if left out.
    cursor : str, optional
        Last id of the page before.
    scorer : callable, optional
        Gives what reads bodies as the word lists do, and is called where there are such lists; without it
        their hits are not marked.
    now : datetime, optional
        When the page is read; without it nothing is said of floods.

    Raises `NotFound` for a site that the moderator has no role on, or a status that has no tab.
    """
    wanted = sites_of(caller, site)
    if status not in {tab.value for tab in TABS}:
        raise NotFound(f"There is no list of {status!r} comments.")
    with db.read() as connection:
        page = _listed(connection, wanted, status, cursor, limit, newest_first=status != Status.PENDING)
        return QueuePage(
            cards=_cards(connection, caller, page.comments, scorer),
            counts=_counts(connection, wanted),
            next_cursor=page.next_cursor,
            site=site,
            status=status,
            site_names=queue.site_names(connection, caller.sites),
            flooded=queue.flooded(connection, wanted, now - FLOOD_SHOWN) if now else (),
        )


def read_queue(
    db: Database, caller: Caller, *, site: str, status: str, limit: int, cursor: str | None = None
) -> Listed:
    """Return one page of a site's comments of one status, oldest first."""
    caller.must("see", site)
    with db.read() as connection:
        return _listed(connection, {site}, status, cursor, limit)


def _listed(
    connection: Connection,
    sites_wanted: Collection[str],
    status: str,
    cursor: str | None,
    limit: int,
    *,
    newest_first: bool = False,
) -> Listed:
    """The one reading of the queue, for pages and programs."""
    ids = queue.page_ids(connection, sites_wanted, status, cursor, limit + 1, newest_first=newest_first)
    found = queue.comments_by_id(connection, ids[:limit])
    return Listed(found, ids[limit - 1] if len(ids) > limit else None)


def one_card(db: Database, caller: Caller, comment_id: str, *, scorer: Load | None = None) -> Card:
    """Return one comment as it stands now; `NotFound` unless it is on a site of the moderator's."""
    with db.read() as connection:
        comment = comments.find_comment(connection, comment_id)
        if comment is None or not caller.may("see", comment.site_id):
            raise NotFound("There is no such comment on a site of yours.")
        return _cards(connection, caller, [comment], scorer)[0]


def last_decision(db: Database, caller: Caller) -> Card | None:
    """Return what the moderator decided last and can still take back, wherever they did so."""
    with db.read() as connection:
        ids = audit.last_of(connection, COMMENT, caller.actor_kind, caller.name, LAST_DEEDS)
        for comment in queue.comments_by_id(connection, ids):
            if caller.may("decide", comment.site_id):
                card = _cards(connection, caller, [comment], None)[0]
                if card.undo:
                    return card
    return None


def news(db: Database, caller: Caller, site: str | None, after: str | None) -> News:
    """Return how many pending comments came after one, and the tabs' counts; all capped."""
    wanted = sites_of(caller, site)
    with db.read() as connection:
        new = queue.count(connection, wanted, Status.PENDING, COUNT_CAP, after)
        return News(new, _counts(connection, wanted))


def sites_of(caller: Caller, site: str | None) -> frozenset[str]:
    """Return the sites that are meant: the one named, or all; `NotFound` for one of somebody else."""
    if site is None:
        return caller.sites
    caller.must("see", site)
    return frozenset({site})


def _counts(connection: Connection, wanted: frozenset[str]) -> dict[str, int]:
    return {tab.value: queue.count(connection, wanted, tab, COUNT_CAP) for tab in TABS}


def _cards(
    connection: Connection, caller: Caller, found: Sequence[CommentRow], load: Load | None
) -> list[Card]:
    parents = queue.excerpts(connection, {c.parent_id for c in found if c.parent_id})
    authors = queue.author_records(connection, {(c.site_id, c.author_id) for c in found if c.author_id})
    histories: dict[str, list[AuditEntry]] = {}
    for entry in audit.entries(connection, COMMENT, [c.id for c in found]):
        histories.setdefault(entry.subject_id, []).append(entry)
    policies = sites.policies(connection, {c.site_id for c in found})
    read = {site: policy_or_people(policy) for site, policy in policies.items()}
    has_words = any(policy.banned_words or policy.suspect_words for policy in read.values())
    scorer = load() if load and has_words else None  # loading the model takes time and memory
    # Words are read one by one, and a page has the same ones many times.
    normalise = lru_cache(WORDS_REMEMBERED)(scorer.normalise) if scorer else str
    return [
        Card(
            comment=comment,
            policy=read[comment.site_id],
            parent=parents.get(comment.parent_id or ""),
            author=authors.get((comment.site_id, comment.author_id or "")),
            history=histories.get(comment.id, ()),
            words=tuple(_words(comment, read[comment.site_id], policies[comment.site_id], scorer, normalise)),
            undo=_undo(comment, histories.get(comment.id, ()), caller),
        )
        for comment in found
    ]


def _undo(comment: CommentRow, history: Sequence[AuditEntry], caller: Caller) -> Status | None:
    try:
        return None if comment.is_erased else restored(history, caller.actor_kind, caller.name)
    except IllegalMove:
        return None


def _words(
    comment: CommentRow, policy: Policy, kept: PolicyRow, scorer: Scorer | None, normalise: Normalise
) -> Iterable[tuple[int, int]]:
    if scorer is None or not (policy.banned_words or policy.suspect_words):
        return ()
    rules = rules_of(kept, scorer)
    lists = (rules.banned, rules.suspect)
    return [span for words in lists for span in words.spans(comment.body, normalise)]
