"""Weights under which length, and the naming of a group, tell nothing about toxicity."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.numbers import Floats
from models.reading.identity import STAND_INS

BUCKETS = (40, 80, 160, 300, 600, 1200)  # characters, where one kind of length ends and the next begins
SHARE = 0.30  # of the weight in each cell that is on toxic texts
REACH = 5.0  # times, at most, that a weight is raised or lowered


def names_group(read: str) -> bool:
    """Say whether a text as the careful reader reads it has a stand-in for a group.

    >>> names_group("my martian neighbour"), names_group("my neighbour")
    (True, False)
    """
    return any(word in read for word in STAND_INS)


def cells(texts: Sequence[str], named: Sequence[bool]) -> NDArray[np.int64]:
    """Return the number of each text's cell: its length's bucket, and if it names a group; shape (n,).

    >>> cells(["short", "x" * 50, "short"], [False, False, True]).tolist()
    [0, 2, 1]
    """
    buckets = np.searchsorted(BUCKETS, [len(text) for text in texts], side="right")
    return np.asarray(buckets * 2 + np.asarray(named, np.int64))


def flattened(cell: NDArray[np.int64], targets: Floats, weights: Floats) -> Floats:
    """Return weights with the same share on toxic texts in every cell, and the same sum; all of shape (n,).

    >>> flattened(np.zeros(4, np.int64), np.array([1.0, 0, 0, 0]), np.ones(4)).round(2)
    array([1.2 , 0.93, 0.93, 0.93])
    """
    toxic = targets >= 0.5
    found = weights.copy()
    for number in np.unique(cell):
        rows = cell == number
        whole = weights[rows].sum()
        for side, share in ((rows & toxic, SHARE), (rows & ~toxic, 1 - SHARE)):
            there = weights[side].sum()
            if there:
                found[side] *= np.clip(share * whole / there, 1 / REACH, REACH)
    return np.asarray(found * weights.sum() / found.sum())
