"""The rule for a moderator's note; both doors are tried with the same ones."""

from __future__ import annotations

import pytest
from marshmallow import ValidationError

from service.web.fields import Note, PageText

KEPT = [
    ("doxxing", "doxxing"), ("two\nlines", "two\nlines"), ("two\r\nlines", "two\nlines"),
    ("a\rb", "a\nb"), ("a\tb", "a\tb"), ("x\n\n\n\ny", "x\n\ny"), ("👩‍👩‍👧 said so", "👩‍👩‍👧 said so"),
    ("א ب", "א ب"), ("x" * 1000, "x" * 1000),
]  # fmt: skip
REFUSED = [
    "line one\nline two \u202e turned", "a\u2066b", "a\u200fb", "a\x1bb", "a\x7fb", "a\x85b", "a\u2028b",
    "\u200b", "x" * 1001, "é" * 4001,
]  # fmt: skip


@pytest.mark.parametrize(("sent", "kept"), KEPT)
def test_a_note_may_have_lines_and_its_own_writing(sent: str, kept: str) -> None:
    assert Note().deserialize(sent) == kept


@pytest.mark.parametrize("sent", REFUSED)
def test_a_note_turns_no_direction_and_has_no_control_characters(sent: str) -> None:
    with pytest.raises(ValidationError, match=r"without control or direction|nothing to read|longer than"):
        Note().deserialize(sent)


@pytest.mark.parametrize(("sent", "kept"), [
    ("\u200fשלום\u202c", "שלום"), ("It\x92s  two\nlines", "It s two lines"), ("\u200b", None), ("", None),
    ("x" * 400, "x" * 300), ("é" * 900, "é" * 300), ("👩‍👩‍👧" * 300, "👩‍👩‍👧" * 66),
    ("a" + "\u0316" * 40, "a" + "\u0316" * 4),
])  # fmt: skip
def test_what_a_page_says_of_itself_is_mended(sent: str, kept: str | None) -> None:
    assert PageText(max_graphemes=300, max_bytes=1200).deserialize(sent) == kept
