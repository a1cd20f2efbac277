"""Everyday spam is held and civil talk with the same words is not, by the model that we ship.

The texts are written by hand for this; none comes from the grammar that the head SPAM learns from.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from models import Scorer, load_scorer

EVERYDAY = json.loads((Path(__file__).parent / "everyday_spam.json").read_text("utf-8"))
HELD_AT_LEAST, ALARMS_AT_MOST = 0.80, 0.05
# Reported as wrong once: what they are, and whether they are spam.
REPORTED = (
    ("Bitcoin doubled my savings, contact the trader on Telegram @example", True),
    ("Earn $500 a day from home, message me on WhatsApp", True),
    ("The council's page is at https://www.example.org/minutes.pdf, see item 4.", False),
    ("I subscribed to the paper years ago", False),
)


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    """The shipped model."""
    return load_scorer()


def held(scorer: Scorer, texts: list[str]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Say of each text whether SPAM reaches its suggested threshold."""
    limit = scorer.thresholds["SPAM"]
    return np.array([reading.scores["SPAM"] >= limit for reading in scorer.read(texts)])


def test_there_are_enough_texts_and_none_is_there_twice() -> None:
    texts = [*EVERYDAY["spam"], *EVERYDAY["civil"]]

    assert min(len(EVERYDAY["spam"]), len(EVERYDAY["civil"])) >= 60
    assert len(set(texts)) == len(texts)


def test_everyday_spam_is_held(scorer: Scorer) -> None:
    found = held(scorer, EVERYDAY["spam"])
    missed = [text for text, is_held in zip(EVERYDAY["spam"], found, strict=True) if not is_held]

    assert found.mean() >= HELD_AT_LEAST, missed


def test_civil_talk_with_links_money_and_phones_is_not(scorer: Scorer) -> None:
    found = held(scorer, EVERYDAY["civil"])
    alarms = [text for text, is_held in zip(EVERYDAY["civil"], found, strict=True) if is_held]

    assert found.mean() <= ALARMS_AT_MOST, alarms


@pytest.mark.parametrize(("text", "is_spam"), REPORTED)
def test_what_was_reported_is_right_now(text: str, is_spam: bool, scorer: Scorer) -> None:
    assert held(scorer, [text])[0] == is_spam
