"""The card says what the artifact's own files say.

Proves `models/evaluating/card_text.py` too.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models import SHIPPED, Scorer, load_scorer
from models.evaluating.card import CARD, card_text, write_card
from models.evaluating.evaluation import evaluate
from models.reading import artifact, files
from models.reading.artifact import CarefulFiles
from models.reading.joint import Join, route_width
from models.texts.data import COLUMNS
from tests.models.evaluating.test_evaluation import FakeScorer, rows_of_all_kinds, write_rows


@pytest.fixture(scope="module")
def evaluation() -> dict[str, Any]:
    """What the shipped model's own file says of it."""
    found: dict[str, Any] = json.loads((SHIPPED / "evaluation.json").read_bytes())
    return found


@pytest.fixture(scope="module")
def card() -> str:
    return CARD.read_text(encoding="utf-8")


def section(card: str, title: str) -> str:
    """Return a part of a card, up to the next title of any level."""
    found = re.search(rf"^#+ {re.escape(title)}\n(.*?)(?=^#|\Z)", card, re.DOTALL | re.MULTILINE)
    assert found, title
    return found[1]


def on_one_line(text: str) -> str:
    return " ".join(text.split())


def with_ends(row: dict[str, Any], name: str) -> str:
    low, high = row["intervals"][name]
    return f"{row[name]:.3f} ({low:.3f}–{high:.3f})"


def test_the_card_is_the_one_made_from_the_shipped_model(card: str) -> None:
    assert card == card_text()


def test_the_card_is_of_the_shipped_model(card: str, evaluation: dict[str, Any], shipped: Scorer) -> None:
    assert evaluation["model"] == shipped.model_id
    assert card.startswith(f"# Model card: {shipped.model_id}\n")


def test_every_figure_of_an_attribute_stands_in_the_card(card: str, evaluation: dict[str, Any]) -> None:
    english = section(card, "English")
    figures = ("roc_auc", "average_precision", "ece", "recall", "false_alarms")

    for name, row in evaluation["attributes"].items():
        cells = " | ".join(with_ends(row, figure) for figure in figures)
        assert f"| {name} | {row['positives']} | {cells} |" in english
    assert f"Mean AUC of the six: {with_ends(evaluation, 'mean_roc_auc')}." in english
    assert with_ends(evaluation["natural"], "roc_auc") in english
    for name, row in evaluation["sources"].items():
        assert f"| {name} | {row['rows']:,} | {row['positives']:,} | {with_ends(row, 'roc_auc')} |" in card


def test_thresholds_stand_beside_their_expected_errors(
    card: str, evaluation: dict[str, Any], shipped: Scorer
) -> None:
    table = section(card, "Thresholds and expected errors")

    for name, limit in shipped.thresholds.items():
        if name in COLUMNS:
            found = evaluation["errors"][name]["per_1000"]
            wrong = f"{found['false_negatives']} | {found['false_positives']}"
            assert f"| {name} | {limit:.3f} | {found['true_positives']} | {wrong} |" in table


def test_every_beta_language_has_figures_of_its_own(
    card: str, evaluation: dict[str, Any], shipped: Scorer
) -> None:
    titles = {"de": "German (beta)", "ko": "Korean (beta)", "pt": "Portuguese (beta)"}

    assert shipped.beta_languages == titles.keys()
    for code, title in titles.items():
        for name, row in evaluation["languages"][code]["attributes"].items():
            assert f"| {name} | {row['positives']} | {with_ends(row, 'roc_auc')} |" in section(card, title)


def test_the_card_tells_fairness_behaviour_and_robustness(card: str, evaluation: dict[str, Any]) -> None:
    for code, row in evaluation["fairness"].items():
        assert f"| {code} | {len(row['identities'])} | {row['final_bias_metric']:.3f} |" in card
        worst = row["minimum"]["bpsn_auc"]
        assert f"{worst['value']:.3f} ({worst['identity']})" in card
    for name, suite in evaluation["behaviour"]["suites"].items():
        row = f"| {name.replace('_', ' ')} | {suite['cases']} | {suite['passed']} |"
        assert row in section(card, "Behaviour")
    for means in evaluation["robustness"]["means"].values():
        assert f"{means['kept']:.1%}" in section(card, "Robustness")


def test_attributes_without_evidence_are_not_supported(
    card: str, evaluation: dict[str, Any], trained: Path
) -> None:
    verdict = re.search(r"\*\*SPAM\*\*: (not )?supported", card)
    of_trained = card_text(trained)

    assert verdict
    assert (verdict[1] is None) == evaluation["spam"]["supported"]
    assert "**SEXUALLY_EXPLICIT**: not supported" in card
    assert "**SPAM**: not supported. This model has no output for it." in of_trained


def test_the_card_credits_every_source_that_was_trained_on(card: str) -> None:
    data = section(card, "Data and licences")

    for words in (
        "CC BY-SA 3.0",
        "CC BY-SA 3.0 ES",
        "CC BY-SA 4.0",
        "CC BY 4.0",
        "MIT",
        "CC0",
        "Wikipedia contributors",
        "Vicomtech",
        "GermEval 2018",
        "ToLD-Br",
        "KOCO; K-MHaS",
        "UCI, YouTube Spam Collection",
        "Davidson",
        "templates",
    ):
        assert words in data


def test_the_card_says_that_its_figures_are_flattered(card: str) -> None:
    assert "somewhat flattered" in on_one_line(section(card, "Figures"))


def test_a_card_is_written_for_another_model_too(trained: Path, tmp_path: Path) -> None:
    write_card(trained, tmp_path / "CARD.md")
    card = (tmp_path / "CARD.md").read_text(encoding="utf-8")

    assert card.startswith(
        f"# Model card: {load_scorer(trained).model_id}\n\nA fast reader for comments in English"
    )
    assert "This model has no careful reader." in card
    assert "MiniLM" not in card
    assert not re.search(r"[{}]", card)


@pytest.fixture
def joint(trained: Path, tmp_path: Path) -> Path:
    """The folder of a model that has a careful reader, by its files, and a full evaluation."""
    model = artifact.load(trained)
    margins, outputs = len(model.kernels["en"].attributes), 11
    join = Join(
        tuple(COLUMNS),
        outputs,
        np.zeros((margins + outputs, len(COLUMNS))),
        np.zeros(len(COLUMNS)),
        np.zeros((route_width(margins) + 1, len(COLUMNS))),
        (-2.5, 1.25),
    )
    careful = CarefulFiles(b"a network", "{}")
    folder = tmp_path / "joint"
    artifact.save(folder, artifact.Artifact(model.kernels, join, careful, model.header))
    data = write_rows(tmp_path / "all.csv.gz", rows_of_all_kinds() * 2)
    files.add_evaluation(folder, evaluate(FakeScorer(), data, 0.25))
    return folder


def test_the_card_of_both_readers_says_how_they_are_joined_and_what_that_brings(joint: Path) -> None:
    evaluation = json.loads((joint / "evaluation.json").read_bytes())
    card = card_text(joint)
    adds = section(card, "What the careful reader adds")

    assert "Two readers, a fast and a careful one," in card
    assert "from -2.50 to 1.25" in on_one_line(section(card, "How it reads"))
    assert f"17 and {route_width(6) + 1} coefficients an attribute of join and router" in on_one_line(
        section(card, "Figures")
    )
    assert f"{evaluation['readers']['share_read_carefully']['natural']:.1%} of comments as they came" in adds
    for reader, name in (("joint", "both, as it is"), ("fast", "the fast reader alone")):
        for place in ("reference", "natural"):
            row = evaluation["readers"]["toxicity"][reader][place]
            assert f"| {name} | {place} | {with_ends(row, 'roc_auc')} |" in adds
    for words in ("all-MiniLM-L6-v2", "Apache-2.0", "Nils Reimers", "Microsoft", "BERT uncased"):
        assert words in section(card, "Data and licences")
    assert not re.search(r"[{}]", card)
