"""The webhook tasks: thin shells over use cases. Each is safe to run twice, or never: the sweep rings too."""

from __future__ import annotations

from functools import partial

from service.outbound import Outbound
from service.webhooks import sending
from service.webhooks.relay import relay as relay_events
from workers.app import app, context
from workers.turns import interrupted, until_done

RELAY_S = 8.0
DELIVER_S = 20.0


@app.task(name="parley.relay")
def relay() -> None:
    """Turn events into deliveries until none is left, then ask for each endpoint that has something due."""
    here = context()
    with interrupted("relay interrupted"):
        until_done(partial(relay_events, here.db, here.clock), RELAY_S, again=here.tasks.nudge_webhooks)
        for endpoint_id in sending.due_endpoints(here.db, here.clock()):
            here.tasks.send("parley.deliver", endpoint_id)


@app.task(name="parley.deliver")
def deliver(endpoint_id: str) -> None:
    """Send what is due at one endpoint, until nothing is or others should have their turn."""
    here = context()
    send = Outbound(here.settings.webhook_private_networks).post
    step = partial(sending.deliver, here.db, endpoint_id, send=send, clock=here.clock)
    with interrupted("delivery interrupted", endpoint=endpoint_id):
        until_done(step, DELIVER_S, again=here.tasks.nudge_webhooks)  # which chooses whose turn it is
