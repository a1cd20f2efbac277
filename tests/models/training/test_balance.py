"""Weights under which length and the naming of a group tell nothing."""

from __future__ import annotations

import numpy as np
import pytest

from models.training.balance import REACH, SHARE, cells, flattened, names_group


def test_every_cell_has_the_same_share_of_its_weight_on_toxic_texts() -> None:
    rng = np.random.default_rng(0)
    texts = ["x" * int(length) for length in rng.integers(1, 2000, 4000)]
    named = rng.random(4000) < 0.3
    toxic = rng.random(4000) < np.where(named, 0.5, 0.15)
    cell = cells(texts, named.tolist())
    found = flattened(cell, toxic.astype(float), np.ones(4000))

    assert len(set(cell.tolist())) == 14
    for number in set(cell.tolist()):
        rows = cell == number
        assert found[rows & toxic].sum() / found[rows].sum() == pytest.approx(SHARE)
    assert found.sum() == pytest.approx(4000)


def test_a_cell_without_one_kind_keeps_the_other_and_no_weight_grows_beyond_reason() -> None:
    cell, toxic = np.array([0] * 3 + [1] * 101), np.array([0.0] * 3 + [1.0] + [0.0] * 100)
    found = flattened(cell, toxic, np.ones(104))

    assert (found > 0).all()
    assert found.max() <= REACH * 1.5


def test_weights_that_are_none_stay_so() -> None:
    assert flattened(np.zeros(3, int), np.array([1.0, 0.0, 0.0]), np.array([1.0, 1.0, 0.0]))[2] == 0


@pytest.mark.parametrize("read", ["my martian neighbour", "some venusian families"])
def test_a_stand_in_names_a_group(read: str) -> None:
    assert names_group(read)
