"""Emoji by their names: what people put into sentences, and what only looks like an emoji."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.reading.emojis import named
from models.reading.normalise import readable


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("Good morning ☀️ everybody", "good morning sun everybody"),
        ("I ❤️❤️❤️ it", "i red heart it"),
        ("pride 🏳️‍🌈 today", "pride rainbow flag today"),
        ("🇺🇦🇵🇱", "ukraine poland"),
        ("🏴󠁧󠁢󠁥󠁮󠁧󠁿 won", "england won"),
        ("👍🏿👍🏻 nice", "thumbs up nice"),
        ("🤦🏽‍♀️", "woman facepalming"),
        ("★ nice", "star nice"),
        ("you 🐒", "you monkey"),
        ("🇫🇺🇨🇰 you", "fuck you"),
        ("🅰🅱", "ab"),
        ("© the paper", "copyright sign the paper"),
        ("1️⃣", "1"),
    ],
)
def test_a_sign_is_read_as_its_name(text: str, read: str) -> None:
    assert readable(text, {"fuck", "you"}) == read


@given(st.text(st.characters(categories=("So", "Sk", "Cf", "Mn", "Lo", "Nd"))))
def test_any_signs_can_be_read(text: str) -> None:
    assert isinstance(named(text), str)
    assert readable(text, set()) == readable(text, set()).lower()


def test_plain_text_stays_as_it_is() -> None:
    text = "Nothing to see here: 3 > 2 & (c) :-)"

    assert named(text) is text
