"""The `parley` command: what it understands. What it does is in `service.commands`."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Callable, Sequence

from service.commands.installation import require_installation
from service.domain.errors import Invalid, ParleyError

STOPPED_BY_HAND = 130
# What a command needs in the data folder: a Parley that is there, room to make one, or nothing at all.
INSTALLATION, FOLDER, NOTHING = "installation", "folder", ""
ROLES = ("moderator", "owner")
MOST = 1_000_000  # of what is counted
PARTS = (
    "python", "folder", "secret", "database", "redis", "worker", "scheduler", "backlog", "model",
    "webhooks", "port",
)  # fmt: skip


def main(argv: Sequence[str] | None = None) -> int:
    """Run one sub-command; return its exit code: 0 done, 1 found something wrong, 2 cannot be done."""
    given = sys.argv[1:] if argv is None else argv
    if any("\ud800" <= char <= "\udfff" for word in given for char in word):
        print("parley: an argument is no text in the terminal's encoding", file=sys.stderr)
        return 2
    arguments = build_parser().parse_args(given)
    before = os.umask(0o077) if arguments.needs else None  # data, logs and sockets are nobody else's
    try:
        return _run(arguments)
    except Invalid as error:
        texts = (f"{pointer.strip('/') or 'it'} {text}" for pointer, text in error.problems)
        print(f"parley: {'; '.join(texts)}", file=sys.stderr)
        return 2
    except ParleyError as error:
        print(f"parley: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return STOPPED_BY_HAND
    except BrokenPipeError:  # as in `parley site list | head -1`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    finally:
        if before is not None:
            os.umask(before)


def _run(arguments: argparse.Namespace) -> int:
    if arguments.needs == INSTALLATION:
        require_installation()
    module, function = arguments.run.split(":")
    # Imported late: `parley site list` must not wait for scikit-learn.
    run: Callable[[argparse.Namespace], int] = getattr(
        importlib.import_module(f"service.commands.{module}"), function
    )
    return run(arguments)


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all sub-commands."""
    parser = argparse.ArgumentParser(
        prog="parley", description="A comment section a publisher can own. Settings are PARLEY_* variables."
    )
    commands = Commands(parser)
    for add in (
        _processes,
        _database,
        _sites,
        _threads,
        _moderators,
        _webhooks,
        _scoring,
        _models,
        _perspective,
        _checks,
    ):
        add(commands)
    return parser


class Commands:
    """Names that lead to functions of `service.commands`, given as ``module:function``."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        self._parsers = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def add(self, name: str, run: str, text: str, *, needs: str = INSTALLATION) -> argparse.ArgumentParser:
        """Add a command that does something."""
        parser = self._parsers.add_parser(name, help=text, description=text)
        parser.set_defaults(run=run, needs=needs)
        return parser

    def group(self, name: str, text: str) -> Commands:
        """Add a command that has commands of its own."""
        return Commands(self._parsers.add_parser(name, help=text, description=text))


def _processes(commands: Commands) -> None:
    up = commands.add("up", "up:up", "Run everything on this machine until Ctrl-C.", needs=FOLDER)
    up.add_argument("--verbose", action="store_true", help="show the logs here instead of writing files")
    web = commands.add("web", "processes:web", "Run the web server.")
    web.add_argument("--fd", type=int, help=argparse.SUPPRESS)
    worker = commands.add("worker", "processes:worker", "Run the workers.")
    worker.add_argument("--only", choices=("scoring", "webhooks"), help="run one of the two")
    commands.add("scheduler", "processes:scheduler", "Run the scheduler; one is enough.")


def _database(commands: Commands) -> None:
    group = commands.group("db", "Look after the database.")
    upgrade = group.add("upgrade", "database:upgrade", "Bring the tables up to date.", needs=FOLDER)
    upgrade.add_argument(
        "--demo", action="store_true", help="make a first site and moderator if there are none"
    )
    group.add("current", "database:current", "Say whether the tables are up to date.")


def _sites(commands: Commands) -> None:
    group = commands.group("site", "Look after host sites.")
    add = group.add("add", "accounts:add_site", "Add a host site.")
    add.add_argument("id", help="lower-case letters, digits and hyphens")
    add.add_argument("--name", help="what people call it")
    group.add("list", "accounts:list_sites", "List the host sites.")
    policy = group.add("policy", "accounts:show_policy", "Show a site's policy as JSON, or replace it.")
    policy.add_argument("id")
    policy.add_argument("--set", metavar="FILE", help="a JSON file with the new policy; - for standard input")


def _threads(commands: Commands) -> None:
    group = commands.group("thread", "Look after the threads of a site.")
    close = group.add("close", "threads:close", "Take no more comments; what is published stays.")
    reopen = group.add("reopen", "threads:reopen", "Take comments again.")
    premoderate = group.add(
        "premoderate", "threads:premoderate", "Have people read every comment before it is published."
    )
    for parser in (close, reopen, premoderate):
        parser.add_argument("site")
        parser.add_argument("key", help="the thread's key, or the address of its page")
    premoderate.add_argument("--off", action="store_true", help="leave it to the policy again")
    listed = group.add("list", "threads:list_threads", "List a site's threads, the newest first.")
    listed.add_argument("site")


def _moderators(commands: Commands) -> None:
    group = commands.group(
        "moderator", "Look after moderators. Passwords are asked for, or read from a pipe."
    )
    add = group.add("add", "accounts:add_moderator", "Add a moderator.")
    password = group.add("password", "accounts:change_password", "Set a new password; ends all sessions.")
    token = group.add("token", "accounts:add_token", "Make an API token and print it.")
    disable = group.add("disable", "accounts:disable_moderator", "Lock a moderator out at once.")
    grant = group.add("grant", "accounts:grant", "Give a moderator a role on a site; holds at once.")
    revoke = group.add("revoke", "accounts:revoke", "Take a moderator off a site; holds at once.")
    for parser in (add, password, token, disable, grant, revoke):
        parser.add_argument("name")
    for parser in (grant, revoke):
        parser.add_argument("--site", required=True)
    for parser in (add, password):
        parser.add_argument("--random", action="store_true", help="make the password up and print it")
    add.add_argument("--site", action="append", default=[], required=True, help="may be given more than once")
    add.add_argument("--role", choices=ROLES, default="moderator")
    grant.add_argument("--role", choices=ROLES, required=True)
    token.add_argument("label", help="what it is for")
    token.add_argument("--drop", action="store_true", help="drop the tokens of this label instead")
    disable.add_argument("--undo", action="store_true", help="let them in again")
    group.add("list", "accounts:list_moderators", "List the moderators.")


def _webhooks(commands: Commands) -> None:
    group = commands.group("webhook", "Look after webhook endpoints.")
    add = group.add("add", "accounts:add_webhook", "Add an endpoint and print its signing secret.")
    add.add_argument("site")
    add.add_argument("url")
    add.add_argument("--type", action="append", default=[], help="an event type it wants; all if not given")
    listed = group.add("list", "accounts:list_webhooks", "List the endpoints.")
    listed.add_argument("site", nargs="?")
    test = group.add("test", "accounts:test_webhook", "Send a test event to an endpoint.")
    test.add_argument("id")


def _scoring(commands: Commands) -> None:
    text = 'Score JSON lines {"id", "text", "lang"?} from standard input, in order.'
    score = commands.add("score", "scoring:score", text, needs=NOTHING)
    evaluate = commands.add(
        "evaluate", "scoring:evaluate", "Print how well the model does on labelled comments.", needs=NOTHING
    )
    evaluate.add_argument("data", metavar="DATA", nargs="?", help="labelled comments, .csv.gz")
    evaluate.add_argument("--data", metavar="FILE", dest="file", help="the same")
    evaluate.add_argument("--json", action="store_true", help="as JSON")
    evaluate.add_argument("--html", metavar="FILE", help="write a page with plots too")
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
        "--careful", choices=("train", "keep", "none"), default="train",
        help="a new careful reader (the default; takes an hour or more), that of the model in use, or none",
    )  # fmt: skip
    train.add_argument("--epochs", metavar="N", type=_at_least_one, help="of the careful reader's training")
    train.add_argument(
        "--work", metavar="FOLDER", help="what it needs to go on; in the data folder if not given"
    )
    train.add_argument("--seed", metavar="N", type=int, default=0)
    train.add_argument(
        "--prior", metavar="P", type=_share, help="share of comments with any bad property, between 0 and 1"
    )
    train.add_argument("--out", metavar="FOLDER", help="save it there instead, and add it nowhere")


def _at_least_one(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 1 <= (number := int(text[:10])) <= MOST):
        raise argparse.ArgumentTypeError(f"must be a whole number from 1 to {MOST}")
    return number


def _share(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < 1:
        raise argparse.ArgumentTypeError("must be a number between 0 and 1")
    return number


def _models(commands: Commands) -> None:
    group = commands.group(
        "model",
        "Look at models, compare them, and choose the one in use on this host: in its data folder,"
        " PARLEY_DATA_DIR. Where PARLEY_MODEL_DIR is set, that model is used whatever is chosen.",
    )
    listed = group.add("list", "models:list_models", "List the models and test each.", needs=NOTHING)
    show = group.add("show", "models:show", "Show a model, by default the one in use.", needs=NOTHING)
    use = group.add(
        "use", "models:use", "Use another model from now on; a bad one is refused. This acts on this host's"
        " data folder: with workers on several hosts, do it on each. What runs follows within 5 s.",
        needs=FOLDER,
    )  # fmt: skip
    group.add(
        "rollback", "models:rollback", "Use the model before this one again, on this host.", needs=FOLDER
    )
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


def _perspective(commands: Commands) -> None:
    group = commands.group("perspective", "Look after scoring in place of the Perspective API.")
    compare = group.add(
        "compare", "perspective:compare", "Compare the model with Perspective's scores of the same texts:"
        ' rank correlation, calibration, thresholds. Reads JSON lines {"text", "scores": {ATTRIBUTE:'
        " number}}, or with the API's own attributeScores in place of scores.", needs=NOTHING,
    )  # fmt: skip
    compare.add_argument("file", metavar="FILE", nargs="?", help="the lines; standard input if not given")
    compare.add_argument("--model", metavar="ID|FOLDER", help="another than the one in use")
    compare.add_argument("--json", action="store_true", help="as JSON")
    compare.add_argument(
        "--differing", metavar="N", type=_at_least_one, help="also name the N lines that differ most"
    )
    _keys(group.group("key", "Look after the keys that callers need where PARLEY_PERSPECTIVE_KEYS=required."))
    _suggestions(group.group("suggestion", "Look after the scores that callers suggested."))


def _keys(group: Commands) -> None:
    add = group.add("add", "keys:add", "Make a key and print it; it is not shown again.")
    add.add_argument("name", help="who it is for")
    add.add_argument(
        "--per-minute", metavar="N", type=_at_least_one, default=600, help="its quota of requests; 600"
    )
    group.add("list", "keys:list_keys", "List the keys.")
    group.add("drop", "keys:drop", "Refuse a key from now on.").add_argument("name")


def _suggestions(group: Commands) -> None:
    group.add("list", "suggestions:list_communities", "List the communities, and how much each suggested.")
    export = group.add(
        "export", "suggestions:export", "Print them as labelled comments in CSV, as `parley train --add`"
        " takes them: of each text of a community what was suggested last.",
    )  # fmt: skip
    export.add_argument("--json", action="store_true", help="all of them as JSON lines, with spans")
    delete = group.add("delete", "suggestions:delete", "Delete those that all of the options hold for.")
    delete.add_argument("--older-than", metavar="DAYS", type=_at_least_one, help="those that are older")
    delete.add_argument("--token", help="those with this clientToken")
    delete.add_argument("--all", action="store_true", help="all of them; needs to be said")
    for parser in (export, delete):
        parser.add_argument("--community", metavar="ID", help="those with this communityId; '' for none")


def _checks(commands: Commands) -> None:
    group = commands.group("audit", "Check what was done to comments.")
    group.add("verify", "checks:verify", "Check that nobody tampered with the audit log.")
    show = group.add("show", "checks:show", "Show what was done to one comment.")
    show.add_argument("comment")
    doctor = commands.add("doctor", "checks:doctor", "Check every part and say what to do.")
    doctor.add_argument("--json", action="store_true", help="one JSON object a line")
    doctor.add_argument("--only", choices=PARTS, metavar="PART", help=f"one of: {', '.join(PARTS)}")
