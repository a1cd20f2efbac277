"""The decision: strict, complete, and never milder for a higher score.

Proves `service/domain/scores.py` too.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.evidence import Evidence, NameEvidence
from service.domain.personal_data import IN_WORDS, KINDS
from service.domain.policy import OUTCOMES, RULES, decide
from service.domain.policy_document import policy_from
from service.domain.policy_kinds import Thresholds
from service.domain.policy_members import Policy
from service.domain.reasons import ALL_CLEAR, NAME
from service.domain.scores import ATTRIBUTES
from tests.service.domain.drawn import evidences, policies

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


def test_of_a_few_words_nobody_asks_for_the_language_and_all_else_still_counts() -> None:
    foreign = Evidence(FINE, language="fr", language_supported=False)
    beta = Evidence(FINE, language="de", is_beta=True)

    for evidence in (foreign, beta):
        assert decide(evidence, POLICY).outcome == "review"
        short = replace(evidence, is_short=True)
        assert decide(short, POLICY).outcome == "approve"
        assert decide(replace(short, banned=("merde",)), POLICY).outcome == "reject"
        assert decide(replace(short, suspect=("merde",)), POLICY).outcome == "review"
        assert decide(replace(short, scores=FINE | {"TOXICITY": 0.7}), POLICY).outcome == "review"
        assert decide(replace(short, scores=None), POLICY).outcome == "review"


@pytest.mark.parametrize(
    ("evidence", "text"),
    [
        (Evidence(FINE, language="fr", language_supported=False), "The model was not trained on French."),
        (Evidence(FINE, language="gcf", language_supported=False), "not trained on Guadeloupean Creole."),
        (
            Evidence(FINE, language="und", language_supported=False),
            "The model was not trained on this language.",
        ),
        (Evidence(FINE, language="pt", is_beta=True), "The model for Portuguese is in beta."),
    ],
)
def test_a_language_is_named_not_coded(evidence: Evidence, text: str) -> None:
    assert decide(evidence, POLICY).reasons[0].text.endswith(text)


@pytest.mark.parametrize(
    ("score", "code"), [(0.29, None), (0.30, "unsure"), (0.59, "unsure"), (0.60, "score")]
)
def test_without_a_wanted_careful_reading_half_the_limit_asks_a_person(
    score: float, code: str | None
) -> None:
    scores = FINE | {"TOXICITY": score}
    decision = decide(Evidence(scores, is_unsure=True), POLICY)

    assert decision.outcome == ("review" if code else "approve")
    assert decision.reasons[0].code == (code or "all-clear")
    if code == "unsure":
        assert decide(Evidence(scores), POLICY).outcome == "approve"
        assert (decision.reasons[0].attribute, decision.reasons[0].threshold) == ("TOXICITY", 0.3)
        assert "the wider limit while only the fast reader is at hand" in decision.reasons[0].text


@given(st.floats(0, 1), st.floats(0, 1))
def test_an_unsure_comment_is_never_treated_more_gently_nor_refused_for_it(a: float, b: float) -> None:
    scores = {"TOXICITY": a, "THREAT": b}
    sure, unsure = (decide(Evidence(scores, is_unsure=unsure), POLICY).outcome for unsure in (False, True))

    assert OUTCOMES.index(sure) <= OUTCOMES.index(unsure)
    assert (sure == "reject") == (unsure == "reject")


DUTCH = replace(POLICY, languages=frozenset({"nl"}))


def in_beta(scores: dict[str, float], policy: Policy, language: str = "nl") -> list[str]:
    evidence = Evidence(scores, language=language, language_supported=False, is_beta=True)
    return [reason.code for reason in decide(evidence, policy).reasons]


def test_a_language_in_beta_asks_a_person_unless_the_site_lists_it() -> None:
    assert in_beta(FINE, POLICY) == ["language-beta"]
    assert in_beta(FINE, DUTCH) == ["all-clear"]
    assert in_beta(FINE, DUTCH, "de") == ["language-beta"]
    assert in_beta(FINE | {"TOXICITY": 0.95}, DUTCH) == ["score"]


def test_a_language_in_beta_may_lack_scores_but_never_that_of_toxicity() -> None:
    assert in_beta({"TOXICITY": 0.1}, DUTCH) == ["all-clear"]
    assert in_beta({"THREAT": 0.1}, DUTCH) == ["not-scored"]
    assert in_beta({"TOXICITY": 0.1, "THREAT": math.nan}, DUTCH) == ["not-scored"]
    assert in_beta({"TOXICITY": 0.1}, replace(DUTCH, thresholds={"THREAT": Thresholds(0.5)})) == [
        "not-scored"
    ]


def test_listing_a_language_that_has_no_model_changes_nothing() -> None:
    evidence = Evidence(FINE, language="nl", language_supported=False)

    assert [reason.code for reason in decide(evidence, DUTCH).reasons] == ["language"]


def test_what_the_policy_sets_no_limit_for_is_evidence_alone() -> None:
    scores = {"TOXICITY": 0.05, "THREAT": 0.05, "SPAM": 0.99, "UNKNOWN": 0.99}

    assert decide(Evidence(scores), POLICY).outcome == "approve"
    limited = policy_from({"thresholds": {"SPAM": {"review": 0.5}}})
    assert decide(Evidence(dict.fromkeys(ATTRIBUTES, 0.05) | scores), limited).reasons[0].attribute == "SPAM"


ALL_FINE = dict.fromkeys(ATTRIBUTES, 0.05)


def by_default(scores: dict[str, float], **more: Any) -> list[str]:
    return [reason.code for reason in decide(Evidence(scores, **more), policy_from({})).reasons]


def test_by_default_a_person_is_asked_about_what_is_almost_surely_spam() -> None:
    assert by_default(ALL_FINE | {"SPAM": 0.35}) == ["all-clear"]
    assert by_default(ALL_FINE | {"SPAM": 0.36}) == ["score"]
    off = policy_from({"thresholds": {"SPAM": None}})
    assert decide(Evidence(ALL_FINE | {"SPAM": 1.0}), off).outcome == "approve"


@pytest.mark.parametrize(
    ("evidence", "outcome"),
    [
        (Evidence({"SPAM": 0.98}, is_short=True), "approve"),  # "100 %", "10/10"
        (Evidence({"SPAM": 0.98}, is_short=True, links=1), "review"),
        (Evidence({"SPAM": 0.98}, is_short=True, contacts=("telephone",)), "review"),
        (Evidence({"SPAM": float("nan")}, is_short=True), "review"),
        (Evidence({"SPAM": 0.98}), "review"),
    ],
)
def test_a_word_or_two_that_lead_nowhere_are_no_spam(evidence: Evidence, outcome: str) -> None:
    policy = Policy({"SPAM": Thresholds(0.36)})

    assert decide(evidence, policy).outcome == outcome


def test_a_model_without_an_output_for_spam_holds_nothing_back_for_that() -> None:
    scores = {name: 0.05 for name in ATTRIBUTES if name != "SPAM"}

    assert by_default(scores, unknown=frozenset({"SPAM"})) == ["all-clear"]
    assert by_default(scores) == ["not-scored"], "this model has one and kept silent"
    assert by_default(scores | {"SPAM": math.nan}, unknown=frozenset({"SPAM"})) == ["not-scored"]


def test_a_name_asks_no_more_of_a_model_than_the_text_does() -> None:
    scores = dict.fromkeys(ATTRIBUTES, 0.0)
    del scores["SPAM"]
    name = NameEvidence(dict(scores))

    assert by_default(scores, unknown=frozenset({"SPAM"}), name=name) == ["all-clear"]
    assert by_default(scores | {"SPAM": 0.0}, name=name) == ["not-scored"]


@pytest.mark.parametrize("name", sorted({*ATTRIBUTES} - {"SPAM"}))
def test_no_other_attribute_may_be_unknown_to_a_model(name: str) -> None:
    scores = {other: 0.05 for other in ATTRIBUTES if other != name}

    assert by_default(scores, unknown=frozenset({name})) == ["not-scored"]


def test_a_reason_by_scores_says_whose_they_are() -> None:
    for scores, is_unsure in (
        (FINE, False),
        (FINE | {"TOXICITY": 0.7}, False),
        (FINE | {"TOXICITY": 0.5}, True),
    ):
        reason = decide(Evidence(scores, is_unsure=is_unsure, reader="careful"), POLICY).reasons[0]

        assert reason.as_dict()["reader"] == "careful"


def test_a_name_is_judged_as_strictly_as_a_body_and_says_so() -> None:
    worst = NameEvidence(FINE | {"TOXICITY": 0.95}, banned=("x",), suspect=("y",), links=1, reader="careful")
    found = [*decide(Evidence(FINE, name=worst), POLICY).reasons]
    found += decide(Evidence(FINE, name=NameEvidence(None)), POLICY).reasons
    found += decide(Evidence(FINE, name=NameEvidence({"TOXICITY": 0.1, "THREAT": math.nan})), POLICY).reasons

    assert [(reason.code, reason.outcome) for reason in found] == [
        ("score", "reject"), ("banned-word", "reject"), ("suspect-word", "review"), ("links", "review"),
        ("not-scored", "review"), ("not-scored", "review"),
    ]  # fmt: skip
    assert {reason.as_dict()["field"] for reason in found} == {NAME}
    assert all("in the name" in reason.text.lower() or "The name" in reason.text for reason in found)
    assert found[0].as_dict()["reader"] == "careful"


@pytest.mark.parametrize("personal", [("phone",), ("email", "address"), KINDS])
def test_personal_data_asks_a_person_and_never_refuses(personal: tuple[str, ...]) -> None:
    held = (Evidence(FINE, personal=personal), Evidence(FINE, name=NameEvidence(FINE, personal=personal)))
    off = replace(POLICY, hold_personal_data=False)

    for evidence, field in zip(held, (None, NAME), strict=True):
        decision = decide(evidence, POLICY)
        assert decision.outcome == "review"
        assert [(reason.code, reason.field) for reason in decision.reasons] == [("personal-data", field)]
        assert all(IN_WORDS[kind] in decision.reasons[0].text for kind in personal)
        assert decide(evidence, off).outcome == "approve"


def test_a_kind_of_personal_data_of_a_later_release_still_asks() -> None:
    decision = decide(Evidence(FINE, personal=("passport",)), POLICY)

    assert (decision.outcome, decision.reasons[0].text) == ("review", "Personal data: passport.")


def test_a_fine_name_changes_nothing() -> None:
    assert decide(Evidence(FINE, name=NameEvidence(FINE)), POLICY) == decide(Evidence(FINE), POLICY)


@given(st.floats())
def test_only_a_real_score_of_the_name_below_review_is_approved(score: float) -> None:
    name = NameEvidence(FINE | {"TOXICITY": score})

    assert (decide(Evidence(FINE, name=name), POLICY).outcome == "approve") == (0 <= score < 0.6)


@given(evidences, policies)
def test_whatever_is_known_and_wanted_is_decided_by_the_strictest_rule(
    evidence: Evidence, policy: Policy
) -> None:
    decision = decide(evidence, policy)
    asked = [reason for rule in RULES for reason in rule(evidence, policy)]

    assert decision.outcome == max(
        (reason.outcome for reason in asked), key=OUTCOMES.index, default="approve"
    )
    assert sorted(map(repr, asked)) == sorted(map(repr, decision.reasons)) or not asked
    assert decision.reasons[0].outcome == decision.outcome
    assert (decision.outcome == "approve") == (decision.reasons[0].code == ALL_CLEAR)


@pytest.mark.parametrize("of_name", [False, True])
@given(evidences, policies, st.sampled_from(ATTRIBUTES), st.floats(0, 1), st.floats(0, 1))
def test_no_score_that_rises_makes_a_decision_milder(
    of_name: bool, evidence: Evidence, policy: Policy, attribute: str, a: float, b: float
) -> None:
    outcomes = []
    for score in sorted((a, b)):
        if of_name:
            name = evidence.name or NameEvidence({})
            name = replace(name, scores={**(name.scores or {}), attribute: score})
            risen = replace(evidence, name=name)
        else:
            risen = replace(evidence, scores={**(evidence.scores or {}), attribute: score})
        outcomes.append(decide(risen, policy).outcome)

    assert OUTCOMES.index(outcomes[0]) <= OUTCOMES.index(outcomes[1])
