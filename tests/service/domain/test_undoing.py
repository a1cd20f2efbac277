"""What may be taken back: one's own last decision, once, and never so that unread words are published."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.audit import COMMENT, Entry
from service.domain.comment import MOVES, Status
from service.domain.errors import IllegalMove
from service.domain.undoing import DECISIONS, MOVE_TO, restored

NOW = datetime(2026, 11, 1, tzinfo=UTC)
APPROVES = ("mo", "approve", "pending", "approved")
REJECTS = ("mo", "reject", "pending", "rejected")
JO_REJECTS = ("jo", *REJECTS[1:])
ASKED = [("author", "post", None, "received"), ("policy", "review", "received", "pending")]
PASSED = [("author", "post", None, "received"), ("policy", "approve", "received", "approved")]


def told(*deeds: tuple[str, str, str | None, str], words: tuple[str, ...] = ()) -> list[Entry]:
    """Return a history of (who, action, from, to); ``words`` are hashes of the text, the last goes on."""
    kinds = {"author": "author", "policy": "policy"}
    return [
        Entry(COMMENT, "c", number, kinds.get(who, "moderator"), who, action, before, after,
              (words or ("a",))[min(number - 1, len(words or ("a",)) - 1)],
              None, None, None, None, None, NOW)
        for number, (who, action, before, after) in enumerate(deeds, 1)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("deeds", "back_to"),
    [
        ([*ASKED, APPROVES], "pending"),
        ([*ASKED, REJECTS], "pending"),
        ([*PASSED, ("mo", "reject", "approved", "rejected")], "approved"),
        ([*PASSED, ("mo", "reopen", "approved", "pending")], "approved"),
        ([*ASKED, JO_REJECTS, ("mo", "reopen", "rejected", "pending")], "rejected"),
        ([ASKED[0], ("mo", "approve", "received", "approved")], "pending"),  # nobody had decided it
    ],
)  # fmt: skip
def test_an_undo_leads_back_to_where_the_comment_stood(deeds, back_to):
    assert restored(told(*deeds), "moderator", "mo") == back_to


@pytest.mark.parametrize(
    ("deeds", "why"),
    [
        ([], "not made by you"),
        (ASKED, "not made by you"),
        ([*ASKED, JO_REJECTS], "not made by you"),
        ([*ASKED, REJECTS, ("jo", "approve", "rejected", "approved")], "by you"),
        ([*ASKED, REJECTS, ("mo", "undo", "rejected", "pending")], "already"),
        ([*ASKED, APPROVES, ("author", "delete", "approved", "deleted")], "by you"),
        ([*ASKED, APPROVES, ("author", "edit", "approved", "approved")], "by you"),
        ([*ASKED, ("mo", "delete", "pending", "deleted")], "no decision"),
    ],
)  # fmt: skip
def test_where_there_is_nothing_of_ones_own_there_is_nothing_to_undo(deeds, why):
    with pytest.raises(IllegalMove, match=why):
        restored(told(*deeds), "moderator", "mo")


def test_another_of_the_same_name_is_somebody_else():
    with pytest.raises(IllegalMove, match="not made by you"):
        restored(told(*ASKED, REJECTS), "operator", "mo")


def test_words_that_were_changed_after_they_were_approved_wait_for_a_person():
    """Approved, edited by the author, refused for it: to take that back must not publish the new words."""
    deeds = [*PASSED, ("author", "edit", "approved", "approved"), ("mo", "reject", "approved", "rejected")]

    assert restored(told(*deeds, words=("a", "a", "b", "b")), "moderator", "mo") == Status.PENDING
    assert restored(told(*deeds, words=("a", "a", "a", "a")), "moderator", "mo") == Status.APPROVED


@given(st.lists(st.tuples(st.sampled_from(["mo", "jo"]), st.sampled_from([*DECISIONS, "undo"])), max_size=12))
def test_whatever_was_done_an_undo_never_publishes_what_nobody_approved(wanted):
    """Only moves that the rules allow are made; then everybody tries to undo."""
    deeds, status = [*ASKED], Status.PENDING
    for who, action in wanted:
        try:
            move = MOVE_TO[restored(told(*deeds), "moderator", who)] if action == "undo" else action
            after = MOVES[status][move]
        except (IllegalMove, KeyError):
            continue
        deeds.append((who, action, str(status), str(after)))
        status = after
        if action == "undo" and after is Status.APPROVED:
            assert "approve" in [done for _, done, _, _ in deeds[:-1]]
        if action == "undo":
            with pytest.raises(IllegalMove):
                restored(told(*deeds), "moderator", who)


def test_every_status_that_an_undo_leads_to_has_its_move():
    assert {status for status, move in MOVE_TO.items() if move in DECISIONS} == {
        Status.PENDING, Status.APPROVED, Status.REJECTED,
    }  # fmt: skip
