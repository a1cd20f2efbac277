"""What would be held, world by world."""

from __future__ import annotations

import numpy as np
import pytest

from models.evaluating.measuring import Readings
from models.evaluating.worlds import ROWS_AT_LEAST, names_group, worlds
from models.texts.data import COLUMNS, SPAM, Labelled

NAN = float("nan")
ATTRIBUTES = ("TOXICITY", "THREAT")
LIMITS = {"TOXICITY": 0.5, "THREAT": 0.2}


def readings(rows: list[tuple[str, str, float, float, float]]) -> Readings:
    """Return rows of source, text, label and both scores."""
    labels = np.full((len(rows), len(COLUMNS | SPAM)), NAN)
    labels[:, 0] = [label for _, _, label, _, _ in rows]
    data = Labelled([text for _, text, *_ in rows], labels, np.array([source for source, *_ in rows]))
    scores = np.array([[toxicity, threat] for *_, toxicity, threat in rows])
    return Readings(ATTRIBUTES, data, scores, np.zeros(len(rows), np.bool_))


def test_a_text_is_held_for_any_attribute_and_shares_are_by_kind() -> None:
    rows = [("talk", "Our Polish nurse", 0.0, 0.1, 0.3)] * 20 + [("talk", "Our nurse", 0.0, 0.1, 0.1)] * 60
    rows += [("talk", "You fool", 1.0, 0.9, 0.0)] * 30 + [("talk", "You fool", 1.0, 0.4, 0.0)] * 10
    found = worlds(readings(rows), LIMITS)["talk"]

    assert (found["rows"], found["positives"]) == (120, 40)
    assert found["roc_auc"] == 1.0
    assert (found["civil_held"], found["toxic_held"]) == (0.25, 0.75)
    assert (found["civil_named_held"], found["civil_unnamed_held"]) == (1.0, 0.0)


def test_each_source_is_a_world_and_what_is_not_labelled_is_in_none() -> None:
    rows = [("kind", "Thanks", 0.0, 0.1, 0.0)] * ROWS_AT_LEAST + [("other", "Hm", NAN, 0.9, 0.0)]
    found = worlds(readings(rows), LIMITS)

    assert set(found) == {"kind"}
    assert "roc_auc" not in found["kind"]
    assert found["kind"]["civil_held"] == 0.0


def test_a_share_of_a_few_is_left_out() -> None:
    found = worlds(readings([("few", "You fool", 1.0, 0.9, 0.0)] * (ROWS_AT_LEAST - 1)), LIMITS)

    assert set(found["few"]) == {"rows", "positives"}


@pytest.mark.parametrize(
    ("text", "is_named"), [("black people", True), ("black cars", False), ("a Jew", True), ("a woman", False)]
)
def test_words_that_often_name_no_group_are_no_names(text: str, is_named: bool) -> None:
    assert names_group(text) == is_named
