"""What a scorer still finds when abusive words are disguised: figures, never texts.

The threshold comes from civil texts as typed. Recall is measured on toxic texts that hold a telling word,
as typed and with up to three such words spelt anew. `robustness` returns plain JSON values, among them

``recall``
    Of the texts as typed.
``families``
    In each group and family: ``changed``, the share of texts that it spells anew at all; ``recall``; and
    ``kept``, recall as a share of that as typed. It is not cut at 1: a disguise may itself look toxic.
``means``
    Of the families of a group.
``removed``
    The same with the words taken out. What is kept there the rest of the text gives away, so a family near
    it hides its words completely.
``innocent``
    Shares of civil texts that reach the threshold, as typed and with two innocent words spelt anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from random import Random
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.evaluating.figures import review_threshold
from models.numbers import Floats
from models.texts.obfuscation import (
    HELD_OUT,
    KNOWN,
    Family,
    disguise,
    disguise_others,
    holds_any,
    telling_words,
)

Score = Callable[[Sequence[str]], Floats]
Reach = Callable[[Sequence[str]], float]  # the share of some texts that reach the threshold

ATTRIBUTE = "TOXICITY"
FALSE_ALARMS = 0.05  # share of civil texts that the threshold lets reach it
TEXTS_AT_MOST = 1_500  # of each kind; every toxic one is scored once a family
INNOCENT_WORDS = 2  # disguised in a civil text
GROUPS: Mapping[str, Mapping[str, Family]] = {"known": KNOWN, "held_out": HELD_OUT}


def robustness(
    score: Score,
    attributes: Sequence[str],
    texts: Sequence[str],
    positive: NDArray[np.bool_],
    *,
    false_alarms: float = FALSE_ALARMS,
    words: frozenset[str] | None = None,
    seed: int = 0,
    at_most: int = TEXTS_AT_MOST,
) -> dict[str, Any]:
    """Return how much of a scorer's recall outlives each family of disguise, as the module tells.

    Parameters
    ----------
    score : callable
        From n texts to an array of shape (n, n_attributes), in [0, 1]; ``attributes`` names its columns.
    positive : array of bool, shape (n_texts,)
        Which of ``texts`` are toxic.
    false_alarms : float
        Share of the other texts that may reach the threshold as typed.
    words : frozenset of str, optional
        Telling words in lower case; without them `telling_words` of these very texts.
    at_most : int
        Number of texts of each kind to measure on.

    Raises
    ------
    ValueError
        If there is no TOXICITY, no toxic text with a telling word, or no civil text.
    """
    column = list(attributes).index(ATTRIBUTE)
    told, civil, telling = _kinds(texts, positive, words)

    def toxicity(some: Sequence[str]) -> Floats:
        return np.asarray(score(some)[:, column], np.float64)

    limit = _threshold(toxicity(civil), false_alarms)

    def reach(some: Sequence[str]) -> float:
        return float((toxicity(some) >= limit).mean())

    found = _recalls(reach, _sample(told, at_most, seed), telling, seed)
    innocent = _innocent(reach, _sample(civil, at_most, seed), telling, seed)
    return {"threshold": limit, "telling_words": len(telling), "seed": seed, **found, "innocent": innocent}


def _kinds(
    texts: Sequence[str], positive: NDArray[np.bool_], words: frozenset[str] | None
) -> tuple[list[str], list[str], frozenset[str]]:
    """Return the toxic texts that hold a telling word, the civil texts, and the telling words."""
    telling = telling_words(texts, positive) if words is None else words
    marked = list(zip(texts, positive.tolist(), strict=True))
    told = [text for text, is_toxic in marked if is_toxic and holds_any(text, telling)]
    civil = [text for text, is_toxic in marked if not is_toxic]
    if not told or not civil:
        counts = f"{len(told)} toxic with a telling word, {len(civil)} civil"
        raise ValueError(f"texts of both kinds are needed, got {counts}")
    return told, civil, telling


def _threshold(civil: Floats, false_alarms: float) -> float:
    return review_threshold(civil, np.zeros_like(civil), np.ones_like(civil), false_alarms)


def _sample(texts: Sequence[str], at_most: int, seed: int) -> list[str]:
    return _random(seed, "sample").sample(texts, min(at_most, len(texts)))


def _random(seed: int, purpose: str) -> Random:
    """Return randomness of its own for each purpose: figures stay when a family is added elsewhere."""
    return Random(f"{seed} {purpose}")


def _recalls(reach: Reach, texts: Sequence[str], words: frozenset[str], seed: int) -> dict[str, Any]:
    plain = reach(texts)

    def of(family: Family, name: str) -> dict[str, float]:
        rng = _random(seed, name)
        spelt = [disguise(text, family, words, rng) for text in texts]
        changed = fmean(new != old for new, old in zip(spelt, texts, strict=True))
        recall = reach(spelt)
        kept = recall / plain if plain else 0.0
        return {"changed": round(changed, 4), "recall": round(recall, 4), "kept": round(kept, 4)}

    families = {
        group: {name: of(family, name) for name, family in members.items()}
        for group, members in GROUPS.items()
    }
    return {
        "texts": len(texts),
        "recall": round(plain, 4),
        "families": families,
        "means": {group: _means(found.values()) for group, found in families.items()},
        "removed": of(_removed, "removed"),
    }


def _removed(word: str, rng: Random) -> str:
    return ""


def _means(rows: Iterable[Mapping[str, float]]) -> dict[str, float]:
    found = list(rows)
    return {key: round(fmean(row[key] for row in found), 4) for key in ("recall", "kept")}


def _innocent(reach: Reach, texts: Sequence[str], words: frozenset[str], seed: int) -> dict[str, float]:
    rates = {"texts": len(texts), "as_typed": round(reach(texts), 4)}
    for group, members in GROUPS.items():
        rng, families = _random(seed, group), list(members.values())
        spelt = [disguise_others(t, rng.choice(families), words, rng, INNOCENT_WORDS) for t in texts]
        rates[group] = round(reach(spelt), 4)
    return rates
