"""From labelled comments to a shipped model: `train` is what ``parley train`` calls."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np

from models.evaluating.card import write_card
from models.evaluating.evaluation import PRIOR, evaluate, probabilities
from models.evaluating.fitting import FALSE_ALARMS
from models.numbers import Floats
from models.reading import artifact, files
from models.reading.artifact import MAIN, Artifact, CarefulFiles
from models.reading.fast import LinearScorer
from models.reading.joint import Join
from models.reading.scorer import SHIPPED, Scorer, load_scorer, self_test
from models.texts.data import (
    COLUMNS,
    SPAM,
    Labelled,
    distinct,
    joined,
    read_folder,
    read_jigsaw,
    read_labelled,
    sha256_of,
    with_columns,
)
from models.training.calibration import (
    PROFILES,
    as_it_comes,
    as_traffic,
    civil_talk,
    for_order,
    thresholds,
)
from models.training.fast import FastReader
from models.training.fast_lessons import ATTRIBUTES, lessons, with_no_spam, with_scams
from models.training.joint import CarefulReader, JointReader
from models.training.kept import Kept, has_both, to_keep
from models.training.other_languages import train_other

# Per head, in the order of ATTRIBUTES; chosen on development data.
STRENGTH = (0.3, 0.1, 0.3, 0.1, 0.1, 0.1, 0.3)
EMPHASIS = (1.0, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5)
ATTRIBUTES_COLUMNS = COLUMNS | SPAM

Say = Callable[[str], None]


@dataclasses.dataclass(frozen=True, slots=True)
class Plan:
    """What to train on and how.

    Attributes
    ----------
    train_csv, dev_csv : Path
        As `read_labelled` reads them: for the weights; for calibration, join and thresholds.
    jigsaw : Path, optional
        The whole training file of the Jigsaw challenge, for those who hold it.
    add : tuple of Path
        More labelled files, to learn from.
    worlds : Path, optional
        Folder of labelled files with a column ``split``: "train" rows to learn from, "dev" rows to calibrate
        on.
    careful : {"none", "keep", "continue", "train"}
        No careful reader, that of the model in ``keep_from``, that one taught further, or a new one. The last
        two need torch, and take an hour or more.
    keep_from : Path
        Folder of a model; also of the one that attributes without labels are kept from.
    work : Path
        Where an interrupted training of the careful reader is kept, to go on from.
    epochs : int
        Of the careful reader's training.
    seed : int
    prior : float
        Share of comments with any positive label that probabilities should reckon with.
    full : bool
        Whether the evaluation has intervals, and the suites of sentences written for measuring.
    """

    train_csv: Path
    dev_csv: Path
    jigsaw: Path | None = None
    add: tuple[Path, ...] = ()
    worlds: Path | None = None
    careful: Literal["none", "keep", "continue", "train"] = "none"
    keep_from: Path = SHIPPED
    work: Path = Path("parley-training")
    epochs: int = 2
    seed: int = 0
    prior: float = PRIOR
    full: bool = True


def train(plan: Plan, out_dir: Path, progress: Say = print) -> str:
    """Train, join, calibrate, save, load back and evaluate a model; return its id.

    The same plan and data, and the same library versions, give byte-equal files.

    Parameters
    ----------
    plan : Plan
    progress : callable
        Told a line after each step.
    out_dir : Path
        Folder of the artifact; an older one is replaced. For the shipped one the card is written anew.

    Raises
    ------
    FileNotFoundError, ValueError, ImportError
        If the data, the folder or a library that training needs cannot be used; the message says which.
    """
    say = _timed(progress)
    files.check_folder(out_dir)  # now: an hour's work should not end in a refusal
    dev_set = _dev_set(plan)
    train_set = _train_set(plan, dev_set)
    say(f"read {len(train_set.texts)} texts to train on, {len(dev_set.texts)} to calibrate on")
    kept = to_keep(train_set, dev_set, plan.keep_from, plan.careful, plan.prior)
    if kept.model:
        say(f"kept as in {kept.model.model_id}, since nobody labelled them: {', '.join(kept.names)}")
    careful = _careful(plan, train_set, say)
    kernel = kept.with_heads(_fitted(train_set, dev_set, plan, kept, say).kernel_)
    others = train_other(plan.train_csv, plan.dev_csv, plan.seed, say)
    join = None
    if careful:
        join = _join(kernel, careful, dev_set, plan.prior, kept)
        say("joined both readers")
    kernels = {MAIN: kernel, **{code: other.kernel for code, other in others.items()}}
    limits = {code: other.thresholds for code, other in others.items()}
    model = Artifact(kernels, join, careful, _header(plan, kernels, limits, kept))
    model_id = _publish(out_dir, model, dev_set, plan, kept)
    say(f"saved {model_id} in {out_dir}")
    return model_id


def _dev_set(plan: Plan) -> Labelled:
    parts = [read_labelled(plan.dev_csv, columns=ATTRIBUTES_COLUMNS)]
    if plan.worlds:
        parts += read_folder(plan.worlds, "dev", columns=ATTRIBUTES_COLUMNS)
    return joined(parts)


def _train_set(plan: Plan, dev_set: Labelled) -> Labelled:
    """Return all rows to learn from; none that is a row to calibrate on."""
    parts = [read_labelled(plan.train_csv, columns=ATTRIBUTES_COLUMNS)]
    parts += [read_labelled(path, columns=ATTRIBUTES_COLUMNS) for path in plan.add]
    if plan.worlds:
        parts += read_folder(plan.worlds, "train", columns=ATTRIBUTES_COLUMNS)
    if plan.jigsaw:
        parts.append(with_columns(read_jigsaw(plan.jigsaw), len(ATTRIBUTES)))
    return parts[0] if len(parts) == 1 else distinct(joined(parts), without=dev_set)


def _fitted(train_set: Labelled, dev_set: Labelled, plan: Plan, kept: Kept, say: Say) -> FastReader:
    """Return the fast reader of every head that both sets have labels for, calibrated."""
    wanted = [i for i, name in enumerate(ATTRIBUTES) if name not in kept.names]
    heads = [i for i in wanted if _can_be_fitted(train_set, dev_set, i)]
    names = tuple(ATTRIBUTES[i] for i in heads)
    strength, emphasis = (tuple(values[i] for i in heads) for values in (STRENGTH, EMPHASIS))
    reader = FastReader(names, C=strength, emphasis=emphasis, random_state=plan.seed)
    texts, labels, weights = lessons(train_set, plan.seed)
    reader.fit(texts, labels[:, heads], weights[:, heads], progress=say)
    rows = with_scams(with_no_spam(dev_set))
    weights = as_traffic(rows, plan.prior)
    return reader.calibrate(rows.texts, rows.labels[:, heads], weights[:, heads])


def _can_be_fitted(train_set: Labelled, dev_set: Labelled, column: int) -> bool:
    """Whether a head can be trained and calibrated; of those that are not kept, only SPAM may be missing."""
    if ATTRIBUTES[column] not in SPAM:
        return True
    return all(has_both(data.labels[:, column]) for data in (train_set, dev_set))


def _careful(plan: Plan, train_set: Labelled, say: Say) -> CarefulFiles | None:
    """Return the careful reader that the plan asks for."""
    if plan.careful == "none":
        return None
    kept = artifact.careful_of(plan.keep_from) if plan.careful in ("keep", "continue") else None
    if plan.careful == "keep":
        return kept
    from models.training.careful import finetune
    from models.training.export import to_onnx, tokenizer_json

    rows = np.asarray(~np.isnan(train_set.labels[:, : len(COLUMNS)]).all(axis=1))
    wanted = train_set.where(rows)
    six = Labelled(wanted.texts, wanted.labels[:, : len(COLUMNS)], wanted.sources)
    start = kept.network if kept else None
    network = finetune(six, plan.work, say, epochs=plan.epochs, seed=plan.seed, start=start)
    return CarefulFiles(to_onnx(network), tokenizer_json())


def _join(kernel: LinearScorer, careful: CarefulFiles, dev_set: Labelled, prior: float, kept: Kept) -> Join:
    labels, weights = for_order(dev_set, prior)
    traffic = as_traffic(dev_set, prior)[:, 0]
    rows = np.asarray((weights > 0).any(axis=1))
    names = [name for name in COLUMNS if name not in kept.names]
    six = [list(COLUMNS).index(name) for name in names]
    reader = JointReader(kernel, CarefulReader(careful.network, careful.tokenizer), tuple(names))
    wanted = dev_set.where(rows)
    coming = as_it_comes(dev_set, prior)
    talk = civil_talk(wanted)
    ordered = labels[rows][:, six], weights[rows][:, six]
    join = reader.fit(wanted.texts, *ordered, traffic[rows], coming[rows], talk).join_
    return kept.with_columns(join, kernel.attributes)


def _header(
    plan: Plan, kernels: dict[str, LinearScorer], limits: dict[str, dict[str, float]], kept: Kept
) -> dict[str, Any]:
    provisional = dict.fromkeys(kernels[MAIN].attributes, 0.5)
    named = {"train": plan.train_csv, "dev": plan.dev_csv}
    named |= {"jigsaw": plan.jigsaw} if plan.jigsaw else {}
    named |= {f"add {i}": path for i, path in enumerate(plan.add)}
    others = {"kept": {"from": kept.model.model_id, "attributes": list(kept.names)}} if kept.model else {}
    return others | {
        "prior": plan.prior,
        "seed": plan.seed,
        "epochs": plan.epochs,
        "data_sha256": {name: sha256_of(path) for name, path in named.items()},
        "languages": [MAIN],
        "beta_languages": sorted(limits),
        "false_alarms": FALSE_ALARMS,
        "thresholds": {MAIN: provisional, **limits},
    }


def _publish(out_dir: Path, model: Artifact, dev_set: Labelled, plan: Plan, kept: Kept) -> str:
    """Choose thresholds for what the whole model says, save it and write down how good it is."""
    scorer = Scorer(model)
    rows = with_scams(with_no_spam(dev_set))
    weights = as_traffic(rows, plan.prior)
    known = np.asarray(weights.any(axis=1))
    scores = probabilities(scorer, rows.where(known).texts)
    names = tuple(name for name in scorer.attributes if name not in kept.names)
    heads, own = ([place.index(name) for name in names] for place in (ATTRIBUTES, scorer.attributes))

    def fitted(weights: Floats, profile: str = "") -> dict[str, float]:
        labels, weights = rows.labels[known][:, heads], weights[known][:, heads]
        found = thresholds(scores[:, own], labels, weights, names) | kept.limits(profile)
        return {name: found[name] for name in scorer.attributes}

    header = {**model.header, "thresholds": {**model.header["thresholds"], MAIN: fitted(weights)}}
    header["profiles"] = {
        name: fitted(as_traffic(rows, plan.prior, mix), name) for name, mix in PROFILES.items()
    }
    header["self_test"] = self_test(model)
    model_id = artifact.save(out_dir, dataclasses.replace(model, header=header))
    found = evaluate(load_scorer(out_dir), plan.dev_csv, plan.prior, full=plan.full, more=plan.worlds)
    files.add_evaluation(out_dir, found)
    if out_dir.resolve() == SHIPPED.resolve():
        write_card()
    return model_id


def _timed(progress: Say) -> Say:
    begin = time.monotonic()
    return lambda line: progress(f"{time.monotonic() - begin:6.1f} s  {line}")
