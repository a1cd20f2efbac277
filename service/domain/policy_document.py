"""A policy as a site stores it: JSON in, `Policy` out, with every mistake named."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from service.domain.errors import Invalid
from service.domain.policy import Policy, Thresholds
from service.domain.scores import ATTRIBUTES

MAX_WORDS = 10_000
MAX_WORD_LENGTH = 200
MAX_LANGUAGES = 100
LANGUAGE = re.compile("[a-z]{2,3}")  # ISO 639
# On calibrated scores. On the development data these ask a person about three quarters of the toxic
# comments and about one in a hundred clean ones at natural prevalence. The model card suggests stricter
# ones, at one in twenty. SPAM asks when nearly sure: what is spam to one site is a notice to another.
# A machine asks; a person refuses: for automatic refusals, set `reject`.
DEFAULT_REVIEW = {
    "TOXICITY": 0.3,
    "SEVERE_TOXICITY": 0.2,
    "IDENTITY_ATTACK": 0.2,
    "INSULT": 0.4,
    "PROFANITY": 0.4,
    "THREAT": 0.15,
    "SPAM": 0.9,
}
FLAGS = ("hold_repeats", "hold_first_time", "premoderate")
DEFAULT: dict[str, Any] = {
    "thresholds": {name: {"review": review, "reject": None} for name, review in DEFAULT_REVIEW.items()},
    "banned_words": [],
    "suspect_words": [],
    "max_links": 2,
    "hold_repeats": True,
    "hold_first_time": False,
    "premoderate": False,
    "languages": [],
}


def complete(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document with its defaults filled in; an attribute set to null is switched off.

    >>> sorted(complete({"thresholds": {"INSULT": None, "THREAT": None, "PROFANITY": None}})["thresholds"])
    ['IDENTITY_ATTACK', 'SEVERE_TOXICITY', 'SPAM', 'TOXICITY']
    """
    merged = DEFAULT | dict(document)
    given = merged["thresholds"]
    if isinstance(given, Mapping):
        both = DEFAULT["thresholds"] | dict(given)
        merged["thresholds"] = {name: limits for name, limits in both.items() if limits is not None}
    return merged


def policy_from(document: Mapping[str, Any]) -> Policy:
    """Return the policy that a document describes; what it leaves out has its default.

    Raises `Invalid` that names every mistake.

    >>> policy_from({}).max_links
    2
    >>> policy_from({"thresholds": {"TOXICITY": {"review": 2}}})
    Traceback (most recent call last):
    service.domain.errors.Invalid: /thresholds/TOXICITY/review: must be a number from 0 to 1
    """
    problems = [(f"/{name}", "is no part of a policy") for name in document if name not in DEFAULT]
    merged = complete(document)
    thresholds = _thresholds(merged["thresholds"], problems)
    for name in ("banned_words", "suspect_words"):
        problems += _word_problems(name, merged[name])
    if not _whole(merged["max_links"], 0, 100):
        problems.append(("/max_links", "must be a whole number from 0 to 100"))
    problems += _language_problems(merged["languages"])
    problems += [
        (f"/{name}", "must be true or false") for name in FLAGS if not isinstance(merged[name], bool)
    ]
    if problems:
        raise Invalid(problems)
    return Policy(
        thresholds=thresholds,
        banned_words=tuple(merged["banned_words"]),
        suspect_words=tuple(merged["suspect_words"]),
        max_links=merged["max_links"],
        languages=frozenset(merged["languages"]),
        **{name: merged[name] for name in FLAGS},
    )


def _thresholds(document: Any, problems: list[tuple[str, str]]) -> dict[str, Thresholds]:
    if not isinstance(document, Mapping) or not document:
        problems.append(("/thresholds", "must leave at least one attribute switched on"))
        return {}
    found = {}
    for name, limits in document.items():
        at = f"/thresholds/{name}"
        if name not in ATTRIBUTES:
            problems.append((at, f"is none of {', '.join(ATTRIBUTES)}"))
        elif not isinstance(limits, Mapping) or not {"review"} <= set(limits) <= {"review", "reject"}:
            problems.append((at, "must hold review, and may hold reject"))
        elif not _share(limits["review"]):
            problems.append((f"{at}/review", "must be a number from 0 to 1"))
        elif limits.get("reject") is not None and not _share(limits["reject"]):
            problems.append((f"{at}/reject", "must be a number from 0 to 1, or null"))
        elif limits.get("reject") is not None and limits["reject"] < limits["review"]:
            problems.append((f"{at}/reject", "must not be below review"))
        else:
            found[name] = Thresholds(limits["review"], limits.get("reject"))
    return found


def _word_problems(name: str, words: Any) -> list[tuple[str, str]]:
    if not isinstance(words, list) or len(words) > MAX_WORDS:
        return [(f"/{name}", f"must be a list of at most {MAX_WORDS} words")]
    return [
        (f"/{name}/{at}", f"must be a text of 1 to {MAX_WORD_LENGTH} characters")
        for at, word in enumerate(words)
        if not isinstance(word, str) or not 1 <= len(word.strip()) <= MAX_WORD_LENGTH
    ]


def _language_problems(codes: Any) -> list[tuple[str, str]]:
    if not isinstance(codes, list) or len(codes) > MAX_LANGUAGES:
        return [("/languages", f"must be a list of at most {MAX_LANGUAGES} languages")]
    return [
        (f"/languages/{at}", "must be an ISO 639 code, such as de")
        for at, code in enumerate(codes)
        if not isinstance(code, str) or not LANGUAGE.fullmatch(code)
    ]


def _share(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0.0 <= value <= 1.0


def _whole(value: Any, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most
