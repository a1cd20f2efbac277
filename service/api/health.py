"""Doors for operators: alive, ready, measured."""

from __future__ import annotations

import hmac
import os
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import asdict

import orjson
from flask import Blueprint, Response, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import REGISTRY

from service.context import Context, context
from service.domain.errors import Unavailable
from service.redis_client import redis_client, trouble
from service.upkeep import health
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
    """Say whether each part works: database, Redis, a worker with a model, and the scheduler.

    And for how long the oldest comment has waited to be scored, if the database answers.
    """
    here, found = context(), dict[str, float]()
    parts = {"redis": _redis(here)}
    try:
        oldest_s = health.oldest_received_s(here.db, here.clock())
        found["oldest_received_seconds"] = round(oldest_s, 1)
        late_s = here.settings.backlog_seconds
        parts |= asdict(health.readiness(here.db, here.clock(), oldest_s, late_s))
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
    body = b"".join(generate_latest(part) for part in source)
    with suppress(Unavailable):  # what this process counted is worth telling without a database too
        ours = CollectorRegistry()
        ours.register(_FromDatabase(context()))
        body += generate_latest(ours)
    return Response(body, content_type=CONTENT_TYPE_LATEST)


class _FromDatabase:
    """What the database knows, read when asked: the same from every process."""

    def __init__(self, here: Context) -> None:
        self._here = here

    def collect(self) -> Iterator[Metric]:
        figures = health.figures(self._here.db, self._here.clock())
        depth = GaugeMetricFamily("parley_task_queue_depth", "Comments that wait to be scored.")
        depth.add_metric([], figures.backlog)
        yield depth
        age = GaugeMetricFamily("parley_oldest_received_seconds", "Age of the oldest comment not yet scored.")
        age.add_metric([], figures.oldest_s)
        yield age
        waiting = GaugeMetricFamily(
            "parley_review_queue", "Comments that wait for a person.", labels=["site"]
        )
        longest = GaugeMetricFamily(
            "parley_oldest_pending_seconds", "Age of the oldest that waits for a person.", labels=["site"]
        )
        for site, (count, age_s) in sorted(figures.review.items()):
            waiting.add_metric([site], count)
            longest.add_metric([site], age_s)
        yield from (waiting, longest)
        due = GaugeMetricFamily("parley_deliveries_due", "Webhook deliveries that have not arrived yet.")
        due.add_metric([], figures.deliveries_due)
        yield due
        decisions = CounterMetricFamily("parley_decisions", "Decisions taken.", labels=["actor", "outcome"])
        for (actor, outcome), count in sorted(figures.decisions.items()):
            decisions.add_metric([actor, outcome], count)
        yield decisions
        flooded = GaugeMetricFamily(
            "parley_threads_flooded", "Pages of which all is read first at the moment, because so much comes."
        )
        flooded.add_metric([], figures.flooded)
        yield flooded
        model = GaugeMetricFamily("parley_model_info", "The model that scores.", labels=["model"])
        for name in sorted(figures.models):
            model.add_metric([name], 1)
        yield model
