"""Behavioural suites: well made, and counted rightly."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.evaluating.behaviour import Failure, behaviour, failures, read_cases
from models.numbers import Floats
from models.reading.normalise import normalise

NAMES = ("TOXICITY", "THREAT")
LIMITS = {"TOXICITY": 0.5, "THREAT": 0.8}
CASES = read_cases()
TOXIC = {case.text: case.toxic for case in CASES}
MIXED = {
    "negation",
    "counter_speech",
    "quoted_abuse",
    "reclaimed_words",
    "profanity_without_attack",
    "threats",
    "emoji",
    "dialect",
    "hate_without_keywords",
    "insults_at_individuals",
}
CIVIL = {
    "identity_disclosure",
    "harmless_violence_words",
    "civil_disagreement_on_news",
    "self_deprecation",
    "identity_mention_neutral",
}


def perfect(texts: Sequence[str]) -> Floats:
    return np.array([[0.9 * TOXIC[text] + 0.05, 0.0] for text in texts])


def inverted(texts: Sequence[str]) -> Floats:
    return np.array([[0.9 * (not TOXIC[text]) + 0.05, 0.0] for text in texts])


def constant(texts: Sequence[str]) -> Floats:
    return np.full((len(texts), 2), 0.3)


def write_suites(path: Path, **suites: dict[str, bool]) -> Path:
    cases = {
        name: {"about": name, "cases": [{"text": text, "toxic": toxic} for text, toxic in found.items()]}
        for name, found in suites.items()
    }
    path.write_text(json.dumps({"suites": cases}))
    return path


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return write_suites(
        tmp_path / "small.json",
        both={"a": True, "b": False, "c": False},
        one={"d": False, "e": False},
    )


def by_letter(**rows: tuple[float, float]) -> Any:
    return lambda texts: np.array([rows[text] for text in texts])


SMALL = by_letter(a=(0.6, 0.0), b=(0.7, 0.0), c=(0.5, 0.0), d=(0.2, 0.8), e=(0.6, 0.1))


def test_there_is_a_suite_for_every_difficulty_each_of_thirty_cases_or_more() -> None:
    sizes = Counter(case.suite for case in CASES)

    assert set(sizes) == MIXED | CIVIL
    assert min(sizes.values()) >= 30


@pytest.mark.parametrize("suite", sorted(MIXED))
def test_a_mixed_suite_has_five_or_more_cases_of_either_kind(suite: str) -> None:
    kinds = Counter(case.toxic for case in CASES if case.suite == suite)

    assert min(kinds[True], kinds[False]) >= 5


@pytest.mark.parametrize("suite", sorted(CIVIL))
def test_a_civil_suite_is_civil(suite: str) -> None:
    assert {case.toxic for case in CASES if case.suite == suite} == {False}


def test_no_two_cases_read_alike_once_normalised() -> None:
    plain = Counter(normalise(case.text) for case in CASES)

    assert [text for text, count in plain.items() if count > 1] == []


def test_cases_do_not_share_a_run_of_eight_words() -> None:
    runs = Counter(
        run
        for words in (normalise(case.text).split() for case in CASES)
        for run in {tuple(words[at : at + 8]) for at in range(len(words) - 7)}
    )

    assert [run for run, count in runs.items() if count > 1] == []


def test_every_case_is_a_comment_as_typed_of_a_known_kind() -> None:
    for case in CASES:
        assert type(case.toxic) is bool
        assert case.text == case.text.strip()
        assert 3 <= len(case.text) <= 300


def test_a_perfect_scorer_passes_everything() -> None:
    report = behaviour(perfect, NAMES, LIMITS)

    for row in [report, *report["suites"].values()]:
        assert (row["rate"], row["roc_auc"], row["false_alarms"], row["missed"]) == (1.0, 1.0, 0, 0)
    assert report["cases"] == report["passed"] == len(CASES)
    assert failures(perfect, NAMES, LIMITS) == []


def test_an_inverted_scorer_passes_nothing() -> None:
    report = behaviour(inverted, NAMES, LIMITS)

    for row in [report, *report["suites"].values()]:
        assert (row["rate"], row["roc_auc"], row["passed"]) == (0.0, 0.0, 0)
    assert [failure[:3] for failure in failures(inverted, NAMES, LIMITS)] == CASES


def test_a_constant_scorer_orders_nothing_and_passes_the_civil_cases_alone() -> None:
    report = behaviour(constant, NAMES, LIMITS)

    assert {row["roc_auc"] for row in [report, *report["suites"].values()]} == {0.5}
    assert report["passed"] == sum(not case.toxic for case in CASES)
    assert report["false_alarms"] == 0


def test_figures_are_those_found_by_hand(small: Path) -> None:
    report = behaviour(SMALL, NAMES, LIMITS, small)

    # a is held rightly; b, c (on the threshold), d (as a threat) and e are held wrongly.
    assert report == {
        "cases": 5,
        "passed": 1,
        "rate": 0.2,
        "false_alarms": 4,
        "missed": 0,
        "roc_auc": 0.625,  # a against b, c, d, e: 0 + 1 + 1 + 1/2
        "suites": {
            "both": {
                "cases": 3,
                "passed": 1,
                "rate": 0.3333,
                "false_alarms": 2,
                "missed": 0,
                "roc_auc": 0.5,
                "roc_auc_against": "the suite",
            },
            "one": {
                "cases": 2,
                "passed": 0,
                "rate": 0.0,
                "false_alarms": 2,
                "missed": 0,
                "roc_auc": 0.75,  # a against d, e: 1 + 1/2
                "roc_auc_against": "all suites",
            },
        },
    }


def test_an_attribute_without_a_threshold_holds_nothing(small: Path) -> None:
    failed = failures(SMALL, NAMES, {"TOXICITY": 0.65}, small)

    assert failed == [
        Failure("both", "a", True, {"TOXICITY": 0.6, "THREAT": 0.0}),
        Failure("both", "b", False, {"TOXICITY": 0.7, "THREAT": 0.0}),
    ]


def test_a_report_is_plain_json() -> None:
    report = behaviour(perfect, NAMES, LIMITS)

    assert json.loads(json.dumps(report)) == report


@pytest.mark.parametrize(
    ("names", "limits", "message"),
    [
        (("INSULT", "THREAT"), {"THREAT": 0.5}, "TOXICITY is not among"),
        (NAMES, {"INSULT": 0.5}, "do not fit the attributes"),
        (NAMES, {}, "do not fit the attributes"),
        (NAMES, {"TOXICITY": 50.0}, r"not all in \[0, 1\]"),
        (("TOXICITY",), {"TOXICITY": 0.5}, "of shape"),
    ],
)
def test_what_does_not_fit_is_refused(names: tuple[str, ...], limits: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        behaviour(constant, names, limits)


@pytest.mark.parametrize("odd", [float("nan"), 1.5, -0.1])
def test_a_score_that_is_no_probability_is_refused(odd: float) -> None:
    with pytest.raises(ValueError, match="a score is not in"):
        behaviour(lambda texts: np.full((len(texts), 2), odd), NAMES, LIMITS)


def test_suites_with_a_text_twice_or_of_one_kind_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="a text twice"):
        read_cases(write_suites(tmp_path / "twice.json", one={"a": True}, two={"a": False}))
    with pytest.raises(ValueError, match="toxic and civil"):
        read_cases(write_suites(tmp_path / "civil.json", one={"a": False}))
