"""`parley moderator`."""

from __future__ import annotations

import getpass
import sys
from argparse import Namespace
from datetime import timedelta

from service.commands.database import migrated, now_of
from service.commands.installation import own_command
from service.domain.errors import Misconfigured
from service.settings import read_settings
from service.sites import first_start, moderators, second_factors

MOST_DAYS = 36_500  # a calendar ends somewhere


def add_moderator(arguments: Namespace) -> int:
    """Add a moderator for some sites."""
    with migrated() as db:
        name = moderators.plain_name(arguments.name)
        if any(found.name == name for found in moderators.list_moderators(db)):
            grant_it = own_command(
                "moderator", "grant", name, "--site", arguments.site[0], "--role", arguments.role
            )
            raise Misconfigured(f"There is a moderator {name!r} already. To give them a site: {grant_it}")
        password, made = _new_password(arguments)
        roles = dict.fromkeys(arguments.site, arguments.role)
        moderators.add_moderator(db, arguments.name, password, roles, now_of(db), is_own=arguments.own)
    print(f"Added the moderator {arguments.name}." + (f" Password: {password}" if made else ""))
    return 0


def grant(arguments: Namespace) -> int:
    """Give a moderator a role on a site, in place of the one they had there."""
    with migrated() as db:
        moderators.grant(db, arguments.name, arguments.site, arguments.role, now_of(db))
    print(f"{arguments.name} is {arguments.role} of {arguments.site}.")
    return 0


def revoke(arguments: Namespace) -> int:
    """Take a moderator off a site."""
    with migrated() as db:
        moderators.revoke(db, arguments.name, arguments.site, now_of(db))
    print(f"{arguments.name} has no role on {arguments.site} any more.")
    return 0


def change_password(arguments: Namespace) -> int:
    """Replace a moderator's password; unless it is their own choice, they have to change it."""
    settings = read_settings()
    with migrated(settings) as db:
        password, made = _new_password(arguments)
        moderators.set_password(db, arguments.name, password, now_of(db), is_own=arguments.own)
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
            dropped = moderators.drop_tokens(db, arguments.name, arguments.label, now_of(db))
            print(f"Dropped {dropped} token{'' if dropped == 1 else 's'}.")
        else:
            ends = None if arguments.no_end else now_of(db) + timedelta(days=min(arguments.days, MOST_DAYS))
            wanted = moderators.TokenFor(arguments.scope, arguments.site, ends)
            print(moderators.add_token(db, arguments.name, arguments.label, now_of(db), wanted))
            until = f"good until {ends:%Y-%m-%d}" if ends else "good until it is dropped"
            print(f"It is not shown again, and {until}.", file=sys.stderr)
    return 0


def list_tokens(arguments: Namespace) -> int:
    """Print label, scope, sites and end of each of a moderator's tokens."""
    with migrated() as db:
        for found in moderators.list_tokens(db, arguments.name):
            ends = f"{found.expires_at:%Y-%m-%d}" if found.expires_at else "no end"
            print(f"{found.label}\t{found.scope or 'own'}\t{' '.join(found.sites or ['all sites'])}\t{ends}")
    return 0


def list_moderators(_arguments: Namespace) -> int:
    """Print name, state and roles of each moderator, and whether they have a second factor."""
    with migrated() as db:
        for found in moderators.list_moderators(db):
            roles = " ".join(f"{site}={role}" for site, role in sorted(found.roles.items()))
            factor = "\tsecond factor" if found.factor_since else ""
            print(f"{found.name}\t{'disabled' if found.disabled_at else 'active'}\t{roles}{factor}")
    return 0


def second_factor(arguments: Namespace) -> int:
    """Say whether somebody has a second factor, or switch it off: then the password alone lets them in."""
    with migrated() as db:
        if arguments.off:
            was_on = second_factors.switch_off(db, arguments.name, now_of(db))
            print(
                f"The second factor of {arguments.name} is off{' now' if was_on else ', and was so before'}."
            )
        elif (found := second_factors.of_name(db, arguments.name)) is None:
            print(f"{arguments.name} has no second factor.")
        else:
            left = f"{found.codes_left} recovery code{'' if found.codes_left == 1 else 's'} left"
            print(f"{arguments.name} has a second factor since {found.since:%Y-%m-%d}, {left}.")
    return 0


def disable_moderator(arguments: Namespace) -> int:
    """Lock a moderator out, or in again."""
    with migrated() as db:
        if arguments.undo:
            moderators.enable(db, arguments.name, now_of(db))
        else:
            moderators.disable(db, arguments.name, now_of(db))
    print(f"{arguments.name} is {'active' if arguments.undo else 'disabled'}.")
    return 0
