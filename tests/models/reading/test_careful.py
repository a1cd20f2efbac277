"""The encoder that is shipped: what it reads, and that a text's outputs are its own."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import SHIPPED
from models.reading.artifact import load
from models.reading.careful import CHARS_READ, FIRST_PIECES, LAST_PIECES, Encoder, as_read, cut
from tests.growth import LINEAR, growth

ANYTHING = st.text(st.characters(exclude_categories=[]), max_size=60)
KNOWN = frozenset({"you", "fool", "the", "my", "neighbour"})


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    files = load(SHIPPED).careful
    assert files is not None
    return Encoder(files.network, files.tokenizer)


def test_odd_spellings_are_undone_and_groups_hidden() -> None:
    assert as_read("You F.O.O.L, my Muslim neighbour!", KNOWN) == "you fool, my martian neighbour!"


def test_of_a_long_text_beginning_and_end_are_read() -> None:
    text = as_read(f"begin {'x ' * CHARS_READ} end", KNOWN)

    assert text.startswith("begin x")
    assert text.endswith("x end")
    assert len(text) <= CHARS_READ + 2


def test_of_many_pieces_the_middle_is_left_out() -> None:
    pieces = cut(list(range(1_000)))

    assert pieces == [*range(FIRST_PIECES), *range(1_000 - LAST_PIECES, 1_000)]


def test_a_text_reads_alike_alone_and_among_others(encoder: Encoder) -> None:
    texts = ["thank you", "you fool", "", "a much longer text than all the others, " * 20, "한국어"]

    together = encoder.features(texts)

    assert together.shape[0] == len(texts)
    assert np.array_equal(together, np.vstack([encoder.features([text]) for text in texts]))
    assert np.array_equal(together[::-1], encoder.features(texts[::-1]))


def test_features_end_with_whether_a_group_is_named_and_with_the_length(encoder: Encoder) -> None:
    texts = ["my Muslim neighbour", "my neighbour", "my neighbour " * 40]
    *_, named, length = encoder.features(texts).T

    assert named.tolist() == [1, 0, 0]
    assert length[0] >= length[1] < length[2]


def test_no_texts_give_no_rows(encoder: Encoder) -> None:
    assert encoder.features([]).shape[0] == 0


@settings(max_examples=40)
@given(text=ANYTHING)
def test_any_text_at_all_gives_finite_outputs(encoder: Encoder, text: str) -> None:
    assert np.isfinite(encoder.features([text])).all()


@pytest.mark.parametrize("unit", ["a", "a ", "f.u.", "🖕", "аa", "\u0301e", "漢"])
def test_a_hundred_kilobytes_take_linear_time(encoder: Encoder, unit: str) -> None:
    small, large = (unit * (size // len(unit.encode())) for size in (25_000, 100_000))

    assert growth(lambda text: encoder.features([text]), small, large) < LINEAR
