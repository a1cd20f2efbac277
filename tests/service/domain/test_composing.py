"""One normal form, and no text for which it takes long."""

from __future__ import annotations

import contextlib
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from service.domain.composing import MARKS_IN_A_ROW, composed
from service.domain.errors import Invalid
from service.domain.personal_data import personal_data
from service.domain.threads import canonical_url, thread_key
from service.sites.moderators import plain_name
from service.web.fields import Text
from tests.growth import LINEAR, growth

BODY = Text(max_graphemes=5000, max_bytes=20_000)
MARKS = "\u0345\u0301\u0334"  # of falling and rising classes: each run of them is out of order


def deserialized(text: str) -> None:
    with contextlib.suppress(ValidationError):
        BODY.deserialize(text)


def as_address(text: str) -> None:
    with contextlib.suppress(Invalid):
        canonical_url(f"https://news.example/{text}")


def in_runs(size: int) -> str:
    return "a" + "".join(mark * size for mark in MARKS)


def by_turns(size: int) -> str:
    return "a" + MARKS * size


@pytest.mark.parametrize("read", [composed, deserialized, thread_key, as_address, plain_name, personal_data])
@pytest.mark.parametrize("made", [in_runs, by_turns])
def test_marks_cost_by_their_number_wherever_a_text_is_composed(
    read: Callable[[str], object], made: Callable[[int], str]
) -> None:
    assert growth(read, made(800), made(3200)) < LINEAR


@given(st.text(st.sampled_from("aeé\u0301\u0323\u0334\u0344\u0958\ufb2c\u1100\u1161 \u200d😀"), max_size=30))
def test_what_has_few_marks_in_a_row_is_composed_as_ever(text: str) -> None:
    assert composed(text) == unicodedata.normalize("NFC", text)


def test_of_too_many_marks_enough_stay_to_be_seen() -> None:
    once = composed(by_turns(1000))

    assert len(once) == MARKS_IN_A_ROW  # the letter took the acute accent
    assert composed(once) == once
    with pytest.raises(ValidationError, match="stacks more than 8 marks"):
        BODY.deserialize(by_turns(1000))
