"""The `parley` command: finds out which sub-command is meant, and runs it."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version

from service.commands.grammar import INSTALLATION, Commands, models, running, scoring, sites, upkeep, webhooks
from service.commands.installation import require_installation
from service.domain.errors import Invalid, ParleyError

STOPPED_BY_HAND = 130
THEMES = (running, sites, webhooks, models, scoring, upkeep)


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
    parser.add_argument("--version", action="version", version=f"parley {version('parley')}")
    commands = Commands(parser)
    for theme in THEMES:
        theme.add(commands)
    return parser
