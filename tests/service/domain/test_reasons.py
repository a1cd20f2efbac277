"""Reasons: what every rule can say, and what authors read of it, here and in the widget."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given

import service
from service.domain.comment import Status
from service.domain.evidence import Evidence, NameEvidence
from service.domain.page_words import FIELDS
from service.domain.policy import decide
from service.domain.policy_kinds import Thresholds
from service.domain.policy_members import Policy
from service.domain.reasons import (
    ALL_CLEAR,
    FOR_AUTHORS,
    MODERATOR,
    NAME,
    NAME_FOR_AUTHORS,
    PAGE_FOR_AUTHORS,
    POLICY_ACTOR,
    Reason,
    reasons_for_author,
)
from tests.service.domain.drawn import evidences, policies

LOCALES = sorted((Path(service.__file__).parent / "embed" / "widget" / "locales" / "later").glob("*.js"))
STRICT = Policy(
    {"TOXICITY": Thresholds(0.6, 0.9)}, premoderate=True, max_links=0, hold_repeats=True, hold_first_time=True
)
# Between them, they are held by every rule there is.
HELD = (
    Evidence(None),
    Evidence({"TOXICITY": 0.4}, is_unsure=True),
    Evidence({"TOXICITY": 0.7}, is_beta=True),
    Evidence(
        {"TOXICITY": 0.1}, language_supported=False, banned=("x",), suspect=("y",), links=9,
        repeat_of="author", first_time=True, personal=("phone",), contacts=("number",),
        posts_network=31, posts_site=1001, trapped=True,
    ),
    Evidence({"TOXICITY": 0.1}, name=NameEvidence(None, banned=("x",), suspect=("y",), links=1)),
    Evidence({"TOXICITY": 0.1}, name=NameEvidence({"TOXICITY": 0.95}, personal=("email",))),
    Evidence({"TOXICITY": 0.1}, name=NameEvidence({"TOXICITY": 0.1}, contacts=("messenger",))),
    Evidence({"TOXICITY": 0.1}, name=NameEvidence({"TOXICITY": 0.1}, is_reserved=True, is_disguised=True)),
    Evidence({"TOXICITY": 0.1}, title=NameEvidence(None, banned=("x",), suspect=("y",), links=1)),
    Evidence({"TOXICITY": 0.1}, key=NameEvidence({"TOXICITY": 0.95}, contacts=("offer",), is_disguised=True)),
)  # fmt: skip


def codes(evidence: Evidence, policy: Policy) -> set[tuple[str, str | None]]:
    return {(reason.code, reason.field) for reason in decide(evidence, policy).reasons}


def test_what_rules_say_and_what_has_words_for_authors_are_the_same() -> None:
    said = set().union(*(codes(evidence, STRICT) for evidence in HELD))

    assert {code for code, field in said if field is None} | {MODERATOR} == set(FOR_AUTHORS)
    assert {code for code, field in said if field == NAME} == set(NAME_FOR_AUTHORS)
    assert {code for code, field in said if field in FIELDS} == set(PAGE_FOR_AUTHORS)


@given(evidences, policies)
def test_whatever_holds_a_comment_has_words_for_its_author(evidence: Evidence, policy: Policy) -> None:
    kept = [reason.as_dict() for reason in decide(evidence, policy).reasons]
    told = reasons_for_author(Status.PENDING, POLICY_ACTOR, kept)

    assert {(one["code"], one.get("field")) for one in told} == codes(evidence, policy) - {(ALL_CLEAR, None)}


@pytest.mark.parametrize("locale", LOCALES, ids=lambda path: path.stem)
def test_every_locale_of_the_widget_has_a_text_for_every_reason(locale: Path) -> None:
    texts = dict(re.findall(r"^ +'why-([a-z-]+)': '(.+)',?$", locale.read_text(), re.MULTILINE))

    assert set(texts) == {*FOR_AUTHORS, *(f"name-{code}" for code in NAME_FOR_AUTHORS)}
    assert [text for text in texts.values() if any(char.isdigit() for char in text)] == []


def test_there_is_a_locale_to_look_at() -> None:
    assert "en" in [path.stem for path in LOCALES]


@pytest.mark.parametrize("text", [*FOR_AUTHORS.values(), *NAME_FOR_AUTHORS.values()])
def test_what_an_author_is_told_is_a_sentence_without_figures(text: str) -> None:
    assert text.endswith(".")
    assert not any(char.isdigit() for char in text)


def test_nothing_is_told_of_a_public_comment() -> None:
    assert reasons_for_author(Status.APPROVED, POLICY_ACTOR, [{"code": "score"}]) == []


@pytest.mark.parametrize("kept", [{"code": "weather"}, {"code": "score", "field": "weather"}, {}])
def test_a_reason_of_a_later_release_is_passed_over(kept: dict[str, object]) -> None:
    assert reasons_for_author(Status.PENDING, POLICY_ACTOR, [kept]) == []


def test_a_reason_as_json_has_what_applies_in_the_order_of_its_kind() -> None:
    reason = Reason("score", "review", "…", "THREAT", 0.5, 0.4, "fast", NAME)

    assert list(reason.as_dict()) == ["code", "field", "text", "attribute", "score", "threshold", "reader"]
    assert list(Reason("links", "review", "…").as_dict()) == ["code", "text"]
