"""A line with Perspective's scores; `tests/service/commands/test_perspective.py` has every bad one."""

from __future__ import annotations

from collections import Counter

import pytest

from service.scoring.comparing import MAX_NAMES, NO_NAME, BadLine, count_names, is_blank, read_line


def test_a_line_says_its_text_and_the_scores_of_attributes_that_we_have() -> None:
    line = read_line(
        b'{"id": 7, "text": "Hi", "lang": "en", "scores": {"INSULT@6": 1, "OTHER": 0.5}}', 3, ["INSULT"]
    )

    assert (line.number, line.id, line.text, line.language) == (3, 7, "Hi", "en")
    assert line.scores == {"INSULT": 1.0}
    assert line.unknown == {"OTHER"}


def test_what_is_wrong_with_a_line_is_said_without_its_words() -> None:
    with pytest.raises(BadLine, match=r"^the score of another attribute is no number between 0 and 1$"):
        read_line(b'{"text": "Hi", "scores": {"you fool": 2}}', 1, ["INSULT"])


def test_a_mark_of_the_byte_order_alone_is_a_blank_line() -> None:
    assert is_blank(b"\xef\xbb\xbf \r")
    assert not is_blank(b"{")


def test_so_many_names_are_counted_and_the_others_together() -> None:
    counts: Counter[str] = Counter()
    count_names(counts, (f"NAME_{number}" for number in range(MAX_NAMES + 5)))

    assert counts[NO_NAME] == 5
