"""What a site with the suggested thresholds would hold, world by world: encyclopedias, conversations, tweets.

A threshold that is right for one world may hold a quarter of the civil comments of the next. Each source of
labelled comments stands for one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

from models.evaluating.behaviour import reaches_any
from models.evaluating.figures import Flags, rounded
from models.evaluating.measuring import Readings
from models.numbers import Floats
from models.reading.identity import STAND_IN, stand_in
from models.reading.normalise import readable

TOXICITY = "TOXICITY"
ROWS_AT_LEAST = 20  # of a kind; a share of fewer says nothing


def worlds(readings: Readings, thresholds: Mapping[str, float]) -> dict[str, dict[str, Any]]:
    """Return, by source, how TOXICITY orders its texts, and what shares of them are held.

    A text is held where any attribute reaches its threshold. ``civil_held`` is of the texts with less than
    half a label for TOXICITY, also of those that name a group and of those that name none; ``toxic_held`` of
    the others. Shares of fewer than `ROWS_AT_LEAST` texts are left out.
    """
    held = reaches_any(readings.scores, readings.attributes, thresholds)
    scores, labels = readings.of(TOXICITY)
    named = np.array([names_group(text) for text in readings.data.texts], np.bool_)
    found = {}
    for source in np.unique(readings.data.sources).tolist():
        rows = (readings.data.sources == source) & ~np.isnan(labels)
        if rows.any():
            found[source] = _world(scores[rows], labels[rows] >= 0.5, held[rows], named[rows])
    return found


def names_group(text: str) -> bool:
    """Say whether a text as typed names a group that the careful reader does not see.

    >>> names_group("Our Polish nurse"), names_group("a black car")
    (True, False)
    """
    return STAND_IN in stand_in(readable(text, frozenset()))


def _world(scores: Floats, toxic: Flags, held: Flags, named: Flags) -> dict[str, Any]:
    found: dict[str, Any] = {"rows": len(toxic), "positives": int(toxic.sum())}
    if 0 < found["positives"] < found["rows"]:
        found["roc_auc"] = rounded(roc_auc_score(toxic, scores))
    kinds = {
        "toxic_held": toxic,
        "civil_held": ~toxic,
        "civil_named_held": ~toxic & named,
        "civil_unnamed_held": ~toxic & ~named,
    }
    shares = {name: rounded(held[rows].mean()) for name, rows in kinds.items() if rows.sum() >= ROWS_AT_LEAST}
    return found | shares
