"""The wiring of the web process: it decides nothing."""

from __future__ import annotations

from flask import Flask, Response, request
from werkzeug.middleware.proxy_fix import ProxyFix

from service import observability
from service.api import comments, health, moderation, openai, openapi, webhooks
from service.api.perspective import moving, routes
from service.comments.intake import Intake
from service.comments.reading import PageCache
from service.embed import views as embed
from service.review import views as review
from service.settings import Settings, read_settings
from service.web import problems
from service.web.scoring_access import Access
from service.wiring import make_context

MAX_BODY_BYTES = 128 * 1024  # 20,000 bytes of text may take six times that when every character is escaped
DOORS = (
    comments,
    moderation,
    webhooks,
    routes,
    openai,
    health,
    openapi,
    moving,
    embed,
    review,
)
PUBLIC = ("comments.", "embed.", "openapi.")
CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "ETag, Location, Retry-After, X-Request-Id",
}
PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST, DELETE",
    "Access-Control-Allow-Headers": (
        "Content-Type, Idempotency-Key, If-None-Match, Parley-Author, Parley-Receipt"
    ),
    "Access-Control-Max-Age": "86400",
}


def create_app(settings: Settings | None = None) -> Flask:
    """Build the web application. Opens nothing: connections are made when first needed."""
    settings = settings or read_settings()
    observability.configure_logging(settings.log_level)
    app = Flask("service", static_folder=None)
    app.config.update(MAX_CONTENT_LENGTH=MAX_BODY_BYTES, MAX_FORM_MEMORY_SIZE=MAX_BODY_BYTES)
    app.url_map.merge_slashes = False  # an address has one spelling; the others are not there
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.extensions["parley"] = make_context(settings, pool_size=settings.web_threads)
    app.extensions["parley-pages"] = PageCache()
    app.extensions["parley-intake"] = Intake(app.extensions["parley"].db, settings.secret_key)
    app.extensions["parley-scoring-access"] = Access(app.extensions["parley"])
    observability.watch(app)
    problems.install(app)
    for door in DOORS:
        app.register_blueprint(door.bp)
    app.after_request(_allow_pages_anywhere)
    app.after_request(_redirect_within)
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    return app


def _allow_pages_anywhere(response: Response) -> Response:
    """Let host pages of any origin use the readers' doors; these never look at cookies."""
    if (request.endpoint or "").startswith(PUBLIC):
        response.headers.update(CORS)
        if request.method == "OPTIONS":
            response.headers.update(PREFLIGHT)
    return response


def _redirect_within(response: Response) -> Response:
    """Redirect to a path: the Host header is the caller's to choose, so no address is built from it."""
    location = response.headers.get("Location", "")
    if "://" in location and location.startswith(request.host_url):
        response.location = location[len(request.host_url) - 1 :]
    return response
