"""Lines, as they arrive."""

from __future__ import annotations

import os
from pathlib import Path

from service.commands.lines import BATCH, MAX_LINE, TOO_LONG, batches


def read(path: Path) -> list[list[bytes]]:
    with path.open("rb", buffering=0) as file:
        return list(batches(file.fileno()))


def test_lines_come_in_order_by_the_batch_and_the_last_needs_no_end(tmp_path: Path) -> None:
    wanted = [str(number).encode() for number in range(BATCH + 3)]
    (tmp_path / "lines").write_bytes(b"\n".join(wanted))
    found = read(tmp_path / "lines")

    assert [line for batch in found for line in batch] == wanted
    assert max(map(len, found)) <= BATCH


def test_a_line_that_is_too_long_is_replaced_and_the_next_one_is_whole(tmp_path: Path) -> None:
    (tmp_path / "lines").write_bytes(b"a\n" + b"x" * (2 * MAX_LINE) + b"\nb\n" + b"y" * (2 * MAX_LINE))
    found = [line for batch in read(tmp_path / "lines") for line in batch]

    assert found == [b"a", TOO_LONG, b"b", TOO_LONG]


def test_what_has_arrived_is_given_at_once() -> None:
    reading, writing = os.pipe()
    lines = batches(reading)
    os.write(writing, b"one\ntw")

    assert next(lines) == [b"one"]
    os.write(writing, b"o\n")
    assert next(lines) == [b"two"]
    os.close(writing)
    assert list(lines) == []
    os.close(reading)
