"""What the model that we ship must hold and must let pass, whatever symbol, person or length is in it.

The texts are written by hand for this. None is learnt from: the grammars that teach have other words
(`tests/models/texts/test_apart.py`). A text is held where any attribute reaches its suggested threshold,
which is what a site has by default.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from pathlib import Path

import emoji
import pytest

from models import Scorer, load_scorer
from service.domain.policy_members import DEFAULT_REVIEW

TEXTS = json.loads((Path(__file__).parent / "gates.json").read_text("utf-8"))
REGIONAL = range(0x1F1E6, 0x1F200)


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    """The shipped model."""
    return load_scorer()


def held(scorer: Scorer, texts: Sequence[str]) -> list[str]:
    """Return the texts that go to a person."""
    limits = scorer.thresholds
    return [
        text
        for text, reading in zip(texts, scorer.read(texts), strict=True)
        if any(score >= limits[name] for name, score in reading.scores.items())
    ]


def flags() -> list[str]:
    """Return the flags of all countries and regions."""
    return sorted(sign for sign in emoji.EMOJI_DATA if len(sign) == 2 and ord(sign[0]) in REGIONAL)


def padded(length: int) -> str:
    """Return civil sentences of at least so many characters."""
    found = ""
    for sentence in itertools.cycle(TEXTS["civil"]):
        if len(found) >= length:
            return found
        found = f"{found} {sentence}".strip()
    raise AssertionError


def with_abuse(sentence: str, length: int, place: float) -> str:
    """Return a civil text with a bad sentence between two of its own."""
    text = padded(length)
    at = text.find(". ", int(len(text) * place)) + 1 or len(text)
    return f"{text[:at]} {sentence} {text[at:].strip()}".strip()


def test_a_site_s_first_policy_is_what_the_model_suggests(scorer: Scorer) -> None:
    assert dict(scorer.thresholds) == DEFAULT_REVIEW


@pytest.mark.parametrize("kind", ["emoji", "flags"])
def test_an_emoji_in_a_neutral_sentence_is_not_held(scorer: Scorer, kind: str) -> None:
    signs = TEXTS["emoji"].split() if kind == "emoji" else flags()
    sentences = itertools.cycle(TEXTS["neutral"])
    texts = [next(sentences).replace("{e}", sign) for sign in signs for _ in range(3)]

    found = held(scorer, texts)
    assert len(signs) >= 200
    assert len(found) <= 0.01 * len(texts), found


def test_to_be_called_a_person_is_not_held(scorer: Scorer) -> None:
    texts = [
        f"{who} {what.replace('{n}', noun)}."
        for who, what, noun in itertools.product(TEXTS["who"], TEXTS["what"], TEXTS["noun"])
    ]

    found = held(scorer, texts)
    assert len(found) <= 0.03 * len(texts), found


def test_no_group_is_held_for_being_named(scorer: Scorer) -> None:
    of = {group: [text.replace("{g}", group) for text in TEXTS["of_groups"]] for group in TEXTS["groups"]}
    found = {group: wrong for group, texts in of.items() if (wrong := held(scorer, texts))}

    assert sum(map(len, found.values())) <= 0.03 * sum(map(len, of.values())), found
    assert all(len(wrong) <= len(TEXTS["of_groups"]) / 4 for wrong in found.values()), found


def test_a_bad_sentence_is_found_wherever_it_stands(scorer: Scorer) -> None:
    cases = list(itertools.product(TEXTS["padding"], (0.0, 0.5, 1.0), TEXTS["abuse"]))
    # Every sentence, length and place, a third of all: to read such texts carefully takes a while.
    texts = [with_abuse(bad, length, place) for length, place, bad in cases[::3]]

    found = held(scorer, texts)
    assert len(found) >= 0.9 * len(texts), [text[:0] + str(len(text)) for text in texts if text not in found]


def test_the_civil_text_around_it_is_not_held(scorer: Scorer) -> None:
    assert held(scorer, [padded(length) for length in TEXTS["padding"]]) == []


@pytest.mark.parametrize(("kind", "most"), [("kind", 0.025), ("technical", 0.05)])
def test_kindness_and_trade_talk_pass(scorer: Scorer, kind: str, most: float) -> None:
    found = held(scorer, TEXTS[kind])

    assert len(found) <= most * len(TEXTS[kind]), found
