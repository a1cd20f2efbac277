"""The decision: strict, complete, and never milder for a higher score."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.errors import Invalid
from service.domain.policy import OUTCOMES, Evidence, Policy, Thresholds, decide
from service.domain.policy_document import DEFAULT, policy_from
from service.domain.scores import ATTRIBUTES

POLICY = Policy({"TOXICITY": Thresholds(review=0.6, reject=0.9), "THREAT": Thresholds(review=0.5)})
FINE = {"TOXICITY": 0.1, "THREAT": 0.1}


@pytest.mark.parametrize(("score", "outcome"), [(0.59, "approve"), (0.60, "review"), (0.90, "reject")])
def test_a_score_on_a_threshold_belongs_to_the_stricter_side(score: float, outcome: str) -> None:
    assert decide(Evidence(FINE | {"TOXICITY": score}), POLICY).outcome == outcome


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_higher_score_is_never_treated_more_gently(a: float, b: float) -> None:
    milder, stricter = (decide(Evidence(FINE | {"TOXICITY": s}), POLICY).outcome for s in sorted((a, b)))

    assert OUTCOMES.index(milder) <= OUTCOMES.index(stricter)


@given(st.floats())
def test_only_a_real_score_below_review_is_approved(score: float) -> None:
    outcome = decide(Evidence(FINE | {"TOXICITY": score}), POLICY).outcome

    assert (outcome == "approve") == (0 <= score < 0.6)


@pytest.mark.parametrize("scores", [None, {}, {"TOXICITY": 0.1}, {"TOXICITY": math.nan, "THREAT": 0.1}])
def test_what_was_not_scored_goes_to_a_person(scores: dict[str, float] | None) -> None:
    decision = decide(Evidence(scores), POLICY)

    assert (decision.outcome, decision.reasons[0].code) == ("review", "not-scored")


def test_a_threshold_without_reject_never_rejects() -> None:
    assert decide(Evidence(FINE | {"THREAT": 1.0}), POLICY).outcome == "review"


def test_every_rule_that_matched_is_reported_strictest_first() -> None:
    evidence = Evidence(
        FINE | {"TOXICITY": 0.95}, language="fr", language_supported=False, suspect=("boots",), links=9,
        repeat_of="thread", premoderated=True,
    )  # fmt: skip

    codes = [reason.code for reason in decide(evidence, POLICY).reasons]

    assert codes == ["score", "suspect-word", "language", "links", "repeat", "premoderation"]


evidences = st.builds(
    Evidence,
    scores=st.none() | st.dictionaries(st.sampled_from(ATTRIBUTES), st.floats()),
    language_supported=st.booleans(),
    banned=st.sampled_from([(), ("x",)]),
    suspect=st.sampled_from([(), ("y",)]),
    links=st.integers(0, 5),
    repeat_of=st.sampled_from([None, "author", "thread"]),
    first_time=st.booleans(),
    premoderated=st.booleans(),
)


@given(evidences)
def test_a_decision_always_has_reasons_and_the_strictest_of_them_is_its_outcome(evidence: Evidence) -> None:
    decision = decide(evidence, POLICY)

    assert decision.outcome == max((r.outcome for r in decision.reasons), key=OUTCOMES.index)


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
