"""The Celery application of the workers, with what each process needs to do its tasks."""

from __future__ import annotations

from functools import cache

from celery.signals import worker_process_init

from service import observability
from service.context import Context
from service.lifeline import die_with_parent
from service.settings import read_settings
from service.tasks import celery_app
from service.wiring import make_context

SWEEP_S = 2.0
HEARTBEAT_S = 10.0

settings = read_settings()
observability.configure_logging(settings.log_level)
app = celery_app(settings)
app.conf.update(
    imports=("workers.scoring", "workers.webhooks"),
    beat_schedule={
        # What a lost message, a dead worker or a dead Redis left behind is found by these.
        "sweep-comments": {"task": "parley.drain", "schedule": SWEEP_S, "options": {"expires": SWEEP_S * 2}},
        "sweep-events": {"task": "parley.relay", "schedule": SWEEP_S, "options": {"expires": SWEEP_S * 2}},
        "heartbeat": {
            "task": "parley.heartbeat",
            "schedule": HEARTBEAT_S,
            "options": {"expires": HEARTBEAT_S},
        },
    },
    beat_scheduler="celery.beat:Scheduler",  # in memory: nothing to write, nothing to lose
    beat_max_loop_interval=1,
    worker_max_tasks_per_child=50_000,
)
app.set_default()


@cache
def context() -> Context:
    """Return this process's context; made on first use, because connections do not survive a fork."""

    return make_context(settings)


@worker_process_init.connect
def _start_afresh(**_: object) -> None:
    die_with_parent()
    context.cache_clear()
