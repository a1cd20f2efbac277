"""Listed words: what is found, where, and what it costs to find and mark them."""

from __future__ import annotations

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain import word_lists
from service.domain.word_lists import TOKEN, WORD, WordList, utf16
from tests.growth import LINEAR, growth


def test_the_examples_hold() -> None:
    assert doctest.testmod(word_lists).failed == 0


LISTED = WordList.of(["ass", "bad word", "bad", "word ass", "ass ass"], str.lower)
BODIES = st.lists(
    st.sampled_from(["ass", "ASS,", "bad", "word", "😀", "😀bad", "a-bad-word", "fine"]), max_size=9
)


def spans_by_counting_anew(body: str) -> list[tuple[int, int]]:
    """Where the entries stand, as it was found before: by every prefix of the body."""
    words = [
        (word, *token.span()) for token in TOKEN.finditer(body) for word in WORD.findall(token[0].lower())
    ]
    entries = [("ass",), ("bad", "word"), ("bad",), ("word", "ass"), ("ass", "ass")]
    return sorted(
        (utf16(body[: words[at][1]]), utf16(body[: words[at + len(entry) - 1][2]]))
        for at in range(len(words))
        for entry in entries
        if tuple(word for word, _, _ in words[at : at + len(entry)]) == entry
    )


@given(BODIES, st.sampled_from([" ", "  ", "\n😀 "]))
def test_marks_stand_where_they_did_when_each_was_counted_from_the_beginning(
    words: list[str], between: str
) -> None:
    body = between.join(words)

    assert sorted(LISTED.spans(body, str.lower)) == spans_by_counting_anew(body)


@pytest.mark.parametrize("piece", ["ass ", "a😀 ass ", "bad word ", "ass-"])
def test_a_listed_word_again_and_again_costs_by_the_length_of_the_text(piece: str) -> None:
    def marked(body: str) -> None:
        LISTED.spans(body, str.lower)
        LISTED.find(body)

    assert growth(marked, piece * 400, piece * 1600) < LINEAR


def test_many_entries_with_one_beginning_cost_what_few_do() -> None:
    text = "the " * 2000
    few, many = (WordList.of([f"the {n}" for n in range(size)], str.lower) for size in (10, 10_000))

    assert growth(lambda listed: listed.find(text), few, many) < 3
    assert many.find("the 9999 and the 7") == ("the 9999", "the 7")
