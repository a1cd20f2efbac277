"""`parley score`, `evaluate`, `train`, `model`."""

from __future__ import annotations

import argparse

from service.commands.grammar import FOLDER, NOTHING, Commands
from service.commands.grammar.arguments import at_least_one, share


def add(commands: Commands) -> None:
    """Add the commands of this theme."""
    _scoring(commands)
    _models(commands)


def _scoring(commands: Commands) -> None:
    text = 'Score JSON lines {"id", "text", "lang"?} from standard input, in order.'
    score = commands.add("score", "scoring:score", text, needs=NOTHING)
    evaluate = commands.add(
        "evaluate",
        "scoring:evaluate",
        "Print how well the model does on labelled comments, or on a site's own.",
        needs=NOTHING,
    )
    evaluate.add_argument("data", metavar="DATA", nargs="?", help="labelled comments, .csv.gz")
    evaluate.add_argument("--data", metavar="FILE", dest="file", help="the same")
    evaluate.add_argument("--json", action="store_true", help="as JSON")
    evaluate.add_argument("--html", metavar="FILE", help="write a page with plots too")
    evaluate.add_argument(
        "--short", action="store_true",
        help="without intervals, and without the suites that hang on the model alone: minutes sooner",
    )  # fmt: skip
    evaluate.add_argument(
        "--site", metavar="ID", help="fit review thresholds to what this site's moderators decided instead"
    )
    evaluate.add_argument(
        "--held", metavar="P", type=share, default=0.05,
        help="with --site: share of the comments that stand which TOXICITY may hold; others a fifth of it",
    )  # fmt: skip
    evaluate.add_argument(
        "--policy",
        action="store_true",
        help="with --site: print the site's policy with the fitted thresholds",
    )
    for parser in (score, evaluate):
        parser.add_argument("--model", metavar="ID|FOLDER", help="another than the one in use")
    _training(commands)


def _training(commands: Commands) -> None:
    train = commands.add(
        "train", "training:train", "Train a model and add it to those in the data folder, PARLEY_DATA_DIR;"
        " it is not used before you choose it. If stopped, the same command goes on where it stood.",
        needs=NOTHING,
    )  # fmt: skip
    train.add_argument("train", nargs="?", metavar="TRAIN", help="labelled comments, .csv.gz")
    train.add_argument("dev", nargs="?", metavar="DEV", help="others, to calibrate on")
    train.add_argument("--jigsaw", metavar="FILE", help="the Jigsaw challenge's whole training file")
    train.add_argument(
        "--add", metavar="FILE", action="append", default=[],
        help="more labelled comments to learn from; may be given more than once",
    )  # fmt: skip
    train.add_argument(
        "--worlds", metavar="FOLDER",
        help="more files, with a column split: train rows to learn from, dev rows to calibrate on",
    )  # fmt: skip
    train.add_argument(
        "--careful", choices=("train", "continue", "keep", "none"), default="train",
        help="a new careful reader (the default; takes an hour or more), that of the model in use taught"
        " further, or as it is, or none",
    )  # fmt: skip
    train.add_argument("--epochs", metavar="N", type=at_least_one, help="of the careful reader's training")
    train.add_argument(
        "--work", metavar="FOLDER", help="what it needs to go on; in the data folder if not given"
    )
    train.add_argument("--seed", metavar="N", type=int, default=0)
    train.add_argument(
        "--prior", metavar="P", type=share, help="share of comments with any bad property, between 0 and 1"
    )
    train.add_argument(
        "--short", action="store_true", help="evaluate it without intervals and suites, minutes sooner"
    )
    train.add_argument("--out", metavar="FOLDER", help="save it there instead, and add it nowhere")


def _models(commands: Commands) -> None:
    group = commands.group(
        "model",
        "Look at models, compare them, and choose the one in use: on this host, in its data folder; with"
        " PARLEY_DATABASE_URL on all hosts, in the database. Models lie in PARLEY_MODEL_STORE, by default in"
        " the data folder. Where PARLEY_MODEL_DIR is set, that model is used whatever is chosen.",
    )
    listed = group.add("list", "models:list_models", "List the models and test each.", needs=NOTHING)
    show = group.add("show", "models:show", "Show a model, by default the one in use.", needs=NOTHING)
    use = group.add(
        "use", "models:use", "Use another model from now on; a bad one is refused. This acts on this host's"
        " data folder, and with PARLEY_DATABASE_URL on all hosts: those that lack the model go on with the"
        " one before until it is used there, too. What runs follows within 5 s.",
        needs=FOLDER,
    )  # fmt: skip
    group.add("rollback", "models:rollback", "Use the model before this one again.", needs=FOLDER)
    compare = group.add(
        "compare", "models:compare", "Compare two models on labelled comments.", needs=NOTHING
    )
    given = "an id from the list, shipped, or a folder such as ./shipped"
    # Without a default of its own, so that it leaves alone what --model said.
    show.add_argument("model", metavar="ID|FOLDER", nargs="?", default=argparse.SUPPRESS, help=given)
    show.add_argument("--model", help=argparse.SUPPRESS)  # as the other commands have it
    use.add_argument("model", metavar="ID|FOLDER", help=given)
    compare.add_argument("a", metavar="A", help=given)
    compare.add_argument("b", metavar="B", help="another")
    compare.add_argument("--data", metavar="FILE", help="labelled comments, .csv.gz")
    for parser in (listed, compare):
        parser.add_argument("--json", action="store_true", help="as JSON")
