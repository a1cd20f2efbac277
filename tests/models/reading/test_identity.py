"""Names of groups, hidden from the heads that must not learn them."""

from __future__ import annotations

import pytest

from models.reading.identity import MASK, TERMS, mask
from models.reading.normalise import normalise


@pytest.mark.parametrize("term", sorted(TERMS))
def test_a_term_is_spelt_as_the_normaliser_writes_it(term: str) -> None:
    assert normalise(term) == term


def test_every_term_looks_the_same_once_masked() -> None:
    assert {mask(f"my {term} friend") for term in TERMS} == {f"my {MASK} friend"}


def test_a_text_without_terms_is_returned_as_it_is() -> None:
    assert mask("a bus in the rain") == "a bus in the rain"
