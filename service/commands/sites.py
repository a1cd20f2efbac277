"""`parley site`."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

from service.commands.database import migrated, now_of
from service.domain.access import OPERATOR
from service.domain.addresses import Spelling
from service.domain.errors import Invalid, Misconfigured
from service.settings import read_settings
from service.sites import sites, threads


def add_site(arguments: Namespace) -> int:
    """Add a host site."""
    with migrated() as db:
        name = arguments.name or arguments.id
        sites.add_site(db, arguments.id, name, now=now_of(db), origins=_wanted(arguments))
    print(f"Added the site {arguments.id}.")
    return 0


def show_origins(arguments: Namespace) -> int:
    """Print whose pages a site takes comments from; with an option, change that first."""
    settings = read_settings()
    with migrated(settings) as db:
        pages = sites.pages_of(db, OPERATOR, arguments.id)
        wanted = _wanted(arguments)
        if arguments.add:
            wanted = [*(wanted or pages.origins or ()), *arguments.add]
        if wanted is not None or arguments.any_origin:
            own = settings.own_origin
            pages = sites.set_origins(db, OPERATOR, arguments.id, wanted, own, now_of(db))
    print("\n".join(pages.origins) if pages.origins is not None else "any page")
    return 0


def _wanted(arguments: Namespace) -> list[str] | None:
    """Return the origins that were given; None where none was, or any is welcome."""
    return list(arguments.origin) if arguments.origin else None


def show_addresses(arguments: Namespace) -> int:
    """Print what a site holds apart in addresses; with an option, change that first."""
    with migrated() as db:
        pages = sites.pages_of(db, OPERATOR, arguments.id)
        apart = {
            "www_apart": _apart(arguments.www, pages.www_apart),
            "slash_apart": _apart(arguments.slash, pages.slash_apart),
        }
        if pages.spelling != (wanted := Spelling(**apart)):
            pages = sites.set_spelling(db, OPERATOR, arguments.id, wanted, now_of(db))
            threads.respell(db, arguments.id)
    print(f"www.\t{_said(pages.www_apart)}\nslash at the end\t{_said(pages.slash_apart)}")
    return 0


def _apart(wanted: str | None, now: bool) -> bool:
    return now if wanted is None else wanted == "apart"


def _said(apart: bool) -> str:
    return "two pages" if apart else "the same page"


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
            sites.set_policy(db, OPERATOR, arguments.id, _document(arguments.set), now_of(db))
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
