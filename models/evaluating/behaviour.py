"""Whether a scorer does as it should: suites of comments written by hand, each hard in one way.

The comments measure a scorer and never train one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from models.numbers import Floats

SUITES = Path(__file__).parents[1] / "texts" / "suites" / "behaviour.json"
ORDERED_BY = "TOXICITY"  # the attribute whose order of the cases is judged

Labels = NDArray[np.bool_]
Score = Callable[[Sequence[str]], Floats]  # texts in, an array of shape (n_texts, n_attributes) out


class Case(NamedTuple):
    """A comment, and whether a moderator would want to see it."""

    suite: str
    text: str
    toxic: bool


class Failure(NamedTuple):
    """A case that was judged wrongly, with the scores that did it."""

    suite: str
    text: str
    toxic: bool
    scores: dict[str, float]


def behaviour(
    score: Score, attributes: Sequence[str], thresholds: Mapping[str, float], path: Path = SUITES
) -> dict[str, Any]:
    """Return how many cases of each suite a scorer judges rightly.

    A case passes if any attribute reaches its threshold exactly when the case is toxic: what counts is
    whether a person would be asked, whatever the reason.

    Parameters
    ----------
    score : callable
        Texts in, probabilities of shape (n_texts, n_attributes) out; called once.
    attributes : sequence of str
        The names of the columns; TOXICITY is one of them.
    thresholds : mapping of str to float
        Attribute to live review threshold, in [0, 1].
    path : Path
        The suites.

    Returns
    -------
    dict
        Plain JSON values. Of all cases, and of each suite under ``suites``: ``cases``, ``passed``,
        ``rate``, ``false_alarms`` and ``missed`` (counts of civil and toxic failures), and ``roc_auc``
        of TOXICITY. A suite of one kind is ordered against all cases of the other kind;
        ``roc_auc_against`` says which was done.

    Raises
    ------
    ValueError
        If the attributes, thresholds, scores or suites do not fit.
    """
    found = read_cases(path)
    scores = checked_scores(score, [case.text for case in found], attributes, thresholds)
    held = reaches_any(scores, attributes, thresholds)
    toxic = np.array([case.toxic for case in found])
    order = scores[:, list(attributes).index(ORDERED_BY)]
    names = np.array([case.suite for case in found])
    suites = {name: _of_suite(names == name, toxic, held, order) for name in dict.fromkeys(names.tolist())}
    return _counts(toxic, held) | {"roc_auc": _area(toxic, order), "suites": suites}


def failures(
    score: Score, attributes: Sequence[str], thresholds: Mapping[str, float], path: Path = SUITES
) -> list[Failure]:
    """Return the cases that `behaviour` counts as failed, for a developer's eyes.

    Raises
    ------
    ValueError
        As `behaviour`.
    """
    found = read_cases(path)
    scores = checked_scores(score, [case.text for case in found], attributes, thresholds)
    held = reaches_any(scores, attributes, thresholds)
    return [
        Failure(*case, dict(zip(attributes, row, strict=True)))
        for case, row, above in zip(found, scores.tolist(), held, strict=True)
        if above != case.toxic
    ]


def read_cases(path: Path = SUITES) -> list[Case]:
    """Return the cases of all suites, in the order of the file.

    Raises
    ------
    ValueError
        If a text is there twice, or all cases are of one kind.
    """
    suites = json.loads(path.read_text(encoding="utf-8"))["suites"]
    found = [
        Case(name, case["text"], case["toxic"]) for name, suite in suites.items() for case in suite["cases"]
    ]
    if len({case.text for case in found}) < len(found):
        raise ValueError(f"{path.name} has a text twice")
    if len({case.toxic for case in found}) < 2:
        raise ValueError(f"{path.name} needs toxic and civil cases")
    return found


def checked_scores(
    score: Score, texts: list[str], attributes: Sequence[str], thresholds: Mapping[str, float]
) -> Floats:
    """Return the scores of texts, once all is known to fit.

    Raises
    ------
    ValueError
        If TOXICITY is no attribute, a threshold belongs to none or is not in [0, 1], there is no threshold
        at all, the array has another shape than (n_texts, n_attributes), or a score is not in [0, 1].
    """
    if ORDERED_BY not in attributes:
        raise ValueError(f"{ORDERED_BY} is not among the attributes {', '.join(attributes)}")
    if not thresholds or not set(thresholds) <= set(attributes):
        raise ValueError(f"thresholds {dict(thresholds)} do not fit the attributes {', '.join(attributes)}")
    if not all(0 <= limit <= 1 for limit in thresholds.values()):
        raise ValueError(f"thresholds {dict(thresholds)} are not all in [0, 1]")
    scores = np.asarray(score(texts), dtype=np.float64)
    if scores.shape != (len(texts), len(attributes)):
        raise ValueError(f"scores of shape {scores.shape}, expected {(len(texts), len(attributes))}")
    if not ((scores >= 0) & (scores <= 1)).all():  # False for NaN
        raise ValueError("a score is not in [0, 1]")
    return scores


def reaches_any(scores: Floats, attributes: Sequence[str], thresholds: Mapping[str, float]) -> Labels:
    """Return for each row whether any attribute reaches its threshold.

    >>> reaches_any(np.array([[0.4, 0.2], [0.5, 0.0]]), ["TOXICITY", "THREAT"], {"TOXICITY": 0.5})
    array([False,  True])
    """
    limits = np.array([thresholds.get(name, np.inf) for name in attributes])
    return np.asarray((scores >= limits).any(axis=1))


def _of_suite(inside: Labels, toxic: Labels, held: Labels, order: Floats) -> dict[str, Any]:
    kinds = set(toxic[inside].tolist())
    compared = inside if len(kinds) == 2 else inside | (toxic != kinds.pop())
    return _counts(toxic[inside], held[inside]) | {
        "roc_auc": _area(toxic[compared], order[compared]),
        "roc_auc_against": "the suite" if compared is inside else "all suites",
    }


def _counts(toxic: Labels, held: Labels) -> dict[str, Any]:
    passed = int((toxic == held).sum())
    return {
        "cases": len(toxic),
        "passed": passed,
        "rate": round(passed / len(toxic), 4),
        "false_alarms": int((held & ~toxic).sum()),
        "missed": int((toxic & ~held).sum()),
    }


def _area(toxic: Labels, order: Floats) -> float:
    return round(float(roc_auc_score(toxic, order)), 4)
