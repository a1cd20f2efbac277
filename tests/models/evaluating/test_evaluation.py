"""What an evaluation holds, with a model trained on samples and with a scorer whose scores are known."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from models import Reading, load_scorer
from models.evaluating.evaluation import SPAM_ALARMS, evaluate
from models.texts.data import COLUMNS
from tests.models.conftest import FIELDS, write_csv

SIX = tuple(COLUMNS)
# Of a made-up text: what the fast reader says of TOXICITY, and what comes out if both read it.
TEXT = re.compile(r"\w+ fast (?P<fast>\S+) both (?P<both>\S+)( spam (?P<spam>\S+))?")


class FakeScorer:
    """A scorer that reads its scores from the text. It is unsure of all between 0.3 and 0.7."""

    model_id = "fake-1"
    attributes = (*SIX, "SPAM")
    thresholds = dict.fromkeys(attributes, 0.5)
    languages, beta_languages = frozenset({"en"}), frozenset({"de"})
    thresholds_of: ClassVar = {"en": thresholds, "de": {"INSULT": 0.4, "TOXICITY": 0.4}}
    profiles: ClassVar = {}
    careful_state = "on"
    _careful, _encoder = "auto", "there is one"

    def with_careful(self, careful: str) -> FakeScorer:
        other = copy.copy(self)
        other._careful = careful
        other._encoder = None if careful == "off" else self._encoder
        return other

    def __init__(self) -> None:
        self.read_carefully: list[str] = []

    def read(
        self, texts: Sequence[str], *, languages: Sequence[str], spare: float | None = None
    ) -> list[Reading]:
        everything = spare is None
        return [self._reading(*one, everything) for one in zip(texts, languages, strict=True)]

    def _reading(self, text: str, language: str, everything: bool) -> Reading:
        if not (found := TEXT.match(text)):  # a sentence of a suite
            toxicity = (len(text) % 10) / 10
            found = {"fast": toxicity, "both": toxicity, "spam": None}
        fast = float(found["fast"])
        wanted = language == "en" and (everything or 0.3 < fast < 0.7)
        careful = wanted and self._encoder is not None
        if careful:
            self.read_carefully.append(text)
        toxicity = float(found["both"] if careful else fast)
        names = ("TOXICITY", "INSULT") if language == "de" else self.attributes
        scores = {name: toxicity if name == "TOXICITY" else toxicity / 4 for name in names}
        if "SPAM" in scores:
            scores["SPAM"] = float(found["spam"] or 0.0)
        return Reading(scores, language, True, text, reader="careful" if careful else "fast")


def made_up(
    toxic: bool | None,
    fast: float,
    both: float | None = None,
    *,
    spam: tuple[bool | None, float] = (None, 0.0),
    source: str = "jigsaw2018_train",
    lang: str = "en",
) -> dict[str, str]:
    """Return a row with a label for TOXICITY and INSULT, and perhaps one for spam, and the scores it gets."""
    text = f"{source} fast {fast} both {fast if both is None else both} spam {spam[1]}"
    text += " scoundrel" if toxic else ""
    labels = {} if toxic is None else dict.fromkeys(COLUMNS.values(), "0")
    labels |= {column: str(int(bool(toxic))) for column in ("toxicity", "insult") if labels}
    if spam[0] is not None:
        labels["spam"] = str(int(spam[0]))
    return {"id": text, "text": text, "lang": lang, "source": source, **labels}


def rows_of_all_kinds() -> list[dict[str, str]]:
    """Return rows of every section: reference, natural traffic, spam and German."""
    found = [made_up(False, 0.1)] * 6 + [made_up(False, 0.4, 0.2), made_up(False, 0.6, 0.7)]
    found += [made_up(True, 0.9), made_up(True, 0.8), made_up(True, 0.2), made_up(True, 0.4, 0.9)]
    found += [made_up(False, 0.1, source="wikipedia_context_gc")] * 8
    found += [made_up(False, 0.6, 0.3, source="wikipedia_context_gn")]
    found += [made_up(True, 0.5, 0.8, source="wikipedia_context_gn")]
    found += [made_up(None, 0.1, spam=(True, 0.8), source="videos")] * 9
    found += [made_up(None, 0.1, spam=(False, 0.1), source="videos")] * 9
    found += [
        made_up(toxic, score, source="tweets", lang="de") for toxic, score in ((0, 0.1), (1, 0.3), (1, 0.6))
    ]
    return found


def write_rows(path: Path, found: list[dict[str, str]]) -> Path:
    """Write rows with a column for spam."""
    FIELDS.append("spam")
    try:
        return write_csv(path, found)
    finally:
        FIELDS.pop()


@pytest.fixture
def all_kinds(tmp_path: Path) -> Path:
    return write_rows(tmp_path / "all.csv.gz", rows_of_all_kinds())


@pytest.fixture
def evaluated(all_kinds: Path) -> dict[str, Any]:
    return evaluate(FakeScorer(), all_kinds, prior=0.25)


def test_evaluation_gives_plain_json(trained: Path, samples: tuple[Path, Path]) -> None:
    found = evaluate(load_scorer(trained), samples[1])

    assert json.loads(json.dumps(found)) == found
    assert found["attributes"]["TOXICITY"]["roc_auc"] > 0.9
    assert found["sources"]["jigsaw2018_train"]["positives"] == found["attributes"]["TOXICITY"]["positives"]
    assert found["mean_roc_auc"] == pytest.approx(
        np.mean([row["roc_auc"] for row in found["attributes"].values()]), abs=1e-4
    )


def test_the_same_model_and_data_give_the_same_evaluation(trained: Path, samples: tuple[Path, Path]) -> None:
    assert evaluate(load_scorer(trained), samples[1]) == evaluate(load_scorer(trained), samples[1])


def test_what_the_data_or_the_model_lacks_is_left_out(trained: Path, samples: tuple[Path, Path]) -> None:
    found = evaluate(load_scorer(trained), samples[1])

    assert not found.keys() & {"natural", "spam"}
    assert found["languages"] == {}
    assert found["readers"]["careful_reader"] == "this model has none"
    assert set(found["readers"]["toxicity"]) == {"fast"}
    assert set(found["readers"]["toxicity"]["fast"]) == {"reference"}
    assert "share_read_carefully" not in found["readers"]


def test_in_short_there_are_neither_intervals_nor_suites(all_kinds: Path) -> None:
    found, short = (evaluate(FakeScorer(), all_kinds, 0.25, full=full) for full in (True, False))

    assert "intervals" not in json.dumps(short)
    assert not short.keys() & {"fairness", "behaviour", "robustness"}
    assert found["behaviour"]["cases"] > 100
    assert set(found["fairness"]) == {"en", "de"}
    assert set(found["attributes"]["TOXICITY"]) - {"intervals"} == set(short["attributes"]["TOXICITY"])
    for name, row in short["attributes"].items():
        assert row.items() <= found["attributes"][name].items()


def test_rows_labelled_for_spam_alone_are_no_harmless_comments(all_kinds: Path, tmp_path: Path) -> None:
    everything = [{**row, "source": "mine"} for row in rows_of_all_kinds() if row["lang"] == "en"]
    found = evaluate(FakeScorer(), write_rows(tmp_path / "mine.csv.gz", everything), full=False)

    assert found["rows"] == 22
    assert found["sources"]["mine"]["rows"] == 22
    assert found["spam"]["rows"] == 18


def test_natural_traffic_is_taken_as_it_is(evaluated: dict[str, Any]) -> None:
    natural = evaluated["natural"]

    assert (natural["rows"], natural["positives"], natural["prior"]) == (10, 1, 0.1)
    assert (natural["roc_auc"], natural["recall"], natural["false_alarms"]) == (1.0, 1.0, 0.0)
    assert natural["ece"] == pytest.approx((8 * 0.1 + 0.3 + 0.2) / 10)
    assert natural["intervals"]["recall"] == [1.0, 1.0]


def test_each_reader_has_figures_of_its_own(evaluated: dict[str, Any]) -> None:
    toxicity = evaluated["readers"]["toxicity"]
    recalls = {name: rows["reference"]["recall"] for name, rows in toxicity.items()}
    alarms = {name: rows["reference"]["false_alarms"] for name, rows in toxicity.items()}
    areas = {name: rows["natural"]["roc_auc"] for name, rows in toxicity.items()}

    assert recalls == {"joint": 0.75, "fast": 0.5, "loaded": 0.75}
    assert alarms == {"joint": 0.125, "fast": 0.125, "loaded": 0.125}
    assert areas == {"joint": 1.0, "fast": round(8 / 9, 4), "loaded": 1.0}
    assert toxicity["joint"]["reference"] == evaluated["attributes"]["TOXICITY"]


def test_the_share_that_is_read_carefully_is_counted_in_traffic(evaluated: dict[str, Any]) -> None:
    # One of the four toxic rows, which weigh a quarter, and two of the eight others.
    expected = {"reference": 0.25 * 0.25 + 0.75 * 0.25, "reference_negatives": 0.25, "natural": 0.2}

    assert evaluated["readers"]["share_read_carefully"] == expected


def test_a_text_is_read_once_at_leisure_and_again_under_load_if_it_is_unsure(all_kinds: Path) -> None:
    scorer = FakeScorer()
    evaluate(scorer, all_kinds, full=False)
    english = [row for row in rows_of_all_kinds() if row["lang"] == "en"]
    measured = ("jigsaw2018_train", "wikipedia_context_gc", "wikipedia_context_gn")
    again = [row["text"] for row in english if row["source"] in measured]
    again = [text for text in again if 0.3 < float(TEXT.match(text)["fast"]) < 0.7]

    assert sorted(scorer.read_carefully) == sorted([*(row["text"] for row in english), *again])


def test_a_reader_that_is_off_is_left_out(all_kinds: Path) -> None:
    scorer = FakeScorer()
    scorer.careful_state, scorer._encoder = "off", None

    assert set(evaluate(scorer, all_kinds, full=False)["readers"]["toxicity"]) == {"fast"}


def test_errors_are_counted_and_forecast(evaluated: dict[str, Any]) -> None:
    toxicity, anything = evaluated["errors"]["TOXICITY"], evaluated["errors"]["any"]

    assert toxicity["counts"] == {
        "true_positives": 3,
        "false_positives": 1,
        "true_negatives": 7,
        "false_negatives": 1,
    }
    assert toxicity["per_1000"] == {
        "true_positives": 187.5,
        "false_positives": 93.8,
        "true_negatives": 656.2,
        "false_negatives": 62.5,
    }
    assert anything == toxicity
    assert evaluated["errors"]["INSULT"]["counts"]["true_positives"] == 0
    assert evaluated["errors"]["INSULT"]["counts"]["false_negatives"] == 4


def test_telling_words_are_disguised_in_the_reference_rows(evaluated: dict[str, Any], tmp_path: Path) -> None:
    twice = write_rows(tmp_path / "twice.csv.gz", rows_of_all_kinds() * 2)
    found = evaluate(FakeScorer(), twice)["robustness"]

    assert "robustness" not in evaluated, "four texts are too few to find a telling word"
    assert (found["telling_words"], found["texts"]) == (1, 8)
    assert found["innocent"]["texts"] == 16
    assert {row["kept"] for row in found["families"]["known"].values()} == {1.0}


def test_spam_over_its_threshold_counts_as_held(tmp_path: Path) -> None:
    found = [made_up(True, 0.9), made_up(False, 0.1), made_up(False, 0.2, spam=(None, 0.9))]
    counts = evaluate(FakeScorer(), write_rows(tmp_path / "a.csv.gz", found), full=False)["errors"]

    assert counts["TOXICITY"]["counts"]["false_positives"] == 0
    assert counts["any"]["counts"]["false_positives"] == 1


def test_a_beta_language_has_figures_at_its_own_prevalence_and_thresholds(evaluated: dict[str, Any]) -> None:
    german = evaluated["languages"]["de"]

    assert german["rows"] == 3
    assert set(german["attributes"]) == {"TOXICITY", "INSULT"}
    assert german["attributes"]["TOXICITY"]["prior"] == round(2 / 3, 4)
    assert german["attributes"]["TOXICITY"]["threshold"] == 0.4
    assert german["attributes"]["TOXICITY"]["recall"] == 0.5


def test_a_file_of_a_beta_language_alone_is_evaluated(tmp_path: Path) -> None:
    german = [row for row in rows_of_all_kinds() if row["lang"] == "de"]
    found = evaluate(FakeScorer(), write_rows(tmp_path / "de.csv.gz", german))

    assert (found["rows"], found["attributes"], found["sources"]) == (0, {}, {})
    assert found["languages"]["de"]["rows"] == 3
    assert not found.keys() & {"errors", "readers", "behaviour", "robustness"}


@pytest.mark.parametrize(
    ("confused", "taken_for_spam", "supported"), [(0, 0, True), (4, 0, False), (0, 1, False)]
)
def test_spam_is_supported_only_if_its_evaluation_says_so(
    confused: int, taken_for_spam: int, supported: bool, tmp_path: Path
) -> None:
    found = [
        made_up(None, 0.1, spam=(True, 0.8 if i >= confused else 0.05), source="videos") for i in range(9)
    ]
    found += [made_up(None, 0.1, spam=(False, 0.1), source="videos")] * 9
    found += [made_up(True, 0.9)] + [made_up(False, 0.1)] * 20
    found += [made_up(False, 0.1, spam=(None, 0.9))] * taken_for_spam
    spam = evaluate(FakeScorer(), write_rows(tmp_path / "a.csv.gz", found))["spam"]

    assert spam["supported"] is supported
    assert spam["wikipedia"] == {
        "rows": 21 + taken_for_spam,
        "false_alarms": round(taken_for_spam / (21 + taken_for_spam), 4),
    }
    assert SPAM_ALARMS < 1 / 22


def test_evaluation_on_harmless_texts_alone_is_refused(trained: Path, tmp_path: Path) -> None:
    row = {"id": "1", "text": "fine", "lang": "en", "source": "mine", "toxicity": "0"}

    with pytest.raises(ValueError, match="rows of both kinds"):
        evaluate(load_scorer(trained), write_csv(tmp_path / "a.csv.gz", [row, row]))


def test_a_file_without_our_columns_or_languages_is_refused_with_the_reason(tmp_path: Path) -> None:
    other = tmp_path / "a.csv"
    other.write_text("text,lang\nhello,en\n", encoding="utf-8")

    with pytest.raises(ValueError, match=r"lacks the columns identity_attack, insult"):
        evaluate(FakeScorer(), other)
    with pytest.raises(ValueError, match="no labelled row in 'en'"):
        evaluate(FakeScorer(), write_rows(tmp_path / "b.csv.gz", [made_up(True, 0.9, lang="fr")]))
    with pytest.raises(FileNotFoundError, match="no such data file"):
        evaluate(FakeScorer(), tmp_path / "none.csv.gz")
