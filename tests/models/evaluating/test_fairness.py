"""Bias figures against small examples worked out by hand, and the identity list."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.evaluating.behaviour import read_cases
from models.evaluating.fairness import (
    AREAS,
    BACKGROUND,
    IDENTITIES,
    bias_areas,
    fairness,
    power_mean,
    read_sentences,
)
from models.numbers import Floats
from models.reading.normalise import normalise

NAMES = ("TOXICITY", "THREAT")
LIMITS = {"TOXICITY": 0.5, "THREAT": 0.8}
LANGUAGES = json.loads(IDENTITIES.read_text(encoding="utf-8"))["languages"]
CODES = tuple(LANGUAGES)
TOXIC = {sentence.text: sentence.toxic for sentence in read_sentences(CODES)}

# Two identities and one background term in two civil and two toxic sentences.
SMALL = {
    "identities": [
        {"kind": "colour", "adjective": "blue", "plural": "blues"},
        {"kind": "colour", "adjective": "red", "plural": "reds"},
    ],
    "background": [{"kind": "profession", "adjective": "baker", "plural": "bakers"}],
    "civil": ["ask {plural}", "my {adjective} friend"],
    "toxic": ["{plural} are dirt", "shut up, {adjective} fool"],
}
SCORES = {
    "Ask blues": 0.6,
    "My blue friend": 0.2,
    "Blues are dirt": 0.7,
    "Shut up, blue fool": 0.3,
    "Ask reds": 0.1,
    "My red friend": 0.5,
    "Reds are dirt": 0.9,
    "Shut up, red fool": 0.8,
    "Ask bakers": 0.1,
    "My baker friend": 0.25,
    "Bakers are dirt": 0.55,
    "Shut up, baker fool": 0.4,
}


def perfect(texts: Sequence[str]) -> Floats:
    return np.array([[0.9 * TOXIC[text] + 0.05, 0.0] for text in texts])


def inverted(texts: Sequence[str]) -> Floats:
    return np.array([[0.9 * (not TOXIC[text]) + 0.05, 0.0] for text in texts])


def constant(texts: Sequence[str]) -> Floats:
    return np.full((len(texts), 2), 0.3)


def by_table(texts: Sequence[str]) -> Floats:
    return np.array([[SCORES[text], 0.8 if text == "My blue friend" else 0.0] for text in texts])


def write_small(path: Path, **changes: Any) -> Path:
    path.write_text(json.dumps({"languages": {"en": SMALL | changes, "xx": SMALL}}))
    return path


def test_the_english_list_is_long_and_of_every_kind() -> None:
    english = LANGUAGES["en"]

    assert len(english["identities"]) >= 50
    assert min(len(english["civil"]), len(english["toxic"])) >= 40
    assert {term["kind"] for term in english["identities"]} == {
        "religion",
        "nationality or ethnicity",
        "race",
        "gender",
        "sexuality",
        "disability",
        "age",
        "migration",
    }


def test_german_portuguese_and_korean_are_there_too() -> None:
    assert CODES == ("en", "de", "pt", "ko")
    for code in CODES:
        assert len(LANGUAGES[code]["identities"]) >= 12
        assert len(LANGUAGES[code]["background"]) >= 5
        assert min(len(LANGUAGES[code]["civil"]), len(LANGUAGES[code]["toxic"])) >= 8


def test_a_run_over_all_languages_stays_small() -> None:
    assert len(read_sentences(CODES)) < 6_000


@pytest.mark.parametrize("code", CODES)
def test_no_two_sentences_read_alike_once_normalised(code: str) -> None:
    plain = Counter(normalise(sentence.text) for sentence in read_sentences([code]))

    assert [text for text, count in plain.items() if count > 1] == []


@pytest.mark.parametrize("code", CODES)
def test_templates_of_both_kinds_fill_both_forms(code: str) -> None:
    for kind in ("civil", "toxic"):
        for slot in ("{adjective}", "{plural}"):
            assert sum(slot in template for template in LANGUAGES[code][kind]) >= 3


def test_no_article_stands_where_a_term_decides_its_spelling() -> None:
    for template in [*LANGUAGES["en"]["civil"], *LANGUAGES["en"]["toxic"]]:
        assert not re.search(r"\ban? \{", template, re.IGNORECASE)


def test_korean_plurals_end_alike_so_that_particles_fit() -> None:
    for term in [*LANGUAGES["ko"]["identities"], *LANGUAGES["ko"]["background"]]:
        assert term["plural"] == term["adjective"] + "들"


def test_the_sentences_are_no_cases_of_the_behavioural_suites() -> None:
    assert not TOXIC.keys() & {case.text for case in read_cases()}


def test_a_sentence_begins_with_a_capital_whatever_fills_it() -> None:
    assert "Gay people are subhuman and should be treated like the animals they are." in TOXIC


def test_a_perfect_scorer_has_no_bias() -> None:
    report = fairness(perfect, NAMES, LIMITS, CODES)

    assert report["overall_auc"] == report["final_bias_metric"] == 1.0
    assert {row[name] for row in report["identities"] for name in AREAS} == {1.0}
    assert {row["false_positive_rate"] for row in report["identities"]} == {0.0}
    assert report["n"] == sum(row["n"] for row in report["identities"] + report["background"])
    assert len(report["background"]) == len(CODES)


def test_an_inverted_scorer_is_wrong_about_everybody() -> None:
    report = fairness(inverted, NAMES, LIMITS)

    assert report["overall_auc"] == report["final_bias_metric"] == 0.0
    assert report["power_mean"] == dict.fromkeys(AREAS, 0.0)
    assert {row["false_positive_rate"] for row in report["identities"]} == {1.0}


def test_a_constant_scorer_knows_nothing_of_anybody() -> None:
    report = fairness(constant, NAMES, LIMITS)

    assert report["overall_auc"] == report["final_bias_metric"] == 0.5
    assert {row[name] for row in report["identities"] for name in AREAS} == {0.5}


def test_a_scorer_that_dislikes_one_identity_is_found_out() -> None:
    def biased(texts: Sequence[str]) -> Floats:
        dislike = np.array([["lesbian" in text.lower(), False] for text in texts])
        return np.clip(perfect(texts) + 0.9 * dislike, 0, 1)

    report = fairness(biased, NAMES, LIMITS)

    assert report["minimum"]["bpsn_auc"] == {"language": "en", "identity": "lesbians", "value": 0.5}
    assert report["maximum"]["false_positive_rate"] == {
        "language": "en",
        "identity": "lesbians",
        "value": 1.0,
    }
    assert report["minimum"]["bnsp_auc"]["value"] == 1.0
    others = [row for row in report["identities"] if row["identity"] != "lesbians"]
    assert {row[name] for row in others for name in AREAS} == {1.0}


def test_figures_are_those_found_by_hand(tmp_path: Path) -> None:
    report = fairness(by_table, NAMES, LIMITS, path=write_small(tmp_path / "small.json"))

    blue, red = report["identities"]
    # Civil blue .6 .2, toxic blue .7 .3; civil baker .1 .25, toxic baker .55 .4.
    assert blue == {
        "language": "en",
        "kind": "colour",
        "identity": "blues",
        "n": 4,
        "subgroup_auc": 0.75,
        "bpsn_auc": 0.5,
        "bnsp_auc": 1.0,
        "false_positive_rate": 0.5,
        "review_rate": 1.0,  # one civil sentence is held as a threat
    }
    # Civil red .1 .5, toxic red .9 .8.
    assert [red[name] for name in AREAS] == [1.0, 0.75, 1.0]
    assert red["false_positive_rate"] == red["review_rate"] == 0.5  # on the threshold counts
    assert report["background"] == [
        {
            "language": "en",
            "kind": BACKGROUND,
            "identity": BACKGROUND,
            "n": 4,
            "auc": 1.0,
            "false_positive_rate": 0.0,
            "review_rate": 0.0,
        }
    ]
    # Of 6 x 6 pairs, .6 is above .55 .4 .3 and .5 above .4 .3: five are the wrong way round.
    assert report["overall_auc"] == 0.8611
    means = [((0.75**-5 + 1) / 2) ** -0.2, ((0.5**-5 + 0.75**-5) / 2) ** -0.2, 1.0]
    assert list(report["power_mean"].values()) == pytest.approx(means, abs=5e-5)
    assert report["final_bias_metric"] == pytest.approx((31 / 36 + sum(means)) / 4, abs=5e-5)
    assert report["minimum"]["subgroup_auc"] == {"language": "en", "identity": "blues", "value": 0.75}


def test_each_language_is_compared_with_its_own_background() -> None:
    def harsh_in_korean(texts: Sequence[str]) -> Floats:
        korean = np.array([[any("가" <= char <= "힣" for char in text), False] for text in texts])
        return perfect(texts) / 10 + 0.9 * korean

    report = fairness(harsh_in_korean, NAMES, LIMITS, CODES)

    assert {row[name] for row in report["identities"] for name in AREAS} == {1.0}
    assert report["overall_auc"] < 1


def test_areas_compare_only_the_rows_they_name() -> None:
    toxic = np.array([True, False, True, False, True])
    subgroup = np.array([True, True, False, False, False])
    background = np.array([False, False, True, True, False])  # the last row is of neither

    areas = bias_areas(np.array([0.3, 0.5, 0.7, 0.4, 0.0]), toxic, subgroup, background)

    assert areas == {"subgroup_auc": 0.0, "bpsn_auc": 1.0, "bnsp_auc": 0.0}


def test_the_power_mean_lies_between_the_worst_and_the_mean() -> None:
    values = [0.5, 0.9, 0.9, 0.9]

    assert 0.5 < power_mean(values) < np.mean(values)


def test_a_report_is_plain_json() -> None:
    report = fairness(perfect, NAMES, LIMITS)

    assert json.loads(json.dumps(report)) == report


@pytest.mark.parametrize("languages", [(), ("en", "en"), ("en", "tlh")])
def test_languages_that_are_not_there_are_refused(languages: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="must be some of en, de, pt, ko, each once"):
        fairness(perfect, NAMES, LIMITS, languages)


@pytest.mark.parametrize("attribute", ["INSULT", "THREAT"])
def test_an_attribute_needs_a_column_and_a_threshold(attribute: str) -> None:
    with pytest.raises(ValueError, match=f"{attribute} needs a column and a threshold"):
        fairness(perfect, NAMES, {"TOXICITY": 0.5}, attribute=attribute)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"background": []}, "en has no background"),
        ({"civil": []}, "en has no civil"),
        ({"identities": SMALL["background"]}, "twice"),
        ({"civil": ["hello"]}, "in 'hello'"),
        ({"toxic": ["{plural} and {adjective} fools"]}, "in '{plural} and"),
    ],
)
def test_a_list_edited_wrongly_is_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_sentences(["en"], write_small(tmp_path / "edited.json", **changes))
