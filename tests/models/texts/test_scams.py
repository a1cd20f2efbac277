"""Spam written from a grammar: repeatable, distinct, and as often civil with the same words."""

from __future__ import annotations

import json
import re
from collections import Counter
from importlib.resources import files

import pytest

from models.texts.scams import ScamRow, rows, scam_grammar

TRADES = ["bitcoin", "casino", "telegram", "whatsapp", "loan", "http", "call", "free", "job", "channel", "dr"]


@pytest.fixture(scope="module")
def many() -> list[ScamRow]:
    return rows(12_000, seed=7)


def test_the_same_seed_gives_the_same_rows_and_another_seed_others() -> None:
    assert rows(200, seed=1) == rows(200, seed=1)
    assert rows(200, seed=1) != rows(200, seed=2)


def test_few_rows_are_the_beginning_of_many() -> None:
    assert rows(40, seed=3) == rows(90, seed=3)[:40]


def test_there_are_as_many_rows_as_asked_for_and_no_two_are_alike(many: list[ScamRow]) -> None:
    assert len({row.text.casefold() for row in many}) == len(many) == 12_000
    assert rows(0, seed=1) == []


def test_a_negative_count_is_refused() -> None:
    with pytest.raises(ValueError, match="must not be negative, got -1"):
        rows(-1, seed=1)


def test_half_of_the_rows_are_spam_and_families_take_turns(many: list[ScamRow]) -> None:
    assert sum(row.is_spam for row in many) == len(many) / 2
    for is_spam in (True, False):
        times = Counter(row.family for row in many if row.is_spam == is_spam)
        assert times.keys() == scam_grammar("train").families[is_spam].keys()
        assert max(times.values()) < 2 * min(times.values())


def test_nothing_is_left_unfilled(many: list[ScamRow]) -> None:
    both = [*many, *rows(1_000, seed=0, part="dev")]

    assert not [row.text for row in both if re.search(r"[{}§]|\[[^\]]*\|", row.text) and "|" not in row.text]
    assert not [row.text for row in both if row.text != row.text.strip() or not row.text]


@pytest.mark.parametrize("word", TRADES)
def test_words_of_the_trade_stand_on_both_sides(word: str, many: list[ScamRow]) -> None:
    sides = Counter(row.is_spam for row in many if word in row.text.casefold())

    assert min(sides[True], sides[False]) >= 0.1 * sides.total() > 0


def test_the_parts_share_no_pattern_and_no_text() -> None:
    train, dev = scam_grammar("train"), scam_grammar("dev")

    for is_spam, families in train.families.items():
        for family, patterns in families.items():
            assert set(patterns).isdisjoint(dev.families[is_spam][family]), family
    for name in ("first", "last", "odd", "call", "plain", "spam_word", "money"):
        assert set(train.slots[name]).isdisjoint(dev.slots[name]), name
    texts = {row.text for row in rows(12_000, seed=0)}
    assert texts.isdisjoint(row.text for row in rows(1_000, seed=0, part="dev"))


def test_the_grammar_is_rich_and_lists_nothing_twice() -> None:
    found = json.loads(files("models.texts").joinpath("scams.json").read_text("utf-8"))
    patterns = [
        pattern for side in ("spam", "civil") for family in found[side].values() for pattern in family
    ]

    assert len(patterns) >= 1_400
    assert [item for item, times in Counter(patterns).items() if times > 1] == []


def test_every_site_is_under_a_reserved_name() -> None:
    listed = files("models.texts").joinpath("scams.json").read_text("utf-8")

    assert (
        set(re.findall(r"\w\.(com|org|net|gov|de|io|co|xyz|top)\b", listed.replace("example.", "_"))) == set()
    )


def test_styles_vary(many: list[ScamRow]) -> None:
    spam = [row.text for row in many if row.is_spam]
    civil = [row.text for row in many if not row.is_spam]

    for texts in (spam, civil):
        assert any(text.isupper() for text in texts)
        assert any(text.islower() for text in texts)
        assert sum(not text.isascii() for text in texts) > 0.05 * len(texts)
    assert sum(len(text) > 300 for text in civil) > 0.02 * len(civil)
