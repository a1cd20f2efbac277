"""The webhook tasks, run in a process of their own as a worker would."""

from __future__ import annotations

import ipaddress
import os
import subprocess
import sys

import redis

from service.context import utcnow
from service.domain.access import OPERATOR
from service.outbound import Outbound
from service.settings import Settings
from service.storage.database import Database
from service.webhooks import endpoints, sending
from tests.receiver import receiver
from tests.running import ROOT
from tests.service.webhooks.test_endpoints import happen

TASKS = """
import sys
from workers import webhooks
webhooks.relay()
webhooks.deliver(sys.argv[1])
webhooks.deliver("no-such-endpoint")
assert "sklearn" not in sys.modules, "a webhook worker loaded the model"
"""


def test_events_are_relayed_the_doorbell_is_rung_and_everything_due_is_sent(
    db: Database, settings: Settings
) -> None:
    out = Outbound([ipaddress.ip_network("127.0.0.0/8")])
    with receiver() as ours, redis.Redis.from_url(settings.redis_url) as broker:
        broker.flushall()
        endpoint = endpoints.add_endpoint(db, OPERATOR, "demo", ours.url, [], utcnow(), check=out.check).id
        happen(db, utcnow, *(f"Remark number {number}." for number in range(40)))
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("PARLEY_")},
            "PARLEY_DATA_DIR": str(settings.data_dir),
            "PARLEY_DATABASE_URL": settings.database_url,
            "PARLEY_REDIS_URL": settings.redis_url,
            "PARLEY_WEBHOOK_PRIVATE_NETWORKS": "127.0.0.0/8",
        }
        ran = subprocess.run(
            [sys.executable, "-c", TASKS, endpoint],
            cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        rung = broker.llen("webhooks")

    assert ran.returncode == 0, ran.stderr
    assert rung == 1
    assert len({hook.id for hook in ours.hooks}) == len(ours.hooks) == 80
    assert sending.due_endpoints(db, utcnow()) == []
