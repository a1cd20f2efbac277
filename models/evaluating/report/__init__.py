"""An evaluation as one HTML page that one can look at: plots and tables, no script, nothing to fetch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Any

from models.evaluating.measuring import Measured
from models.evaluating.report.html import ends
from models.evaluating.report.sections import sections

STYLE = """
:root { color-scheme: light dark; --paper: #fff; --ink: #1c1d21; --soft: #5a5e69; --rule: #d9dbe1;
  --one: #1d5fae; --two: #b4500b; --three: #11725a; --tile: #f4f5f8; }
@media (prefers-color-scheme: dark) { :root { --paper: #16181d; --ink: #eceef2; --soft: #a6abb8;
  --rule: #373b46; --one: #7db2f2; --two: #f0a35e; --three: #62cfae; --tile: #20232b; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 74rem; padding: 1.5rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; }
h1, h2, h3 { line-height: 1.25; overflow-wrap: anywhere; }
h2 { margin-top: 3rem; border-bottom: 1px solid var(--rule); }
h3 { margin: 2rem 0 0; }
p, caption { max-width: 46rem; }
a { color: var(--one); }
code { overflow-wrap: anywhere; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(10rem, 1fr)); gap: .75rem; margin: 0; }
.tiles div { background: var(--tile); border-radius: .5rem; padding: .75rem 1rem; }
.tiles dt, .tiles small { color: var(--soft); font-size: .875rem; }
.tiles dd { margin: 0; font-size: 1.5rem; font-variant-numeric: tabular-nums; }
.tiles small { display: block; }
nav { margin: 1.25rem 0; }
.four { display: grid; grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr)); gap: 1rem; }
figure { margin: 1rem 0; }
figcaption, caption { color: var(--soft); font-size: .875rem; text-align: left; }
caption { padding-bottom: .25rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; margin: 1rem 0; font-size: .9375rem; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .5rem; border-bottom: 1px solid var(--rule); text-align: right;
  white-space: pre; vertical-align: top; line-height: 1.3; }
th:first-child { text-align: left; }
svg { display: block; width: 100%; height: auto; font: 11px system-ui, sans-serif; }
.four svg { max-width: 24rem; }
.wide svg { max-width: 60rem; }
svg text { fill: var(--ink); }
svg .tick, svg .axis { fill: var(--soft); }
svg .number { paint-order: stroke; stroke: var(--paper); stroke-width: 4; }
svg .bar { stroke: var(--paper); stroke-width: .75; }
.grid { stroke: var(--rule); }
.guide, .limit { stroke: var(--soft); stroke-dasharray: 4 3; }
.line { fill: none; stroke-width: 2; }
.line.one, .whisker.one { stroke: var(--one); }
.line.two, .whisker.two { stroke: var(--two); stroke-dasharray: 6 3; }
.line.three, .whisker.three { stroke: var(--three); }
.whisker { stroke-width: 1.5; stroke-dasharray: none !important; }
.bar.one, .dot.one { fill: var(--one); }
.bar.two, .dot.two { fill: var(--two); }
.bar.three, .dot.three { fill: var(--three); }
.legend { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; margin: .5rem 0; font-size: .875rem; }
.legend span { display: inline-flex; align-items: center; gap: .375rem; }
svg.key { width: .875rem; flex: none; }
@media print { h2, figure, tr { break-inside: avoid; } }
"""


def write_report(evaluation: Mapping[str, Any], measured: Measured, out: Path) -> None:
    """Write the page of an evaluation.

    Parameters
    ----------
    evaluation : mapping
        As `models.evaluating.evaluation.summary` gives it, in full or not.
    measured : Measured
        What it was made of; curves and histograms are drawn from its scores. No text of it is shown.
    out : Path
        A file, replaced if it is there.
    """
    out.write_text(report_text(evaluation, measured), encoding="utf-8", newline="\n")


def report_text(evaluation: Mapping[str, Any], measured: Measured) -> str:
    """Return the page that `write_report` writes."""
    shown = [(key, title, body) for key, title, body in sections(evaluation, measured) if body]
    links = " · ".join(f'<a href="#{key}">{title}</a>' for key, title, _ in shown)
    inside = "".join(f'<section id="{key}"><h2>{title}</h2>{body}</section>' for key, title, body in shown)
    title = f"Evaluation of {escape(evaluation['model'])}"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{STYLE}</style></head><body><header><h1>{title}</h1>"
        f"{_introduction(evaluation)}<nav aria-label='Sections'>{links}</nav></header>"
        f"<main>{inside}</main></body></html>\n"
    )


def _introduction(evaluation: Mapping[str, Any]) -> str:
    text = (
        f"<p>{evaluation['rows']:,} English comments, weighted so that {evaluation['prior']:.0%} have"
        " any of the six properties. Numbers in brackets are 95&nbsp;% bootstrap intervals. The data file has"
        f" the SHA-256 <code>{escape(evaluation['data_sha256'])}</code>.</p>"
    )
    tiles = "".join(
        f"<div><dt>{name}</dt><dd>{value}<small>{small}</small></dd></div>"
        for name, value, small in _headlines(evaluation)
    )
    return text + (f'<dl class="tiles">{tiles}</dl>' if tiles else "")


def _headlines(evaluation: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    toxicity = evaluation["attributes"].get("TOXICITY", {})
    if "roc_auc" in toxicity:
        yield "AUC of TOXICITY", f"{toxicity['roc_auc']:.3f}", ends(toxicity, "roc_auc")
    if "mean_roc_auc" in evaluation:
        yield "mean AUC of six", f"{evaluation['mean_roc_auc']:.3f}", ends(evaluation, "mean_roc_auc")
    if "roc_auc" in toxicity:
        yield "calibration error", f"{toxicity['ece']:.3f}", ends(toxicity, "ece")
        yield "recall", f"{toxicity['recall']:.1%}", f"at {toxicity['false_alarms']:.1%} false alarms"
    if natural := evaluation.get("natural"):
        yield "AUC, natural traffic", f"{natural['roc_auc']:.3f}", ends(natural, "roc_auc")
    shares = evaluation.get("readers", {}).get("share_read_carefully", {})
    if "natural" in shares:
        yield "read carefully", f"{shares['natural']:.1%}", "of natural traffic, under load"
