"""Old and new scores of the same texts, collected batch by batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from models.evaluating.pairs import Pairs


@dataclass(frozen=True)
class Text:
    number: int
    id: str | None
    scores: Mapping[str, float]


@dataclass(frozen=True)
class Read:
    scores: Mapping[str, float]
    language: str = "en"
    supported: bool = True
    is_beta: bool = False


@pytest.fixture
def pairs() -> Pairs:
    found = Pairs(("TOXICITY", "INSULT", "THREAT"), keeps_ids=True)
    for start in (0, 10):
        texts = [Text(n, f"t{n}", {"TOXICITY": n / 20, "INSULT": 0.5}) for n in range(start, start + 10)]
        readings = [Read({"TOXICITY": (n / 20) ** 2, "THREAT": 0.1}) for n in range(start, start + 10)]
        found.add(texts, readings)
    return found


def test_attributes_with_both_scores_are_compared_over_all_batches(pairs: Pairs) -> None:
    found = pairs.overview("model-1")

    assert (found.model, found.texts, dict(found.languages)) == ("model-1", 20, {"en": 20})
    assert list(found.attributes) == ["TOXICITY"]
    assert found.attributes["TOXICITY"].texts == 20
    assert found.attributes["TOXICITY"].rank_correlation == 1.0
    assert "differing" not in found.as_json()["attributes"]["TOXICITY"]


def test_a_text_that_the_model_does_not_read_is_left_out_and_counted(pairs: Pairs) -> None:
    pairs.add([Text(20, None, {"TOXICITY": 1.0})], [Read({}, "xx", supported=False)])

    assert pairs.overview("model-1").unread_texts == 1
    assert pairs.overview("model-1").texts == 20


def test_the_texts_that_differ_most_are_named(pairs: Pairs) -> None:
    pairs.add([Text(20, "odd", {"TOXICITY": 1.0})], [Read({"TOXICITY": 0.0})])
    rows = pairs.overview("model-1", differing=2).attributes["TOXICITY"].differing

    assert rows is not None
    assert (rows[0].line, rows[0].id, rows[0].old, rows[0].new) == (20, "odd", 1.0, 0.0)
    assert len(rows) == 2
    assert (
        pairs.overview("model-1", differing=1).as_json()["attributes"]["TOXICITY"]["differing"][0]["line"]
        == 20
    )
