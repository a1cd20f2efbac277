"""Sentences: where they end, that nothing is lost between them, and how far long runs of marks go."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.sentences import in_utf16, sentences
from tests.growth import LINEAR, growth

PIECES = st.sampled_from(
    ["!", ".", "?", "…", "。", '"', ")", " ", "\n", "\u2028", "a", "I", "Dr", "é", "😀", "한"]
)
TEXTS = st.text() | st.lists(PIECES).map("".join)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ('He said "no." Then he left.', ['He said "no."', "Then he left."]),
        ("wait... what?! ok", ["wait...", "what?!", "ok"]),
        ("you are dumb. go away", ["you are dumb.", "go away"]),
        ("It cost 3.50 at shop.example today", ["It cost 3.50 at shop.example today"]),
        ("Ask Mrs. Jones, e.g. J. R. Smith.", ["Ask Mrs. Jones, e.g. J. R. Smith."]),
        ("So do I. Goodbye.", ["So do I.", "Goodbye."]),
        ("first line\nsecond line", ["first line", "second line"]),
        ("你好。再见！", ["你好。", "再见！"]),
        ("   ", []),
        ("", []),
        ("!!!", ["!!!"]),
    ],
)
def test_a_sentence_ends_where_a_reader_would_say(text: str, parts: list[str]) -> None:
    assert [text[a:b] for a, b in sentences(text)] == parts


@given(TEXTS)
def test_only_white_space_lies_between_sentences(text: str) -> None:
    at = 0
    for begin, end in sentences(text):
        assert not text[at:begin].strip()
        assert text[begin:end].strip() == text[begin:end] != ""
        at = end
    assert not text[at:].strip()


@given(TEXTS)
def test_places_in_utf_16_cut_the_same_pieces(text: str) -> None:
    places = sentences(text)
    units = text.encode("utf-16-le", "surrogatepass")

    for (a, b), (begin, end) in zip(places, in_utf16(text, places), strict=True):
        assert units[2 * begin : 2 * end] == text[a:b].encode("utf-16-le", "surrogatepass")


@pytest.mark.parametrize("unit", ["!", ". ", "a.", '."', "\n", "?)x", "Dr. ", "。", "😀! "])
def test_a_long_text_takes_no_more_than_its_share(unit: str) -> None:
    assert growth(lambda text: in_utf16(text, sentences(text)), unit * 5_000, unit * 20_000) < LINEAR
