"""`parley model`: which models there are, how they differ, and which one is in use on this host."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models import BadArtifact, Scorer, load_scorer
from models.numbers import Floats
from models.registry import SHIPPED_NAME, Entry, evaluation_of, header_of
from models.texts.data import COLUMNS, Labelled, natural_weights, read_labelled, sha256_of
from service.commands.installation import own_command, program
from service.commands.scoring import DATA, loaded, registry
from service.domain.errors import Misconfigured
from service.settings import model_folder

FIGURES = {"roc_auc": "AUC", "ece": "ECE", "recall": "recall"}
Rows = list[tuple[str, ...]]


def list_models(arguments: Namespace) -> int:
    """List and test the shipped model, those added, and that of PARLEY_MODEL_DIR; mark the one in use."""
    with _clearly("list the models"):
        entries = registry().entries()
    folder, (current, problem) = model_folder(), _current()
    found = [
        _listed(entry, chosen=entry.name == current, in_use=entry.name == current and not folder)
        for entry in entries
    ]
    if folder:
        found.append(_listed(_override(folder), chosen=False, in_use=True))
    if arguments.json:
        print(json.dumps(found, indent=2))
    else:
        _print_table([("", "MODEL", "ADDED", "TOXICITY AUC", "WHERE"), *map(_line, found)])
    _say_override()
    if problem:
        replace_it = own_command("model", "use", SHIPPED_NAME)
        print(f"parley: {problem}. To replace it: {replace_it}", file=sys.stderr)
    return 2 if problem else 0


def _current() -> tuple[str | None, str | None]:
    """Return the name of the model that is chosen, or else why nobody can tell."""
    try:
        return registry().choice().current, None
    except BadArtifact as error:
        return None, str(error)


def _listed(entry: Entry, *, chosen: bool, in_use: bool) -> dict[str, Any]:
    return {
        "model": entry.model_id,
        "where": str(entry.folder),
        "shipped": entry.name == SHIPPED_NAME,
        "added": entry.added and entry.added.isoformat(timespec="seconds"),
        "toxicity_auc": _toxicity_auc(entry.folder),
        "chosen": chosen,
        "in_use": in_use,
        "problem": entry.problem,
    }


def _override(folder: Path) -> Entry:
    """Return what is found in PARLEY_MODEL_DIR."""
    try:
        return Entry("", load_scorer(folder).model_id, folder, None, None)
    except (BadArtifact, OSError) as error:
        return Entry("", None, folder, None, str(error))


def _toxicity_auc(folder: Path) -> float | None:
    found: Any = evaluation_of(folder)
    for key in ("attributes", "TOXICITY", "roc_auc"):
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, float) else None


def _line(row: Mapping[str, Any]) -> tuple[str, ...]:
    mark = "*" if row["in_use"] else "(*)" if row["chosen"] else ""
    added = row["added"][:16].replace("T", " ") if row["added"] else "-"
    area = "-" if row["toxicity_auc"] is None else f"{row['toxicity_auc']:.4f}"
    where = row["where"] + (" (shipped)" if row["shipped"] else "")
    problem = f" BAD: {row['problem']}" if row["problem"] else ""
    return mark, row["model"] or "-", added, area, where + problem


def show(arguments: Namespace) -> int:
    """Print what a model is, by default the one in use, as JSON."""
    scorer = loaded(arguments.model, as_served=True)
    with _clearly("show the model"):
        folder = _folder_of(arguments.model)
    header = header_of(folder)
    shown = {
        "model": scorer.model_id,
        "where": str(folder),
        "kind": scorer.model_id.partition("-")[0],
        "careful_reader": scorer.careful_state,
        "attributes": list(scorer.attributes),
        "languages": sorted(scorer.languages),
        "beta_languages": sorted(scorer.beta_languages),
        "prior": header.get("prior"),
        "thresholds": dict(scorer.thresholds),
        "thresholds_by_language": scorer.thresholds_of,
        "data_sha256": header.get("data_sha256"),
    }
    print(json.dumps(shown, indent=2))
    if not arguments.model:
        _say_override()
    return 0


def _folder_of(given: str | None) -> Path:
    if given:
        return registry().located(given)
    return model_folder() or registry().folder_of(registry().choice().current)


def use(arguments: Namespace) -> int:
    """Test a model, copy it into the data folder if it is not there, and use it from now on."""
    with _clearly("use this model"):
        scorer = registry().use(arguments.model)
    return _chosen(scorer)


def rollback(_arguments: Namespace) -> int:
    """Test the model before the one in use, and use it again."""
    with _clearly("roll back"):
        scorer = registry().rollback()
    return _chosen(scorer)


def _chosen(scorer: Scorer) -> int:
    print(f"{scorer.model_id} is chosen in {registry().folder}. What runs on this folder follows within 5 s.")
    _say_override()
    return 0


def compare(arguments: Namespace) -> int:
    """Print the figures of two models on the same labelled comments, side by side."""
    from models.evaluating.evaluation import PRIOR, probabilities

    models = loaded(arguments.a), loaded(arguments.b)
    csv = _data(arguments.data)
    try:
        data = read_labelled(csv)
        a, b = (Scored(model, probabilities(model, data.texts)) for model in models)
        found = {"data_sha256": sha256_of(csv), **comparison(a, b, data, PRIOR)}
    except (ValueError, OSError) as error:
        raise Misconfigured(f"Cannot compare: {error}") from None
    if arguments.json:
        print(json.dumps(found, indent=2))
    else:
        _print_comparison(found)
    return 0


@dataclass(frozen=True, slots=True)
class Scored:
    """A model and its scores of some texts, of shape (n_texts, n_attributes)."""

    model: Scorer
    scores: Floats

    def of(self, attribute: str) -> Floats:
        """Return the scores of one attribute."""
        return np.asarray(self.scores[:, self.model.attributes.index(attribute)])

    def reviewed(self) -> NDArray[np.bool_]:
        """Return which texts a person would see: those not below every review threshold, so NaN too."""
        limits = [self.model.thresholds[name] for name in self.model.attributes]
        return np.asarray(~(self.scores < limits).all(axis=1))


def comparison(a: Scored, b: Scored, data: Labelled, prior: float) -> dict[str, Any]:
    """Return how two models differ on labelled texts, as plain JSON values.

    Parameters
    ----------
    a, b : Scored
        Scores of the same texts. Figures are of the attributes that both models have.
    data : Labelled
        The texts with their labels.
    prior : float
        Rows are weighted so that this share has any positive label, as `parley evaluate` does.

    Returns
    -------
    dict
        ``attributes`` and ``decisions`` are of the reference rows, ``sources`` of the rows of each source
        with labels of both kinds. A figure is ``{"a", "b", "difference"}``; recall is at each model's own
        threshold. ``decisions`` are shares of comments: sent to review by ``b`` alone, and by ``a`` alone.

    Raises
    ------
    ValueError
        If the reference rows have labels of one kind only.
    """
    rows = data.reference_rows()
    weights = natural_weights(data.labels[rows], prior)
    by_a, by_b = a.reviewed()[rows], b.reviewed()[rows]
    return {
        "models": {"a": a.model.model_id, "b": b.model.model_id},
        "prior": prior,
        "rows": int(rows.sum()),
        "attributes": _side_by_side(a, b, data.labels, rows, prior),
        "sources": {
            str(source): found
            for source in np.unique(data.sources)
            if (found := _side_by_side(a, b, data.labels, data.sources == source, prior))
        },
        "toxicity_rank_correlation": _rank_correlation(a.of("TOXICITY"), b.of("TOXICITY")),
        "decisions": {
            "newly_reviewed": round(float(np.average(by_b & ~by_a, weights=weights)), 4),
            "no_longer_reviewed": round(float(np.average(by_a & ~by_b, weights=weights)), 4),
        },
    }


def _side_by_side(
    a: Scored, b: Scored, labels: Floats, rows: NDArray[np.bool_], prior: float
) -> dict[str, Any]:
    """Return figures of each attribute on some rows; none where the rows have labels of one kind only."""
    from models.evaluating.evaluation import figures

    positive = np.asarray((labels[rows] >= 0.5).any(axis=1))
    if positive.all() or not positive.any():
        return {}
    weights, found = natural_weights(labels[rows], prior), {}
    for column, name in enumerate(COLUMNS):
        if not all(name in one.model.attributes for one in (a, b)):
            continue
        of_a, of_b = (
            figures(one.of(name)[rows], labels[rows, column], weights, one.model.thresholds[name])
            for one in (a, b)
        )
        if "roc_auc" in of_a:
            found[name] = {"rows": of_a["rows"], "positives": of_a["positives"]} | {
                figure: _pair(of_a[figure], of_b[figure]) for figure in FIGURES
            }
    return found


def _pair(a: float, b: float) -> dict[str, float]:
    return {"a": a, "b": b, "difference": round(b - a, 4)}


def _rank_correlation(a: Floats, b: Floats) -> float | None:
    """Return Spearman's correlation; None where a model gives every text the same."""
    from scipy.stats import spearmanr

    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return None
    return round(float(spearmanr(a, b).statistic), 4)


def _print_comparison(found: Mapping[str, Any]) -> None:
    names, prior = found["models"], found["prior"]
    print(f"A is {names['a']}, B is {names['b']}; {found['rows']} comments, weighted so that a share of"
          f" {prior:.2f} has any label.")  # fmt: skip
    columns = [f"{title} {side}" for title in FIGURES.values() for side in ("A", "B", "B-A")]
    rows: Rows = [("ATTRIBUTE", "ROWS", "POSITIVE", *columns), *_lines(found["attributes"])]
    for source, attributes in found["sources"].items():
        rows += [(f"in {source}:",), *_lines(attributes)]
    _print_table(rows)
    correlation = found["toxicity_rank_correlation"]
    print(f"Rank correlation of TOXICITY: {'none' if correlation is None else f'{correlation:.4f}'}")
    changed = found["decisions"]
    print(f"Share of comments that B sends to review and A does not: {changed['newly_reviewed']:.2%}; "
          f"that A does and B does not: {changed['no_longer_reviewed']:.2%}")  # fmt: skip


def _lines(attributes: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    for name, row in attributes.items():
        pairs = [row[figure] for figure in FIGURES]
        numbers = [
            text
            for pair in pairs
            for text in (f"{pair['a']:.4f}", f"{pair['b']:.4f}", f"{pair['difference']:+.4f}")
        ]
        yield name, str(row["rows"]), str(row["positives"]), *numbers


def _print_table(rows: Rows) -> None:
    """Print rows in aligned columns; a row of one cell is a heading."""
    whole = [row for row in rows if len(row) > 1]
    widths = [max(map(len, column)) for column in zip(*whole, strict=True)]
    for row in rows:
        padded = (text.ljust(width) for text, width in zip(row, widths, strict=False))
        print("  ".join(padded).rstrip())


def _data(given: str | None) -> Path:
    beside = DATA / "dev.csv.gz"
    if given or beside.is_file():
        return Path(given) if given else beside
    raise Misconfigured(
        "Cannot compare: it needs a file of labelled comments."
        f" Name what you have: {program()} model compare A B --data DEV.csv.gz"
    )


def _say_override() -> None:
    if folder := model_folder():
        print(f"parley: PARLEY_MODEL_DIR is set: {folder} is used whatever is chosen.", file=sys.stderr)


@contextmanager
def _clearly(do_this: str) -> Iterator[None]:
    """Turn what can go wrong with a folder of models into one sentence."""
    try:
        yield
    except BadArtifact as error:
        there = own_command("model", "list")
        raise Misconfigured(f"Cannot {do_this}: {error}. What there is: {there}") from None
    except OSError as error:
        raise Misconfigured(f"Cannot {do_this}: {error}") from None
