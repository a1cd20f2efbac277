"""`parley site`, `moderator` and `webhook`: who takes part."""

from __future__ import annotations

import getpass
import json
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

from service import webhooks
from service.commands.database import migrated
from service.commands.installation import own_command
from service.context import utcnow
from service.domain.errors import Invalid, Misconfigured
from service.outbound import Outbound
from service.settings import read_settings
from service.sites import first_start, moderators, sites


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
            print(f"{site['id']}\t{site['name']}")
    return 0


def show_policy(arguments: Namespace) -> int:
    """Print a site's policy as JSON; with ``--set``, replace it first by a file's or standard input's."""
    with migrated() as db:
        if arguments.set:
            sites.set_policy(db, arguments.id, _document(arguments.set))
        print(json.dumps(sites.policy_of(db, arguments.id), indent=2, ensure_ascii=False))
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


def add_moderator(arguments: Namespace) -> int:
    """Add a moderator for some sites."""
    with migrated() as db:
        name = moderators.plain_name(arguments.name)
        if any(found["name"] == name for found in moderators.list_moderators(db)):
            grant_it = own_command(
                "moderator", "grant", name, "--site", arguments.site[0], "--role", arguments.role
            )
            raise Misconfigured(f"There is a moderator {name!r} already. To give them a site: {grant_it}")
        password, made = _new_password(arguments)
        roles = dict.fromkeys(arguments.site, arguments.role)
        moderators.add_moderator(db, arguments.name, password, roles, utcnow())
    print(f"Added the moderator {arguments.name}." + (f" Password: {password}" if made else ""))
    return 0


def grant(arguments: Namespace) -> int:
    """Give a moderator a role on a site, in place of the one they had there."""
    with migrated() as db:
        moderators.grant(db, arguments.name, arguments.site, arguments.role)
    print(f"{arguments.name} is {arguments.role} of {arguments.site}.")
    return 0


def revoke(arguments: Namespace) -> int:
    """Take a moderator off a site."""
    with migrated() as db:
        moderators.revoke(db, arguments.name, arguments.site)
    print(f"{arguments.name} has no role on {arguments.site} any more.")
    return 0


def change_password(arguments: Namespace) -> int:
    """Replace a moderator's password."""
    settings = read_settings()
    with migrated(settings) as db:
        password, made = _new_password(arguments)
        moderators.set_password(db, arguments.name, password)
        first_start.forget(settings.data_dir, arguments.name)
    print(f"Changed the password of {arguments.name}." + (f" It is: {password}" if made else ""))
    return 0


def _new_password(arguments: Namespace) -> tuple[str, bool]:
    """Return a password and whether we made it up. It is never an argument: others can see those."""
    if arguments.random:
        return first_start.make_password(), True
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n"), False
    password = getpass.getpass("New password: ")
    if getpass.getpass("Again: ") != password:
        raise Misconfigured("The two passwords differ.")
    return password, False


def add_token(arguments: Namespace) -> int:
    """Print a new API token, or drop those of a label."""
    with migrated() as db:
        if arguments.drop:
            dropped = moderators.drop_tokens(db, arguments.name, arguments.label)
            print(f"Dropped {dropped} token{'' if dropped == 1 else 's'}.")
        else:
            print(moderators.add_token(db, arguments.name, arguments.label, utcnow()))
    return 0


def list_moderators(_arguments: Namespace) -> int:
    """Print name, state and roles of each moderator."""
    with migrated() as db:
        for found in moderators.list_moderators(db):
            roles = " ".join(f"{site}={role}" for site, role in sorted(found["roles"].items()))
            print(f"{found['name']}\t{'disabled' if found['disabled_at'] else 'active'}\t{roles}")
    return 0


def disable_moderator(arguments: Namespace) -> int:
    """Lock a moderator out, or in again."""
    with migrated() as db:
        if arguments.undo:
            moderators.enable(db, arguments.name)
        else:
            moderators.disable(db, arguments.name, utcnow())
    print(f"{arguments.name} is {'active' if arguments.undo else 'disabled'}.")
    return 0


def add_webhook(arguments: Namespace) -> int:
    """Add a webhook endpoint and print its id and signing secret."""
    settings = read_settings()
    check = Outbound(settings.webhook_private_networks).check
    with migrated(settings) as db:
        made = webhooks.add_endpoint(db, arguments.site, arguments.url, arguments.type, utcnow(), check=check)
    print(f"id: {made['id']}\nsecret: {made['secret']}\nThe secret is not shown again.")
    return 0


def list_webhooks(arguments: Namespace) -> int:
    """Print id, state and URL of each endpoint of one site, or of all."""
    with migrated() as db:
        names = [arguments.site] if arguments.site else [site["id"] for site in sites.list_sites(db)]
        for name in names:
            for found in webhooks.list_endpoints(db, name):
                state = f"disabled: {found['disabled_because']}" if found["disabled_at"] else "active"
                print(f"{found['id']}\t{name}\t{state}\t{found['url']}")
    return 0


def test_webhook(arguments: Namespace) -> int:
    """Send a test event to an endpoint; the workers deliver it."""
    with migrated() as db:
        delivery = webhooks.send_test(db, arguments.id, utcnow(), sites_allowed=None)
    print(f"A test event is on its way (delivery {delivery}).")
    return 0
