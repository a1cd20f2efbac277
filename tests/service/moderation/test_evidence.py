"""Gathering evidence, and the rules that are kept ready for it."""

from __future__ import annotations

import gc
import weakref

from service.comments.intake import Draft, Intake
from service.moderation import evidence
from service.moderation.evidence import rules_of
from service.storage import sites as stored
from service.storage.database import Database
from service.storage.records import PolicyRow
from tests.fakes import FakeClock, FakeScorer
from tests.service.moderation.test_deciding import drain, look, post


class Named(FakeScorer):
    """A scorer with an id of its own."""

    def __init__(self, model_id: str) -> None:
        super().__init__()
        self.model_id = model_id


def policy(document: dict[str, object]) -> PolicyRow:
    return PolicyRow("demo", 1, document)


def test_a_model_that_was_replaced_is_freed() -> None:
    scorer = Named("replaced")
    rules_of(policy({"banned_words": ["voldemort"]}), scorer)
    gone = weakref.ref(scorer)
    del scorer
    gc.collect()

    assert gone() is None


def test_rules_are_built_once_for_a_policy_and_a_model() -> None:
    document = {"suspect_words": ["shill"]}

    assert rules_of(policy(document), Named("a")) is rules_of(policy(dict(document)), Named("a"))
    assert rules_of(policy(document), Named("a")) is not rules_of(policy(document), Named("b"))


def test_no_more_rules_are_kept_than_there_is_room_for() -> None:
    for number in range(evidence.RULES_KEPT + 5):
        rules_of(policy({"max_links": number % 100, "banned_words": [f"w{number}"]}), Named("room"))

    assert len(evidence._built) == evidence.RULES_KEPT


def test_a_policy_that_cannot_be_read_asks_people_and_stops_no_other_site(db: Database) -> None:
    clock = FakeClock()
    with db.write() as connection:
        stored.set_policy(connection, "other", {"from": "a later release"}, {}, "by hand", clock())
    here = post(db, clock, "A fine remark.")
    draft = Draft("other", "https://other.example/a", "Another fine remark.", key="a")
    there = Intake(db, b"k" * 32).submit(draft, clock()).id

    assert drain(db, clock) == 2
    assert (look(db, here).status, look(db, there).status) == ("approved", "pending")
