"""A policy as a site stores it: JSON in, `Policy` out, with every mistake named."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.domain.errors import Invalid
from service.domain.policy_members import DEFAULT, MEMBERS, Policy


def complete(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document with its defaults filled in; an attribute set to null is switched off.

    >>> sorted(complete({"thresholds": {"INSULT": None, "THREAT": None, "PROFANITY": None}})["thresholds"])
    ['IDENTITY_ATTACK', 'SEVERE_TOXICITY', 'SPAM', 'TOXICITY']
    """
    merged = DEFAULT | dict(document)
    return merged | {name: kind.completed(merged[name], DEFAULT[name]) for name, kind in MEMBERS.items()}


def with_review(document: Mapping[str, Any], limits: Mapping[str, float]) -> dict[str, Any]:
    """Return a completed document with other review thresholds.

    What is switched off stays so, and from where a score refuses by itself nobody needs to be asked.

    >>> changed = with_review(complete({"thresholds": {"INSULT": None}}), {"INSULT": 0.5, "SPAM": 0.5})
    >>> "INSULT" in changed["thresholds"], changed["thresholds"]["SPAM"]["review"]
    (False, 0.5)
    """
    thresholds = {
        name: given | {"review": min(limits.get(name, given["review"]), given["reject"] or 1.0)}
        for name, given in document["thresholds"].items()
    }
    return {**document, "thresholds": thresholds}


def policy_from(document: Mapping[str, Any]) -> Policy:
    """Return the policy that a document describes; what it leaves out has its default.

    Raises `Invalid` that names every mistake.

    >>> policy_from({}).max_links
    2
    >>> policy_from({"thresholds": {"TOXICITY": {"review": 2}}})
    Traceback (most recent call last):
    service.domain.errors.Invalid: /thresholds/TOXICITY/review: must be a number from 0 to 1
    """
    problems = [(f"/{name}", "is no part of a policy") for name in document if name not in MEMBERS]
    merged = complete(document)
    for name, kind in MEMBERS.items():
        problems += kind.problems(f"/{name}", merged[name])
    if problems:
        raise Invalid(problems)
    return Policy(**{name: kind.value(merged[name]) for name, kind in MEMBERS.items()})
