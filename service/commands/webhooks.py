"""`parley webhook`."""

from __future__ import annotations

from argparse import Namespace
from datetime import datetime

from service.commands.database import migrated, now_of
from service.domain.access import OPERATOR
from service.outbound import Outbound
from service.settings import read_settings
from service.sites import sites
from service.storage.records import Endpoint
from service.webhooks import endpoints
from service.webhooks import log as delivery_log

ONCE = "The secret is not shown again."


def add_webhook(arguments: Namespace) -> int:
    """Add a webhook endpoint and print its id and signing secret."""
    settings = read_settings()
    check = Outbound(settings.webhook_private_networks).check
    with migrated(settings) as db:
        made = endpoints.add_endpoint(
            db, OPERATOR, arguments.site, arguments.url, arguments.type, now_of(db), check=check
        )
    print(f"id: {made.id}\nsecret: {made.secret}\n{ONCE}")
    return 0


def list_webhooks(arguments: Namespace) -> int:
    """Print id, state and URL of each endpoint of one site, or of all."""
    with migrated() as db:
        names = [arguments.site] if arguments.site else [site.id for site in sites.list_sites(db)]
        for name in names:
            for found in endpoints.list_endpoints(db, OPERATOR, name):
                print(f"{found.id}\t{name}\t{_state(found, now_of(db))}\t{found.url}")
    return 0


def _state(found: Endpoint, now: datetime) -> str:
    if found.disabled_at:
        return f"disabled: {found.disabled_because}"
    if found.paused_until and found.paused_until > now:
        return f"did not answer: rests until {found.paused_until:%Y-%m-%d %H:%M:%S} UTC"
    return "active"


def test_webhook(arguments: Namespace) -> int:
    """Send a test event to an endpoint; the workers deliver it."""
    with migrated() as db:
        delivery = endpoints.send_test(db, OPERATOR, arguments.id, now_of(db))
    print(f"A test event is on its way (delivery {delivery}).")
    return 0


def enable_webhook(arguments: Namespace) -> int:
    """Let an endpoint that is disabled or rests take events again."""
    with migrated() as db:
        endpoints.enable_endpoint(db, OPERATOR, arguments.id, now_of(db))
    print(f"{arguments.id} is active; what waited goes out now.")
    return 0


def rotate_webhook(arguments: Namespace) -> int:
    """Give an endpoint a new signing secret and print it; the old one signs too for a day."""
    with migrated() as db:
        made = endpoints.rotate_secret(db, OPERATOR, arguments.id, now_of(db))
    until = f"Until {made.old_secret_until:%Y-%m-%d %H:%M} UTC attempts are signed with the old one too."
    print(f"secret: {made.secret}\n{ONCE} {until}")
    return 0


def remove_webhook(arguments: Namespace) -> int:
    """Remove an endpoint with its deliveries and their log."""
    with migrated() as db:
        endpoints.remove_endpoint(db, OPERATOR, arguments.id, now_of(db))
    print(f"{arguments.id} is removed, with its deliveries.")
    return 0


def list_deliveries(arguments: Namespace) -> int:
    """Print an endpoint's deliveries, the newest first: what became of each, and why."""
    with migrated() as db:
        page = delivery_log.list_deliveries(
            db, OPERATOR, arguments.id, limit=arguments.limit, status=arguments.status
        )
    for one in page.deliveries:
        print(f"{one.id}\t{one.status}\t{one.type}\t{one.attempts}\t{_last(one)}")
    return 0


def _last(delivery: delivery_log.LoggedDelivery) -> str:
    """Say what came of the last attempt, and when the next one is."""
    tried = delivery.log[-1] if delivery.log else None
    said = "not tried yet" if tried is None else tried.error or f"answered {tried.status_code}"
    if delivery.status == "due" and tried is not None:
        return f"{said}; next at {delivery.next_attempt_at:%Y-%m-%d %H:%M:%S} UTC"
    return said


def replay_delivery(arguments: Namespace) -> int:
    """Send a delivery once more, with the same id and body."""
    with migrated() as db:
        delivery_log.replay(db, OPERATOR, arguments.id, now_of(db))
    print(f"{arguments.id} is on its way again.")
    return 0
