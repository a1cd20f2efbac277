"""Conversion of thresholds: cases worked out by hand, laws that hold for any scores, and known truths."""

from __future__ import annotations

from dataclasses import asdict
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import spearmanr

from models.evaluating.conversion import (
    TEXTS_AT_LEAST,
    Correlation,
    calibration,
    convert,
    rank_correlation,
    rank_differences,
)

NO_NUMBER = dict.fromkeys(("new", "interval", "held_new", "agreement", "by_chance", "still_held"))
TENTHS = st.integers(0, 10).map(lambda number: number / 10)
ANY_SCORES = st.integers(0, 60).flatmap(lambda size: arrays(np.float64, (2, size), elements=TENTHS))


def noisy(count: int, seed: int = 0, noise: float = 0.05) -> tuple[np.ndarray, np.ndarray]:
    """Return old scores, and the squares of nearly the same."""
    rng = np.random.default_rng(seed)
    old = rng.random(count)
    return old, np.clip(old + rng.normal(0, noise, count), 0, 1) ** 2


@pytest.mark.parametrize("seed", range(4))
def test_the_correlation_is_spearmans_with_ties_averaged(seed: int) -> None:
    old, new = (np.round(scores, 1) for scores in noisy(80, seed, noise=0.3))
    found = rank_correlation(old, new)

    assert found.value == pytest.approx(spearmanr(old, new).statistic, abs=5e-5)
    assert found.texts == 80


def test_the_correlation_of_opposite_orders_is_minus_one() -> None:
    old = np.arange(20) / 20

    assert rank_correlation(old, 1 - old) == Correlation(20, -1.0, (-1.0, -1.0))


def test_the_interval_of_the_correlation_has_the_truth_about_as_often_as_it_says() -> None:
    whole = spearmanr(*noisy(200_000, 99, noise=0.3)).statistic
    found = [rank_correlation(*noisy(150, seed, noise=0.3)).interval for seed in range(40)]

    assert sum(low <= whole <= high for low, high in found) >= 34
    assert all(high - low < 0.25 for low, high in found)


def test_a_correlation_needs_ten_texts_with_both_scores_that_are_not_all_alike() -> None:
    old = np.arange(10) / 10

    assert rank_correlation(old, old).value == 1.0
    assert rank_correlation(old[:9], old[:9]) == Correlation(9)
    assert rank_correlation(np.append(old[:9], np.nan), old) == Correlation(9)
    assert rank_correlation(old, np.full(10, 0.3)) == Correlation(10)
    assert rank_correlation(old[:0], old[:0]) == Correlation(0)


def test_a_place_is_told_from_0_to_1_and_shared_by_equal_scores() -> None:
    old, new = np.array([0.1, 0.9, np.nan, 0.3, 0.3]), np.array([0.4, 0.2, 0.9, 0.8, 0.1])
    found = rank_differences(old, new)

    assert found[[0, 1, 3, 4]] == pytest.approx([2 / 3, 1 / 3 - 1, 1 - 1 / 2, -1 / 2])
    assert np.isnan(found[2])


def test_calibration_sets_means_side_by_side_in_bins_of_the_old_score() -> None:
    old = np.array([0.0, 0.25, 0.3, 0.3, 1.0, 0.5, np.nan])
    found = calibration(old, np.array([0.1, 0.05, 0.1, 0.4, 1.0, np.nan, 0.7]))
    filled = {(row.low, row.high): (row.texts, row.mean_old, row.mean_new) for row in found.bins if row.texts}

    assert filled == {
        (0.0, 0.1): (1, 0.0, 0.1),
        (0.2, 0.3): (1, 0.25, 0.05),
        (0.3, 0.4): (2, 0.3, 0.25),
        (0.9, 1.0): (1, 1.0, 1.0),
    }
    assert len(found.bins) == 10
    assert found.bins[5].mean_old is None
    assert found.gap == pytest.approx((0.1 + 0.2 + 2 * 0.05 + 0.0) / 5)


def test_calibration_of_nothing_is_empty() -> None:
    found = calibration(np.array([np.nan]), np.array([0.5]))

    assert found.gap is None
    assert [row.texts for row in found.bins] == [0] * 10


def test_where_our_scores_are_squares_the_thresholds_are_squared_too() -> None:
    old = np.arange(1000) / 1000
    found = convert(old, old**2, [0.5, 0.8])

    for row in found:
        assert row.new == pytest.approx(row.old**2, abs=1e-3)
        assert row.held_new == row.held_old == pytest.approx(1 - row.old)
        assert row.interval[0] <= row.new <= row.interval[1]
        assert row.agreement == pytest.approx(1, abs=2e-3)
        assert row.still_held == pytest.approx(1, abs=4e-3)
    assert [row.texts for row in found] == [500, 200]


def test_the_interval_of_a_threshold_has_the_truth_about_as_often_as_it_says() -> None:
    (truth,) = convert(*noisy(100_000, 99, noise=0.1), [0.8])
    found = [convert(*noisy(150, seed, noise=0.1), [0.8])[0].interval for seed in range(40)]

    assert sum(low <= truth.new <= high for low, high in found) >= 34


def test_the_agreement_is_that_on_texts_that_were_never_seen() -> None:
    old, new = noisy(50_000, 99, noise=0.1)
    told, seen = [], []
    for seed in range(20):
        (row,) = convert(*noisy(100, seed, noise=0.1), [0.8])
        told.append((row.agreement, row.still_held))
        held, held_new = old >= 0.8, new >= row.new
        seen.append(((held == held_new).mean(), held_new[held].mean()))

    assert np.mean(told, axis=0) == pytest.approx(np.mean(seen, axis=0), abs=0.03)
    assert np.mean(told, axis=0)[0] < 0.96, "a case in which there is something to get wrong"


def test_scorers_that_know_nothing_of_each_other_have_no_conversion() -> None:
    rng = np.random.default_rng(3)
    (row,) = convert(rng.random(2000), rng.random(2000), [0.9])

    assert row.problem == "the two agree on it little more than by chance"
    assert asdict(row).items() >= NO_NUMBER.items()
    assert row.texts > 100


def test_chance_is_the_agreement_of_verdicts_that_are_shuffled() -> None:
    old, new = noisy(400)
    (row,) = convert(old, new, [0.7])
    rng = np.random.default_rng(1)
    shuffled = [((old >= 0.7) == (rng.permutation(new) >= row.new)).mean() for _ in range(300)]

    assert row.by_chance == pytest.approx(np.mean(shuffled), abs=0.01)
    assert row.by_chance < row.agreement


def test_too_few_texts_on_a_side_give_no_number_and_say_so() -> None:
    old = np.concatenate([np.full(9, 0.1), np.linspace(0.3, 0.6, 30), np.full(9, 0.9)])
    below, enough, above, none = convert(old, old, [0.2, 0.4, 0.8, 0.95])

    assert below.problem == f"fewer than {TEXTS_AT_LEAST} texts are below it"
    assert above.problem == f"fewer than {TEXTS_AT_LEAST} texts reach it"
    assert (above.texts, none.texts) == (9, 0)
    for row in (below, above, none):
        assert asdict(row).items() >= NO_NUMBER.items()
    assert enough.problem is None
    assert enough.new == 0.4


def test_without_texts_there_are_rows_without_numbers() -> None:
    (row,) = convert(np.array([np.nan, 0.3]), np.array([0.2, np.nan]), [0.5])

    assert (row.texts, row.held_old, row.new) == (0, None, None)
    assert row.problem is not None


def test_equal_scores_of_ours_have_no_threshold() -> None:
    (row,) = convert(np.arange(40) / 40, np.full(40, 0.2), [0.5])

    assert row.problem == "our scores of all texts are equal"


@pytest.mark.parametrize(("top", "middle", "held"), [(14, 12, 26), (11, 20, 11), (24, 9, 24), (13, 13, 26)])
def test_among_equal_scores_the_nearest_share_is_held_and_in_doubt_the_larger(
    top: int, middle: int, held: int
) -> None:
    old = np.repeat([0.9, 0.1], 20)  # 20 of 40 are to be held
    new = np.repeat([0.9, 0.7, 0.1], [top, middle, 40 - top - middle])
    (row,) = convert(old, new, [0.5])

    assert row.held_new == held / 40
    assert row.new == (0.8 if held == top else 0.4)


@given(ANY_SCORES)
def test_no_scores_at_all_break_it_and_thresholds_keep_their_order(scores: np.ndarray) -> None:
    old, new = scores
    rows = [row for row in convert(old, new, [0.9, 0.2, 0.5, 0.5, 0.7]) if row.problem is None]

    assert [row.old for row in rows] == sorted({row.old for row in rows})
    for before, row in pairwise(rows):
        assert before.new <= row.new
    for row in rows:
        possible = [np.mean(new >= level) for level in np.unique(new)[1:]]
        assert row.held_new == round(float(np.mean(new >= row.new)), 4)
        nearest = min(abs(share - np.mean(old >= row.old)) for share in possible)
        assert abs(np.mean(new >= row.new) - np.mean(old >= row.old)) == pytest.approx(nearest)


@given(ANY_SCORES)
def test_ranks_of_any_scores_lie_in_their_bounds(scores: np.ndarray) -> None:
    found = rank_correlation(*scores)

    assert found.value is None or -1 <= found.value <= 1
    assert (np.abs(rank_differences(*scores)) <= 1).all()
    assert sum(row.texts for row in calibration(*scores).bins) == found.texts == scores.shape[1]


def test_texts_without_one_of_the_scores_count_for_nothing() -> None:
    old, new = noisy(200)
    more_old, more_new = np.append(old, [np.nan, 0.9]), np.append(new, [0.9, np.nan])

    assert convert(more_old, more_new, [0.7]) == convert(old, new, [0.7])
    assert rank_correlation(more_old, more_new) == rank_correlation(old, new)
    assert calibration(more_old, more_new) == calibration(old, new)


def test_neither_the_order_of_the_texts_nor_other_thresholds_change_a_conversion() -> None:
    old, new = (np.round(scores, 1) for scores in noisy(200))
    rows = convert(old, new, [0.4, 0.7])
    again = convert(old[::-1], new[::-1], [0.7, 0.4])

    assert rows == again
    assert rows[1:] == convert(old, new, [0.7])


@pytest.mark.parametrize("run", [rank_correlation, calibration, lambda old, new: convert(old, new, [0.5])])
def test_what_is_no_score_is_refused(run) -> None:
    with pytest.raises(ValueError, match=r"shapes \(2,\) and \(3,\) are no pairs"):
        run(np.zeros(2), np.zeros(3))
    with pytest.raises(ValueError, match=r"outside \[0, 1\]"):
        run(np.array([0.5]), np.array([1.5]))
    with pytest.raises(ValueError, match=r"outside \[0, 1\]"):
        run(np.array([-np.inf]), np.array([0.5]))
