"""The time is handed in, never looked up: a test may hold it still."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

Clock = Callable[[], datetime]  # returns the time now, with its zone
