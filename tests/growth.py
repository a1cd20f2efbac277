"""How the cost of an act grows with what it is given: a ratio of times from one run, never a time."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from statistics import median
from typing import TypeVar

Given = TypeVar("Given")
LINEAR = 8.0  # four times as much may take so many times as long; by quadratic work it takes sixteen times


def growth(act: Callable[[Given], object], small: Given, large: Given, times: int = 3) -> float:
    """Return how many times the processor's time of ``small`` an act takes for ``large``.

    A first look that is well within `LINEAR` is believed; else the median of ``times`` counts.
    """
    act(small)
    gc.disable()  # what other tests left is not to be searched for garbage on this act's time
    try:
        looks = [_look(act, small, large)]
        if looks[0] > 0.75 * LINEAR:
            looks += [_look(act, small, large) for _ in range(times - 1)]
    finally:
        gc.enable()
    return median(looks)


def _look(act: Callable[[Given], object], small: Given, large: Given) -> float:
    return _seconds(act, large) / _seconds(act, small)


def _seconds(act: Callable[[Given], object], given: Given) -> float:
    begin = time.thread_time()
    act(given)
    return max(time.thread_time() - begin, 1e-6)
