"""Marks, bars and words on a card: pure functions."""

from __future__ import annotations

import doctest
from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from service.domain.comment import ACTIONS
from service.domain.policy_document import policy_from
from service.moderation.queue import Card
from service.review import cards
from tests.growth import LINEAR, growth

SPANS = st.lists(st.tuples(st.integers(-5, 40), st.integers(-5, 40), st.floats(0, 1)), max_size=5)


@given(st.text(max_size=30), SPANS, st.lists(st.tuples(st.integers(-5, 40), st.integers(-5, 40)), max_size=3))
def test_marks_never_change_the_text(body, spans, words):
    assert "".join(part.text for part in cards.segments(body, spans, words)) == body


def test_marking_costs_by_the_length_of_the_text():
    def marked(body):
        return cards.segments(body, [], [(at, at + 3) for at in range(0, len(body), 4)])

    assert growth(marked, "ass " * 400, "ass " * 1600) < LINEAR


def test_offsets_count_as_browsers_count():
    parts = cards.segments("😀😀 fool", [(5, 9, 0.5)], [])

    assert [(part.text, part.level) for part in parts] == [("😀😀 ", 0), ("fool", 3)]


def test_every_action_has_its_button_and_its_words():
    assert set(cards.BUTTONS) == set(ACTIONS) - {"undo"}
    assert set(ACTIONS) <= set(cards.DID)


def test_half_a_character_is_no_place_to_cut():
    assert [part.level for part in cards.segments("😀 fool", [(1, 4, 0.9)], [])] == [0]


def test_a_listed_word_is_marked_above_the_score():
    assert [part.level for part in cards.segments("fool", [(0, 4, 0.9)], [(0, 4)])] == [cards.WORD]


def test_a_share_too_small_to_matter_is_not_marked():
    assert [part.level for part in cards.segments("a fool", [(0, 1, 0.01), (2, 6, 0.05)], [])] == [0, 1]


def test_only_web_addresses_become_links():
    assert cards.web_address("https://news.example/") == "https://news.example/"
    assert cards.web_address("javascript:alert(1)") is None
    assert cards.web_address(None) is None


def test_a_wider_limit_is_told_and_drawn():
    entry = {"code": "unsure", "text": "…", "attribute": "INSULT", "score": 0.31, "threshold": 0.2}
    comment = SimpleNamespace(scores={"INSULT": 0.31, "SPAM": 0.8}, reasons=[entry])
    policy = policy_from({"thresholds": {"SPAM": None}})
    insult, spam = cards.bars(Card(comment, policy, None, None, (), ()))

    assert cards.reason(entry) == "Insult is 0.31; while only the fast reader is at hand, the limit is 0.20."
    assert (insult.limit, insult.is_over) == ("0.20", True)
    assert (spam.label, spam.limit, spam.is_over) == ("Spam", None, False)


def test_a_reason_about_the_name_says_so():
    entry = {"code": "score", "text": "…", "attribute": "INSULT", "score": 0.91, "threshold": 0.4}

    assert cards.reason(entry | {"field": "author_name"}) == "In the name, Insult is 0.91; the limit is 0.40."


def test_the_examples_hold():
    assert doctest.testmod(cards).failed == 0
