"""What host sites are told: every type of event by its name, and the one form that all of them have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

TEST = "webhook.test"


@dataclass(frozen=True, slots=True)
class EventType:
    """Something that happens: its name, what kind of thing it happens to, and what it means in a sentence."""

    name: str
    subject: str
    meaning: str


EVERY = (
    EventType("comment.received", "comment", "A comment was posted; nobody sees it yet."),
    EventType("comment.pending", "comment", "A comment waits for a moderator."),
    EventType("comment.approved", "comment", "A comment is public."),
    EventType("comment.rejected", "comment", "A comment was refused, or taken off the page."),
    EventType("comment.deleted", "comment", "A comment was deleted; its text and name are null."),
    EventType("thread.closed", "thread", "A thread takes no more comments."),
    EventType("thread.reopened", "thread", "A closed thread takes comments again."),
    EventType("thread.premoderated", "thread", "A thread's comments all wait for a moderator, or no longer."),
    EventType("thread.renamed", "thread", "A thread has another title or link."),
    EventType("thread.moved", "thread", "A thread has another key; the one before leads there."),
    EventType("thread.merged", "thread", "All comments of a thread went to another; its key leads there."),
    EventType("thread.split", "thread", "Some comments of a thread went to another, with their answers."),
    EventType("thread.restored", "thread", "What was done to a thread was taken back."),
    EventType("site.changed", "site", "A site takes other pages, or spells addresses otherwise."),
    EventType("policy.changed", "policy", "A site's comments are judged by another policy."),
    EventType("endpoint.added", "endpoint", "A webhook endpoint was added."),
    EventType(
        "endpoint.changed", "endpoint", "A webhook endpoint was enabled or disabled, or has a new secret."
    ),
    EventType("endpoint.removed", "endpoint", "A webhook endpoint was removed."),
    EventType("moderator.role_changed", "moderator", "Somebody was given a role on a site, or lost it."),
    EventType(TEST, "endpoint", "Somebody tries an endpoint; it alone is told, and no log has it."),
)
REGISTRY: Mapping[str, EventType] = {one.name: one for one in EVERY}
TYPES = tuple(name for name in REGISTRY if name != TEST)  # what an endpoint may ask for


def timestamp(moment: datetime) -> str:
    """Return a moment as RFC 3339 in UTC with microseconds.

    >>> timestamp(datetime(2026, 1, 1, tzinfo=UTC))
    '2026-01-01T00:00:00.000000Z'
    """
    return moment.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


def envelope(type_: str, data: Mapping[str, object], now: datetime) -> dict[str, object]:
    """Return an event as it is sent; raise `KeyError` for a type that nobody has registered.

    >>> envelope("webhook.test", {"site": "demo"}, datetime(2026, 1, 1, tzinfo=UTC))
    {'type': 'webhook.test', 'timestamp': '2026-01-01T00:00:00.000000Z', 'data': {'site': 'demo'}}
    """
    return {"type": REGISTRY[type_].name, "timestamp": timestamp(now), "data": data}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A comment as an event tells of it; ``thread`` is key, url and title."""

    id: str
    site: str
    thread: Mapping[str, str | None]
    parent_id: str | None
    author_name: str | None
    body: str | None
    status: str
    created_at: datetime
    sequence: int


def comment_event(
    comment: Snapshot, decision: Mapping[str, object] | None, now: datetime
) -> dict[str, object]:
    """Return the event that says where a comment stands now.

    ``decision`` is None, or outcome, reasons and actor. Receivers drop a ``sequence`` lower than the last
    one they saw of the same comment.
    """
    data = {
        "id": comment.id,
        "site": comment.site,
        "thread": comment.thread,
        "parent_id": comment.parent_id,
        "author": {"name": comment.author_name},
        "body": comment.body,
        "status": comment.status,
        "created_at": timestamp(comment.created_at),
        "decision": decision,
        "sequence": comment.sequence,
    }
    return envelope(f"comment.{comment.status}", data, now)


def without_text(event: Mapping[str, Any]) -> dict[str, object]:
    """Return a comment's event without what its author wrote: it still tells what happened to which comment.

    >>> event = {"type": "comment.approved", "data": {"id": "c", "author": {"name": "Zoe"}, "body": "Hello"}}
    >>> without_text(event)
    {'type': 'comment.approved', 'data': {'id': 'c', 'author': {'name': None}, 'body': None}}
    """
    return {**event, "data": {**event["data"], "author": {"name": None}, "body": None}}


def subject_event(
    type_: str, subject: Mapping[str, object], actor: Mapping[str, str], sequence: int, now: datetime
) -> dict[str, object]:
    """Return the event of anything that is no comment: the subject as it stands now, and who did it.

    ``subject`` has ``id``, ``site`` and whatever else describes it, and goes out as it is; moments are
    written out. ``actor`` is kind and name. Receivers drop a ``sequence`` lower than the last one they
    saw of the same kind and id.

    Raises
    ------
    KeyError
        If nobody has registered the type, or the subject has no ``id`` or ``site``.

    >>> thread = {"id": "t", "site": "demo", "closed_at": datetime(2026, 1, 1, tzinfo=UTC)}
    >>> actor = {"kind": "token", "name": "olga"}
    >>> subject_event("thread.closed", thread, actor, 2, datetime(2026, 1, 1, tzinfo=UTC))["data"]
    ... # doctest: +NORMALIZE_WHITESPACE
    {'id': 't', 'site': 'demo', 'kind': 'thread', 'closed_at': '2026-01-01T00:00:00.000000Z',
     'actor': {'kind': 'token', 'name': 'olga'}, 'sequence': 2}
    """
    first = {"id": subject["id"], "site": subject["site"], "kind": REGISTRY[type_].subject}
    rest = {name: _plain(value) for name, value in subject.items() if name not in first}
    return envelope(type_, {**first, **rest, "actor": dict(actor), "sequence": sequence}, now)


def _plain(value: object) -> object:
    return timestamp(value) if isinstance(value, datetime) else value


def endpoint_test(endpoint_id: str, site: str, now: datetime) -> dict[str, object]:
    """Return the event that tries an endpoint. It has no place in the order of the endpoint's own events."""
    return envelope(TEST, {"endpoint": endpoint_id, "site": site}, now)
