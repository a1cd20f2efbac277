"""Words are marked when nothing waits to be decided, and no decision hangs on it."""

from __future__ import annotations

from service.domain.scores import Span
from service.moderation import deciding
from service.moderation.marking import Marks
from service.storage.database import Database
from tests.fakes import FakeClock, FakeScorer
from tests.service.moderation.test_deciding import act, drain, look, post


def test_words_are_marked_after_the_decisions_are_written(db: Database) -> None:
    seen = []

    class Watching(FakeScorer):
        """Looks what is published while it explains."""

        def explain(self, text: str, attribute: str = "TOXICITY") -> list[Span]:
            seen.append([look(db, one).status for one in (vile, fine)])
            return super().explain(text)

    clock = FakeClock()
    vile, fine = post(db, clock, "You vile thing."), post(db, clock, "A fine remark.")
    drain(db, clock, Watching())

    assert seen == [["pending", "approved"]]
    assert look(db, vile).spans == [[4, 8, 0.8]]
    assert look(db, fine).spans is None


def test_of_too_many_that_wait_for_their_marks_the_newest_get_them(db: Database) -> None:
    clock = FakeClock()
    vile = [post(db, clock, f"vile {n}") for n in range(20)]
    drain(db, clock, most=2)

    assert {look(db, one).status for one in vile} == {"pending"}
    assert [bool(look(db, one).spans) for one in vile] == [False] * 18 + [True] * 2
    assert drain(db, clock) == 0


def test_what_another_model_decided_is_not_explained_by_this_one(db: Database) -> None:
    class Other(FakeScorer):
        """A model that was chosen meanwhile."""

        model_id = "fake-2"

    clock, marks = FakeClock(), Marks()
    vile = post(db, clock, "You vile thing.")
    deciding.drain(db, scorer=FakeScorer(), clock=clock, marks=marks)

    assert marks.mark_next(db, Other())
    assert not marks.mark_next(db, Other())
    assert look(db, vile).spans is None


def test_an_explanation_that_fails_costs_its_own_marks_alone(db: Database) -> None:
    class Fails(FakeScorer):
        """Cannot explain the first."""

        def explain(self, text: str, attribute: str = "TOXICITY") -> list[Span]:
            if "first" in text:
                raise RuntimeError("no words")
            return super().explain(text)

    clock = FakeClock()
    first, second = post(db, clock, "A first vile thing."), post(db, clock, "vile again")
    drain(db, clock, Fails())

    assert (look(db, first).status, look(db, first).spans) == ("pending", None)
    assert look(db, second).spans == [[0, 4, 0.8]]


def test_a_comment_that_was_decided_meanwhile_is_not_marked(db: Database) -> None:
    class Overtaken(FakeScorer):
        """A moderator acts while it explains."""

        def explain(self, text: str, attribute: str = "TOXICITY") -> list[Span]:
            act(db, clock, vile, "approve", 2)
            return super().explain(text)

    clock = FakeClock()
    vile = post(db, clock, "You vile thing.")
    drain(db, clock, Overtaken())

    assert (look(db, vile).status, look(db, vile).spans) == ("approved", None)
