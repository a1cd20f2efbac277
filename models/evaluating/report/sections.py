"""The sections of an evaluation's page: what is plotted and tabled, and what is said about it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from models.evaluating.measuring import Measured
from models.evaluating.report import plots
from models.evaluating.report.curves import four, how_to_read, judged
from models.evaluating.report.html import ends, figure, listing, shown, table
from models.evaluating.report.plots import Whisker
from models.reading.artifact import MAIN
from models.texts.data import SPAM

AREAS = {"subgroup_auc": "within the group", "bpsn_auc": "BPSN", "bnsp_auc": "BNSP"}
READERS = {
    "joint": "as it is: both readers",
    "fast": "the fast reader alone",
    "loaded": "both, under load",
}
FIGURES = {
    "roc_auc": "AUC",
    "average_precision": "average precision",
    "ece": "calibration error",
    "recall": "recall",
    "false_alarms": "false alarms",
}

Evaluation = Mapping[str, Any]


def sections(evaluation: Evaluation, measured: Measured) -> Iterator[tuple[str, str, str]]:
    """Yield the anchor, title and HTML of each section; the HTML is empty where there is nothing to say."""
    parts = (
        ("attributes", "Attributes", _attributes(evaluation)),
        ("curves", "Curves", _curves(evaluation, measured)),
        ("errors", "Errors at the live thresholds", _errors(evaluation)),
        ("readers", "Readers", _readers(evaluation)),
        ("sources", "Sources", _sources(evaluation)),
        ("languages", "Languages in beta", _languages(evaluation, measured)),
        ("spam", "Spam", _spam(evaluation, measured)),
        ("fairness", "Fairness", _fairness(evaluation)),
        ("behaviour", "Behaviour", _behaviour(evaluation)),
        ("robustness", "Robustness", _robustness(evaluation)),
    )
    for key, title, body in parts:
        yield key, title, "".join(body)


def _attributes(evaluation: Evaluation) -> Iterator[str]:
    if rows := _whole(evaluation["attributes"]):
        yield table("The six attributes, weighted to the stated prior.", *_figure_table(rows))
        yield _areas("Area under the ROC curve of each attribute, with its interval.", rows)


def _curves(evaluation: Evaluation, measured: Measured) -> Iterator[str]:
    rows = _whole(evaluation["attributes"])
    if rows:
        reference = measured.languages[MAIN].reference()
        weights = reference.weights(evaluation["prior"])
        yield how_to_read()
    for name, row in rows.items():
        yield four(judged(name, *reference.of(name), row, weights))


def _errors(evaluation: Evaluation) -> Iterator[str]:
    found = evaluation.get("errors")
    if not found:
        return
    names = {"true_positives": "found", "false_negatives": "missed", "false_positives": "held for nothing"}
    rows = [(shown(name), [row["per_1000"][kind] for kind in names]) for name, row in found.items()]
    alt = listing((name, f"{a:g} found, {b:g} missed, {c:g} held for nothing") for name, (a, b, c) in rows)
    yield plots.legend(list(names.values()))
    plot = plots.bars(f"Errors of 1,000 comments. {alt}", rows, max(sum(values) for _, values in rows))
    yield figure(
        plot,
        f"Of 1,000 comments, {evaluation['prior']:.0%} of which have any of the six properties."
        " “Any”: a comment is held where any attribute reaches its threshold.",
        wide=True,
    )
    kinds = (*names, "true_negatives")
    yield table(
        "Comments of the data as they are, and in brackets of 1,000 at the stated prior.",
        ("attribute", *names.values(), "let through rightly"),
        [
            (shown(name), *(f"{row['counts'][kind]:,} ({row['per_1000'][kind]:g})" for kind in kinds))
            for name, row in found.items()
        ],
    )


def _readers(evaluation: Evaluation) -> Iterator[str]:
    found = evaluation.get("readers")
    if not found:
        return
    yield f"<p>The careful reader: {escape(found['careful_reader'])}.</p>"
    if shares := found.get("share_read_carefully"):
        natural = f" {shares['natural']:.1%} of natural traffic," if "natural" in shares else ""
        yield (
            f"<p>Under load it reads{natural} {shares['reference']:.1%} of the reference comments at the"
            " stated prior,"
            f" and {shares['reference_negatives']:.1%} of those without any of the six properties.</p>"
        )
    places = {
        "reference": "TOXICITY on the reference comments, at the stated prior.",
        "natural": "TOXICITY on comments as they came, nothing over-sampled.",
    }
    for place, caption in places.items():
        rows = {READERS[reader]: row[place] for reader, row in found["toxicity"].items() if place in row}
        if rows := _whole(rows):
            yield table(caption, *_figure_table(rows, "reader"))


def _sources(evaluation: Evaluation) -> Iterator[str]:
    rows = evaluation["sources"]
    if rows:
        yield _areas("Area under the ROC curve of TOXICITY in each source, on its rows as they are.", rows)
        yield table(
            "TOXICITY in each source. False alarms: rows not labelled toxic that reach the threshold.",
            ("source", "rows", "toxic", "AUC", "false alarms"),
            [
                (name, f"{row['rows']:,}", f"{row['positives']:,}", *_cells(row, ("roc_auc", "false_alarms")))
                for name, row in rows.items()
            ],
        )


def _languages(evaluation: Evaluation, measured: Measured) -> Iterator[str]:
    for code, found in evaluation["languages"].items():
        rows = _whole(found["attributes"])
        yield f"<h3>{escape(code)}</h3>"
        caption = f"{found['rows']:,} comments as they are: no natural prevalence is known."
        yield table(caption, *_figure_table(rows))
        for name, row in rows.items():
            yield four(judged(name, *measured.languages[code].of(name), row), code)


def _spam(evaluation: Evaluation, measured: Measured) -> Iterator[str]:
    row = evaluation.get("spam")
    if not row:
        return
    (name,) = SPAM
    yield table("Comments labelled for spam, as they are.", *_figure_table({name: row}))
    if others := row.get("wikipedia"):
        verdict = {True: "This supports the attribute.", False: "This does not support the attribute."}
        yield (
            f"<p>Of {others['rows']:,} Wikipedia comments, which nobody labelled for spam,"
            f" {others['false_alarms']:.1%} reach the threshold. {verdict.get(row.get('supported'), '')}</p>"
        )
    yield four(judged(name, *measured.languages[MAIN].of(name), row))


def _fairness(evaluation: Evaluation) -> Iterator[str]:
    for code, found in evaluation.get("fairness", {}).items():
        groups = sorted(found["identities"], key=lambda group: group["bpsn_auc"])
        yield f"<h3>{escape(code)}</h3>"
        yield (
            f"<p>{found['n']:,} sentences of our own, the same for every group. Final bias metric"
            f" {found['final_bias_metric']:.3f}; {AREAS['bpsn_auc']} is low where civil sentences about a"
            f" group score like abuse of others, {AREAS['bnsp_auc']} where abuse of the group scores like"
            " civil sentences about others.</p>"
        )
        dots = [
            (
                group["identity"],
                [Whisker(group[area], group[area], group[area], i) for i, area in enumerate(AREAS)],
            )
            for group in groups
        ]
        lowest = min(group[area] for group in groups for area in AREAS)
        alt = listing((g["identity"], ", ".join(f"{g[area]:.3f}" for area in AREAS)) for g in groups)
        yield plots.legend(list(AREAS.values()), "dots")
        plot = plots.whiskers(f"Three areas for each group. {alt}", dots, _below(lowest))
        yield figure(plot, f"Areas under the ROC curve of {found['attribute']} for each group.", wide=True)
        yield _alarms(found, groups)


def _alarms(found: Mapping[str, Any], groups: Sequence[Mapping[str, Any]]) -> str:
    held = sorted(groups, key=lambda group: -group["review_rate"])
    rates = [(group["identity"], [100 * group["review_rate"]]) for group in held]
    background = found["background"][0]["review_rate"]
    alt = listing((name, f"{values[0]:.1f} %") for name, values in rates)
    most = max(100 * background, *(values[0] for _, values in rates), 1.0)
    plot = plots.bars(f"Civil sentences held for review. {alt}", rates, most, " %", 100 * background)
    return figure(
        plot,
        "Share of the civil sentences about each group that any attribute sends to review. The broken line is"
        f" the share for people of the background, {100 * background:.1f} %.",
        wide=True,
    )


def _behaviour(evaluation: Evaluation) -> Iterator[str]:
    found = evaluation.get("behaviour")
    if found:
        rows = [(shown(name), [100 * suite["rate"]]) for name, suite in found["suites"].items()]
        alt = listing((name, f"{values[0]:.0f} %") for name, values in rows)
        yield figure(
            plots.bars(f"Cases judged rightly. {alt}", rows, 100, " %", 100 * found["rate"]),
            f"Share of the cases of each suite that are judged rightly; of all {found['cases']}, the broken"
            f" line, {found['rate']:.1%}.",
            wide=True,
        )
        yield table(
            "A case passes if a moderator would be asked exactly when the comment is abusive.",
            ("suite", "cases", "passed", "false alarms", "missed", "AUC of TOXICITY"),
            [
                (shown(name), *(str(suite[key]) for key in ("cases", "passed", "false_alarms", "missed")),
                 f"{suite['roc_auc']:.3f}")
                for name, suite in found["suites"].items()
            ],
        )  # fmt: skip


def _robustness(evaluation: Evaluation) -> Iterator[str]:
    found = evaluation.get("robustness")
    if not found:
        return
    yield (
        f"<p>{found['texts']} toxic comments that hold a telling word, {found['recall']:.1%} of which are"
        " found as typed. Bars: how much of that is left when the words are disguised in one way.</p>"
    )
    names = {"known": "Disguises that training showed.", "held_out": "Disguises that nothing was trained on."}
    for group, caption in names.items():
        families = found["families"][group]
        rows = [(shown(name), [100 * row["kept"]]) for name, row in families.items()]
        alt = listing((name, f"{values[0]:.0f} %") for name, values in rows)
        mean = 100 * found["means"][group]["kept"]
        plot = plots.bars(f"Share of recall kept. {alt}", rows, max(v for _, (v,) in rows), " %", mean)
        yield figure(plot, f"{caption} The broken line is their mean, {mean:.1f} %.", wide=True)
    innocent = found["innocent"]
    yield (
        f"<p>Of civil comments {innocent['as_typed']:.1%} reach the threshold as typed, and with innocent"
        f" words disguised {innocent['known']:.1%} (known ways) and {innocent['held_out']:.1%} (others).</p>"
    )


def _areas(caption: str, rows: Mapping[str, Mapping[str, Any]]) -> str:
    dots = [
        (name, [Whisker(row["roc_auc"], *row.get("intervals", {}).get("roc_auc", [row["roc_auc"]] * 2))])
        for name, row in rows.items()
    ]
    alt = listing(
        (name, f"{row['roc_auc']:.3f} {ends(row, 'roc_auc')}".strip()) for name, row in rows.items()
    )
    lowest = min(dot.low for _, (dot,) in dots)
    return figure(plots.whiskers(f"{caption} {alt}", dots, _below(lowest)), caption, wide=True)


def _below(lowest: float) -> float:
    """Return where an axis that ends at 1 begins: at a twentieth below its lowest value."""
    return max(np.floor(lowest * 20) / 20, 0.0) if lowest < 1 else 0.95


def _whole(rows: Mapping[str, Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Return the rows that hold more than counts."""
    return {name: row for name, row in rows.items() if "roc_auc" in row}


def _figure_table(
    rows: Mapping[str, Mapping[str, Any]], what: str = "attribute"
) -> tuple[Sequence[str], list[Sequence[str]]]:
    heads = (what, "rows", "positive", *FIGURES.values(), "threshold")
    body: list[Sequence[str]] = [
        (name, f"{row['rows']:,}", f"{row['positives']:,}", *_cells(row, FIGURES), f"{row['threshold']:.3f}")
        for name, row in rows.items()
    ]
    return heads, body


def _cells(row: Mapping[str, Any], names: Iterable[str]) -> list[str]:
    return [f"{row[name]:.3f}\n{ends(row, name)}".strip() for name in names]
