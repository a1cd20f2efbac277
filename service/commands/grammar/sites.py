"""`parley site`, `thread`, `moderator`."""

from __future__ import annotations

import argparse

from service.commands.grammar import Commands
from service.commands.grammar.arguments import at_least_one

ROLES = ("viewer", "moderator", "owner")  # as in `service.domain.access`


def add(commands: Commands) -> None:
    """Add the commands of this theme."""
    _sites(commands)
    _threads(commands)
    _moderators(commands)


def _sites(commands: Commands) -> None:
    group = commands.group("site", "Look after host sites.")
    add = group.add("add", "sites:add_site", "Add a host site.")
    add.add_argument("id", help="lower-case letters, digits and hyphens")
    add.add_argument("--name", help="what people call it")
    origins = add.add_mutually_exclusive_group(required=True)
    _origins(origins)
    group.add("list", "sites:list_sites", "List the host sites.")
    change = group.add(
        "origins", "sites:show_origins", "Show whose pages a site takes comments from, or change it."
    )
    change.add_argument("id")
    origins = change.add_mutually_exclusive_group()
    _origins(origins)
    origins.add_argument("--add", metavar="ORIGIN", action="append", default=[], help="one more")
    spelling = group.add(
        "addresses", "sites:show_addresses", "Show what a site holds apart in addresses, or change it."
    )
    spelling.add_argument("id")
    for name, what in (
        ("--www", "with and without www."),
        ("--slash", "with and without a slash at the end"),
    ):
        spelling.add_argument(name, choices=("same", "apart"), help=f"whether addresses {what} are one page")
    policy = group.add("policy", "sites:show_policy", "Show a site's policy as JSON, or replace it.")
    policy.add_argument("id")
    policy.add_argument("--set", metavar="FILE", help="a JSON file with the new policy; - for standard input")


def _origins(group: argparse._MutuallyExclusiveGroup) -> None:
    group.add_argument(
        "--origin", metavar="ORIGIN", action="append", default=[],
        help="whose pages may be commented on, such as https://www.example.org; may be given more than once",
    )  # fmt: skip
    group.add_argument(
        "--any-origin", action="store_true", help="any page may be commented on, and may say where it is"
    )


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
    _changes(group)


def _changes(group: Commands) -> None:
    rename = group.add("rename", "threads:rename", "Give a thread another title, or another key.")
    move = group.add("move", "threads:move", "Give a thread another key or address; that before leads there.")
    merge = group.add("merge", "threads:merge", "Take all comments of a thread to another one.")
    split = group.add("split", "threads:split", "Take some comments, with their answers, to another thread.")
    undo = group.add("undo", "threads:undo", "Take back the last rename, move, merge or split of a thread.")
    for parser in (rename, move, merge, split, undo):
        parser.add_argument("site")
        parser.add_argument("key", help="the thread's key, or the address of its page")
        parser.add_argument("--yes", action="store_true", help="do it; without, it is only shown")
    rename.add_argument("--title", help="no page changes it from then on")
    rename.add_argument("--key", dest="to", metavar="NEW", help="the key before leads to the thread")
    move.add_argument("to", help="the new key, or the new address of the page")
    merge.add_argument("into", help="the key or address of the thread that takes them")
    split.add_argument("into", help="the key or address of the thread that takes them; made if it is new")
    split.add_argument("comments", nargs="+", metavar="COMMENT", help="ids; what answers them goes along")


def _moderators(commands: Commands) -> None:
    group = commands.group(
        "moderator", "Look after moderators. Passwords are asked for, or read from a pipe."
    )
    add = group.add("add", "moderators:add_moderator", "Add a moderator.")
    password = group.add("password", "moderators:change_password", "Set a new password; ends all sessions.")
    _tokens(group)
    disable = group.add("disable", "moderators:disable_moderator", "Lock a moderator out at once.")
    grant = group.add("grant", "moderators:grant", "Give a moderator a role on a site; holds at once.")
    revoke = group.add("revoke", "moderators:revoke", "Take a moderator off a site; holds at once.")
    factor = group.add(
        "second-factor", "moderators:second_factor", "Say whether somebody has a second factor, or end it."
    )
    factor.add_argument("--off", action="store_true", help="switch it off, for who lost telephone and codes")
    for parser in (add, password, disable, grant, revoke, factor):
        parser.add_argument("name")
    for parser in (grant, revoke):
        parser.add_argument("--site", required=True)
    for parser in (add, password):
        chosen = parser.add_mutually_exclusive_group()
        chosen.add_argument("--random", action="store_true", help="make the password up and print it")
        chosen.add_argument(
            "--own", action="store_true", help="whom it is for types it: it need not be changed at the login"
        )
    add.add_argument("--site", action="append", default=[], required=True, help="may be given more than once")
    add.add_argument("--role", choices=ROLES, default="moderator")
    grant.add_argument("--role", choices=ROLES, required=True)
    disable.add_argument("--undo", action="store_true", help="let them in again")
    group.add(
        "list", "moderators:list_moderators", "List the moderators, their roles and who has a second factor."
    )


def _tokens(group: Commands) -> None:
    token = group.add("token", "moderators:add_token", "Make an API token and print it.")
    tokens = group.add("tokens", "moderators:list_tokens", "List a moderator's API tokens.")
    for parser in (token, tokens):
        parser.add_argument("name")
    token.add_argument("label", help="what it is for")
    token.add_argument("--drop", action="store_true", help="drop the tokens of this label instead")
    token.add_argument(
        "--scope", choices=("see", "decide", "own"), default="own", help="the most that it is good for (own)"
    )
    token.add_argument("--site", action="append", help="for this site only; may be given more than once")
    token.add_argument("--days", type=at_least_one, default=365, help="how long it is good (365)")
    token.add_argument("--no-end", action="store_true", help="good until it is dropped")
