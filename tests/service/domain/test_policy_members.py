"""Each member of a policy: its default passes its own checks, and its bounds are those it tells of.

Proves `service/domain/policy_kinds.py` too.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from service.domain.policy_document import complete, policy_from
from service.domain.policy_kinds import Kind, Languages, Whole, Words
from service.domain.policy_members import DEFAULT, MEMBERS, Policy

FORM_FIELDS = {"checkbox", "number", "lines", "limits"}


def problems(kind: Kind, given: object) -> list[tuple[str, str]]:
    return list(kind.problems("/it", given))


def test_every_member_of_a_policy_is_declared() -> None:
    assert [field.name for field in fields(Policy)] == list(MEMBERS) == list(DEFAULT)


@pytest.mark.parametrize(("name", "kind"), MEMBERS.items(), ids=MEMBERS)
def test_a_member_explains_itself_in_one_sentence(name: str, kind: Kind) -> None:
    assert kind.meaning[0].isupper()
    assert kind.meaning.endswith(".")
    assert kind.meaning.count(". ") == 0
    assert kind.form_field in FORM_FIELDS
    assert kind.schema["type"] in {"object", "array", "integer", "boolean"}


@pytest.mark.parametrize(("name", "kind"), MEMBERS.items(), ids=MEMBERS)
def test_a_default_passes_the_checks_of_its_member(name: str, kind: Kind) -> None:
    assert problems(kind, DEFAULT[name]) == []


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"thresholds": {"THREAT": {"review": 0.1, "reject": 0.9}, "SPAM": None}},
        {"banned_words": ["b", "a"], "suspect_words": ["c"], "languages": ["de", "ko"], "max_links": 0},
        {"premoderate": True, "hold_repeats": False, "hold_personal_data": False, "hold_first_time": True},
    ],
)
def test_a_policy_says_what_its_document_says(document: dict[str, Any]) -> None:
    policy = policy_from(document)
    written = {name: kind.document(getattr(policy, name)) for name, kind in MEMBERS.items()}

    assert written == complete(document)


def test_a_policy_by_default_is_the_empty_document() -> None:
    assert policy_from({}) == Policy()


def test_the_bounds_of_a_number_are_those_it_tells_of() -> None:
    kind = Whole("How many.", 2, 5)

    assert (kind.schema["minimum"], kind.schema["maximum"]) == (2, 5)
    assert [given for given in range(8) if not problems(kind, given)] == [2, 3, 4, 5]
    assert problems(kind, True) == problems(kind, 2.0) == [("/it", "must be a whole number from 2 to 5")]


def test_the_bounds_of_a_list_are_those_it_tells_of() -> None:
    words, languages = Words("Which.", most=2, longest=3), Languages("Which.", most=1)

    assert (words.schema["maxItems"], languages.schema["maxItems"]) == (2, 1)
    assert problems(words, ["abc", "d"]) == problems(languages, ["de"]) == []
    assert problems(words, ["a"] * 3) == [("/it", "must be a list of at most 2 words")]
    assert problems(words, ["a", "abcd"]) == [("/it/1", "must be a text of 1 to 3 characters")]
    assert problems(languages, ["de", "ko"]) == [("/it", "must be a list of at most 1 languages")]
