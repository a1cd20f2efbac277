"""The card says what the artifact's own files say."""

from __future__ import annotations

import json
from pathlib import Path

from models import SHIPPED, load_scorer
from models.card import CARD, card_text, write_card


def test_the_card_is_the_one_made_from_the_shipped_model() -> None:
    assert CARD.read_text(encoding="utf-8") == card_text()


def test_every_figure_of_the_evaluation_stands_in_the_card() -> None:
    evaluation = json.loads((SHIPPED / "evaluation.json").read_bytes())
    card = CARD.read_text(encoding="utf-8")

    assert evaluation["model"] == load_scorer().model_id
    assert f"# Model card: {evaluation['model']}\n" in card
    for name, row in evaluation["attributes"].items():
        assert f"| {name} | {row['positives']} | {row['roc_auc']:.3f} |" in card
    for name, row in evaluation["sources"].items():
        assert f"| {name} | {row['rows']} | {row['positives']} | {row['roc_auc']:.3f} |" in card


def test_the_card_credits_every_source_that_was_trained_on() -> None:
    card = CARD.read_text(encoding="utf-8")

    for words in (
        "CC BY-SA 3.0",
        "CC BY-SA 3.0 ES",
        "CC BY 4.0",
        "MIT",
        "CC0",
        "Wikipedia contributors",
        "Vicomtech",
    ):
        assert words in card


def test_a_card_is_written_for_another_model_too(trained: Path, tmp_path: Path) -> None:
    write_card(trained, tmp_path / "CARD.md")

    assert load_scorer(trained).model_id in (tmp_path / "CARD.md").read_text(encoding="utf-8")
