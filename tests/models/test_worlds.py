"""What the evaluation of the shipped model must say of each world: bars for its next training too."""

from __future__ import annotations

import json
from typing import Any

import pytest

from models import SHIPPED

# Source: most that may be held of the civil ones, least that must be held of the toxic ones, least AUC.
BARS = {
    "cad_reddit": (0.11, 0.49, 0.81),
    "goemotions": (0.025, None, None),
    "github_incivility": (0.02, None, None),
    "convabuse": (0.05, 0.65, 0.89),
    "jigsaw2018_train": (0.05, 0.75, 0.96),
    "wikipedia_context_gc": (0.015, None, None),
    "wikipedia_context_gn": (0.01, None, None),
    "toxigen_annotated": (0.11, 0.61, 0.85),
}


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    """The shipped model's figures by source."""
    evaluation: dict[str, Any] = json.loads((SHIPPED / "evaluation.json").read_bytes())
    return dict(evaluation["worlds"])


@pytest.mark.parametrize("source", BARS)
def test_a_world_is_held_to_its_bars(found: dict[str, Any], source: str) -> None:
    row, (most, least, area) = found[source], BARS[source]

    assert row["civil_held"] <= most
    assert least is None or row["toxic_held"] >= least
    assert area is None or row["roc_auc"] >= area


def test_in_conversation_few_civil_comments_are_held_for_naming_a_group(found: dict[str, Any]) -> None:
    row = found["cad_reddit"]

    assert row["civil_named_held"] <= row["civil_unnamed_held"] + 0.05
