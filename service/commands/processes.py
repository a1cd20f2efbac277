"""`parley web`, `worker` and `scheduler`: the processes of server mode, and the programs `up` starts."""

from __future__ import annotations

import os
import socket
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence

from service.running.pulse import Pulse, web_programs
from service.running.supervisor import PATIENCE_S, Program, Supervisor
from service.running.watchdog import LOOK_S, Watchdog
from service.running.web_server import listen
from service.settings import Settings, read_settings

# They wait for receivers. More than `service.domain.turns` lets the slow ones of a few sites hold.
WEBHOOK_THREADS = 32
CELERY = (sys.executable, "-m", "celery", "--app", "workers.app", "--quiet")
# Workers know of each other by the database alone.
ALONE = ("--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "warning")


def worker_command(queue: str, settings: Settings) -> list[str]:
    """Return the command line of the worker of one task queue."""
    if queue == "scoring":
        pool = ("--pool", "prefork", "--concurrency", str(settings.scoring_processes))
    else:
        pool = ("--pool", "threads", "--concurrency", str(WEBHOOK_THREADS))
    return [*CELERY, "worker", "--queues", queue, "--hostname", f"{queue}@%h", *pool, *ALONE]


def scheduler_command() -> list[str]:
    """Return the command line of the scheduler; its schedule is in memory, so it writes no file."""
    return [*CELERY, "beat", "--loglevel", "warning", "--schedule", os.devnull, "--pidfile", ""]


def web(arguments: Namespace) -> int:
    """Serve HTTP until told to stop: by processes that are watched, or as one of these."""
    settings = read_settings()
    if arguments.fd is not None:
        from service.running.web_server import serve

        said_by_log(settings, alone=True)
        with socket.socket(fileno=arguments.fd) as listener, socket.socket(fileno=arguments.line) as line:
            serve(settings, listener, line)
        return 0
    _refuse_unusable(settings)
    with listen(settings.host, settings.port) as listener:
        programs, lines = web_programs(settings, listener, {}, None)
        supervisor = Supervisor(programs, said_by_log(settings, alone=True))
        supervisor.every(LOOK_S, Pulse(supervisor, lines).look)
        supervisor.run()
    return 0


def scheduler(_arguments: Namespace) -> int:
    """Run the scheduler under a supervisor until told to stop."""
    settings = read_settings()
    _refuse_unusable(settings)
    watched(settings, [Program("scheduler", scheduler_command())], said_by_log(settings, alone=True)).run()
    return 0


def _refuse_unusable(settings: Settings) -> None:
    # Imported late: a web process has no use for the migrations.
    from service.commands.database import refuse_unusable

    refuse_unusable(settings)


def worker(arguments: Namespace) -> int:
    """Run the workers under a supervisor until told to stop."""
    settings = read_settings()
    _refuse_unusable(settings)
    names = [arguments.only] if arguments.only else ["scoring", "webhooks"]
    programs = [Program(name, worker_command(name, settings)) for name in names]
    watched(settings, programs, said_by_log(settings, alone=True)).run()
    return 0


def said_by_log(settings: Settings, *, alone: bool) -> Callable[[str], None]:
    """Return how a supervisor's sentences become lines of the log.

    ``alone`` says that nobody reads what this process prints: then that is logged, too.
    """
    import structlog

    from service.observability import configure_logging, log_everything

    configure_logging(settings.log_level)
    if alone:
        log_everything()
    warning: Callable[[str], None] = structlog.get_logger("parley.supervisor").warning
    return warning


def watched(
    settings: Settings, programs: Sequence[Program], say: Callable[[str], None], patience: float = PATIENCE_S
) -> Supervisor:
    """Return a supervisor of programs, with a watchdog over the workers and the scheduler among them."""
    from service.storage.database import Database
    from service.storage.patience import FOR_WATCHING
    from service.tasks import Tasks

    supervisor = Supervisor(programs, say, patience=patience)
    tasks = Tasks(settings)
    watchdog = Watchdog(
        settings,
        Database(settings.database_url, pool_size=1, patience=FOR_WATCHING),
        supervisor,
        ask_heartbeat=lambda: tasks.send("parley.heartbeat"),
    )
    supervisor.every(LOOK_S, watchdog.look)
    return supervisor
