"""The webhook tasks: thin shells over use cases. Each is safe to run twice, or never: the sweep rings too."""

from __future__ import annotations

import time

import structlog

from service.domain.errors import Unavailable
from service.outbound import Outbound
from service.webhooks import sending
from service.webhooks.relay import relay as relay_events
from workers.app import app, context

log = structlog.get_logger("parley.worker")

RELAY_S = 8.0
DELIVER_S = 20.0


@app.task(name="parley.relay")
def relay() -> None:
    """Turn events into deliveries until none is left, then ask for each endpoint that has something due."""
    here = context()
    until = time.monotonic() + RELAY_S
    try:
        while relay_events(here.db, here.clock):
            if time.monotonic() > until:
                here.tasks.nudge_webhooks()
                break
        for endpoint_id in sending.due_endpoints(here.db, here.clock()):
            here.tasks.send("parley.deliver", endpoint_id)
    except Unavailable as error:
        log.warning("relay interrupted", reason=str(error))


@app.task(name="parley.deliver")
def deliver(endpoint_id: str) -> None:
    """Send what is due at one endpoint, until nothing is or others should have their turn."""
    here = context()
    send = Outbound(here.settings.webhook_private_networks).post
    until = time.monotonic() + DELIVER_S
    try:
        while sending.deliver(here.db, endpoint_id, send=send, clock=here.clock):
            if time.monotonic() > until:
                here.tasks.send("parley.deliver", endpoint_id)
                return
    except Unavailable as error:
        log.warning("delivery interrupted", endpoint=endpoint_id, reason=str(error))
