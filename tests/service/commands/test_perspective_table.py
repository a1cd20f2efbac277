"""The shipped table of thresholds: of the shipped model, whole, in order, and to be made again."""

from __future__ import annotations

import csv
import gzip
import json
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import pytest

from models import Scorer, load_scorer
from models.reading.scorer import CAREFUL_TOLERANCE
from service.commands.perspective_table import TABLE, THRESHOLDS, made, scale_lines
from tests.running import ROOT
from tests.service.commands.conftest import Parley

SCALE = Path("../shared/data/perspective_scale.csv.gz")
SHARES = ("agreement", "by_chance", "still_held", "held_new")
LINES = 70
needs_scale = pytest.mark.skipif(
    not (ROOT / SCALE).is_file(), reason=f"no {SCALE} beside this checkout: the table is not made again"
)


@pytest.fixture(scope="module")
def table() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(TABLE.read_bytes())
    return found


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    return load_scorer()


def test_the_table_is_that_of_the_shipped_model_and_has_every_attribute(table, scorer: Scorer) -> None:
    assert table["model"] == scorer.model_id
    assert tuple(table["attributes"]) == scorer.attributes
    for row in table["attributes"].values():
        assert tuple(limit["old"] for limit in row["thresholds"]) == THRESHOLDS
        assert row["texts"] == table["texts"]


def test_each_threshold_has_its_figures_or_says_why_not_and_they_keep_their_order(table) -> None:
    for name, row in table["attributes"].items():
        given = [limit for limit in row["thresholds"] if limit["problem"] is None]
        for limit in given:
            assert limit["interval"][0] <= limit["new"] <= limit["interval"][1], (name, limit["old"])
            assert limit["by_chance"] < limit["agreement"] <= 1
            assert limit["held_new"] == pytest.approx(limit["held_old"], abs=0.005)
        for limit in (limit for limit in row["thresholds"] if limit not in given):
            assert limit["problem"]
            assert limit["new"] is None
        for before, after in pairwise(given):
            assert before["new"] <= after["new"]
    assert all(limit["problem"] is None for limit in table["attributes"]["TOXICITY"]["thresholds"])


@pytest.mark.nightly
@needs_scale
def test_made_again_the_table_is_the_same(table, scorer: Scorer) -> None:
    again = json.loads(json.dumps(made(scorer, ROOT / SCALE)))
    both = {name: (row, again["attributes"][name]) for name, row in table["attributes"].items()}

    assert (again["model"], again["texts"]) == (table["model"], table["texts"])
    for name, (row, other) in both.items():
        assert other["perspective"] == row["perspective"]
        assert other["rank_correlation"] == pytest.approx(row["rank_correlation"], abs=0.01), name
        for limit, made_again in zip(row["thresholds"], other["thresholds"], strict=True):
            assert made_again["texts"] == limit["texts"]
            if limit["problem"] is None and made_again["problem"] is None:
                # Another processor rounds the careful reader's sums otherwise.
                assert made_again["new"] == pytest.approx(limit["new"], abs=CAREFUL_TOLERANCE)
                for share in SHARES:
                    assert made_again[share] == pytest.approx(limit[share], abs=0.02)


@needs_scale
def test_the_command_says_what_would_be_in_a_table(parley: Parley, scorer: Scorer, tmp_path: Path) -> None:
    few = tmp_path / "scale.csv.gz"
    with gzip.open(ROOT / SCALE, "rt", newline="") as whole, gzip.open(few, "wt", newline="") as part:
        csv.writer(part).writerows(islice(csv.reader(whole), LINES))
    (tmp_path / "scale.jsonl").write_bytes(b"\n".join(scale_lines(few)))
    code, out, error = parley("perspective", "compare", tmp_path / "scale.jsonl", "--json")
    found = json.loads(out)
    again = json.loads(json.dumps(made(scorer, few)))

    assert (code, error) == (0, "")
    for name, row in again["attributes"].items():
        said = found["attributes"][name]
        assert said["rank_correlation"] == row["rank_correlation"]
        assert [limit for limit in said["thresholds"] if limit["old"] in THRESHOLDS] == row["thresholds"]
