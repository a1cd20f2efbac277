"""How much of a request's body is kept and how much is read, by its address."""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_BYTES = 128 * 1024  # 20,000 bytes of text may take six times that when every character is escaped
# A text with its context, in which an entry may have a megabyte; or a batch. Whoever calls is unknown, and
# may cost no more with one request than with some two hundred.
MAX_SCORED_BYTES = 4 * 1024 * 1024
MAX_DRAINED_BYTES = 64 * 1024 * 1024
SCORED = re.compile(r".*/(?:v1alpha1/comments:(?:analyze|suggestscore)|batch|v1/moderations)\Z")


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """Bytes of a body that are ``kept``, and of a larger one that are ``read`` before it is refused."""

    kept: int
    read: int


FOR_READERS = BodyLimits(MAX_BYTES, MAX_BYTES)
# Many clients of these do not look at an answer before they have sent all.
FOR_SCORING = BodyLimits(MAX_SCORED_BYTES, MAX_DRAINED_BYTES)


def limits_at(path: str) -> BodyLimits:
    """Return the limits of an address.

    >>> limits_at("/api/v1/comments") is FOR_READERS
    True
    >>> limits_at("/prefix/v1alpha1/comments:analyze") is FOR_SCORING
    True
    """
    return FOR_SCORING if SCORED.fullmatch(path) else FOR_READERS
