"""The Celery application of the workers, with what each process needs to do its tasks."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache

from celery import Task
from celery.signals import (
    after_task_publish,
    beat_init,
    celeryd_init,
    setup_logging,
    task_postrun,
    worker_process_init,
)

from service import observability
from service.context import Context
from service.lifeline import die_with_parent
from service.settings import read_settings
from service.tasks import ROUTES, WEBHOOKS, celery_app
from service.upkeep import health
from service.wiring import make_context
from workers import alive

SWEEP_S = 2.0
HEARTBEAT_S = 10.0
TIDY_S = 3600.0
LONG_AGO = datetime.fromtimestamp(0, UTC)

settings = read_settings()
observability.configure_logging(settings.log_level)
app = celery_app(settings)
app.conf.update(
    imports=("workers.scoring", "workers.webhooks", "workers.upkeep"),
    beat_schedule={
        # What a lost message, a dead worker or a dead Redis left behind is found by this. (Comments need no
        # bell: workers look for them.)
        "sweep-events": {"task": "parley.relay", "schedule": SWEEP_S},
        "heartbeat": {
            "task": "parley.heartbeat",
            "schedule": HEARTBEAT_S,
            "args": (health.SCHEDULER,),  # who rang: a watchdog asks for heartbeats too
            "last_run_at": LONG_AGO,  # so the first is sent at once
        },
        "tidy": {
            "task": "parley.tidy",
            "schedule": TIDY_S,
            "last_run_at": LONG_AGO,  # or one that is restarted every hour would never tidy
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


@celeryd_init.connect  # before the first warning
@setup_logging.connect  # and Celery sets up nothing of its own
def _log_as_we_do(**_: object) -> None:
    observability.log_everything()


@task_postrun.connect
def _a_task_ran(task: Task, **_: object) -> None:
    if ROUTES.get(task.name, {}).get("queue") == WEBHOOKS:  # what scores says so itself
        alive.touch(settings.data_dir, WEBHOOKS)


@beat_init.connect
def _this_is_the_scheduler(**_: object) -> None:
    after_task_publish.connect(_it_rang, weak=False)  # workers send messages too


def _it_rang(**_: object) -> None:
    alive.touch(settings.data_dir, "scheduler")


@worker_process_init.connect
def _start_afresh(**_: object) -> None:
    die_with_parent()
    context.cache_clear()
