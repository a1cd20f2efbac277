"""Gathering evidence, and the rules that are kept ready for it."""

from __future__ import annotations

import gc
import weakref

from service.moderation import evidence
from service.moderation.evidence import rules_of
from tests.fakes import FakeScorer


class Named(FakeScorer):
    """A scorer with an id of its own."""

    def __init__(self, model_id: str) -> None:
        super().__init__()
        self.model_id = model_id


def test_a_model_that_was_replaced_is_freed() -> None:
    scorer = Named("replaced")
    rules_of({"banned_words": ["voldemort"]}, scorer)
    gone = weakref.ref(scorer)
    del scorer
    gc.collect()

    assert gone() is None


def test_rules_are_built_once_for_a_policy_and_a_model() -> None:
    document = {"suspect_words": ["shill"]}

    assert rules_of(document, Named("a")) is rules_of(dict(document), Named("a"))
    assert rules_of(document, Named("a")) is not rules_of(document, Named("b"))


def test_no_more_rules_are_kept_than_there_is_room_for() -> None:
    for number in range(evidence.RULES_KEPT + 5):
        rules_of({"max_links": number % 100, "banned_words": [f"w{number}"]}, Named("room"))

    assert len(evidence._built) == evidence.RULES_KEPT
