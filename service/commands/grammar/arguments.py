"""Kinds of arguments that several commands take."""

from __future__ import annotations

import argparse

MOST = 1_000_000  # of what is counted


def at_least_one(text: str) -> int:
    """Return a whole number from 1 to `MOST`."""
    if not (text.isascii() and text.isdecimal() and 1 <= (number := int(text[:10])) <= MOST):
        raise argparse.ArgumentTypeError(f"must be a whole number from 1 to {MOST}")
    return number


def share(text: str) -> float:
    """Return a number between 0 and 1, neither included."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < 1:
        raise argparse.ArgumentTypeError("must be a number between 0 and 1")
    return number
