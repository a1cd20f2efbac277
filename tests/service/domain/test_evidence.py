"""Evidence that was kept tells the same story as on the day."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.evidence import Evidence, NameEvidence, rounded
from service.domain.policy import decide
from service.domain.policy_members import Policy
from tests.service.domain.drawn import evidences, policies


def kept(evidence: Evidence) -> Evidence:
    """Return evidence as it is read back from a database that takes strict JSON only."""
    return Evidence.from_dict(json.loads(json.dumps(evidence.as_dict(), allow_nan=False)))


@given(evidences, policies)
def test_what_was_kept_is_decided_as_it_was(evidence: Evidence, policy: Policy) -> None:
    assert decide(kept(evidence), policy) == decide(evidence, policy)


@given(evidences)
def test_to_keep_it_twice_is_to_keep_it_once(evidence: Evidence) -> None:
    assert kept(evidence).as_dict() == evidence.as_dict()


@given(st.floats(0, 1))
def test_a_score_is_kept_with_six_digits(score: float) -> None:
    document = Evidence({"THREAT": score}, name=NameEvidence({"THREAT": score})).as_dict()

    assert document == {"scores": rounded({"THREAT": score}), "name": {"scores": rounded({"THREAT": score})}}


def test_only_what_is_said_takes_room() -> None:
    assert Evidence({"THREAT": 0.5}).as_dict() == {"scores": {"THREAT": 0.5}}
    assert Evidence(None).as_dict() == {"scores": None}
    assert Evidence(None, unknown=frozenset({"b", "a"}), banned=("x",)).as_dict() == {
        "scores": None, "banned": ["x"], "unknown": ["a", "b"],
    }  # fmt: skip


def test_kinds_of_personal_data_are_kept_and_old_evidence_has_none() -> None:
    evidence = Evidence(None, personal=("phone", "address"), name=NameEvidence(None, personal=("email",)))

    assert evidence.as_dict() == {
        "scores": None, "name": {"scores": None, "personal": ["email"]}, "personal": ["phone", "address"],
    }  # fmt: skip
    assert kept(evidence) == evidence
    assert Evidence.from_dict({"scores": None, "links": 1}).personal == ()


@pytest.mark.parametrize("score", [math.nan, math.inf, -math.inf])
def test_a_score_that_is_no_number_is_not_one_that_was_never_there(score: float) -> None:
    document = Evidence({"THREAT": score}).as_dict()

    assert document == {"scores": {"THREAT": None}}
    assert math.isnan((Evidence.from_dict(document).scores or {})["THREAT"])


def test_what_a_later_release_kept_besides_is_passed_over() -> None:
    document = {"scores": {}, "mood": "fair", "name": {"scores": None, "script": "Latn"}}

    assert Evidence.from_dict(document) == Evidence({}, name=NameEvidence(None))


def test_evidence_that_says_nothing_of_scores_was_not_scored() -> None:
    assert Evidence.from_dict({}) == Evidence(None)
