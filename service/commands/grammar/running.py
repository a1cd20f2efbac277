"""`parley up`, `web`, `worker`, `scheduler`, `db`."""

from __future__ import annotations

import argparse

from service.commands.grammar import FOLDER, Commands


def add(commands: Commands) -> None:
    """Add the commands of this theme."""
    _processes(commands)
    _database(commands)


def _processes(commands: Commands) -> None:
    up = commands.add("up", "up:up", "Run everything on this machine until Ctrl-C.", needs=FOLDER)
    up.add_argument(
        "--verbose", action="store_true", help="show the logs here, as JSON lines, instead of writing files"
    )
    web = commands.add("web", "processes:web", "Run the web server.")
    web.add_argument("--fd", type=int, help=argparse.SUPPRESS)
    web.add_argument("--line", type=int, help=argparse.SUPPRESS)
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
