"""The main figures of an evaluation, for those who show it in a few lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """Figures of an attribute on some rows; None where these have labels of one kind only.

    ``intervals`` has the ends of the 95 % interval of those figures that have one.
    """

    rows: int
    positives: int
    roc_auc: float | None = None
    average_precision: float | None = None
    ece: float | None = None
    recall: float | None = None
    false_alarms: float | None = None
    threshold: float | None = None
    intervals: Mapping[str, Sequence[float] | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Language:
    """Figures of a language in beta."""

    rows: int
    attributes: Mapping[str, Row]


@dataclass(frozen=True, slots=True)
class Held:
    """Of 1,000 comments, how many are held or not, rightly or wrongly."""

    true_positives: float
    false_positives: float
    true_negatives: float
    false_negatives: float


@dataclass(frozen=True, slots=True)
class Fairness:
    """The final bias metric, and the identity with the lowest BPSN AUC."""

    final_bias_metric: float
    lowest: float
    identity: str


@dataclass(frozen=True, slots=True)
class Robustness:
    """Shares of recall that disguised words leave: disguised in ways that training knew, and in others."""

    known: float
    held_out: float


@dataclass(frozen=True, slots=True)
class Outline:
    """What an evaluation found, as `summary` describes it; None where the data cannot tell."""

    model: str
    rows: int
    prior: float
    attributes: Mapping[str, Row]
    languages: Mapping[str, Language]
    fairness: Mapping[str, Fairness]
    mean_roc_auc: float | None
    mean_interval: Sequence[float] | None
    held: Held | None
    natural: Row | None
    spam: Row | None
    passed_of: tuple[int, int] | None  # cases of behaviour that are as they should be, and all of them
    robustness: Robustness | None


def outline(found: Mapping[str, Any]) -> Outline:
    """Return the main figures of what `models.evaluating.evaluation.summary` gives."""
    behaviour, robustness, errors = (found.get(name) for name in ("behaviour", "robustness", "errors"))
    return Outline(
        model=found["model"],
        rows=found["rows"],
        prior=found["prior"],
        attributes=_rows(found["attributes"]),
        languages={
            code: Language(row["rows"], _rows(row["attributes"])) for code, row in found["languages"].items()
        },
        fairness={code: _fairness(row) for code, row in found.get("fairness", {}).items()},
        mean_roc_auc=found.get("mean_roc_auc"),
        mean_interval=found.get("intervals", {}).get("mean_roc_auc"),
        held=Held(**errors["any"]["per_1000"]) if errors else None,
        natural=_row(found.get("natural")),
        spam=_row(found.get("spam")),
        passed_of=(behaviour["passed"], behaviour["cases"]) if behaviour else None,
        robustness=_robustness(robustness["means"]) if robustness else None,
    )


def _rows(found: Mapping[str, Mapping[str, Any]]) -> dict[str, Row]:
    return {name: row for name, given in found.items() if (row := _row(given))}


def _row(given: Mapping[str, Any] | None) -> Row | None:
    return Row(**{one.name: given[one.name] for one in fields(Row) if one.name in given}) if given else None


def _fairness(row: Mapping[str, Any]) -> Fairness:
    worst = row["minimum"]["bpsn_auc"]
    return Fairness(row["final_bias_metric"], worst["value"], worst["identity"])


def _robustness(means: Mapping[str, Mapping[str, float]]) -> Robustness:
    return Robustness(means["known"]["kept"], means["held_out"]["kept"])
