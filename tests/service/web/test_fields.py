"""The rule for a moderator's note, for which both doors are tried with the same ones; and what texts cost."""

from __future__ import annotations

import contextlib

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from service.web.fields import Note, PageText, Text, graphemes
from tests.growth import LINEAR, growth

BODY = Text(max_graphemes=100, max_bytes=1_000_000)

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


FLAGS = "\U0001f1e6\U0001f1ff\u200d\u0301\u0903a👩\u0600\n\r\ufe0f\u1100\u1161\U0001f3fb\u0915\u094d"


@given(st.text(st.sampled_from(FLAGS), max_size=12))
def test_characters_are_counted_as_unicode_says(text: str) -> None:
    assert graphemes(text) == len(regex.findall(r"\X", text))


@pytest.mark.parametrize(
    "piece",
    ["\U0001f1e6", "👩‍👩‍👧", "e\u0301\u200b", "\u0915\u094d", "\u200d", "\u0600", "\u1100\u1161", "a\n"],
)
def test_no_writing_takes_more_than_linear_time_to_be_counted(piece: str) -> None:
    assert growth(graphemes, piece * 1000, piece * 4000) < LINEAR


@pytest.mark.parametrize(
    "piece", ["\U0001f1e6", "\u0301\u200b", "\u0301" + "\u200b" * 50, "\n\u3000", "\r\n\u200b "]
)
def test_no_text_takes_more_than_linear_time_to_be_checked(piece: str) -> None:
    def checked(text: str) -> None:
        with contextlib.suppress(ValidationError):
            BODY.deserialize(text)

    assert growth(checked, "x" + piece * (4_000 // len(piece)), "x" + piece * (16_000 // len(piece))) < LINEAR


@pytest.mark.parametrize(("sent", "kept"), [
    ("\u200fשלום\u202c", "שלום"), ("It\x92s  two\nlines", "It s two lines"), ("\u200b", None), ("", None),
    ("x" * 400, "x" * 300), ("é" * 900, "é" * 300), ("👩‍👩‍👧" * 300, "👩‍👩‍👧" * 66),
    ("a" + "\u0316" * 40, "a" + "\u0316" * 4),
])  # fmt: skip
def test_what_a_page_says_of_itself_is_mended(sent: str, kept: str | None) -> None:
    assert PageText(max_graphemes=300, max_bytes=1200).deserialize(sent) == kept
