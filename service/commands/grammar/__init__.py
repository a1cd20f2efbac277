"""What the `parley` command understands: a file a theme. What a command does is in `service.commands`."""

from __future__ import annotations

import argparse

# What a command needs in the data folder: a Parley that is there, room to make one, or nothing at all.
INSTALLATION, FOLDER, NOTHING = "installation", "folder", ""


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
