"""`parley site`."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

from service.commands.database import migrated
from service.context import utcnow
from service.domain.access import OPERATOR
from service.domain.errors import Invalid, Misconfigured
from service.sites import sites


def add_site(arguments: Namespace) -> int:
    """Add a host site."""
    with migrated() as db:
        sites.add_site(db, arguments.id, arguments.name or arguments.id, now=utcnow())
    print(f"Added the site {arguments.id}.")
    return 0


def list_sites(_arguments: Namespace) -> int:
    """Print the id and name of each site."""
    with migrated() as db:
        for site in sites.list_sites(db):
            print(f"{site.id}\t{site.name}")
    return 0


def show_policy(arguments: Namespace) -> int:
    """Print a site's policy as JSON; with ``--set``, replace it first by a file's or standard input's."""
    with migrated() as db:
        if arguments.set:
            sites.set_policy(db, OPERATOR, arguments.id, _document(arguments.set), utcnow())
        print(json.dumps(sites.policy_of(db, OPERATOR, arguments.id), indent=2, ensure_ascii=False))
    return 0


def _document(name: str) -> dict[str, Any]:
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
        document = json.loads(text)
    except OSError as error:
        raise Misconfigured(f"Cannot read {name}: {(error.strerror or 'unknown error').lower()}.") from None
    except ValueError as error:
        raise Misconfigured(f"{name} is no JSON: {error}.") from None
    if not isinstance(document, dict):
        raise Invalid([("", "must be an object")])
    return document
