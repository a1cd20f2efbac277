"""The `parley` command: what it understands. What it does is in `service.commands`."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Callable, Sequence

from service.domain.errors import ParleyError

STOPPED_BY_HAND = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one sub-command; return its exit code: 0 done, 1 found something wrong, 2 cannot be done."""
    arguments = build_parser().parse_args(argv)
    module, function = arguments.run.split(":")
    # Imported late: `parley site list` must not wait for scikit-learn.
    run: Callable[[argparse.Namespace], int] = getattr(
        importlib.import_module(f"service.commands.{module}"), function
    )
    try:
        return run(arguments)
    except ParleyError as error:
        print(f"parley: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return STOPPED_BY_HAND
    except BrokenPipeError:  # as in `parley site list | head -1`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all sub-commands."""
    parser = argparse.ArgumentParser(
        prog="parley", description="A comment section a publisher can own. Settings are PARLEY_* variables."
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_processes(commands)
    return parser


Commands = argparse._SubParsersAction  # type: ignore[type-arg]


def _add(commands: Commands, name: str, run: str, text: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text)
    parser.set_defaults(run=run)
    return parser


def _add_processes(commands: Commands) -> None:
    up = _add(commands, "up", "up:up", "Run everything on this machine until Ctrl-C.")
    up.add_argument("--verbose", action="store_true", help="show the logs here instead of writing files")
    web = _add(commands, "web", "processes:web", "Run the web server.")
    web.add_argument("--fd", type=int, help=argparse.SUPPRESS)
    worker = _add(commands, "worker", "processes:worker", "Run the workers.")
    worker.add_argument("--only", choices=("scoring", "webhooks"), help="run one of the two")
    _add(commands, "scheduler", "processes:scheduler", "Run the scheduler; one is enough.")
