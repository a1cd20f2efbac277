"""Whether a scorer is as fair to one group of people as to the next.

The same sentences are filled with the name of each group, and with people nobody hates. Any difference
in the scores then comes from the name alone. The sentences measure a scorer and never train one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from sklearn.metrics import roc_auc_score

from models.evaluating.behaviour import Labels, Score, checked_scores, reaches_any
from models.numbers import Floats

IDENTITIES = Path(__file__).parents[1] / "texts" / "suites" / "identities.json"
BACKGROUND = "background"
POWER = -5  # of the mean over identities: the worst ones weigh most
SLOTS = ("{adjective}", "{plural}")
AREAS = ("subgroup_auc", "bpsn_auc", "bnsp_auc")
RATES = ("false_positive_rate", "review_rate")


class Group(NamedTuple):
    """People of one name, or all the background of a language."""

    language: str
    kind: str
    identity: str


class Sentence(NamedTuple):
    """A template, filled."""

    group: Group
    text: str
    toxic: bool


def fairness(
    score: Score,
    attributes: Sequence[str],
    thresholds: Mapping[str, float],
    languages: Sequence[str] = ("en",),
    attribute: str = "TOXICITY",
    path: Path = IDENTITIES,
) -> dict[str, Any]:
    """Return a scorer's bias for each identity of some languages.

    Parameters
    ----------
    score : callable
        Texts in, probabilities of shape (n_texts, n_attributes) out; called once.
    attributes : sequence of str
        The names of the columns.
    thresholds : mapping of str to float
        Attribute to live review threshold, in [0, 1].
    languages : sequence of str
        Codes of the languages of ``path`` to measure.
    attribute : str
        The one whose scores are judged.
    path : Path
        The identities and templates; a site may edit its own copy.

    Returns
    -------
    dict
        Plain JSON values. For each row of ``identities``: ``n`` texts, the areas of `bias_areas`,
        ``false_positive_rate`` (share of its civil sentences at or above the threshold of ``attribute``)
        and ``review_rate`` (the same for any attribute). ``background``: the same people for
        every identity of a language, and their own figures. ``minimum`` and ``maximum``: the worst identity
        of each figure. ``power_mean``: of each area over the identities. ``final_bias_metric``: the mean
        of the three power means and ``overall_auc``, a quarter each.

    Raises
    ------
    ValueError
        If the attributes, thresholds, scores, languages or templates do not fit.

    References
    ----------
    Borkan, Dixon, Sorensen, Thain, Vasserman: "Nuanced Metrics for Measuring Unintended Bias with Real
    Data for Text Classification", 2019, for the areas. The power mean and the quarters are those
    of the challenge that Jigsaw held on the same data in that year.
    """
    if attribute not in attributes or attribute not in thresholds:
        raise ValueError(f"{attribute} needs a column and a threshold")
    sentences = read_sentences(languages, path)
    scores = checked_scores(score, [sentence.text for sentence in sentences], attributes, thresholds)
    column, toxic = scores[:, list(attributes).index(attribute)], np.array([s.toxic for s in sentences])
    held = np.column_stack(
        [column >= thresholds[attribute], reaches_any(scores, attributes, thresholds)]  # as RATES
    )
    rows = _rows(sentences, column, toxic, held)
    overall = float(roc_auc_score(toxic, column))
    return {
        "attribute": attribute,
        "threshold": thresholds[attribute],
        "languages": list(languages),
        "n": len(sentences),
        "overall_auc": round(overall, 4),
        **_summary([row for row in rows if row["kind"] != BACKGROUND], overall),
        "background": [_rounded(row) for row in rows if row["kind"] == BACKGROUND],
        "identities": [_rounded(row) for row in rows if row["kind"] != BACKGROUND],
    }


def bias_areas(scores: Floats, toxic: Labels, subgroup: Labels, background: Labels) -> dict[str, float]:
    """Return three areas under the ROC curve; each is 1 if all toxic texts are above all civil ones.

    ``subgroup_auc``: within the subgroup. ``bpsn_auc``: background positive, subgroup negative; low if
    civil texts about the subgroup score like abuse of others. ``bnsp_auc``: background negative, subgroup
    positive; low if abuse of the subgroup scores like civil texts about others.

    >>> toxic, subgroup = np.array([0, 1, 0, 1]) == 1, np.array([1, 1, 0, 0]) == 1
    >>> bias_areas(np.array([0.6, 0.9, 0.1, 0.5]), toxic, subgroup, ~subgroup)
    {'subgroup_auc': 1.0, 'bpsn_auc': 0.0, 'bnsp_auc': 1.0}
    """
    compared = (
        subgroup,
        (background & toxic) | (subgroup & ~toxic),
        (background & ~toxic) | (subgroup & toxic),
    )
    areas = (float(roc_auc_score(toxic[rows], scores[rows])) for rows in compared)
    return dict(zip(AREAS, areas, strict=True))


def power_mean(values: Sequence[float]) -> float:
    """Return the generalised mean of numbers >= 0 with the exponent `POWER`; 0 if one of them is 0.

    >>> power_mean([1.0, 1.0]), power_mean([0.0, 1.0]), round(power_mean([0.5, 1.0]), 4)
    (1.0, 0.0, 0.5708)
    """
    if min(values) == 0:
        return 0.0
    return float(np.mean(np.asarray(values) ** POWER) ** (1 / POWER))


def read_sentences(languages: Sequence[str], path: Path = IDENTITIES) -> list[Sentence]:
    """Return every template of some languages filled with every identity and background term.

    Raises
    ------
    ValueError
        If a language is not there or asked for twice, an identity is there twice, a list is empty, or
        a template has not one place to fill.
    """
    data = json.loads(path.read_text(encoding="utf-8"))["languages"]
    absent = [code for code in languages if code not in data]
    if absent or not languages or len(set(languages)) < len(languages):
        raise ValueError(f"languages {list(languages)} must be some of {', '.join(data)}, each once")
    for code in languages:
        _check(code, data[code])
    return [sentence for code in languages for sentence in _fill(code, data[code])]


def _check(code: str, language: Mapping[str, Any]) -> None:
    for part in ("identities", BACKGROUND, "civil", "toxic"):
        if not language[part]:
            raise ValueError(f"{code} has no {part}")
    names = [term["plural"] for term in [*language["identities"], *language[BACKGROUND]]]
    if len(set(names)) < len(names):
        raise ValueError(f"{code} has an identity or background term twice")
    for template in [*language["civil"], *language["toxic"]]:
        if sum(template.count(slot) for slot in SLOTS) != 1:
            raise ValueError(f"not one of {' or '.join(SLOTS)} in {template!r}")


def _fill(code: str, language: Mapping[str, Any]) -> Iterator[Sentence]:
    groups = [(Group(code, term["kind"], term["plural"]), term) for term in language["identities"]]
    groups += [(Group(code, BACKGROUND, BACKGROUND), term) for term in language[BACKGROUND]]
    for group, term in groups:
        for kind in ("civil", "toxic"):
            for template in language[kind]:
                text = template.replace(SLOTS[0], term["adjective"]).replace(SLOTS[1], term["plural"])
                yield Sentence(group, text[0].upper() + text[1:], kind == "toxic")


def _rows(sentences: Sequence[Sentence], column: Floats, toxic: Labels, held: Labels) -> list[dict[str, Any]]:
    """Return the figures of every group; those of the background have its own area alone."""
    groups = list(dict.fromkeys(sentence.group for sentence in sentences))
    place = {group: i for i, group in enumerate(groups)}
    codes = np.array([place[sentence.group] for sentence in sentences])
    found = []
    for group in groups:
        inside = codes == place[group]
        background = codes == place[Group(group.language, BACKGROUND, BACKGROUND)]
        areas = bias_areas(column, toxic, inside, background)
        if group.kind == BACKGROUND:  # compared with itself, all three are one
            areas = {"auc": areas["subgroup_auc"]}
        rates = dict(zip(RATES, held[inside & ~toxic].mean(axis=0).tolist(), strict=True))
        found.append(group._asdict() | {"n": int(inside.sum())} | areas | rates)
    return found


def _summary(rows: Sequence[Mapping[str, Any]], overall: float) -> dict[str, Any]:
    means = {name: power_mean([row[name] for row in rows]) for name in AREAS}
    return {
        "final_bias_metric": round((overall + sum(means.values())) / 4, 4),
        "power_mean": _rounded(means),
        "minimum": {name: _named(min(rows, key=itemgetter(name)), name) for name in AREAS},
        "maximum": {name: _named(max(rows, key=itemgetter(name)), name) for name in RATES},
    }


def _named(row: Mapping[str, Any], figure: str) -> dict[str, Any]:
    return _rounded({"language": row["language"], "identity": row["identity"], "value": row[figure]})


def _rounded(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in row.items()}
