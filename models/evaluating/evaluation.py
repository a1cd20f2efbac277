"""How good a scorer is on labelled comments: figures, never texts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from models.evaluating.behaviour import behaviour, reaches_any
from models.evaluating.fairness import IDENTITIES, fairness
from models.evaluating.figures import (
    Flags,
    draws,
    figures,
    interval,
    intervals,
    resampled,
    review_threshold,
    rounded,
)
from models.evaluating.measuring import (
    SIX,
    WIKIPEDIA,
    Measured,
    Readings,
    Say,
    fast_alone,
    measure,
    probabilities,
    read,
    under_load,
)
from models.evaluating.robustness import robustness
from models.evaluating.worlds import worlds
from models.numbers import Floats
from models.reading.artifact import MAIN
from models.reading.scorer import Scorer
from models.texts.data import COLUMNS, SPAM, read_folder
from models.texts.obfuscation import holds_any, telling_words

__all__ = ["PRIOR", "evaluate", "figures", "measure", "probabilities", "review_threshold", "summary"]

PRIOR = 0.10  # share of comments with any positive label, about that of Wikipedia talk as published
TOXICITY = "TOXICITY"
# SPAM is supported if even the lower end of its area's interval is this high, and few of Wikipedia's
# comments, which nobody labelled for it, are taken for spam.
SPAM_AREA, SPAM_ALARMS = 0.9, 0.02
DISGUISED_AT_MOST = 200  # toxic texts, each read in some thirty spellings: a careful reading takes 4 ms


def evaluate(
    scorer: Scorer, csv: Path, prior: float = PRIOR, *, full: bool = True, more: Path | None = None
) -> dict[str, Any]:
    """Return how well a scorer's probabilities fit a labelled file: `measure`, then `summary`.

    ``more`` is a folder whose development rows are among the ``worlds`` too.
    """
    measured = measure(scorer, csv)
    found = summary(measured, prior, full=full)
    if MAIN in measured.languages:
        parts = [measured.languages[MAIN]]
        others = read_folder(more, "dev", MAIN, COLUMNS | SPAM) if more else []
        parts += [read(scorer, data) for data in others]
        limits = {"": scorer.thresholds, **scorer.profiles}
        worlds_of = {
            name: {source: row for part in parts for source, row in worlds(part, limits[name]).items()}
            for name in limits
        }
        found |= {"worlds": worlds_of.pop(""), "profiles": worlds_of}
    return found


def summary(
    measured: Measured, prior: float = PRIOR, *, full: bool = True, say: Say = lambda _: None
) -> dict[str, Any]:
    """Return the figures of a model as plain JSON values; what the data cannot tell is left out.

    Parameters
    ----------
    measured : Measured
        As `measure` gives it.
    prior : float
        English rows are weighted so that this share has any of the six labels: training sets over-sample
        toxicity, and precision or calibration on them as they are would say nothing about a live site.
    full : bool
        Whether to add intervals, and to measure fairness, behaviour and robustness.
    say : callable
        Told what is measured next.

    Returns
    -------
    dict
        ``attributes``: for each, `figures` on the rows of the source with all labels (on all rows if it is
        not there); ``mean_roc_auc`` of the six. ``sources``: of TOXICITY in each source. ``readers``:
        `_readers`. ``natural``: of TOXICITY where it is as rare as on a whole site. ``spam``: `_spam`.
        ``languages``: of each beta language, at the data's own prevalence. ``errors``: `_errors`.
        ``fairness`` (by language), ``behaviour``, ``robustness``: as the modules of these names give them.
        ``intervals``, beside figures: the ends of the 95 % bootstrap interval of each.

    Raises
    ------
    ValueError
        If the English rows have labels of one kind only, or ``prior`` is not between 0 and 1.
    """
    scorer = measured.scorer
    betas = {code: rows for code, rows in measured.languages.items() if code != MAIN}
    found: dict[str, Any] = {
        "model": scorer.model_id,
        "data_sha256": measured.data_sha256,
        "prior": prior,
        "rows": 0,
        "attributes": {},
        "sources": {},
        "languages": {
            code: _of_language(rows, scorer.thresholds_of[code], full) for code, rows in betas.items()
        },
    }
    if MAIN in measured.languages:
        say("comparing scores with labels")
        found |= _english(scorer, measured.languages[MAIN], prior, full)
    if full:
        found |= _suites(scorer, measured, say)
    return found


def _english(scorer: Scorer, readings: Readings, prior: float, full: bool) -> dict[str, Any]:
    labelled, reference = readings.six(), readings.reference()
    found: dict[str, Any] = {}
    if len(reference.scores):
        found = {
            "rows": len(reference.scores),
            **_by_attribute(scorer, reference, prior, full),
            "sources": _by_source(scorer, labelled, full),
            "readers": _readers(scorer, readings, prior, full),
            "errors": _errors(scorer, reference, prior),
        }
    if natural := _as_they_are(scorer, labelled.natural(), full):
        found["natural"] = natural
    if spam := _spam(scorer, readings, full):
        found["spam"] = spam
    return found


def _figures(
    scores: Floats,
    labels: Floats,
    full: bool,
    threshold: float | None,
    weights: Floats | None = None,
    strata: Flags | None = None,
) -> dict[str, Any]:
    """Return figures; in full, with intervals where there are labels of both kinds.

    Resamples keep the size of each of the ``strata``, by default of the positive and negative rows.
    """
    known = ~np.isnan(labels)
    scores, labels = scores[known], labels[known]
    weights = np.ones(len(labels)) if weights is None else weights[known]
    strata = labels >= 0.5 if strata is None else strata[known]
    found: dict[str, Any] = figures(scores, labels, weights, threshold)
    if full and "roc_auc" in found:
        found["intervals"] = intervals(scores, labels, weights, threshold, draws(strata))
    return found


def _by_attribute(scorer: Scorer, rows: Readings, prior: float, full: bool) -> dict[str, Any]:
    """Return the figures of each of the six attributes, and the mean of their areas."""
    weights, strata = rows.weights(prior), rows.has_any()
    names = [name for name in COLUMNS if name in rows.attributes]
    found: dict[str, Any] = {
        name: _figures(*rows.of(name), full, scorer.thresholds.get(name), weights, strata) for name in names
    }
    areas = [row["roc_auc"] for row in found.values() if "roc_auc" in row]
    if len(areas) < SIX:
        return {"attributes": found}
    mean: dict[str, Any] = {"mean_roc_auc": rounded(np.mean(areas))}
    if full:  # of the same resamples for all, since their errors go together
        drawn = draws(strata)
        of_each = [resampled(*rows.of(name), weights, None, drawn)["roc_auc"] for name in names]
        mean["intervals"] = {"mean_roc_auc": interval(np.mean(of_each, axis=0))}
    return {"attributes": found, **mean}


def _as_they_are(scorer: Scorer, rows: Readings, full: bool) -> dict[str, Any]:
    """Return figures of TOXICITY on unweighted rows; nothing where they have labels of one kind only."""
    found = _figures(*rows.of(TOXICITY), full, scorer.thresholds[TOXICITY])
    return found if "roc_auc" in found else {}


def _by_source(scorer: Scorer, rows: Readings, full: bool) -> dict[str, Any]:
    found = {
        str(source): _as_they_are(scorer, rows.where(rows.data.sources == source), full)
        for source in np.unique(rows.data.sources)
    }
    # Calibration is left out: each source has another prevalence, and none of them that of a site.
    kept = ("rows", "positives", "roc_auc", "false_alarms")
    return {
        source: {name: row[name] for name in kept}
        | {key: {name: row[key][name] for name in kept[2:]} for key in ("intervals",) if key in row}
        for source, row in found.items()
        if row
    }


def _of_language(rows: Readings, thresholds: Mapping[str, float], full: bool) -> dict[str, Any]:
    found = {name: _figures(*rows.of(name), full, thresholds[name]) for name in rows.attributes}
    return {"rows": len(rows.scores), "attributes": found}


def _readers(scorer: Scorer, readings: Readings, prior: float, full: bool) -> dict[str, Any]:
    """Return what each reader makes of TOXICITY, and how much is read carefully.

    ``toxicity`` holds figures of ``joint`` (the model as it is: both read everything), ``fast`` (the fast
    reader alone) and ``loaded`` (under load, the careful reader reads what the fast one is unsure of), on the
    ``reference`` rows weighted to the prior and on the ``natural`` ones as they are. ``share_read_carefully``
    under load is of the natural rows, of the reference rows weighted to the prior, and of those without any
    label.
    """
    places = {"reference": readings.reference(), "natural": readings.natural()}
    places = {name: rows for name, rows in places.items() if len(rows.scores)}
    versions = {"fast": {name: fast_alone(scorer, rows) for name, rows in places.items()}}
    found: dict[str, Any] = {"careful_reader": scorer.careful_state}
    if scorer.careful_state == "on":
        loaded = {name: under_load(scorer, rows) for name, rows in places.items()}
        versions = {"joint": places, **versions, "loaded": loaded}
        found["share_read_carefully"] = _shares(loaded, prior)
    limit = scorer.thresholds[TOXICITY]
    found["toxicity"] = {}
    for reader, version in versions.items():
        row = {name: _figures(*rows.of(TOXICITY), full, limit) for name, rows in version.items()}
        rows = version["reference"]
        weights, strata = rows.weights(prior), rows.has_any()
        row["reference"] = _figures(*rows.of(TOXICITY), full, limit, weights, strata)
        found["toxicity"][reader] = row
    return found


def _shares(places: Mapping[str, Readings], prior: float) -> dict[str, float]:
    reference = places["reference"]
    found = {
        "reference": rounded(np.average(reference.careful, weights=reference.weights(prior))),
        "reference_negatives": rounded(reference.careful[~reference.has_any()].mean()),
    }
    return found | ({"natural": rounded(places["natural"].careful.mean())} if "natural" in places else {})


def _spam(scorer: Scorer, readings: Readings, full: bool) -> dict[str, Any]:
    """Return how good SPAM is on the rows labelled for it, and whether that is enough to support it.

    ``wikipedia``: the share of Wikipedia's comments, which nobody labelled for spam, at or above the
    threshold.
    """
    (name,) = SPAM
    if name not in readings.attributes:
        return {}
    scores, labels = readings.of(name)
    limit = scorer.thresholds[name]
    found = _figures(scores, labels, full, limit)
    if "roc_auc" not in found:
        return {}
    unlabelled = np.isin(readings.data.sources, WIKIPEDIA) & np.isnan(labels)
    if unlabelled.any():
        alarms = rounded((scores[unlabelled] >= limit).mean())
        found["wikipedia"] = {"rows": int(unlabelled.sum()), "false_alarms": alarms}
        if full:
            lowest = found["intervals"]["roc_auc"][0]
            found["supported"] = bool(lowest >= SPAM_AREA and alarms <= SPAM_ALARMS)
    return found


def _errors(scorer: Scorer, rows: Readings, prior: float) -> dict[str, Any]:
    """Return right and wrong decisions at the live thresholds: counts, and per 1,000 comments at the prior.

    ``any``: a comment is held where any attribute, SPAM too, reaches its threshold, and it should be where it
    has any of the six labels.
    """
    weights, found = rows.weights(prior), {}
    for name in (name for name in COLUMNS if name in rows.attributes):
        scores, labels = rows.of(name)
        known = ~np.isnan(labels)
        if not known.any():
            continue
        held = scores[known] >= scorer.thresholds[name]
        found[name] = _confusion(held, labels[known] >= 0.5, weights[known])
    held = reaches_any(rows.scores, rows.attributes, scorer.thresholds)
    return {**found, "any": _confusion(held, rows.has_any(), weights)}


def _confusion(held: Flags, positive: Flags, weights: Floats) -> dict[str, Any]:
    kinds = {
        "true_positives": held & positive,
        "false_positives": held & ~positive,
        "true_negatives": ~held & ~positive,
        "false_negatives": ~held & positive,
    }
    share = {name: float(weights[rows].sum() / weights.sum()) for name, rows in kinds.items()}
    return {
        "counts": {name: int(rows.sum()) for name, rows in kinds.items()},
        "per_1000": {name: round(1000 * part, 1) for name, part in share.items()},
    }


def _suites(scorer: Scorer, measured: Measured, say: Say) -> dict[str, Any]:
    """Return what sentences written for measuring show, and what disguises do to the reference rows."""
    listed = json.loads(IDENTITIES.read_text(encoding="utf-8"))["languages"]
    found: dict[str, Any] = {"fairness": {}}
    for code, rows in measured.languages.items():
        if code in listed:
            say(f"measuring fairness in {code!r}")
            score = partial(probabilities, scorer, language=code)
            limits = scorer.thresholds_of[code]
            found["fairness"][code] = fairness(score, rows.attributes, limits, (code,))
    if MAIN in measured.languages:
        rows = measured.languages[MAIN]
        say("measuring behaviour")
        found["behaviour"] = behaviour(partial(probabilities, scorer), rows.attributes, scorer.thresholds)
        say("measuring what disguises do")
        found |= _robustness(scorer, rows.reference())
    return found


def _robustness(scorer: Scorer, rows: Readings) -> dict[str, Any]:
    labels = rows.of(TOXICITY)[1] if len(rows.scores) else np.empty(0)
    known = ~np.isnan(labels)
    texts, positive = rows.data.where(known).texts, labels[known] >= 0.5
    words = telling_words(texts, positive)
    marked = list(zip(texts, positive.tolist(), strict=True))
    if positive.all() or not any(toxic and holds_any(text, words) for text, toxic in marked):
        return {}
    score = partial(probabilities, scorer)
    found = robustness(score, rows.attributes, texts, positive, words=words, at_most=DISGUISED_AT_MOST)
    return {"robustness": found}
