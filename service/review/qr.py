"""A QR code as the path of an SVG picture, which a page draws without scripts or styles of its own."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

import segno

QUIET = 4  # modules of light around it, as ISO/IEC 18004 wants


@dataclass(frozen=True, slots=True)
class Picture:
    """The side of a square in modules, and what is dark in it as the ``d`` of a path."""

    side: int
    path: str


def picture(text: str) -> Picture:
    """Return the QR code of a text.

    >>> found = picture("otpauth://totp/x")
    >>> found.side, found.path[:24]
    (33, 'M4 4h7v1h-7zM12 4h2v1h-2')
    """
    rows = segno.make_qr(text, error="m").matrix
    runs = []
    for y, row in enumerate(rows, QUIET):
        x = QUIET
        for dark, modules in groupby(row):
            width = len(list(modules))
            if dark:
                runs.append(f"M{x} {y}h{width}v1h-{width}z")
            x += width
    return Picture(len(rows) + 2 * QUIET, "".join(runs))
