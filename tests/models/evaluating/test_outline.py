"""The main figures of an evaluation."""

from __future__ import annotations

from models import SHIPPED
from models.evaluating.outline import outline
from models.registry import evaluation_of


def test_the_outline_has_the_figures_of_the_evaluation() -> None:
    found = evaluation_of(SHIPPED)
    short = outline(found)
    toxicity, behaviour = found["attributes"]["TOXICITY"], found["behaviour"]

    assert short.model == found["model"]
    assert list(short.attributes) == list(found["attributes"])
    assert short.attributes["TOXICITY"].roc_auc == toxicity["roc_auc"]
    assert short.attributes["TOXICITY"].intervals == toxicity["intervals"]
    assert set(short.languages) == set(found["languages"])
    assert short.passed_of == (behaviour["passed"], behaviour["cases"])
    assert short.held is not None
    assert short.robustness is not None


def test_what_the_data_cannot_tell_is_none() -> None:
    bare = {"rows": 4, "positives": 0}
    short = outline({"model": "m", "rows": 0, "prior": 0.1, "attributes": {"THREAT": bare}, "languages": {}})

    assert (short.attributes["THREAT"].positives, short.attributes["THREAT"].roc_auc) == (0, None)
    assert (short.mean_roc_auc, short.held, short.natural, short.spam) == (None, None, None, None)
    assert (short.passed_of, short.robustness, dict(short.fairness)) == (None, None, {})
