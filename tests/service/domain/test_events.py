"""What host sites are told: the registry of types, and the one form of all events."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from service.domain.comment import Status
from service.domain.events import EVERY, REGISTRY, TEST, TYPES, Snapshot, comment_event, subject_event

NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
ACTOR = {"kind": "token", "name": "olga"}


def test_every_status_of_a_comment_has_its_type_of_event() -> None:
    told = {one.name for one in EVERY if one.subject == "comment"}

    assert told == {f"comment.{status}" for status in Status}


def test_names_are_unique_and_fit_their_columns() -> None:
    assert len(REGISTRY) == len(EVERY)
    assert max(len(one.name) for one in EVERY) <= 40
    assert max(len(one.subject) for one in EVERY) <= 16
    assert all(one.meaning.endswith(".") for one in EVERY)


def test_nobody_asks_for_tests() -> None:
    assert set(TYPES) == set(REGISTRY) - {TEST}


def test_a_comments_event_is_what_it_always_was() -> None:
    comment: dict[str, Any] = {
        "id": "c", "site": "demo", "thread": {"key": "a", "url": "u", "title": None}, "parent_id": None,
        "author_name": "Ann", "body": "Hello.", "status": Status.APPROVED, "created_at": NOW, "sequence": 2,
    }  # fmt: skip
    decision = {"outcome": "approve", "reasons": [], "actor": {"kind": "policy", "name": "policy"}}
    told = comment_event(Snapshot(**comment), decision, NOW)

    assert list(told) == ["type", "timestamp", "data"]
    assert (told["type"], told["timestamp"]) == ("comment.approved", "2026-11-01T12:00:00.000000Z")
    assert told["data"] == {
        "id": "c", "site": "demo", "thread": {"key": "a", "url": "u", "title": None}, "parent_id": None,
        "author": {"name": "Ann"}, "body": "Hello.", "status": "approved",
        "created_at": "2026-11-01T12:00:00.000000Z", "decision": decision, "sequence": 2,
    }  # fmt: skip


def test_any_other_subject_is_told_with_its_kind_its_actor_and_moments_in_utc() -> None:
    closed = NOW.astimezone(timezone(timedelta(hours=2)))
    thread = {"id": "t", "site": "demo", "key": "a", "closed_at": closed, "kind": "none of yours"}
    told = subject_event("thread.closed", thread, ACTOR, 3, NOW)

    assert told["data"] == {
        "id": "t", "site": "demo", "kind": "thread", "key": "a", "closed_at": "2026-11-01T12:00:00.000000Z",
        "actor": ACTOR, "sequence": 3,
    }  # fmt: skip


def test_what_nobody_registered_is_not_told() -> None:
    with pytest.raises(KeyError, match=r"thread\.exploded"):
        subject_event("thread.exploded", {"id": "t", "site": "demo"}, ACTOR, 1, NOW)
