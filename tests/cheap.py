"""What is dear and comes out the same in thousands of tests, made once or made cheaply.

A Parley in processes of its own has all of it as it is in life.
"""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

from argon2 import PasswordHasher

import models
from models import Scorer
from models.reading.judging import Careful
from service.sites import moderators

HASHER_IN_LIFE = moderators.HASHER


def load_shipped_once() -> None:
    """Load the shipped model once in each way it is asked for: nothing that scores changes it."""
    load_anew = models.load_scorer
    shipped = cache(load_anew)

    def load(
        path: Path | None = None, *, careful: Careful = "auto", prior: float | None = None, threads: int = 1
    ) -> Scorer:
        is_shipped = path in (None, models.SHIPPED) and sys.modules.get("onnxruntime", True)
        read = shipped if is_shipped else load_anew
        return read(None if is_shipped else path, careful=careful, prior=prior, threads=threads)

    models.load_scorer = load


def hash_passwords_quickly() -> None:
    """Hash by the same function with a thousandth of its memory."""
    moderators.HASHER = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
