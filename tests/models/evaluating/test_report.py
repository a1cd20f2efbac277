"""The page of an evaluation: whole, readable without sight or colour, safe whatever the data is called.

Proves `models/evaluating/report/` too.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from models import load_scorer
from models.evaluating.evaluation import measure, summary
from models.evaluating.report import report_text, write_report
from models.evaluating.report.plots import Whisker, bars, curves, histogram, whiskers
from tests.models.conftest import rows, write_csv
from tests.models.evaluating.test_evaluation import FakeScorer, made_up, rows_of_all_kinds, write_rows

EMPTY = {"meta", "line", "circle", "rect", "polyline"}  # elements that have no end, or end themselves


class Page(HTMLParser):
    """The elements of a page, which must end in the order they began in."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, Any]]] = []
        self.open: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def all(self, tag: str) -> list[dict[str, Any]]:
        """Return the attributes of every element of a name."""
        return [attributes for name, attributes in self.found if name == tag]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    data = write_rows(tmp_path_factory.mktemp("report") / "all.csv.gz", rows_of_all_kinds() * 2)
    measured = measure(FakeScorer(), data)
    return report_text(summary(measured, 0.25), measured)


def test_every_section_is_there_and_linked(page: str) -> None:
    titles = re.findall(r'<section id="(\w+)"><h2>(.*?)</h2>', page)

    assert [title for _, title in titles] == [
        "Attributes",
        "Curves",
        "Errors at the live thresholds",
        "Readers",
        "Sources",
        "Languages in beta",
        "Spam",
        "Fairness",
        "Behaviour",
        "Robustness",
    ]
    assert re.findall(r'<a href="#(\w+)">', page) == [key for key, _ in titles]


def test_nothing_is_fetched_and_nothing_runs(page: str) -> None:
    tags = {name for name, _ in Page(page).found}

    assert not tags & {"script", "link", "img", "iframe", "object", "use", "image", "foreignobject"}
    assert not re.search(r"https?:|url\(|@import|\bon\w+=", page)


def test_images_have_a_text_and_tables_a_caption_and_headers(page: str) -> None:
    found = Page(page)
    images = [image for image in found.all("svg") if "aria-hidden" not in image]
    tables = re.findall(r"<table>.*?</table>", page, re.DOTALL)

    assert len(images) > 20
    assert all(image["role"] == "img" and len(image["aria-label"]) > 15 for image in images)
    assert len({image["aria-label"] for image in images}) == len(images)
    assert len(tables) > 5
    for table in tables:
        assert "<caption>" in table
        assert table.count('<th scope="col">') > 3
        assert table.count('<th scope="row">') == table.count("<tr>") - 1


def test_figures_stand_in_the_page_with_their_intervals(tmp_path: Path) -> None:
    measured = measure(FakeScorer(), write_rows(tmp_path / "a.csv.gz", rows_of_all_kinds()))
    found = summary(measured, 0.25)
    page = report_text(found, measured)

    for section in (found["attributes"], found["languages"]["de"]["attributes"], {"SPAM": found["spam"]}):
        for row in section.values():
            if "roc_auc" in row:
                low, high = row["intervals"]["roc_auc"]
                assert f"<td>{row['roc_auc']:.3f}\n({low:.3f}–{high:.3f})</td>" in page
    for row in found["errors"].values():
        assert f"{row['counts']['false_positives']:,} ({row['per_1000']['false_positives']:g})" in page
    for group in found["fairness"]["en"]["identities"]:
        assert page.count(f">{group['identity']}</text>") == 2, group["identity"]


def test_no_text_of_the_data_is_in_the_page(page: str) -> None:
    assert not any(row["text"] in page for row in rows_of_all_kinds())


def test_names_from_the_data_are_no_markup(tmp_path: Path) -> None:
    name = """<b onclick='x'>&"mine"</b>"""
    found = [made_up(True, 0.9, source=name), made_up(False, 0.1, source=name)]
    measured = measure(FakeScorer(), write_rows(tmp_path / "a.csv.gz", found))
    page = report_text(summary(measured), measured)

    assert "<b onclick" not in page
    assert "&lt;b onclick=&#x27;x&#x27;&gt;&amp;&quot;mine&quot;&lt;/b&gt;" in page
    assert Page(page).all("b") == []


@pytest.mark.parametrize("full", [True, False])
def test_a_small_model_on_small_data_has_a_page_too(trained: Path, tmp_path: Path, full: bool) -> None:
    data = write_csv(tmp_path / "dev.csv.gz", rows(("school", "park"), 1))
    measured = measure(load_scorer(trained), data)
    write_report(summary(measured, full=full), measured, tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")

    assert Page(page).all("section")
    assert "Errors at the live thresholds" in page
    assert ("Fairness" in page) == full
    assert "Spam" not in page


def test_a_page_of_a_beta_language_alone_has_its_curves(tmp_path: Path) -> None:
    german = [row for row in rows_of_all_kinds() if row["lang"] == "de"]
    measured = measure(FakeScorer(), write_rows(tmp_path / "de.csv.gz", german))
    page = report_text(summary(measured), measured)

    assert re.findall(r'<section id="(\w+)">', page) == ["languages", "fairness"]
    assert page.count("ROC curve of TOXICITY (de)") == 1


def test_a_curve_runs_from_corner_to_corner_of_its_frame() -> None:
    image = curves("a", ("x", "y"), [[(0.0, 0.0), (1.0, 1.0)]], (0.5, 0.5))
    (points,) = re.findall(r'points="(\S+) (\S+)"', image)
    (x0, y0), (x1, y1) = (map(float, point.split(",")) for point in points)
    middle = re.search(r'cx="([\d.]+)" cy="([\d.]+)"', image)

    assert x0 < x1
    assert y0 > y1
    assert [float(value) for value in middle.groups()] == [(x0 + x1) / 2, (y0 + y1) / 2]


def test_bars_are_as_long_as_their_values() -> None:
    image = bars("a", [("one", [10.0, 30.0]), ("two & three", [20.0])], 40.0, " %", 20.0)
    widths = [float(width) for width in re.findall(r'<rect[^>]* width="([\d.]+)"', image)]

    assert widths[1] == pytest.approx(3 * widths[0], abs=0.2)
    assert widths[2] == pytest.approx(2 * widths[0], abs=0.2)
    assert ">10.0 + 30.0 %<" in image
    assert ">two &amp; three<" in image


def test_a_whisker_beyond_the_axis_ends_at_its_edge() -> None:
    image = whiskers("a", [("one", [Whisker(0.9, 0.1, 1.0)])], 0.5)
    (ends,) = re.findall(r'class="whisker one" x1="([\d.]+)" y1="[\d.]+" x2="([\d.]+)"', image)
    grid = [float(x) for x in re.findall(r'class="grid" x1="([\d.]+)"', image)]

    assert [float(end) for end in ends] == [grid[0], grid[-1]]


def test_a_bin_of_a_tenth_is_three_quarters_high() -> None:
    image = histogram("a", ("x", "y"), [[0.1, 0.0], [1.0, 0.00001]], 0.5)
    heights = [float(height) for height in re.findall(r'<rect[^>]* height="([\d.]+)"', image)]

    assert len(heights) == 2
    assert heights[0] / heights[1] == pytest.approx(0.75, abs=0.01)
