"""Alerts and dashboard ask for what /metrics serves, and the README says what each alert means."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from itertools import combinations
from typing import Any

import pytest
import yaml
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from service.context import utcnow
from service.running import admission  # it counts where a server runs
from service.storage.database import Database
from service.upkeep import health
from tests.running import ROOT
from tests.service.api.parts import decide, post

ALERTS: dict[str, Any] = yaml.safe_load((ROOT / ".deploy" / "prometheus" / "alerts.yml").read_text())
RULES: list[dict[str, Any]] = [rule for group in ALERTS["groups"] for rule in group["rules"]]
BOARD: dict[str, Any] = json.loads((ROOT / ".deploy" / "grafana" / "parley.json").read_text())
PANELS = [panel for panel in BOARD["panels"] if panel["type"] != "row"]
ASKED = [rule["expr"] for rule in RULES] + [one["expr"] for panel in PANELS for one in panel["targets"]]
README = (ROOT / "README.md").read_text()
NAME = re.compile(r"\b(?:parley_[a-z_]+|up)\b(?=[{\[)\s]|$)")


def labels_asked(expression: str) -> set[tuple[str, str]]:
    """Each metric with each label that is asked of it, in braces."""
    return {
        (name, label)
        for name, inside in re.findall(r"(parley_[a-z_]+)\{([^}]*)\}", expression)
        for label in re.findall(r"([a-z_]+)\s*[=!]", inside)
    }


@pytest.fixture
def served(client: FlaskClient, db: Database) -> dict[str, set[str]]:
    """The labels of every metric that /metrics serves, by name."""
    admission.WAITED.labels("post")
    admission.COUNT.labels("many")
    post(client, "You vile thing.")
    decide(db)
    health.beat(db, "worker:1", "model-1", utcnow())
    text = client.get("/metrics").text
    samples = [one for family in text_string_to_metric_families(text) for one in family.samples]
    return {one.name: set(one.labels) for one in samples}


def test_there_are_ten_alerts_each_with_what_a_reader_of_it_needs() -> None:
    assert len({rule["alert"] for rule in RULES}) == len(RULES) == 10
    for rule in RULES:
        assert set(rule) == {"alert", "expr", "for", "labels", "annotations"}, rule
        assert re.fullmatch(r"\d+m", rule["for"])
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert rule["annotations"]["summary"].endswith(".")


@pytest.mark.parametrize("expression", ASKED)
def test_an_expression_is_whole(expression: str) -> None:
    pairs = {")": "(", "]": "[", "}": "{"}
    opened: list[str] = []
    for sign in re.sub(r'"[^"]*"', "", expression):
        if sign in pairs.values():
            opened.append(sign)
        elif sign in pairs:
            assert opened.pop() == pairs[sign], expression

    assert opened == []
    assert NAME.search(expression), "it asks for nothing of ours"


@pytest.mark.parametrize("db", ["sqlite"], indirect=True)
def test_every_metric_that_is_asked_for_is_served_with_its_labels(served: dict[str, set[str]]) -> None:
    asked = {name for expression in ASKED for name in re.findall(r"parley_[a-z_]+", expression)}
    assert asked <= set(served)
    for expression in ASKED:
        for name, label in labels_asked(expression):
            assert label in served[name], (name, label)
        for part in re.findall(r"by \(([^)]*)\) \(((?:[^()]|\([^()]*\))*)", expression):
            [name] = re.findall(r"parley_[a-z_]+", part[1])
            wanted = set(part[0].split(", ")) - {"instance"}
            assert wanted <= served[name], expression


@pytest.mark.parametrize("db", ["sqlite"], indirect=True)
def test_nothing_that_is_served_is_forgotten_by_the_dashboard(served: dict[str, set[str]]) -> None:
    shown = " ".join(one["expr"] for panel in PANELS for one in panel["targets"])
    ours = {name for name in served if not name.endswith(("_created", "_count", "_sum"))}

    assert {name for name in ours if name.startswith("parley_") and name not in shown} == set()


@pytest.mark.parametrize("db", ["sqlite"], indirect=True)
def test_a_worker_that_was_heard_long_ago_is_silent(client: FlaskClient, db: Database) -> None:
    health.beat(db, "worker:1", "model-1", utcnow() - timedelta(minutes=5))
    text = client.get("/metrics").text

    assert 'parley_silent_seconds{part="scheduler"} +Inf' in text
    assert "parley_model_info{" not in text


def test_the_readme_says_of_each_alert_what_it_means_and_what_to_do() -> None:
    rows = re.findall(r"^\| `(Parley\w+)` \| (.+?) \| (.+?) \|$", README, re.MULTILINE)

    assert [name for name, *_ in rows] == [rule["alert"] for rule in RULES]
    assert all(len(cell) > 30 for _, *cells in rows for cell in cells)


def test_every_panel_of_the_dashboard_can_be_drawn() -> None:
    ids = [panel["id"] for panel in BOARD["panels"]]

    assert BOARD["title"] == "Parley"
    assert len(ids) == len(set(ids))
    assert all(panel["title"] and panel["targets"] for panel in PANELS)
    assert {panel["datasource"]["uid"] for panel in PANELS} == {"${datasource}"}
    assert [one["name"] for one in BOARD["templating"]["list"]] == ["datasource"]
    for panel in PANELS:
        names = [one["refId"] for one in panel["targets"]]
        assert len(names) == len(set(names))
    for one, other in combinations([panel["gridPos"] for panel in BOARD["panels"]], 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        above = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or above, (one, other)
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in BOARD["panels"])
