"""Doors for operators: alive, ready, measured."""

from __future__ import annotations

import hmac
import os
import shutil
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import asdict

import orjson
from flask import Blueprint, Response, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import REGISTRY, Collector

from service.context import Context, context
from service.domain.errors import Unavailable
from service.redis_client import redis_client, trouble
from service.upkeep import health
from service.web.context import web_context
from service.web.problems import problem

bp = Blueprint("health", __name__)


@bp.before_request
def _for_operators_alone() -> Response | None:
    """Where the settings have a token, ask for it; that a process is alive everybody may know."""
    wanted = context().settings.metrics_token
    if request.endpoint == "health.alive" or wanted is None:
        return None
    given = request.headers.get("Authorization", "").encode(errors="replace")
    if hmac.compare_digest(given, f"Bearer {wanted}".encode()):
        return None
    answer = problem(401, "not-signed-in", "Not signed in", "This door asks for PARLEY_METRICS_TOKEN.")
    answer.headers["WWW-Authenticate"] = 'Bearer realm="Parley"'
    return answer


@bp.get("/healthz")
def alive() -> Response:
    """Answer as long as this process can; touches nothing else."""
    return Response('{"status":"alive"}', content_type="application/json")


@bp.get("/readyz")
def ready() -> Response:
    """Say whether each part works: database, Redis, a worker with a model, the scheduler, and the clock.

    And for how long the oldest comment has waited to be scored, if the database answers.
    """
    here, found = web_context(), dict[str, float]()
    parts = {"redis": _redis(here)}
    try:
        now = here.clock()
        oldest_s = health.oldest_received_s(here.db, now)
        found["oldest_received_seconds"] = round(oldest_s, 1)
        parts |= asdict(health.readiness(here.db, now, oldest_s, here.settings.backlog_seconds))
        parts["clock"] = health.clock(health.clock_ahead(here.db, here.own_clock))
        parts["writing"] = here.writes.state(now)
    except Unavailable as error:
        parts["database"] = str(error)
    if wrong := [f"{name}: {state}" for name, state in parts.items() if state != "ok"]:
        answer = problem(503, "not-ready", "Not ready", "; ".join(wrong), parts=parts, **found)
        answer.headers["Retry-After"] = "5"
        return answer
    body = orjson.dumps({"status": "ready", "parts": parts, **found})
    return Response(body, headers={"Cache-Control": "no-store"}, content_type="application/json")


def _redis(here: Context) -> str:
    client = redis_client(here.settings)
    if client is None:
        return "ok"  # the file-system broker: nothing to ask
    with closing(client):
        wrong = trouble(client)
    return f"Redis {wrong}; comments are accepted, and decided a little later" if wrong else "ok"


@bp.get("/metrics")
def metrics() -> Response:
    """Return metrics in Prometheus' text form."""
    registry = CollectorRegistry()
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        source = [registry]
    else:
        source = [REGISTRY]
    body, has_database = b"".join(generate_latest(part) for part in source), False
    with suppress(Unavailable):  # what this process counted is worth telling without a database too
        body += _told_by(_FromDatabase(context()))
        has_database = True
    body += _told_by(_FromMachine(context(), has_database=has_database))
    return Response(body, content_type=CONTENT_TYPE_LATEST)


def _told_by(collector: Collector) -> bytes:
    registry = CollectorRegistry()
    registry.register(collector)
    return generate_latest(registry)


class _FromDatabase(Collector):
    """What the database knows, read when asked: the same from every process."""

    def __init__(self, here: Context) -> None:
        self._here = here

    def collect(self) -> Iterator[Metric]:
        figures = health.figures(self._here.db, self._here.clock())
        yield _gauge("parley_task_queue_depth", "Comments that wait to be scored.", figures.backlog)
        yield _gauge(
            "parley_oldest_received_seconds", "Age of the oldest comment not yet scored.", figures.oldest_s
        )
        yield from _review_queue(figures)
        yield from _deliveries(figures)
        yield from _decisions(figures)
        silent = GaugeMetricFamily(
            "parley_silent_seconds", "Since a worker or the scheduler was last heard.", labels=["part"]
        )
        for part, seconds in sorted(figures.silent_s.items()):
            silent.add_metric([part], seconds)
        yield silent
        yield _gauge(
            "parley_threads_flooded",
            "Pages of which all is read first at the moment, because so much comes.",
            figures.flooded,
        )
        yield _gauge(
            "parley_clock_ahead_seconds",
            "By how much this machine's clock is ahead of the database's.",
            health.clock_ahead(self._here.db, self._here.own_clock).total_seconds(),
        )
        model = GaugeMetricFamily("parley_model_info", "The model that scores.", labels=["model"])
        for name in sorted(figures.models):
            model.add_metric([name], 1)
        yield model


class _FromMachine(Collector):
    """What this machine knows without a database."""

    def __init__(self, here: Context, *, has_database: bool) -> None:
        self._here, self._has_database = here, has_database

    def collect(self) -> Iterator[Metric]:
        yield _gauge("parley_database_up", "Whether the database answered just now.", int(self._has_database))
        with suppress(OSError):
            free = shutil.disk_usage(self._here.settings.data_dir).free
            yield _gauge("parley_data_folder_free_bytes", "Room left where the data folder is.", free)


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    made = GaugeMetricFamily(name, text)
    made.add_metric([], value)
    return made


def _review_queue(figures: health.Figures) -> Iterator[Metric]:
    waiting = GaugeMetricFamily("parley_review_queue", "Comments that wait for a person.", labels=["site"])
    longest = GaugeMetricFamily(
        "parley_oldest_pending_seconds", "Age of the oldest that waits for a person.", labels=["site"]
    )
    for site, (count, age_s) in sorted(figures.review.items()):
        waiting.add_metric([site], count)
        longest.add_metric([site], age_s)
    yield from (waiting, longest)


def _deliveries(figures: health.Figures) -> Iterator[Metric]:
    text = "Webhook deliveries that have not arrived yet."
    yield _gauge("parley_deliveries_due", text, figures.deliveries_due)
    text = "How long the webhook delivery that is latest could have been sent; retries wait for their time."
    yield _gauge("parley_oldest_due_seconds", text, figures.oldest_due_s)


def _decisions(figures: health.Figures) -> Iterator[Metric]:
    decisions = CounterMetricFamily("parley_decisions", "Decisions taken.", labels=["actor", "outcome"])
    for (actor, outcome), count in sorted(figures.decisions.items()):
        decisions.add_metric([actor, outcome], count)
    yield decisions
    unsure = CounterMetricFamily("parley_unsure", "Decisions without the careful reading that they wanted.")
    unsure.add_metric([], figures.unsure)
    yield unsure
