"""What a moderator looks at: a page of the review queue with all that is needed to decide."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection

from service.domain.access import Caller
from service.domain.comment import Status
from service.domain.errors import NotFound
from service.domain.policy import Policy
from service.domain.policy_document import policy_from
from service.domain.scores import Scorer
from service.moderation.evidence import rules_of
from service.storage import comments, queue, sites
from service.storage.database import Database
from service.storage.records import Record

PAGE = 50
COUNT_CAP = 1000  # a tab says "999+" from here on
TABS = (Status.PENDING, Status.APPROVED, Status.REJECTED)


@dataclass(frozen=True, slots=True)
class Card:
    """One comment with its surroundings.

    ``words`` are the places of the site's banned and suspect words in the body, in UTF-16 code units;
    ``author`` counts the author's comments by status, and is None where the author is not known;
    ``history`` are the audit rows, oldest first.
    """

    comment: Record
    policy: Policy
    parent: Record | None
    author: Mapping[str, int] | None
    history: Sequence[Record]
    words: Sequence[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class QueuePage:
    """One page of the queue: cards, tabs with their counts (capped), and where the next page begins."""

    cards: Sequence[Card]
    counts: Mapping[str, int]
    next_cursor: str | None
    site: str | None
    status: str
    site_names: Mapping[str, str]


def pending_page(
    db: Database,
    identity: Caller,
    site: str | None = None,
    status: str = Status.PENDING,
    cursor: str | None = None,
    limit: int = PAGE,
    *,
    scorer: Scorer | None = None,
) -> QueuePage:
    """Return one page of what waits, oldest first, or of what was decided, newest first.

    Parameters
    ----------
    site : str, optional
        One site; all of the moderator's if left out.
    cursor : str, optional
        Last id of the page before.
    scorer : Scorer, optional
        Reads bodies as the word lists do; without it their hits are not marked.

    Raises `NotFound` for a site that the moderator has no role on, or a status that has no tab.
    """
    wanted = sites_of(identity, site)
    if status not in {tab.value for tab in TABS}:
        raise NotFound(f"There is no list of {status!r} comments.")
    newest_first = status != Status.PENDING
    with db.read() as connection:
        ids = queue.page_ids(connection, wanted, status, cursor, limit + 1, newest_first=newest_first)
        found = queue.comments_by_id(connection, ids[:limit])
        return QueuePage(
            cards=_cards(connection, found, scorer),
            counts=_counts(connection, wanted),
            next_cursor=ids[limit - 1] if len(ids) > limit else None,
            site=site,
            status=status,
            site_names=queue.site_names(connection, identity.sites),
        )


def one_card(db: Database, identity: Caller, comment_id: str, *, scorer: Scorer | None = None) -> Card:
    """Return one comment as it stands now; `NotFound` unless it is on a site of the moderator's."""
    with db.read() as connection:
        comment = comments.find_comment(connection, comment_id)
        if comment is None or comment["site_id"] not in identity.sites:
            raise NotFound("There is no such comment on a site of yours.")
        return _cards(connection, [comment], scorer)[0]


def news(db: Database, identity: Caller, site: str | None, after: str | None) -> dict[str, Any]:
    """Return how many pending comments came after one, and the tabs' counts; all capped."""
    wanted = sites_of(identity, site)
    with db.read() as connection:
        new = queue.count(connection, wanted, Status.PENDING, COUNT_CAP, after)
        return {"new": new, "counts": _counts(connection, wanted)}


def sites_of(identity: Caller, site: str | None) -> frozenset[str]:
    """Return the sites that are meant: the one named, or all; `NotFound` for one of somebody else."""
    if site is None:
        return identity.sites
    if site not in identity.sites:
        raise NotFound(f"There is no site {site!r} of yours.")
    return frozenset({site})


def _counts(connection: Connection, wanted: frozenset[str]) -> dict[str, int]:
    return {tab.value: queue.count(connection, wanted, tab, COUNT_CAP) for tab in TABS}


def _cards(connection: Connection, found: Sequence[Record], scorer: Scorer | None) -> list[Card]:
    parents = queue.excerpts(connection, {c["parent_id"] for c in found if c["parent_id"]})
    authors = queue.author_records(
        connection, {(c["site_id"], c["author_id"]) for c in found if c["author_id"]}
    )
    histories = queue.histories(connection, [c["id"] for c in found])
    documents = sites.policies(connection, {c["site_id"] for c in found})
    policies = {site: policy_from(document) for site, document in documents.items()}
    return [
        Card(
            comment=comment,
            policy=policies[comment["site_id"]],
            parent=parents.get(comment["parent_id"]),
            author=authors.get((comment["site_id"], comment["author_id"])),
            history=histories.get(comment["id"], ()),
            words=tuple(_words(comment, documents[comment["site_id"]], scorer)),
        )
        for comment in found
    ]


def _words(comment: Record, document: Mapping[str, Any], scorer: Scorer | None) -> Iterable[tuple[int, int]]:
    if scorer is None or not (document.get("banned_words") or document.get("suspect_words")):
        return ()
    rules = rules_of(orjson.dumps(document), scorer.normalise)
    lists = (rules.banned, rules.suspect)
    return [span for words in lists for span in words.spans(comment["body"], scorer.normalise)]


def read_queue(
    db: Database, *, site: str, status: str, limit: int, cursor: str | None = None
) -> dict[str, Any]:
    """Return one page of a site's comments of one status, oldest first, and the next page's cursor."""
    with db.read() as connection:
        found = comments.by_status(connection, site, status, cursor, limit + 1)
    return {
        "comments": found[:limit],
        "next_cursor": found[limit - 1]["id"] if len(found) > limit else None,
    }
