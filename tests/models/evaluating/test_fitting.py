"""Thresholds fitted on what stands and what was refused."""

from __future__ import annotations

import numpy as np
import pytest

from models.evaluating.fitting import FALSE_ALARMS, REFUSED_AT_LEAST, STANDING_AT_LEAST, fit
from models.texts.data import COLUMNS, SPAM

NAMES = ("TOXICITY", "THREAT")


def decided(standing: int = 400, refused: int = 100, seed: int = 0):
    """Scores of two attributes, and which comments were refused: those score higher, but not always."""
    chance = np.random.default_rng(seed)
    low, high = chance.beta(1, 8, (standing, 2)), chance.beta(4, 3, (refused, 2))
    return np.vstack([low, high]), np.arange(standing + refused) >= standing


@pytest.mark.parametrize("share", [0.02, 0.05, 0.2])
def test_no_more_of_what_stands_is_held_than_was_allowed_and_nearly_that_much(share: float) -> None:
    scores, refused = decided()
    found = fit(scores, refused, NAMES, {}, share)

    for name, allowed in (("TOXICITY", share), ("THREAT", share / 5)):
        one = found.attributes[name]
        assert one.held_fitted.standing <= allowed
        assert one.held_fitted.standing > allowed - 0.02
        assert one.interval[0] <= one.fitted <= one.interval[1]
        assert one.fitted == round(one.fitted, 2)


def test_each_limit_is_compared_with_the_one_at_work_and_all_of_them_together() -> None:
    scores, refused = decided()
    found = fit(scores, refused, NAMES, {"TOXICITY": 0.1}, 0.05)
    toxicity, threat = (found.attributes[name] for name in NAMES)

    assert (found.standing, found.refused) == (400, 100)
    assert (toxicity.now, threat.now) == (0.1, None)
    assert toxicity.held_now.standing == pytest.approx((scores[:400, 0] >= 0.1).mean())
    assert (threat.held_now.standing, threat.held_now.refused) == (0, 0)
    assert found.held_now == toxicity.held_now
    assert found.held_fitted.refused >= max(one.held_fitted.refused for one in found.attributes.values())


@pytest.mark.parametrize(
    ("standing", "refused"), [(STANDING_AT_LEAST - 1, 100), (400, REFUSED_AT_LEAST - 1), (0, 0)]
)
def test_of_too_few_it_says_how_many_there_are(standing: int, refused: int) -> None:
    with pytest.raises(ValueError, match=f"there are {standing} comments that stand and {refused} that"):
        fit(*decided(standing, refused), NAMES, {}, 0.05)


def test_every_attribute_has_its_share() -> None:
    assert set(FALSE_ALARMS) == {*COLUMNS, *SPAM}
