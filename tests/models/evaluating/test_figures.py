"""Figures and their intervals, checked against cases worked out by hand and against each other."""

from __future__ import annotations

import numpy as np
import pytest

from models.evaluating.figures import (
    RESAMPLES,
    draws,
    figures,
    interval,
    intervals,
    resampled,
    review_threshold,
)

FIGURES = ("roc_auc", "average_precision", "ece", "recall", "false_alarms")


def some_rows(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return scores with many ties, labels that they tell something about, and uneven weights."""
    rng = np.random.default_rng(seed)
    scores = np.round(rng.random(count), 1)
    labels = (rng.random(count) < 0.2 + 0.6 * scores).astype(float)
    return scores, labels, rng.choice([0.5, 2.0], count)


def test_the_figures_of_a_perfect_scorer_are_perfect() -> None:
    labels = np.array([0.0, 1.0, np.nan])

    found = figures(np.array([0.0, 1.0, 0.3]), labels, np.array([9.0, 1.0, 5.0]), threshold=0.5)

    assert found == {
        "rows": 2,
        "positives": 1,
        "prior": 0.1,
        "roc_auc": 1.0,
        "average_precision": 1.0,
        "brier": 0.0,
        "ece": 0.0,
        "threshold": 0.5,
        "false_alarms": 0.0,
        "recall": 1.0,
    }


def test_labels_of_one_kind_give_counts_alone() -> None:
    assert figures(np.array([0.2]), np.array([0.0]), np.ones(1), 0.5) == {"rows": 1, "positives": 0}


@pytest.mark.parametrize(("allowed", "threshold"), [(0.0, 0.401), (0.25, 0.301), (0.5, 0.201), (1.0, 0.101)])
def test_a_threshold_lets_no_more_negatives_through_than_allowed(allowed: float, threshold: float) -> None:
    scores, labels = np.array([0.1, 0.2, 0.3, 0.4, 0.9, 0.9]), np.array([0.0, 0, 0, 0, 1, np.nan])

    assert review_threshold(scores, labels, np.ones(6), allowed) == threshold


def test_a_draw_keeps_the_size_of_each_stratum_and_is_the_same_again() -> None:
    strata = np.array([0.1] * 7 + [2.5] * 3)
    drawn = draws(strata, seed=4)

    assert drawn.shape == (RESAMPLES, 10)
    assert (drawn[:, :7].sum(axis=1) == 7).all()
    assert (drawn[:, 7:].sum(axis=1) == 3).all()
    assert (drawn == draws(strata, seed=4)).all()
    assert (drawn != draws(strata, seed=5)).any()


@pytest.mark.parametrize("seed", range(4))
def test_the_first_value_is_the_figure_of_the_rows_as_they_are(seed: int) -> None:
    scores, labels, weights = some_rows(200, seed)
    labels[:9] = np.nan
    values = resampled(scores, labels, weights, 0.6, draws(labels >= 0.5))
    expected = figures(scores, labels, weights, 0.6)

    for name in FIGURES:
        assert values[name][0] == pytest.approx(expected[name], abs=6e-5), name


def test_a_resample_has_the_figures_of_the_rows_that_it_repeats() -> None:
    scores, labels, weights = some_rows(60)
    drawn = draws(labels)
    values = resampled(scores, labels, weights, 0.6, drawn)

    for number in (0, 17, RESAMPLES - 1):
        times = drawn[number].astype(int)
        again = (np.repeat(array, times) for array in (scores, labels, weights))
        expected = figures(*again, threshold=0.6)
        for name in FIGURES:
            assert values[name][1 + number] == pytest.approx(expected[name], abs=6e-5), name


def test_resamples_of_one_kind_are_left_out() -> None:
    scores, labels, weights = some_rows(12)
    drawn = np.vstack([draws(np.zeros(12))[:50], np.where(labels >= 0.5, 0.0, 1.0)])
    values = resampled(scores, labels, weights, 0.6, drawn)

    assert np.isnan(values["roc_auc"][-1])
    assert np.isnan(values["recall"][-1])
    assert not np.isnan(values["false_alarms"][-1])
    assert interval(values["roc_auc"]) == interval(values["roc_auc"][:-1])


def test_an_interval_without_any_resample_is_none() -> None:
    assert interval(np.array([0.5, np.nan])) is None
    assert interval(np.array([np.nan, 0.5])) is None


@pytest.mark.parametrize("seed", range(5))
def test_every_interval_holds_its_figure_and_lies_between_0_and_1(seed: int) -> None:
    scores, labels, weights = some_rows(80, seed)
    found = intervals(scores, labels, weights, 0.6, draws(labels))
    expected = figures(scores, labels, weights, 0.6)

    assert set(found) == set(FIGURES)
    for name, (low, high) in found.items():
        assert 0 <= low <= expected[name] <= high <= 1
        assert low < high


def test_more_rows_make_a_narrower_interval() -> None:
    few, many = (
        intervals(*some_rows(count), 0.6, draws(some_rows(count)[1]))["roc_auc"] for count in (100, 6400)
    )

    assert 4 < (few[1] - few[0]) / (many[1] - many[0]) < 16  # eight, but for chance


def test_about_95_of_100_intervals_hold_the_truth() -> None:
    hits = 0
    for seed in range(100):
        scores = np.random.default_rng(seed).random(120)
        labels = np.repeat([1.0, 0.0], 60)
        low, high = intervals(scores, labels, np.ones(120), 0.3, draws(labels, seed))["recall"]
        hits += low <= 0.7 <= high

    assert hits >= 88
