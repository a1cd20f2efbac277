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
    """Return how many times the processor's time of ``small`` an act takes for ``large``."""
    act(small)
    gc.disable()  # what other tests left is not to be searched for garbage on this act's time
    try:
        both = [(_seconds(act, small), _seconds(act, large)) for _ in range(times)]
    finally:
        gc.enable()
    return median(one for _, one in both) / median(one for one, _ in both)


def _seconds(act: Callable[[Given], object], given: Given) -> float:
    begin = time.thread_time()
    act(given)
    return time.thread_time() - begin
