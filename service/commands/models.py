"""`parley model`: which models there are, how they differ, and which one is in use."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models import BadArtifact, Scorer, load_scorer
from models.registry import SHIPPED_NAME, Entry, evaluation_of, header_of
from service.commands.installation import own_command, require_installation
from service.commands.scoring import labelled, loaded, registry
from service.commands.tables import aligned
from service.domain.errors import Misconfigured, ParleyError
from service.scoring import choosing
from service.settings import model_folder

if TYPE_CHECKING:
    from models.evaluating.comparing import Comparison, SideBySide


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
        print(json.dumps([asdict(row) for row in found], indent=2))
    else:
        heads = ("", "MODEL", "ADDED", "TOXICITY AUC", "WHERE")
        print("\n".join(aligned([heads, *map(_line, found)])))
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


@dataclass(frozen=True, slots=True)
class Listed:
    """A model as the list shows it; ``added`` is a time, ``problem`` why it cannot be used."""

    model: str | None
    where: str
    shipped: bool
    added: str | None
    toxicity_auc: float | None
    chosen: bool
    in_use: bool
    problem: str | None


def _listed(entry: Entry, *, chosen: bool, in_use: bool) -> Listed:
    return Listed(
        model=entry.model_id,
        where=str(entry.folder),
        shipped=entry.name == SHIPPED_NAME,
        added=entry.added.isoformat(timespec="seconds") if entry.added else None,
        toxicity_auc=_toxicity_auc(entry.folder),
        chosen=chosen,
        in_use=in_use,
        problem=entry.problem,
    )


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


def _line(row: Listed) -> tuple[str, ...]:
    mark = "*" if row.in_use else "(*)" if row.chosen else ""
    added = row.added[:16].replace("T", " ") if row.added else "-"
    area = "-" if row.toxicity_auc is None else f"{row.toxicity_auc:.4f}"
    where = row.where + (" (shipped)" if row.shipped else "")
    problem = f" BAD: {row.problem}" if row.problem else ""
    return mark, row.model or "-", added, area, where + problem


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
        "thresholds_by_profile": scorer.profiles,
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
    before, _ = _current()
    with _clearly("use this model"):
        scorer = registry().use(arguments.model)
    return _chosen(scorer, "use", before)


def rollback(_arguments: Namespace) -> int:
    """Test the model before the one in use, and use it again."""
    before, _ = _current()
    with _clearly("roll back"):
        scorer = registry().rollback()
    return _chosen(scorer, "rollback", before)


def _chosen(scorer: Scorer, action: str, before: str | None) -> int:
    _write_down(scorer.model_id, action, before)
    there, follows = registry().folder, "follows within 5 s."
    if registry().is_shared:
        print(f"{scorer.model_id} is chosen for all hosts. Where its folder is, as here in {there},")
        print(f"what runs {follows}")
    else:
        print(f"{scorer.model_id} is chosen in {there}. What runs on this folder {follows}")
    _say_override()
    return 0


def _write_down(model: str, action: str, before: str | None) -> None:
    """Write the choice into the audit log; before the first start there is none yet."""
    from service.commands.database import migrated, now_of

    try:
        require_installation()
    except Misconfigured:
        return
    try:
        with migrated() as db:
            choosing.tell(db, action, model, before, now_of(db))
    except ParleyError as error:
        print(f"parley: the choice is not in the audit log: {error}", file=sys.stderr)


def compare(arguments: Namespace) -> int:
    """Print the figures of two models on the same labelled comments, side by side."""
    from models.evaluating.comparing import compare as compare_models

    a, b = loaded(arguments.a), loaded(arguments.b)
    csv = labelled(arguments.data, "compare", "model compare A B --data DEV.csv.gz")
    try:
        found = compare_models(a, b, csv)
    except (ValueError, OSError) as error:
        raise Misconfigured(f"Cannot compare: {error}") from None
    if arguments.json:
        print(json.dumps(asdict(found), indent=2))
    else:
        print("\n".join(_comparison_lines(found)))
    return 0


def _comparison_lines(found: Comparison) -> Iterator[str]:
    yield (
        f"A is {found.models.a}, B is {found.models.b}; {found.rows} comments, weighted so that a share of"
        f" {found.prior:.2f} has any label."
    )
    columns = [f"{title} {side}" for title in ("AUC", "ECE", "recall") for side in ("A", "B", "B-A")]
    rows = [("ATTRIBUTE", "ROWS", "POSITIVE", *columns), *_cells(found.attributes)]
    for source, attributes in found.sources.items():
        rows += [(f"in {source}:",), *_cells(attributes)]
    yield from aligned(rows)
    correlation = found.toxicity_rank_correlation
    yield f"Rank correlation of TOXICITY: {'none' if correlation is None else f'{correlation:.4f}'}"
    changed = found.decisions
    yield (
        f"Share of comments that B sends to review and A does not: {changed.newly_reviewed:.2%}; "
        f"that A does and B does not: {changed.no_longer_reviewed:.2%}"
    )


def _cells(attributes: Mapping[str, SideBySide]) -> Iterator[tuple[str, ...]]:
    for name, row in attributes.items():
        pairs = (row.roc_auc, row.ece, row.recall)
        numbers = [(f"{pair.a:.4f}", f"{pair.b:.4f}", f"{pair.difference:+.4f}") for pair in pairs]
        yield name, str(row.rows), str(row.positives), *chain.from_iterable(numbers)


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
