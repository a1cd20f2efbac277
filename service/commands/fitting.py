"""`parley evaluate --site`: review thresholds fitted on what a site's moderators decided."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Iterator
from dataclasses import asdict
from itertools import compress
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from models import Scorer
from service.commands.database import migrated
from service.commands.installation import own_command, require_installation
from service.commands.scoring import loaded
from service.commands.tables import aligned
from service.domain.access import OPERATOR
from service.domain.errors import Misconfigured
from service.domain.policy_document import policy_from, with_review
from service.moderation.history import judged
from service.sites import sites
from service.storage.records import JudgedComment

if TYPE_CHECKING:
    from models.evaluating.fitting import Fit, Fitted, Held

NEWEST = 2_000  # comments of each kind


def fit_to(arguments: Namespace) -> int:
    """Print which review thresholds a site's own decisions suggest, or its policy with them in it."""
    from models.evaluating.fitting import fit

    site = arguments.site
    require_installation()
    with migrated() as db:
        comments = judged(db, OPERATOR, site, NEWEST)
        document = sites.policy_of(db, OPERATOR, site)
    scorer = loaded(arguments.model, as_served=True)
    scores, refused = _scored(scorer, comments)
    now = {name: limits.review for name, limits in policy_from(document).thresholds.items()}
    try:
        found = fit(scores, refused, scorer.attributes, now, arguments.held)
    except ValueError as error:
        raise Misconfigured(f"Cannot fit thresholds to {site}: {error}.") from None
    if arguments.policy:
        fitted = {name: one.fitted for name, one in found.attributes.items()}
        print(json.dumps(with_review(document, fitted), indent=2, ensure_ascii=False))
    elif arguments.json:
        print(json.dumps({"model": scorer.model_id, "site": site, **asdict(found)}, indent=2))
    else:
        print("\n".join(_lines(found, scorer.model_id, site)))
    return 0


def _scored(scorer: Scorer, comments: list[JudgedComment]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return scores, shape (n, n_attributes), of the comments in a language that has all of them; and which
    of these were refused.
    """
    readings = scorer.read([one.body for one in comments], languages=[one.language for one in comments])
    whole = [set(reading.scores) == set(scorer.attributes) for reading in readings]
    rows = [[reading.scores[name] for name in scorer.attributes] for reading in compress(readings, whole)]
    refused = [one.refused for one in compress(comments, whole)]
    return np.array(rows).reshape(-1, len(scorer.attributes)), np.array(refused, np.bool_)


def _lines(found: Fit, model_id: str, site: str) -> Iterator[str]:
    yield (
        f"{model_id} on {found.standing} comments of {site} that stand and {found.refused} that a moderator"
        " refused; what nobody read counts as standing. In brackets: 95 % intervals."
    )
    heads = ("ATTRIBUTE", "NOW", "FITTED", "STANDING HELD", "REFUSED HELD")
    together = ("all", "", "", *_shares(found.held_now, found.held_fitted))
    yield from aligned([heads, *(_cells(*item) for item in found.attributes.items()), together], "  ")
    fitted = own_command("evaluate", "--site", site, "--policy")
    yield f"To put them in force: {fitted} | {own_command('site', 'policy', site, '--set', '-')}"


def _cells(name: str, one: Fitted) -> tuple[str, ...]:
    low, high = one.interval
    now = "-" if one.now is None else f"{one.now:.2f}"
    fitted = f"{one.fitted:.2f} ({low:.2f}-{high:.2f})"
    return (name, now, fitted, *_shares(one.held_now, one.held_fitted))


def _shares(now: Held, fitted: Held) -> tuple[str, str]:
    return f"{now.standing:.1%} -> {fitted.standing:.1%}", f"{now.refused:.1%} -> {fitted.refused:.1%}"
