"""`parley perspective compare`: lines with old scores in, figures out, and never a word of a text."""

from __future__ import annotations

import json
import os
import subprocess
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from models import load_scorer
from service.commands.lines import MAX_LINE
from service.commands.perspective import collect
from tests.fakes import FakeScorer
from tests.models.conftest import PLACES, rows
from tests.running import ROOT, parley_command
from tests.service.commands.conftest import Parley

MARK = "marmalade"  # stands in every text, and may stand in no output


@pytest.fixture(scope="session")
def scored() -> list[dict[str, Any]]:
    """Texts with made-up old scores of two attributes, rude ones high."""
    found = []
    for number, row in enumerate(rows(PLACES[7:], 2)):
        high, low = 0.62 + number % 7 / 20, number % 9 / 20
        scores = {name: high if row[label] == "1" else low for name, label in
                  (("TOXICITY", "toxicity"), ("INSULT", "insult"))}  # fmt: skip
        found.append({"id": f"row-{number}", "text": f"{row['text']} {MARK}", "scores": scores})
    return found


@pytest.fixture
def compare(parley: Parley, trained: Path, tmp_path: Path):
    """Compare the small model on lines, given as values or as bytes; return code, output, errors."""

    def run(lines: list[Any], *options: object, before: bytes = b"", end: bytes = b"\n"):
        whole = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines]
        file = tmp_path / "lines.jsonl"
        file.write_bytes(before + end.join(whole))
        return parley("perspective", "compare", file, "--model", trained, *options)

    return run


def test_it_finds_what_the_figures_of_the_models_own_scores_are(compare, scored, trained: Path) -> None:
    code, out, error = compare(scored, "--json")
    found = json.loads(out)
    readings = load_scorer(trained).read([line["text"] for line in scored])
    scores = [reading.scores["TOXICITY"] for reading in readings]
    row = next(row for row in found["attributes"]["TOXICITY"]["thresholds"] if row["old"] == 0.6)

    assert (code, error) == (0, "")
    assert found["model"] == load_scorer(trained).model_id
    assert (found["lines"], found["texts"], found["bad_lines"]) == (len(scored), len(scored), 0)
    assert list(found["attributes"]) == ["TOXICITY", "INSULT"]
    assert found["attributes"]["TOXICITY"]["rank_correlation"] > 0.5
    assert row["texts"] == sum(line["scores"]["TOXICITY"] >= 0.6 for line in scored)
    assert row["held_new"] == pytest.approx(
        sum(score >= row["new"] for score in scores) / len(scores), abs=1e-4
    )
    assert [row["old"] for row in found["attributes"]["INSULT"]["thresholds"]] == [
        *(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95),
    ]  # fmt: skip


def as_stored(line: dict[str, Any]) -> dict[str, Any]:
    """Return a line as the API's answer beside its question."""
    scores = line["scores"].items()
    answer = {
        f"{name}@6": {"summaryScore": {"value": value, "type": "PROBABILITY"}} for name, value in scores
    }
    return {"comment": {"text": line["text"]}, "attributeScores": answer, "languages": ["en"]}


def as_experiment(line: dict[str, Any]) -> dict[str, Any]:
    scores = {f"{name}_EXPERIMENTAL": value for name, value in line["scores"].items()}
    return {**line, "scores": scores, "id": 7, "lang": None}


def with_versions(line: dict[str, Any]) -> dict[str, Any]:
    others = {"TOXICITY_EXPERIMENTAL": 0.5, "INSULT@1": 0.5, "THREAT": None}
    return {**line, "scores": {**others, **line["scores"]}}


@pytest.mark.parametrize("shape", [as_stored, as_experiment, with_versions])
def test_every_shape_of_a_line_says_the_same(compare, scored, shape) -> None:
    plain = json.loads(compare(scored, "--json")[1])
    code, out, error = compare([shape(line) for line in scored], "--json")

    assert (code, error) == (0, "")
    assert json.loads(out) == plain


def test_byte_order_marks_blank_lines_and_other_line_ends_are_no_matter(compare, scored) -> None:
    plain = json.loads(compare(scored, "--json")[1])
    mark = b"\xef\xbb\xbf"
    code, out, error = compare([*scored, b"", b"  ", mark], "--json", before=mark, end=b"\r\n")

    assert (code, error) == (0, "")
    assert json.loads(out) == plain


SCORES = {"TOXICITY": 0.5}
BAD = {
    "no JSON": (b'{"text": "marmalade', "it is no JSON in UTF-8"),
    "not UTF-8": (b'{"text": "\xff"}', "it is no JSON in UTF-8"),
    "deep": (b'{"text":' + b"[" * 100_000, "it is no JSON in UTF-8"),
    "no object": (["marmalade"], "it is no JSON object"),
    "no text": ({"scores": SCORES}, "it has no text"),
    "odd text": ({"text": 1, "scores": SCORES}, "it has no text"),
    "odd comment": ({"comment": "marmalade", "scores": SCORES}, "it has no text"),
    "empty": ({"text": " \n", "scores": SCORES}, "its text is empty"),
    "half": (b'{"text": "marmalade \\ud800", "scores": {"TOXICITY": 0.5}}',
             "its text holds half a character (a lone surrogate)"),
    "long": ({"text": "marmalade" + "é" * 10_236, "scores": SCORES}, "its text is longer than 20480 bytes"),
    "no scores": ({"text": "marmalade"}, "it has no scores"),
    "empty scores": ({"text": "marmalade", "scores": {}}, "it has no scores"),
    "null scores": ({"text": "marmalade", "scores": {"TOXICITY": None}}, "it has no scores"),
    "odd scores": ({"text": "marmalade", "scores": [0.5]}, "it has no scores"),
    "bool": ({"text": "marmalade", "scores": {"TOXICITY": True}},
             "the score of TOXICITY is no number between 0 and 1"),
    "string": ({"text": "marmalade", "scores": {"INSULT@2": "0.5"}},
               "the score of INSULT@2 is no number between 0 and 1"),
    "percent": ({"text": "marmalade", "scores": {"TOXICITY": 50}},
                "the score of TOXICITY is no number between 0 and 1"),
    "NaN": (b'{"text": "marmalade", "scores": {"TOXICITY": NaN}}',
            "the score of TOXICITY is no number between 0 and 1"),
    "odd name": ({"text": "a", "scores": {"marmalade": 2}},
                 "the score of another attribute is no number between 0 and 1"),
    "no summary": ({"text": "marmalade", "attributeScores": {"THREAT": {"spanScores": []}}},
                   "THREAT has no summaryScore with a value"),
    "odd id": ({"text": "marmalade", "scores": SCORES, "id": ["marmalade"]},
               "id must be a string or a number"),
    "infinite id": (b'{"text": "marmalade", "scores": {"TOXICITY": 0.5}, "id": Infinity}',
                    "id must be a string or a number"),
    "odd lang": ({"text": "marmalade", "scores": SCORES, "lang": 4}, "lang must be a string"),
    "long line": (b'{"text": "' + b"marmalade" * (MAX_LINE // 5), f"it is longer than {MAX_LINE} bytes"),
}  # fmt: skip


@pytest.mark.parametrize(("line", "reason"), BAD.values(), ids=BAD)
def test_a_bad_line_is_named_with_what_is_wrong_and_the_others_count(compare, scored, line, reason) -> None:
    whole = json.loads(compare(scored, "--json")[1])
    code, out, error = compare([*scored[:3], b"", line, *scored[3:]], "--json")
    found = json.loads(out)

    assert code == 1
    assert error == f"parley: line 5: {reason}\n"
    assert found["bad_lines"] == 1
    assert found["attributes"] == whole["attributes"]


def test_a_text_of_just_the_longest_length_counts(compare) -> None:
    code, out, error = compare([{"text": "é" * 10_240, "scores": SCORES}], "--json")

    assert (code, error) == (0, "")
    assert json.loads(out)["attributes"]["TOXICITY"]["texts"] == 1


NOTHING = {
    "no line": ([], "there is no line"),
    "blank lines": ([b"", b" "], "there is no line"),
    "bad lines": ([b"x", b"y"], "all lines are bad, 2 of them"),
    "no attribute": ([{"text": "Good morning", "scores": {"FLIRTATION": 0.5}}],
                     "no text has both an old score and one of ours; ours are TOXICITY, "),
    "no language": ([{"text": "Good morning", "scores": SCORES, "lang": "xx"}],
                    "the model reads the language of none of 1 texts"),
}  # fmt: skip


@pytest.mark.parametrize(("lines", "reason"), NOTHING.values(), ids=NOTHING)
@pytest.mark.parametrize("options", [(), ("--json",)], ids=["report", "json"])
def test_where_nothing_can_be_compared_one_sentence_says_why(compare, lines, reason, options) -> None:
    code, out, error = compare(lines, *options)

    assert (code, out) == (2, "")
    assert error.splitlines()[-1].startswith(f"parley: Nothing can be compared: {reason}")


@pytest.mark.parametrize("make", [lambda path: None, Path.mkdir], ids=["none", "folder"])
def test_a_file_that_cannot_be_read_is_named(parley: Parley, tmp_path: Path, make) -> None:
    make(tmp_path / "lines")
    code, out, error = parley("perspective", "compare", tmp_path / "lines")

    assert (code, out) == (2, "")
    assert error.startswith(f"parley: Cannot compare: {tmp_path / 'lines'} cannot be read (")
    assert error.count("\n") == 1


def test_attributes_that_the_model_lacks_are_counted_and_named(compare, scored) -> None:
    more = {"FLIRTATION": 0.3, "OBSCENE@2": 0.1, f"{MARK} is no name": 0.1}
    lines = [{**line, "scores": {**line["scores"], **more}} for line in scored[:4]]
    code, out, _ = compare([*lines, *scored[4:]])
    counts = json.loads(compare([*lines, *scored[4:]], "--json")[1])["unknown_attributes"]

    assert code == 0
    assert counts == {"FLIRTATION": 4, "OBSCENE@2": 4, "another attribute": 4}
    assert "left out: FLIRTATION (4), OBSCENE@2 (4), another attribute (4)." in out.replace("\n", " ")


def test_texts_in_languages_that_the_model_does_not_read_are_left_out(compare, scored) -> None:
    foreign = [{**line, "lang": "xx"} for line in scored[:5]]
    code, out, _ = compare([*foreign, *scored], "--json")
    found = json.loads(out)

    assert code == 0
    assert found["unread_texts"] == 5
    assert found["attributes"] == json.loads(compare(scored, "--json")[1])["attributes"]
    assert "5 texts in languages that the model does not read" in compare([*foreign, *scored])[1]


def test_the_report_has_the_figures_of_the_json(compare, scored) -> None:
    code, out, error = compare(scored)
    found = json.loads(compare(scored, "--json")[1])["attributes"]["TOXICITY"]
    lines = out.split("\nTOXICITY: ")[1].split("\n\n")[0].splitlines()
    held = next(row for row in found["thresholds"] if row["old"] == 0.6)
    shown = next(line for line in lines if line.startswith("    0.60  ")).split()

    assert (code, error) == (0, "")
    assert lines[0].startswith(f"{len(scored)} texts, rank correlation {found['rank_correlation']:.3f} (+")
    assert shown[1] == f"{held['new']:.4g}"
    assert f"{held['agreement']:.1%}" in shown
    assert [line.split()[1] for line in lines if "-0." in line or "-1." in line] == [
        f"{row['texts']}" for row in found["calibration"]["bins"]
    ]


def test_a_few_texts_are_said_to_be_too_few(compare, scored) -> None:
    code, out, _ = compare(scored[:8])

    assert code == 0
    assert "TOXICITY: 8 texts, rank correlation none (too few texts, or all alike)" in out
    assert (
        "No number at 0.10, 0.20, 0.30, 0.40, 0.50, 0.60, 0.70, 0.80, 0.85, 0.90, 0.95: fewer than 10" in out
    )


def test_the_lines_that_differ_most_are_named_by_number_and_id(compare, scored, trained: Path) -> None:
    readings = load_scorer(trained).read([line["text"] for line in scored])
    low, next_low = sorted(range(len(scored)), key=lambda at: readings[at].scores["TOXICITY"])[:2]
    lines = [{**line, "scores": {"TOXICITY": line["scores"]["TOXICITY"]}} for line in scored]
    lines[low] = {**lines[low], "scores": {"TOXICITY": 1}, "id": "odd\x1b[2J"}
    lines[next_low] = {"text": lines[next_low]["text"], "scores": {"TOXICITY": 0.99}}
    code, out, _ = compare([b"", *lines], "--differing", 2, "--json")
    rows_named = json.loads(out)["attributes"]["TOXICITY"]["differing"]
    report = compare([b"", *lines], "--differing", 2)[1].split("LINE")[1].splitlines()

    assert code == 0
    assert [(row["line"], row["id"], row["old"]) for row in rows_named] == [
        (low + 2, "odd\x1b[2J", 1.0),
        (next_low + 2, None, 0.99),
    ]
    assert rows_named[0]["rank_difference"] == -1
    assert [line.split()[:2] for line in report[1:]] == [
        [str(low + 2), '"odd\\u001b[2J"'],
        [str(next_low + 2), "-"],
    ]


def test_no_word_of_a_text_is_ever_printed(compare, scored) -> None:
    bad = [line for line, _ in BAD.values()]
    for options in ((), ("--json",), ("--differing", 9), ("--differing", 9, "--json")):
        code, out, error = compare([*bad, *scored], *options)

        assert code == 1
        assert len(error.splitlines()) == len(bad)
        assert MARK not in out + error


def test_lines_come_from_standard_input_too(scored, trained: Path, tmp_path: Path) -> None:
    ended = subprocess.run(
        parley_command("perspective", "compare", "--model", str(trained), "--json"),
        cwd=ROOT,
        env={**os.environ, "PARLEY_DATA_DIR": str(tmp_path)},
        input=b"\n".join(json.dumps(line).encode() for line in scored),
        capture_output=True,
        timeout=60,
    )

    assert (ended.returncode, ended.stderr) == (0, b"")
    assert json.loads(ended.stdout)["texts"] == len(scored)


def test_the_model_reads_as_the_settings_say(compare, scored, monkeypatch: pytest.MonkeyPatch) -> None:
    (plain,) = json.loads(compare(scored, "--json")[1])["attributes"]["TOXICITY"]["calibration"]["bins"][-1:]
    monkeypatch.setenv("PARLEY_TOXICITY_PRIOR", "0.5")
    (often,) = json.loads(compare(scored, "--json")[1])["attributes"]["TOXICITY"]["calibration"]["bins"][-1:]

    assert often["mean_new"] > plain["mean_new"]


def test_texts_are_scored_by_the_batch_and_not_kept() -> None:
    scorer = FakeScorer()

    def chunks() -> Iterator[list[bytes]]:
        for chunk in range(20):
            texts = (f"text {chunk} {number} " + "a" * 20_000 for number in range(100))
            yield [json.dumps({"id": "x", "text": text, "scores": SCORES}).encode() for text in texts]

    tracemalloc.start()
    pairs = collect(scorer, chunks())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert scorer.calls == [100] * 20
    assert pairs.overview(scorer.model_id).attributes["TOXICITY"].texts == 2000
    assert peak < 12_000_000, "40 MB of texts went through"


def test_an_attribute_that_a_language_has_no_model_for_is_compared_where_there_is_one() -> None:
    lines = [{"text": text, "scores": {"TOXICITY": 0.4, "INSULT": 0.3}} for text in ("oké", "well", "good")]
    scorer = FakeScorer()
    found = collect(scorer, [[json.dumps(line).encode() for line in lines]]).overview(scorer.model_id)

    assert found.languages == {"en": 2, "nl": 1}
    assert {name: row.texts for name, row in found.attributes.items()} == {"TOXICITY": 3, "INSULT": 2}


def test_names_without_end_take_no_room_without_end() -> None:
    scores = [{f"NAME_{number}": 0.5} for number in range(300)]
    lines = [json.dumps({"text": "Good morning", "scores": some}).encode() for some in scores]
    pairs = collect(FakeScorer(), [lines])

    assert len(pairs.unknown) == 101
    assert pairs.unknown.total() == 300
