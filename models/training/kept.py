"""What a new model keeps of another: the attributes that its own data have no labels for. Training only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.numbers import Floats
from models.reading import artifact
from models.reading.artifact import MAIN, Artifact
from models.reading.fast import LinearScorer
from models.reading.joint import BENT, KNOTS, ROUTE_EXTRAS, Join
from models.texts.data import COLUMNS, Labelled
from models.training.fast_lessons import ATTRIBUTES, label_weights

NEEDED = "TOXICITY"  # everything else hangs on it: the join, the router, the weights of rows


@dataclass(frozen=True, slots=True)
class Kept:
    """Attributes without labels, and the model that they are kept from; None where all have labels."""

    names: tuple[str, ...] = ()
    model: Artifact | None = None

    def limits(self, profile: str = "") -> dict[str, float]:
        """Return the thresholds of the kept attributes, for one kind of site where the model has them."""
        if self.model is None:
            return {}
        default: Mapping[str, float] = self.model.header["thresholds"][MAIN]
        found = self.model.header.get("profiles", {}).get(profile, default)
        return {name: found[name] for name in self.names}

    def with_heads(self, kernel: LinearScorer) -> LinearScorer:
        """Return a fast reader with the kept heads beside its own, in the usual order."""
        if self.model is None:
            return kernel
        old = self.model.kernels[MAIN]
        names = tuple(name for name in ATTRIBUTES if name in (*self.names, *kernel.attributes))
        at = [(old if name in self.names else kernel, name) for name in names]
        columns = [(source, source.attributes.index(name)) for source, name in at]
        return LinearScorer(
            names,
            np.column_stack([source.weights[:, column] for source, column in columns]),
            np.array([source.scales[column] for source, column in columns]),
            np.array([source.biases[column] for source, column in columns]),
            {name: source.curves[name] for source, name in at},
            kernel.hashing,
        )

    def with_columns(self, join: Join, heads: Sequence[str]) -> Join:
        """Return a join of ``heads`` with the kept attributes beside its own, in the usual order."""
        old = self.model.join if self.model else None
        if self.model is None or old is None:
            return join
        old_heads = self.model.kernels[MAIN].attributes
        moved = {
            "weights": _moved(old.weights, [*old_heads, *_outputs(old)], [*heads, *_outputs(join)]),
            "route": _moved(old.route, _routed(old_heads), _routed(heads)),
        }
        names = tuple(name for name in COLUMNS if name in (*self.names, *join.attributes))

        def column(name: str, kept: Floats, own: Floats) -> Floats:
            if name in self.names:
                return np.asarray(kept[..., old.attributes.index(name)])
            return np.asarray(own[..., join.attributes.index(name)])

        return Join(
            names,
            join.outputs,
            np.column_stack([column(name, moved["weights"], join.weights) for name in names]),
            np.array([column(name, old.offsets, join.offsets) for name in names]),
            np.column_stack([column(name, moved["route"], join.route) for name in names]),
            join.band,
        )


def to_keep(train_set: Labelled, dev_set: Labelled, keep_from: Path, careful: str, prior: float) -> Kept:
    """Return which of the six attributes are to be kept, since nobody labelled them: before any fitting.

    Raises
    ------
    ValueError
        If TOXICITY has no labels of both kinds, or what has none cannot be kept. The message says which, and
        what to do.
    """
    weights = label_weights(train_set)
    missing = tuple(
        name
        for i, name in enumerate(COLUMNS)
        if not (has_both(train_set.labels[:, i], weights[:, i]) and has_both(dev_set.labels[:, i]))
    )
    if NEEDED in missing:
        counts = " and ".join(_counted(data.labels[:, 0]) for data in (train_set, dev_set))
        raise ValueError(
            f"{NEEDED} needs labels of both kinds, to learn from and to calibrate on; there are {counts}"
        )
    if not missing:
        return Kept()
    named = f"{', '.join(missing)}: no labels of both kinds to learn from and to calibrate on"
    if careful in ("train", "continue"):
        raise ValueError(f"{named}. Keep them with the careful reader of the model in use: --careful keep")
    model = artifact.load(keep_from)
    if prior != model.header["prior"]:
        raise ValueError(
            f"{named}. They can be kept only with --prior {model.header['prior']}, as they are made"
        )
    if lacking := sorted(set(missing) - set(model.kernels[MAIN].attributes)):
        raise ValueError(f"{named}, and {model.model_id} has no {', '.join(lacking)} to keep")
    return Kept(missing, model)


def has_both(labels: Floats, weights: Floats | None = None) -> bool:
    """Whether a head can be fitted or calibrated on these labels: some are positive, some negative.

    NaN is no label, and what has no weight does not count.
    """
    known = ~np.isnan(labels) if weights is None else ~np.isnan(labels) & (weights > 0)
    return bool((labels[known] >= 0.5).any() and (labels[known] < 0.5).any())


def _counted(labels: Floats) -> str:
    known: NDArray[np.bool_] = ~np.isnan(labels)
    return f"{int((labels[known] >= 0.5).sum())} positive of {int(known.sum())}"


def _outputs(join: Join) -> list[int]:
    return list(range(join.outputs))


def _routed(heads: Sequence[str]) -> list[object]:
    """Return what each row of a route stands for, in the order of `route_features`; last the offset."""
    bends = [(knot, head) for knot in KNOTS for head in heads[:BENT]]
    return [*heads, *range(ROUTE_EXTRAS), *bends, "offset"]


def _moved(found: Floats, before: Sequence[object], after: Sequence[object]) -> Floats:
    """Return rows in another order; what was not there before counts for nothing."""
    moved = np.zeros((len(after), found.shape[1]))
    for row, meaning in enumerate(after):
        if meaning in before:
            moved[row] = found[before.index(meaning)]
    return moved
