"""Without a model nothing is published: a person is asked about everything, and word lists still refuse."""

from __future__ import annotations

from service.comments.intake import Draft, Intake
from service.domain.access import OPERATOR
from service.moderation import deciding
from service.sites import sites
from service.storage.database import Database
from service.storage.tables import Comment
from tests.fakes import FakeClock
from workers.silent import Silent


def test_where_no_model_could_be_loaded_a_person_decides(db: Database) -> None:
    clock = FakeClock()
    sites.set_policy(db, OPERATOR, "demo", {"banned_words": ["Casino"]}, clock())
    for body in ("A fine remark.", "Win at the casino now."):
        Intake(db, b"k" * 32).submit(Draft("demo", "https://news.example/a", body, key="a"), clock())

    assert deciding.drain(db, scorer=Silent(), clock=clock) == 2

    with db.read() as connection:
        found = connection.execute(Comment.__table__.select().order_by(Comment.id)).mappings().all()
    assert [row["status"] for row in found] == ["pending", "rejected"]
    assert {row["model_id"] for row in found} == {"none"}
