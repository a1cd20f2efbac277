"""`parley webhook`."""

from __future__ import annotations

from service.commands.grammar import Commands


def add(commands: Commands) -> None:
    """Add the commands of this theme."""
    group = commands.group("webhook", "Look after webhook endpoints.")
    add = group.add("add", "webhooks:add_webhook", "Add an endpoint and print its signing secret.")
    add.add_argument("site")
    add.add_argument("url")
    add.add_argument("--type", action="append", default=[], help="an event type it wants; all if not given")
    listed = group.add("list", "webhooks:list_webhooks", "List the endpoints.")
    listed.add_argument("site", nargs="?")
    test = group.add("test", "webhooks:test_webhook", "Send a test event to an endpoint.")
    test.add_argument("id")
