"""Repeats: the same text and nearly the same one, by author, in a thread and on a site.

Proves `service/storage/likenesses.py` too.
"""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from service.domain.days import KeptFor
from service.moderation import deciding
from service.storage.database import Database
from service.storage.tables import Likeness
from service.upkeep import retention
from tests.fakes import FakeClock, FakeScorer
from tests.service.moderation.test_deciding import drain, look, post, reasons

SPAM = "Dr Ode brought back my husband in {} days, believe me"


@pytest.mark.parametrize("is_one_batch", [True, False])
def test_nearly_the_same_text_waits_wherever_it_is_posted(db: Database, is_one_batch: bool) -> None:
    clock, token = FakeClock(), "t" * 30
    ids = []
    for number, more in enumerate(
        ({"author_token": token}, {}, {"thread": "b"}, {"thread": "c", "author_token": token})
    ):
        ids.append(post(db, clock, SPAM.format(number + 2), **more))
        if not is_one_batch:
            drain(db, clock)
    drain(db, clock)

    assert [look(db, one).status for one in ids] == ["approved", "pending", "pending", "pending"]
    assert [look(db, one).reasons[0]["text"] for one in ids[1:]] == [
        "Nearly the same text was posted before in this thread.",
        "Nearly the same text was posted before on this site.",
        "Nearly the same text was posted before by the same author.",
    ]


def test_short_everyday_sentences_are_said_by_many(db: Database) -> None:
    clock = FakeClock()
    said = (
        "Thank you!",
        "Great article, thanks a lot.",
        "I agree.",
        "Well said, Mary!",
        "Happy new year to all!",
    )
    ids = [post(db, clock, text) for text in said * 4]
    drain(db, clock)

    held = {one for one in ids if look(db, one).status != "approved"}
    assert {reason for one in held for reason in reasons(db, one)} <= {"repeat"}
    assert all("Nearly" not in look(db, one).reasons[0]["text"] for one in held)


def test_a_flood_of_one_text_leaves_one_sketch_which_a_day_later_is_gone(db: Database) -> None:
    clock = FakeClock()
    ids = [post(db, clock, SPAM.format(number)) for number in range(300)]
    while deciding.drain(db, scorer=FakeScorer(), clock=clock):
        pass
    clock.forward(days=1, seconds=1)
    with db.read() as connection:
        kept = connection.execute(select(func.count(Likeness.comment_id.distinct()))).scalar_one()
    late = post(db, clock, SPAM.format(1000), thread="late")
    drain(db, clock)
    clock.forward(days=1, seconds=1)
    retention.tidy(db, clock(), KeptFor({}))

    assert kept == 1
    assert sum(look(db, one).status == "approved" for one in ids) == 1
    assert look(db, late).status == "approved"
    with db.read() as connection:
        assert connection.execute(select(func.count()).select_from(Likeness)).scalar_one() == 0
