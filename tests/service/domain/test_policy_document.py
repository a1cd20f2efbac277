"""A policy as JSON: defaults, completion, and every mistake named."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.errors import Invalid
from service.domain.policy_document import policy_from
from service.domain.policy_kinds import Thresholds
from service.domain.policy_members import DEFAULT
from service.domain.scores import ATTRIBUTES


def test_the_default_document_is_a_policy_that_leaves_refusing_to_people() -> None:
    policy = policy_from({})

    assert set(policy.thresholds) == set(ATTRIBUTES)
    assert all(limit.reject is None for limit in policy.thresholds.values())


def test_a_policy_that_names_one_attribute_leaves_the_others_as_they_are() -> None:
    policy = policy_from({"thresholds": {"TOXICITY": {"review": 0.9}, "THREAT": None}})

    assert policy.thresholds["TOXICITY"] == Thresholds(0.9)
    assert policy.thresholds["INSULT"].review == DEFAULT["thresholds"]["INSULT"]["review"]
    assert "THREAT" not in policy.thresholds


@pytest.mark.parametrize(
    ("document", "pointer"),
    [
        ({"x": 1}, "/x"),
        ({"thresholds": []}, "/thresholds"),
        ({"thresholds": dict.fromkeys(ATTRIBUTES)}, "/thresholds"),
        ({"thresholds": {"NICENESS": {"review": 0.5}}}, "/thresholds/NICENESS"),
        ({"thresholds": {"TOXICITY": {"reject": 0.5}}}, "/thresholds/TOXICITY"),
        ({"thresholds": {"TOXICITY": {"review": math.nan}}}, "/thresholds/TOXICITY/review"),
        ({"thresholds": {"TOXICITY": {"review": True}}}, "/thresholds/TOXICITY/review"),
        ({"thresholds": {"TOXICITY": {"review": 0.8, "reject": 0.7}}}, "/thresholds/TOXICITY/reject"),
        ({"banned_words": "x"}, "/banned_words"),
        ({"suspect_words": ["fine", " "]}, "/suspect_words/1"),
        ({"max_links": -1}, "/max_links"),
        ({"premoderate": 1}, "/premoderate"),
        ({"languages": "de"}, "/languages"),
        ({"languages": ["de"] * 101}, "/languages"),
        ({"languages": ["de", "DE"]}, "/languages/1"),
        ({"languages": ["de-AT"]}, "/languages/0"),
        ({"languages": [None]}, "/languages/0"),
    ],
)
def test_a_mistake_in_a_policy_is_named(document: dict[str, object], pointer: str) -> None:
    with pytest.raises(Invalid) as caught:
        policy_from(document)

    assert [at for at, _ in caught.value.problems] == [pointer]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from([*DEFAULT, "x"]), json_values))
def test_any_document_is_a_policy_or_a_list_of_mistakes(document: dict[str, object]) -> None:
    mistakes = None
    try:
        policy_from(document)
    except Invalid as error:
        mistakes = error.problems
    assert mistakes != ()
