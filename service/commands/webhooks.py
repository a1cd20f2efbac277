"""`parley webhook`."""

from __future__ import annotations

from argparse import Namespace

from service.commands.database import migrated
from service.context import utcnow
from service.domain.access import OPERATOR
from service.outbound import Outbound
from service.settings import read_settings
from service.sites import sites
from service.webhooks import endpoints


def add_webhook(arguments: Namespace) -> int:
    """Add a webhook endpoint and print its id and signing secret."""
    settings = read_settings()
    check = Outbound(settings.webhook_private_networks).check
    with migrated(settings) as db:
        made = endpoints.add_endpoint(
            db, OPERATOR, arguments.site, arguments.url, arguments.type, utcnow(), check=check
        )
    print(f"id: {made.id}\nsecret: {made.secret}\nThe secret is not shown again.")
    return 0


def list_webhooks(arguments: Namespace) -> int:
    """Print id, state and URL of each endpoint of one site, or of all."""
    with migrated() as db:
        names = [arguments.site] if arguments.site else [site.id for site in sites.list_sites(db)]
        for name in names:
            for found in endpoints.list_endpoints(db, OPERATOR, name):
                state = f"disabled: {found.disabled_because}" if found.disabled_at else "active"
                print(f"{found.id}\t{name}\t{state}\t{found.url}")
    return 0


def test_webhook(arguments: Namespace) -> int:
    """Send a test event to an endpoint; the workers deliver it."""
    with migrated() as db:
        delivery = endpoints.send_test(db, OPERATOR, arguments.id, utcnow())
    print(f"A test event is on its way (delivery {delivery}).")
    return 0
