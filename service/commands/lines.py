"""Lines from standard input or a file, a batch at a time."""

from __future__ import annotations

import os
import select
from collections.abc import Iterator

BATCH = 256
MAX_LINE = 1 << 20  # bytes
CHUNK = 1 << 16
TOO_LONG = b"\x00"  # stands for a line that was too long; no JSON begins like this


def batches(fd: int) -> Iterator[list[bytes]]:
    """Yield the lines that have arrived, at most `BATCH` at a time; the last need not end in a newline."""
    rest, lines, skipping = b"", [], False
    while chunk := os.read(fd, CHUNK):
        *whole, rest = (rest + chunk).split(b"\n")
        if skipping and whole:
            whole[0], skipping = TOO_LONG, False
        if len(rest) > MAX_LINE or skipping:
            rest, skipping = b"", True
        lines += whole
        while len(lines) >= BATCH or (lines and not select.select([fd], [], [], 0)[0]):
            yield lines[:BATCH]
            lines = lines[BATCH:]
    if skipping or rest:
        lines.append(TOO_LONG if skipping else rest)
    while lines:
        yield lines[:BATCH]
        lines = lines[BATCH:]
