"""The status machine, whatever is tried on it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.comment import ACTIONS as MODERATORS
from service.domain.comment import MOVES, Status, after, choices
from service.domain.errors import IllegalMove

ACTIONS = ("approve", "review", "reject", "reopen", "delete", "undo", "")


@given(st.lists(st.sampled_from(ACTIONS), max_size=12))
def test_a_comment_is_only_public_after_an_approval_and_never_again_after_deletion(
    actions: list[str],
) -> None:
    status, last, deleted = Status.RECEIVED, "", False
    for action in actions:
        try:
            status, last = after(status, action), action
        except IllegalMove:
            continue
        deleted = deleted or status is Status.DELETED

    assert (status is Status.APPROVED) == (last == "approve")
    assert not deleted or status is Status.DELETED


def test_every_action_of_a_moderator_leads_from_somewhere_and_undo_is_no_move() -> None:
    moves = {action for possible in MOVES.values() for action in possible}

    assert set(MODERATORS) - moves == {"undo"}
    assert {action for status in Status for action in choices(status)} == set(MODERATORS) - {"undo"}


@pytest.mark.parametrize("status", Status)
def test_nothing_leads_back_to_received(status: Status) -> None:
    assert Status.RECEIVED not in MOVES[status].values()
