"""`parley webhook`."""

from __future__ import annotations

from service.commands.grammar import Commands
from service.commands.grammar.arguments import at_least_one


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
    enable = group.add(
        "enable", "webhooks:enable_webhook", "Let an endpoint that is disabled or rests take events again."
    )
    rotate = group.add(
        "rotate", "webhooks:rotate_webhook", "Give an endpoint a new signing secret and print it."
    )
    remove = group.add("remove", "webhooks:remove_webhook", "Remove an endpoint with its deliveries.")
    log = group.add("deliveries", "webhooks:list_deliveries", "List an endpoint's deliveries, newest first.")
    replay = group.add("replay", "webhooks:replay_delivery", "Send a delivery once more.")
    for parser in (test, enable, rotate, remove, log):
        parser.add_argument("id", help="of the endpoint, as `parley webhook list` shows it")
    log.add_argument("--status", choices=("due", "delivered", "failed"), help="those alone")
    log.add_argument("--limit", metavar="N", type=at_least_one, default=50, help="at most so many; 50")
    replay.add_argument("id", help="of the delivery, as `parley webhook deliveries` shows it")
